//! What an agent used, and what that costs.

use std::time::Duration;

use super::{Currency, Money, Timestamp};

/// Tokens used, of which the cached ones are part of the input ones, and sound that was
/// written down.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Usage {
    /// Text that went in, cached included.
    pub input_text_tokens: i64,
    /// Audio that went in, cached included.
    pub input_audio_tokens: i64,
    /// Text that went in and was cached.
    pub cached_text_tokens: i64,
    /// Audio that went in and was cached.
    pub cached_audio_tokens: i64,
    /// Text that came out.
    pub output_text_tokens: i64,
    /// Audio that came out.
    pub output_audio_tokens: i64,
    /// What the caller said and somebody wrote down meanwhile, in milliseconds.
    pub transcribed_ms: i64,
}

impl Usage {
    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input_text_tokens: self
                .input_text_tokens
                .saturating_add(other.input_text_tokens),
            input_audio_tokens: self
                .input_audio_tokens
                .saturating_add(other.input_audio_tokens),
            cached_text_tokens: self
                .cached_text_tokens
                .saturating_add(other.cached_text_tokens),
            cached_audio_tokens: self
                .cached_audio_tokens
                .saturating_add(other.cached_audio_tokens),
            output_text_tokens: self
                .output_text_tokens
                .saturating_add(other.output_text_tokens),
            output_audio_tokens: self
                .output_audio_tokens
                .saturating_add(other.output_audio_tokens),
            transcribed_ms: self.transcribed_ms.saturating_add(other.transcribed_ms),
        }
    }

    /// So many times as much.
    #[must_use]
    pub fn times(self, factor: i64) -> Self {
        let times = |count: i64| count.saturating_mul(factor);
        Self {
            input_text_tokens: times(self.input_text_tokens),
            input_audio_tokens: times(self.input_audio_tokens),
            cached_text_tokens: times(self.cached_text_tokens),
            cached_audio_tokens: times(self.cached_audio_tokens),
            output_text_tokens: times(self.output_text_tokens),
            output_audio_tokens: times(self.output_audio_tokens),
            transcribed_ms: times(self.transcribed_ms),
        }
    }

    /// All tokens that went in and came out.
    pub fn tokens(&self) -> i64 {
        [
            self.input_text_tokens,
            self.input_audio_tokens,
            self.output_text_tokens,
            self.output_audio_tokens,
        ]
        .into_iter()
        .fold(0, i64::saturating_add)
    }
}

/// What an agent costs: its model's tokens, and the writing down of what the caller says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ModelPrice {
    tokens: Prices<TokenPrice>,
    transcription: Option<TranscriptionPrice>,
}

/// What it costs to have sound written down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TranscriptionPrice(Prices<SoundPrice>);

/// From the oldest to the newest, each until the next.
type Prices<P> = &'static [Since<P>];

/// A price, and when the day began on which it was asked first, in UTC.
#[derive(Debug, Eq, PartialEq)]
struct Since<P> {
    from_ms: i64,
    price: P,
}

/// What a thousand thousand tokens cost, in thousandths of US dollars: of what went in,
/// what of it was cached, what came out.
#[derive(Debug, Eq, PartialEq)]
struct TokenPrice {
    text: [i64; 3],
    audio: [i64; 3],
}

/// What a minute of sound costs, in millionths of US dollars.
#[derive(Debug, Eq, PartialEq)]
struct SoundPrice(i64);

/// The models and their prices, each list from the oldest price to the newest,
/// as published on 2026-11-20. A change of a price is a further line of its list,
/// never a change of a line: a call costs what was asked on its day.
///
/// Source: <https://developers.openai.com/api/docs/models>.
const PRICES: &[(&[&str], Prices<TokenPrice>)] = &[
    (
        &["gpt-realtime-2.1", "gpt-realtime-2"],
        &[Since {
            from_ms: 0,
            price: TokenPrice {
                text: [4_000, 400, 24_000],
                audio: [32_000, 400, 64_000],
            },
        }],
    ),
    (
        &["gpt-realtime-1.5"],
        &[Since {
            from_ms: 0,
            price: TokenPrice {
                text: [4_000, 400, 16_000],
                audio: [32_000, 400, 64_000],
            },
        }],
    ),
    (
        &["gpt-realtime-2.1-mini"],
        &[Since {
            from_ms: 0,
            price: TokenPrice {
                text: [600, 60, 2_400],
                audio: [10_000, 300, 20_000],
            },
        }],
    ),
];

/// The same for models that write sound down and are paid by its length, as published
/// from 2026-11-20 to 2026-11-30.
///
/// Those that are paid by the token (`gpt-4o-transcribe` and `gpt-4o-mini-transcribe`,
/// which end on 2027-02-26) are not here: what they cost is not counted.
///
/// Source: <https://developers.openai.com/api/docs/models/gpt-transcribe>,
/// <https://developers.openai.com/api/docs/models/gpt-live-transcribe>.
const SOUND_PRICES: &[(&[&str], Prices<SoundPrice>)] = &[
    (
        &["gpt-transcribe"],
        &[Since {
            from_ms: 0,
            price: SoundPrice(4_500),
        }],
    ),
    (
        &["gpt-live-transcribe", "gpt-realtime-whisper"],
        &[Since {
            from_ms: 0,
            price: SoundPrice(17_000),
        }],
    ),
    (
        &["whisper-1"],
        &[Since {
            from_ms: 0,
            price: SoundPrice(6_000),
        }],
    ),
];

impl ModelPrice {
    /// The prices of `model`, by which nothing is written down; none where unknown.
    pub fn of(model: &str) -> Option<Self> {
        Some(Self {
            tokens: list_of(PRICES, model)?,
            transcription: None,
        })
    }

    /// The same where `model` writes down what the caller says, which costs nothing that
    /// is counted if its price is not known.
    #[must_use]
    pub fn transcribed_by(self, model: &str) -> Self {
        Self {
            transcription: TranscriptionPrice::of(model),
            ..self
        }
    }

    /// What `usage` costs in a call of that time, rounded up to a whole
    /// micro-unit. What came before the first price is charged by it.
    pub fn cost(&self, usage: &Usage, at: Timestamp) -> Money {
        let tokens = on_day(self.tokens, at).map_or(0, |price| price.parts(usage));
        let sound = self.transcription.map_or(0, |price| {
            let ms = i128::from(usage.transcribed_ms.max(0));
            price.parts(ms, at)
        });
        dollars(tokens + sound)
    }
}

impl TranscriptionPrice {
    /// The prices of `model`; none where unknown.
    pub fn of(model: &str) -> Option<Self> {
        list_of(SOUND_PRICES, model).map(Self)
    }

    /// What it costs to have sound of that length written down at that time, rounded up
    /// to a whole micro-unit.
    pub fn cost(&self, lasting: Duration, at: Timestamp) -> Money {
        let ms = i128::try_from(lasting.as_millis()).unwrap_or(i128::MAX);
        dollars(self.parts(ms, at))
    }

    /// In [parts](PARTS) of a micro-unit.
    fn parts(self, ms: i128, at: Timestamp) -> i128 {
        on_day(self.0, at).map_or(0, |price| ms.saturating_mul(price.0.into()))
    }
}

impl TokenPrice {
    /// In [parts](PARTS) of a micro-unit.
    fn parts(&self, usage: &Usage) -> i128 {
        let of = |[input, cached, output]: [i64; 3], [new, old, out]: [i64; 3]| {
            let kinds = [(input - cached, new), (cached, old), (output, out)];
            let kinds = kinds.map(|(n, price)| i128::from(n.max(0)) * i128::from(price));
            kinds.into_iter().sum::<i128>()
        };
        let text = [
            usage.input_text_tokens,
            usage.cached_text_tokens,
            usage.output_text_tokens,
        ];
        let audio = [
            usage.input_audio_tokens,
            usage.cached_audio_tokens,
            usage.output_audio_tokens,
        ];
        (of(text, self.text) + of(audio, self.audio)) * (PARTS / 1_000)
    }
}

/// Sums are kept in such parts of a micro-unit, so that what is paid by the token, for
/// thousandths of one, and what is paid by the minute are rounded once.
const PARTS: i128 = 60_000;

fn dollars(parts: i128) -> Money {
    let micros = parts.div_euclid(PARTS) + i128::from(parts.rem_euclid(PARTS) > 0);
    Money {
        micros: i64::try_from(micros).unwrap_or(i64::MAX),
        currency: Currency::Usd,
    }
}

fn list_of<P>(lists: &[(&[&str], Prices<P>)], model: &str) -> Option<Prices<P>> {
    let found = lists.iter().find(|(models, _)| models.contains(&model));
    found.map(|(_, prices)| *prices)
}

/// What is asked at that time.
fn on_day<P>(prices: Prices<P>, at: Timestamp) -> Option<&'static P> {
    let mut past = prices.iter().filter(|since| since.from_ms <= at.as_ms());
    let since = past.next_back().or(prices.first());
    since.map(|since| &since.price)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RISING: Prices<TokenPrice> = &[
        Since {
            from_ms: 1_000,
            price: TokenPrice {
                text: [1_000, 0, 0],
                audio: [0; 3],
            },
        },
        Since {
            from_ms: 2_000,
            price: TokenPrice {
                text: [3_000, 0, 0],
                audio: [0; 3],
            },
        },
    ];
    const RISING_SOUND: Prices<SoundPrice> = &[
        Since {
            from_ms: 1_000,
            price: SoundPrice(60),
        },
        Since {
            from_ms: 3_000,
            price: SoundPrice(120),
        },
    ];

    #[test]
    fn a_call_costs_what_was_asked_on_its_day() {
        let usage = Usage {
            input_text_tokens: 7,
            transcribed_ms: 30_000,
            ..Usage::default()
        };
        let price = ModelPrice {
            tokens: RISING,
            transcription: None,
        };
        let transcribed = ModelPrice {
            transcription: Some(TranscriptionPrice(RISING_SOUND)),
            ..price
        };
        let micros = |price: ModelPrice| {
            [0, 1_000, 1_999, 2_000, 3_000, 9_000]
                .map(|at| price.cost(&usage, Timestamp::from_ms(at)).micros)
        };
        assert_eq!(micros(price), [7, 7, 7, 21, 21, 21]);
        assert_eq!(micros(transcribed), [37, 37, 37, 51, 81, 81]);
    }

    #[test]
    fn tokens_and_sound_are_rounded_up_together_and_once() {
        let price = ModelPrice::of("gpt-realtime-2.1").unwrap();
        let price = price.transcribed_by("gpt-transcribe");
        // 0.4 micro-units of tokens, and 0.075 a millisecond.
        for (transcribed_ms, micros) in [(0, 1), (8, 1), (9, 2), (-1, 1)] {
            let usage = Usage {
                cached_text_tokens: 1,
                input_text_tokens: 1,
                transcribed_ms,
                ..Usage::default()
            };
            let cost = price.cost(&usage, Timestamp::from_ms(0));
            assert_eq!(cost.micros, micros, "{transcribed_ms} ms");
        }
    }

    #[test]
    fn prices_stand_in_the_order_of_their_days() {
        fn are_in_order<P>(lists: &[(&[&str], Prices<P>)]) -> bool {
            lists.iter().all(|(_, prices)| {
                !prices.is_empty() && prices.is_sorted_by(|one, next| one.from_ms < next.from_ms)
            })
        }
        assert!(are_in_order(PRICES));
        assert!(are_in_order(SOUND_PRICES));
    }
}

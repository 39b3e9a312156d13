//! What an agent used, and what that costs.

use super::{Currency, Money, Timestamp};

/// Tokens used; the cached ones are part of the input ones.
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
        }
    }

    /// So many times as much.
    #[must_use]
    pub fn times(self, factor: i64) -> Self {
        let times = |tokens: i64| tokens.saturating_mul(factor);
        Self {
            input_text_tokens: times(self.input_text_tokens),
            input_audio_tokens: times(self.input_audio_tokens),
            cached_text_tokens: times(self.cached_text_tokens),
            cached_audio_tokens: times(self.cached_audio_tokens),
            output_text_tokens: times(self.output_text_tokens),
            output_audio_tokens: times(self.output_audio_tokens),
        }
    }

    /// All that went in and came out.
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

/// What a model's tokens cost, from one day to the next change of its price.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ModelPrice(&'static [PriceFrom]);

/// What a thousand thousand tokens cost from a day on, in thousandths of US
/// dollars.
#[derive(Debug, Eq, PartialEq)]
struct PriceFrom {
    /// When that day began, in UTC.
    from_ms: i64,
    /// What went in, what of it was cached, what came out.
    text: [i64; 3],
    audio: [i64; 3],
}

/// The models and their prices, each list from the oldest price to the newest,
/// as published on 2026-11-20. A change of a price is a further line of its list,
/// never a change of a line: a call costs what was asked on its day.
///
/// Source: <https://developers.openai.com/api/docs/models>.
const PRICES: &[(&[&str], &[PriceFrom])] = &[
    (
        &["gpt-realtime-2.1", "gpt-realtime-2"],
        &[PriceFrom {
            from_ms: 0,
            text: [4_000, 400, 24_000],
            audio: [32_000, 400, 64_000],
        }],
    ),
    (
        &["gpt-realtime-1.5"],
        &[PriceFrom {
            from_ms: 0,
            text: [4_000, 400, 16_000],
            audio: [32_000, 400, 64_000],
        }],
    ),
    (
        &["gpt-realtime-2.1-mini"],
        &[PriceFrom {
            from_ms: 0,
            text: [600, 60, 2_400],
            audio: [10_000, 300, 20_000],
        }],
    ),
];

impl ModelPrice {
    /// The prices of `model`; none where unknown.
    pub fn of(model: &str) -> Option<Self> {
        let found = PRICES.iter().find(|(models, _)| models.contains(&model));
        found.map(|(_, prices)| Self(prices))
    }

    /// What `usage` costs in a call of that time, rounded up to a whole
    /// micro-unit. What came before the first price is charged by it.
    pub fn cost(&self, usage: &Usage, at: Timestamp) -> Money {
        let known = self.0.iter();
        let mut past = known.filter(|price| price.from_ms <= at.as_ms());
        let price = past.next_back().or(self.0.first());
        let thousandths = price.map_or(0, |price| price.thousandths(usage));
        let micros = thousandths.div_euclid(1_000) + i128::from(thousandths.rem_euclid(1_000) > 0);
        Money {
            micros: i64::try_from(micros).unwrap_or(i64::MAX),
            currency: Currency::Usd,
        }
    }
}

impl PriceFrom {
    /// In thousandths of a micro-unit.
    fn thousandths(&self, usage: &Usage) -> i128 {
        let of = |[input, cached, output]: [i64; 3], [new, old, out]: [i64; 3]| {
            let parts = [(input - cached, new), (cached, old), (output, out)];
            let parts = parts.map(|(n, price)| i128::from(n.max(0)) * i128::from(price));
            parts.into_iter().sum::<i128>()
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
        of(text, self.text) + of(audio, self.audio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_costs_what_was_asked_on_its_day() {
        const RISING: &[PriceFrom] = &[
            PriceFrom {
                from_ms: 1_000,
                text: [1_000, 0, 0],
                audio: [0; 3],
            },
            PriceFrom {
                from_ms: 2_000,
                text: [3_000, 0, 0],
                audio: [0; 3],
            },
        ];
        let usage = Usage {
            input_text_tokens: 7,
            ..Usage::default()
        };
        let micros = [0, 1_000, 1_999, 2_000, 9_000].map(|at| {
            let cost = ModelPrice(RISING).cost(&usage, Timestamp::from_ms(at));
            cost.micros
        });
        assert_eq!(micros, [7, 7, 7, 21, 21]);
    }

    #[test]
    fn prices_stand_in_the_order_of_their_days() {
        for (_, prices) in PRICES {
            assert!(!prices.is_empty());
            assert!(prices.is_sorted_by(|one, next| one.from_ms < next.from_ms));
        }
    }
}

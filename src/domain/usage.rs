//! What an agent used, and what that costs.

use super::{Currency, Money};

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
}

/// What a thousand thousand tokens cost, in micro-units of US dollars.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ModelPrice {
    input_text: i64,
    cached_text: i64,
    output_text: i64,
    input_audio: i64,
    cached_audio: i64,
    output_audio: i64,
}

impl ModelPrice {
    /// The price of `model` as published on 2026-11-20; none where unknown.
    ///
    /// Source: <https://developers.openai.com/api/docs/models>.
    pub fn of(model: &str) -> Option<Self> {
        let (text, audio) = match model {
            "gpt-realtime-2.1" | "gpt-realtime-2" => ([4_000, 400, 24_000], [32_000, 400, 64_000]),
            "gpt-realtime-1.5" => ([4_000, 400, 16_000], [32_000, 400, 64_000]),
            "gpt-realtime-2.1-mini" => ([600, 60, 2_400], [10_000, 300, 20_000]),
            _ => return None,
        };
        Some(Self {
            input_text: text[0] * 1_000,
            cached_text: text[1] * 1_000,
            output_text: text[2] * 1_000,
            input_audio: audio[0] * 1_000,
            cached_audio: audio[1] * 1_000,
            output_audio: audio[2] * 1_000,
        })
    }

    /// What `usage` costs, rounded up to a whole micro-unit.
    pub fn cost(&self, usage: &Usage) -> Money {
        let parts = [
            (
                usage.input_text_tokens - usage.cached_text_tokens,
                self.input_text,
            ),
            (usage.cached_text_tokens, self.cached_text),
            (usage.output_text_tokens, self.output_text),
            (
                usage.input_audio_tokens - usage.cached_audio_tokens,
                self.input_audio,
            ),
            (usage.cached_audio_tokens, self.cached_audio),
            (usage.output_audio_tokens, self.output_audio),
        ];
        let millionths: i128 = parts
            .iter()
            .map(|(n, price)| i128::from((*n).max(0)) * i128::from(*price))
            .sum();
        let micros =
            millionths.div_euclid(1_000_000) + i128::from(millionths.rem_euclid(1_000_000) > 0);
        Money {
            micros: i64::try_from(micros).unwrap_or(i64::MAX),
            currency: Currency::Usd,
        }
    }
}

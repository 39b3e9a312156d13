//! Tokens that a response used.

use serde::Deserialize;

use super::lenient;
use crate::domain;

/// Tokens that a response used; on cancelled responses too, as far as it got.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct Usage {
    /// In and out.
    #[serde(deserialize_with = "lenient::count")]
    pub total_tokens: u64,
    /// In, cached included.
    #[serde(deserialize_with = "lenient::count")]
    pub input_tokens: u64,
    /// Out.
    #[serde(deserialize_with = "lenient::count")]
    pub output_tokens: u64,
    /// In, by kind.
    #[serde(deserialize_with = "lenient::or_default")]
    pub input_token_details: InputTokenDetails,
    /// Out, by kind.
    #[serde(deserialize_with = "lenient::or_default")]
    pub output_token_details: OutputTokenDetails,
}

/// Tokens that went in, by kind.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct InputTokenDetails {
    /// Text, cached included.
    #[serde(deserialize_with = "lenient::whole")]
    pub text_tokens: Option<u64>,
    /// Audio, cached included.
    #[serde(deserialize_with = "lenient::whole")]
    pub audio_tokens: Option<u64>,
    /// Images, cached included; a telephone has none.
    #[serde(deserialize_with = "lenient::whole")]
    pub image_tokens: Option<u64>,
    /// Cached, of every kind.
    #[serde(deserialize_with = "lenient::count")]
    pub cached_tokens: u64,
    /// Cached, by kind.
    #[serde(deserialize_with = "lenient::or_default")]
    pub cached_tokens_details: CachedTokenDetails,
}

/// Tokens that went in and were cached, by kind.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct CachedTokenDetails {
    /// Text.
    #[serde(deserialize_with = "lenient::whole")]
    pub text_tokens: Option<u64>,
    /// Audio.
    #[serde(deserialize_with = "lenient::whole")]
    pub audio_tokens: Option<u64>,
    /// Images.
    #[serde(deserialize_with = "lenient::whole")]
    pub image_tokens: Option<u64>,
}

/// Tokens that came out, by kind.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct OutputTokenDetails {
    /// Text, the transcript of speech and the calls of tools included.
    #[serde(deserialize_with = "lenient::whole")]
    pub text_tokens: Option<u64>,
    /// Audio.
    #[serde(deserialize_with = "lenient::whole")]
    pub audio_tokens: Option<u64>,
}

impl From<&Usage> for domain::Usage {
    /// What a server does not split by kind is counted so that the cost comes
    /// out too high rather than too low: cached tokens as text, because cached
    /// audio saves more; what else is unsplit as text, because nothing says
    /// that it is audio.
    fn from(usage: &Usage) -> Self {
        let input = usage.input_token_details;
        let (input_text, input_audio) =
            split(usage.input_tokens, input.text_tokens, input.audio_tokens);
        let cached = input.cached_tokens_details;
        let (cached_text, cached_audio) =
            split(input.cached_tokens, cached.text_tokens, cached.audio_tokens);
        let output = usage.output_token_details;
        let (output_text, output_audio) =
            split(usage.output_tokens, output.text_tokens, output.audio_tokens);
        Self {
            input_text_tokens: signed(input_text),
            input_audio_tokens: signed(input_audio),
            cached_text_tokens: signed(cached_text.min(input_text)),
            cached_audio_tokens: signed(cached_audio.min(input_audio)),
            output_text_tokens: signed(output_text),
            output_audio_tokens: signed(output_audio),
            transcribed_ms: 0,
        }
    }
}

fn split(total: u64, text: Option<u64>, audio: Option<u64>) -> (u64, u64) {
    match (text, audio) {
        (Some(text), Some(audio)) => (text, audio),
        (Some(text), None) => (text, total.saturating_sub(text)),
        (None, audio) => {
            let audio = audio.unwrap_or_default();
            (total.saturating_sub(audio), audio)
        }
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

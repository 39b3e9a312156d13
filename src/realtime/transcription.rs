//! What the caller said, in writing; it may come before or after the answer.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::{ServerError, lenient};
use crate::domain::{self, Pii};

/// A piece of what the caller said.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct InputTranscriptionDelta<'a> {
    /// The item in which it was said.
    #[serde(borrow)]
    pub item_id: Cow<'a, str>,
    /// The part of the item.
    #[serde(default, deserialize_with = "lenient::index")]
    pub content_index: u32,
    /// The words that are new; empty if none are.
    #[serde(borrow, default, deserialize_with = "lenient::spoken")]
    pub delta: Pii<Cow<'a, str>>,
}

/// All of what the caller said in one item.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct InputTranscriptionCompleted<'a> {
    /// The item in which it was said.
    #[serde(borrow)]
    pub item_id: Cow<'a, str>,
    /// The part of the item.
    #[serde(default, deserialize_with = "lenient::index")]
    pub content_index: u32,
    /// The words.
    #[serde(borrow, deserialize_with = "lenient::spoken")]
    pub transcript: Pii<Cow<'a, str>>,
    /// What writing them down used. Not part of the response's usage, and
    /// priced by the transcribing model.
    #[serde(default)]
    pub usage: TranscriptionUsage,
}

/// What the caller said could not be written down.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct InputTranscriptionFailed<'a> {
    /// The item in which it was said.
    #[serde(borrow)]
    pub item_id: Cow<'a, str>,
    /// The part of the item.
    #[serde(default, deserialize_with = "lenient::index")]
    pub content_index: u32,
    /// Why.
    #[serde(default)]
    pub error: ServerError,
}

/// What a transcription used; models count one or the other.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(from = "Value")]
pub enum TranscriptionUsage {
    /// The server does not say.
    #[default]
    Unknown,
    /// Tokens.
    Tokens {
        /// Text that went in.
        input_text_tokens: u64,
        /// Audio that went in.
        input_audio_tokens: u64,
        /// Text that came out.
        output_tokens: u64,
    },
    /// Sound.
    Duration(Duration),
}

impl TranscriptionUsage {
    /// How much sound it was, where that is counted.
    pub fn duration(self) -> Option<Duration> {
        match self {
            Self::Duration(lasting) => Some(lasting),
            Self::Unknown | Self::Tokens { .. } => None,
        }
    }
}

impl From<TranscriptionUsage> for domain::Usage {
    /// Tokens of a model that writes down are not the agent's, and have no price: they
    /// are not counted.
    fn from(usage: TranscriptionUsage) -> Self {
        let transcribed = usage.duration().unwrap_or_default();
        Self {
            transcribed_ms: i64::try_from(transcribed.as_millis()).unwrap_or(i64::MAX),
            ..Self::default()
        }
    }
}

impl From<Value> for TranscriptionUsage {
    fn from(usage: Value) -> Self {
        let count = |path: &str| usage.pointer(path).and_then(Value::as_u64);
        if let Some(seconds) = usage.get("seconds").and_then(Value::as_f64) {
            return Self::Duration(Duration::try_from_secs_f64(seconds).unwrap_or_default());
        }
        let Some(input) = count("/input_tokens") else {
            return Self::Unknown;
        };
        let text = count("/input_token_details/text_tokens").unwrap_or_default();
        Self::Tokens {
            input_text_tokens: text,
            input_audio_tokens: count("/input_token_details/audio_tokens")
                .unwrap_or(input.saturating_sub(text)),
            output_tokens: count("/output_tokens").unwrap_or_default(),
        }
    }
}

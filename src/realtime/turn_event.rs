//! Whose turn it is to speak, as the server hears it, and what it allows.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;

use super::lenient;

/// The caller speaks. Compatible servers may leave everything out.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct SpeechStarted<'a> {
    /// The item that it will be.
    #[serde(borrow, deserialize_with = "lenient::optional_text")]
    pub item_id: Option<Cow<'a, str>>,
    /// Since when, in audio appended to the session, padding included.
    #[serde(deserialize_with = "lenient::whole")]
    pub audio_start_ms: Option<u64>,
}

/// The caller is silent again. Compatible servers may leave everything out.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct SpeechStopped<'a> {
    /// The item that it will be.
    #[serde(borrow, deserialize_with = "lenient::optional_text")]
    pub item_id: Option<Cow<'a, str>>,
    /// Since when, in audio appended to the session, silence included.
    #[serde(deserialize_with = "lenient::whole")]
    pub audio_end_ms: Option<u64>,
}

/// The caller's turn has become an item.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct InputBufferCommitted<'a> {
    /// Which.
    #[serde(borrow)]
    pub item_id: Cow<'a, str>,
    /// The item before it; none at the head of the conversation.
    #[serde(borrow, default, deserialize_with = "lenient::optional_text")]
    pub previous_item_id: Option<Cow<'a, str>>,
}

/// Nobody has spoken for the idle time-out; the model will.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct TimeoutTriggered<'a> {
    /// The empty item that stands for the silence.
    #[serde(borrow, deserialize_with = "lenient::optional_text")]
    pub item_id: Option<Cow<'a, str>>,
    /// Where the silence began, in audio appended to the session.
    #[serde(deserialize_with = "lenient::whole")]
    pub audio_start_ms: Option<u64>,
    /// Where it was noticed.
    #[serde(deserialize_with = "lenient::whole")]
    pub audio_end_ms: Option<u64>,
}

/// What is left of one allowance.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct RateLimit {
    /// Of what: `requests` or `tokens`.
    #[serde(deserialize_with = "lenient::or_default")]
    pub name: String,
    /// How many in all.
    #[serde(deserialize_with = "lenient::whole")]
    pub limit: Option<u64>,
    /// How many are left.
    #[serde(deserialize_with = "lenient::whole")]
    pub remaining: Option<u64>,
    /// When all of them are back.
    #[serde(rename = "reset_seconds", deserialize_with = "lenient::seconds")]
    pub reset: Duration,
}

#[derive(Deserialize)]
pub(super) struct WithRateLimits {
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub(super) rate_limits: Vec<RateLimit>,
}

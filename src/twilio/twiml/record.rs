//! Keeping sound: `<Record>` for a message, `<Recording>` beside a call.

use std::time::Duration;

use super::callback::{Callback, RECORDING_STATUS, Webhook};
use super::element::Element;
use super::keys::Key;
use super::vocabulary::{RecordingChannels, RecordingEvent, RecordingTrack, Trim};

/// Records what the caller says until a key or a silence.
///
/// Verbs after it run only if nothing was said. Without an action the current
/// document is asked for again, which records again.
///
/// See <https://www.twilio.com/docs/voice/twiml/record>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Record(pub(super) Element);

impl Default for Record {
    fn default() -> Self {
        Self::new()
    }
}

impl Record {
    /// Beeps, and records for an hour at most.
    pub fn new() -> Self {
        Self(Element::new("Record"))
    }

    /// Who is asked what comes next.
    pub fn action(self, action: impl Into<Webhook>) -> Self {
        Self(self.0.webhook("action", "method", action))
    }

    /// The silence that ends it; 5 s by default.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.seconds("timeout", timeout))
    }

    /// The keys that end it; any by default.
    pub fn finish_on_keys(self, keys: &[Key]) -> Self {
        let keys: String = keys.iter().map(|key| key.sign()).collect();
        Self(self.0.set("finishOnKey", &keys))
    }

    /// How long it may be; an hour by default, two minutes if transcribed.
    pub fn max_length(self, length: Duration) -> Self {
        Self(self.0.seconds("maxLength", length))
    }

    /// Whether it beeps first; true by default.
    pub fn play_beep(self, yes: bool) -> Self {
        Self(self.0.flag("playBeep", yes))
    }

    /// Whether silence is cut off; it is by default.
    pub fn trim(self, trim: Trim) -> Self {
        Self(self.0.set("trim", trim.as_str()))
    }

    /// Who is told of the recording.
    pub fn recording_status_callback(self, callback: impl Into<Callback<RecordingEvent>>) -> Self {
        Self(self.0.callback(RECORDING_STATUS, callback))
    }

    /// Whether Twilio turns it into text.
    pub fn transcribe(self, yes: bool) -> Self {
        Self(self.0.flag("transcribe", yes))
    }

    /// Who is told of that text.
    pub fn transcribe_callback(self, url: &str) -> Self {
        Self(self.0.set("transcribeCallback", url))
    }

    /// The configuration of the recording, by its SID.
    pub fn recording_configuration_id(self, sid: &str) -> Self {
        Self(self.0.set("recordingConfigurationId", sid))
    }
}

/// Records a call while other verbs run.
///
/// See <https://www.twilio.com/docs/voice/twiml/recording>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Recording(pub(super) Element);

impl Default for Recording {
    fn default() -> Self {
        Self::new()
    }
}

impl Recording {
    /// Records both voices apart.
    pub fn new() -> Self {
        Self(Element::new("Recording"))
    }

    /// Who is told of the recording.
    pub fn recording_status_callback(self, callback: impl Into<Callback<RecordingEvent>>) -> Self {
        Self(self.0.callback(RECORDING_STATUS, callback))
    }

    /// Whether silence is cut off.
    pub fn trim(self, trim: Trim) -> Self {
        Self(self.0.set("trim", trim.as_str()))
    }

    /// Whose voice it has.
    pub fn track(self, track: RecordingTrack) -> Self {
        Self(self.0.set("track", track.as_str()))
    }

    /// Whether voices are kept apart.
    pub fn channels(self, channels: RecordingChannels) -> Self {
        Self(self.0.set("channels", channels.as_str()))
    }

    /// The configuration of the recording, by its SID.
    pub fn recording_configuration_id(self, sid: &str) -> Self {
        Self(self.0.set("recordingConfigurationId", sid))
    }
}

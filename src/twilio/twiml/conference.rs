//! `<Conference>`: several people in one conversation.

use crate::domain::CallSid;

use super::callback::{Callback, RECORDING_STATUS, STATUS, Webhook};
use super::element::{Element, Error};
use super::vocabulary::{
    Beep, ConferenceEvent, ConferenceRecord, JitterBuffer, RecordingEvent, Trim,
};

/// A conference to join; it exists as soon as somebody does.
///
/// See <https://www.twilio.com/docs/voice/twiml/conference>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Conference(pub(super) Element);

impl Conference {
    /// Joins the conference of this name, which is the account's.
    pub fn new(name: &str) -> Self {
        Self(Element::new("Conference").text(name))
    }

    /// Whether one only listens.
    pub fn muted(self, yes: bool) -> Self {
        Self(self.0.flag("muted", yes))
    }

    /// When it beeps; whenever somebody comes or goes by default.
    pub fn beep(self, beep: Beep) -> Self {
        Self(self.0.set("beep", beep.as_str()))
    }

    /// Whether it starts once one is there; true by default.
    pub fn start_conference_on_enter(self, yes: bool) -> Self {
        Self(self.0.flag("startConferenceOnEnter", yes))
    }

    /// Whether it ends once one leaves.
    pub fn end_conference_on_exit(self, yes: bool) -> Self {
        Self(self.0.flag("endConferenceOnExit", yes))
    }

    /// A name by which the API finds one: at most 128 letters, none of them `/`.
    pub fn participant_label(self, label: &str) -> Result<Self, Error> {
        if label.chars().count() > 128 || label.contains('/') {
            let fix = "shorten it to 128 characters and leave out slashes";
            return Err(Error::new("participantLabel", fix));
        }
        Ok(Self(self.0.set("participantLabel", label)))
    }

    /// How much a voice is delayed to smooth it.
    pub fn jitter_buffer_size(self, size: JitterBuffer) -> Self {
        Self(self.0.set("jitterBufferSize", size.as_str()))
    }

    /// What is heard while waiting for the start; an empty URL is silence.
    pub fn wait_url(self, webhook: impl Into<Webhook>) -> Self {
        Self(self.0.webhook("waitUrl", "waitMethod", webhook))
    }

    /// How many may take part; 250 by default.
    pub fn max_participants(self, count: u32) -> Self {
        Self(self.0.number("maxParticipants", count))
    }

    /// Whether it is recorded.
    pub fn record(self, record: ConferenceRecord) -> Self {
        Self(self.0.set("record", record.as_str()))
    }

    /// Where voices are mixed, such as `us1` or `ie1`.
    pub fn region(self, region: &str) -> Self {
        Self(self.0.set("region", region))
    }

    /// Whether the recording's silence is cut off.
    pub fn trim(self, trim: Trim) -> Self {
        Self(self.0.set("trim", trim.as_str()))
    }

    /// The only one who hears what one says.
    pub fn coach(self, call: &CallSid) -> Self {
        Self(self.0.set("coach", call.as_str()))
    }

    /// Who is told of the conference. The first to join decides.
    pub fn status_callback(self, callback: impl Into<Callback<ConferenceEvent>>) -> Self {
        Self(self.0.callback(STATUS, callback))
    }

    /// Who is told of the recording.
    pub fn recording_status_callback(self, callback: impl Into<Callback<RecordingEvent>>) -> Self {
        Self(self.0.callback(RECORDING_STATUS, callback))
    }

    /// The configuration of the recording, by its SID.
    pub fn recording_configuration_id(self, sid: &str) -> Self {
        Self(self.0.set("recordingConfigurationId", sid))
    }

    /// The older way to be told of the recording.
    pub fn event_callback_url(self, url: &str) -> Self {
        Self(self.0.set("eventCallbackUrl", url))
    }
}

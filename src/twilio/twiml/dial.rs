//! `<Dial>`: connecting the caller with somebody else.

use std::time::Duration;

use crate::domain::Party;

use super::callback::{Callback, RECORDING_STATUS, Webhook};
use super::conference::Conference;
use super::element::{Element, Error};
use super::enqueue::Queue;
use super::noun::{Application, Client, Sim, WhatsApp};
use super::number::{Number, Sip};
use super::vocabulary::{DialRecord, RecordingEvent, RecordingTrack, Trim};

/// Rings whom it names: several at once, or in turn with [`Dial::sequential`].
///
/// A conference, a queue and an application each stand alone.
///
/// See <https://www.twilio.com/docs/voice/twiml/dial>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Dial(pub(super) Element);

impl Default for Dial {
    fn default() -> Self {
        Self::new()
    }
}

impl Dial {
    /// Rings nobody yet.
    pub fn new() -> Self {
        Self(Element::new("Dial"))
    }

    /// Rings a number.
    pub fn number(self, number: Number) -> Self {
        Self(self.0.child(number.0))
    }

    /// Rings a softphone.
    pub fn client(self, client: Client) -> Self {
        Self(self.0.child(client.into_element()))
    }

    /// Rings a SIP address.
    pub fn sip(self, sip: Sip) -> Self {
        Self(self.0.child(sip.0))
    }

    /// Joins a conference.
    pub fn conference(self, conference: Conference) -> Self {
        Self(self.0.child(conference.0))
    }

    /// Speaks with the first of a queue.
    pub fn queue(self, queue: Queue) -> Self {
        Self(self.0.child(queue.0))
    }

    /// Runs an application of ours.
    pub fn application(self, application: Application) -> Self {
        Self(self.0.child(application.into_element()))
    }

    /// Rings a SIM card.
    pub fn sim(self, sim: Sim) -> Self {
        Self(self.0.child(sim.0))
    }

    /// Rings a number on `WhatsApp`.
    pub fn whats_app(self, whats_app: WhatsApp) -> Self {
        Self(self.0.child(whats_app.0))
    }

    /// Who is asked what comes next; without it, the next verb follows.
    pub fn action(self, action: impl Into<Webhook>) -> Self {
        Self(self.0.webhook("action", "method", action))
    }

    /// How long it rings; 30 s by default.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.seconds("timeout", timeout))
    }

    /// How long the two may speak; four hours by default.
    pub fn time_limit(self, limit: Duration) -> Self {
        Self(self.0.seconds("timeLimit", limit))
    }

    /// Who seems to be calling: the caller by default, a number of ours, or
    /// one that we have proved to be ours.
    pub fn caller_id(self, caller: &Party) -> Self {
        Self(self.0.set("callerId", &caller.to_text()))
    }

    /// Whether the caller's line counts as ringing until somebody answers.
    pub fn answer_on_bridge(self, yes: bool) -> Self {
        Self(self.0.flag("answerOnBridge", yes))
    }

    /// Whether the caller ends it with `*`.
    pub fn hangup_on_star(self, yes: bool) -> Self {
        Self(self.0.flag("hangupOnStar", yes))
    }

    /// Whether it is recorded.
    pub fn record(self, record: DialRecord) -> Self {
        Self(self.0.set("record", record.as_str()))
    }

    /// Who is told of the recording.
    pub fn recording_status_callback(self, callback: impl Into<Callback<RecordingEvent>>) -> Self {
        Self(self.0.callback(RECORDING_STATUS, callback))
    }

    /// Whose voice is recorded.
    pub fn recording_track(self, track: RecordingTrack) -> Self {
        Self(self.0.set("recordingTrack", track.as_str()))
    }

    /// The configuration of the recording, by its SID.
    pub fn recording_configuration_id(self, sid: &str) -> Self {
        Self(self.0.set("recordingConfigurationId", sid))
    }

    /// Whether the recording's silence is cut off.
    pub fn trim(self, trim: Trim) -> Self {
        Self(self.0.set("trim", trim.as_str()))
    }

    /// The country, such as `us` or `de`, whose ringing the caller hears.
    pub fn ring_tone(self, country: &str) -> Self {
        Self(self.0.set("ringTone", country))
    }

    /// Whether those named are rung in turn instead of all at once.
    pub fn sequential(self, yes: bool) -> Self {
        Self(self.0.flag("sequential", yes))
    }

    /// Who is asked when the other end wants to transfer the call (SIP REFER).
    pub fn refer_url(self, webhook: impl Into<Webhook>) -> Self {
        Self(self.0.webhook("referUrl", "referMethod", webhook))
    }

    /// Why we call, in at most 50 letters; some telephones show it.
    pub fn call_reason(self, reason: &str) -> Result<Self, Error> {
        if reason.chars().count() > 50 {
            return Err(Error::new("callReason", "shorten it to 50 characters"));
        }
        Ok(Self(self.0.set("callReason", reason)))
    }

    /// The events to subscribe to, such as `call-progress-event`.
    pub fn events(self, events: &str) -> Self {
        Self(self.0.set("events", events))
    }

    /// Identity passports (STIR), base64, separated by commas.
    pub fn passports(self, passports: &str) -> Self {
        Self(self.0.set("passports", passports))
    }
}

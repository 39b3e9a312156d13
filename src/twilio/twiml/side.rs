//! What runs beside a call: `<Start>` and `<Stop>`, forked streams, SIPREC.

use super::callback::Webhook;
use super::connect::Parameter;
use super::element::Element;
use super::record::Recording;
use super::transcription::Transcription;
use super::vocabulary::StreamTrack;

/// Starts one thing beside the call, and goes on to the next verb at once.
///
/// See <https://www.twilio.com/docs/voice/twiml/stream#start>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Start(pub(super) Element);

impl Start {
    /// Starts a copy of the call's sound, one way.
    pub fn stream(fork: Fork) -> Self {
        Self(Element::new("Start").child(fork.0))
    }

    /// Starts a recording.
    pub fn recording(recording: Recording) -> Self {
        Self(Element::new("Start").child(recording.0))
    }

    /// Starts a transcription.
    pub fn transcription(transcription: Transcription) -> Self {
        Self(Element::new("Start").child(transcription.0))
    }

    /// Starts a copy of the call for a recorder (SIPREC).
    pub fn siprec(siprec: Siprec) -> Self {
        Self(Element::new("Start").child(siprec.0))
    }

    /// Who is asked what comes next.
    pub fn action(self, action: impl Into<Webhook>) -> Self {
        Self(self.0.webhook("action", "method", action))
    }
}

/// Stops what [`Start`] started, by the name that it was given.
#[derive(Clone, Debug)]
#[must_use]
pub struct Stop(pub(super) Element);

impl Stop {
    /// Stops a stream.
    pub fn stream(name: &str) -> Self {
        Self::named("Stream", name)
    }

    /// Stops a transcription.
    pub fn transcription(name: &str) -> Self {
        Self::named("Transcription", name)
    }

    /// Stops a copy for a recorder.
    pub fn siprec(name: &str) -> Self {
        Self::named("Siprec", name)
    }

    fn named(kind: &'static str, name: &str) -> Self {
        Self(Element::new("Stop").child(Element::new(kind).set("name", name)))
    }
}

/// A media stream that goes one way: to us.
///
/// See <https://www.twilio.com/docs/voice/twiml/stream>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Fork(Element);

impl Fork {
    /// Streams to `url`, which is `wss://…` and has no query.
    pub fn new(url: &str) -> Self {
        Self(Element::new("Stream").set("url", url))
    }

    /// Names it, once in a call.
    pub fn name(self, name: &str) -> Self {
        Self(self.0.set("name", name))
    }

    /// Whose voice it carries; the caller's by default.
    pub fn track(self, track: StreamTrack) -> Self {
        Self(self.0.set("track", track.as_str()))
    }

    /// Who is told of it; an absolute URL.
    pub fn status_callback(self, webhook: impl Into<Webhook>) -> Self {
        let method = "statusCallbackMethod";
        Self(self.0.webhook("statusCallback", method, webhook))
    }

    /// Adds what the stream's `start` message will tell.
    pub fn parameter(self, parameter: Parameter) -> Self {
        Self(self.0.child(parameter.0))
    }
}

/// A copy of the call for a recorder that speaks SIPREC.
///
/// See <https://www.twilio.com/docs/voice/twiml/siprec>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Siprec(Element);

impl Siprec {
    /// A copy for the connector of this name, as installed in the account.
    pub fn new(connector_name: &str) -> Self {
        Self(Element::new("Siprec").set("connectorName", connector_name))
    }

    /// Names it, once in a call.
    pub fn name(self, name: &str) -> Self {
        Self(self.0.set("name", name))
    }

    /// Whose voice it carries; the caller's by default.
    pub fn track(self, track: StreamTrack) -> Self {
        Self(self.0.set("track", track.as_str()))
    }

    /// Who is told of it; an absolute URL.
    pub fn status_callback(self, webhook: impl Into<Webhook>) -> Self {
        let method = "statusCallbackMethod";
        Self(self.0.webhook("statusCallback", method, webhook))
    }

    /// Tells the recorder something.
    pub fn parameter(self, parameter: Parameter) -> Self {
        Self(self.0.child(parameter.0))
    }
}

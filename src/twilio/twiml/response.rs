//! `<Response>`: the document about a call, and its verbs in their order.

use super::callback::Webhook;
use super::connect::Connect;
use super::dial::Dial;
use super::element::Element;
use super::enqueue::Enqueue;
use super::gather::Gather;
use super::record::Record;
use super::say::{Pause, Play, Say};
use super::side::{Start, Stop};
use super::vocabulary::RejectReason;

/// What Twilio does with a call, verb by verb; after the last it hangs up.
///
/// See <https://www.twilio.com/docs/voice/twiml>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Response(Element);

impl Default for Response {
    fn default() -> Self {
        Self::new()
    }
}

impl Response {
    /// The type under which a document is served.
    pub const CONTENT_TYPE: &'static str = "text/xml; charset=utf-8";

    /// The largest document that Twilio takes, in bytes.
    pub const MAX_BYTES: usize = 64_000;

    /// Nothing to do yet.
    pub fn new() -> Self {
        Self(Element::new("Response"))
    }

    /// Refuses the call. Only a first verb can, so this begins a document: a
    /// later one would have answered, and only hangs up.
    ///
    /// See <https://www.twilio.com/docs/voice/twiml/reject>.
    pub fn reject(reason: RejectReason) -> Self {
        let reject = Element::new("Reject").set("reason", reason.as_str());
        Self::new().then(reject)
    }

    /// Speaks.
    pub fn say(self, say: impl Into<Say>) -> Self {
        self.then(say.into().0)
    }

    /// Plays a file, or presses keys.
    pub fn play(self, play: impl Into<Play>) -> Self {
        self.then(play.into().0)
    }

    /// Waits in silence.
    pub fn pause(self, pause: impl Into<Pause>) -> Self {
        self.then(pause.into().0)
    }

    /// Asks the caller for keys or words.
    pub fn gather(self, gather: Gather) -> Self {
        self.then(gather.0)
    }

    /// Connects the caller with somebody else.
    pub fn dial(self, dial: Dial) -> Self {
        self.then(dial.0)
    }

    /// Records a message.
    pub fn record(self, record: Record) -> Self {
        self.then(record.0)
    }

    /// Goes on with another document. Nothing after it runs.
    ///
    /// See <https://www.twilio.com/docs/voice/twiml/redirect>.
    pub fn redirect(self, to: impl Into<Webhook>) -> Self {
        self.then(redirect(&to.into()))
    }

    /// Ends the call.
    ///
    /// See <https://www.twilio.com/docs/voice/twiml/hangup>.
    pub fn hangup(self) -> Self {
        self.then(Element::new("Hangup"))
    }

    /// Takes a waiting caller out of the queue.
    ///
    /// See <https://www.twilio.com/docs/voice/twiml/leave>.
    pub fn leave(self) -> Self {
        self.then(Element::new("Leave"))
    }

    /// Plays back to the caller what the caller says.
    pub fn echo(self) -> Self {
        self.then(Element::new("Echo"))
    }

    /// Puts the caller in a queue.
    pub fn enqueue(self, enqueue: Enqueue) -> Self {
        self.then(enqueue.0)
    }

    /// Hands a SIP call back to its exchange.
    pub fn refer(self, refer: Refer) -> Self {
        self.then(refer.0)
    }

    /// Connects the call with a stream.
    pub fn connect(self, connect: Connect) -> Self {
        self.then(connect.0)
    }

    /// Starts something beside the call.
    pub fn start(self, start: Start) -> Self {
        self.then(start.0)
    }

    /// Stops something beside the call.
    pub fn stop(self, stop: Stop) -> Self {
        self.then(stop.0)
    }

    /// Goes on with what another document does.
    pub fn append(self, other: Self) -> Self {
        Self(self.0.adopt(other.0))
    }

    /// The document, UTF-8, with its declaration.
    pub fn to_xml(&self) -> String {
        self.0.to_document()
    }

    fn then(self, verb: Element) -> Self {
        Self(self.0.child(verb))
    }
}

/// Asks the exchange that a SIP call came from to take it elsewhere.
///
/// See <https://www.twilio.com/docs/voice/twiml/refer>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Refer(Element);

impl Refer {
    /// Hands the call to `uri`, `sip:name@host`.
    pub fn new(uri: &str) -> Self {
        Self(Element::new("Refer").child(Element::new("Sip").text(uri)))
    }

    /// Who is asked what comes next.
    pub fn action(self, action: impl Into<Webhook>) -> Self {
        Self(self.0.webhook("action", "method", action))
    }
}

/// `<Redirect>`, which voice and messages share.
pub(super) fn redirect(to: &Webhook) -> Element {
    let element = Element::new("Redirect").text(to.url());
    match to.method() {
        Some(method) => element.set("method", method),
        None => element,
    }
}

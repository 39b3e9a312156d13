//! `<Connect>` and the media stream that it opens both ways.

use super::callback::Webhook;
use super::element::{Element, Error};
use super::relay::ConversationRelay;

/// Connects the call with one thing, and waits until that ends.
///
/// See <https://www.twilio.com/docs/voice/twiml/connect>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Connect(pub(super) Element);

impl Connect {
    /// Connects with a WebSocket of ours.
    pub fn stream(stream: Stream) -> Self {
        Self(Element::new("Connect").child(stream.0))
    }

    /// Connects with Twilio's own speech, and with a WebSocket of ours for words.
    pub fn conversation_relay(relay: ConversationRelay) -> Self {
        Self(Element::new("Connect").child(relay.0))
    }

    /// Who is asked what comes next; without it, the next verb follows.
    pub fn action(self, action: impl Into<Webhook>) -> Self {
        Self(self.0.webhook("action", "method", action))
    }
}

/// A media stream that goes both ways.
///
/// Has no track to choose: under `<Connect>` Twilio streams the caller's voice
/// only, and refuses any other (error 31941).
///
/// See <https://www.twilio.com/docs/voice/twiml/stream>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Stream(pub(super) Element);

impl Stream {
    /// Streams to `url`, which is `wss://…`. It cannot have a query: Twilio
    /// leaves it out without a word. Use [`Stream::parameter`].
    pub fn new(url: &str) -> Self {
        Self(Element::new("Stream").set("url", url))
    }

    /// Names it, once in a call.
    pub fn name(self, name: &str) -> Self {
        Self(self.0.set("name", name))
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

/// A name and a value that travel with a stream or a call.
#[derive(Clone, Debug)]
#[must_use]
pub struct Parameter(pub(super) Element);

impl Parameter {
    /// The longest name and value together, in characters.
    pub const MAX_LEN: usize = 499;

    /// A parameter; name and value must be shorter than 500 characters together.
    pub fn new(name: &str, value: &str) -> Result<Self, Error> {
        if name.is_empty() {
            return Err(Error::new("Parameter", "give it a name"));
        }
        if name.chars().count() + value.chars().count() > Self::MAX_LEN {
            let field = format!("Parameter {}", name.chars().take(40).collect::<String>());
            let fix = "shorten name and value to less than 500 characters together";
            return Err(Error::new(field, fix));
        }
        let element = Element::new("Parameter").set("name", name);
        Ok(Self(element.set("value", value)))
    }
}

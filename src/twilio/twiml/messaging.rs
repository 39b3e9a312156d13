//! `<Message>`: what is answered to a text message.

use crate::domain::PhoneNumber;

use super::callback::Webhook;
use super::element::Element;
use super::response::redirect;

/// What Twilio does about a text message; an empty one does nothing.
///
/// See <https://www.twilio.com/docs/messaging/twiml>.
#[derive(Clone, Debug)]
#[must_use]
pub struct MessagingResponse(Element);

impl Default for MessagingResponse {
    fn default() -> Self {
        Self::new()
    }
}

impl MessagingResponse {
    /// Answers nothing.
    pub fn new() -> Self {
        Self(Element::new("Response"))
    }

    /// Sends a message, to whom wrote if it does not say otherwise.
    pub fn message(self, message: impl Into<Message>) -> Self {
        Self(self.0.child(message.into().into_element()))
    }

    /// Goes on with another document. Nothing after it runs.
    pub fn redirect(self, to: impl Into<Webhook>) -> Self {
        Self(self.0.child(redirect(&to.into())))
    }

    /// The document, UTF-8, with its declaration.
    pub fn to_xml(&self) -> String {
        self.0.to_document()
    }
}

/// A text message. A `&str` and a `String` turn into one.
///
/// See <https://www.twilio.com/docs/messaging/twiml/message>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Message {
    element: Element,
    body: Element,
    media: Vec<Element>,
}

impl Message {
    /// A message with this text.
    pub fn new(text: &str) -> Self {
        Self {
            element: Element::new("Message"),
            body: Element::new("Body").text(text),
            media: Vec::new(),
        }
    }

    /// Adds the picture or sound at `url`.
    pub fn media(mut self, url: &str) -> Self {
        self.media.push(Element::new("Media").text(url));
        self
    }

    /// Who gets it.
    pub fn to(self, number: &PhoneNumber) -> Self {
        let element = self.element.set("to", number.as_str());
        Self { element, ..self }
    }

    /// Which of our numbers it comes from.
    pub fn from(self, number: &PhoneNumber) -> Self {
        let element = self.element.set("from", number.as_str());
        Self { element, ..self }
    }

    /// Who is asked what comes next.
    pub fn action(self, action: impl Into<Webhook>) -> Self {
        let element = self.element.webhook("action", "method", action);
        Self { element, ..self }
    }

    /// Who is told where the message stands.
    pub fn status_callback(self, url: &str) -> Self {
        let element = self.element.set("statusCallback", url);
        Self { element, ..self }
    }

    /// Beside media the text needs an element of its own.
    fn into_element(self) -> Element {
        if self.media.is_empty() {
            return self.element.adopt(self.body);
        }
        self.media
            .into_iter()
            .fold(self.element.child(self.body), Element::child)
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<&String> for Message {
    fn from(text: &String) -> Self {
        Self::new(text)
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

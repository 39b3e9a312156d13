//! Whom else a `<Dial>` rings: softphones, applications, SIM cards, `WhatsApp`.

use crate::domain::Permit;

use super::callback::{Callback, STATUS, Webhook};
use super::connect::Parameter;
use super::element::Element;
use super::vocabulary::CallEvent;

/// A softphone to ring, by the identity it registered with.
///
/// See <https://www.twilio.com/docs/voice/twiml/client>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Client {
    element: Element,
    subject: Subject,
}

impl Client {
    /// Rings the softphone of `identity`.
    pub fn new(identity: &str) -> Self {
        Self {
            element: Element::new("Client"),
            subject: Subject::new("Identity", identity),
        }
    }

    /// Tells the softphone something.
    pub fn parameter(mut self, parameter: Parameter) -> Self {
        self.subject.parameters.push(parameter);
        self
    }

    /// What the callee hears before the two are connected.
    pub fn url(self, webhook: impl Into<Webhook>) -> Self {
        let element = self.element.webhook("url", "method", webhook);
        Self { element, ..self }
    }

    /// Who is told of the dialled call.
    pub fn status_callback(self, callback: impl Into<Callback<CallEvent>>) -> Self {
        let element = self.element.callback(STATUS, callback);
        Self { element, ..self }
    }

    pub(super) fn into_element(self) -> Element {
        self.subject.name_in(self.element)
    }
}

/// An application of ours to run as if it were called.
///
/// See <https://www.twilio.com/docs/voice/twiml/application>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Application {
    element: Element,
    subject: Subject,
}

impl Application {
    /// Runs the application of this SID (`AP…`).
    pub fn new(sid: &str) -> Self {
        Self {
            element: Element::new("Application"),
            subject: Subject::new("ApplicationSid", sid),
        }
    }

    /// Tells the application something.
    pub fn parameter(mut self, parameter: Parameter) -> Self {
        self.subject.parameters.push(parameter);
        self
    }

    /// What the application hears before the two are connected.
    pub fn url(self, webhook: impl Into<Webhook>) -> Self {
        let element = self.element.webhook("url", "method", webhook);
        Self { element, ..self }
    }

    /// Who is told of the dialled call.
    pub fn status_callback(self, callback: impl Into<Callback<CallEvent>>) -> Self {
        let element = self.element.callback(STATUS, callback);
        Self { element, ..self }
    }

    /// Who the customer is that calls.
    pub fn customer_id(self, id: &str) -> Self {
        let element = self.element.set("customerId", id);
        Self { element, ..self }
    }

    /// Whether the application sees whom the caller rang.
    pub fn copy_parent_to(self, yes: bool) -> Self {
        let element = self.element.flag("copyParentTo", yes);
        Self { element, ..self }
    }

    pub(super) fn into_element(self) -> Element {
        self.subject.name_in(self.element)
    }
}

/// A SIM card of Twilio's to ring.
///
/// See <https://www.twilio.com/docs/voice/twiml/sim>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Sim(pub(super) Element);

impl Sim {
    /// Rings the card of this SID (`DE…`).
    pub fn new(sid: &str) -> Self {
        Self(Element::new("Sim").text(sid))
    }
}

/// A number to ring on `WhatsApp`.
///
/// See <https://www.twilio.com/docs/voice/twiml/whatsapp>.
#[derive(Clone, Debug)]
#[must_use]
pub struct WhatsApp(pub(super) Element);

impl WhatsApp {
    /// Rings whoever may be rung.
    pub fn new(permit: &Permit) -> Self {
        Self(Element::new("WhatsApp").text(permit.to().as_str()))
    }

    /// What the callee hears before the two are connected.
    pub fn url(self, webhook: impl Into<Webhook>) -> Self {
        Self(self.0.webhook("url", "method", webhook))
    }

    /// Who is told of the dialled call.
    pub fn status_callback(self, callback: impl Into<Callback<CallEvent>>) -> Self {
        Self(self.0.callback(STATUS, callback))
    }
}

/// Whom a noun names: in its text, or in a child of its own once there are
/// parameters beside it, for Twilio takes no mix of the two.
#[derive(Clone, Debug)]
struct Subject {
    name: Element,
    parameters: Vec<Parameter>,
}

impl Subject {
    fn new(name: &'static str, text: &str) -> Self {
        Self {
            name: Element::new(name).text(text),
            parameters: Vec::new(),
        }
    }

    fn name_in(self, element: Element) -> Element {
        if self.parameters.is_empty() {
            return element.adopt(self.name);
        }
        let parameters = self.parameters.into_iter().map(|parameter| parameter.0);
        parameters.fold(element.child(self.name), Element::child)
    }
}

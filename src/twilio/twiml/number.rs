//! Whom a `<Dial>` rings by line: `<Number>` and `<Sip>`, and who answers there.

use std::time::Duration;

use crate::domain::{Permit, Secret};

use super::callback::{Callback, STATUS, Webhook};
use super::element::Element;
use super::keys::Digits;
use super::vocabulary::{CallEvent, MachineDetection};

/// A telephone number to ring.
///
/// See <https://www.twilio.com/docs/voice/twiml/number>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Number(pub(super) Element);

impl Number {
    /// Rings whoever may be rung.
    pub fn new(permit: &Permit) -> Self {
        Self(Element::new("Number").text(permit.to().as_str()))
    }

    /// What the callee hears before the two are connected.
    pub fn url(self, webhook: impl Into<Webhook>) -> Self {
        Self(self.0.webhook("url", "method", webhook))
    }

    /// Keys to press once it is answered, such as an extension.
    pub fn send_digits(self, digits: &Digits) -> Self {
        Self(self.0.set("sendDigits", digits.as_str()))
    }

    /// The trunk of one's own carrier, by its SID (`BY…`).
    pub fn byoc(self, sid: &str) -> Self {
        Self(self.0.set("byoc", sid))
    }

    /// Who is told of the dialled call.
    pub fn status_callback(self, callback: impl Into<Callback<CallEvent>>) -> Self {
        Self(self.0.callback(STATUS, callback))
    }

    /// Finds out whether a person answers.
    pub fn answer_detection(self, detection: AnswerDetection) -> Self {
        Self(detection.apply(self.0))
    }
}

/// A SIP address to ring.
///
/// See <https://www.twilio.com/docs/voice/twiml/sip>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Sip(pub(super) Element);

impl Sip {
    /// Rings `uri`, `sip:name@host`; headers may follow after a `?`.
    pub fn new(uri: &str) -> Self {
        Self(Element::new("Sip").text(uri))
    }

    /// Who we are there.
    pub fn credentials(self, username: &str, password: &Secret<String>) -> Self {
        let element = self.0.set("username", username);
        Self(element.set("password", password.expose()))
    }

    /// What the callee hears before the two are connected.
    pub fn url(self, webhook: impl Into<Webhook>) -> Self {
        Self(self.0.webhook("url", "method", webhook))
    }

    /// Who is told of the dialled call.
    pub fn status_callback(self, callback: impl Into<Callback<CallEvent>>) -> Self {
        Self(self.0.callback(STATUS, callback))
    }

    /// Finds out whether a person answers.
    pub fn answer_detection(self, detection: AnswerDetection) -> Self {
        Self(detection.apply(self.0))
    }
}

/// Whether and how it is found out who answers: a person or a machine.
///
/// See <https://www.twilio.com/docs/voice/answering-machine-detection>.
#[derive(Clone, Debug)]
#[must_use]
pub struct AnswerDetection {
    mode: MachineDetection,
    status_callback: Option<Webhook>,
    timeout: Option<Duration>,
    thresholds: [Option<Duration>; 3],
}

impl AnswerDetection {
    /// Finds out in this mode.
    pub fn new(mode: MachineDetection) -> Self {
        Self {
            mode,
            status_callback: None,
            timeout: None,
            thresholds: [None; 3],
        }
    }

    /// Who is told.
    pub fn status_callback(self, webhook: impl Into<Webhook>) -> Self {
        Self {
            status_callback: Some(webhook.into()),
            ..self
        }
    }

    /// When it is given up, in whole seconds from 3 to 59; 30 by default.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self {
            timeout: Some(timeout),
            ..self
        }
    }

    /// How much speech makes a machine; 2400 ms by default.
    pub fn speech_threshold(mut self, length: Duration) -> Self {
        self.thresholds[0] = Some(length);
        self
    }

    /// How much silence ends that speech; 1200 ms by default.
    pub fn speech_end_threshold(mut self, length: Duration) -> Self {
        self.thresholds[1] = Some(length);
        self
    }

    /// How much silence at first makes it unknown; 5000 ms by default.
    pub fn silence_timeout(mut self, length: Duration) -> Self {
        self.thresholds[2] = Some(length);
        self
    }

    fn apply(self, element: Element) -> Element {
        let mut element = element.set("machineDetection", self.mode.as_str());
        if let Some(webhook) = self.status_callback {
            element = element.webhook("amdStatusCallback", "amdStatusCallbackMethod", webhook);
        }
        if let Some(timeout) = self.timeout {
            element = element.seconds("machineDetectionTimeout", timeout);
        }
        let names = [
            "machineDetectionSpeechThreshold",
            "machineDetectionSpeechEndThreshold",
            "machineDetectionSilenceTimeout",
        ];
        for (name, length) in names.into_iter().zip(self.thresholds) {
            if let Some(length) = length {
                element = element.millis(name, length);
            }
        }
        element
    }
}

//! Where Twilio asks or tells: a URL, its method, the events it is told of.

use std::fmt;
use std::marker::PhantomData;

use super::vocabulary::{CallEvent, ConferenceEvent, RecordingEvent};

/// A URL that Twilio requests. A `&str` turns into one, with Twilio's default
/// method (POST).
///
/// May be relative to the document that names it, unless that document was
/// handed over inside an API request.
#[derive(Clone, Eq, PartialEq)]
pub struct Webhook {
    url: String,
    method: Option<&'static str>,
}

impl Webhook {
    /// A URL requested with Twilio's default method.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            method: None,
        }
    }

    /// A URL requested with GET: parameters in the query.
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            method: Some("GET"),
        }
    }

    /// A URL requested with POST, said in so many words.
    pub fn post(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            method: Some("POST"),
        }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn method(&self) -> Option<&'static str> {
        self.method
    }
}

/// A URL may carry a token, so this prints none.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

impl From<&str> for Webhook {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

impl From<&String> for Webhook {
    fn from(url: &String) -> Self {
        Self::new(url.as_str())
    }
}

impl From<String> for Webhook {
    fn from(url: String) -> Self {
        Self::new(url)
    }
}

/// A URL that Twilio tells of events. What turns into a [`Webhook`] turns into
/// one that is told of Twilio's default event (the completed one).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Callback<E> {
    webhook: Webhook,
    events: String,
    kind: PhantomData<E>,
}

impl<E> Callback<E> {
    /// A callback that is told of Twilio's default event.
    pub fn new(webhook: impl Into<Webhook>) -> Self {
        Self {
            webhook: webhook.into(),
            events: String::new(),
            kind: PhantomData,
        }
    }

    pub(super) fn webhook(&self) -> &Webhook {
        &self.webhook
    }

    pub(super) fn events(&self) -> &str {
        &self.events
    }
}

impl<E: EventWord> Callback<E> {
    /// Told of these events instead.
    #[must_use]
    pub fn on(self, events: &[E]) -> Self {
        let events: Vec<&str> = events.iter().map(EventWord::word).collect();
        Self {
            events: events.join(" "),
            ..self
        }
    }
}

impl<E, T: Into<Webhook>> From<T> for Callback<E> {
    fn from(webhook: T) -> Self {
        Self::new(webhook)
    }
}

/// What a callback can be told of.
pub trait EventWord {
    /// Twilio's word for it.
    fn word(&self) -> &'static str;
}

impl EventWord for CallEvent {
    fn word(&self) -> &'static str {
        self.as_str()
    }
}

impl EventWord for ConferenceEvent {
    fn word(&self) -> &'static str {
        self.as_str()
    }
}

impl EventWord for RecordingEvent {
    fn word(&self) -> &'static str {
        self.as_str()
    }
}

/// The attributes of a status callback.
pub(super) const STATUS: [&str; 3] = [
    "statusCallback",
    "statusCallbackMethod",
    "statusCallbackEvent",
];

/// The attributes of a recording's status callback.
pub(super) const RECORDING_STATUS: [&str; 3] = [
    "recordingStatusCallback",
    "recordingStatusCallbackMethod",
    "recordingStatusCallbackEvent",
];

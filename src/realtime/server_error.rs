//! What the server refuses, and how bad that is.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::domain::Pii;

/// A refusal. Most are harmless for the call: the session stays as it was.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(from = "Value")]
pub struct ServerError {
    /// The kind, such as `invalid_request_error`; empty if not told.
    pub kind: String,
    /// The exact reason, such as `session_expired`.
    pub code: Option<String>,
    /// The reason in words. May quote what we sent, hence what was said.
    pub message: Pii<String>,
    /// The field that is to blame.
    pub param: Option<String>,
    /// The id that we gave the event that is to blame.
    pub event_id: Option<String>,
}

impl ServerError {
    /// Whether this connection is of no more use.
    pub fn is_fatal(&self) -> bool {
        self.is_permanent() || self.has_code("session_expired")
    }

    /// Whether another connection would fail in the same way, until somebody
    /// has changed a setting or paid a bill.
    pub fn is_permanent(&self) -> bool {
        PERMANENT.into_iter().any(|code| self.has_code(code))
    }

    /// Whether it is what we asked for that cannot be had, and the server is well.
    pub fn is_about_us(&self) -> bool {
        self.kind == "invalid_request_error" && self.retry_after().is_none()
    }

    /// Whether it says only that there was nothing to cancel: the response
    /// had ended while our wish was on its way.
    pub fn is_harmless(&self) -> bool {
        self.has_code("response_cancel_not_active")
    }

    /// Whether a response was asked for while another was being made; ask
    /// again after its end.
    pub fn is_too_early(&self) -> bool {
        self.has_code("conversation_already_has_active_response")
    }

    /// How long it wants to be left alone, if it has too much to do: as it
    /// says in words, such as `Please try again in 1.5s`, else a second.
    pub fn retry_after(&self) -> Option<Duration> {
        if !self.has_code("rate_limit_exceeded") && !self.has_code("server_overloaded") {
            return None;
        }
        let said = self.message.expose().rsplit_once("try again in ");
        let said = said.and_then(|(_, rest)| span(rest));
        Some(said.unwrap_or(Duration::from_secs(1)))
    }

    // Compatible servers write the code where OpenAI writes the kind.
    fn has_code(&self, code: &str) -> bool {
        self.kind == code || self.code.as_deref() == Some(code)
    }
}

impl From<Value> for ServerError {
    /// Understands the documented object, a bare string, and leaves out what
    /// has another shape.
    fn from(error: Value) -> Self {
        let text = |field: &str| match error.get(field)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        Self {
            kind: text("type").unwrap_or_default(),
            code: text("code"),
            message: Pii::new(
                error
                    .as_str()
                    .map_or_else(|| text("message").unwrap_or_default(), str::to_owned),
            ),
            param: text("param"),
            event_id: text("event_id"),
        }
    }
}

/// A span at the beginning of a text: `850ms`, `1.5s`.
fn span(text: &str) -> Option<Duration> {
    let is_digit = |c: char| c.is_ascii_digit() || c == '.';
    let end = text.find(|c| !is_digit(c))?;
    let (number, unit) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let seconds = match unit.as_bytes() {
        [b'm', b's', ..] => number / 1_000.0,
        [b's', ..] => number,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok()
}

/// The event; some servers write its fields beside `type` instead of below
/// `error`.
#[derive(Deserialize)]
pub(super) struct WithError {
    #[serde(default)]
    error: Option<ServerError>,
    #[serde(default)]
    code: Value,
    #[serde(default)]
    message: Value,
}

impl From<WithError> for ServerError {
    fn from(event: WithError) -> Self {
        event.error.unwrap_or_else(|| {
            let fields = [("code", event.code), ("message", event.message)];
            let fields = fields.map(|(name, value)| (name.to_owned(), value));
            Value::Object(fields.into_iter().collect()).into()
        })
    }
}

// The last is LocalAI's, in place of `session.created`.
const PERMANENT: [&str; 6] = [
    "invalid_api_key",
    "insufficient_quota",
    "model_not_found",
    "account_deactivated",
    "billing_hard_limit_reached",
    "model_load_error",
];

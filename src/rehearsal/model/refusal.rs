//! Errors as the real service words them.
//!
//! Codes and messages follow what clients of the service have reported; see
//! <https://platform.openai.com/docs/api-reference/realtime-server-events/error>.

use serde_json::{Value, json};

/// An `error` event in the making.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) param: Option<String>,
}

impl Refusal {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            param: None,
        }
    }

    pub(super) fn invalid_value(param: &str, message: impl Into<String>) -> Self {
        Self::new("invalid_value", message).at(param)
    }

    pub(super) fn at(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    /// Says where a strict type met what it does not know.
    pub(super) fn from_shape(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { path };
        let text = error.inner().to_string();
        if let Some(name) = quoted_after(&text, "unknown field `") {
            let param = under(&path, name);
            return Self::new(
                "unknown_parameter",
                format!("Unknown parameter: '{param}'."),
            )
            .at(&param);
        }
        if let Some(name) = quoted_after(&text, "missing field `") {
            let param = under(&path, name);
            let message = format!("Missing required parameter: '{param}'.");
            return Self::new("missing_required_parameter", message).at(&param);
        }
        if let Some(name) = quoted_after(&text, "unknown variant `") {
            let choices = text.split_once("expected ").map_or("", |(_, after)| after);
            let choices = choices.trim_start_matches("one of ").replace('`', "'");
            let message = format!("Invalid value: '{name}'. Supported values are: {choices}.");
            return Self::invalid_value(&path, message);
        }
        Self::new(
            "invalid_type",
            format!("Invalid type for '{path}': {text}."),
        )
        .at(&path)
    }

    /// The body of the `error` event; `event_id` is the client's own.
    pub(super) fn to_event(&self, event_id: Option<&str>) -> Value {
        json!({
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "code": self.code,
                "message": self.message,
                "param": self.param,
                "event_id": event_id,
            },
        })
    }
}

fn quoted_after<'a>(text: &'a str, opening: &str) -> Option<&'a str> {
    let (_, after) = text.split_once(opening)?;
    after.split_once('`').map(|(name, _)| name)
}

/// `name` under `path`, unless the path already ends there.
fn under(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else if path == name || path.ends_with(&format!(".{name}")) {
        path.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

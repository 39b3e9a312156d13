//! What the simulated model asks of the upgrade request.

use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{StatusCode, header};

/// What was learnt from an upgrade that was answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Opening {
    pub(super) model: String,
    /// The client still speaks the interface that is gone.
    pub(super) is_beta: bool,
}

/// Checks path, model and key; says what it found, or refuses.
pub(super) fn check(request: &Request, required_key: Option<&str>) -> Result<Opening, Refused> {
    if request.uri().path() != "/v1/realtime" {
        let message = format!("Invalid URL (GET {})", request.uri().path());
        return Err(Refused::new(StatusCode::NOT_FOUND, "unknown_url", message));
    }
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let key = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let key = key.map(str::trim).filter(|key| !key.is_empty());
    if key.is_none() || required_key.is_some_and(|required| key != Some(required)) {
        let message = "Incorrect API key provided.";
        return Err(Refused::new(
            StatusCode::UNAUTHORIZED,
            "invalid_api_key",
            message,
        ));
    }
    let query = request.uri().query().unwrap_or_default();
    let model = url::form_urlencoded::parse(query.as_bytes())
        .find_map(|(name, value)| (name == "model").then(|| value.into_owned()));
    let Some(model) = model.filter(|model| !model.is_empty()) else {
        let message = "You must provide a model parameter.";
        return Err(Refused::new(
            StatusCode::BAD_REQUEST,
            "missing_required_parameter",
            message,
        ));
    };
    Ok(Opening {
        model,
        is_beta: header("openai-beta").is_some(),
    })
}

/// An upgrade that is not answered with 101.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refused {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// The refusal that goes with a status, as scripted.
    pub(super) fn scripted(status: u16) -> Self {
        let (code, message) = match status {
            401 => ("invalid_api_key", "Incorrect API key provided."),
            403 => (
                "unsupported_country_region_territory",
                "Not supported here.",
            ),
            404 => (
                "model_not_found",
                "The model does not exist or you do not have access to it.",
            ),
            429 => ("insufficient_quota", "You exceeded your current quota."),
            _ => (
                "server_error",
                "The server had an error while processing your request.",
            ),
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status, code, message)
    }

    pub(super) fn to_response(&self) -> ErrorResponse {
        let body = serde_json::json!({
            "error": {
                "message": self.message,
                "type": "invalid_request_error",
                "param": null,
                "code": self.code,
            },
        });
        let mut response = Response::new(()).map(|()| Some(body.to_string()));
        *response.status_mut() = self.status;
        let json = header::HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }

    /// For the report.
    pub(super) fn violation(&self) -> String {
        format!("{}: {}: {}", self.status.as_u16(), self.code, self.message)
    }
}

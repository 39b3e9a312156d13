//! What went wrong, as RFC 9457 has it told: `application/problem+json`.

use std::fmt;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::carrier::CarrierProblem;
use super::request_id::RequestId;
use crate::domain::DialRefusal;
use crate::store;

/// Why a request is refused, or could not be answered.
///
/// <https://www.rfc-editor.org/rfc/rfc9457>
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The request cannot be read.
    #[error("the request cannot be read: {0}")]
    Malformed(String),
    /// The request can be read, and makes no sense.
    #[error("some values are not what they should be")]
    Invalid(Vec<Fault>),
    /// Nobody knows who asks.
    #[error("this needs an API key or a token, as `Authorization: Bearer <key>`")]
    Unauthorized,
    /// Whoever asks is a member of several tenants, and does not say of which they are now.
    #[error(
        "you are a member of more than one tenant: the token must name one in its claim \
         `tenant_id`"
    )]
    WhichTenant,
    /// Whoever asks may not.
    #[error("this needs the permission {0}, which you do not have")]
    Forbidden(&'static str),
    /// Whoever asks may not, whatever their permissions.
    #[error("{0}")]
    Reserved(&'static str),
    /// Nothing is there, or nothing that this caller may know of.
    #[error("there is nothing here by that name")]
    NotFound,
    /// What is asked for cannot be together with what is there.
    #[error("{0}")]
    Conflict(&'static str),
    /// Something else names it, which is told.
    #[error("{0}")]
    InUse(String),
    /// The same is being done at this moment, for somebody else or for the
    /// same asker.
    #[error("the same is being done at this moment; ask again in a moment")]
    InFlight,
    /// The outbound policy does not allow somebody to be rung.
    #[error("{0}")]
    Refused(DialRefusal),
    /// The carrier did not do as it was asked.
    #[error(transparent)]
    Carrier(CarrierProblem),
    /// Something is there, and does not do this.
    #[error("this address does not answer to this method; see the header Allow")]
    MethodNotAllowed,
    /// A part is asked for that begins where there is nothing any more; so
    /// many bytes there are.
    #[error("there are only {0} bytes")]
    BeyondEnd(u64),
    /// The body is too large.
    #[error("the body is larger than any that is read here")]
    TooLarge,
    /// The body is not JSON, by its own word.
    #[error("the body must be JSON, with `Content-Type: application/json`")]
    NotJson,
    /// The answer took too long.
    #[error("the answer took too long; it is worth another try")]
    Timeout,
    /// Something that we need is away.
    #[error("{0} cannot be reached; it is worth another try")]
    Unavailable(&'static str),
    /// We panicked; the panic hook has logged it.
    #[error("we failed; the log knows more under this request's id")]
    Panicked,
    /// We failed. Logged when answered, never told.
    #[error("we failed; the log knows more under this request's id")]
    Internal(#[source] anyhow::Error),
}

/// One value that is not what it should be.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
pub struct Fault {
    /// Where it stands: a JSON pointer (`#/greeting`) into the body, or the
    /// name of a parameter (`?limit`).
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

impl Fault {
    /// A fault of the query's parameter `name`.
    pub fn of_parameter(name: &str, detail: impl fmt::Display) -> Self {
        Self {
            pointer: format!("?{name}"),
            detail: detail.to_string(),
        }
    }
}

impl ApiError {
    /// A refusal of one parameter of the query.
    pub fn parameter(name: &str, detail: impl fmt::Display) -> Self {
        Self::Invalid(vec![Fault::of_parameter(name, detail)])
    }

    /// A refusal of one field of the body.
    pub fn field(name: &str, detail: impl fmt::Display) -> Self {
        Self::Invalid(vec![Fault {
            pointer: format!("#/{name}"),
            detail: detail.to_string(),
        }])
    }

    /// An unexpected failure.
    pub fn internal(error: impl Into<anyhow::Error>) -> Self {
        Self::Internal(error.into())
    }

    /// The storage of sound failed.
    pub fn storage(error: std::io::Error) -> Self {
        let error = anyhow::Error::from(error);
        tracing::error!(
            error = format!("{error:#}"),
            "the storage failed; see STORAGE_URL"
        );
        Self::Unavailable("the storage")
    }

    /// Status, the stable end of the type, and the title.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed(_) => (StatusCode::BAD_REQUEST, "malformed", "Malformed request"),
            Self::Invalid(_) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid",
                "Invalid values",
            ),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized"),
            Self::WhichTenant => (StatusCode::UNAUTHORIZED, "which-tenant", "Which tenant?"),
            Self::Forbidden(_) | Self::Reserved(_) => {
                (StatusCode::FORBIDDEN, "forbidden", "Forbidden")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            Self::Conflict(_) | Self::InUse(_) => (StatusCode::CONFLICT, "conflict", "Conflict"),
            Self::InFlight => (StatusCode::CONFLICT, "in-flight", "Under way"),
            Self::Refused(refusal) => {
                let status = if refusal.is_of_number() {
                    StatusCode::UNPROCESSABLE_ENTITY
                } else {
                    StatusCode::CONFLICT
                };
                (status, "policy-refused", "Refused by the outbound policy")
            }
            Self::Carrier(problem) => problem.kind(),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "Method not allowed",
            ),
            Self::BeyondEnd(_) => (
                StatusCode::RANGE_NOT_SATISFIABLE,
                "range-not-satisfiable",
                "Range not satisfiable",
            ),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Body too large"),
            Self::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", "Not JSON"),
            Self::Timeout => (StatusCode::SERVICE_UNAVAILABLE, "timeout", "Timed out"),
            Self::Unavailable(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "Temporarily unavailable",
            ),
            Self::Panicked | Self::Internal(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Internal error",
            ),
        }
    }

    /// After how many seconds it is worth another try.
    fn retry_after(&self) -> Option<u64> {
        if let Self::Carrier(problem) = self {
            return problem.retry_after();
        }
        let is_soon_over = matches!(self, Self::Timeout | Self::Unavailable(_) | Self::InFlight);
        is_soon_over.then_some(1)
    }
}

impl From<store::Error> for ApiError {
    fn from(error: store::Error) -> Self {
        if error.is_transient() {
            let error = anyhow::Error::from(error);
            tracing::warn!(error = format!("{error:#}"), "the database does not answer");
            return Self::Unavailable("the database");
        }
        // Somebody was faster: what was there a moment ago is not any more, or the same is
        // there already.
        if matches!(error, store::Error::Dangling) {
            Self::NotFound
        } else if matches!(error, store::Error::Conflict) {
            Self::Conflict("the same was made a moment ago")
        } else {
            Self::internal(error)
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Self::Internal(error) = &self {
            tracing::error!(error = format!("{error:#}"), "request failed");
        }
        let (status, slug, title) = self.kind();
        let mut problem = Problem {
            kind: format!("/problems/{slug}"),
            title,
            status: status.as_u16(),
            detail: self.to_string(),
            code: None,
            request_id: None,
            errors: Vec::new(),
        };
        if let Self::Refused(refusal) = &self {
            problem.code = Some(refusal.code());
        }
        let mut response = status.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, PROBLEM_JSON);
        if let Self::Unauthorized | Self::WhichTenant = self {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        } else if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, seconds.into());
        } else if let Self::BeyondEnd(length) = self {
            let place = HeaderValue::from_str(&format!("bytes */{length}"));
            headers.extend(place.map(|place| (header::CONTENT_RANGE, place)));
        } else if let Self::Invalid(faults) = self {
            problem.errors = faults;
        }
        *response.body_mut() = problem.to_body();
        response.extensions_mut().insert(problem);
        response
    }
}

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// The members of a problem, in the order of RFC 9457 § 3.1.
#[derive(Clone, Serialize, ToSchema)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: String,
    /// A stable word for the reason, where the type has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
}

impl Problem {
    pub(super) fn of_request(mut self, id: &RequestId) -> Self {
        self.request_id = Some(id.to_string());
        self
    }

    pub(super) fn to_body(&self) -> Body {
        let text = serde_json::to_string(self).expect("a problem is plain text and numbers");
        Body::from(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_faster_has_done_is_not_our_failure() {
        for (error, status) in [
            (store::Error::Dangling, StatusCode::NOT_FOUND),
            (store::Error::Conflict, StatusCode::CONFLICT),
            (store::Error::Url, StatusCode::INTERNAL_SERVER_ERROR),
        ] {
            let told = format!("{error}");
            assert_eq!(ApiError::from(error).kind().0, status, "{told}");
        }
    }
}

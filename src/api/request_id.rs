//! A name for every request, so that an operator's question finds its log line.

use std::fmt;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use ulid::Ulid;

use super::problem::Problem;
use crate::clock::Clock;
use crate::domain::Timestamp;

/// The header that carries it, both ways.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from a stranger.
const MAX_LEN: usize = 64;

/// Names a request: the caller's own name for it, or `req_01J…`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestId(Box<str>);

impl RequestId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id that the caller gave, if it can do no harm in a log.
    fn given(request: &Request) -> Option<Self> {
        let text = request.headers().get(X_REQUEST_ID)?.to_str().ok()?;
        let fits = (1..=MAX_LEN).contains(&text.len());
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        (fits && text.bytes().all(is_plain)).then(|| Self(text.into()))
    }
}

impl From<(Timestamp, u128)> for RequestId {
    fn from((at, random): (Timestamp, u128)) -> Self {
        let ms = u64::try_from(at.as_ms()).unwrap_or_default();
        Self(format!("req_{}", Ulid::from_parts(ms, random)).into())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Middleware that names each request, and tells the caller: in the answer's
/// `X-Request-Id`, and in its body if it is a problem.
pub async fn name_request(
    State(clock): State<Clock>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::given(&request).unwrap_or_else(|| clock.new_id());
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        *response.body_mut() = problem.of_request(&id).to_body();
    }
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

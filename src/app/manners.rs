//! What every request meets before its handler: an id, a log line, limits.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;
use http_body_util::Limited;
use metrics::{counter, histogram};
use tokio::time::Instant;
use tower::ServiceBuilder;
use tracing::Instrument as _;

use crate::api::{ApiError, RequestId, name_request};
use crate::clock::Clock;

/// How far a request may go.
#[derive(Clone, Debug)]
pub struct Manners {
    /// Names the requests.
    pub clock: Clock,
    /// The largest body, in bytes.
    pub max_body_bytes: usize,
    /// How long a handler may take.
    pub timeout: Duration,
    /// What the carrier is told where others are told of a problem: the
    /// telephone is answered with a voice, never with JSON.
    pub apology: fn() -> Response,
}

impl Manners {
    /// The usual limits.
    pub fn new(clock: Clock, apology: fn() -> Response) -> Self {
        Self {
            clock,
            max_body_bytes: 64 * 1024,
            timeout: Duration::from_secs(15),
            apology,
        }
    }

    /// Teaches `router` its manners; to be called last, with all routes in.
    ///
    /// They are one layer: axum keeps a copy of each for every route, which are
    /// some hundreds, and a megabyte for each layer.
    pub fn teach(self, router: Router) -> Router {
        let manners = ServiceBuilder::new()
            .layer(from_fn_with_state(self.clock.clone(), name_request))
            .layer(from_fn(observe))
            .layer(from_fn_with_state(self.clone(), catch))
            .layer(from_fn_with_state(self, limit));
        router
            .fallback(async || ApiError::NotFound)
            .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
            .layer(manners)
    }

    fn refuse(&self, uri: &Uri, error: ApiError) -> Response {
        if uri.path().starts_with(TELEPHONE) {
            (self.apology)()
        } else {
            error.into_response()
        }
    }
}

/// What the carrier calls.
const TELEPHONE: &str = "/api/voice/webhooks/";

/// Bounds the body and the time.
async fn limit(State(manners): State<Manners>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("", MatchedPath::as_str);
    let roomy = ROOMY.iter().find(|(path, _)| *path == route);
    let limit = roomy.map_or(manners.max_body_bytes, |(_, bytes)| *bytes);
    let uri = request.uri().clone();
    if declared_length(request.headers()).is_some_and(|length| length > limit) {
        return manners.refuse(&uri, ApiError::TooLarge);
    }
    let request = request.map(|body| Body::new(Limited::new(body, limit)));
    match tokio::time::timeout(manners.timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => manners.refuse(&uri, ApiError::Timeout),
    }
}

/// Routes whose bodies may be larger than others, and how large, in bytes.
const ROOMY: &[(&str, usize)] = &[
    ("/api/contacts/import", 2 * 1024 * 1024),
    ("/api/voicemail/greetings", 7 * 1024 * 1024),
    ("/api/voicemail/greetings/{id}", 7 * 1024 * 1024),
];

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Turns a panic into an answer, and a line in the log by the panic hook.
async fn catch(State(manners): State<Manners>, request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    // What a panicked handler leaves behind is its own request's; what it
    // shares with others is behind locks that poison or in a database.
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    answered.unwrap_or_else(|_| {
        counter!("frontdesk_http_panics_total").increment(1);
        manners.refuse(&uri, ApiError::Panicked)
    })
}

/// Logs and counts. The path is told as its route: ids tell whose it was.
async fn observe(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = method_name(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route
        .as_ref()
        .map_or("unmatched", MatchedPath::as_str)
        .to_owned();
    let id = request.extensions().get::<RequestId>().cloned();
    let id = id.as_ref().map_or("", RequestId::as_str);
    let span = tracing::info_span!(
        "request",
        request.id = id,
        http.method = method,
        http.route = route
    );
    async {
        let mut response = next.run(request).await;
        let status = response.status().as_u16();
        let took = began.elapsed();
        let labels = [
            ("method", method.to_owned()),
            ("route", route.clone()),
            ("status", status.to_string()),
        ];
        counter!("frontdesk_http_requests_total", &labels).increment(1);
        histogram!("frontdesk_http_request_duration_seconds", &labels[..2]).record(took);
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if PROBES.contains(&route.as_str()) {
            tracing::debug!(http.status = status, http.took_ms = took_ms, "answered");
        } else {
            tracing::info!(http.status = status, http.took_ms = took_ms, "answered");
        }
        guard(&route, response.headers_mut());
        response
    }
    .instrument(span)
    .await
}

/// What machines ask every few seconds.
const PROBES: &[&str] = &["/livez", "/readyz", "/metrics"];

/// No browser may guess what an answer is, and no cache may keep what an
/// operator saw.
fn guard(route: &str, headers: &mut HeaderMap) {
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if route.starts_with("/api/") && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// A stranger may invent methods; the metrics do not collect them.
fn method_name(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    let known = KNOWN.into_iter().find(|known| *known == method.as_str());
    known.unwrap_or("OTHER")
}

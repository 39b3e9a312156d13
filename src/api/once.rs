//! `Idempotency-Key`: a request that may be sent again, and is done once.
//!
//! <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>

use std::fmt::Write as _;
use std::panic::resume_unwind;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;
use tracing::Instrument as _;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::extract::unread;
use super::operator::Operator;
use super::problem::{ApiError, Fault};
use super::state::ApiState;
use crate::clock::random_bytes;
use crate::store::idempotency_keys::{self, Claim, KeptAnswer, RequestName, Standing};

/// The header that names a request.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The header of an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The longest key.
const MAX_LEN: usize = 255;

/// What takes longer waits for somebody who never answers. Whether it was done nobody knows
/// then, as if this process had died.
const LONGEST: Duration = Duration::from_mins(5);

/// Does a request that carries a key once, and gives the same answer to those
/// who ask again.
///
/// What has begun is brought to its end, whether or not the asker stays to
/// hear of it. An answer of ours that we failed (5xx) is not kept: who asks
/// again has it tried again.
pub(super) async fn once(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let asked = match Asked::read(&state, request).await {
        Ok(Ok(asked)) => asked,
        Ok(Err(request)) => return next.run(request).await,
        Err(error) => return error.into_response(),
    };
    match take(&state, &asked.claim).await {
        Ok(Standing::Claimed) => {}
        Ok(Standing::Done(answer)) => return replayed(answer),
        Ok(Standing::InFlight) => return ApiError::InFlight.into_response(),
        Ok(Standing::OfAnother) => return fault(OF_ANOTHER).into_response(),
        Err(error) => return error.into_response(),
    }
    let work = async move {
        let response = next.run(asked.request).await;
        kept(&state, &asked.claim, response).await
    };
    match tokio::spawn(timeout(LONGEST, work.in_current_span())).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => ApiError::Timeout.into_response(),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(error) => ApiError::internal(error).into_response(),
        },
    }
}

/// A request with a key.
struct Asked {
    claim: Claim,
    request: Request,
}

impl Asked {
    /// Gives the request back if it has no key.
    async fn read(state: &ApiState, request: Request) -> Result<Result<Self, Request>, ApiError> {
        let Some(key) = key(request.headers())? else {
            return Ok(Err(request));
        };
        let (parts, body) = request.into_parts();
        let mut whole = Request::new(body);
        // How large it may be stands there.
        whole.extensions_mut().clone_from(&parts.extensions);
        let bytes = Bytes::from_request(whole, state).await;
        let bytes = bytes.map_err(|rejection| unread(&rejection))?;
        let operator = parts.extensions.get::<Operator>();
        let operator = operator.ok_or(ApiError::Unauthorized)?;
        let name = RequestName {
            tenant_id: operator.tenant_id,
            key,
            hash: hash(operator, &parts, &bytes),
        };
        let turn = format!("{:032x}", u128::from_le_bytes(random_bytes()));
        Ok(Ok(Self {
            claim: Claim { name, turn },
            request: Request::from_parts(parts, Body::from(bytes)),
        }))
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = given.next() else {
        return Ok(None);
    };
    let is_plain = |text: &&str| {
        let is_visible = text.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
        (1..=MAX_LEN).contains(&text.len()) && is_visible
    };
    let text = value.to_str().ok().filter(is_plain);
    match (text, given.next()) {
        (Some(text), None) => Ok(Some(text.to_owned())),
        _ => Err(fault(NO_KEY)),
    }
}

fn fault(detail: &str) -> ApiError {
    ApiError::Invalid(vec![Fault {
        pointer: "Idempotency-Key".to_owned(),
        detail: detail.to_owned(),
    }])
}

const NO_KEY: &str = "expected 1 to 255 visible ASCII characters, once";
const OF_ANOTHER: &str = "this key came with another request in the last 24 hours";

/// Names all that a request asks for, and who asks.
fn hash(operator: &Operator, parts: &Parts, body: &[u8]) -> String {
    let target = parts.uri.path_and_query().map(ToString::to_string);
    let head = [
        operator.actor.to_string(),
        parts.method.to_string(),
        target.unwrap_or_default(),
    ];
    let mut hash = Sha256::new();
    for part in head {
        hash.update(part.as_bytes());
        hash.update(b"\n");
    }
    hash.update(body);
    let mut text = String::new();
    for byte in hash.finalize() {
        write!(text, "{byte:02x}").expect("a string takes all that is written");
    }
    text
}

async fn take(state: &ApiState, claim: &Claim) -> Result<Standing, ApiError> {
    let mut tx = state.store.begin().await?;
    let standing = idempotency_keys::claim(&mut tx, claim, state.clock.now()).await?;
    tx.commit().await?;
    Ok(standing)
}

/// Keeps the answer for those who ask again, or lets them try again.
async fn kept(state: &ApiState, claim: &Claim, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let Ok(bytes) = body.collect().await else {
        return ApiError::internal(anyhow::anyhow!("an answer broke off")).into_response();
    };
    let bytes = bytes.to_bytes();
    let text = String::from_utf8(bytes.to_vec()).ok();
    // Who is told to come again is not told the same a day long.
    let is_final = !parts.status.is_server_error() && !parts.headers.contains_key(RETRY_AFTER);
    let outcome = match text.filter(|_| is_final) {
        Some(body) => {
            let content_type = parts.headers.get(CONTENT_TYPE);
            let content_type = content_type.and_then(|value| value.to_str().ok());
            let answer = KeptAnswer {
                status: parts.status.as_u16(),
                content_type: content_type.unwrap_or_default().to_owned(),
                body,
            };
            let done = idempotency_keys::complete(&state.store, claim, &answer);
            done.await.map(drop)
        }
        None => idempotency_keys::release(&state.store, claim).await,
    };
    if let Err(error) = outcome {
        let error = format!("{:#}", anyhow::Error::from(error));
        tracing::warn!(error, "an answer was not kept for those who ask again");
    }
    Response::from_parts(parts, Body::from(bytes))
}

fn replayed(answer: KeptAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status);
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    if let Ok(content_type) = HeaderValue::from_str(&answer.content_type) {
        headers.insert(CONTENT_TYPE, content_type);
    }
    response
}

/// Tells of the header in the documentation of an operation.
pub(super) fn document(operation: &mut Operation) {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(MAX_LEN))
        .pattern(Some("^[!-~]([ -~]*[!-~])?$"))
        .build();
    let header = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(ABOUT))
        .schema(Some(text))
        .build();
    operation
        .parameters
        .get_or_insert_default()
        .push(header.into());
}

const ABOUT: &str = "\
A name of your own for this request. For 24 hours the same request with the same name is answered \
as it was the first time (with `Idempotency-Replayed: true`), and not done again. The same name \
with another request is refused.";

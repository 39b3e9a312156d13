//! Who asks: the holder of an API key.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use tokio::time::timeout;

use super::problem::ApiError;
use super::state::ApiState;
use crate::domain::{ApiKeyId, TenantId};
use crate::store::{KeyText, api_keys};

/// The person or program that showed a key. A tenant's rows are reached only
/// through this, so a handler that forgets to ask reaches none.
#[derive(Clone, Copy, Debug)]
pub struct Operator {
    /// Whose calls the key opens.
    pub tenant_id: TenantId,
    /// Which key it was.
    pub key_id: ApiKeyId,
}

impl FromRequestParts<ApiState> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let text = bearer(&parts.headers).ok_or(ApiError::Unauthorized)?;
        let now = state.clock.now();
        let key = api_keys::verify(&state.store, &text, now).await?;
        let key = key.ok_or(ApiError::Unauthorized)?;
        let noted = api_keys::touch_last_used(&state.store, key.tenant_id, key.id, now);
        // A busy writer must not keep a reader waiting for a mere note.
        if key
            .last_used_at
            .is_none_or(|at| at.plus_ms(NOTE_EVERY_MS) <= now)
        {
            let noted = timeout(NOTE_PATIENCE, noted).await;
            if !matches!(noted, Ok(Ok(()))) {
                tracing::warn!(key.id = %key.id, "the use of a key was not noted");
            }
        }
        Ok(Self {
            tenant_id: key.tenant_id,
            key_id: key.id,
        })
    }
}

/// `Authorization: Bearer <key>`; the scheme in any case, as RFC 9110 § 11.1
/// has it.
fn bearer(headers: &HeaderMap) -> Option<KeyText> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, text) = given.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then(|| text.trim().parse().ok()).flatten()
}

/// To the minute is exact enough to see that a key is in use.
const NOTE_EVERY_MS: i64 = 60_000;

const NOTE_PATIENCE: Duration = Duration::from_millis(500);

//! Who asks: the holder of an API key, or the bearer of a token.

use std::fmt;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use tokio::time::timeout;

use super::problem::ApiError;
use super::request_id::RequestId;
use super::state::ApiState;
use crate::domain::{ApiKeyId, Permission, Reach, Role, Scope, TenantId, UserId};
use crate::store::api_keys::{self, ApiKey};
use crate::store::{KeyText, users};

/// The person or program that asks, let in for this one request.
///
/// A tenant's rows are reached only through this, and only a route that names
/// its permission makes one, so a route that forgets to ask reaches none.
#[derive(Clone, Debug)]
pub struct Operator {
    /// Whose house is open to them.
    pub tenant_id: TenantId,
    /// Who it is.
    pub actor: Actor,
    /// How far the permission of this route goes.
    pub reach: Reach,
    /// All that they may do.
    pub rights: Rights,
    /// The request that they came with.
    pub request_id: Option<RequestId>,
}

impl Operator {
    /// The member whose own things are all that is open, if that is so. A key
    /// has nothing of its own.
    pub(super) fn only(&self) -> Option<UserId> {
        self.member().filter(|_| self.reach == Reach::Own)
    }

    /// Whose things a list shows: the `given` member's, everybody's where none is
    /// given, and never more than are open.
    pub(super) fn narrowed(&self, given: Option<UserId>) -> Result<Option<UserId>, ApiError> {
        match (self.only(), given) {
            (Some(own), Some(other)) if own != other => {
                Err(ApiError::parameter("user", "expected your own id"))
            }
            (own, given) => Ok(own.or(given)),
        }
    }

    /// The same, as far as they may read with `permission`: who may write and not
    /// read is shown numbers and words masked.
    pub(super) fn reading(&self, permission: Permission) -> Self {
        let reach = self.rights.reach(permission);
        Self {
            reach: if reach == Reach::None {
                Reach::Masked
            } else {
                reach
            },
            ..self.clone()
        }
    }

    /// The member that it is. A key is none.
    pub(super) fn member(&self) -> Option<UserId> {
        match self.actor {
            Actor::User(user) => Some(user),
            Actor::Key(_) => None,
        }
    }

    /// Whether numbers and words are not for these eyes.
    pub(super) fn sees_masked(&self) -> bool {
        self.reach == Reach::Masked
    }
}

/// A member, or a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Actor {
    /// A member of the tenant.
    User(UserId),
    /// A program with a key.
    Key(ApiKeyId),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::Key(id) => id.fmt(f),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let operator = parts.extensions.get::<Self>().cloned();
        operator.ok_or(ApiError::Unauthorized)
    }
}

/// Somebody who was recognized.
pub(super) struct Visitor {
    pub(super) tenant_id: TenantId,
    pub(super) actor: Actor,
    pub(super) rights: Rights,
}

/// What somebody may do.
#[derive(Clone, Debug)]
pub enum Rights {
    /// What a member of this role may.
    Role(Role),
    /// What a key opens.
    Scope(Scope),
    /// Makes tenants, and sees nothing of what is theirs.
    Platform,
}

impl Rights {
    /// How far a permission goes.
    pub fn reach(&self, permission: Permission) -> Reach {
        match self {
            Self::Role(role) => role.reach(permission),
            Self::Scope(scope) => scope.reach(permission),
            Self::Platform => Reach::None,
        }
    }
}

/// Recognizes whoever shows a key or a token.
pub(super) async fn recognize(state: &ApiState, headers: &HeaderMap) -> Result<Visitor, ApiError> {
    let text = bearer(headers).ok_or(ApiError::Unauthorized)?;
    let visitor = match text.parse::<KeyText>() {
        Ok(key) => by_key(state, &key).await?,
        Err(_) => by_token(state, text).await?,
    };
    visitor.ok_or(ApiError::Unauthorized)
}

async fn by_key(state: &ApiState, text: &KeyText) -> Result<Option<Visitor>, ApiError> {
    let now = state.clock.now();
    let Some(key) = api_keys::verify(&state.store, text, now).await? else {
        return Ok(None);
    };
    let is_due = |at: crate::domain::Timestamp| at.plus_ms(NOTE_EVERY_MS) <= now;
    if key.last_used_at.is_none_or(is_due) {
        note_use(state, &key).await;
    }
    let rights = if key.is_platform {
        Rights::Platform
    } else {
        Rights::Scope(key.scope)
    };
    Ok(Some(Visitor {
        tenant_id: key.tenant_id,
        actor: Actor::Key(key.id),
        rights,
    }))
}

/// A busy writer must not keep a reader waiting for a mere note.
async fn note_use(state: &ApiState, key: &ApiKey) {
    let now = state.clock.now();
    let noted = api_keys::touch_last_used(&state.store, key.tenant_id, key.id, now);
    let noted = timeout(NOTE_PATIENCE, noted).await;
    if !matches!(noted, Ok(Ok(()))) {
        tracing::warn!(key.id = %key.id, "the use of a key was not noted");
    }
}

async fn by_token(state: &ApiState, text: &str) -> Result<Option<Visitor>, ApiError> {
    let Some(bearer) = state.tokens.bearer(text).await else {
        return Ok(None);
    };
    let found = users::list_by_subject(&state.store, &bearer.subject, bearer.tenant).await?;
    let mut found = found.into_iter();
    let user = found.next();
    if found.next().is_some() {
        return Err(ApiError::WhichTenant);
    }
    Ok(user.map(|user| Visitor {
        tenant_id: user.tenant_id,
        actor: Actor::User(user.id),
        rights: Rights::Role(user.role),
    }))
}

/// `Authorization: Bearer <key or token>`; the scheme in any case, as RFC 9110
/// § 11.1 has it.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, text) = given.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| text.trim())
}

/// To the minute is exact enough to see that a key is in use.
const NOTE_EVERY_MS: i64 = 60_000;

const NOTE_PATIENCE: Duration = Duration::from_millis(500);

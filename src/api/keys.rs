//! `/api/keys`: the keys by which programs come in.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::audit::{self, Change};
use super::extract::{Json, Name, Path, Query, optional_text};
use super::list::{PageBody, PageQuery};
use super::operator::Operator;
use super::problem::{ApiError, Fault};
use super::state::ApiState;
use crate::clock::random_bytes;
use crate::domain::{ApiKeyId, Permission, Reach, Scope, TenantId, Timestamp};
use crate::store::api_keys::{self, ApiKey, NewApiKey};
use crate::store::{KeyText, page};

/// The keys of the tenant, those that open nothing any more too.
#[utoipa::path(get, path = "/api/keys", operation_id = "list_keys", tag = "Members",
    params(PageQuery), responses((status = 200, body = PageBody<KeyBody>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<PageQuery>,
) -> Result<JsonBody<PageBody<KeyBody>>, ApiError> {
    listed(&state, (operator.tenant_id, false), query).await
}

/// The keys of the platform's operators.
#[utoipa::path(get, path = "/api/platform/keys", operation_id = "list_platform_keys",
    tag = "Platform", params(PageQuery), responses((status = 200, body = PageBody<KeyBody>)))]
pub(super) async fn list_of_platform(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<PageQuery>,
) -> Result<JsonBody<PageBody<KeyBody>>, ApiError> {
    listed(&state, (operator.tenant_id, true), query).await
}

async fn listed(
    state: &ApiState,
    whose: (TenantId, bool),
    query: PageQuery,
) -> Result<JsonBody<PageBody<KeyBody>>, ApiError> {
    let request: page::Request = query.into_request();
    let page = api_keys::list(&state.store, whose, &request).await?;
    Ok(JsonBody(PageBody::of(page)))
}

/// Makes a key. Its text is in this answer and nowhere else.
#[utoipa::path(post, path = "/api/keys", operation_id = "create_key", tag = "Members",
    request_body = NewKey, responses((status = 201, body = FreshKeyBody)))]
pub(super) async fn create(
    State(state): State<ApiState>,
    operator: Operator,
    Json(new): Json<NewKey>,
) -> Result<(StatusCode, JsonBody<FreshKeyBody>), ApiError> {
    let now = state.clock.now();
    if new.expires_at.is_some_and(|at| at <= now) {
        let fault = Fault {
            pointer: "#/expires_at".to_owned(),
            detail: "expected a time to come".to_owned(),
        };
        return Err(ApiError::Invalid(vec![fault]));
    }
    let scope = scope(&new.permissions)?;
    may_grant(&operator, &scope)?;
    let text = KeyText::from_random(&random_bytes());
    let fresh = NewApiKey {
        id: state.clock.new_id(),
        tenant_id: operator.tenant_id,
        name: &new.name.0,
        text: &text,
        scope,
        is_platform: false,
        created_at: now,
        expires_at: new.expires_at,
    };
    let mut tx = state.store.begin().await?;
    let key = api_keys::insert(&mut tx, &fresh).await?;
    let change = Change {
        action: "key.created",
        object: key.id.to_string(),
        fields: &["name", "permissions", "expires_at"],
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    let body = FreshKeyBody {
        key: key.into(),
        text: text.expose().to_owned(),
    };
    Ok((StatusCode::CREATED, JsonBody(body)))
}

/// Ends a key for good, at once.
#[utoipa::path(delete, path = "/api/keys/{id}", operation_id = "revoke_key", tag = "Members",
    params(("id" = String, Path, description = "`key_…`")), responses((status = 204)))]
pub(super) async fn revoke(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<ApiKeyId>,
) -> Result<StatusCode, ApiError> {
    revoked((&state, &operator), false, id).await
}

/// Ends a key of the platform's operators for good, at once; also one's own.
#[utoipa::path(delete, path = "/api/platform/keys/{id}", operation_id = "revoke_platform_key",
    tag = "Platform", params(("id" = String, Path, description = "`key_…`")),
    responses((status = 204)))]
pub(super) async fn revoke_of_platform(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<ApiKeyId>,
) -> Result<StatusCode, ApiError> {
    revoked((&state, &operator), true, id).await
}

async fn revoked(
    (state, operator): (&ApiState, &Operator),
    is_platform: bool,
    id: ApiKeyId,
) -> Result<StatusCode, ApiError> {
    let whose = (operator.tenant_id, is_platform);
    let mut tx = state.store.begin().await?;
    if !api_keys::revoke(&mut tx, whose, id, state.clock.now()).await? {
        return Err(ApiError::NotFound);
    }
    let change = Change {
        action: "key.revoked",
        object: id.to_string(),
        fields: &[],
    };
    if is_platform {
        audit::commit_of_platform(tx, (state, operator), change).await?;
    } else {
        audit::commit(tx, (state, operator), operator.tenant_id, change).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `["*"]` or permissions.
fn scope(words: &[String]) -> Result<Scope, ApiError> {
    if words == ["*"] {
        return Ok(Scope::Everything);
    }
    let mut some = Vec::new();
    let mut faults = Vec::new();
    for (index, word) in words.iter().enumerate() {
        match word.parse::<Permission>() {
            Ok(permission) if permission.is_for_keys() => some.push(permission),
            Ok(_) => faults.push(fault(index, "no key is made for this alone".to_owned())),
            Err(error) => faults.push(fault(index, error.to_string())),
        }
    }
    if words.is_empty() {
        faults.push(Fault {
            pointer: "#/permissions".to_owned(),
            detail: "expected at least one permission, or [\"*\"]".to_owned(),
        });
    }
    if faults.is_empty() {
        Ok(Scope::Only(some))
    } else {
        Err(ApiError::Invalid(faults))
    }
}

fn fault(index: usize, detail: String) -> Fault {
    Fault {
        pointer: format!("#/permissions/{index}"),
        detail,
    }
}

/// Nobody makes a key that opens more than they may themselves.
fn may_grant(operator: &Operator, scope: &Scope) -> Result<(), ApiError> {
    let wanted = match scope {
        Scope::Everything => Permission::ALL,
        Scope::Only(some) => some,
    };
    let missing = wanted
        .iter()
        .find(|one| operator.rights.reach(**one) != Reach::All);
    missing.map_or(Ok(()), |one| Err(ApiError::Forbidden(one.as_str())))
}

/// A key to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    #[schema(value_type = String, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    name: Name,
    /// What it opens, such as `calls:read`; `["*"]` for everything. Only such a
    /// key takes members in: none is made for `members:write` by name.
    #[schema(min_items = 1, example = json!(["calls:read"]))]
    permissions: Vec<String>,
    /// When it stops working; never where nothing is said.
    #[serde(default, deserialize_with = "optional_text")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A key; its text is known to its holder alone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyBody {
    id: String,
    name: String,
    /// The beginning of its text, to recognize it by.
    prefix: String,
    /// What it opens; `["*"]` for everything.
    permissions: Vec<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// To the minute.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
}

impl From<ApiKey> for KeyBody {
    fn from(key: ApiKey) -> Self {
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Self {
            id: key.id.to_string(),
            name: key.name,
            prefix: key.prefix,
            permissions: words(&key.scope),
            created_at: key.created_at.to_string(),
            expires_at: time(key.expires_at),
            last_used_at: time(key.last_used_at),
            revoked_at: time(key.revoked_at),
        }
    }
}

fn words(scope: &Scope) -> Vec<String> {
    scope
        .to_text()
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

/// A key that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FreshKeyBody {
    #[serde(flatten)]
    key: KeyBody,
    /// The key itself, shown this once.
    text: String,
}

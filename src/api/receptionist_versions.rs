//! `/api/receptionists/{id}/versions`: what callers met, and since when.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::audit::{self, Change};
use super::bounded::Text;
use super::extract::{Json, Path, PathPair, Query};
use super::list::{PageBody, PageQuery};
use super::operator::Operator;
use super::problem::ApiError;
use super::receptionist_body::{ContentBody, ReceptionistBody};
use super::receptionists::find;
use super::state::ApiState;
use crate::domain::ReceptionistId;
use crate::store::receptionist_versions::{self, Publication, Version};
use crate::store::receptionists;
use crate::store::text::Number;

/// Lets callers meet the draft, as the next version.
#[utoipa::path(post, path = "/api/receptionists/{id}/publish",
    operation_id = "publish_receptionist", tag = "Receptionists",
    params(("id" = String, Path, description = "`rec_…`")),
    request_body = NewVersion, responses((status = 201, body = VersionBody)))]
pub(super) async fn publish(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<ReceptionistId>,
    Json(new): Json<NewVersion>,
) -> Result<(StatusCode, JsonBody<VersionBody>), ApiError> {
    let tenant = operator.tenant_id;
    let publication = Publication {
        by: Some(operator.actor.to_string()),
        note: new.note(),
        at: state.clock.now(),
    };
    let mut tx = state.store.begin().await?;
    let version = receptionist_versions::publish(&mut tx, tenant, id, &publication).await?;
    let version = version.ok_or(ApiError::NotFound)?;
    let version = receptionist_versions::find(&mut tx, tenant, id, version).await?;
    let body = version.ok_or(ApiError::NotFound)?.into();
    let change = Change {
        action: "receptionist.published",
        object: id.to_string(),
        fields: &[],
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok((StatusCode::CREATED, JsonBody(body)))
}

/// The versions of a receptionist.
#[utoipa::path(get, path = "/api/receptionists/{id}/versions",
    operation_id = "list_receptionist_versions", tag = "Receptionists",
    params(("id" = String, Path, description = "`rec_…`"), PageQuery),
    responses((status = 200, body = PageBody<VersionSummary>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<ReceptionistId>,
    Query(query): Query<PageQuery>,
) -> Result<JsonBody<PageBody<VersionSummary>>, ApiError> {
    let tenant = operator.tenant_id;
    find(&state.store, tenant, id).await?;
    let page = query.into_request();
    let page = receptionist_versions::list(&state.store, tenant, id, &page).await?;
    Ok(JsonBody(PageBody::of(page)))
}

/// One version, whole.
#[utoipa::path(get, path = "/api/receptionists/{id}/versions/{version}",
    operation_id = "show_receptionist_version", tag = "Receptionists",
    params(("id" = String, Path, description = "`rec_…`"),
        ("version" = u32, Path, description = "counted from 1", minimum = 1)),
    responses((status = 200, body = VersionBody)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
    PathPair(id, version): PathPair<ReceptionistId, u32>,
) -> Result<JsonBody<VersionBody>, ApiError> {
    let (store, tenant) = (&state.store, operator.tenant_id);
    let version = receptionist_versions::find(store, tenant, id, version.into()).await?;
    Ok(JsonBody(version.ok_or(ApiError::NotFound)?.into()))
}

/// Makes a version the draft again; callers notice nothing before it is
/// published.
#[utoipa::path(post, path = "/api/receptionists/{id}/restore",
    operation_id = "restore_receptionist", tag = "Receptionists",
    params(("id" = String, Path, description = "`rec_…`")),
    request_body = OldVersion, responses((status = 200, body = ReceptionistBody)))]
pub(super) async fn restore(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<ReceptionistId>,
    Json(old): Json<OldVersion>,
) -> Result<JsonBody<ReceptionistBody>, ApiError> {
    let tenant = operator.tenant_id;
    find(&state.store, tenant, id).await?;
    let version = receptionist_versions::find(&state.store, tenant, id, old.version()).await?;
    let version = version.ok_or_else(|| ApiError::field("version", "there is no such version"))?;
    let mut tx = state.store.begin().await?;
    if !receptionists::update(&mut tx, &version.receptionist, state.clock.now()).await? {
        return Err(ApiError::NotFound);
    }
    let body = find(&mut tx, tenant, id).await?.into();
    let change = Change {
        action: "receptionist.restored",
        object: id.to_string(),
        fields: &["version"],
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok(JsonBody(body))
}

/// A version to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewVersion {
    /// What is new, for the next to look.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500,
        pattern = r"^(\P{C}|[\n\r\t])*[^\s\p{C}](\P{C}|[\n\r\t])*$")]
    note: Option<Text<500>>,
}

impl NewVersion {
    /// What is new.
    pub(super) fn note(&self) -> Option<&str> {
        self.note.as_ref().map(|note| note.0.as_str())
    }
}

/// A version to return to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OldVersion {
    #[schema(value_type = u64, minimum = 1, maximum = 2_147_483_647)]
    version: Number<1, 2_147_483_647>,
}

impl OldVersion {
    /// Its number.
    pub(super) fn version(&self) -> i64 {
        self.version.0.into()
    }
}

/// A version, without what callers met.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VersionSummary {
    version: i64,
    name: String,
    note: Option<String>,
    /// A user or an API key; null where the house itself did it.
    published_by: Option<String>,
    #[schema(format = DateTime)]
    published_at: String,
}

impl From<Version> for VersionSummary {
    fn from(version: Version) -> Self {
        Self {
            version: version.version,
            name: version.receptionist.name,
            note: version.note,
            published_by: version.published_by,
            published_at: version.published_at.to_string(),
        }
    }
}

/// A version with what callers met.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VersionBody {
    version: i64,
    note: Option<String>,
    /// A user or an API key; null where the house itself did it.
    published_by: Option<String>,
    #[schema(format = DateTime)]
    published_at: String,
    #[serde(flatten)]
    content: ContentBody,
}

impl From<Version> for VersionBody {
    fn from(version: Version) -> Self {
        Self {
            version: version.version,
            note: version.note,
            published_by: version.published_by,
            published_at: version.published_at.to_string(),
            content: version.receptionist.into(),
        }
    }
}

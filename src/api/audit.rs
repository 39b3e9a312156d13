//! `/api/audit` and `/api/platform/audit`: who changed what.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::Query;
use super::list::{PageBody, PageQuery};
use super::operator::{Operator, Rights};
use super::problem::ApiError;
use super::state::ApiState;
use crate::domain::TenantId;
use crate::store::audit_log::{self, AuditEntry};
use crate::store::{self, Tx};

/// What somebody changed.
pub(super) struct Change<'a> {
    /// Such as `user.updated`.
    pub(super) action: &'static str,
    /// To what.
    pub(super) object: String,
    /// The names of the fields that were given.
    pub(super) fields: &'a [&'static str],
}

/// Writes a change of a tenant's house down, and commits the transaction in which it was
/// made.
pub(super) async fn commit(
    tx: Tx,
    whole: (&ApiState, &Operator),
    tenant_id: TenantId,
    change: Change<'_>,
) -> Result<(), store::Error> {
    write(tx, whole, (tenant_id, false), change).await
}

/// The same of a change of the platform itself.
pub(super) async fn commit_of_platform(
    tx: Tx,
    whole: (&ApiState, &Operator),
    change: Change<'_>,
) -> Result<(), store::Error> {
    write(tx, whole, (whole.1.tenant_id, true), change).await
}

async fn write(
    mut tx: Tx,
    (state, operator): (&ApiState, &Operator),
    (tenant_id, is_of_platform): (TenantId, bool),
    change: Change<'_>,
) -> Result<(), store::Error> {
    let request_id = operator.request_id.as_ref();
    let entry = AuditEntry {
        id: state.clock.new_id(),
        tenant_id,
        is_by_platform: matches!(operator.rights, Rights::Platform),
        is_of_platform,
        actor: operator.actor.to_string(),
        action: change.action.to_owned(),
        object: change.object,
        fields: change
            .fields
            .iter()
            .map(|name| (*name).to_owned())
            .collect(),
        request_id: request_id.map(ToString::to_string).unwrap_or_default(),
        at: state.clock.now(),
    };
    audit_log::insert(&mut tx, &entry).await?;
    tx.commit().await
}

/// Who changed what in the tenant's house, the platform's operator among them.
#[utoipa::path(get, path = "/api/audit", operation_id = "list_audit", tag = "Members",
    params(PageQuery), responses((status = 200, body = PageBody<AuditBody>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<PageQuery>,
) -> Result<Json<PageBody<AuditBody>>, ApiError> {
    let page = audit_log::list(&state.store, operator.tenant_id, &query.into_request()).await?;
    Ok(Json(PageBody::of(page)))
}

/// What the platform's operators changed: of the platform, and in the houses of its tenants.
#[utoipa::path(get, path = "/api/platform/audit", operation_id = "list_platform_audit",
    tag = "Platform", params(PageQuery), responses((status = 200, body = PageBody<AuditBody>)))]
pub(super) async fn list_of_platform(
    State(state): State<ApiState>,
    Query(query): Query<PageQuery>,
) -> Result<Json<PageBody<AuditBody>>, ApiError> {
    let page = audit_log::list_by_platform(&state.store, &query.into_request()).await?;
    Ok(Json(PageBody::of(page)))
}

/// One change.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditBody {
    id: String,
    /// A user or an API key.
    actor: String,
    /// What was done, such as `user.updated`.
    action: String,
    /// To what.
    object: String,
    /// The names of the fields that were given.
    fields: Vec<String>,
    /// The `X-Request-Id` of the request that asked for it.
    request_id: String,
    #[schema(format = DateTime)]
    at: String,
}

impl From<AuditEntry> for AuditBody {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id.to_string(),
            actor: entry.actor,
            action: entry.action,
            object: entry.object,
            fields: entry.fields,
            request_id: entry.request_id,
            at: entry.at.to_string(),
        }
    }
}

//! `/api/receptionists`: who answers, as it is edited.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::audit::{self, Change};
use super::extract::{Json, Path, Query, text};
use super::list::{PageBody, PageQuery};
use super::operator::Operator;
use super::problem::ApiError;
use super::receptionist_body::{ReceptionistBody, ReceptionistPatch};
use super::state::ApiState;
use super::toolkit;
use crate::domain::{ReceptionistId, TenantId};
use crate::store::receptionists::{self, Draft};
use crate::store::{self, Db, default_receptionist, tenants};

/// The receptionists of the tenant, as they are edited.
#[utoipa::path(get, path = "/api/receptionists", operation_id = "list_receptionists",
    tag = "Receptionists", params(PageQuery),
    responses((status = 200, body = PageBody<ReceptionistBody>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<PageQuery>,
) -> Result<JsonBody<PageBody<ReceptionistBody>>, ApiError> {
    let page = query.into_request();
    let page = receptionists::list(&state.store, operator.tenant_id, &page).await?;
    Ok(JsonBody(PageBody::of(page)))
}

/// Makes a receptionist, who answers nobody before it is published.
#[utoipa::path(post, path = "/api/receptionists", operation_id = "create_receptionist",
    tag = "Receptionists", request_body = ReceptionistPatch,
    responses((status = 201, body = ReceptionistBody)))]
pub(super) async fn create(
    State(state): State<ApiState>,
    operator: Operator,
    Json(patch): Json<ReceptionistPatch>,
) -> Result<(StatusCode, JsonBody<ReceptionistBody>), ApiError> {
    let (tenant, now) = (operator.tenant_id, state.clock.now());
    let mut receptionist = default_receptionist(tenant, state.clock.new_id());
    let fields = patch.apply(&mut receptionist)?;
    let mut tx = state.store.begin().await?;
    toolkit::check(&mut tx, tenant, &receptionist.toolkit).await?;
    toolkit::sealed(&state, &mut receptionist)?;
    receptionists::insert(&mut tx, &receptionist, now).await?;
    let body = find(&mut tx, tenant, receptionist.id).await?.into();
    let change = Change {
        action: "receptionist.created",
        object: receptionist.id.to_string(),
        fields: &fields,
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok((StatusCode::CREATED, JsonBody(body)))
}

/// One receptionist, as it is edited.
#[utoipa::path(get, path = "/api/receptionists/{id}", operation_id = "show_receptionist",
    tag = "Receptionists", params(("id" = String, Path, description = "`rec_…`")),
    responses((status = 200, body = ReceptionistBody)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<ReceptionistId>,
) -> Result<JsonBody<ReceptionistBody>, ApiError> {
    let draft = find(&state.store, operator.tenant_id, id).await?;
    Ok(JsonBody(draft.into()))
}

/// Changes what is given of the draft; callers notice nothing before it is
/// published.
#[utoipa::path(patch, path = "/api/receptionists/{id}", operation_id = "update_receptionist",
    tag = "Receptionists", params(("id" = String, Path, description = "`rec_…`")),
    request_body = ReceptionistPatch, responses((status = 200, body = ReceptionistBody)))]
pub(super) async fn update(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<ReceptionistId>,
    Json(patch): Json<ReceptionistPatch>,
) -> Result<JsonBody<ReceptionistBody>, ApiError> {
    let tenant = operator.tenant_id;
    let mut tx = state.store.begin().await?;
    let draft = receptionists::lock(&mut tx, tenant, id).await?;
    let mut receptionist = draft.ok_or(ApiError::NotFound)?.receptionist;
    let fields = patch.apply(&mut receptionist)?;
    // What was left as it is may name somebody who is gone; callers are told so.
    if fields.contains(&"toolkit") {
        toolkit::check(&mut tx, tenant, &receptionist.toolkit).await?;
        toolkit::sealed(&state, &mut receptionist)?;
    }
    if !receptionists::update(&mut tx, &receptionist, state.clock.now()).await? {
        return Err(ApiError::NotFound);
    }
    let body = find(&mut tx, tenant, id).await?.into();
    let change = Change {
        action: "receptionist.updated",
        object: id.to_string(),
        fields: &fields,
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok(JsonBody(body))
}

/// Deletes a receptionist and its versions, unless it may have to answer.
#[utoipa::path(delete, path = "/api/receptionists/{id}", operation_id = "delete_receptionist",
    tag = "Receptionists", params(("id" = String, Path, description = "`rec_…`")),
    responses((status = 204)))]
pub(super) async fn delete(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<ReceptionistId>,
) -> Result<StatusCode, ApiError> {
    let tenant = operator.tenant_id;
    find(&state.store, tenant, id).await?;
    let mut tx = state.store.begin().await?;
    match receptionists::delete(&mut tx, tenant, id).await {
        Ok(true) => {}
        Ok(false) | Err(store::Error::Dangling) => return Err(ApiError::Conflict(IN_USE)),
        Err(error) => return Err(error.into()),
    }
    let change = Change {
        action: "receptionist.deleted",
        object: id.to_string(),
        fields: &[],
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a published receptionist the one who answers where a number names
/// nobody.
#[utoipa::path(put, path = "/api/receptionists/default",
    operation_id = "set_default_receptionist", tag = "Receptionists",
    request_body = DefaultReceptionist, responses((status = 200, body = ReceptionistBody)))]
pub(super) async fn set_default(
    State(state): State<ApiState>,
    operator: Operator,
    Json(new): Json<DefaultReceptionist>,
) -> Result<JsonBody<ReceptionistBody>, ApiError> {
    let (tenant, id) = (operator.tenant_id, new.receptionist_id);
    let draft = receptionists::find(&state.store, tenant, id).await?;
    let draft =
        draft.ok_or_else(|| ApiError::field("receptionist_id", "there is no such receptionist"))?;
    if draft.published_version.is_none() {
        return Err(ApiError::Conflict(
            "the receptionist was never published, and would not answer",
        ));
    }
    let mut tx = state.store.begin().await?;
    tenants::set_default_receptionist(&mut tx, tenant, id).await?;
    let body = find(&mut tx, tenant, id).await?.into();
    let change = Change {
        action: "receptionist.made_default",
        object: id.to_string(),
        fields: &["receptionist_id"],
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok(JsonBody(body))
}

const IN_USE: &str = "the receptionist is the tenant's default, or answers a number";

/// The tenant's draft of that id, which has to be there.
pub(super) async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: ReceptionistId,
) -> Result<Draft, ApiError> {
    let draft = receptionists::find(db, tenant, id).await?;
    draft.ok_or(ApiError::NotFound)
}

/// Who is to answer where a number names nobody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DefaultReceptionist {
    /// `rec_…`
    #[serde(deserialize_with = "text")]
    #[schema(value_type = String, pattern = "^rec_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    receptionist_id: ReceptionistId,
}

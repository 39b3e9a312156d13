//! `/api/ivr/flows`: what callers are told and asked, as it is edited.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::audit::{self, Change};
use super::extract::{Json, Name, Path, Query, given};
use super::ivr_body::{DrawnFlow, FlowBody, FlowSummary, sealed, strangers};
use super::list::{PageBody, PageQuery};
use super::operator::Operator;
use super::problem::ApiError;
use super::state::ApiState;
use crate::domain::{FlowId, TenantId};
use crate::routing::ivr::Flow;
use crate::store::ivr_flows::{self, Draft};
use crate::store::text::FlowText;
use crate::store::{self, Db, Tx};

/// The flows of the tenant, as they are edited.
#[utoipa::path(get, path = "/api/ivr/flows", operation_id = "list_flows", tag = "Flows",
    params(PageQuery), responses((status = 200, body = PageBody<FlowSummary>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<PageQuery>,
) -> Result<JsonBody<PageBody<FlowSummary>>, ApiError> {
    let page = query.into_request();
    let page = ivr_flows::list(&state.store, operator.tenant_id, &page).await?;
    Ok(JsonBody(PageBody::of(page)))
}

/// Makes a flow, which nobody meets before it is published.
#[utoipa::path(post, path = "/api/ivr/flows", operation_id = "create_flow", tag = "Flows",
    request_body = NewFlow, responses((status = 201, body = FlowBody)))]
pub(super) async fn create(
    State(state): State<ApiState>,
    operator: Operator,
    Json(new): Json<NewFlow>,
) -> Result<(StatusCode, JsonBody<FlowBody>), ApiError> {
    let (tenant, now) = (operator.tenant_id, state.clock.now());
    let mut draft = Draft::new(state.clock.new_id(), tenant, new.name.0, now);
    if let Some(flow) = new.flow {
        draft.flow = flow.read()?;
        sealed(&state, (tenant, draft.id), &mut draft.flow, None)?;
    }
    let mut tx = state.store.begin().await?;
    refuse_strangers(&mut tx, tenant, &draft.flow).await?;
    ivr_flows::insert(&mut tx, &draft).await.map_err(refused)?;
    let change = Change {
        action: "flow.created",
        object: draft.id.to_string(),
        fields: &["name", "flow"],
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok((StatusCode::CREATED, JsonBody(draft.into())))
}

/// One flow, as it is edited, and what is wrong with it.
#[utoipa::path(get, path = "/api/ivr/flows/{id}", operation_id = "show_flow", tag = "Flows",
    params(("id" = String, Path, description = "`flw_…`")),
    responses((status = 200, body = FlowBody)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<FlowId>,
) -> Result<JsonBody<FlowBody>, ApiError> {
    let draft = find(&state.store, operator.tenant_id, id).await?;
    Ok(JsonBody(draft.into()))
}

/// Changes what is given of the draft; callers notice nothing before it is
/// published. A draft may have faults.
#[utoipa::path(patch, path = "/api/ivr/flows/{id}", operation_id = "update_flow", tag = "Flows",
    params(("id" = String, Path, description = "`flw_…`")),
    request_body = FlowPatch, responses((status = 200, body = FlowBody)))]
pub(super) async fn update(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<FlowId>,
    Json(patch): Json<FlowPatch>,
) -> Result<JsonBody<FlowBody>, ApiError> {
    let tenant = operator.tenant_id;
    let mut tx = state.store.begin().await?;
    let draft = ivr_flows::lock(&mut tx, tenant, id).await?;
    let mut draft = draft.ok_or(ApiError::NotFound)?;
    let earlier = draft.flow.clone();
    let fields = patch.apply(&mut draft)?;
    // What was left as it is may lead where callers are not sent any more.
    if fields.contains(&"flow") {
        sealed(&state, (tenant, id), &mut draft.flow, Some(&earlier))?;
        refuse_strangers(&mut tx, tenant, &draft.flow).await?;
    }
    let updated = ivr_flows::update(&mut tx, &draft, state.clock.now()).await;
    if !updated.map_err(refused)? {
        return Err(ApiError::NotFound);
    }
    let body = find(&mut tx, tenant, id).await?.into();
    let change = Change {
        action: "flow.updated",
        object: id.to_string(),
        fields: &fields,
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok(JsonBody(body))
}

/// Deletes a flow and its versions, unless the plan of a number leads into it.
#[utoipa::path(delete, path = "/api/ivr/flows/{id}", operation_id = "delete_flow", tag = "Flows",
    params(("id" = String, Path, description = "`flw_…`")),
    responses((status = 204), (status = 409, description = "the plan of a number leads into it")))]
pub(super) async fn delete(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<FlowId>,
) -> Result<StatusCode, ApiError> {
    let tenant = operator.tenant_id;
    let mut tx = state.store.begin().await?;
    match ivr_flows::delete(&mut tx, tenant, id).await {
        Ok(true) => {}
        Ok(false) => return Err(ApiError::NotFound),
        Err(store::Error::Dangling) => {
            return Err(ApiError::Conflict(
                "the plan of a number leads into this flow",
            ));
        }
        Err(error) => return Err(error.into()),
    }
    let change = Change {
        action: "flow.deleted",
        object: id.to_string(),
        fields: &[],
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The tenant's draft of that id, which has to be there.
pub(super) async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: FlowId,
) -> Result<Draft, ApiError> {
    let draft = ivr_flows::find(db, tenant, id).await?;
    draft.ok_or(ApiError::NotFound)
}

pub(super) fn refused(error: store::Error) -> ApiError {
    if matches!(error, store::Error::Conflict) {
        ApiError::Conflict("another flow has this name already")
    } else if matches!(error, store::Error::Dangling) {
        ApiError::Conflict("something that the flow names is gone")
    } else {
        error.into()
    }
}

async fn refuse_strangers(tx: &mut Tx, tenant: TenantId, flow: &Flow) -> Result<(), ApiError> {
    let faults = strangers(tx, tenant, flow).await?;
    if faults.is_empty() {
        Ok(())
    } else {
        Err(ApiError::Invalid(faults))
    }
}

/// A flow to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewFlow {
    #[schema(value_type = String, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    name: Name,
    /// Nothing, where nothing is said.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = FlowText, required = false)]
    flow: Option<DrawnFlow>,
}

/// What is to change of a flow.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FlowPatch {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$", nullable = false)]
    name: Option<Name>,
    /// The whole draft.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<FlowText>, nullable = false)]
    flow: Option<DrawnFlow>,
}

impl FlowPatch {
    /// Lays it over the draft; the names of what was given.
    fn apply(self, draft: &mut Draft) -> Result<Vec<&'static str>, ApiError> {
        let mut fields = Vec::new();
        if let Some(Name(name)) = self.name {
            draft.name = name;
            fields.push("name");
        }
        if let Some(drawn) = self.flow {
            draft.flow = drawn.read()?;
            fields.push("flow");
        }
        Ok(fields)
    }
}

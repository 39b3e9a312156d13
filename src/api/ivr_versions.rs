//! `/api/ivr/flows/{id}/versions`: what callers met, since when, and how often.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::audit::{self, Change};
use super::extract::{Json, Path, PathPair, Query, parsed};
use super::ivr_body::{FlowBody, refusal, sealed};
use super::ivr_flows::{find, refused};
use super::list::{PageBody, PageQuery};
use super::operator::Operator;
use super::problem::ApiError;
use super::receptionist_versions::{NewVersion, OldVersion};
use super::state::ApiState;
use crate::domain::{DAY_MS, Day, FlowId};
use crate::routing::ivr::check;
use crate::store::ivr_counters::{self, NodeCounts};
use crate::store::ivr_flow_versions::{self, Version};
use crate::store::receptionist_versions::Publication;
use crate::store::text::FlowText;
use crate::store::{self, ivr_flows, tenants};

/// Lets callers meet the draft, as the next version. One with faults is refused.
#[utoipa::path(post, path = "/api/ivr/flows/{id}/publish", operation_id = "publish_flow",
    tag = "Flows", params(("id" = String, Path, description = "`flw_…`")),
    request_body = NewVersion, responses((status = 201, body = FlowVersionBody)))]
pub(super) async fn publish(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<FlowId>,
    Json(new): Json<NewVersion>,
) -> Result<(StatusCode, JsonBody<FlowVersionBody>), ApiError> {
    let tenant = operator.tenant_id;
    let draft = find(&state.store, tenant, id).await?;
    let faults = check(&draft.flow);
    if !faults.is_empty() {
        return Err(refusal(faults));
    }
    let publication = Publication {
        by: Some(operator.actor.to_string()),
        note: new.note(),
        at: state.clock.now(),
    };
    let mut tx = state.store.begin().await?;
    let of = (tenant, id);
    let published = ivr_flow_versions::publish(&mut tx, of, &draft.flow, &publication).await;
    let version = published.map_err(overtaken)?.ok_or(ApiError::NotFound)?;
    let version = ivr_flow_versions::find(&mut tx, tenant, id, version).await?;
    let body = version.ok_or(ApiError::NotFound)?.into();
    let change = Change {
        action: "flow.published",
        object: id.to_string(),
        fields: &[],
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok((StatusCode::CREATED, JsonBody(body)))
}

fn overtaken(error: store::Error) -> ApiError {
    if matches!(error, store::Error::Conflict) {
        ApiError::Conflict("the draft was written meanwhile; look at it, and publish it again")
    } else {
        refused(error)
    }
}

/// The versions of a flow.
#[utoipa::path(get, path = "/api/ivr/flows/{id}/versions", operation_id = "list_flow_versions",
    tag = "Flows", params(("id" = String, Path, description = "`flw_…`"), PageQuery),
    responses((status = 200, body = PageBody<FlowVersionSummary>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<FlowId>,
    Query(query): Query<PageQuery>,
) -> Result<JsonBody<PageBody<FlowVersionSummary>>, ApiError> {
    let tenant = operator.tenant_id;
    find(&state.store, tenant, id).await?;
    let page = query.into_request();
    let page = ivr_flow_versions::list(&state.store, tenant, id, &page).await?;
    Ok(JsonBody(PageBody::of(page)))
}

/// One version, whole.
#[utoipa::path(get, path = "/api/ivr/flows/{id}/versions/{version}",
    operation_id = "show_flow_version", tag = "Flows",
    params(("id" = String, Path, description = "`flw_…`"),
        ("version" = u32, Path, description = "counted from 1", minimum = 1)),
    responses((status = 200, body = FlowVersionBody)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
    PathPair(id, version): PathPair<FlowId, u32>,
) -> Result<JsonBody<FlowVersionBody>, ApiError> {
    let (store, tenant) = (&state.store, operator.tenant_id);
    let version = ivr_flow_versions::find(store, tenant, id, version.into()).await?;
    Ok(JsonBody(version.ok_or(ApiError::NotFound)?.into()))
}

/// Makes a version the draft again; callers notice nothing before it is
/// published.
#[utoipa::path(post, path = "/api/ivr/flows/{id}/restore", operation_id = "restore_flow",
    tag = "Flows", params(("id" = String, Path, description = "`flw_…`")),
    request_body = OldVersion, responses((status = 200, body = FlowBody)))]
pub(super) async fn restore(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<FlowId>,
    Json(old): Json<OldVersion>,
) -> Result<JsonBody<FlowBody>, ApiError> {
    let tenant = operator.tenant_id;
    let mut tx = state.store.begin().await?;
    let draft = ivr_flows::lock(&mut tx, tenant, id).await?;
    let mut draft = draft.ok_or(ApiError::NotFound)?;
    let version = ivr_flow_versions::find(&mut tx, tenant, id, old.version()).await?;
    let version = version.ok_or_else(|| ApiError::field("version", "there is no such version"))?;
    draft.flow = version.flow;
    sealed(&state, (tenant, id), &mut draft.flow, None)?;
    let updated = ivr_flows::update(&mut tx, &draft, state.clock.now()).await;
    if !updated.map_err(refused)? {
        return Err(ApiError::NotFound);
    }
    let body = find(&mut tx, tenant, id).await?.into();
    let change = Change {
        action: "flow.restored",
        object: id.to_string(),
        fields: &["version"],
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok(JsonBody(body))
}

/// How often calls came to each node, and by which exits they left it; of all
/// versions together. Whoever entered and did not leave has hung up there, or
/// was taken over.
#[utoipa::path(get, path = "/api/ivr/flows/{id}/counters", operation_id = "show_flow_counters",
    tag = "Flows", params(("id" = String, Path, description = "`flw_…`"), DaysQuery),
    responses((status = 200, body = CountersBody)))]
pub(super) async fn counters(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<FlowId>,
    Query(query): Query<DaysQuery>,
) -> Result<JsonBody<CountersBody>, ApiError> {
    let (store, tenant) = (&state.store, operator.tenant_id);
    find(store, tenant, id).await?;
    let owner = tenants::find(store, tenant).await?;
    let zone = owner.ok_or(ApiError::NotFound)?.time_zone;
    let now = state.clock.now();
    let last = query.to.unwrap_or_else(|| Day::of(now, &zone));
    let first = query
        .from
        .unwrap_or_else(|| Day::of(now.plus_ms(-29 * DAY_MS), &zone));
    let sums = ivr_counters::sums(store, tenant, id, (first, last)).await?;
    let nodes = sums
        .into_iter()
        .map(|(node, counts)| NodeCounters::new(&node.to_string(), counts));
    Ok(JsonBody(CountersBody {
        from: first.to_string(),
        to: last.to_string(),
        nodes: nodes.collect(),
    }))
}

/// Which days, by the tenant's clock.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DaysQuery {
    /// The first day; 29 days ago where nothing is said.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, format = Date, example = "2026-12-01")]
    from: Option<Day>,
    /// The last day; today where nothing is said.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, format = Date, example = "2026-12-24")]
    to: Option<Day>,
}

/// What was counted of a flow.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CountersBody {
    #[schema(format = Date)]
    from: String,
    #[schema(format = Date)]
    to: String,
    /// The nodes to which a call came, in the order of their names.
    nodes: Vec<NodeCounters>,
}

/// What was counted of a node.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NodeCounters {
    node: String,
    /// How often a call came to it.
    entered: i64,
    /// How often a call left it, by exit.
    left: Vec<ExitCounter>,
}

/// What was counted of an exit.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExitCounter {
    exit: String,
    count: i64,
}

impl NodeCounters {
    fn new(node: &str, counts: NodeCounts) -> Self {
        let left = counts.left.into_iter();
        let left = left.map(|(exit, count)| ExitCounter {
            exit: exit.to_string(),
            count,
        });
        Self {
            node: node.to_owned(),
            entered: counts.entered,
            left: left.collect(),
        }
    }
}

/// A version of a flow, without what callers met.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FlowVersionSummary {
    version: i64,
    name: String,
    note: Option<String>,
    /// A user or an API key.
    published_by: Option<String>,
    #[schema(format = DateTime)]
    published_at: String,
}

impl From<Version> for FlowVersionSummary {
    fn from(version: Version) -> Self {
        Self {
            version: version.version,
            name: version.name,
            note: version.note,
            published_by: version.published_by,
            published_at: version.published_at.to_string(),
        }
    }
}

/// A version of a flow with what callers met.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FlowVersionBody {
    version: i64,
    name: String,
    flow: FlowText,
    note: Option<String>,
    /// A user or an API key.
    published_by: Option<String>,
    #[schema(format = DateTime)]
    published_at: String,
}

impl From<Version> for FlowVersionBody {
    fn from(version: Version) -> Self {
        Self {
            version: version.version,
            name: version.name,
            flow: (&version.flow.without_secrets()).into(),
            note: version.note,
            published_by: version.published_by,
            published_at: version.published_at.to_string(),
        }
    }
}

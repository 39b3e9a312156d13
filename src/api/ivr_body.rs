//! A flow as bodies have it: what it is, and what is wrong with it.

use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{ApiError, Fault};
use super::routing::missing;
use super::state::ApiState;
use crate::domain::TenantId;
use crate::routing::Reference;
use crate::routing::ivr::{self, Exit, Flow, Node, NodeId};
use crate::store::ivr_flows::Draft;
use crate::store::number_plans;
use crate::store::text::FlowText;

/// A flow, as it is edited.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FlowBody {
    id: String,
    name: String,
    flow: FlowText,
    /// What is wrong with the draft. It is published when nothing is.
    faults: Vec<FlowFault>,
    /// The version that callers meet; null before the first publication.
    published_version: Option<i64>,
    /// Whether the draft was written since that version.
    is_changed: bool,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<Draft> for FlowBody {
    fn from(draft: Draft) -> Self {
        Self {
            id: draft.id.to_string(),
            faults: ivr::check(&draft.flow)
                .into_iter()
                .map(FlowFault::from)
                .collect(),
            flow: (&draft.flow.without_secrets()).into(),
            name: draft.name,
            published_version: draft.published_version,
            is_changed: draft.is_changed,
            created_at: draft.created_at.to_string(),
            updated_at: draft.updated_at.to_string(),
        }
    }
}

/// A flow in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FlowSummary {
    id: String,
    name: String,
    /// How many nodes the draft has.
    nodes: usize,
    /// Whether something is wrong with the draft.
    has_faults: bool,
    /// The version that callers meet; null before the first publication.
    published_version: Option<i64>,
    /// Whether the draft was written since that version.
    is_changed: bool,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<Draft> for FlowSummary {
    fn from(draft: Draft) -> Self {
        Self {
            id: draft.id.to_string(),
            nodes: draft.flow.nodes.len(),
            has_faults: !ivr::check(&draft.flow).is_empty(),
            name: draft.name,
            published_version: draft.published_version,
            is_changed: draft.is_changed,
            created_at: draft.created_at.to_string(),
            updated_at: draft.updated_at.to_string(),
        }
    }
}

/// Something that is wrong with a flow.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FlowFault {
    /// Where it stands in the flow, such as `#/nodes/2`.
    pointer: String,
    /// The name of the node that it is about.
    node: Option<String>,
    /// What is wrong, and what to do.
    detail: String,
}

impl From<ivr::Fault> for FlowFault {
    fn from(fault: ivr::Fault) -> Self {
        Self {
            pointer: format!("#/{}", place(&fault).trim_start_matches('/')),
            node: fault.id.map(|id| id.to_string()),
            detail: fault.detail,
        }
    }
}

fn place(fault: &ivr::Fault) -> String {
    match (fault.node, fault.edge) {
        (Some(n), _) => format!("/nodes/{n}"),
        (None, Some(n)) => format!("/edges/{n}"),
        (None, None) => "/nodes".to_owned(),
    }
}

/// The same as a refusal, with the name of the node in its words; the draft is
/// at `flow` in the body of its resource.
pub(super) fn refusal(faults: Vec<ivr::Fault>) -> ApiError {
    let faults = faults.into_iter().map(|fault| {
        let pointer = format!("#/flow{}", place(&fault));
        let detail = match fault.id {
            Some(id) => format!("{id}: {}", fault.detail),
            None => fault.detail,
        };
        Fault { pointer, detail }
    });
    ApiError::Invalid(faults.collect())
}

/// What the flow names and the tenant does not have, each by its place.
pub(super) async fn strangers(
    state: &ApiState,
    tenant: TenantId,
    flow: &Flow,
) -> Result<Vec<Fault>, ApiError> {
    let mut faults = Vec::new();
    for (n, node) in flow.nodes.iter().enumerate() {
        for (m, reference) in node.references().into_iter().enumerate() {
            if !number_plans::has(&state.store, tenant, reference).await? {
                let pointer = format!("#/flow/nodes/{n}/kind/{}", field(node, reference, m));
                let (id, missing) = (&node.id, missing(reference));
                let detail = format!("{id}: there {missing} of that id here");
                faults.push(Fault { pointer, detail });
            }
        }
    }
    Ok(faults)
}

fn field(node: &Node, reference: Reference, m: usize) -> String {
    let kind = node.kind.word();
    match reference {
        Reference::Hours(_) => format!("{kind}/hours_id"),
        Reference::Receptionist(_) => format!("{kind}/receptionist_id"),
        Reference::Queue(_) => format!("{kind}/queue_id"),
        Reference::User(_) => format!("{kind}/user_ids/{m}"),
        Reference::CallerList(_) | Reference::Flow(_) => kind.to_owned(),
    }
}

/// A node that was entered or left.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PassageBody {
    node: String,
    /// The way by which it was left; null when it was entered.
    exit: Option<String>,
}

impl PassageBody {
    pub(super) fn new(node: &NodeId, exit: Option<&Exit>) -> Self {
        Self {
            node: node.to_string(),
            exit: exit.map(ToString::to_string),
        }
    }
}

//! A flow as bodies have it: what it is, and what is wrong with it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::extract::pointer_to;
use super::outbound::closed_to_callers;
use super::problem::{ApiError, Fault};
use super::routing::{foreign_number, missing};
use super::state::ApiState;
use crate::domain::{FlowId, TenantId};
use crate::routing::Reference;
use crate::routing::ivr::{self, Exit, Flow, Kind, Node, NodeId};
use crate::store::ivr_flows::Draft;
use crate::store::text::FlowText;
use crate::store::{Tx, kept_secrets, number_plans};

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

/// A flow as somebody has drawn it: read by its handler, which knows the names
/// of its nodes.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct DrawnFlow(Value);

impl DrawnFlow {
    /// The flow. What has no shape is refused by its place, with the name of the
    /// node.
    pub(super) fn read(&self) -> Result<Flow, ApiError> {
        let read = serde_path_to_error::deserialize::<_, FlowText>(&self.0);
        let error = match read {
            Ok(text) => return given(text.into()),
            Err(error) => error,
        };
        let pointer = pointer_to(error.path());
        let place = pointer.trim_start_matches('#');
        let mut parts = place.split('/').skip(1);
        let id = match (parts.next(), parts.next()) {
            (Some("nodes"), Some(n)) => self.0.pointer(&format!("/nodes/{n}/id")),
            (Some("edges"), Some(n)) => self.0.pointer(&format!("/edges/{n}/from")),
            (_, _) => None,
        };
        let id: Option<NodeId> = id.and_then(|id| id.as_str()?.parse().ok());
        let detail = error.inner().to_string();
        Err(ApiError::Invalid(vec![Fault {
            pointer: format!("#/flow{}", place.trim_end_matches('/')),
            detail: id.map_or(detail.clone(), |id| format!("{id}: {detail}")),
        }]))
    }
}

/// What is sealed already is not anybody's to give.
fn given(mut flow: Flow) -> Result<Flow, ApiError> {
    let sealed = flow.credentials_mut().filter(|(_, one)| one.is_sealed());
    let places: Vec<_> = sealed.map(|(place, _)| place).collect();
    if places.is_empty() {
        return Ok(flow);
    }
    Err(of_headers(&flow, &places, "give it as it is"))
}

/// Seals the secrets of a flow for the place where it is kept. Those that have no
/// value take it from the earlier draft, if there is one.
pub(super) fn sealed(
    state: &ApiState,
    (tenant, id): (TenantId, FlowId),
    flow: &mut Flow,
    earlier: Option<&Flow>,
) -> Result<(), ApiError> {
    let withheld = earlier.map(|earlier| flow.take_secrets_of(earlier));
    let withheld = withheld.unwrap_or_default();
    if !withheld.is_empty() {
        return Err(of_headers(flow, &withheld, MOVED));
    }
    let id = id.to_string();
    let place = kept_secrets::of_flow(tenant, &id);
    let mut unsealed = Vec::new();
    for (at, credential) in flow.credentials_mut() {
        if state.store.seals().seal_given(&place, credential).is_err() {
            unsealed.push(at);
        }
    }
    if unsealed.is_empty() {
        Ok(())
    } else {
        Err(of_headers(flow, &unsealed, KEYLESS))
    }
}

const MOVED: &str = "the address leads to another machine now: give this value again";
pub(super) const KEYLESS: &str =
    "this gateway keeps no secrets: its operator has to set MASTER_KEY";

/// A refusal of the values of these headers.
fn of_headers(flow: &Flow, places: &[(usize, usize)], why: &str) -> ApiError {
    let faults = places.iter().map(|(n, m)| {
        let id = flow.nodes.get(*n).map(|node| node.id.to_string());
        Fault {
            pointer: format!("#/flow/nodes/{n}/kind/http/headers/{m}/value"),
            detail: format!("{}: {why}", id.unwrap_or_default()),
        }
    });
    ApiError::Invalid(faults.collect())
}

/// What the flow names and the tenant does not have, and whom callers are not
/// sent to, each by its place.
pub(super) async fn strangers(
    tx: &mut Tx,
    tenant: TenantId,
    flow: &Flow,
) -> Result<Vec<Fault>, ApiError> {
    let named: BTreeSet<Reference> = flow.references().into_iter().map(|(_, one)| one).collect();
    let mut strangers = BTreeSet::new();
    for reference in named {
        if !number_plans::has(&mut *tx, tenant, reference).await? {
            strangers.insert(reference);
        }
    }
    let mut faults = Vec::new();
    for (n, node) in flow.nodes.iter().enumerate() {
        for (m, reference) in node.references().into_iter().enumerate() {
            if strangers.contains(&reference) {
                let pointer = format!("#/flow/nodes/{n}/kind/{}", field(node, reference, m));
                let (id, missing) = (&node.id, missing(reference));
                let detail = format!("{id}: there {missing} of that id here");
                faults.push(Fault { pointer, detail });
            }
        }
        if let Kind::HandOver(target) = &node.kind {
            let pointer = format!("#/flow/nodes/{n}/kind/{}/ring/caller_id", node.kind.word());
            let foreign = foreign_number(&mut *tx, tenant, target, pointer).await?;
            faults.extend(foreign.map(|fault| Fault {
                detail: format!("{}: {}", node.id, fault.detail),
                ..fault
            }));
        }
    }
    faults.extend(closed(tx, tenant, flow).await?);
    Ok(faults)
}

/// Numbers outside that callers are not sent to, each by its place.
async fn closed(tx: &mut Tx, tenant: TenantId, flow: &Flow) -> Result<Vec<Fault>, ApiError> {
    let nodes = flow.nodes.iter().enumerate();
    let outside = nodes.filter_map(|(n, node)| Some(((n, &node.id), node.outside()?)));
    let (places, numbers): (Vec<_>, Vec<_>) = outside.unzip();
    let details = closed_to_callers(tx, tenant, &numbers).await?;
    let faults = places.into_iter().zip(details);
    let faults = faults.filter_map(|((n, id), detail)| {
        Some(Fault {
            pointer: format!("#/flow/nodes/{n}/kind/forward/phone_number"),
            detail: format!("{id}: {}", detail?),
        })
    });
    Ok(faults.collect())
}

fn field(node: &Node, reference: Reference, m: usize) -> String {
    let kind = node.kind.word();
    match reference {
        Reference::Hours(_) => format!("{kind}/hours_id"),
        Reference::Receptionist(_) => format!("{kind}/receptionist_id"),
        Reference::Queue(_) => format!("{kind}/queue_id"),
        Reference::User(_) if kind == "voicemail" => format!("{kind}/user_id"),
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

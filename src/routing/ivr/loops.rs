//! Which nodes can be reached, and where a call could go round and round by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::exit::NodeId;
use super::flow::{Edge, Flow, Node};

/// The nodes that can be reached from the start.
pub(super) fn reached(flow: &Flow) -> BTreeSet<&NodeId> {
    let ways: Vec<_> = ways(flow).collect();
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&NodeId> = flow.start().map(|node| &node.id).into_iter().collect();
    while let Some(id) = waiting.pop() {
        if reached.insert(id) {
            let edges = ways.iter().filter(|(node, _)| node.id == *id);
            waiting.extend(edges.map(|(_, edge)| &edge.to));
        }
    }
    reached
}

/// The nodes from which a call comes back to where it was without the caller
/// doing anything.
pub(super) fn endless(flow: &Flow) -> BTreeSet<&NodeId> {
    let mut own: BTreeMap<&NodeId, BTreeSet<&NodeId>> = BTreeMap::new();
    for (node, edge) in ways(flow) {
        if !node.kind.is_callers_way(&edge.exit) {
            own.entry(&node.id).or_default().insert(&edge.to);
        }
    }
    let in_circle = |id: &&NodeId| {
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<&NodeId> = own.get(*id).into_iter().flatten().copied().collect();
        while let Some(next) = waiting.pop() {
            if next == *id {
                return true;
            }
            if seen.insert(next) {
                waiting.extend(own.get(next).into_iter().flatten());
            }
        }
        false
    };
    own.keys().copied().filter(in_circle).collect()
}

/// The edges by which a call can go, each with the node that it leaves.
fn ways(flow: &Flow) -> impl Iterator<Item = (&Node, &Edge)> {
    let edges = flow.edges.iter();
    edges.filter_map(|edge| {
        let node = flow.node(&edge.from)?;
        node.kind.has_exit(&edge.exit).then_some((node, edge))
    })
}

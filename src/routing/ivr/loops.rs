//! Which nodes can be reached, and where a call could go round and round by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::exit::NodeId;
use super::flow::Flow;

/// The nodes that can be reached from the start.
pub(super) fn reached(flow: &Flow) -> BTreeSet<&NodeId> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&NodeId> = flow.start().map(|node| &node.id).into_iter().collect();
    while let Some(id) = waiting.pop() {
        if reached.insert(id) {
            let edges = flow.edges.iter().filter(|edge| edge.from == *id);
            waiting.extend(edges.map(|edge| &edge.to));
        }
    }
    reached
}

/// The nodes from which a call comes back to where it was without the caller
/// doing anything.
pub(super) fn endless(flow: &Flow) -> BTreeSet<&NodeId> {
    let mut ways: BTreeMap<&NodeId, BTreeSet<&NodeId>> = BTreeMap::new();
    for edge in &flow.edges {
        let is_own = |node: &super::Node| !node.kind.is_callers_way(&edge.exit);
        if flow.node(&edge.from).is_some_and(is_own) {
            ways.entry(&edge.from).or_default().insert(&edge.to);
        }
    }
    let in_circle = |id: &&NodeId| {
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<&NodeId> = ways.get(*id).into_iter().flatten().copied().collect();
        while let Some(next) = waiting.pop() {
            if next == *id {
                return true;
            }
            if seen.insert(next) {
                waiting.extend(ways.get(next).into_iter().flatten());
            }
        }
        false
    };
    ways.keys().copied().filter(in_circle).collect()
}

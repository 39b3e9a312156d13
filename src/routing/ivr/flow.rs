//! A flow: nodes, and the edges between them.

use std::collections::BTreeSet;
use std::sync::Arc;

use url::{Origin, Url};

use super::exit::{Exit, NodeId};
use super::node::{Header, Kind};
use crate::domain::{Credential, FlowId, PhoneNumber};
use crate::routing::plan::Reference;

/// What callers are told and asked. It may have faults while it is a draft:
/// see [`check()`](super::check()).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Flow {
    /// What there is.
    pub nodes: Vec<Node>,
    /// What comes after what.
    pub edges: Vec<Edge>,
}

/// One thing that happens to a caller.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Node {
    /// Its name in the flow.
    pub id: NodeId,
    /// Its name for people.
    pub name: Option<String>,
    /// What happens.
    pub kind: Kind,
    /// Where an editor draws it.
    pub position: Option<Position>,
}

/// A place on a drawing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Position {
    /// To the right.
    pub x: i32,
    /// Down.
    pub y: i32,
}

/// Where a way out of a node leads.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Edge {
    /// Out of this node.
    pub from: NodeId,
    /// By this way.
    pub exit: Exit,
    /// To that one.
    pub to: NodeId,
}

/// A flow as callers meet it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Published {
    /// Its name in the database.
    pub id: FlowId,
    /// Its name for people.
    pub name: String,
    /// Which version of it.
    pub version: i64,
    /// What callers are told and asked.
    pub flow: Arc<Flow>,
}

impl Flow {
    /// The node of that name.
    pub fn node(&self, id: &NodeId) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == *id)
    }

    /// Where everybody begins.
    pub fn start(&self) -> Option<&Node> {
        self.nodes.iter().find(|node| node.kind == Kind::Start)
    }

    /// Where that way out of that node leads.
    pub fn after(&self, id: &NodeId, exit: &Exit) -> Option<&NodeId> {
        let leads = |edge: &&Edge| edge.from == *id && edge.exit == *exit;
        self.edges.iter().find(leads).map(|edge| &edge.to)
    }

    /// The keys that lead somewhere from that node.
    pub fn keys(&self, id: &NodeId) -> BTreeSet<char> {
        let keys = self.edges.iter().filter(|edge| edge.from == *id);
        keys.filter_map(|edge| edge.exit.key()).collect()
    }

    /// What the nodes name, each with the node's place; some of it perhaps more
    /// than once.
    pub fn references(&self) -> Vec<(usize, Reference)> {
        let nodes = self.nodes.iter().enumerate();
        nodes
            .flat_map(|(n, node)| node.references().into_iter().map(move |one| (n, one)))
            .collect()
    }

    /// The same without what nobody is shown: the values of headers.
    #[must_use]
    pub fn without_secrets(&self) -> Self {
        let mut flow = self.clone();
        for node in &mut flow.nodes {
            if let Kind::Http(ask) = &mut node.kind {
                ask.headers
                    .iter_mut()
                    .for_each(|header| header.value = None);
            }
        }
        flow
    }

    /// Finds the values of headers that have none in an earlier draft. Whom somebody
    /// else was given them for does not get to see them: where the address leads to
    /// another machine they are not taken, and the places of node and header told.
    pub fn take_secrets_of(&mut self, earlier: &Self) -> Vec<(usize, usize)> {
        let mut withheld = Vec::new();
        for (n, node) in self.nodes.iter_mut().enumerate() {
            let before = earlier.node(&node.id).map(|node| &node.kind);
            let (Kind::Http(ask), Some(Kind::Http(before))) = (&mut node.kind, before) else {
                continue;
            };
            let is_same_machine = origin(&ask.url) == origin(&before.url);
            for (m, header) in ask.headers.iter_mut().enumerate() {
                let same = |one: &&Header| one.name.eq_ignore_ascii_case(&header.name);
                let before = before.headers.iter().find(same);
                let before = before.and_then(|one| one.value.clone());
                match before.filter(|_| header.value.is_none()) {
                    Some(value) if is_same_machine => header.value = Some(value),
                    Some(_) => withheld.push((n, m)),
                    None => {}
                }
            }
        }
        withheld
    }

    /// The values of headers, each with the places of its node and itself.
    pub fn credentials_mut(&mut self) -> impl Iterator<Item = ((usize, usize), &mut Credential)> {
        let nodes = self.nodes.iter_mut().enumerate();
        nodes.flat_map(|(n, node)| {
            let headers = if let Kind::Http(ask) = &mut node.kind {
                ask.headers.as_mut_slice()
            } else {
                &mut []
            };
            let headers = headers.iter_mut().enumerate();
            headers.filter_map(move |(m, header)| Some(((n, m), header.value.as_mut()?)))
        })
    }

    /// Shows none of the numbers to whoever is rung that are not among `own`.
    pub fn show_only(&mut self, own: &BTreeSet<PhoneNumber>) {
        for node in &mut self.nodes {
            if let Kind::HandOver(target) = &mut node.kind {
                target.show_only(own);
            }
        }
    }

    /// The variables that a node gives a value.
    pub(super) fn set_variables(&self) -> BTreeSet<&str> {
        let nodes = self.nodes.iter();
        nodes.flat_map(|node| node.kind.sets()).collect()
    }
}

impl Node {
    /// The number outside that callers are sent to, if they are.
    pub fn outside(&self) -> Option<&PhoneNumber> {
        if let Kind::HandOver(target) = &self.kind {
            target.outside()
        } else {
            None
        }
    }

    /// The number that whoever is rung sees, where the node names one.
    pub fn caller_id(&self) -> Option<&PhoneNumber> {
        if let Kind::HandOver(target) = &self.kind {
            target.caller_id()
        } else {
            None
        }
    }

    /// What the node names, in the order in which it names it.
    pub fn references(&self) -> Vec<Reference> {
        match &self.kind {
            Kind::HandOver(target) => target.references(),
            Kind::Hours { hours_id } => vec![Reference::Hours(*hours_id)],
            Kind::Start
            | Kind::Menu(_)
            | Kind::Say(_)
            | Kind::Play { .. }
            | Kind::Gather(_)
            | Kind::Sms { .. }
            | Kind::Http(_)
            | Kind::Set { .. }
            | Kind::Branch { .. }
            | Kind::Hangup => Vec::new(),
        }
    }
}

/// The machine that an address leads to; variables stand behind it at most.
fn origin(address: &str) -> Option<Origin> {
    Some(Url::parse(address).ok()?.origin())
}

//! What is wrong with a flow, node by node.

use std::collections::BTreeSet;

use url::{Host, Url};

use super::exit::{Exit, NodeId};
use super::flow::{Edge, Flow, Node};
use super::loops::{endless, reached};
use super::node::{Collect, Header, HttpAsk, Kind, Menu, Test};
use super::template::{GIVEN, is_name, names};

/// Something that is wrong with a flow.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// The place of the node among the nodes, if it is about one.
    pub node: Option<usize>,
    /// The place of the edge among the edges, if it is about one.
    pub edge: Option<usize>,
    /// The name of the node that it is about.
    pub id: Option<NodeId>,
    /// What is wrong, and what to do.
    pub detail: String,
}

/// What is wrong with the flow. A flow without faults can be published: no
/// call gets stuck in it.
pub fn check(flow: &Flow) -> Vec<Fault> {
    let mut faults = Faults(Vec::new());
    starts(flow, &mut faults);
    for (n, edge) in flow.edges.iter().enumerate() {
        for detail in edge_faults(flow, n, edge) {
            faults.of_edge(n, edge, detail);
        }
    }
    let (reached, endless) = (reached(flow), endless(flow));
    let known: BTreeSet<&str> = flow.set_variables().into_iter().chain(GIVEN).collect();
    for (n, node) in flow.nodes.iter().enumerate() {
        if flow.nodes[..n].iter().any(|other| other.id == node.id) {
            faults.of_node(n, node, "another node has this name already".to_owned());
        }
        for exit in missing(flow, node) {
            faults.of_node(n, node, format!("the exit “{exit}” leads nowhere"));
        }
        if !reached.contains(&node.id) && node.kind != Kind::Start {
            faults.of_node(n, node, "nothing leads here from the start".to_owned());
        }
        if endless.contains(&node.id) {
            faults.of_node(n, node, ENDLESS.to_owned());
        }
        for detail in content(flow, node, &known) {
            faults.of_node(n, node, detail);
        }
    }
    faults.0
}

const ENDLESS: &str = "a call would come back here again and again without the caller doing \
    anything; let it pass a menu or an entry, or end";

struct Faults(Vec<Fault>);

impl Faults {
    fn of_node(&mut self, n: usize, node: &Node, detail: String) {
        self.0.push(Fault {
            node: Some(n),
            edge: None,
            id: Some(node.id.clone()),
            detail,
        });
    }

    fn of_edge(&mut self, n: usize, edge: &Edge, detail: String) {
        self.0.push(Fault {
            node: None,
            edge: Some(n),
            id: Some(edge.from.clone()),
            detail,
        });
    }
}

fn starts(flow: &Flow, faults: &mut Faults) {
    let is_start = |(_, node): &(usize, &Node)| node.kind == Kind::Start;
    let mut starts = flow.nodes.iter().enumerate().filter(is_start);
    if starts.next().is_none() {
        faults.0.push(Fault {
            node: None,
            edge: None,
            id: None,
            detail: "there is no start; add one node of this kind".to_owned(),
        });
    }
    for (n, node) in starts {
        faults.of_node(n, node, "there is another start already".to_owned());
    }
}

fn edge_faults(flow: &Flow, n: usize, edge: &Edge) -> Vec<String> {
    let mut details = Vec::new();
    let Edge { from, exit, to } = edge;
    match flow.node(from) {
        None => details.push(format!("it leaves “{from}”, which is no node")),
        Some(node) if !node.kind.has_exit(exit) => {
            let word = node.kind.word();
            details.push(format!(
                "“{from}” is of the kind {word}, which has no exit “{exit}”"
            ));
        }
        Some(_) => {}
    }
    match flow.node(to) {
        None => details.push(format!("it leads to “{to}”, which is no node")),
        Some(node) if node.kind == Kind::Start => {
            details.push("it leads to the start, where calls only come from outside".to_owned());
        }
        Some(_) => {}
    }
    let is_same = |other: &Edge| other.from == *from && other.exit == *exit;
    if flow.edges[..n].iter().any(is_same) {
        details.push(format!(
            "the exit “{exit}” of “{from}” leads somewhere else already"
        ));
    }
    details
}

/// The ways out that must lead somewhere, and do not.
fn missing(flow: &Flow, node: &Node) -> Vec<Exit> {
    let mut required = node.kind.required();
    required.retain(|exit| flow.after(&node.id, exit).is_none());
    required
}

/// What is wrong with what happens at a node.
fn content(flow: &Flow, node: &Node, known: &BTreeSet<&str>) -> Vec<String> {
    let mut details: Vec<String> = Vec::new();
    for name in node.kind.sets() {
        if GIVEN.contains(&name) {
            details.push(format!(
                "the variable {name} is there already and cannot be set"
            ));
        } else if !is_name(name) {
            details.push(format!("“{name}” is no name of a variable"));
        }
    }
    let unknown = |name: &&str| !known.contains(*name);
    let texts = node.kind.texts();
    let named: BTreeSet<&str> = texts.iter().flat_map(|text| names(text)).collect();
    for name in named.into_iter().filter(unknown) {
        details.push(format!("a text has {{{name}}} in it, which no node sets"));
    }
    match &node.kind {
        Kind::Menu(menu) => details.extend(of_menu(flow, &node.id, menu)),
        Kind::Gather(collect) => details.extend(of_entry(collect)),
        Kind::Http(ask) => {
            details.extend(of_address(ask));
            details.extend(ask.headers.iter().filter_map(of_header));
        }
        Kind::Branch { cases } => {
            for (n, case) in cases.iter().enumerate() {
                if cases[..n].iter().any(|other| other.exit == case.exit) {
                    details.push(format!("two cases have the name “{}”", case.exit));
                }
                let looked_at = case.when.iter().filter_map(Test::variable);
                for name in looked_at.filter(unknown) {
                    details.push(format!("a case looks at {name}, which no node sets"));
                }
            }
        }
        Kind::Start
        | Kind::Say(_)
        | Kind::Play { .. }
        | Kind::Hours { .. }
        | Kind::HandOver(_)
        | Kind::Sms { .. }
        | Kind::Set { .. }
        | Kind::Hangup => {}
    }
    details
}

fn of_menu(flow: &Flow, id: &NodeId, menu: &Menu) -> Vec<String> {
    let mut details = Vec::new();
    let keys = flow.keys(id);
    if keys.is_empty() {
        details.push("no key leads anywhere; let one of 0 to 9, * or # do so".to_owned());
    }
    let spoken = menu.synonyms.iter().map(|one| one.key);
    for key in spoken.filter(|key| !keys.contains(key)) {
        details.push(format!(
            "there are words for the key {key}, which leads nowhere"
        ));
    }
    details
}

fn of_entry(collect: &Collect) -> Option<String> {
    let is_too_much = collect.min_digits > collect.max_digits;
    is_too_much.then(|| "min_digits is more than max_digits".to_owned())
}

/// What would be refused when it is asked, as far as that shows before.
fn of_address(ask: &HttpAsk) -> Option<String> {
    let url = Url::parse(&ask.url).ok();
    let is_good = url.is_some_and(|url| {
        let is_name = matches!(url.host(), Some(Host::Domain(name)) if name.contains('.'));
        let has_port = matches!(url.port_or_known_default(), Some(443 | 8443));
        is_name && has_port && url.scheme() == "https" && url.username().is_empty()
    });
    (!is_good)
        .then(|| "the address must be of HTTPS, at a public name, on port 443 or 8443".to_owned())
}

fn of_header(header: &Header) -> Option<String> {
    let name = &header.name;
    if OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name)) {
        Some(format!("the header {name} is ours to set"))
    } else if header.value.is_none() {
        Some(format!("the header {name} has no value"))
    } else {
        None
    }
}

/// What belongs to the connection, or to what is brought.
const OURS: [&str; 9] = [
    "Connection",
    "Content-Length",
    "Content-Type",
    "Expect",
    "Host",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
];

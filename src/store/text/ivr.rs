//! A flow as JSON: nodes, edges, and where an editor draws them.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::ivr_kind::KindText;
use super::value::{Few, Line, Text};
use crate::routing::ivr::{Edge, Exit, Flow, Node, NodeId, Position};

/// What callers are told and asked. A draft may have faults; see `faults`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FlowText {
    /// What there is; one node is the start.
    #[schema(value_type = Vec<NodeText>, max_items = 100, required = false)]
    nodes: Few<NodeText, 0, 100>,
    /// What comes after what.
    #[schema(value_type = Vec<EdgeText>, max_items = 1000, required = false)]
    edges: Few<EdgeText, 0, 1000>,
}

/// One thing that happens to a caller.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeText {
    /// Its name in the flow, which no other node has.
    #[schema(value_type = String, pattern = "^[A-Za-z0-9_-]{1,64}$", example = "main-menu")]
    id: Text<NodeId>,
    /// Its name for people.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    name: Option<Line<200>>,
    /// What happens.
    kind: KindText,
    /// Where an editor draws it.
    #[serde(default)]
    position: Option<PositionText>,
}

/// A place on a drawing, in whole pixels.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionText {
    /// To the right.
    #[serde(deserialize_with = "pixels")]
    #[schema(value_type = f64, minimum = -1_000_000, maximum = 1_000_000)]
    x: i32,
    /// Down.
    #[serde(deserialize_with = "pixels")]
    #[schema(value_type = f64, minimum = -1_000_000, maximum = 1_000_000)]
    y: i32,
}

/// Editors draw between pixels; nobody sees it.
fn pixels<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
    let number = f64::deserialize(deserializer)?;
    if !(-1_000_000.0..=1_000_000.0).contains(&number) {
        return Err(D::Error::custom(
            "expected a number from -1000000 to 1000000",
        ));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is within the bounds of an i32"
    )]
    let whole = number.round() as i32;
    Ok(whole)
}

/// Where a way out of a node leads.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EdgeText {
    /// Out of this node.
    #[schema(value_type = String, pattern = "^[A-Za-z0-9_-]{1,64}$")]
    from: Text<NodeId>,
    /// By this way: a key of a menu, the name of a case, `next`, `timeout`,
    /// `invalid`, `open`, `closed`, `no_answer`, `busy`, `failed`, `left`,
    /// `full`, `ok` or `else`.
    #[schema(value_type = String, pattern = "^([0-9*#]|[a-z][a-z0-9_]{0,31})$", example = "1")]
    exit: Text<Exit>,
    /// To that one.
    #[schema(value_type = String, pattern = "^[A-Za-z0-9_-]{1,64}$")]
    to: Text<NodeId>,
}

impl From<FlowText> for Flow {
    fn from(text: FlowText) -> Self {
        let nodes = text.nodes.0.into_iter().map(|node| Node {
            id: node.id.0,
            name: node.name.map(|Line(name)| name),
            kind: node.kind.into(),
            position: node.position.map(|PositionText { x, y }| Position { x, y }),
        });
        let edges = text.edges.0.into_iter().map(|edge| Edge {
            from: edge.from.0,
            exit: edge.exit.0,
            to: edge.to.0,
        });
        Self {
            nodes: nodes.collect(),
            edges: edges.collect(),
        }
    }
}

impl From<&Flow> for FlowText {
    fn from(flow: &Flow) -> Self {
        let nodes = flow.nodes.iter().map(|node| NodeText {
            id: Text(node.id.clone()),
            name: node.name.clone().map(Line),
            kind: (&node.kind).into(),
            position: node.position.map(|Position { x, y }| PositionText { x, y }),
        });
        let edges = flow.edges.iter().map(|edge| EdgeText {
            from: Text(edge.from.clone()),
            exit: Text(edge.exit.clone()),
            to: Text(edge.to.clone()),
        });
        Self {
            nodes: Few(nodes.collect()),
            edges: Few(edges.collect()),
        }
    }
}

//! Where a call is in a flow, as JSON for the database.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::value::Text;
use crate::domain::{Pii, UserId};
use crate::routing::ivr::{NodeId, State, Tried, Variables};

/// Where a call is in a flow.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StateText {
    node: Text<NodeId>,
    is_asked: bool,
    tries: u32,
    step: u32,
    texts: u32,
    digits: String,
    variables: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tried: Option<TriedText>,
}

/// Whom the caller was led to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum TriedText {
    Member(Text<UserId>),
    Others,
}

impl From<StateText> for State {
    fn from(text: StateText) -> Self {
        let mut variables = Variables::default();
        for (name, value) in &text.variables {
            variables.set(name, value);
        }
        Self {
            node: text.node.0,
            is_asked: text.is_asked,
            tries: text.tries,
            step: text.step,
            texts: text.texts,
            digits: Pii::new(text.digits),
            variables,
            tried: match text.tried {
                None => Tried::Nobody,
                Some(TriedText::Member(Text(user))) => Tried::Member(user),
                Some(TriedText::Others) => Tried::Others,
            },
        }
    }
}

impl From<&State> for StateText {
    fn from(state: &State) -> Self {
        let variables = state.variables.iter();
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            node: Text(state.node.clone()),
            is_asked: state.is_asked,
            tries: state.tries,
            step: state.step,
            texts: state.texts,
            digits: state.digits.expose().clone(),
            variables: variables.collect(),
            tried: match state.tried {
                Tried::Nobody => None,
                Tried::Member(user) => Some(TriedText::Member(Text(user))),
                Tried::Others => Some(TriedText::Others),
            },
        }
    }
}

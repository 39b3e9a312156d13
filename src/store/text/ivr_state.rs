//! Where a call is in a flow, as JSON for the database.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::value::Text;
use crate::domain::Pii;
use crate::routing::ivr::{NodeId, State, Variables};

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
        }
    }
}

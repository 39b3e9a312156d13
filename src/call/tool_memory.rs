//! What was done for the caller of which they have not been told.
//!
//! However often they speak meanwhile: an agent that comes in the middle would
//! do it once more.

use std::collections::VecDeque;

use super::{AgentAction, ToolAnswer, ToolKey};
use crate::domain::Pii;

/// What is longer is not kept for an agent that comes in the middle.
const MAX_ARGUMENTS: usize = 4 * 1024;
/// Tools remembered; the agent answers long before.
const MAX_UNTOLD: usize = 16;

/// A tool that an agent asked for, and what came of it.
#[derive(Clone, Debug)]
pub(super) struct Untold {
    pub(super) call: ToolKey,
    pub(super) name: String,
    pub(super) arguments: Pii<String>,
    pub(super) answer: ToolAnswer,
}

/// What the caller has not been told, in the order in which it ended.
#[derive(Debug, Default)]
pub(super) struct ToolMemory {
    ended: VecDeque<Untold>,
}

impl ToolMemory {
    pub(super) fn ended(&mut self, tool: Untold) {
        if self.ended.len() == MAX_UNTOLD {
            self.ended.pop_front();
        }
        self.ended.push_back(tool);
    }

    /// The caller has been told everything.
    pub(super) fn are_told(&mut self) {
        self.ended.clear();
    }

    /// What an agent that comes in the middle must know of it.
    pub(super) fn recalled(&self) -> impl Iterator<Item = AgentAction> {
        self.ended
            .iter()
            .cloned()
            .map(|one| AgentAction::RecallTool {
                call: one.call,
                name: one.name,
                arguments: one.arguments,
                answer: Some(one.answer),
            })
    }
}

/// The arguments, as far as they are kept.
pub(super) fn kept(arguments: &Pii<String>) -> Pii<String> {
    if arguments.expose().len() > MAX_ARGUMENTS {
        Pii::new("{}".to_owned())
    } else {
        arguments.clone()
    }
}

//! What was done for the caller of which they have not been told.
//!
//! However often they speak meanwhile: an agent that comes in the middle would
//! do it once more.

use std::collections::VecDeque;

use super::tool::Tools;
use super::{AgentAction, Errand, ToolAnswer, ToolKey};
use crate::domain::Pii;

/// What is longer is not kept for an agent that comes in the middle.
const MAX_KEPT: usize = 4 * 1024;
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

    /// What came of something is told after its end.
    pub(super) fn amend(&mut self, errand: Errand, output: &Pii<String>) {
        for one in &mut self.ended {
            if Errand::Tool(one.call) == errand && is_blank(&one.answer) {
                one.answer = ToolAnswer::Done(kept(output));
            }
        }
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

impl Tools {
    /// The agent answers what was done, or is about to.
    pub(super) fn are_answered(&mut self) {
        if !self.is_running() {
            self.owes_reply = false;
        }
    }

    /// The caller was told what came of all that was done.
    pub(super) fn are_told(&mut self) {
        if !self.is_running() {
            self.untold.are_told();
        }
    }
}

fn is_blank(answer: &ToolAnswer) -> bool {
    matches!(answer, ToolAnswer::Done(output) if output.expose().is_empty())
}

/// What is kept of arguments, or of what came of them.
pub(super) fn kept(text: &Pii<String>) -> Pii<String> {
    if text.expose().len() > MAX_KEPT {
        Pii::new("{}".to_owned())
    } else {
        text.clone()
    }
}

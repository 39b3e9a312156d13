//! What the agent does by itself, at servers of tools that it asks without us.
//!
//! Nobody does it for the agent, nobody can refuse it, and nobody hands the
//! agent what comes of it. But the caller waits for it as for any other tool, it
//! counts like one, and only who is asked to goes on when it is done.

use std::time::{Duration, Instant};

use super::session::Session;
use super::tool::{Running, Tools};
use super::tool_memory::{Untold, kept};
use super::{AgentAction, Errand, Notice, ResponseKey, ToolAnswer, ToolKey, ToolRefusal};
use crate::domain::Pii;

/// Nobody tells us how long such a server takes; after so long the conversation
/// goes on without it.
const PATIENCE: Duration = Duration::from_secs(15);
/// So many are watched at one time.
const MAX_WATCHED: usize = 32;

/// Something that the agent does by itself. Its end is told like that of a tool,
/// by [`Event::ToolEnded`](super::Event::ToolEnded).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AgentAct {
    /// Our name for it.
    pub call: ToolKey,
    /// The tool, if it is known.
    pub name: Option<String>,
    /// As the agent wrote them.
    pub arguments: Pii<String>,
}

/// Who does what the agent wishes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Doer {
    /// We.
    House,
    /// The agent itself; it began in this response.
    Agent(Option<ResponseKey>),
}

impl Tools {
    /// The agent is lost, and what runs goes on: the next one is told of it. What
    /// the agent did by itself is lost with it. Whether the caller waits for what
    /// comes of it.
    pub(super) fn agent_lost(&mut self) -> bool {
        let is_owed = std::mem::take(&mut self.owes_reply) || self.is_running();
        let lost = self
            .running
            .extract_if(.., |one| one.doer != Doer::House)
            .filter_map(abandoned);
        for one in lost {
            self.untold.ended(one);
        }
        is_owed
    }
}

impl Session {
    pub(super) fn on_agent_acts(&mut self, act: AgentAct, now: Instant) {
        if !self.tools.is_new(act.call) || self.tools.running.len() >= MAX_WATCHED {
            return;
        }
        self.note_act();
        self.tools.of_turn += 1;
        self.tools.of_call += 1;
        self.tools.running.push(Running {
            errand: Errand::Tool(act.call),
            doer: Doer::Agent(self.turn.active()),
            name: act.name,
            arguments: kept(&act.arguments),
            hands_on: false,
            due: now + PATIENCE,
        });
        self.mind_tools();
    }

    /// Tells the agent what came of a tool, unless it is the first to know.
    pub(super) fn tell_end(&mut self, call: ToolKey, running: &Running, answer: &ToolAnswer) {
        match (running.doer, answer) {
            (Doer::House, answer) => {
                let answer = answer.clone();
                self.agent(AgentAction::AnswerTool { call, answer });
            }
            (Doer::Agent(_), ToolAnswer::Refused(_)) => {
                let name = running.name.clone();
                self.agent(AgentAction::Tell(Notice::NoAnswer(name)));
            }
            (Doer::Agent(_), _) => {}
        }
    }

    /// Whether the agent speaks of what came of it already, and nobody has asked
    /// it to. What it says to the caller's own words does not count.
    pub(super) fn goes_on_by_itself(&self, running: &Running) -> bool {
        match running.doer {
            Doer::House => false,
            Doer::Agent(since) => self.tools.of_turn > 0 && self.turn.goes_on_by_itself(since),
        }
    }
}

/// The agent is gone, and nobody knows what it has done.
fn abandoned(running: Running) -> Option<Untold> {
    match running.errand {
        Errand::Tool(call) => Some(Untold {
            call,
            name: running.name?,
            arguments: running.arguments,
            answer: ToolAnswer::Refused(ToolRefusal::Lost),
        }),
        Errand::Person => None,
    }
}

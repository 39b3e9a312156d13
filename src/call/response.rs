//! The agent's responses, and how often we are patient with one that fails.

use std::time::{Duration, Instant};

use super::ending::Stage;
use super::session::Session;
use super::timers::Timer;
use super::turn::Begun;
use super::{AgentAction, ItemKey, Outcome, Refused, Reply, Report, ResponseKey};
use crate::audio::Frame;
use crate::domain::{EndReason, Speaker, Usage};

/// Responses that may fail in a row before the agent is lost.
const MAX_FAILURES: u32 = 2;
/// Responses without a word that may come in a row before the agent is lost.
const MAX_EMPTY: u32 = 1;
/// A busy agent is asked again after this at the latest.
const MAX_BUSY: Duration = Duration::from_secs(2);

/// What the agent did since it was last heard instead of speaking.
#[derive(Debug, Default)]
pub(super) struct Patience {
    failures: u32,
    empty: u32,
    /// A tool was used in the response that goes on.
    has_acted: bool,
    /// What a busy agent is asked for again.
    retry: Option<Reply>,
}

impl Patience {
    /// Whether a busy agent is about to be asked again.
    pub(super) fn has_put_off(&self) -> bool {
        self.retry.is_some()
    }

    /// What a busy agent was about to be asked again, which it is no more.
    pub(super) fn take_put_off(&mut self) -> Option<Reply> {
        self.retry.take()
    }
}

impl Session {
    pub(super) fn on_response_started(&mut self, response: ResponseKey) {
        let begun = self.turn.response_started(response);
        self.patience.has_acted = false;
        match begun {
            Begun::Asked(reply) => {
                if reply.is_answer() || reply == Reply::Resume {
                    self.tools.are_answered();
                }
                if let Some(ending) = &mut self.ending
                    && ending.stage == Stage::Asked
                    && reply.is_goodbye()
                {
                    ending.stage = Stage::Saying(response);
                }
            }
            Begun::Cut => self.agent(AgentAction::Cancel(Some(response))),
            Begun::Own => self.tools.are_answered(),
        }
    }

    pub(super) fn on_response_refused(&mut self, refused: Refused, now: Instant) {
        let other = match refused {
            Refused::TooEarly => self.turn.response_refused(),
            Refused::Unasked => self.turn.answer_refused(self.ending.is_none()),
            Refused::Busy(after) => return self.on_request_failed(Some(after), now),
            Refused::Failed => return self.on_request_failed(None, now),
        };
        if let (Some(other), Some(ending)) = (other, &mut self.ending)
            && ending.stage == Stage::Saying(other)
        {
            ending.stage = Stage::Asked;
        }
    }

    /// What was asked for does not begin; so long after it can be asked for again.
    fn on_request_failed(&mut self, after: Option<Duration>, now: Instant) {
        let Some(reply) = self.turn.request_failed() else {
            return;
        };
        match &mut self.ending {
            // A goodbye that cannot be had is not waited for.
            Some(ending) if reply.is_goodbye() => ending.stage = Stage::Said,
            Some(_) => {}
            None => self.on_failure(reply, after, now),
        }
    }

    pub(super) fn on_agent_audio(&mut self, response: ResponseKey, item: ItemKey, frame: Frame) {
        if self.turn.is_audible(response) && self.has_carrier {
            self.turn.response_spoke(response);
            self.patience.empty = 0;
            if !self.oversight.silences(Speaker::Receptionist) {
                self.playback.receive(item, frame);
                self.is_heard_again();
            }
        }
    }

    pub(super) fn on_response_done(
        &mut self,
        response: ResponseKey,
        outcome: Outcome,
        usage: Usage,
        now: Instant,
    ) {
        if self.turn.is_over_again(response) {
            return;
        }
        self.on_used(usage);
        let is_audible = self.turn.is_audible(response);
        if is_audible {
            self.playback.finish_all();
            if outcome == Outcome::Completed && !self.playback.is_quiet(now) {
                self.silence.answered();
            }
        }
        let asked = self
            .turn
            .response_done(response, outcome == Outcome::Cancelled);
        if let Some(ending) = &mut self.ending
            && ending.stage == Stage::Saying(response)
        {
            ending.stage = Stage::Said;
        }
        if is_audible && self.ending.is_none() && !self.turn.is_caller_speaking() {
            let reply = asked.unwrap_or(Reply::Answer);
            match (outcome, self.turn.has_spoken(response)) {
                (Outcome::Completed, true) => self.on_answered(),
                (Outcome::Completed, false) => self.on_empty(reply, asked.is_some(), now),
                (Outcome::Withheld, _) => self.on_failure(Reply::Excuse, None, now),
                (Outcome::Failed, true) => self.on_failure(Reply::Resume, None, now),
                (Outcome::Failed, false) => self.on_failure(reply, None, now),
                (Outcome::Busy(after), _) => self.on_failure(reply, Some(after), now),
                (Outcome::Cancelled, _) => {}
            }
        }
        let is_asked = self.turn.is_busy() || self.turn.is_wanted();
        if !is_asked && !self.patience.has_put_off() {
            self.reply_to_tools();
        }
    }

    pub(super) fn on_used(&mut self, usage: Usage) {
        self.usage = self.usage.plus(usage);
        self.report(Report::Used(usage));
    }

    /// The agent has said what it had to say.
    fn on_answered(&mut self) {
        self.patience.failures = 0;
        if !self.turn.is_wanted() && !self.tools.owes_reply {
            self.tools.are_told();
            self.oversight.answered();
            self.wish.answered();
        }
    }

    /// The caller waits for the rest of an answer, or for all of it; so long
    /// after it can be asked for again.
    fn on_failure(&mut self, reply: Reply, after: Option<Duration>, now: Instant) {
        self.patience.failures += 1;
        if self.patience.failures > MAX_FAILURES {
            self.on_agent_gone(EndReason::AgentLost, now);
        } else if let Some(after) = after {
            self.patience.retry = Some(reply);
            self.timers.set(Timer::Retry, now + after.min(MAX_BUSY));
        } else {
            self.respond(reply);
        }
    }

    /// The agent had nothing to say, and did nothing either.
    fn on_empty(&mut self, reply: Reply, was_asked: bool, now: Instant) {
        if self.patience.has_acted || !(was_asked || self.turn.is_awaited()) {
            return;
        }
        self.patience.empty += 1;
        if self.patience.empty > MAX_EMPTY {
            self.on_agent_gone(EndReason::AgentLost, now);
        } else {
            self.respond(reply);
        }
    }

    /// A busy agent has had its time.
    pub(super) fn retry(&mut self) {
        if let Some(reply) = self.patience.take_put_off() {
            self.respond(reply);
        }
    }

    /// The agent did something.
    pub(super) fn note_act(&mut self) {
        self.patience.has_acted = true;
    }
}

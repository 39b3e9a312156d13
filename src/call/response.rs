//! The agent's responses, and how long we are patient with an agent that owes one.

use std::time::{Duration, Instant};

use super::ending::Stage;
use super::session::Session;
use super::timers::Timer;
use super::{ItemKey, Outcome, Reply, Report, ResponseKey};
use crate::audio::Frame;
use crate::domain::{EndReason, Speaker, Usage};

/// An agent that owes an answer for so long without a sound is lost.
const OWED: Duration = Duration::from_secs(15);
/// Responses that may fail in a row before the agent is lost.
const MAX_FAILURES: u32 = 1;

/// What the agent did since it was last heard instead of speaking.
#[derive(Debug, Default)]
pub(super) struct Patience {
    failures: u32,
}

impl Session {
    pub(super) fn on_response_started(&mut self, response: ResponseKey) {
        let asked = self.turn.response_started(response);
        if let Some(ending) = &mut self.ending
            && ending.stage == Stage::Asked
            && asked.is_some()
        {
            ending.stage = Stage::Saying(response);
        }
    }

    pub(super) fn on_response_refused(&mut self) {
        let other = self.turn.response_refused();
        if let (Some(other), Some(ending)) = (other, &mut self.ending)
            && ending.stage == Stage::Saying(other)
        {
            ending.stage = Stage::Asked;
        }
    }

    pub(super) fn on_agent_audio(&mut self, response: ResponseKey, item: ItemKey, frame: Frame) {
        if self.turn.is_audible(response) && self.has_carrier {
            self.turn.response_spoke(response);
            self.patience = Patience::default();
            if !self.oversight.silences(Speaker::Receptionist) {
                self.playback.receive(item, frame);
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
        self.usage = self.usage.plus(usage);
        self.report(Report::Used(usage));
        let is_audible = self.turn.is_audible(response);
        if is_audible {
            self.playback.finish_all();
            if outcome == Outcome::Completed && !self.playback.is_quiet(now) {
                self.silence.answered();
            }
        }
        let asked = self.turn.response_done(response);
        if let Some(ending) = &mut self.ending
            && ending.stage == Stage::Saying(response)
        {
            ending.stage = Stage::Said;
        }
        if outcome == Outcome::Failed && is_audible && !self.turn.has_spoken(response) {
            self.on_unheard_failure(asked.unwrap_or(Reply::Answer), now);
        }
    }

    /// The caller waits for an answer that failed before its first sound.
    fn on_unheard_failure(&mut self, reply: Reply, now: Instant) {
        if self.ending.is_some() || self.turn.is_caller_speaking() {
            return;
        }
        self.patience.failures += 1;
        if self.patience.failures > MAX_FAILURES {
            self.on_agent_gone(EndReason::AgentLost, now);
        } else {
            self.respond(reply);
        }
    }

    /// Watches over the answer that the agent owes, if it owes one.
    pub(super) fn mind_answer(&mut self, now: Instant) {
        if !self.turn.is_owing() || self.ending.is_some() {
            self.timers.stop(Timer::Answer);
        } else if !self.timers.is_set(Timer::Answer) {
            self.timers.set(Timer::Answer, now + OWED);
        }
    }
}

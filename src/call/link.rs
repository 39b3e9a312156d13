//! The line to the agent: lost, reached again, and renewed before it is cut.
//!
//! An agent that is gone takes nothing with it: what the caller is hearing is
//! heard to its end, what they say meanwhile waits in the
//! [intake](super::intake), and the next agent is told what was said so far.

use std::time::{Duration, Instant};

use super::session::{Session, listen};
use super::timers::Timer;
use super::{Action, AgentAction, Recalled, Reply, Report, Spent};
use crate::domain::{EndReason, Speaker, Utterance};

/// The pauses between attempts to reach the agent; the last one holds for all
/// further ones. Each is stretched by up to a half, so that calls which lost
/// their agents together do not come back together.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
];
/// An agent that is lost more often in such a time is not worth the next try.
const MAX_LOSSES: usize = 2;
const LOSSES_WITHIN: Duration = Duration::from_mins(1);

/// Where the other one cannot be had, it is tried again so much later.
const RENEW_AGAIN: Duration = Duration::from_mins(1);
/// So long nobody has spoken when one agent takes the place of another.
const UNDISTURBED: Duration = Duration::from_secs(1);

/// What an agent that comes in the middle is told of what was said before:
/// the last so many utterances and entries.
const MAX_RECALLED: usize = 60;

/// What is known of the line.
#[derive(Debug)]
pub(super) struct Link {
    /// Both ends have been there at the same time.
    pub(super) has_begun: bool,
    /// Some agent has been ready.
    pub(super) was_up: bool,
    /// Since when the caller has had none.
    lost_at: Option<Instant>,
    /// Attempts of this outage that failed.
    failures: usize,
    /// The last losses, the oldest first.
    losses: [Option<Instant>; MAX_LOSSES],
    /// What the agent that is gone still owed.
    owes: bool,
    spare: Spare,
    /// Said in earlier parts of the call.
    memory: Vec<Utterance>,
    seed: u64,
}

/// The agent that will take over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Spare {
    None,
    Dialing,
    Ready,
}

impl Link {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            has_begun: false,
            was_up: false,
            lost_at: None,
            failures: 0,
            losses: [None; MAX_LOSSES],
            owes: false,
            spare: Spare::None,
            memory: Vec::new(),
            seed,
        }
    }

    /// Why the call ends if the agent stays away.
    pub(super) fn why_gone(&self) -> EndReason {
        if self.was_up {
            EndReason::AgentLost
        } else {
            EndReason::AgentUnavailable
        }
    }

    /// Notes a loss. False if there have been too many of late.
    fn may_return(&mut self, now: Instant) -> bool {
        let is_recent = |at: Instant| now.saturating_duration_since(at) < LOSSES_WITHIN;
        if self.losses[0].is_some_and(is_recent) {
            return false;
        }
        self.losses.rotate_left(1);
        self.losses[MAX_LOSSES - 1] = Some(now);
        true
    }

    /// How long to wait before the next attempt.
    fn pause(&mut self) -> Duration {
        let pause = PAUSES[self.failures.min(PAUSES.len() - 1)];
        self.failures += 1;
        // Knuth's generator: no more is needed to keep calls apart.
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let spread = u32::from(self.seed.to_be_bytes()[0]);
        pause + pause * spread / 512
    }
}

impl Session {
    /// The same call, of which so much was said and spent in an earlier part.
    #[must_use]
    pub fn remembering(mut self, said: Vec<Utterance>, spent: Spent) -> Self {
        self.link.memory = said;
        self.tools.resume(spent.tools);
        self.wish.resume(spent.asked);
        self
    }

    /// What of the call is spent, should the caller come back.
    pub fn spent(&self) -> Spent {
        Spent {
            tools: self.tools.of_call(),
            asked: self.wish.asked(),
        }
    }

    /// The agent could not be reached, or refused us.
    pub(super) fn on_agent_failed(&mut self, is_final: bool, now: Instant) {
        if self.has_agent {
            self.on_agent_closed(now);
        } else if is_final || self.ending.is_some() {
            self.on_agent_gone(self.link.why_gone(), now);
        } else {
            let pause = self.link.pause();
            self.timers.set(Timer::Redial, now + pause);
        }
    }

    /// The agent closed its side.
    pub(super) fn on_agent_closed(&mut self, now: Instant) {
        if !self.has_agent {
            self.on_agent_failed(false, now);
            return;
        }
        self.has_agent = false;
        if self.ending.is_some() || !self.link.may_return(now) {
            self.on_agent_gone(EndReason::AgentLost, now);
            return;
        }
        self.playback.finish_all();
        self.intake.close();
        self.timers.stop(Timer::Renew);
        let owes = self.take_debts();
        self.link.owes |= owes;
        self.wait.agent_lost(now);
        self.link.lost_at = Some(now);
        self.link.failures = 0;
        self.report(Report::AgentLost);
        if self.link.spare == Spare::Ready {
            self.take_spare(now);
        } else {
            self.link.spare = Spare::None;
            let pause = self.link.pause();
            self.timers.set(Timer::Redial, now + pause);
        }
    }

    /// Whether the agent that is gone owed the caller something: an answer, the
    /// rest of one, or what comes of a tool.
    fn take_debts(&mut self) -> bool {
        let owes_answer = self.turn.agent_lost();
        let has_put_off = self.patience.take_put_off().is_some();
        let owes_result = self.tools.agent_lost();
        self.wish.agent_lost();
        self.mind_tools();
        owes_answer || has_put_off || owes_result
    }

    pub(super) fn redial(&mut self) {
        self.actions.push_back(Action::Dial);
    }

    /// The agent accepted its configuration.
    pub(super) fn on_agent_ready(&mut self, now: Instant) {
        if self.has_agent || self.has_given_up() {
            return;
        }
        self.has_agent = true;
        self.link.was_up = true;
        self.link.failures = 0;
        self.timers.stop(Timer::Redial);
        self.timers.set(Timer::Renew, now + self.plan.renew_after);
        if let Some(lost_at) = self.link.lost_at.take() {
            let after = now.saturating_duration_since(lost_at);
            self.report(Report::AgentBack { after });
            // What the other one still told, once it was given up, comes to no end.
            self.link.owes |= self.turn.agent_lost();
        }
        self.wait.agent_is_back();
        self.oversight.agent_replaced();
        self.recall();
        if self.has_carrier {
            self.begin_conversation(now);
        }
    }

    /// Both are there: greet, or go on where the last agent stopped, and hand
    /// over what the caller said meanwhile.
    pub(super) fn begin_conversation(&mut self, now: Instant) {
        let is_first = !std::mem::replace(&mut self.link.has_begun, true);
        if is_first {
            self.report(Report::Connected);
            self.timers
                .set(Timer::Silence, now + self.plan.silence.prompt_after);
        }
        let owes = std::mem::take(&mut self.link.owes);
        if is_first && self.plan.is_back {
            self.tools.caller_spoke();
            self.respond(Reply::Back);
        } else if !self.has_greeted() {
            self.respond(Reply::Greeting);
        } else if owes && !self.keypad.has_unread() {
            self.respond(Reply::Resume);
        }
        if self.wish.take_due() {
            self.lead_to_person(now);
        }
        self.read_keys(now);
        let actions = &mut self.actions;
        self.intake.open(|frame| {
            actions.push_back(listen(frame));
        });
        self.catch_up(now);
        self.silence.agent_replaced(now);
    }

    /// Whether the caller has heard the receptionist in this call.
    fn has_greeted(&self) -> bool {
        let by_receptionist = |said: &Utterance| said.speaker == Speaker::Receptionist;
        self.link.memory.iter().any(by_receptionist)
            || self.transcript.known().any(|said| by_receptionist(&said))
    }

    /// Tells an agent that comes in the middle what was said and keyed in so
    /// far, and which tools were used of which the caller does not know yet.
    fn recall(&mut self) {
        let mut known: Vec<_> = self.transcript.known().collect();
        let memory = self.link.memory.iter().cloned();
        let mut recalled: Vec<_> = memory.map(Recalled::Said).collect();
        for entry in self.keypad.read() {
            let before = known.iter().take_while(|said| said.started <= entry.at);
            let before = before.count();
            recalled.extend(known.drain(..before).map(Recalled::Said));
            recalled.push(Recalled::Keyed(entry.digits.clone()));
        }
        recalled.extend(known.into_iter().map(Recalled::Said));
        recalled.drain(..recalled.len().saturating_sub(MAX_RECALLED));
        if !recalled.is_empty() {
            self.agent(AgentAction::Recall(recalled));
        }
        let recalled = self.tools.recalled().map(Action::Agent);
        self.actions.extend(recalled);
    }

    pub(super) fn renew(&mut self) {
        if self.has_agent && self.ending.is_none() && self.link.spare == Spare::None {
            self.link.spare = Spare::Dialing;
            self.actions.push_back(Action::DialSpare);
        }
    }

    pub(super) fn on_spare_ready(&mut self) {
        if self.link.spare == Spare::Dialing {
            self.link.spare = Spare::Ready;
        }
    }

    pub(super) fn on_spare_failed(&mut self, now: Instant) {
        if self.link.spare != Spare::None {
            self.link.spare = Spare::None;
            self.timers.set(Timer::Renew, now + RENEW_AGAIN);
        }
    }

    /// Puts the other agent in the place of this one, once nobody speaks and
    /// nothing is being done. One that is cut before is replaced all the same.
    pub(super) fn mind_spare(&mut self, now: Instant) {
        let is_calm = self.has_agent
            && self.ending.is_none()
            && !self.turn.is_busy()
            && !self.turn.is_callers()
            && !self.patience.has_put_off()
            && !self.tools.is_running()
            && self.playback.is_quiet(now);
        if self.link.spare != Spare::Ready || !is_calm {
            return;
        }
        // Who answers what they have just heard begins by then, and is heard by this one.
        let calm_at = self.playback.quiet_at().map_or(now, |at| at + UNDISTURBED);
        if now < calm_at {
            self.timers.set(Timer::Renew, calm_at);
        } else {
            self.has_agent = false;
            self.take_spare(now);
        }
    }

    fn take_spare(&mut self, now: Instant) {
        self.link.spare = Spare::None;
        self.actions.push_back(Action::Swap);
        self.on_agent_ready(now);
    }
}

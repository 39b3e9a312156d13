//! The caller waits: what they hear meanwhile, and when we give the agent up.
//!
//! Nobody is left in silence. Whatever the reason, an agent that thinks, that
//! has fallen silent, also in the middle of an answer, or that is not there at
//! all, the caller hears a sentence that needs no agent, and in the end is
//! handed to somebody else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ending::Stage;
use super::session::Session;
use super::timers::Timer;
use super::{Action, AgentAction, ItemKey, Phrase, Reply};
use crate::audio::frames;
use crate::domain::{Pii, Speaker};

/// One thing that is done while the caller waits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    Say(Phrase),
    /// The agent says that something is being looked up.
    Fill,
    /// So does somebody else, where it has not begun to.
    FillAnyway,
    /// It takes longer.
    FillAgain,
    /// The answer is broken off and asked for again: another agent, if this one
    /// has fallen silent in the middle of it.
    AskAgain,
    GiveUp,
    /// The call ends without the goodbye, or without the rest of it.
    HangUp,
}

/// There is an agent that owes an answer, or the rest of one.
const OWED: [(Duration, Step); 4] = [
    (Duration::from_millis(1_200), Step::Say(Phrase::OneMoment)),
    (Duration::from_secs(5), Step::Say(Phrase::Apology)),
    (Duration::from_secs(8), Step::AskAgain),
    (Duration::from_secs(15), Step::GiveUp),
];

/// Something is done for the caller by a tool, which has its own deadline.
const WORKING: [(Duration, Step); 4] = [
    (Duration::from_millis(1_200), Step::Fill),
    (Duration::from_millis(2_400), Step::FillAnyway),
    (Duration::from_secs(5), Step::FillAgain),
    (Duration::from_secs(12), Step::Say(Phrase::Apology)),
];

/// The caller is handed on, and the agent is to say so.
const HANDED_ON: [(Duration, Step); 2] = [
    (Duration::from_millis(1_200), Step::Say(Phrase::OneMoment)),
    (Duration::from_millis(2_500), Step::GiveUp),
];

/// The agent is to say goodbye.
const GOODBYE: [(Duration, Step); 2] = [
    (Duration::from_millis(1_200), Step::Say(Phrase::OneMoment)),
    (Duration::from_secs(5), Step::HangUp),
];

/// There is no agent. The apology is heard 2.5 s after the answer: a moment of that is the way.
const NOBODY: [(Duration, Step); 3] = [
    (Duration::from_millis(1_200), Step::Say(Phrase::OneMoment)),
    (Duration::from_millis(2_400), Step::Say(Phrase::Apology)),
    (Duration::from_secs(4), Step::GiveUp),
];

/// Who has no agent is with somebody else by then, whatever we are saying.
const HANDED_ON_BY: Duration = Duration::from_secs(5);

/// How long the caller has waited, and what they have heard meanwhile.
#[derive(Debug, Default)]
pub(super) struct Wait {
    since: Option<Instant>,
    /// Since when there is no agent, if there was one.
    lost_at: Option<Instant>,
    done: Vec<Step>,
}

impl Wait {
    /// The agent is lost. What was waited for it counts as far as something is
    /// to be heard at once; what was said meanwhile does not.
    pub(super) fn agent_lost(&mut self, now: Instant) {
        let (patience, _) = NOBODY[0];
        let earliest = now.checked_sub(patience).unwrap_or(now);
        self.since = self.since.map(|since| since.max(earliest));
        self.lost_at.get_or_insert(now);
        self.done.clear();
    }

    /// Another agent is there, which has time of its own.
    pub(super) fn agent_is_back(&mut self) {
        self.lost_at = None;
    }

    /// The caller has heard that it takes a moment, and not from the agent.
    fn has_said_so(&self) -> bool {
        self.done.contains(&Step::Say(Phrase::OneMoment))
    }

    /// The caller is handed on. An agent that was not slow has time to say so.
    pub(super) fn is_handed_on(&mut self) {
        if !self.has_said_so() {
            *self = Self::default();
        }
    }

    /// What is due first. What is still heard of an agent that is lost puts nobody off.
    fn next(&self, plan: &[(Duration, Step)]) -> Option<(Instant, Step)> {
        let (since, given_up_from) = (self.since?, self.given_up_from()?);
        let due = |(after, step): &(Duration, Step)| {
            let from = match step {
                Step::GiveUp => given_up_from,
                Step::Say(_)
                | Step::Fill
                | Step::FillAnyway
                | Step::FillAgain
                | Step::AskAgain
                | Step::HangUp => since,
            };
            (from + *after, *step)
        };
        let undone = plan.iter().filter(|(_, step)| !self.done.contains(step));
        undone.map(due).min_by_key(|(at, _)| *at)
    }

    /// When a sentence of ours is not heard any further, by a caller without an agent.
    pub(super) fn latest(&self, now: Instant) -> Option<Instant> {
        let latest = self.given_up_from()? + HANDED_ON_BY;
        Some(latest.max(self.since?).max(now))
    }

    /// From when on it counts how long an agent is waited for.
    fn given_up_from(&self) -> Option<Instant> {
        let since = self.since?;
        Some(self.lost_at.unwrap_or(since).min(since))
    }
}

impl Session {
    /// Watches over the caller's patience.
    pub(super) fn mind_wait(&mut self, now: Instant) {
        let Some(plan) = self.waiting() else {
            self.wait = Wait::default();
            self.timers.stop(Timer::Wait);
            return;
        };
        if self.wait.done.is_empty() {
            // Who hears something does not wait yet.
            let since = self.wait.since.unwrap_or(now);
            let quiet_at = self.playback.quiet_at();
            self.wait.since = Some(quiet_at.map_or(since, |quiet_at| quiet_at.max(since)));
        }
        if let Some((due, _)) = self.wait.next(plan) {
            self.timers.set(Timer::Wait, due);
        }
    }

    /// What happens while the caller waits, if they do.
    fn waiting(&self) -> Option<&'static [(Duration, Step)]> {
        let is_kept_back = self.oversight.silences(Speaker::Receptionist);
        let hears = self.has_carrier && !is_kept_back && !self.behind.is_stuck();
        // A goodbye for which there is nobody is waited for like any other word.
        let is_ending = self.ending.is_some() && (self.has_agent || self.has_given_up());
        if hears && is_ending && self.is_handed_on_by_agent() {
            Some(&HANDED_ON)
        } else if !hears || self.turn.is_caller_heard() {
            None
        } else if is_ending {
            self.waiting_for_goodbye()
        } else if !self.has_agent {
            Some(&NOBODY)
        } else if self.tools.is_running() {
            Some(&WORKING)
        } else if self.turn.is_awaited() || self.is_owed_more() {
            Some(&OWED)
        } else {
            None
        }
    }

    /// Where some of it was heard, nothing is said behind it.
    fn waiting_for_goodbye(&self) -> Option<&'static [(Duration, Step)]> {
        match self.ending?.stage {
            Stage::Saying(response) if self.turn.has_spoken(response) => Some(&GOODBYE[1..]),
            Stage::Asked | Stage::Saying(_) => Some(&GOODBYE),
            Stage::Said => None,
        }
    }

    /// Whether there is more to come of what the agent is asked for or says.
    pub(super) fn is_owed_more(&self) -> bool {
        self.turn.is_owing() || self.turn.is_answering() || self.patience.has_put_off()
    }

    /// The agent is heard. What a tool is waited for goes on.
    pub(super) fn is_heard_again(&mut self) {
        if !self.tools.is_running() {
            self.wait = Wait::default();
        }
    }

    /// The caller has waited for so long that something is due.
    pub(super) fn on_wait(&mut self, now: Instant) {
        while let Some(plan) = self.waiting()
            && let Some((due, step)) = self.wait.next(plan)
            && due <= now
        {
            self.wait.done.push(step);
            match step {
                Step::Say(phrase) => self.actions.push_back(Action::Utter(phrase)),
                Step::Fill => self.fill(),
                Step::FillAnyway if !self.turn.is_owing() || self.wait.has_said_so() => {}
                Step::FillAnyway => self.say_moment(),
                Step::FillAgain => self.actions.push_back(Action::Utter(Phrase::OneMoment)),
                Step::AskAgain => self.ask_again(now),
                Step::GiveUp => self.on_agent_gone(self.link.why_gone(), now),
                Step::HangUp => self.hang_up(now),
            }
        }
    }

    /// A caller who waits for a tool hears that, unless something is to be said
    /// anyway. An agent that has not come to its end cannot say it.
    fn fill(&mut self) {
        if self.wait.has_said_so() {
            return;
        }
        if self.turn.is_busy() {
            self.say_moment();
        } else if !self.turn.is_wanted() {
            self.respond(Reply::Filler);
        }
    }

    fn say_moment(&mut self) {
        self.wait.done.push(Step::Say(Phrase::OneMoment));
        self.actions.push_back(Action::Utter(Phrase::OneMoment));
    }

    fn ask_again(&mut self, now: Instant) {
        if self.turn.is_half_said() {
            // The rest of it does not come: another agent is told what was heard, and goes on.
            self.on_agent_closed(now);
            return;
        }
        let (active, is_held_up) = (self.turn.active(), self.turn.is_held_up());
        let put_off = self.patience.take_put_off();
        let asked = self.turn.give_up().or(put_off);
        self.agent(AgentAction::Cancel(active));
        if !is_held_up {
            self.respond(asked.unwrap_or(Reply::Answer));
        }
    }

    /// A sentence of our own, to be heard behind what is being heard.
    pub(super) fn on_uttered(&mut self, text: &Pii<String>, sound: &Arc<[u8]>, now: Instant) {
        if !self.has_carrier || self.oversight.silences(Speaker::Receptionist) {
            return;
        }
        let item = ItemKey::own(self.uttered);
        self.uttered = self.uttered.wrapping_add(1);
        self.transcript
            .place(item, None, Speaker::Receptionist, now);
        self.transcript.append(item, text.expose(), now);
        for frame in frames(sound) {
            self.playback.receive(item, frame);
        }
        self.playback.finish(item);
    }
}

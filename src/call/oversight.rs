//! What somebody who looks after a call from outside does to it.

use std::mem;
use std::time::{Duration, Instant};

use super::barge_in::Cause;
use super::session::Session;
use super::timers::Timer;
use super::{Action, AgentAction, CarrierAction, Notice, Order, Reply, Report};
use crate::audio::chime;
use crate::domain::{Pii, Speaker};

/// How often a caller on hold hears that they are.
const CHIME_EVERY: Duration = Duration::from_secs(4);

/// What may wait to be said when the call begins.
const MAX_EARLY: usize = 8;

/// Who may not be heard at this moment.
#[derive(Debug, Default)]
pub(super) struct Oversight {
    is_caller_muted: bool,
    is_receptionist_muted: bool,
    hold: Hold,
    /// What is to be said once there is somebody to say it, and to hear it.
    early: Vec<Pii<String>>,
    /// What the agent was told to say and has not said yet.
    told: Vec<Pii<String>>,
}

/// Whether the caller waits.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Hold {
    #[default]
    Off,
    /// As soon as there is a caller.
    Due,
    On,
}

impl Oversight {
    /// Whether nothing of what `speaker` says reaches the other.
    pub(super) fn silences(&self, speaker: Speaker) -> bool {
        self.is_held()
            || match speaker {
                Speaker::Caller => self.is_caller_muted,
                Speaker::Receptionist => self.is_receptionist_muted,
            }
    }

    /// Whether one of the two is not heard: then silence is nobody's fault.
    pub(super) fn explains_silence(&self) -> bool {
        self.silences(Speaker::Caller) || self.silences(Speaker::Receptionist)
    }

    /// Whether the caller waits.
    pub(super) fn is_held(&self) -> bool {
        self.hold == Hold::On
    }

    /// The agent has said what it had to say, if the caller could hear it.
    pub(super) fn answered(&mut self) {
        if !self.silences(Speaker::Receptionist) {
            self.told.clear();
        }
    }

    /// Another agent takes the place of the one that was told.
    pub(super) fn agent_replaced(&mut self) {
        let mut early = mem::take(&mut self.told);
        early.append(&mut self.early);
        early.truncate(MAX_EARLY);
        self.early = early;
    }
}

impl Session {
    pub(super) fn on_ordered(&mut self, order: Order, now: Instant) {
        match order {
            Order::Say(text) => self.on_say(text),
            Order::Mute { who, is_on } => self.on_mute(who, is_on, now),
            Order::Hold(is_on) => self.on_hold(is_on, now),
            Order::Transfer(hands_to) => self.on_transfer(hands_to, now),
            Order::HangUp(end_reason) => self.end(end_reason, now),
        }
    }

    fn on_say(&mut self, text: Pii<String>) {
        if self.ending.is_some() {
            return;
        }
        if !self.has_agent || !self.has_carrier {
            if self.oversight.early.len() < MAX_EARLY {
                self.oversight.early.push(text);
            }
            return;
        }
        if self.oversight.told.len() < MAX_EARLY {
            self.oversight.told.push(text.clone());
        }
        self.agent(AgentAction::Tell(Notice::Say(text)));
        // On hold nobody would hear it: it is said when the hold ends.
        if !self.oversight.is_held() {
            self.respond(Reply::Answer);
        }
    }

    /// Both are there, and greeted: does what was to be done before.
    pub(super) fn catch_up(&mut self, now: Instant) {
        for text in mem::take(&mut self.oversight.early) {
            self.on_say(text);
        }
        if self.oversight.hold == Hold::Due {
            self.on_hold(true, now);
        }
    }

    fn on_mute(&mut self, who: Speaker, is_on: bool, now: Instant) {
        let muted = match who {
            Speaker::Caller => &mut self.oversight.is_caller_muted,
            Speaker::Receptionist => &mut self.oversight.is_receptionist_muted,
        };
        if *muted == is_on || self.ending.is_some() {
            return;
        }
        *muted = is_on;
        if is_on && who == Speaker::Receptionist {
            self.interrupt(Cause::Ours, now);
        }
        if !is_on {
            self.silence.confirm(now);
        }
        self.report(Report::Muted { who, is_on });
    }

    fn on_hold(&mut self, is_on: bool, now: Instant) {
        if !self.has_carrier {
            self.oversight.hold = if is_on { Hold::Due } else { Hold::Off };
            return;
        }
        if self.oversight.is_held() == is_on || self.ending.is_some() {
            return;
        }
        self.oversight.hold = if is_on { Hold::On } else { Hold::Off };
        self.report(Report::Held(is_on));
        if is_on {
            self.interrupt(Cause::Ours, now);
            self.timers.set(Timer::Chime, now);
        } else {
            // What is being said is not heard from the middle.
            self.interrupt(Cause::Ours, now);
            self.resume(now);
            // An agent that is still on its way will greet.
            if self.wish.take_due() {
                self.lead_to_person(now);
            } else if self.has_agent {
                self.agent(AgentAction::Tell(Notice::HoldEnded));
                if self.keypad.has_unread() {
                    self.read_keys(now);
                } else {
                    self.respond(Reply::Answer);
                }
            }
        }
    }

    /// A goodbye is for everybody's ears.
    pub(super) fn end_oversight(&mut self, now: Instant) {
        if self.oversight.silences(Speaker::Receptionist) {
            self.interrupt(Cause::Ours, now);
        }
        if self.oversight.is_held() {
            self.report(Report::Held(false));
            self.resume(now);
        }
        for (who, is_muted) in [
            (Speaker::Caller, self.oversight.is_caller_muted),
            (Speaker::Receptionist, self.oversight.is_receptionist_muted),
        ] {
            if is_muted {
                self.report(Report::Muted { who, is_on: false });
            }
        }
        self.oversight = Oversight::default();
    }

    /// The caller hears the receptionist again, and no chime over it.
    fn resume(&mut self, now: Instant) {
        self.timers.stop(Timer::Chime);
        self.carrier(CarrierAction::Clear);
        self.silence.confirm(now);
    }

    /// Nothing else is played meanwhile, so no count is kept of it.
    pub(super) fn play_chime(&mut self, now: Instant) {
        let frames = chime().map(|frame| Action::Carrier(CarrierAction::Play(frame)));
        self.actions.extend(frames);
        self.timers.set(Timer::Chime, now + CHIME_EVERY);
    }
}

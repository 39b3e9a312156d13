//! Digits into entries, and entries to the agent: none is lost with one.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::barge_in::Cause;
use super::session::Session;
use super::timers::Timer;
use super::{AgentAction, Reply, Report};
use crate::domain::{EndReason, Pii};

/// An entry is taken for finished when no digit follows for so long.
const ENTRY_PAUSE: Duration = Duration::from_secs(2);
/// The longest entry; a storm of digits must not cost memory.
const MAX_ENTRY: usize = 32;
/// Entries that wait until an agent reads them; who enters more is not read.
const MAX_UNREAD: usize = 4;
/// Nor is the agent kept busy with them more often than that.
const READ_EVERY: Duration = Duration::from_secs(1);
/// What an agent that comes in the middle is told of what was entered before.
const MAX_READ: usize = 16;

/// Something that the caller keyed in.
#[derive(Clone, Debug)]
pub(super) struct KeyedIn {
    /// So long after the stream began.
    pub(super) at: Duration,
    pub(super) digits: Pii<String>,
}

/// What the caller is keying in, and what they have keyed in.
#[derive(Debug, Default)]
pub(super) struct Keypad {
    digits: String,
    /// What no agent has read yet.
    unread: VecDeque<KeyedIn>,
    /// What agents have read, and when they did so last.
    read: VecDeque<KeyedIn>,
    read_at: Option<Instant>,
}

impl Keypad {
    /// Takes a digit. The entry, if this ends it: `#`, or a full entry.
    fn press(&mut self, digit: char) -> Option<Pii<String>> {
        if digit == '#' {
            return self.finish();
        }
        if matches!(digit, '0'..='9' | '*' | 'A'..='D') {
            self.digits.push(digit);
        }
        if self.digits.len() >= MAX_ENTRY {
            self.finish()
        } else {
            None
        }
    }

    /// Whether the caller has keyed in this, and may go on.
    pub(super) fn holds(&self, digits: &str) -> bool {
        self.digits == digits
    }

    /// The entry as it stands, if there is any.
    fn finish(&mut self) -> Option<Pii<String>> {
        (!self.digits.is_empty()).then(|| std::mem::take(&mut self.digits).into())
    }

    /// Keeps an entry for the agent. False if there is no room left for it.
    fn keep(&mut self, entry: KeyedIn) -> bool {
        let has_room = self.unread.len() < MAX_UNREAD;
        if has_room {
            self.unread.push_back(entry);
        }
        has_room
    }

    /// Whether there is something that no agent has read yet.
    pub(super) fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// What agents have read, in order.
    pub(super) fn read(&self) -> impl Iterator<Item = &KeyedIn> {
        self.read.iter()
    }

    /// The next entry for the agent to read.
    fn next_unread(&mut self) -> Option<Pii<String>> {
        let entry = self.unread.pop_front()?;
        let digits = entry.digits.clone();
        if self.read.len() == MAX_READ {
            self.read.pop_front();
        }
        self.read.push_back(entry);
        Some(digits)
    }
}

impl Session {
    pub(super) fn on_digit(&mut self, digit: char, now: Instant) {
        self.silence.confirm(now);
        self.tools.new_turn();
        self.tools.caller_spoke();
        let ends_for = self.ending.map(|ending| ending.end_reason);
        if ends_for == Some(EndReason::Silence) {
            // Who presses a key is there.
            self.interrupt(Cause::Ours, now);
            self.call_off_end(now);
        }
        match self.keypad.press(digit) {
            Some(entry) => self.on_entry(entry, now),
            // A goodbye may be over before another key would have followed.
            None if self.ending.is_some() && self.keys_for_person() => self.finish_entry(now),
            None => self.timers.set(Timer::Entry, now + ENTRY_PAUSE),
        }
    }

    pub(super) fn finish_entry(&mut self, now: Instant) {
        if let Some(entry) = self.keypad.finish() {
            self.on_entry(entry, now);
        }
    }

    fn on_entry(&mut self, digits: Pii<String>, now: Instant) {
        self.timers.stop(Timer::Entry);
        if self.is_wish(&digits, now) {
            return;
        }
        let at = self.transcript.time(now);
        let entry = KeyedIn {
            at,
            digits: digits.clone(),
        };
        if self.keypad.keep(entry) {
            self.report(Report::Digits(digits));
            self.read_keys(now);
        }
    }

    /// The agent reads what was keyed in, and answers. What is keyed in while
    /// there is none is read by the next, and what is on hold at its end.
    pub(super) fn read_keys(&mut self, now: Instant) {
        if !self.has_agent || !self.keypad.has_unread() || self.oversight.is_held() {
            return;
        }
        let rested = self.keypad.read_at.map(|at| at + READ_EVERY);
        if let Some(rested) = rested.filter(|at| now < *at) {
            self.timers.set(Timer::Reading, rested);
            return;
        }
        self.keypad.read_at = Some(now);
        while let Some(digits) = self.keypad.next_unread() {
            self.agent(AgentAction::ReadDigits(digits));
        }
        if self.ending.is_none() {
            self.respond(Reply::Answer);
        }
    }
}

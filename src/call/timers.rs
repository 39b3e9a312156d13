//! The moments that a call waits for.

use std::time::Instant;

/// What a call may wait for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Timer {
    /// The carrier opens the stream that it was asked for.
    CarrierStart,
    /// The agent accepts its configuration.
    AgentReady,
    /// The lead has shrunk and there is more to send.
    Pace,
    /// The caller's frames stopped while they spoke.
    MediaStall,
    /// The agent owes an answer and does not sound.
    Answer,
    /// A tool has had its time.
    Tool,
    /// A caller who waits for a tool hears nothing.
    Filler,
    /// Nobody has spoken for a while.
    Silence,
    /// An entry on the keypad is taken for finished.
    Entry,
    /// The longest duration is reached.
    MaxDuration,
    /// A caller on hold hears that they are.
    Chime,
    /// The goodbye has had its time.
    HangUp,
}

impl Timer {
    const ALL: [Self; 12] = [
        Self::CarrierStart,
        Self::AgentReady,
        Self::Pace,
        Self::MediaStall,
        Self::Answer,
        Self::Tool,
        Self::Filler,
        Self::Silence,
        Self::Entry,
        Self::MaxDuration,
        Self::Chime,
        Self::HangUp,
    ];
}

/// When each of them is due.
#[derive(Debug, Default)]
pub(super) struct Timers {
    due: [Option<Instant>; Timer::ALL.len()],
}

impl Timers {
    pub(super) fn set(&mut self, timer: Timer, at: Instant) {
        self.due[timer as usize] = Some(at);
    }

    pub(super) fn stop(&mut self, timer: Timer) {
        self.due[timer as usize] = None;
    }

    pub(super) fn stop_all(&mut self) {
        self.due = Default::default();
    }

    /// The next moment to wake at.
    pub(super) fn next(&self) -> Option<Instant> {
        self.due.iter().flatten().min().copied()
    }

    /// Takes one timer that is due.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Timer> {
        let timer = Timer::ALL
            .into_iter()
            .find(|timer| self.due[*timer as usize] <= Some(now) && self.is_set(*timer))?;
        self.stop(timer);
        Some(timer)
    }

    pub(super) fn is_set(&self, timer: Timer) -> bool {
        self.due[timer as usize].is_some()
    }
}

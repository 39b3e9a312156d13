//! What is to be done when, for all calls.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use tokio::time::Instant;

/// Something that one end of a call does when its time has come.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Cue {
    /// The carrier sends the caller's next frame, and marks that are due.
    Frame,
    /// The model begins to answer.
    Answer,
    /// The model sends a piece of its answer.
    Piece(usize),
    /// The model hears the caller speak.
    Speech,
    /// The model hears the caller pause.
    Pause,
    /// The caller says no more, or hangs up.
    HangUp,
}

/// Cues in the order of their time; each with the number of its call.
#[derive(Debug, Default)]
pub(super) struct Agenda(BinaryHeap<Reverse<(Instant, usize, Cue)>>);

impl Agenda {
    pub(super) fn add(&mut self, at: Instant, call: usize, cue: Cue) {
        self.0.push(Reverse((at, call, cue)));
    }

    /// The next cue, if its time has come.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(Instant, usize, Cue)> {
        let Reverse((at, ..)) = self.0.peek()?;
        if *at > now {
            return None;
        }
        self.0.pop().map(|Reverse(cue)| cue)
    }
}

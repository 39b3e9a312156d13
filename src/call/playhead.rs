//! Where in the audio that we sent the carrier is playing now.
//!
//! The carrier tells it only through marks. Between two marks the clock goes
//! on, but never past what was sent, nor past a mark that is still awaited:
//! had it been played, it would be back. A mark that stays away for long is
//! taken for lost, and the clock alone decides.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Samples a second on the carrier's side.
const RATE: u64 = 8_000;
/// A mark that is this late will not come.
const OVERDUE: u64 = RATE;
/// Marks remembered; a carrier that returns none must not cost memory.
const MAX_MARKS: usize = 256;

/// Positions are samples at 8 kHz since the last clear.
#[derive(Debug, Default)]
pub(super) struct Playhead {
    sent: u64,
    base: u64,
    base_at: Option<Instant>,
    /// Sequence and position of the marks that are not back yet.
    marks: VecDeque<(u32, u64)>,
}

impl Playhead {
    /// Everything sent so far.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// `samples` more are on their way.
    pub(super) fn send(&mut self, samples: u64, now: Instant) {
        if self.position(now) >= self.sent {
            self.base = self.sent;
            self.base_at = Some(now);
        }
        self.sent += samples;
    }

    /// A mark is on its way behind everything sent so far.
    pub(super) fn mark(&mut self, sequence: u32) {
        if self.marks.len() == MAX_MARKS {
            self.marks.pop_front();
        }
        self.marks.push_back((sequence, self.sent));
    }

    /// A mark came back. False if it is unknown or came back before.
    pub(super) fn mark_played(&mut self, sequence: u32, now: Instant) -> bool {
        let Some(found) = self.marks.iter().position(|(known, _)| *known == sequence) else {
            return false;
        };
        if let Some((_, position)) = self.marks.drain(..=found).next_back() {
            self.base = position;
            self.base_at = Some(now);
        }
        true
    }

    /// Whether every mark came back.
    pub(super) fn is_confirmed(&self) -> bool {
        self.marks.is_empty()
    }

    /// What has been played by now; never more than was sent.
    pub(super) fn position(&self, now: Instant) -> u64 {
        let clock = self.clock(now);
        let awaited = self
            .marks
            .front()
            .map(|(_, at)| *at)
            .filter(|at| clock < at + OVERDUE);
        clock.min(awaited.unwrap_or(self.sent)).min(self.sent)
    }

    /// When everything sent will have been played, by the clock.
    pub(super) fn quiet_at(&self) -> Option<Instant> {
        Some(self.base_at? + duration(self.sent.saturating_sub(self.base)))
    }

    fn clock(&self, now: Instant) -> u64 {
        let elapsed = self
            .base_at
            .map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.base.saturating_add(samples(elapsed))
    }
}

/// How long so many samples sound.
pub(super) fn duration(samples: u64) -> Duration {
    Duration::from_micros(samples.saturating_mul(1_000_000 / RATE))
}

/// How many samples sound in so long, rounded down.
fn samples(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros() * u128::from(RATE) / 1_000_000).unwrap_or(u64::MAX / 2)
}

//! Where in the audio that we sent the carrier is playing now.
//!
//! The carrier tells it only through marks. Between two marks the clock goes
//! on, but never past what was sent, nor past a mark that is still awaited:
//! had it been played, it would be back. A mark that stays away for long is
//! taken for lost, and the clock alone decides.
//!
//! Nor is anything played that the carrier has not taken. While there is such,
//! marks are no more lost than the rest, and are waited for.
//!
//! A carrier plays what it has without a pause, so of the last few marks the
//! one that came back soonest tells most; the others were held up on the way.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Samples a second on the carrier's side.
const RATE: u64 = 8_000;
/// A mark that is this late will not come.
const OVERDUE: u64 = RATE;
/// Marks that are compared.
const RECENT: usize = 8;
/// Marks remembered; a carrier that returns none must not cost memory.
const MAX_MARKS: usize = 256;

/// Positions are samples at 8 kHz since the last clear.
#[derive(Debug, Default)]
pub(super) struct Playhead {
    sent: u64,
    /// What the carrier has taken of it, while that is not all.
    taken: Option<u64>,
    /// Where the carrier began to play without a pause, as far as we know.
    began: Option<(u64, Instant)>,
    /// Where the last marks stand, and when they came back.
    recent: VecDeque<(u64, Instant)>,
    /// The one of them that came back soonest for where it stands.
    soonest: Option<(u64, Instant)>,
    /// Sequence and position of the marks that are not back yet.
    marks: VecDeque<(u32, u64)>,
}

impl Playhead {
    /// Everything sent so far.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// `samples` more are on their way. A carrier that by the clock has played all
    /// that it had begins anew, whatever marks are still on their way from it.
    pub(super) fn send(&mut self, samples: u64, now: Instant) {
        if self.taken.is_none() && self.clock(now) >= self.sent {
            self.begin(self.sent, now);
        }
        self.sent += samples;
    }

    /// The carrier has taken all but so many samples. If it had played before what it
    /// had taken until then, it begins anew as well.
    pub(super) fn leave(&mut self, untaken: u64, now: Instant) {
        let taken = self.sent.saturating_sub(untaken);
        let before = self.taken.unwrap_or(taken);
        if taken > before && self.clock(now) >= before {
            self.begin(before, now);
        }
        self.taken = (untaken > 0).then_some(taken);
    }

    fn begin(&mut self, position: u64, now: Instant) {
        self.began = Some((position, now));
        self.recent.clear();
        self.soonest = None;
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
            if self.recent.len() == RECENT {
                self.recent.pop_front();
            }
            self.recent.push_back((position, now));
            let played = |(position, at): &(u64, Instant)| {
                duration(*position) + now.saturating_duration_since(*at)
            };
            self.soonest = self.recent.iter().copied().max_by_key(played);
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
            .filter(|at| self.taken.is_some() || clock < at + OVERDUE);
        let taken = self.taken.unwrap_or(self.sent);
        clock.min(awaited.unwrap_or(taken)).min(taken)
    }

    /// When everything sent will have been played, by the clock.
    pub(super) fn quiet_at(&self) -> Option<Instant> {
        let (base, at) = self.recent.back().copied().or(self.began)?;
        Some(at + duration(self.sent.saturating_sub(base)))
    }

    /// Where the carrier would be by now if it never ran dry.
    fn clock(&self, now: Instant) -> u64 {
        let by = |(base, at): (u64, Instant)| {
            base.saturating_add(samples(now.saturating_duration_since(at)))
        };
        self.soonest.or(self.began).map(by).unwrap_or_default()
    }
}

/// How long so many samples sound.
pub(super) fn duration(samples: u64) -> Duration {
    Duration::from_micros(samples.saturating_mul(1_000_000 / RATE))
}

/// How many samples sound in so long, rounded down.
pub(super) fn samples(duration: Duration) -> u64 {
    let part = u64::from(duration.subsec_micros()) * RATE / 1_000_000;
    duration.as_secs().saturating_mul(RATE).saturating_add(part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_soonest_mark_tells_as_much_as_all_of_them(
            mut now in any::<Instant>(),
            steps in prop::collection::vec((0_u64..2_000, 0_u64..4_000, any::<u32>()), 1..60),
        ) {
            let (mut playhead, mut sent) = (Playhead::default(), 0);
            for (wait, samples_sent, back) in steps {
                now += Duration::from_micros(250 * wait + 7);
                playhead.send(samples_sent, now);
                playhead.mark(sent);
                sent += 1;
                playhead.mark_played(back % sent, now);
                let later = now + Duration::from_micros(wait);
                let told = |(base, at): &(u64, Instant)| base + samples(later - *at);
                let all = playhead.recent.iter().map(told).max();
                let all = all.or(playhead.began.as_ref().map(told));
                prop_assert_eq!(playhead.clock(later), all.unwrap_or_default());
            }
        }

        #[test]
        fn i4_a_carrier_that_ran_dry_does_not_catch_up_because_its_marks_are_late(
            began in any::<Instant>(),
        ) {
            let at = |ms| began + Duration::from_millis(ms);
            let mut playhead = Playhead::default();
            // A tenth of a second; the mark in it does not come back.
            playhead.send(160, at(0));
            playhead.mark(0);
            playhead.send(640, at(0));
            // Half a second later there is more.
            playhead.send(16_000, at(600));
            prop_assert_eq!(playhead.position(at(1_600)), 800 + 1_000 * 8);
        }

        #[test]
        fn t8_what_the_carrier_has_not_taken_is_not_played_and_begins_anew_when_it_is(
            began in any::<Instant>(),
        ) {
            let at = |ms| began + Duration::from_millis(ms);
            let mut playhead = Playhead::default();
            playhead.send(8_000, at(0));
            playhead.leave(6_400, at(0));
            prop_assert_eq!(playhead.position(at(100)), 800);
            prop_assert_eq!(playhead.position(at(900)), 1_600);
            playhead.send(1_600, at(900));
            playhead.leave(8_000, at(900));
            prop_assert_eq!(playhead.position(at(1_500)), 1_600);
            playhead.leave(0, at(1_500));
            prop_assert_eq!(playhead.position(at(1_600)), 1_600 + 800);
            prop_assert_eq!(playhead.quiet_at(), Some(at(2_500)));
        }

        #[test]
        fn t8_a_mark_is_not_lost_while_the_carrier_is_behind(began in any::<Instant>()) {
            let at = |ms| began + Duration::from_millis(ms);
            let mut playhead = Playhead::default();
            playhead.send(1_600, at(0));
            playhead.mark(0);
            playhead.send(24_000, at(0));
            prop_assert_eq!(playhead.position(at(2_000)), 16_000);
            playhead.leave(8_000, at(2_000));
            prop_assert_eq!(playhead.position(at(2_000)), 1_600);
        }

        #[test]
        fn samples_are_rounded_down(micros in any::<u64>()) {
            let exact = u128::from(micros) * u128::from(RATE) / 1_000_000;
            prop_assert_eq!(u128::from(samples(Duration::from_micros(micros))), exact);
        }
    }
}

//! The moments that a call waits for.

use std::time::Instant;

/// What a call may wait for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Timer {
    /// The carrier opens the stream that it was asked for.
    CarrierStart,
    /// The agent is reached for once more.
    Redial,
    /// Another agent takes over before this one's time is up.
    Renew,
    /// The agent is asked once more for the answer that failed.
    Retry,
    /// The lead has shrunk and there is more to send.
    Pace,
    /// What the carrier has not taken is out of date.
    OutOfDate,
    /// The caller's frames stopped while they spoke.
    MediaStall,
    /// A tool has had its time.
    Tool,
    /// The caller waits and hears nothing.
    Wait,
    /// Nobody has spoken for a while.
    Silence,
    /// An entry on the keypad is taken for finished.
    Entry,
    /// The agent may read the next entries.
    Reading,
    /// The longest duration is reached.
    MaxDuration,
    /// A caller on hold hears that they are.
    Chime,
    /// The goodbye has had its time.
    HangUp,
}

impl Timer {
    const ALL: [Self; 15] = [
        Self::CarrierStart,
        Self::Redial,
        Self::Renew,
        Self::Retry,
        Self::Pace,
        Self::OutOfDate,
        Self::MediaStall,
        Self::Tool,
        Self::Wait,
        Self::Silence,
        Self::Entry,
        Self::Reading,
        Self::MaxDuration,
        Self::Chime,
        Self::HangUp,
    ];
}

/// When each of them is due.
#[derive(Debug, Default)]
pub(super) struct Timers {
    due: [Option<Instant>; Timer::ALL.len()],
    /// The soonest of them: it is asked for at every frame, and seldom another.
    soonest: Option<Instant>,
}

impl Timers {
    pub(super) fn set(&mut self, timer: Timer, at: Instant) {
        let was = self.due[timer as usize].replace(at);
        if self.soonest.is_none_or(|soonest| at <= soonest) {
            self.soonest = Some(at);
        } else if was == self.soonest {
            self.find_soonest();
        }
    }

    pub(super) fn stop(&mut self, timer: Timer) {
        let was = self.due[timer as usize].take();
        if was.is_some() && was == self.soonest {
            self.find_soonest();
        }
    }

    pub(super) fn stop_all(&mut self) {
        *self = Self::default();
    }

    /// The next moment to wake at.
    pub(super) fn next(&self) -> Option<Instant> {
        self.soonest
    }

    fn find_soonest(&mut self) {
        self.soonest = self.due.iter().flatten().min().copied();
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_soonest_is_known_whatever_was_set_and_stopped(
            start in any::<Instant>(),
            steps in prop::collection::vec((0..Timer::ALL.len(), any::<Option<u8>>()), 0..200),
        ) {
            let mut timers = Timers::default();
            for (which, at) in steps {
                match at {
                    Some(at) => {
                        let at = start + Duration::from_millis((at % 20).into());
                        timers.set(Timer::ALL[which], at);
                    }
                    None => timers.stop(Timer::ALL[which]),
                }
                prop_assert_eq!(timers.next(), timers.due.iter().flatten().min().copied());
            }
            while let Some(at) = timers.next() {
                prop_assert!(timers.pop(at).is_some());
            }
            prop_assert!(timers.due.iter().all(Option::is_none));
        }
    }
}

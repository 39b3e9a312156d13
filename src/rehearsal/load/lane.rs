//! One direction of a call: what was sent when, and what of it has arrived.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Samples at 8 kHz on their way through the gateway.
#[derive(Debug, Default)]
pub(super) struct Lane {
    sent: u64,
    received: u64,
    /// Where each message ended, when it was sent, and whether its delay counts.
    pending: VecDeque<(u64, Instant, bool)>,
}

impl Lane {
    /// `samples` were sent in one message. Whether their delay counts is `counts`.
    pub(super) fn send(&mut self, samples: usize, now: Instant, counts: bool) {
        self.sent += samples as u64;
        self.pending.push_back((self.sent, now, counts));
    }

    /// `samples` have arrived. Calls `arrived` with the delay of each message
    /// that is whole, if it counts.
    pub(super) fn receive(
        &mut self,
        samples: usize,
        now: Instant,
        mut arrived: impl FnMut(Duration),
    ) {
        self.received += samples as u64;
        let received = self.received;
        while let Some((_, at, counts)) = self.pending.pop_front_if(|(end, ..)| *end <= received) {
            if counts {
                arrived(now - at);
            }
        }
    }

    /// Samples that were sent and have not arrived.
    pub(super) fn missing(&self) -> u64 {
        self.sent.saturating_sub(self.received)
    }

    /// More has arrived than was sent: samples out of nothing.
    pub(super) fn surplus(&self) -> u64 {
        self.received.saturating_sub(self.sent)
    }

    /// What is under way is not expected any more.
    pub(super) fn forget(&mut self) {
        self.pending.clear();
        self.received = self.sent;
    }
}

/// The carrier's buffer: how long what lies in it will sound.
#[derive(Debug, Default)]
pub(super) struct Playout {
    until: Option<Instant>,
    /// Marks, and when what lies before them has been played.
    marks: VecDeque<(Instant, String)>,
}

impl Playout {
    /// More sound. How long the caller heard nothing because it came late.
    pub(super) fn push(&mut self, samples: usize, now: Instant) -> Option<Duration> {
        let lasting = Duration::from_micros(125) * u32::try_from(samples).unwrap_or(u32::MAX);
        let hole = self
            .until
            .and_then(|until| now.checked_duration_since(until));
        self.until = Some(self.until.map_or(now, |until| until.max(now)) + lasting);
        hole.filter(|hole| !hole.is_zero())
    }

    /// A mark behind what lies in the buffer.
    pub(super) fn mark(&mut self, name: String, now: Instant) {
        let due = self.until.map_or(now, |until| until.max(now));
        self.marks.push_back((due, name));
    }

    /// The next mark that is due.
    pub(super) fn due_mark(&mut self, now: Instant) -> Option<String> {
        self.marks
            .pop_front_if(|(due, _)| *due <= now)
            .map(|(_, name)| name)
    }

    /// Throws everything away; the marks return at once.
    pub(super) fn clear(&mut self) -> impl Iterator<Item = String> {
        self.until = None;
        self.marks.drain(..).map(|(_, name)| name)
    }

    /// How long the buffer will sound.
    pub(super) fn lead(&self, now: Instant) -> Duration {
        self.until
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// The answer is over: what comes next begins anew, without a hole.
    pub(super) fn rest(&mut self) {
        self.until = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_arrived_when_its_last_sample_has() {
        let (mut lane, start) = (Lane::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        lane.send(160, at(0), true);
        lane.send(160, at(20), true);
        lane.send(160, at(40), false);
        let mut delays = Vec::new();
        lane.receive(159, at(21), |delay| delays.push(delay.as_millis()));
        assert!(delays.is_empty());
        lane.receive(161, at(25), |delay| delays.push(delay.as_millis()));
        assert_eq!(delays, [25, 5]);
        assert_eq!((lane.missing(), lane.surplus()), (160, 0));
        lane.receive(170, at(45), |_| unreachable!("this delay does not count"));
        assert_eq!((lane.missing(), lane.surplus()), (0, 10));
        lane.forget();
        assert_eq!((lane.missing(), lane.surplus()), (0, 0));
    }

    #[test]
    fn sound_that_comes_after_the_last_was_played_leaves_a_hole() {
        let (mut playout, start) = (Playout::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(playout.push(1_600, at(0)), None);
        assert_eq!(playout.push(1_600, at(100)), None);
        assert_eq!(playout.lead(at(100)), Duration::from_millis(300));
        playout.mark("a".to_owned(), at(100));
        assert_eq!(playout.due_mark(at(399)), None);
        assert_eq!(playout.due_mark(at(400)), Some("a".to_owned()));
        assert_eq!(
            playout.push(1_600, at(430)),
            Some(Duration::from_millis(30))
        );
        playout.mark("b".to_owned(), at(430));
        assert_eq!(playout.clear().collect::<Vec<_>>(), ["b"]);
        assert_eq!(playout.lead(at(430)), Duration::ZERO);
        assert_eq!(playout.push(1_600, at(900)), None);
        playout.rest();
        assert_eq!(playout.push(1_600, at(5_000)), None);
    }
}

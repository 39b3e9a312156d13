//! The carrier does not take what it is sent: what is out of date is not said.
//!
//! Sound that waits on the way is heard late, and all at once. What has waited
//! for too long is thrown away, nobody is said to have heard it, and nothing
//! follows it before the carrier has taken everything.

use std::time::{Duration, Instant};

use super::barge_in::Cause;
use super::session::Session;
use super::timers::Timer;
use super::{Reply, Report};

/// Sound that has waited for so long is out of date.
const MAX_AGE: Duration = Duration::from_secs(2);

/// What is known of a carrier that is behind.
#[derive(Debug, Default)]
pub(super) struct Behind {
    untaken: Duration,
    /// What waited was thrown away; the carrier has not come to that yet.
    is_stuck: bool,
}

impl Behind {
    /// Whether what is sent would not be heard for now.
    pub(super) fn is_stuck(&self) -> bool {
        self.is_stuck
    }
}

impl Session {
    /// So much of what was sent the carrier has not taken.
    pub(super) fn on_carrier_behind(&mut self, untaken: Duration, now: Instant) {
        self.playback.carrier_leaves(untaken, now);
        self.behind.untaken = untaken;
        if untaken.is_zero() {
            self.timers.stop(Timer::OutOfDate);
        } else if !self.behind.is_stuck && !self.timers.is_set(Timer::OutOfDate) {
            self.timers.set(Timer::OutOfDate, now + MAX_AGE);
        }
    }

    /// Nothing waits for the carrier any more.
    pub(super) fn on_carrier_caught_up(&mut self, now: Instant) {
        self.playback.carrier_leaves(Duration::ZERO, now);
        self.behind = Behind::default();
        self.timers.stop(Timer::OutOfDate);
    }

    /// What waits has waited for too long.
    pub(super) fn drop_out_of_date(&mut self, now: Instant) {
        let lasting = self.behind.untaken;
        self.behind.is_stuck = true;
        self.report(Report::OutOfDate { lasting });
        let was_answering = self.turn.is_answering();
        let has_more_to_say = self.interrupt(Cause::Ours, now) || was_answering;
        if has_more_to_say && self.ending.is_none() {
            self.respond(Reply::Resume);
        }
    }
}

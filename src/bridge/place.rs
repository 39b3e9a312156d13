//! The place of a call among the live ones, given back whatever becomes of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::registry::{Bridge, Shared};
use super::token::Tickets;
use crate::domain::{CallSid, EndReason};

/// A call that was here.
pub(super) struct Over {
    /// Among the stops of its route, where it was.
    stop: usize,
    end_reason: EndReason,
    pub(super) at: Instant,
    /// What a stream may still show that was on its way when the call ended.
    pub(super) tickets: Tickets,
}

/// Gives a call's place back, also if its task panics.
pub(super) struct PlaceGuard {
    shared: Arc<Shared>,
    call_sid: CallSid,
    has_left: bool,
}

impl PlaceGuard {
    /// Holds the place of that call. Who drops it without a word has failed.
    pub(super) fn new(shared: Arc<Shared>, call_sid: CallSid) -> Self {
        Self {
            shared,
            call_sid,
            has_left: false,
        }
    }

    /// The call is over: whoever asks from now on is told how it ended. Once it
    /// has left, the place is free for the same caller who comes back.
    pub(super) fn leave(&mut self, end_reason: EndReason) {
        if std::mem::replace(&mut self.has_left, true) {
            return;
        }
        let place = self.shared.calls.get_mut(&self.call_sid);
        let left = place.map(|mut place| (place.stop, std::mem::take(&mut place.tickets)));
        let (stop, tickets) = left.unwrap_or_default();
        let over = Over {
            stop,
            end_reason,
            at: Instant::now(),
            tickets,
        };
        // It is known that it has ended before it is not known any more.
        self.shared.outcomes.insert(self.call_sid.clone(), over);
        if self.shared.calls.remove(&self.call_sid).is_some() {
            self.shared.live.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for PlaceGuard {
    fn drop(&mut self) {
        self.leave(EndReason::Internal);
    }
}

impl Bridge {
    /// How a call ended, if it did so a short time ago.
    pub fn outcome(&self, call_sid: &CallSid) -> Option<EndReason> {
        let over = self.shared.outcomes.get(call_sid);
        over.map(|over| over.end_reason)
    }

    /// The same, if it was at that stop of its route. What came of it at another is no
    /// answer: the caller may have come back to another process since.
    pub fn outcome_at(&self, call_sid: &CallSid, stop: usize) -> Option<EndReason> {
        let over = self.shared.outcomes.get(call_sid)?;
        (over.stop == stop).then_some(over.end_reason)
    }

    /// At which stop of its route a call is live here.
    pub fn stop_of(&self, call_sid: &CallSid) -> Option<usize> {
        self.shared.calls.get(call_sid).map(|place| place.stop)
    }

    pub(super) fn forget_outcome(&self, call_sid: &CallSid) {
        self.shared.outcomes.remove(call_sid);
    }
}

//! The place of a call among the live ones, given back whatever becomes of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::registry::Shared;
use super::token::Tickets;
use crate::domain::{CallSid, EndReason};

/// A call that was here.
pub(super) struct Over {
    pub(super) end_reason: EndReason,
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
        let tickets = place.map(|mut place| std::mem::take(&mut place.tickets));
        let over = Over {
            end_reason,
            at: Instant::now(),
            tickets: tickets.unwrap_or_default(),
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

//! The place of a call among the live ones, given back whatever becomes of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::registry::Shared;
use crate::domain::{CallSid, EndReason};

/// Gives a call's place back, also if its task panics.
pub(super) struct PlaceGuard {
    shared: Arc<Shared>,
    call_sid: CallSid,
    outcome: EndReason,
}

impl PlaceGuard {
    /// Holds the place of that call. Who drops it without a word has failed.
    pub(super) fn new(shared: Arc<Shared>, call_sid: CallSid) -> Self {
        Self {
            shared,
            call_sid,
            outcome: EndReason::Internal,
        }
    }

    /// The call is over: whoever asks from now on is told how it ended.
    pub(super) fn leave(&mut self, outcome: EndReason) {
        self.outcome = outcome;
        let now = Instant::now();
        self.shared
            .outcomes
            .insert(self.call_sid.clone(), (outcome, now));
        if self.shared.calls.remove(&self.call_sid).is_some() {
            self.shared.live.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for PlaceGuard {
    fn drop(&mut self) {
        let outcome = self.outcome;
        self.leave(outcome);
    }
}

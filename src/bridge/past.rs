//! What was said and used in a call before its caller came back to a receptionist.

use std::time::Duration;

use tokio::time::Instant;

use super::admission::Admission;
use super::note::{Note, Of};
use super::registry::Bridge;
use crate::call::Spent;
use crate::domain::{CallSid, Limits, Usage, Utterance};
use crate::routing::Stop;

/// Whoever comes back late has time to say what they want, or to leave it.
const LEAST: Duration = Duration::from_mins(1);

/// What one call has behind it when its caller comes back.
#[derive(Clone, Debug)]
pub struct Past {
    /// What was said and heard, in order.
    pub utterances: Vec<Utterance>,
    /// What the agents have used.
    pub usage: Usage,
    /// What of its limits is spent.
    pub spent: Spent,
    /// When the first of them answered.
    pub began: Instant,
    /// Another for each time that the caller comes back.
    pub leg: u32,
}

impl Past {
    /// How long ago the first of them answered.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// One that has just begun, and of which nothing is spent.
    #[cfg(test)]
    pub(super) fn begun_now() -> Self {
        Self {
            utterances: Vec::new(),
            usage: Usage::default(),
            spent: Spent::default(),
            began: Instant::now(),
            leg: 1,
        }
    }

    /// The limits of what is left of the call.
    pub(super) fn rest_of(&self, limits: Limits) -> Limits {
        let left = limits.max_duration.saturating_sub(self.elapsed());
        let max_duration = left.max(LEAST.min(limits.max_duration));
        Limits { max_duration }
    }
}

impl Bridge {
    /// Keeps what was said in a call that ends here, if it may come back.
    pub(super) fn keep(&self, call_sid: &CallSid, past: impl FnOnce() -> Past) {
        let is_back = |stop: &Stop| matches!(stop, Stop::Ai(ai) if ai.back_from.is_some());
        let handover = self.handover(call_sid);
        if handover.is_some_and(|handover| handover.stops.iter().any(is_back)) {
            self.pasts().insert(call_sid.clone(), past());
        }
    }

    /// The call is back: what was known of its end is so no more, and what was
    /// said here is known best here, unless it was at another process since.
    pub(super) fn welcome_back(&self, admission: &mut Admission) {
        let Some(past) = &mut admission.past else {
            return;
        };
        let (call_sid, stop) = (&admission.call_sid, admission.stop);
        self.forget_outcome(call_sid);
        let handover = self.handovers().remove(call_sid);
        let leads_here = handover.is_some_and(|(_, handover)| handover.leads_to(stop));
        let kept = self.pasts().remove(call_sid);
        if let Some((_, kept)) = kept.filter(|_| leads_here) {
            *past = Past {
                leg: past.leg,
                ..kept
            };
        }
        let of = Of::from((admission.tenant_id, admission.call_id));
        self.keeper().note(Note::CameBack { of });
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_time_of_a_call_does_not_begin_anew_when_its_caller_comes_back() {
        let past = Past::begun_now();
        let rest = |minutes| {
            let max_duration = Duration::from_mins(minutes);
            past.rest_of(Limits { max_duration }).max_duration
        };
        sleep(Duration::from_mins(12)).await;
        assert_eq!(rest(30), Duration::from_mins(18));
        assert_eq!(rest(12), LEAST);
        assert_eq!(rest(0), Duration::ZERO);
    }
}

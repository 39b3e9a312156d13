//! Callers who are led by our answers alone: in a flow, in a queue, before a tone.
//!
//! No task of ours belongs to them. That they are there shows in what the carrier asks,
//! and that they are gone in what it tells, or in that it asks no more, unless they were
//! given something that takes its time.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use tokio::time::{Instant, sleep};

use crate::domain::{CallSid, CallStatus};

/// A caller of whom nothing was heard for so long asks for nothing more: no telephone
/// rings longer, no key is waited for longer.
const LINGER: Duration = Duration::from_mins(1);
/// So long after the end of a call the carrier tells what it has recorded of it.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// How often whoever waits for them looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Those who are gone are swept out whenever so many more have come.
const SWEEP_EVERY: usize = 128;

/// Of which calls the carrier has asked a short time ago.
#[derive(Clone, Debug, Default)]
pub struct Callers {
    there: Arc<DashMap<CallSid, Presence>>,
}

/// Whoever is there, as far as that is known.
#[derive(Clone, Copy, Debug)]
struct Presence {
    /// Who was not heard of by then is gone.
    until: Instant,
    /// What they say is being recorded as a message.
    speaks: bool,
}

impl Presence {
    fn after(silence: Duration, speaks: bool) -> Self {
        Self {
            until: Instant::now() + silence,
            speaks,
        }
    }
}

impl Callers {
    /// The carrier has asked, or told, something of a call.
    pub(super) fn note(&self, pairs: &[(String, String)]) {
        let value = |wanted| {
            let found = pairs.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.as_str())
        };
        let Some(call_sid) = value("CallSid").and_then(|sid| sid.parse::<CallSid>().ok()) else {
            return;
        };
        // Of a call without a status something is told, maybe long after it.
        let Some(status) = value("CallStatus") else {
            return;
        };
        if status.parse().is_ok_and(CallStatus::is_terminal) {
            self.leave(&call_sid);
            return;
        }
        if self.there.len() % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.sweep();
        }
        self.there.insert(call_sid, Presence::after(LINGER, false));
    }

    /// The call is over, and the carrier may have something to tell of it.
    fn leave(&self, call_sid: &CallSid) {
        let speaks = self.there.get(call_sid).is_some_and(|one| one.speaks);
        if speaks {
            let last = Presence::after(LAST_WORDS, false);
            self.there.insert(call_sid.clone(), last);
        } else {
            self.there.remove(call_sid);
        }
    }

    /// A caller is given something to hear that takes so long: the carrier asks nothing
    /// meanwhile.
    pub(super) fn listens(&self, call_sid: &CallSid, lasting: Duration) {
        self.is_busy(call_sid, Presence::after(lasting + LINGER, false));
    }

    /// A caller is led to leave a message, which takes so long at most.
    pub(super) fn speaks(&self, call_sid: &CallSid, lasting: Duration) {
        self.is_busy(call_sid, Presence::after(lasting + LINGER, true));
    }

    fn is_busy(&self, call_sid: &CallSid, presence: Presence) {
        if let Some(mut there) = self.there.get_mut(call_sid) {
            *there = presence;
        }
    }

    /// Waits until all of them are gone.
    pub async fn gone(&self) {
        self.sweep();
        while !self.there.is_empty() {
            sleep(LOOK_EVERY).await;
            self.sweep();
        }
    }

    fn sweep(&self) {
        let now = Instant::now();
        self.there.retain(|_, one| one.until > now);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn told(callers: &Callers, call_sid: &str, status: &str) {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        callers.note(&[pair("CallSid", call_sid), pair("CallStatus", status)]);
    }

    #[tokio::test(start_paused = true)]
    async fn p1_a_caller_in_a_flow_is_waited_for_until_they_are_gone_or_silent() {
        let (callers, began) = (Callers::default(), Instant::now());
        callers.gone().await;
        assert_eq!(began.elapsed(), Duration::ZERO, "nobody is there");
        told(&callers, "CA1", "in-progress");
        told(&callers, "CA2", "in-progress");
        told(&callers, "CA1", "completed");
        advance(LINGER / 2).await;
        told(&callers, "CA2", "in-progress");
        callers.gone().await;
        let waited = began.elapsed();
        assert!(
            waited >= LINGER * 3 / 2 && waited <= LINGER * 3 / 2 + LOOK_EVERY,
            "{waited:?}"
        );
    }

    /// For how long the one caller who is there is waited for.
    async fn is_waited_for(callers: &Callers) -> Duration {
        let began = Instant::now();
        callers.gone().await;
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn p1_a_caller_with_long_music_or_a_message_to_leave_is_waited_for() {
        let (callers, call) = (Callers::default(), "CA1".parse().unwrap());
        let lasting = Duration::from_mins(3);
        callers.listens(&call, lasting);
        assert_eq!(is_waited_for(&callers).await, Duration::ZERO, "of nobody");
        told(&callers, "CA1", "in-progress");
        callers.listens(&call, lasting);
        let waited = is_waited_for(&callers).await;
        assert!(waited >= lasting + LINGER, "{waited:?}");
        for (lasts, is_told) in [(lasting, false), (Duration::ZERO, true)] {
            told(&callers, "CA1", "in-progress");
            callers.speaks(&call, lasting);
            advance(lasts).await;
            told(&callers, "CA1", "completed");
            if is_told {
                // The carrier asks what comes next, with the message.
                told(&callers, "CA1", "completed");
                assert_eq!(is_waited_for(&callers).await, Duration::ZERO);
            } else {
                let waited = is_waited_for(&callers).await;
                assert!((LAST_WORDS..LINGER).contains(&waited), "{waited:?}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn p1_what_is_told_of_a_call_that_is_over_brings_nobody_back() {
        let callers = Callers::default();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        callers.note(&[pair("CallSid", "CA1"), pair("RecordingStatus", "completed")]);
        assert_eq!(is_waited_for(&callers).await, Duration::ZERO);
    }
}

//! Callers who are led by our answers alone: in a flow, in a queue, before a tone.
//!
//! No task of ours belongs to them. That they are there shows in what the carrier asks,
//! and that they are gone in what it tells, or in that it asks no more.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use tokio::time::{Instant, sleep};

use crate::domain::{CallSid, CallStatus};

/// A caller of whom nothing was heard for so long asks for nothing more: no telephone
/// rings longer, no key is waited for longer.
const LINGER: Duration = Duration::from_mins(1);
/// How often whoever waits for them looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Those who are gone are swept out whenever so many more have come.
const SWEEP_EVERY: usize = 1_024;

/// Of which calls the carrier has asked a short time ago.
#[derive(Clone, Debug, Default)]
pub struct Callers {
    heard: Arc<DashMap<CallSid, Instant>>,
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
        let status = value("CallStatus").and_then(|status| status.parse::<CallStatus>().ok());
        if status.is_some_and(CallStatus::is_terminal) {
            self.heard.remove(&call_sid);
            return;
        }
        if self.heard.len() % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.sweep();
        }
        self.heard.insert(call_sid, Instant::now());
    }

    /// Waits until all of them are gone.
    pub async fn gone(&self) {
        self.sweep();
        while !self.heard.is_empty() {
            sleep(LOOK_EVERY).await;
            self.sweep();
        }
    }

    fn sweep(&self) {
        self.heard.retain(|_, at| at.elapsed() < LINGER);
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
}

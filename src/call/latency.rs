//! How long an answer took: until it was sent, and until it was heard.

use std::time::{Duration, Instant};

use super::Mark;
use crate::domain::TurnLatency;

/// The answer that was sent last, until its first mark is back.
#[derive(Debug, Default)]
pub(super) struct Latency(Option<Sent>);

#[derive(Debug)]
struct Sent {
    /// Since when the caller had waited for it.
    since: Instant,
    /// For how long, when it was sent.
    after: Duration,
    /// The first mark behind it.
    mark: Option<Mark>,
}

impl Latency {
    /// The first sound of an answer was sent that the caller had waited for since then.
    pub(super) fn begin(&mut self, since: Instant, now: Instant) {
        self.0 = Some(Sent {
            since,
            after: now.saturating_duration_since(since),
            mark: None,
        });
    }

    /// The caller speaks: nobody asks any more when they heard it.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }

    /// A mark went out behind it.
    pub(super) fn mark_sent(&mut self, mark: Mark) {
        if let Some(sent) = &mut self.0 {
            sent.mark.get_or_insert(mark);
        }
    }

    /// A mark came back. The latency of the turn, if it is the first of it.
    pub(super) fn mark_played(&mut self, mark: Mark, now: Instant) -> Option<TurnLatency> {
        let is_first = |sent: &mut Sent| sent.mark.is_some_and(|first| mark >= first);
        let sent = self.0.take_if(is_first)?;
        Some(TurnLatency {
            sent: sent.after,
            heard: Some(now.saturating_duration_since(sent.since)),
        })
    }

    /// The latency of a turn whose mark never came, if there is one.
    pub(super) fn take_unheard(&mut self) -> Option<TurnLatency> {
        let sent = self.0.take()?.after;
        Some(TurnLatency { sent, heard: None })
    }
}

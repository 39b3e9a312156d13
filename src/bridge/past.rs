//! What was said and used in a call before its caller came back to a receptionist.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::{Usage, Utterance};

/// What one call has behind it when its caller comes back.
#[derive(Clone, Debug)]
pub struct Past {
    /// What was said and heard, in order.
    pub utterances: Vec<Utterance>,
    /// What the agents have used.
    pub usage: Usage,
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
}

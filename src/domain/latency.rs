//! How long the caller waited for an answer.

use std::time::Duration;

/// The latency of one turn of the receptionist.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TurnLatency {
    /// From the end of the caller's speech, as the agent told it, to the
    /// first audio of the answer handed to the carrier.
    pub sent: Duration,
    /// From the same moment to the first mark that came back: the carrier has
    /// begun to play. None if no mark came back.
    pub heard: Option<Duration>,
}

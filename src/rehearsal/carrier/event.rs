//! What happens during a call, as it happens: for a live display and for latencies.

use tokio::time::Instant;

/// Something that happened in a call.
#[derive(Clone, Debug)]
pub struct CarrierEvent {
    /// The call.
    pub call_sid: String,
    /// When it was heard or done.
    pub at: Instant,
    /// What it was.
    pub kind: CarrierEventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum CarrierEventKind {
    /// The inbound webhook was sent.
    Placed,
    /// A verb of TwiML began.
    Verb(String),
    /// The media stream said `start`.
    StreamStarted,
    /// The media stream is over.
    StreamEnded,
    /// The caller began to speak these words.
    CallerStarted(String),
    /// The caller stopped.
    CallerStopped,
    /// The caller pressed a key.
    Digit(char),
    /// The receptionist began to be heard.
    ReceptionistStarted,
    /// The receptionist stopped being heard.
    ReceptionistStopped,
    /// The gateway cleared so many milliseconds of waiting sound.
    Cleared {
        /// Sound dropped.
        dropped_ms: u64,
    },
    /// The call is over.
    Ended,
}

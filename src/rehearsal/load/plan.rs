//! What a load is told.

use std::time::Duration;

use crate::domain::Secret;
use crate::rehearsal::WireFormat;

/// How many calls, how long, and against which gateway.
#[derive(Clone, Debug)]
pub struct LoadPlan {
    /// Calls at one time.
    pub calls: usize,
    /// The first call is placed at once, the last after so long.
    pub ramp: Duration,
    /// Calls go on for so long before anything is measured.
    pub warm_up: Duration,
    /// What is measured.
    pub measured: Duration,
    /// Callers hang up after so long and others ring, so that there are as many;
    /// for ever the same where it is not said.
    pub talk: Option<Duration>,
    /// So many calls beside these flood the gateway.
    pub floods: usize,
    /// So many callers a second, beside these, for whom there is no place.
    pub storm: usize,
    /// So often it is told how it goes.
    pub tell_every: Duration,
    /// What the gateway speaks with the model.
    pub format: WireFormat,
    /// Where the gateway is: `http://127.0.0.1:4640`.
    pub base_url: String,
    /// Where the carrier believes it to be, which is what it signs.
    pub public_url: String,
    /// Signs what the carrier sends.
    pub auth_token: Secret<String>,
}

/// Time between two frames of a caller.
pub(super) const FRAME: Duration = Duration::from_millis(20);
/// Samples in a frame, which are bytes of mu-law.
pub(super) const FRAME_LEN: usize = 160;

/// From one answer of the model to the next.
pub(super) const ROUND: Duration = Duration::from_secs(8);
/// Pieces in an answer.
pub(super) const PIECES: usize = 20;
/// Samples at 8 kHz in a piece: 200 ms.
pub(super) const PIECE_LEN: usize = 1_600;
/// Time between two pieces: a model is faster than it speaks.
pub(super) const PIECE_EVERY: Duration = Duration::from_millis(50);
/// So long into an answer the caller breaks in, in every other round.
pub(super) const BARGE_IN: Duration = Duration::from_secs(2);
/// So long after the start of an answer the caller speaks who heard it out.
pub(super) const REPLY: Duration = Duration::from_secs(5);
/// So long after the start of an answer the caller pauses.
pub(super) const PAUSE: Duration = Duration::from_millis(7_500);

/// A piece that finds more than this in the carrier's buffer may be held back
/// by the gateway: its delay says nothing.
pub(super) const EAGER_LEAD: Duration = Duration::from_millis(1_500);
/// Samples that a gateway may hold back of an answer when the caller breaks in: the
/// carrier's buffer is filled when there is some room in it, not a little.
pub(super) const HELD_BACK: u64 = 4_800;
/// Who hangs up has been silent for so long: what is under way arrives. A gateway that misses
/// frames of somebody who speaks puts silence in their place, and has no time to.
pub(super) const AFTERMATH: Duration = Duration::from_millis(300);
/// What has not arrived by then is lost.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(10);

/// What is later than a frame is late.
pub(super) const LATE: Duration = FRAME;

//! What a load found.

use serde::{Deserialize, Serialize};

/// How long something took, in microseconds.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Quantiles {
    /// How often it happened.
    pub count: u64,
    /// Half took no longer.
    pub p50_us: f64,
    /// 99 of 100 took no longer.
    pub p99_us: f64,
    /// 999 of 1000 took no longer.
    pub p999_us: f64,
    /// None took longer.
    pub max_us: f64,
}

/// How a load goes, counted since it began.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Going {
    /// Calls that go on.
    pub live: usize,
    /// Calls that were placed.
    pub placed: u64,
    /// Frames that were lost, in either direction.
    pub lost: u64,
}

/// What calls sent that flooded the gateway, as far as it took it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Flooded {
    /// Events of their models.
    pub events: u64,
    /// Frames of their callers.
    pub frames: u64,
    /// Whether the gateway has had enough of it.
    pub is_cut_off: bool,
}

impl Flooded {
    /// What of it came after `before`.
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            events: self.events - before.events,
            frames: self.frames - before.frames,
            ..self
        }
    }
}

/// What was seen from outside of the gateway while it was measured.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct LoadReport {
    /// Calls that went on throughout.
    pub calls: usize,
    /// Calls that were placed, those that took the place of others included.
    pub placed: u64,
    /// Calls that could not be placed, or broke off.
    pub failed: usize,
    /// Why the first call failed.
    pub first_failure: Option<String>,
    /// From the carrier's socket to the model's: the caller's frames.
    pub up: Quantiles,
    /// From the model's socket to the carrier's: pieces of 200 ms that the
    /// gateway has no reason to hold back.
    pub down: Quantiles,
    /// From the model's `speech_started` to the `clear` at the carrier.
    pub barge_in: Quantiles,
    /// How late the simulators themselves sent. What they did late is no delay
    /// of the gateway's, but much of it makes the figures doubtful.
    pub pacing: Quantiles,
    /// From a caller for whom there was no place to what they were told.
    pub turned_away: Quantiles,
    /// Such callers who were told nothing.
    pub unanswered: u64,
    /// The caller's frames that were sent.
    pub frames_up: u64,
    /// Those of them that never reached the model.
    pub lost_up: u64,
    /// Frames of 20 ms that the model sent.
    pub frames_down: u64,
    /// Those of their answers that never reached the carrier, and that no caller broke off.
    pub lost_down: u64,
    /// Messages that took longer than a frame lasts, in either direction.
    pub late: u64,
    /// How often an answer broke off in the caller's ear because more of it
    /// came late.
    pub holes: u64,
    /// Interruptions that were not followed by a `clear`.
    pub missing_clears: u64,
    /// Messages that neither service would understand.
    pub misshapen: u64,
    /// What each call that flooded sent while the others were measured.
    pub floods: Vec<Flooded>,
}

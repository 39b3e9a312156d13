//! How loud mu-law is.

use super::g711;

/// The level given to digital silence, and to no sound at all: the smallest
/// difference that 16 bits can tell.
pub const FLOOR_DBFS: f32 = -96.33;

/// What is softer than this is silence: the pauses of a quiet room lie between
/// -65 and -48 dBFS, a telephone's speech averages about -20.
pub const SILENCE_DBFS: f32 = -45.0;

/// The root mean square of `mulaw` in decibels below full scale.
///
/// Full scale is a square wave of 32,768; a sine as loud as mu-law can say is
/// -3.2 dBFS. Never below [`FLOOR_DBFS`], so always a number.
pub fn level_dbfs(mulaw: &[u8]) -> f32 {
    if mulaw.is_empty() {
        return FLOOR_DBFS;
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "a level needs no more than 24 bits"
    )]
    let mean = power(mulaw) as f32 / mulaw.len() as f32;
    (10.0 * (mean / FULL_SCALE).log10()).max(FLOOR_DBFS)
}

/// Whether `mulaw` is softer than [`SILENCE_DBFS`] on the whole. No sound at
/// all is silence.
pub fn is_silence(mulaw: &[u8]) -> bool {
    power(mulaw) <= SILENCE_POWER * mulaw.len() as u64
}

/// The sum of squares.
fn power(mulaw: &[u8]) -> u64 {
    mulaw
        .iter()
        .map(|&byte| u64::from(SQUARES[usize::from(byte)]))
        .sum()
}

static SQUARES: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        let magnitude = g711::MULAW_TO_PCM[byte].unsigned_abs() as u32;
        table[byte] = magnitude * magnitude;
        byte += 1;
    }
    table
};

/// The square of 32,768.
const FULL_SCALE: f32 = 1_073_741_824.0;

/// [`SILENCE_DBFS`] as a mean square: 45 dB are a factor of 31,623.
pub(super) const SILENCE_POWER: u64 = 33_955;

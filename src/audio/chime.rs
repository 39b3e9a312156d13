//! The sound of being on hold: two soft notes, so that nobody hears silence.

use std::f32::consts::TAU;
use std::sync::LazyLock;

use super::frame::{Frame, frames};
use super::g711::encode_mulaw;

/// Two notes, one after the other, in frames for the carrier.
pub fn chime() -> impl Iterator<Item = Frame> {
    static MULAW: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let samples = NOTES
            .iter()
            .flat_map(|&(pitch, length)| note(pitch, length));
        samples.map(encode_mulaw).collect()
    });
    frames(&MULAW)
}

/// A sine that begins without a click and dies away.
fn note(pitch: f32, length: u16) -> impl Iterator<Item = i16> {
    (0..length).map(move |at| {
        let seconds = f32::from(at) / RATE;
        let attack = (seconds / ATTACK).min(1.0);
        let decay = 1.0 - f32::from(at) / f32::from(length);
        let sample = (TAU * pitch * seconds).sin() * attack * decay * decay * LOUDNESS;
        #[expect(clippy::cast_possible_truncation, reason = "far below full scale")]
        {
            sample as i16
        }
    })
}

/// Pitch in hertz and length in samples: E5, then C5, whole frames of both.
const NOTES: [(f32, u16); 2] = [(659.25, 2_400), (523.25, 4_000)];
const RATE: f32 = 8_000.0;
/// In seconds.
const ATTACK: f32 = 0.01;
/// Some 20 dB below the loudest.
const LOUDNESS: f32 = 3_200.0;

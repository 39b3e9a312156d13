//! 8 kHz to 24 kHz and back, as the sound comes.
//!
//! Polyphase filters over a window of contiguous history, so that the inner
//! loop is a plain dot product that the compiler turns into vector
//! instructions. Any split of the input gives the same output to the bit.

use super::filter::{DOWN, FACTOR, LENGTH, SCALE, TAPS, UP};

/// Samples of input handled at one go.
const BLOCK: usize = 160;
/// What the next block needs of the last.
const UP_HISTORY: usize = TAPS - 1;
const DOWN_HISTORY: usize = LENGTH - 1;
const DOWN_BLOCK: usize = FACTOR * BLOCK;

/// From 8 kHz to 24 kHz: three samples for each.
#[derive(Clone, Debug)]
pub struct Upsampler {
    taps: &'static [[i16; TAPS]; FACTOR],
    window: [i16; UP_HISTORY + BLOCK],
}

impl Default for Upsampler {
    fn default() -> Self {
        Self {
            taps: &UP,
            window: [0; UP_HISTORY + BLOCK],
        }
    }
}

impl Upsampler {
    /// Gives three samples to `emit` for each sample of `input`.
    pub fn process(
        &mut self,
        input: impl ExactSizeIterator<Item = i16>,
        mut emit: impl FnMut(i16),
    ) {
        let mut input = input;
        while input.len() > 0 {
            let len = input.len().min(BLOCK);
            for (place, sample) in self.window[UP_HISTORY..]
                .iter_mut()
                .zip(input.by_ref().take(len))
            {
                *place = sample;
            }
            for window in self.window[..UP_HISTORY + len].windows(TAPS) {
                for taps in self.taps {
                    emit(dot(window, taps));
                }
            }
            self.window.copy_within(len..len + UP_HISTORY, 0);
        }
    }
}

/// From 24 kHz to 8 kHz: a sample for every three.
#[derive(Clone, Debug)]
pub struct Downsampler {
    taps: &'static [i16; LENGTH],
    window: [i16; DOWN_HISTORY + DOWN_BLOCK],
    /// Samples that came after the last one that was given out.
    pending: usize,
}

impl Default for Downsampler {
    fn default() -> Self {
        Self {
            taps: &DOWN,
            window: [0; DOWN_HISTORY + DOWN_BLOCK],
            pending: 0,
        }
    }
}

impl Downsampler {
    /// Gives a sample to `emit` for every three of `input`; what is left over
    /// waits for the next piece.
    pub fn process(
        &mut self,
        input: impl ExactSizeIterator<Item = i16>,
        mut emit: impl FnMut(i16),
    ) {
        let mut input = input;
        while input.len() > 0 {
            let len = input.len().min(DOWN_BLOCK - self.pending);
            let start = DOWN_HISTORY + self.pending;
            for (place, sample) in self.window[start..]
                .iter_mut()
                .zip(input.by_ref().take(len))
            {
                *place = sample;
            }
            let filled = self.pending + len;
            let used = filled - filled % FACTOR;
            for at in (FACTOR..=used).step_by(FACTOR) {
                // The window that ends with the last of these three.
                emit(dot(
                    &self.window[DOWN_HISTORY + at - LENGTH..DOWN_HISTORY + at],
                    self.taps,
                ));
            }
            self.pending = filled - used;
            self.window.copy_within(used..DOWN_HISTORY + filled, 0);
        }
    }
}

/// The filtered sample, rounded, and held at full scale rather than wrapped.
fn dot(window: &[i16], taps: &[i16]) -> i16 {
    let pairs = window.iter().zip(taps);
    let sum: i32 = pairs
        .map(|(sample, tap)| i32::from(*sample) * i32::from(*tap))
        .sum();
    let rounded = (sum + (1 << (SCALE - 1))) >> SCALE;
    #[expect(clippy::cast_possible_truncation, reason = "it is clamped to 16 bits")]
    let sample = rounded.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
    sample
}

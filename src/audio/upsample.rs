//! From 8 to 24 kHz, sample by sample as they come.
#![expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the instructions that were chosen"
)]

use std::cell::RefCell;

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, f64x2, i16x8, i32x4};

use super::filter::{MIDDLE, TAPS, UP_DIFFERENCES, UP_PLACES, UP_SUMS};
use super::window::{BLOCK, Sums, Swapped, Window, rounded, samples, taps};

/// 8 kHz to 24 kHz: three samples out for each one in, 1.71 ms later.
///
/// Of each three, the last is an input sample unchanged, the 13th before. The
/// lowest bit of a sample is not heard; the telephone's have it clear.
#[derive(Clone, Debug)]
pub struct Upsampler {
    level: Level,
    window: Window,
}

/// Room to work in, kept because clearing it takes time. A thread has one: in a call of
/// its own it would lie idle nearly all the time.
struct Desk {
    swapped: Swapped,
    first: Sums,
    second: Sums,
    bytes: [u8; BYTES],
}

thread_local! {
    static DESK: RefCell<Desk> = const { RefCell::new(Desk::CLEAR) };
}

impl Upsampler {
    /// One that has heard nothing but silence.
    pub fn new() -> Self {
        Self::with(Level::new())
    }

    /// One that uses no instructions but those of `level`.
    ///
    /// What comes out is the same with any.
    pub fn with(level: Level) -> Self {
        Self {
            level,
            window: Window::SILENT,
        }
    }

    /// Appends three samples to `output` for each one of `input`.
    pub fn process(&mut self, input: &[i16], output: &mut Vec<i16>) {
        let fill = |input: &[i16], halves: &mut [i16]| {
            for (half, sample) in halves.iter_mut().zip(input) {
                *half = sample >> 1;
            }
        };
        self.convert(input, fill, |bytes| {
            let (samples, _) = bytes.as_chunks();
            output.extend(samples.iter().map(|&sample| i16::from_le_bytes(sample)));
        });
    }

    /// Lets `take` have six little-endian bytes for each one of `input`, which
    /// `fill` turns into as many samples, halved.
    pub(super) fn convert<I>(
        &mut self,
        input: &[I],
        fill: impl Fn(&[I], &mut [i16]),
        mut take: impl FnMut(&[u8]),
    ) {
        DESK.with_borrow_mut(|desk| {
            for input in input.chunks(BLOCK) {
                let count = input.len();
                fill(input, &mut self.window.fresh()[..count]);
                let window = &self.window;
                dispatch!(self.level, simd => desk.block(simd, window, count));
                take(&desk.bytes[..6 * count]);
                self.window.advance(count);
            }
        });
    }
}

impl Desk {
    const CLEAR: Self = Self {
        swapped: Swapped::SILENT,
        first: [[0; BLOCK / 2]; 2],
        second: [[0; BLOCK / 2]; 2],
        bytes: [0; BYTES],
    };

    #[inline(always)]
    fn block<S: Simd>(&mut self, simd: S, window: &Window, count: usize) {
        self.swapped.fill(window);
        self.filter(simd, window, count);
        self.interleave(simd, window, count);
    }

    /// The sums of the first two of each three.
    #[inline(always)]
    fn filter<S: Simd>(&mut self, simd: S, window: &Window, count: usize) {
        let runs = count.div_ceil(S::i16s::LEN);
        for parity in 0..2 {
            let first = self.first[parity][..runs * S::i32s::LEN].chunks_exact_mut(S::i32s::LEN);
            let second = self.second[parity][..runs * S::i32s::LEN].chunks_exact_mut(S::i32s::LEN);
            for (run, (first, second)) in first.zip(second).enumerate() {
                let old = window.run::<S>(parity, run * S::i16s::LEN);
                let new = self.swapped.0[parity].run::<S>(parity, run * S::i16s::LEN);
                let mut sum = S::i32s::splat(simd, 1 << (UP_PLACES - 1));
                let mut difference = S::i32s::splat(simd, 0);
                for pair in 0..TAPS / 4 {
                    let old = samples(simd, &old[2 * pair..]);
                    let new = samples(simd, &new[TAPS - 2 - 2 * pair..]);
                    sum += (old + new).pairwise_dot_product(taps(simd, &UP_SUMS[pair]));
                    difference +=
                        (old - new).pairwise_dot_product(taps(simd, &UP_DIFFERENCES[pair]));
                }
                (sum + difference).store_slice(first);
                (sum - difference).store_slice(second);
            }
        }
    }

    /// Lays threes out as bytes, eight at a time.
    #[inline(always)]
    fn interleave<S: Simd>(&mut self, simd: S, window: &Window, count: usize) {
        let third = window.delayed(MIDDLE);
        for at in (0..count.div_ceil(8)).map(|run| 8 * run) {
            let first = rounded(simd, &self.first, at, UP_PLACES);
            let second = rounded(simd, &self.second, at, UP_PLACES);
            let even: i32x4<S> = first.zip_low(second).bitcast();
            let odd: i32x4<S> = first.zip_high(second).bitcast();
            let third_of_even = doubled(simd, &third[at..]);
            let third_of_odd = doubled(simd, &third[at + 1..]);
            let [zeroth, second] = halves(even.zip_low(third_of_even));
            let [first, third] = halves(odd.zip_low(third_of_odd));
            let [fourth, sixth] = halves(even.zip_high(third_of_even));
            let [fifth, seventh] = halves(odd.zip_high(third_of_odd));
            let threes = [zeroth, first, second, third, fourth, fifth, sixth, seventh];
            let bytes = &mut self.bytes[6 * at..][..6 * 8 + 2];
            for (i, three) in threes.into_iter().enumerate() {
                bytes[6 * i..][..8].copy_from_slice(&three);
            }
        }
    }
}

impl Default for Upsampler {
    fn default() -> Self {
        Self::new()
    }
}

/// Every second sample as a whole one, in the lower half of a number.
#[inline(always)]
fn doubled<S: Simd>(simd: S, samples: &[i16]) -> i32x4<S> {
    (i16x8::from_slice(simd, &samples[..8]) << 1).bitcast()
}

/// Two threes, and two bytes after each that mean nothing.
#[inline(always)]
fn halves<S: Simd>(threes: i32x4<S>) -> [[u8; 8]; 2] {
    let halves: f64x2<S> = threes.bitcast();
    [halves[0].to_ne_bytes(), halves[1].to_ne_bytes()]
}

/// Little-endian. The last three spills into two bytes more.
const BYTES: usize = 6 * BLOCK + 2;

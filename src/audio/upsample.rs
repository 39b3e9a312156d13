//! From 8 to 24 kHz, sample by sample as they come.
#![expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the instructions that were chosen"
)]

use std::cell::RefCell;

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, f64x2, i16x8, i32x4};

use super::filter::{MIDDLE, TAPS, UP_DIFFERENCES, UP_PLACES, UP_SUMS};
use super::window::{BLOCK, Window, samples, taps};

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
        let mut bytes = Vec::new();
        self.convert(input, fill, &mut bytes);
        let (samples, _) = bytes.as_chunks();
        output.extend(samples.iter().map(|&sample| i16::from_le_bytes(sample)));
    }

    /// Appends to `output` six little-endian bytes for each one of `input`, which `fill`
    /// turns into as many samples, halved. There must be room for two bytes more.
    pub(super) fn convert<I>(
        &mut self,
        input: &[I],
        fill: impl Fn(&[I], &mut [i16]),
        output: &mut Vec<u8>,
    ) {
        DESK.with_borrow_mut(|desk| {
            for input in input.chunks(BLOCK) {
                let (start, count) = (output.len(), input.len());
                fill(input, &mut self.window.fresh()[..count]);
                output.resize(start + 6 * BLOCK + SPILL, 0);
                if let Some(bytes) = output[start..].first_chunk_mut() {
                    let window = &self.window;
                    dispatch!(self.level, simd => desk.block(simd, window, count, bytes));
                }
                output.truncate(start + 6 * count);
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
    };

    #[inline(always)]
    fn block<S: Simd>(&mut self, simd: S, window: &Window, count: usize, bytes: &mut [u8; BYTES]) {
        self.swapped.fill(window);
        self.filter(simd, window, count);
        self.interleave(simd, window, bytes);
    }

    /// The sums of the first two of each three. A pair of taps begins at every
    /// second sample, so even and odd outputs are made apart.
    #[inline(always)]
    fn filter<S: Simd>(&mut self, simd: S, window: &Window, count: usize) {
        let runs = count.div_ceil(S::i16s::LEN);
        for parity in 0..2 {
            let first = self.first[parity].chunks_exact_mut(S::i32s::LEN);
            let second = self.second[parity].chunks_exact_mut(S::i32s::LEN);
            for (run, (first, second)) in first.zip(second).take(runs).enumerate() {
                let at = run * S::i16s::LEN;
                let heard = at..at + TAPS - 2 + S::i16s::LEN;
                // Never short: an index would panic, which costs more instructions.
                let (Some(old), Some(new)) = (
                    window.from(parity).get(heard.clone()),
                    self.swapped.0[parity].from(parity).get(heard),
                ) else {
                    break;
                };
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

    /// Lays threes out as bytes, four times eight at a time.
    #[inline(always)]
    fn interleave<S: Simd>(&self, simd: S, window: &Window, bytes: &mut [u8; BYTES]) {
        const AT_A_TIME: usize = 32;
        for run in 0..BLOCK / AT_A_TIME {
            for eight in 0..AT_A_TIME / 8 {
                let at = AT_A_TIME * run + 8 * eight;
                self.eight(simd, window, at, &mut bytes[6 * at..][..6 * 8 + SPILL]);
            }
        }
    }

    #[inline(always)]
    fn eight<S: Simd>(&self, simd: S, window: &Window, at: usize, bytes: &mut [u8]) {
        let third = window.delayed(MIDDLE);
        let first = rounded(simd, &self.first, at);
        let second = rounded(simd, &self.second, at);
        let even: i32x4<S> = first.zip_low(second).bitcast();
        let odd: i32x4<S> = first.zip_high(second).bitcast();
        let third_of_even = doubled(simd, &third[at..]);
        let third_of_odd = doubled(simd, &third[at + 1..]);
        let [zeroth, second] = halves(even.zip_low(third_of_even));
        let [first, third] = halves(odd.zip_low(third_of_odd));
        let [fourth, sixth] = halves(even.zip_high(third_of_even));
        let [fifth, seventh] = halves(odd.zip_high(third_of_odd));
        let threes = [zeroth, first, second, third, fourth, fifth, sixth, seventh];
        for (i, three) in threes.into_iter().enumerate() {
            bytes[6 * i..][..8].copy_from_slice(&three);
        }
    }
}

impl Default for Upsampler {
    fn default() -> Self {
        Self::new()
    }
}

/// The sums from output `at` on, rounded: four even ones, then four odd ones. What is too
/// loud stays at full scale.
#[inline(always)]
fn rounded<S: Simd>(simd: S, sums: &Sums, at: usize) -> i16x8<S> {
    let even = i32x4::from_slice(simd, &sums[0][at / 2..][..4]) >> UP_PLACES;
    let odd = i32x4::from_slice(simd, &sums[1][at / 2..][..4]) >> UP_PLACES;
    even.saturating_narrow(odd)
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

/// The sums of a block's even outputs and of its odd ones, not yet rounded.
type Sums = [[i32; BLOCK / 2]; 2];

/// A window with neighbours swapped, in pairs that begin at even samples and
/// in pairs that begin at odd ones: what lies opposite, in the same order.
#[derive(Clone, Copy, Debug)]
struct Swapped([Window; 2]);

impl Swapped {
    const SILENT: Self = Self([Window::SILENT; 2]);

    #[inline(always)]
    fn fill(&mut self, window: &Window) {
        for (parity, swapped) in self.0.iter_mut().enumerate() {
            let (to, _) = swapped.0[parity..].as_chunks_mut();
            let (from, _) = window.0[parity..].as_chunks();
            for (to, &[one, other]) in to.iter_mut().zip(from) {
                *to = [other, one];
            }
        }
    }
}

/// The last three spills so many bytes.
const SPILL: usize = 2;
/// What a block comes to.
const BYTES: usize = 6 * BLOCK + SPILL;

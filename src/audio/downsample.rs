//! From 24 to 8 kHz, byte by byte as they come.
#![expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the instructions that were chosen"
)]

use std::cell::RefCell;

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, i16x8, i64x2, u8x16};

use super::filter::{DOWN, DOWN_MIDDLE, DOWN_PLACES, MIDDLE, TAPS};
use super::window::{BLOCK, Sums, Swapped, Window, rounded, samples, taps};

/// 24 kHz to 8 kHz: one sample out for each three in, 1.63 ms later.
///
/// What is above 4.6 kHz disappears. One or two samples that make no three
/// yet are kept for the next call.
#[derive(Clone, Debug)]
pub struct Downsampler {
    level: Level,
    /// The first, second and last of each three.
    windows: [Window; 3],
    /// Bytes that make no three yet.
    left: [u8; 6],
    /// How many of them there are.
    held: usize,
}

/// Room to work in, kept because clearing it takes time. A thread has one: in a call of
/// its own it would lie idle nearly all the time.
struct Desk {
    /// Little-endian samples that are not dealt out yet.
    bytes: [u8; 6 * BLOCK],
    swapped: Swapped,
    sums: Sums,
    samples: [i16; BLOCK],
}

thread_local! {
    static DESK: RefCell<Desk> = const { RefCell::new(Desk::CLEAR) };
}

impl Downsampler {
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
            windows: [Window::SILENT; 3],
            left: [0; 6],
            held: 0,
        }
    }

    /// Appends one sample to `output` for each three of `input`.
    pub fn process(&mut self, input: &[i16], output: &mut Vec<i16>) {
        let mut bytes = [[0; 2]; 3 * BLOCK];
        for input in input.chunks(bytes.len()) {
            for (slot, sample) in bytes.iter_mut().zip(input) {
                *slot = sample.to_le_bytes();
            }
            let bytes = bytes[..input.len()].as_flattened();
            self.convert(bytes, |samples| output.extend_from_slice(samples));
        }
    }

    /// Lets `take` have a sample for each six of `bytes`.
    pub(super) fn convert(&mut self, mut bytes: &[u8], mut take: impl FnMut(&[i16])) {
        DESK.with_borrow_mut(|desk| {
            while !bytes.is_empty() {
                desk.bytes[..6].copy_from_slice(&self.left);
                let room = &mut desk.bytes[self.held..];
                let (taken, rest) = bytes.split_at(bytes.len().min(room.len()));
                room[..taken.len()].copy_from_slice(taken);
                bytes = rest;
                let there = self.held + taken.len();

                let count = there / 6;
                let windows = &mut self.windows;
                dispatch!(self.level, simd => desk.block(simd, windows, count));
                take(&desk.samples[..count]);
                for window in &mut self.windows {
                    window.advance(count);
                }
                let left = &desk.bytes[6 * count..there];
                self.held = left.len();
                self.left[..left.len()].copy_from_slice(left);
            }
        });
    }
}

impl Desk {
    const CLEAR: Self = Self {
        bytes: [0; 6 * BLOCK],
        swapped: Swapped::SILENT,
        sums: [[0; BLOCK / 2]; 2],
        samples: [0; BLOCK],
    };

    #[inline(always)]
    fn block<S: Simd>(&mut self, simd: S, windows: &mut [Window; 3], count: usize) {
        self.deal(simd, windows, count);
        self.swapped.fill(&windows[1]);
        self.filter(simd, windows, count);
        let (slots, _) = self.samples.as_chunks_mut::<8>();
        for (run, slot) in slots.iter_mut().enumerate().take(count.div_ceil(8)) {
            let sums = rounded(simd, &self.sums, 8 * run, DOWN_PLACES);
            sums.zip_low(later(sums)).store_slice(slot);
        }
    }

    /// Deals threes out to the windows, eight at a time. The second and the
    /// last are halved, one up and one down, so that two of them can be added.
    #[inline(always)]
    fn deal<S: Simd>(&self, simd: S, windows: &mut [Window; 3], count: usize) {
        let (threes, _) = self.bytes.as_chunks::<48>();
        let [first, second, third] = windows;
        let slots = first.eights().zip(second.eights()).zip(third.eights());
        for (((first, second), third), threes) in slots.zip(threes).take(count.div_ceil(8)) {
            let shuffled = [
                u8x16::from_slice(simd, &threes[..16]).bitcast(),
                u8x16::from_slice(simd, &threes[16..32]).bitcast(),
                u8x16::from_slice(simd, &threes[32..]).bitcast(),
            ];
            let dealt = shuffle(shuffle(shuffle(shuffled)));
            dealt[0].store_slice(first);
            (dealt[1] - (dealt[1] >> 1)).store_slice(second);
            (dealt[2] >> 1).store_slice(third);
        }
    }

    #[inline(always)]
    fn filter<S: Simd>(&mut self, simd: S, windows: &[Window; 3], count: usize) {
        let [first, _, third] = windows;
        let runs = count.div_ceil(S::i16s::LEN);
        for parity in 0..2 {
            let middle = &first.delayed(MIDDLE)[parity..];
            let sums = self.sums[parity].chunks_exact_mut(S::i32s::LEN);
            for (run, slot) in sums.take(runs).enumerate() {
                let old = third.run::<S>(parity, run * S::i16s::LEN);
                let new = self.swapped.0[parity].run::<S>(parity, run * S::i16s::LEN);
                let middle = samples(simd, &middle[run * S::i16s::LEN..]);
                let mut sum = S::i32s::splat(simd, 1 << (DOWN_PLACES - 1));
                sum += middle.pairwise_dot_product(taps(simd, &DOWN_MIDDLE[0]));
                for pair in 0..TAPS / 2 {
                    let old = samples(simd, &old[2 * pair..]);
                    let new = samples(simd, &new[TAPS - 2 - 2 * pair..]);
                    sum += (old + new).pairwise_dot_product(taps(simd, &DOWN[pair]));
                }
                sum.store_slice(slot);
            }
        }
    }
}

impl Default for Downsampler {
    fn default() -> Self {
        Self::new()
    }
}

/// A perfect shuffle of 24 cards. Three of them deal the cards out to three.
#[inline(always)]
fn shuffle<S: Simd>([top, middle, bottom]: [i16x8<S>; 3]) -> [i16x8<S>; 3] {
    [
        top.zip_low(later(middle)),
        later(top).zip_low(bottom),
        middle.zip_low(later(bottom)),
    ]
}

/// The later four samples, first.
#[inline(always)]
fn later<S: Simd>(samples: i16x8<S>) -> i16x8<S> {
    let halves: i64x2<S> = samples.bitcast();
    halves.zip_high(halves).bitcast()
}

//! From 24 to 8 kHz, byte by byte as they come.
#![expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the instructions that were chosen"
)]

use std::cell::RefCell;

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, i16x8, i32x4, i64x2, u8x16};

use super::filter::{DOWN, DOWN_MIDDLE, DOWN_PLACES, MIDDLE, TAPS};
use super::pairs::Pairs;
use super::window::{BLOCK, Window, samples, taps};

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
    /// Of the last of each three.
    old: Pairs,
    /// Of the second, swapped.
    new: Pairs,
    /// Not yet rounded.
    sums: [i32; BLOCK],
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
                let direct = bytes.as_chunks().0;
                let (taken, count) = if self.held == 0 && !direct.is_empty() {
                    // The usual way: whole frames, which need not be copied.
                    let direct = &direct[..direct.len().min(BLOCK / 8)];
                    let count = 8 * direct.len();
                    desk.convert(self.level, &mut self.windows, direct);
                    (6 * count, count)
                } else {
                    self.convert_rest(desk, bytes)
                };
                bytes = &bytes[taken..];
                take(&desk.samples[..count]);
                for window in &mut self.windows {
                    window.advance(count);
                }
            }
        });
    }

    /// The same for what is not whole.
    fn convert_rest(&mut self, desk: &mut Desk, bytes: &[u8]) -> (usize, usize) {
        let mut threes = [0; 6 * BLOCK];
        threes[..6].copy_from_slice(&self.left);
        let room = &mut threes[self.held..];
        let taken = bytes.len().min(room.len());
        room[..taken].copy_from_slice(&bytes[..taken]);
        let there = self.held + taken;
        let count = there / 6;
        if count > 0 {
            let threes = &threes.as_chunks().0[..count.div_ceil(8)];
            desk.convert(self.level, &mut self.windows, threes);
        }
        let left = &threes[6 * count..there];
        self.held = left.len();
        self.left[..left.len()].copy_from_slice(left);
        (taken, count)
    }
}

impl Desk {
    const CLEAR: Self = Self {
        old: Pairs::SILENT,
        new: Pairs::SILENT,
        sums: [0; BLOCK],
        samples: [0; BLOCK],
    };

    /// Not inlined, so that it is known where the desk lies.
    #[inline(never)]
    fn convert(&mut self, level: Level, windows: &mut [Window; 3], threes: &[[u8; 48]]) {
        dispatch!(level, simd => self.block(simd, windows, threes));
    }

    #[inline(always)]
    fn block<S: Simd>(&mut self, simd: S, windows: &mut [Window; 3], threes: &[[u8; 48]]) {
        deal(simd, windows, threes);
        Pairs::fill(
            simd,
            (&mut self.old, &windows[2]),
            (&mut self.new, &windows[1]),
        );
        self.filter(simd);
        self.round(simd, &windows[0]);
    }

    #[inline(always)]
    fn filter<S: Simd>(&mut self, simd: S) {
        let len = S::i32s::LEN;
        let slots = self.sums.chunks_exact_mut(len);
        for (run, slot) in slots.enumerate() {
            let (old, new) = (self.old.run(run * len, len), self.new.run(run * len, len));
            let mut sum = S::i32s::splat(simd, 1 << (DOWN_PLACES - 1));
            for pair in 0..TAPS / 2 {
                let old = samples(simd, &old[4 * pair..]);
                let new = samples(simd, &new[2 * (TAPS - 2) - 4 * pair..]);
                sum += (old + new).pairwise_dot_product(taps(simd, &DOWN[pair]));
            }
            sum.store_slice(slot);
        }
    }

    /// Adds what the first of each three gives, which is a mere delay.
    #[inline(always)]
    fn round<S: Simd>(&mut self, simd: S, first: &Window) {
        let middle = first.delayed(MIDDLE);
        let tap = i16x8::from_slice(simd, &DOWN_MIDDLE[0]);
        let (slots, _) = self.samples.as_chunks_mut::<8>();
        for (run, slot) in slots.iter_mut().enumerate() {
            let middle = i16x8::from_slice(simd, &middle[8 * run..][..8]);
            let sums = &self.sums[8 * run..][..8];
            let sum = i32x4::from_slice(simd, &sums[..4])
                + middle.zip_low(middle).pairwise_dot_product(tap);
            let later = i32x4::from_slice(simd, &sums[4..])
                + middle.zip_high(middle).pairwise_dot_product(tap);
            let sum = sum >> DOWN_PLACES;
            sum.saturating_narrow(later >> DOWN_PLACES)
                .store_slice(slot);
        }
    }
}

impl Default for Downsampler {
    fn default() -> Self {
        Self::new()
    }
}

/// Deals threes out to the windows, eight at a time. The second and the last are halved,
/// one up and one down, so that two of them can be added.
#[inline(always)]
fn deal<S: Simd>(simd: S, windows: &mut [Window; 3], threes: &[[u8; 48]]) {
    let [first, second, third] = windows;
    let slots = first.eights().zip(second.eights()).zip(third.eights());
    for (((first, second), third), threes) in slots.zip(threes) {
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

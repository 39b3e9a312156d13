//! Windows laid out for outputs that follow one another.
#![expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the instructions that were chosen"
)]

use fearless_simd::prelude::*;

use super::filter::TAPS;
use super::window::{LENGTH, Window, samples};

/// Each sample but the last, twice.
const SAMPLES: usize = 2 * (LENGTH - 1);

/// Every sample of a window beside the next: what one instruction multiplies with a
/// pair of taps, for as many outputs as there are pairs.
///
/// It lies where processors without AVX2 need no instruction of its own to load every
/// second of them.
#[repr(align(64))]
pub(super) struct Pairs([i16; SAMPLES]);

impl Pairs {
    pub(super) const SILENT: Self = Self([0; SAMPLES]);

    /// Lays out what is heard of one window in the order of time, and of the other
    /// the other way round.
    #[inline(always)]
    pub(super) fn fill<S: Simd>(
        simd: S,
        (old, heard): (&mut Self, &Window),
        (new, opposite): (&mut Self, &Window),
    ) {
        let len = S::i16s::LEN;
        let slots = old
            .0
            .chunks_exact_mut(2 * len)
            .zip(new.0.chunks_exact_mut(2 * len));
        for (run, (old, new)) in slots.enumerate() {
            let heard = &heard.0[run * len..][..=len];
            let (one, next) = (samples(simd, heard), samples(simd, &heard[1..]));
            one.zip_low(next).store_slice(&mut old[..len]);
            one.zip_high(next).store_slice(&mut old[len..]);
            let opposite = &opposite.0[run * len..][..=len];
            let (one, next) = (samples(simd, opposite), samples(simd, &opposite[1..]));
            next.zip_low(one).store_slice(&mut new[..len]);
            next.zip_high(one).store_slice(&mut new[len..]);
        }
    }

    /// What `count` outputs hear, from output `at` on.
    #[inline(always)]
    pub(super) fn run(&self, at: usize, count: usize) -> &[i16] {
        &self.0[2 * at..][..2 * (TAPS - 2 + count)]
    }
}

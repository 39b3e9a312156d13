//! What a filter hears: a block of samples at 8 kHz, and what came before.
//!
//! One instruction multiplies as many samples as the processor has lanes with
//! pairs of taps, and adds neighbours. A pair begins at every second sample
//! only, so even and odd outputs are made apart.
#![expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the instructions that were chosen"
)]

use fearless_simd::prelude::*;
use fearless_simd::{i16x8, i32x4};

use super::filter::TAPS;

#[cfg(target_endian = "big")]
compile_error!("samples are laid out as little-endian machines have them");

/// How many old samples an output hears.
pub(super) const HISTORY: usize = TAPS - 1;

/// Most samples that are filtered at a time: 20 ms.
pub(super) const BLOCK: usize = 160;

/// Samples in order of time: as many old ones as the filter needs, then room
/// for fresh ones, and one more for the last odd output's pairs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window([i16; HISTORY + BLOCK + 1]);

impl Window {
    pub(super) const SILENT: Self = Self([0; HISTORY + BLOCK + 1]);

    /// Where fresh samples go.
    #[inline(always)]
    pub(super) fn fresh(&mut self) -> &mut [i16] {
        &mut self.0[HISTORY..HISTORY + BLOCK]
    }

    /// The same, eight by eight.
    #[inline(always)]
    pub(super) fn eights(&mut self) -> impl Iterator<Item = &mut [i16; 8]> {
        self.0[HISTORY..].as_chunks_mut().0.iter_mut()
    }

    /// What lies `delay` samples behind the fresh ones.
    #[inline(always)]
    pub(super) fn delayed(&self, delay: usize) -> &[i16; BLOCK + 1] {
        self.0[HISTORY - delay..]
            .first_chunk()
            .expect("a delay is at most the history")
    }

    /// What as many even outputs (`parity` 0) or odd ones (1) as there are
    /// lanes for hear, from output `at` on.
    #[inline(always)]
    pub(super) fn run<S: Simd>(&self, parity: usize, at: usize) -> &[i16] {
        let samples: &[i16; HISTORY + BLOCK] = self.0[parity..]
            .first_chunk()
            .expect("there is one sample more");
        &samples[at..][..TAPS - 2 + S::i16s::LEN]
    }

    /// Makes history of `count` fresh samples.
    #[inline(always)]
    pub(super) fn advance(&mut self, count: usize) {
        self.0.copy_within(count..count + HISTORY, 0);
    }
}

/// A window with neighbours swapped, in pairs that begin at even samples and
/// in pairs that begin at odd ones: what lies opposite, in the same order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Swapped(pub(super) [Window; 2]);

impl Swapped {
    pub(super) const SILENT: Self = Self([Window::SILENT; 2]);

    #[inline(always)]
    pub(super) fn fill(&mut self, window: &Window) {
        for (parity, swapped) in self.0.iter_mut().enumerate() {
            let (to, _) = swapped.0[parity..].as_chunks_mut();
            let (from, _) = window.0[parity..].as_chunks();
            for (to, &[one, other]) in to.iter_mut().zip(from) {
                *to = [other, one];
            }
        }
    }
}

/// The sums of a block's even outputs and of its odd ones, not yet rounded.
pub(super) type Sums = [[i32; BLOCK / 2]; 2];

/// The first samples of a run.
#[inline(always)]
pub(super) fn samples<S: Simd>(simd: S, run: &[i16]) -> S::i16s {
    S::i16s::from_slice(simd, &run[..S::i16s::LEN])
}

/// A pair of taps for all lanes.
#[inline(always)]
pub(super) fn taps<S: Simd>(simd: S, pair: &[i16; 8]) -> S::i16s {
    S::i16s::block_splat(i16x8::from_slice(simd, pair))
}

/// The sums from output `at` on, rounded to `places` fewer binary places: four
/// even ones, then four odd ones. What is too loud stays at full scale.
#[inline(always)]
pub(super) fn rounded<S: Simd>(simd: S, sums: &Sums, at: usize, places: u32) -> i16x8<S> {
    let even = i32x4::from_slice(simd, &sums[0][at / 2..][..4]) >> places;
    let odd = i32x4::from_slice(simd, &sums[1][at / 2..][..4]) >> places;
    even.saturating_narrow(odd)
}

//! What a filter hears: a block of samples at 8 kHz, and what came before.
//!
//! One instruction multiplies as many samples as the processor has lanes with
//! pairs of taps, and adds neighbours.
#![expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the instructions that were chosen"
)]

use fearless_simd::i16x8;
use fearless_simd::prelude::*;

use super::filter::TAPS;

#[cfg(target_endian = "big")]
compile_error!("samples are laid out as little-endian machines have them");

/// How many old samples an output hears.
pub(super) const HISTORY: usize = TAPS - 1;

/// Most samples that are filtered at a time: 20 ms.
pub(super) const BLOCK: usize = 160;

/// Samples of a window: whole runs of any processor, and a neighbour of the last.
pub(super) const LENGTH: usize = (HISTORY + BLOCK).next_multiple_of(64) + 1;

/// Samples in order of time: as many old ones as the filter needs, then room
/// for fresh ones, and some that only fill a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window(pub(super) [i16; LENGTH]);

impl Window {
    pub(super) const SILENT: Self = Self([0; LENGTH]);

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

    /// All of it, from that sample on: whole runs of any processor.
    #[inline(always)]
    pub(super) fn from(&self, at: usize) -> &[i16; LENGTH - 1] {
        self.0[at..]
            .first_chunk()
            .expect("there is one sample more")
    }

    /// Makes history of `count` fresh samples.
    #[inline(always)]
    pub(super) fn advance(&mut self, count: usize) {
        self.0.copy_within(count..count + HISTORY, 0);
    }
}

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

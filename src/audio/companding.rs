//! Mu-law to and from linear samples, as many at once as the processor can.
//!
//! Mu-law is a small floating-point number, three bits of exponent and four of
//! mantissa: in the right places of a bigger one it is the same number, and the
//! processor converts that. Every value equals that of [`super::g711`]'s tables,
//! which serve where samples come one by one.
#![expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the instructions that were chosen"
)]

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, f32x8, i8x32, i16x16, i32x8, u8x32, u16x16, u32x8};

use super::g711;

/// Writes half the sample of each of `mulaw` to `halves`, which is as long. No
/// sample is odd.
pub(super) fn decode_halves(level: Level, mulaw: &[u8], halves: &mut [i16]) {
    let (runs, rest) = mulaw.as_chunks();
    let (slots, rest_slots) = halves.as_chunks_mut();
    dispatch!(level, simd => decode_runs(simd, runs, slots));
    for (slot, &byte) in rest_slots.iter_mut().zip(rest) {
        *slot = g711::decode_mulaw(byte) / 2;
    }
}

/// Writes the byte for each of `samples` to `mulaw`, which is as long.
pub(super) fn encode(level: Level, samples: &[i16], mulaw: &mut [u8]) {
    let (runs, rest) = samples.as_chunks();
    let (slots, rest_slots) = mulaw.as_chunks_mut();
    dispatch!(level, simd => encode_runs(simd, runs, slots));
    for (slot, &sample) in rest_slots.iter_mut().zip(rest) {
        *slot = g711::encode_mulaw(sample);
    }
}

#[inline(always)]
fn decode_runs<S: Simd>(simd: S, runs: &[[u8; RUN]], slots: &mut [[i16; RUN]]) {
    for (run, slot) in runs.iter().zip(slots) {
        let bytes = u8x32::from_slice(simd, run);
        let (codes, later_codes) = (!bytes & 0x7F).widen();
        let (signs, later_signs) = bytes.bitcast::<i8x32<S>>().widen();
        decoded(simd, codes, signs).store_slice(&mut slot[..RUN / 2]);
        decoded(simd, later_codes, later_signs).store_slice(&mut slot[RUN / 2..]);
    }
}

#[inline(always)]
fn decoded<S: Simd>(simd: S, codes: u16x16<S>, signs: i16x16<S>) -> i16x16<S> {
    let (codes, later_codes) = codes.widen();
    let biased = biased_of(codes).saturating_narrow(biased_of(later_codes));
    // A set sign is a positive sample.
    let positive = signs >> 15;
    ((i16x16::splat(simd, BIAS / 2) - biased) ^ positive) - positive
}

#[inline(always)]
fn biased_of<S: Simd>(codes: u32x8<S>) -> i32x8<S> {
    let floats: f32x8<S> = ((codes << PLACES) + (SOFTEST_HALF + HALF_STEP)).bitcast();
    floats.to_int()
}

#[inline(always)]
fn encode_runs<S: Simd>(simd: S, runs: &[[i16; RUN]], slots: &mut [[u8; RUN]]) {
    for (run, slot) in runs.iter().zip(slots) {
        let bytes = encoded(simd, i16x16::from_slice(simd, &run[..RUN / 2]));
        let later_bytes = encoded(simd, i16x16::from_slice(simd, &run[RUN / 2..]));
        bytes.relaxed_narrow(later_bytes).store_slice(slot);
    }
}

#[inline(always)]
fn encoded<S: Simd>(simd: S, samples: i16x16<S>) -> u16x16<S> {
    let seen = samples >> 2;
    let negative = seen >> 15;
    let magnitudes = (seen ^ negative) - negative;
    let biased = magnitudes.min((LOUDEST - BIAS) / 4) + BIAS / 4;
    let (biased, later_biased) = biased.bitcast::<u16x16<S>>().widen();
    let codes = codes_of(biased).saturating_narrow(codes_of(later_biased));
    // Every bit is inverted, and of a negative sample the sign once more.
    (i16x16::splat(simd, 0xFF) - codes + (negative << 7)).bitcast()
}

#[inline(always)]
fn codes_of<S: Simd>(biased: u32x8<S>) -> i32x8<S> {
    let floats: f32x8<S> = biased.bitcast::<i32x8<S>>().to_float();
    ((floats.bitcast::<u32x8<S>>() - SOFTEST_SEEN) >> PLACES).bitcast()
}

/// How many are converted at a time.
const RUN: usize = 32;
/// Added to every magnitude before coding, so that segments are powers of two.
const BIAS: i16 = 132;
/// The loudest biased magnitude there is a code for.
const LOUDEST: i16 = 32_764;
/// Half the softest biased power of two, as a float: its code is zero.
const SOFTEST_HALF: u32 = 64_f32.to_bits();
/// The same without the two bits that mu-law cannot see.
const SOFTEST_SEEN: u32 = 32_f32.to_bits();
/// Where a code lies in a float.
const PLACES: u32 = 19;
/// A sample stands in the middle of the step that its code covers.
const HALF_STEP: u32 = 1 << (PLACES - 1);

//! The low-pass of both resamplers, designed here.
//!
//! A windowed sinc of 96 taps at 24 kHz, Kaiser with beta 7.4, cut off at
//! 4 kHz: flat to 3.4 kHz, 76 dB down from 4.6 kHz on, where the images of the
//! telephone band begin. It delays by 47.5 samples, 1.98 ms.

use std::f64::consts::PI;
use std::sync::LazyLock;

/// How much faster the fast side is.
pub(super) const FACTOR: usize = 3;
/// Taps of one phase on the slow side.
pub(super) const TAPS: usize = 32;
/// Taps of the whole filter.
pub(super) const LENGTH: usize = FACTOR * TAPS;
/// Binary digits behind the point of a tap.
pub(super) const SCALE: u32 = 15;

/// Cut-off, as a share of the fast side's sampling rate.
const CUTOFF: f64 = 4_000.0 / 24_000.0;
/// Shape of the window: 76 dB in the stop band.
const BETA: f64 = 7.4;

/// The taps for going up, a row a phase, oldest sample first.
pub(super) static UP: LazyLock<[[i16; TAPS]; FACTOR]> = LazyLock::new(|| {
    let prototype = prototype();
    std::array::from_fn(|phase| {
        let row: [f64; TAPS] =
            std::array::from_fn(|tap| prototype[LENGTH - FACTOR * (tap + 1) + phase]);
        quantized(&row)
    })
});

/// The taps for going down, oldest sample first.
pub(super) static DOWN: LazyLock<[i16; LENGTH]> = LazyLock::new(|| quantized(&prototype()));

fn prototype() -> [f64; LENGTH] {
    #[expect(clippy::cast_precision_loss, reason = "there are 96 of them")]
    std::array::from_fn(|tap| {
        let middle = (LENGTH - 1) as f64 / 2.0;
        let at = tap as f64 - middle;
        let angle = 2.0 * PI * CUTOFF * at;
        let sinc = angle.sin() / (PI * at);
        let edge = at / (middle + 0.5);
        sinc * bessel(BETA * (1.0 - edge * edge).sqrt()) / bessel(BETA)
    })
}

/// The modified Bessel function of the first kind and order zero.
fn bessel(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for step in 1..40 {
        term *= (x / 2.0 / f64::from(step)).powi(2);
        sum += term;
    }
    sum
}

/// Taps that sum to one, rounded so that they still do: a constant stays.
fn quantized<const N: usize>(taps: &[f64; N]) -> [i16; N] {
    let one = 1_i32 << SCALE;
    let sum: f64 = taps.iter().sum();
    #[expect(clippy::cast_possible_truncation, reason = "taps are smaller than one")]
    let mut rounded: [i16; N] =
        std::array::from_fn(|tap| (taps[tap] / sum * f64::from(one)).round() as i16);
    let missing = one - rounded.iter().map(|tap| i32::from(*tap)).sum::<i32>();
    // What rounding took is given back where it is least noticed.
    let middle = N / 2;
    rounded[middle] += i16::try_from(missing).unwrap_or_default();
    rounded
}

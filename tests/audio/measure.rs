//! Tones made and measured.

use std::f64::consts::TAU;

/// A tone of `hz` with this amplitude.
pub(super) fn tone(hz: f64, rate: f64, amplitude: f64, len: usize) -> Vec<i16> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the amplitude is that of 16 bits"
    )]
    #[expect(clippy::cast_precision_loss, reason = "tones are short")]
    let sample = |n: usize| (amplitude * (TAU * hz * n as f64 / rate).sin()).round() as i16;
    (0..len).map(sample).collect()
}

/// The amplitude of `hz` in `samples`, by correlation under a window whose
/// side lobes are 90 dB down.
pub(super) fn amplitude(samples: &[i16], hz: f64, rate: f64) -> f64 {
    let (mut re, mut im, mut gain) = (0.0, 0.0, 0.0);
    #[expect(clippy::cast_precision_loss, reason = "tones are short")]
    let len = samples.len() as f64;
    for (n, sample) in samples.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "tones are short")]
        let n = n as f64;
        let window = blackman_harris(n / len);
        let angle = TAU * hz * n / rate;
        re += window * f64::from(*sample) * angle.cos();
        im += window * f64::from(*sample) * angle.sin();
        gain += window;
    }
    2.0 * re.hypot(im) / gain
}

fn blackman_harris(at: f64) -> f64 {
    let cos = |times: f64| (TAU * times * at).cos();
    0.35875 - 0.48829 * cos(1.0) + 0.14128 * cos(2.0) - 0.01168 * cos(3.0)
}

/// A ratio of amplitudes in dB.
pub(super) fn db(ratio: f64) -> f64 {
    20.0 * ratio.log10()
}

//! The low-pass filter between 8 and 24 kHz, designed while compiling.
//!
//! A sinc that cuts at 4 kHz, a sixth of 24 kHz, under a Kaiser window: 95
//! taps at 24 kHz, linear in phase, which is 32 taps for each of three phases.
//! Because it cuts at exactly a sixth, its every third tap is zero but for the
//! one in the middle (a Nyquist filter), so one phase of three is a mere
//! delay: a third of the work disappears, and upsampled sound contains the
//! original samples unchanged.
//!
//! | parameter | value | why |
//! |---|---|---|
//! | cut-off | 4 kHz | Nyquist of the telephone, and the third-band property |
//! | pass band | to 3.4 kHz | the telephone's, ITU-T G.712; ripple below 0.01 dB |
//! | stop band | from 4.6 kHz | where the image of 3.4 kHz lies; below -73 dB |
//! | Kaiser beta | 7.3 | lowest worst case over both tables, *after* rounding |
//! | group delay | 47 samples at 24 kHz, 1.96 ms | half the length |
//! | taps up | 2^14 to the unit | the loudest possible sum still fits 32 bits |
//! | taps down | 2^15 to the unit | likewise: a third of the gain |
//!
//! The taps of a phase add up to exactly its gain, so that a constant stays
//! that constant and silence stays silence.

/// As many samples as one instruction multiplies, and the sums it makes.
#[cfg(not(target_feature = "avx2"))]
pub(super) use wide::{i16x8 as Samples, i32x4 as Products};
/// As many samples as one instruction multiplies, and the sums it makes.
#[cfg(target_feature = "avx2")]
pub(super) use wide::{i16x16 as Samples, i32x8 as Products};

/// Taps in a phase.
pub(super) const TAPS: usize = 32;

/// Outputs made at a time: two for each pair of lanes.
pub(super) const LANES: usize = size_of::<Samples>() / size_of::<i16>();

/// Binary places of the taps of [`UP`].
pub(super) const UP_PLACES: i32 = 14;

/// Binary places of the taps of [`DOWN`] and [`DOWN_MIDDLE`].
pub(super) const DOWN_PLACES: i32 = 15;

/// How many samples of the low rate the middle tap lies behind the newest.
pub(super) const MIDDLE: usize = TAPS / 2 - 1;

/// Taps in the order of time, oldest first, two by two, each pair repeated
/// over all lanes: what [`Samples::dot`] multiplies neighbouring samples with.
pub(super) type Pairs<const N: usize> = [Samples; N];

/// The two phases that take work, for upsampling.
pub(super) static UP: [Pairs<{ TAPS / 2 }>; 2] = [spread(UP_TAPS[0]), spread(UP_TAPS[1])];

/// The same for downsampling, with a third of the gain.
pub(super) static DOWN: [Pairs<{ TAPS / 2 }>; 2] = [spread(DOWN_TAPS[0]), spread(DOWN_TAPS[1])];

/// The middle tap alone, for downsampling.
pub(super) static DOWN_MIDDLE: Pairs<1> = spread([narrow(DOWN_MIDDLE_TAP), 0]);

const UP_TAPS: [[i16; TAPS]; 2] = [phase(0, 1 << UP_PLACES), phase(1, 1 << UP_PLACES)];
const DOWN_TAPS: [[i16; TAPS]; 2] = [phase(0, DOWN_PHASE_GAIN), phase(1, DOWN_PHASE_GAIN)];
const DOWN_PHASE_GAIN: i32 = ((1 << DOWN_PLACES) + 1) / 3;
const DOWN_MIDDLE_TAP: i32 = (1 << DOWN_PLACES) - 2 * DOWN_PHASE_GAIN;

/// Half the width of the window, in samples at 24 kHz.
const REACH: i32 = 48;
const BETA: f64 = 7.3;
const SIN_60_DEGREES: f64 = 0.866_025_403_784_438_6;

/// **Invariant:** no sound, however loud, takes a sum out of 32 bits.
const _: () = {
    let up = loudness(&UP_TAPS[0]);
    let down = loudness(&DOWN_TAPS[0]) + loudness(&DOWN_TAPS[1]) + DOWN_MIDDLE_TAP as i64;
    assert!((up << 15) + (1 << (UP_PLACES - 1)) <= i32::MAX as i64);
    assert!((down << 15) + (1 << (DOWN_PLACES - 1)) <= i32::MAX as i64);
};

/// The taps of phase 0 or 1, rounded so that they add up to `gain`.
const fn phase(number: i32, gain: i32) -> [i16; TAPS] {
    let mut taps = [0; TAPS];
    let mut missing = gain;
    let mut nearest = 0;
    let mut tap = 0;
    while tap < TAPS {
        let distance = REACH - 2 + number - 3 * narrow_index(tap);
        let value = rounded(prototype(distance) * gain as f64);
        taps[tap] = value;
        missing -= value as i32;
        if distance == 1 || distance == -1 {
            nearest = tap;
        }
        tap += 1;
    }
    // The largest tap bears the correction best.
    taps[nearest] += narrow(missing);
    taps
}

/// The impulse response at `distance` samples from the middle, where it is 1.
///
/// <https://en.wikipedia.org/wiki/Kaiser_window>
const fn prototype(distance: i32) -> f64 {
    if distance == 0 {
        return 1.0;
    }
    let numerator = match distance.rem_euclid(6) {
        1 | 2 => SIN_60_DEGREES,
        4 | 5 => -SIN_60_DEGREES,
        _ => 0.0,
    };
    let sinc = numerator / (std::f64::consts::PI * distance as f64 / 3.0);
    let position = distance as f64 / REACH as f64;
    sinc * bessel(1.0 - position * position) / bessel(1.0)
}

/// The modified Bessel function of order zero at `BETA * sqrt(square)`.
const fn bessel(square: f64) -> f64 {
    let quarter = BETA * BETA / 4.0 * square;
    let mut sum = 1.0;
    let mut term = 1.0;
    let mut order = 1;
    while order < 40 {
        term *= quarter / (order * order) as f64;
        sum += term;
        order += 1;
    }
    sum
}

const fn spread<const N: usize, const P: usize>(taps: [i16; N]) -> Pairs<P> {
    assert!(N == 2 * P);
    let mut pairs = [Samples::new([0; LANES]); P];
    let mut pair = 0;
    while pair < P {
        let mut lanes = [0; LANES];
        let mut lane = 0;
        while lane < LANES {
            lanes[lane] = taps[2 * pair + lane % 2];
            lane += 1;
        }
        pairs[pair] = Samples::new(lanes);
        pair += 1;
    }
    pairs
}

/// The sum of magnitudes: how much the loudest sound can become.
const fn loudness(taps: &[i16; TAPS]) -> i64 {
    let mut sum = 0;
    let mut tap = 0;
    while tap < TAPS {
        sum += taps[tap].unsigned_abs() as i64;
        tap += 1;
    }
    sum
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a tap is smaller than the gain of its phase"
)]
const fn rounded(value: f64) -> i16 {
    (if value < 0.0 {
        value - 0.5
    } else {
        value + 0.5
    }) as i16
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a tap is smaller than the gain of its phase"
)]
const fn narrow(value: i32) -> i16 {
    value as i16
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "a phase has 32 taps"
)]
const fn narrow_index(tap: usize) -> i32 {
    tap as i32
}

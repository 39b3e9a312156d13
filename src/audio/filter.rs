//! The low-pass filter between 8 and 24 kHz, as tables of taps.
//!
//! It cuts at 4 kHz, a sixth of 24 kHz, with 83 taps at 24 kHz, linear in
//! phase, which is 28 taps for each of three phases. Because it cuts at exactly
//! a sixth, its every third tap is zero but for the one in the middle (a
//! Nyquist filter), so one phase of three is a mere delay: a third of the work
//! disappears, and upsampled sound contains the original samples unchanged.
//!
//! The other two phases are mirror images. Up, both come out of one pass over
//! the sums and the differences of samples that lie opposite, half the
//! multiplications; down, opposite samples share a tap and are added first.
//!
//! | parameter | value | why |
//! |---|---|---|
//! | cut-off | 4 kHz | Nyquist of the telephone, and the third-band property |
//! | pass band | to 3.4 kHz | the telephone's, ITU-T G.712; ripple below 0.01 dB |
//! | stop band | from 4.6 kHz | where the image of 3.4 kHz lies; below -71 dB |
//! | group delay | 41 samples at 24 kHz, 1.71 ms | half the length |
//! | taps up | 2^14 to the unit | the loudest possible sum still fits 32 bits |
//! | taps down | 2^15 to the unit | likewise: a third of the gain |
//!
//! The taps are those whole numbers whose loudest frequency in the stop band is
//! the softest that `benches/quality/taps.py` found. They add up to exactly the
//! unit, so that a constant stays that constant and silence stays silence.

/// Taps in a phase.
pub(super) const TAPS: usize = 28;

/// Binary places of the taps for upsampling.
pub(super) const UP_PLACES: u32 = 14;

/// Binary places of the taps for downsampling.
pub(super) const DOWN_PLACES: u32 = 15;

/// How many samples of the low rate the middle tap lies behind the newest.
pub(super) const MIDDLE: usize = TAPS / 2 - 1;

/// Taps in the order of time, oldest first, two by two, each pair repeated
/// over 128 bits: what neighbouring samples are multiplied with.
pub(super) type Pairs<const N: usize> = [[i16; 8]; N];

/// For the half sums of opposite samples, which both phases have in common.
pub(super) static UP_SUMS: Pairs<{ TAPS / 4 }> = spread(SUMS);

/// For the half differences, which the second phase subtracts.
pub(super) static UP_DIFFERENCES: Pairs<{ TAPS / 4 }> = spread(DIFFERENCES);

/// For the half sums of opposite samples of two phases, with a third of the gain.
pub(super) static DOWN: Pairs<{ TAPS / 2 }> = spread(DOWN_TAPS);

/// The middle tap alone, for downsampling.
pub(super) static DOWN_MIDDLE: Pairs<1> = spread([MIDDLE_TAP, 0]);

const SUMS: [i16; TAPS / 2] = [
    -21, 41, -78, 134, -217, 337, -500, 729, -1040, 1486, -2158, 3313, -5901, 20_259,
];

const DIFFERENCES: [i16; TAPS / 2] = [
    -1, 4, -7, 12, -17, 23, -32, 44, -61, 89, -140, 261, -700, 6796,
];

const DOWN_TAPS: [i16; TAPS] = [
    -15, 31, -57, 98, -157, 242, -356, 516, -736, 1052, -1534, 2384, -4401, 18_038, 8975, -3469,
    2035, -1346, 934, -655, 458, -314, 210, -135, 83, -47, 25, -14,
];

const MIDDLE_TAP: i16 = 10_923;

/// **Invariant:** the taps add up to the unit, and no sound, however loud,
/// takes a sum out of 32 bits.
const _: () = {
    assert!(sum(&SUMS) == 1 << UP_PLACES);
    assert!(sum(&DOWN_TAPS) + MIDDLE_TAP as i64 == 1 << DOWN_PLACES);
    let up = loudness(&SUMS) + loudness(&DIFFERENCES);
    let down = loudness(&DOWN_TAPS) + MIDDLE_TAP as i64;
    assert!((up << 15) + (1 << (UP_PLACES - 1)) <= i32::MAX as i64);
    assert!((down << 15) + (1 << (DOWN_PLACES - 1)) <= i32::MAX as i64);
};

const fn spread<const N: usize, const P: usize>(taps: [i16; N]) -> Pairs<P> {
    assert!(N == 2 * P);
    let mut pairs = [[0; 8]; P];
    let mut tap = 0;
    while tap < 8 * P {
        pairs[tap / 8][tap % 8] = taps[tap / 8 * 2 + tap % 2];
        tap += 1;
    }
    pairs
}

const fn sum(taps: &[i16]) -> i64 {
    let mut sum = 0;
    let mut tap = 0;
    while tap < taps.len() {
        sum += taps[tap] as i64;
        tap += 1;
    }
    sum
}

/// The sum of magnitudes: how much the loudest sound can become.
const fn loudness(taps: &[i16]) -> i64 {
    let mut sum = 0;
    let mut tap = 0;
    while tap < taps.len() {
        sum += taps[tap].unsigned_abs() as i64;
        tap += 1;
    }
    sum
}

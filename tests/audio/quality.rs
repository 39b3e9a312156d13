//! What the resamplers do to sound, measured without G.711 between.

use frontdesk::audio::resample::{Downsampler, Upsampler};

use super::measure::{amplitude, db, tone};

const LOUD: f64 = 16_000.0;

#[test]
fn going_up_is_flat_in_the_telephone_band_and_leaves_no_images() {
    for hz in (100..=3_400).step_by(150).map(f64::from) {
        let up = settled(&up(&tone(hz, 8_000.0, LOUD, 4_000)), 300);
        let gain = db(amplitude(&up, hz, 24_000.0) / LOUD);
        assert!(gain.abs() <= 0.3, "{gain:.2} dB at {hz} Hz");
        for image in [8_000.0 - hz, 8_000.0 + hz] {
            let image_db = db(amplitude(&up, image, 24_000.0) / LOUD);
            assert!(
                image_db <= -70.0,
                "image of {hz} Hz at {image} Hz: {image_db:.1} dB"
            );
        }
    }
}

#[test]
fn going_down_is_flat_in_the_telephone_band_and_lets_no_alias_in() {
    for hz in (100..=3_400).step_by(150).map(f64::from) {
        let down = settled(&down(&tone(hz, 24_000.0, LOUD, 12_000)), 100);
        let gain = db(amplitude(&down, hz, 8_000.0) / LOUD);
        assert!(gain.abs() <= 0.3, "{gain:.2} dB at {hz} Hz");
    }
    for hz in (4_700..=11_900).step_by(300).map(f64::from) {
        let down = settled(&down(&tone(hz, 24_000.0, LOUD, 12_000)), 100);
        let folded = (hz - 8_000.0 * (hz / 8_000.0).round()).abs();
        let alias = db(amplitude(&down, folded, 8_000.0) / LOUD);
        assert!(
            alias <= -70.0,
            "{hz} Hz comes through at {folded} Hz: {alias:.1} dB"
        );
    }
}

#[test]
fn each_direction_delays_by_less_than_2_500_us() {
    let mut click = vec![0; 400];
    click[100] = 16_000;
    let peak = loudest(&up(&click));
    assert!(peak - 300 <= 60, "{} samples at 24 kHz", peak - 300);
    let mut click = vec![0; 1_200];
    click[300..303].fill(16_000);
    let peak = loudest(&down(&click));
    assert!(peak - 100 <= 20, "{} samples at 8 kHz", peak - 100);
}

fn up(input: &[i16]) -> Vec<i16> {
    let mut output = Vec::new();
    Upsampler::default().process(input.iter().copied(), |sample| output.push(sample));
    output
}

fn down(input: &[i16]) -> Vec<i16> {
    let mut output = Vec::new();
    Downsampler::default().process(input.iter().copied(), |sample| output.push(sample));
    output
}

/// Without the beginning, where the filter fills.
fn settled(samples: &[i16], skip: usize) -> Vec<i16> {
    samples[skip..].to_vec()
}

fn loudest(samples: &[i16]) -> usize {
    let loudest = samples
        .iter()
        .enumerate()
        .max_by_key(|(_, sample)| sample.unsigned_abs());
    loudest.map_or(0, |(at, _)| at)
}

//! The built-in tune for those who wait: four soft chords, made here.

use std::f32::consts::TAU;
use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::audio::g711::pcm_to_mulaw;
use crate::audio::wav::write_mono;

/// How long it sounds.
pub(super) const SECONDS: u64 = 10;

/// The tune. It is nobody's secret, so no signature is asked for.
pub(super) async fn hold_music() -> Response {
    let headers = [
        (CONTENT_TYPE, "audio/wav"),
        (CACHE_CONTROL, "public, max-age=86400"),
    ];
    (headers, TUNE.as_slice()).into_response()
}

static TUNE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut mulaw = Vec::new();
    let pcm: Vec<i16> = (0..SAMPLES).map(sample).collect();
    pcm_to_mulaw(&pcm, &mut mulaw);
    let mut wav = Vec::new();
    write_mono(&mut wav, &mulaw).expect("ten seconds fit into memory");
    wav
});

const RATE: u32 = 8_000;
const SAMPLES: u32 = 80_000;
/// A chord sounds for two and a half seconds, and has four notes that begin
/// one after another.
const CHORD: u32 = SAMPLES / 4;
const STEP: u32 = CHORD / 4;

/// C, A minor, F, G, each from low to high, in hertz.
const CHORDS: [[f32; 4]; 4] = [
    [261.63, 329.63, 392.00, 523.25],
    [220.00, 329.63, 440.00, 523.25],
    [174.61, 261.63, 349.23, 440.00],
    [196.00, 246.94, 392.00, 493.88],
];

fn sample(n: u32) -> i16 {
    let (chord, within) = (n / CHORD, n % CHORD);
    let notes = CHORDS[chord as usize % CHORDS.len()].iter().zip(0..);
    let sum: f32 = notes
        .filter_map(|(pitch, place)| Some((pitch, within.checked_sub(place * STEP)?)))
        .map(|(pitch, since)| note(*pitch, seconds(since), seconds(CHORD - within)))
        .sum();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "four notes of 1500 are far within the range"
    )]
    let sample = (sum * 1_500.0) as i16;
    sample
}

/// A note `since` its beginning, fading before the end of its chord is there.
fn note(pitch: f32, since: f32, left: f32) -> f32 {
    let swell = (since / 0.02).min(1.0) * (left / 0.05).min(1.0);
    (TAU * pitch * since).sin() * swell * (-1.2 * since).exp()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "80,000 samples are counted exactly"
)]
fn seconds(samples: u32) -> f32 {
    samples as f32 / RATE as f32
}

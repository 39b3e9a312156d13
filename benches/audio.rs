//! Sound, per 20 ms frame: what one call costs, fifty times a second each way.
//!
//! `cargo bench --bench audio` prints the time of one frame. `uplink` and
//! `downlink` are what a call does, with each set of instructions that this
//! machine has; the groups below take them apart and set the resamplers of
//! rubato beside ours, and the least one can do: straight lines between samples
//! up, the mean of three down. That is as cheap as it sounds bad: images and
//! aliases pass almost as loud as the voice.
//!
//! Where libsoxr is installed (Debian's `libsoxr-dev`), it stands beside them
//! with `RUSTFLAGS='--cfg soxr' cargo bench --bench audio`.

use divan::Bencher;
use fearless_simd::Level;
use frontdesk::audio::{Downlink, Downsampler, Uplink, Upsampler, g711};
use rubato::{
    Async, Fft, FixedAsync, FixedSync, Resampler, SincInterpolationParameters,
    SincInterpolationType, WindowFunction, audioadapter_buffers::direct::SequentialSlice,
};

#[cfg(soxr)]
use soxr::{
    Soxr,
    format::Mono,
    params::{QualityRecipe, QualitySpec, RuntimeSpec},
};

fn main() {
    divan::main();
}

/// Caller to model: mu-law at 8 kHz to PCM16 bytes at 24 kHz.
#[divan::bench(args = levels())]
fn uplink(bencher: Bencher<'_, '_>, level: &Instructions) {
    let (mut link, mut pcm) = (Uplink::with(level.0), Vec::with_capacity(962));
    bencher.bench_local(|| {
        pcm.clear();
        link.process(divan::black_box(&SPEECH[..160]), &mut pcm);
    });
}

/// Model to caller: PCM16 bytes at 24 kHz to mu-law at 8 kHz.
#[divan::bench(args = levels())]
fn downlink(bencher: Bencher<'_, '_>, level: &Instructions) {
    let (mut link, mut mulaw) = (Downlink::with(level.0), Vec::with_capacity(160));
    let mut pcm = Vec::new();
    Uplink::new().process(&SPEECH[..160], &mut pcm);
    bencher.bench_local(|| {
        mulaw.clear();
        link.process(divan::black_box(&pcm), &mut mulaw);
    });
}

mod codec {
    use super::{Bencher, SPEECH, g711, narrow};

    #[divan::bench]
    fn mulaw_decode(bencher: Bencher<'_, '_>) {
        let mut pcm = Vec::with_capacity(160);
        bencher.bench_local(|| {
            pcm.clear();
            g711::mulaw_to_pcm(divan::black_box(&SPEECH[..160]), &mut pcm);
        });
    }

    #[divan::bench]
    fn mulaw_encode(bencher: Bencher<'_, '_>) {
        let (pcm, mut mulaw) = (narrow(), Vec::with_capacity(160));
        bencher.bench_local(|| {
            mulaw.clear();
            g711::pcm_to_mulaw(divan::black_box(&pcm), &mut mulaw);
        });
    }

    #[divan::bench]
    fn alaw_decode(bencher: Bencher<'_, '_>) {
        let mut pcm = Vec::with_capacity(160);
        bencher.bench_local(|| {
            pcm.clear();
            g711::alaw_to_pcm(divan::black_box(&SPEECH[..160]), &mut pcm);
        });
    }

    #[divan::bench]
    fn alaw_encode(bencher: Bencher<'_, '_>) {
        let (pcm, mut alaw) = (narrow(), Vec::with_capacity(160));
        bencher.bench_local(|| {
            alaw.clear();
            g711::pcm_to_alaw(divan::black_box(&pcm), &mut alaw);
        });
    }
}

mod up {
    use super::{Bencher, Fft, Upsampler, narrow, rubato_frame, sinc};

    #[divan::bench]
    fn frontdesk(bencher: Bencher<'_, '_>) {
        let (mut resampler, input) = (Upsampler::new(), narrow());
        let mut output = Vec::with_capacity(480);
        bencher.bench_local(|| {
            output.clear();
            resampler.process(divan::black_box(&input), &mut output);
        });
    }

    #[divan::bench]
    fn linear(bencher: Bencher<'_, '_>) {
        let (input, mut output, mut last) = (narrow(), vec![0_i16; 480], 0_i16);
        bencher.bench_local(|| {
            for (three, &next) in output
                .as_chunks_mut()
                .0
                .iter_mut()
                .zip(divan::black_box(&input))
            {
                let (from, to) = (i32::from(last), i32::from(next));
                *three = [(2 * from + to) / 3, (from + 2 * to) / 3, to].map(super::sample);
                last = next;
            }
            divan::black_box(&output);
        });
    }

    #[divan::bench]
    fn rubato_fft(bencher: Bencher<'_, '_>) {
        let fft = Fft::new(8000, 24_000, 160, 1, super::FixedSync::Both);
        rubato_frame(bencher, fft.expect("the rates divide"), &narrow());
    }

    #[divan::bench]
    fn rubato_sinc_48(bencher: Bencher<'_, '_>) {
        rubato_frame(bencher, sinc(3.0, 160, 48), &narrow());
    }

    #[divan::bench]
    fn rubato_sinc_128(bencher: Bencher<'_, '_>) {
        rubato_frame(bencher, sinc(3.0, 160, 128), &narrow());
    }

    #[cfg(soxr)]
    #[divan::bench(args = super::RECIPES, sample_size = 100)]
    fn soxr(bencher: Bencher<'_, '_>, recipe: super::QualityRecipe) {
        super::soxr_frame(bencher, [8000.0, 24_000.0], recipe, &narrow());
    }
}

mod down {
    use super::{Bencher, Downsampler, Fft, rubato_frame, sinc, wide};

    #[divan::bench]
    fn frontdesk(bencher: Bencher<'_, '_>) {
        let (mut resampler, input) = (Downsampler::new(), wide());
        let mut output = Vec::with_capacity(160);
        bencher.bench_local(|| {
            output.clear();
            resampler.process(divan::black_box(&input), &mut output);
        });
    }

    #[divan::bench]
    fn mean_of_three(bencher: Bencher<'_, '_>) {
        let (input, mut output) = (wide(), vec![0_i16; 160]);
        bencher.bench_local(|| {
            let threes = divan::black_box(&input).as_chunks::<3>().0;
            for (sample, three) in output.iter_mut().zip(threes) {
                *sample = super::sample(three.iter().map(|&one| i32::from(one)).sum::<i32>() / 3);
            }
            divan::black_box(&output);
        });
    }

    #[divan::bench]
    fn rubato_fft(bencher: Bencher<'_, '_>) {
        let fft = Fft::new(24_000, 8000, 480, 1, super::FixedSync::Both);
        rubato_frame(bencher, fft.expect("the rates divide"), &wide());
    }

    #[divan::bench]
    fn rubato_sinc_48(bencher: Bencher<'_, '_>) {
        rubato_frame(bencher, sinc(1.0 / 3.0, 480, 48), &wide());
    }

    #[divan::bench]
    fn rubato_sinc_128(bencher: Bencher<'_, '_>) {
        rubato_frame(bencher, sinc(1.0 / 3.0, 480, 128), &wide());
    }

    #[cfg(soxr)]
    #[divan::bench(args = super::RECIPES, sample_size = 100)]
    fn soxr(bencher: Bencher<'_, '_>, recipe: super::QualityRecipe) {
        super::soxr_frame(bencher, [24_000.0, 8000.0], recipe, &wide());
    }
}

/// One frame through a resampler of rubato, which works on floats: the
/// conversion from and to 16 bits is part of the work, as it is in a call.
fn rubato_frame(bencher: Bencher<'_, '_>, mut resampler: impl Resampler<f32>, input: &[i16]) {
    let mut floats_in = vec![0.0_f32; input.len()];
    let mut floats_out = vec![0.0_f32; resampler.output_frames_max()];
    let mut output = Vec::with_capacity(floats_out.len());
    bencher.bench_local(move || {
        for (float, &sample) in floats_in.iter_mut().zip(divan::black_box(input)) {
            *float = f32::from(sample) / 32_768.0;
        }
        let from = SequentialSlice::new(&floats_in, 1, floats_in.len()).expect("one channel");
        let room = floats_out.len();
        let mut to = SequentialSlice::new_mut(&mut floats_out, 1, room).expect("one channel");
        let (_, made) = resampler
            .process_into_buffer(&from, &mut to, None)
            .expect("the buffers have room");
        output.clear();
        output.extend(floats_out[..made].iter().map(|&float| quantized(float)));
        divan::black_box(&output);
    });
}

fn sinc(ratio: f64, frame: usize, taps: usize) -> Async<f32> {
    let parameters = SincInterpolationParameters::new(taps, WindowFunction::BlackmanHarris2)
        .interpolation(SincInterpolationType::Linear);
    Async::new_sinc(ratio, 1.0, &parameters, frame, 1, FixedAsync::Input)
        .expect("the ratio is positive")
}

/// One frame through libsoxr, which takes whole numbers as we do.
#[cfg(soxr)]
fn soxr_frame(
    bencher: Bencher<'_, '_>,
    [from, to]: [f64; 2],
    recipe: QualityRecipe,
    input: &[i16],
) {
    let (quality, runtime) = (QualitySpec::new(recipe), RuntimeSpec::default());
    let mut resampler =
        Soxr::<Mono<i16>>::new_with_params(from, to, quality, runtime).expect("the rates divide");
    // It works on many frames at once, now and then: a sample is two seconds.
    let mut output = vec![0; 3 * input.len() + 24_000];
    bencher.bench_local(move || {
        let made = resampler
            .process(divan::black_box(input), &mut output)
            .expect("the buffers have room");
        divan::black_box((made.output_frames, &output));
    });
}

/// High and very high quality, as libsoxr calls them.
#[cfg(soxr)]
const RECIPES: [QualityRecipe; 2] = [QualityRecipe::high(), QualityRecipe::very_high()];

/// The instructions that a link may use.
struct Instructions(Level);

impl std::fmt::Display for Instructions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{:?}", self.0);
        f.write_str(text.split('(').next().unwrap_or_default())
    }
}

/// All that this machine has, the best first.
fn levels() -> Vec<Instructions> {
    let best = Level::new();
    let mut levels = vec![best];
    #[cfg(target_arch = "x86_64")]
    {
        levels.extend(best.as_avx2().map(fearless_simd::Simd::level));
        levels.extend(best.as_sse2().map(fearless_simd::Simd::level));
    }
    levels.into_iter().map(Instructions).collect()
}

/// 20 ms at 8 kHz.
fn narrow() -> Vec<i16> {
    let mut pcm = Vec::new();
    g711::mulaw_to_pcm(&SPEECH[..160], &mut pcm);
    pcm
}

/// 20 ms at 24 kHz.
fn wide() -> Vec<i16> {
    let mut pcm = Vec::new();
    Upsampler::new().process(&narrow(), &mut pcm);
    pcm
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the cast saturates, as wanted"
)]
fn quantized(float: f32) -> i16 {
    (float * 32_768.0) as i16
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a mean of samples is a sample"
)]
fn sample(mean: i32) -> i16 {
    mean as i16
}

/// A person in the middle of a word.
static SPEECH: &[u8] = include_bytes!("../fixtures/speech/caller-numbers.ulaw")
    .split_at(8000)
    .1;

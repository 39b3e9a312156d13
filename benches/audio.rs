//! Sound, per 20 ms frame: ours, rubato's, and the crudest thing that works.
//!
//! `cargo bench --bench audio`. Each figure is the time of one frame of one
//! call in one direction; a call has fifty a second each way.

use std::hint::black_box;

use divan::Bencher;
use frontdesk::audio::g711::{decode_mulaw, encode_mulaw};
use frontdesk::audio::resample::{Downsampler, Upsampler};
use frontdesk::audio::{Downlink, Uplink};
use frontdesk::rehearsal::RECEPTIONIST;

fn main() {
    divan::main();
}

/// Speech, 20 ms of it, mu-law.
fn frame() -> Vec<u8> {
    RECEPTIONIST[0].mulaw[4_000..4_160].to_vec()
}

/// The same, linear at 24 kHz.
fn pcm() -> Vec<u8> {
    let mut pcm = Vec::new();
    Uplink::default().process(&frame(), &mut pcm);
    pcm
}

fn linear(bytes: &[u8]) -> Vec<i16> {
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|pair| i16::from_le_bytes(*pair))
        .collect()
}

/// Mu-law at 8 kHz to PCM bytes at 24 kHz: what the caller says, on its way up.
#[divan::bench]
fn caller_to_agent(bencher: Bencher<'_, '_>) {
    let (frame, mut uplink, mut out) = (frame(), Uplink::default(), Vec::new());
    bencher.bench_local(|| {
        out.clear();
        uplink.process(black_box(&frame), &mut out);
    });
}

/// PCM bytes at 24 kHz to mu-law at 8 kHz: what the agent says, on its way down.
#[divan::bench]
fn agent_to_caller(bencher: Bencher<'_, '_>) {
    let (pcm, mut downlink, mut out) = (pcm(), Downlink::default(), Vec::new());
    bencher.bench_local(|| {
        out.clear();
        downlink.process(black_box(&pcm), &mut out);
    });
}

mod g711 {
    use super::{Bencher, black_box, decode_mulaw, encode_mulaw, frame};

    #[divan::bench]
    fn decode(bencher: Bencher<'_, '_>) {
        let frame = frame();
        bencher.bench_local(|| {
            black_box(&frame)
                .iter()
                .map(|code| decode_mulaw(*code))
                .fold(0_i16, i16::wrapping_add)
        });
    }

    #[divan::bench]
    fn encode(bencher: Bencher<'_, '_>) {
        let samples: Vec<i16> = frame().iter().map(|code| decode_mulaw(*code)).collect();
        bencher.bench_local(|| {
            black_box(&samples)
                .iter()
                .map(|one| encode_mulaw(*one))
                .fold(0_u8, u8::wrapping_add)
        });
    }
}

/// 8 kHz to 24 kHz, 160 samples in.
mod up {
    use super::{Bencher, Upsampler, black_box, decode_mulaw, frame, rubato_bench};

    #[divan::bench]
    fn ours(bencher: Bencher<'_, '_>) {
        let samples: Vec<i16> = frame().iter().map(|code| decode_mulaw(*code)).collect();
        let (mut resampler, mut out) = (Upsampler::default(), Vec::with_capacity(480));
        bencher.bench_local(|| {
            out.clear();
            resampler.process(black_box(&samples).iter().copied(), |sample| {
                out.push(sample);
            });
        });
    }

    #[divan::bench]
    fn linear_interpolation(bencher: Bencher<'_, '_>) {
        let samples: Vec<i16> = frame().iter().map(|code| decode_mulaw(*code)).collect();
        let (mut last, mut out) = (0_i32, Vec::with_capacity(480));
        bencher.bench_local(|| {
            out.clear();
            for sample in black_box(&samples) {
                let step = i32::from(*sample) - last;
                out.extend([last + step / 3, last + step * 2 / 3, last + step]);
                last = i32::from(*sample);
            }
        });
    }

    #[divan::bench]
    fn rubato_fft(bencher: Bencher<'_, '_>) {
        let samples: Vec<i16> = frame().iter().map(|code| decode_mulaw(*code)).collect();
        rubato_bench::run(bencher, rubato_bench::fft(8_000, 24_000, 160), &samples);
    }

    #[divan::bench]
    fn rubato_sinc(bencher: Bencher<'_, '_>) {
        let samples: Vec<i16> = frame().iter().map(|code| decode_mulaw(*code)).collect();
        rubato_bench::run(bencher, rubato_bench::sinc(3.0, 160), &samples);
    }
}

/// 24 kHz to 8 kHz, 480 samples in.
mod down {
    use super::{Bencher, Downsampler, black_box, linear, pcm, rubato_bench};

    #[divan::bench]
    fn ours(bencher: Bencher<'_, '_>) {
        let samples = linear(&pcm());
        let (mut resampler, mut out) = (Downsampler::default(), Vec::with_capacity(160));
        bencher.bench_local(|| {
            out.clear();
            resampler.process(black_box(&samples).iter().copied(), |sample| {
                out.push(sample);
            });
        });
    }

    #[divan::bench]
    fn rubato_fft(bencher: Bencher<'_, '_>) {
        rubato_bench::run(
            bencher,
            rubato_bench::fft(24_000, 8_000, 480),
            &linear(&pcm()),
        );
    }

    #[divan::bench]
    fn rubato_sinc(bencher: Bencher<'_, '_>) {
        rubato_bench::run(bencher, rubato_bench::sinc(1.0 / 3.0, 480), &linear(&pcm()));
    }
}

/// rubato, fed and drained without allocation, in its most favourable form.
mod rubato_bench {
    use divan::Bencher;
    use rubato::audioadapter_buffers::direct::SequentialSlice;
    use rubato::{
        Async, Fft, FixedAsync, FixedSync, Resampler, SincInterpolationParameters,
        SincInterpolationType, WindowFunction, calculate_cutoff,
    };

    pub(super) fn fft(from: usize, to: usize, chunk: usize) -> Box<dyn Resampler<f32>> {
        let resampler = Fft::<f32>::new(from, to, chunk, 1, FixedSync::Input);
        Box::new(resampler.expect("the rates are good"))
    }

    pub(super) fn sinc(ratio: f64, chunk: usize) -> Box<dyn Resampler<f32>> {
        let window = WindowFunction::Blackman2;
        let parameters = SincInterpolationParameters::new(48, window)
            .f_cutoff(calculate_cutoff(48, window))
            .oversampling_factor(3)
            .interpolation(SincInterpolationType::Nearest);
        let resampler = Async::new_sinc(ratio, 1.0, &parameters, chunk, 1, FixedAsync::Input);
        Box::new(resampler.expect("the ratio is good"))
    }

    pub(super) fn run(
        bencher: Bencher<'_, '_>,
        mut resampler: Box<dyn Resampler<f32>>,
        samples: &[i16],
    ) {
        let input: Vec<f32> = samples
            .iter()
            .map(|one| f32::from(*one) / 32_768.0)
            .collect();
        let mut output = vec![0.0; resampler.output_frames_max()];
        let room = output.len();
        bencher.bench_local(|| {
            let input = SequentialSlice::new(&input, 1, input.len()).expect("it fits");
            let mut output = SequentialSlice::new_mut(&mut output, 1, room).expect("it fits");
            resampler
                .process_into_buffer(&input, &mut output, None)
                .expect("it fits")
        });
    }
}

//! Sound: codecs, resamplers, and what they do to speech.

use std::f64::consts::TAU;
use std::time::Duration;

use fearless_simd::Level;
use frontdesk::audio::{
    Downlink, Downsampler, FLOOR_DBFS, Frame, SILENCE, Uplink, Upsampler, frames, g711, is_silence,
    level_dbfs, wav,
};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

// G.711

/// The sums are those of Python 3.11's `audioop`.
#[test]
fn every_sample_is_coded_as_audioop_codes_it() {
    let samples: Vec<i16> = (i16::MIN..=i16::MAX).collect();
    let (mut mulaw, mut alaw) = (Vec::new(), Vec::new());
    g711::pcm_to_mulaw(&samples, &mut mulaw);
    g711::pcm_to_alaw(&samples, &mut alaw);
    assert_eq!(
        sha256(&mulaw),
        "81d633c9e6972a18c74a58720b96cb8ca0bdd096d4060b646dd708c3b846019a"
    );
    assert_eq!(
        sha256(&alaw),
        "38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b"
    );
}

#[test]
fn every_byte_is_decoded_as_audioop_decodes_it() {
    let bytes: Vec<u8> = (0..=255).collect();
    let (mut mulaw, mut alaw) = (Vec::new(), Vec::new());
    g711::mulaw_to_pcm(&bytes, &mut mulaw);
    g711::alaw_to_pcm(&bytes, &mut alaw);
    assert_eq!(
        sha256(&little_endian(&mulaw)),
        "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827"
    );
    assert_eq!(
        sha256(&little_endian(&alaw)),
        "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174"
    );
}

#[test]
fn the_landmarks_of_mulaw_are_where_they_belong() {
    let landmarks = [(0xFF, 0), (0x7F, 0), (0x00, -32_124), (0x80, 32_124)];
    for (byte, sample) in landmarks {
        assert_eq!(g711::decode_mulaw(byte), sample);
    }
    let landmarks = [
        (0, 0xFF),
        (-1, 0x7E),
        (1, 0xFF),
        (3, 0xFF),
        (4, 0xFE),
        (-4, 0x7E),
    ];
    for (sample, byte) in landmarks {
        assert_eq!(g711::encode_mulaw(sample), byte);
    }
    assert_eq!(g711::encode_mulaw(i16::MAX), 0x80);
    assert_eq!(g711::encode_mulaw(i16::MIN), 0x00);
}

#[test]
fn a_coded_byte_survives_any_number_of_hops() {
    for byte in 0..=255 {
        let expected = if byte == 0x7F { 0xFF } else { byte };
        assert_eq!(g711::encode_mulaw(g711::decode_mulaw(byte)), expected);
        assert_eq!(g711::encode_alaw(g711::decode_alaw(byte)), byte);
    }
}

// Upsampling

#[test]
fn upsampling_leaves_the_telephone_band_flat() {
    for frequency in telephone_band() {
        let gain = upsampled(frequency, frequency);
        assert!(gain.abs() < 0.01, "{frequency} Hz: {gain:.4} dB");
    }
}

#[test]
fn upsampling_leaves_no_images() {
    for frequency in telephone_band() {
        for image in [8000 - frequency, 8000 + frequency] {
            let gain = upsampled(frequency, image);
            assert!(gain < -72.0, "{frequency} Hz at {image} Hz: {gain:.1} dB");
        }
    }
}

#[test]
fn upsampling_takes_two_milliseconds() {
    let mut input = vec![0; 160];
    input[0] = 10_000;
    let output = upsample(&input);
    let peak = position_of_peak(&output);
    assert_eq!(output[peak], 10_000);
    assert_eq!(peak, 41, "1.71 ms at 24 kHz");
}

#[test]
fn every_original_sample_is_among_the_upsampled() {
    let input = voice_pcm(CALLER);
    let output = upsample(&input);
    let kept: Vec<i16> = output.iter().copied().skip(41).step_by(3).collect();
    assert_eq!(kept, input[..kept.len()]);
}

#[test]
fn a_sweep_up_is_that_sweep() {
    let ratio = signal_to_noise(&sweep(24_000), &upsample(&sweep(8000))[41..]);
    assert!(ratio > 60.0, "{ratio:.1} dB");
}

// Downsampling

#[test]
fn downsampling_leaves_the_telephone_band_flat() {
    for frequency in telephone_band() {
        let output = downsample(&sine(frequency, 24_000, 0.5));
        let gain = decibels(amplitude(&output[SETTLED..], frequency, 8000) / 16_384.0);
        assert!(gain.abs() < 0.01, "{frequency} Hz: {gain:.4} dB");
    }
}

#[test]
fn downsampling_leaves_no_aliases() {
    for frequency in (4600..12_000).step_by(100) {
        let input = sine(frequency, 24_000, 0.5);
        let output = downsample(&input);
        let gain = decibels(rms(&output[SETTLED..]) / rms(&input));
        assert!(gain < -71.5, "{frequency} Hz: {gain:.1} dB");
    }
}

#[test]
fn downsampling_takes_two_milliseconds() {
    let mut input = vec![0; 480];
    input[0] = 30_000;
    let output = downsample(&input);
    assert_eq!(position_of_peak(&output), 13, "1.63 ms at 8 kHz");
}

#[test]
fn a_sweep_down_is_that_sweep() {
    let ratio = signal_to_noise(&sweep(8000), &downsample(&sweep(24_000))[13..]);
    assert!(ratio > 60.0, "{ratio:.1} dB");
}

// Both

#[test]
fn a_constant_stays_that_constant() {
    for level in [i16::MIN, -12_345, -1, 0, 1, 777, i16::MAX] {
        let up = upsample(&[level; 400]);
        let heard = without_last_bit(level);
        assert!(up[96..].iter().all(|&sample| sample == heard), "{level} up");
        let down = downsample(&[level; 1200]);
        assert!(
            down[32..].iter().all(|&sample| sample == level),
            "{level} down"
        );
    }
}

#[test]
fn the_loudest_possible_sound_stays_at_full_scale() {
    for phase in 0..2 {
        let taps: Vec<f64> = up_taps().into_iter().skip(phase).step_by(3).collect();
        let (loud, output) = (loudest(&taps), 3 * (taps.len() - 1) + phase);
        assert_eq!(upsample(&loud)[output], i16::MAX);
        assert_eq!(upsample(&negative(&loud))[output], i16::MIN);
    }
    let mut loud = vec![0];
    loud.extend(loudest(&down_taps()));
    let last = loud.len() / 3 - 1;
    assert_eq!(downsample(&loud)[last], i16::MAX);
    assert_eq!(downsample(&negative(&loud))[last], i16::MIN);
}

proptest! {
    #[test]
    fn any_sound_up_is_the_convolution_to_a_unit(
        input in prop::collection::vec(loud_or_soft(), 1..120),
    ) {
        let mut stuffed = vec![0.0; 3 * input.len()];
        for (i, &sample) in input.iter().enumerate() {
            stuffed[3 * i] = f64::from(without_last_bit(sample));
        }
        let expected = convolve(&stuffed, &up_taps());
        for (sample, expected) in upsample(&input).into_iter().zip(expected) {
            prop_assert!((f64::from(sample) - expected).abs() <= 0.5);
        }
    }

    #[test]
    fn any_sound_down_is_the_convolution_to_a_unit(
        input in prop::collection::vec(loud_or_soft(), 3..360),
    ) {
        // A unit for what is rounded, and the last bits of what was halved.
        for (input, tolerance) in [
            (input.iter().copied().map(without_last_bit).collect(), 0.5),
            (input, 1.25),
        ] {
            let whole: Vec<f64> = input.iter().map(|&sample| f64::from(sample)).collect();
            let expected = convolve(&whole, &down_taps());
            let expected = expected.into_iter().skip(2).step_by(3);
            for (sample, expected) in downsample(&input).into_iter().zip(expected) {
                prop_assert!((f64::from(sample) - expected).abs() <= tolerance);
            }
        }
    }

    #[test]
    fn all_instructions_make_the_same(
        bytes in prop::collection::vec(any::<u8>(), 0..3000),
        cuts in cuts(),
    ) {
        let (pcm, mulaw) = (to_model(&bytes), to_caller(&bytes));
        for level in levels() {
            let (mut uplink, mut downlink) = (Uplink::with(level), Downlink::with(level));
            let (mut other_pcm, mut other_mulaw) = (Vec::new(), Vec::new());
            for piece in pieces(&bytes, &cuts) {
                uplink.process(piece, &mut other_pcm);
                downlink.process(piece, &mut other_mulaw);
            }
            prop_assert_eq!(&other_pcm, &pcm, "{:?}", level);
            prop_assert_eq!(&other_mulaw, &mulaw, "{:?}", level);
        }
    }

    #[test]
    fn it_does_not_matter_how_sound_is_cut(
        pcm in prop::collection::vec(any::<i16>(), 0..1500),
        cuts in cuts(),
    ) {
        let (mut up, mut down) = (Upsampler::new(), Downsampler::new());
        let (mut higher, mut lower) = (Vec::new(), Vec::new());
        for piece in pieces(&pcm, &cuts) {
            up.process(piece, &mut higher);
            down.process(piece, &mut lower);
        }
        prop_assert_eq!(higher, upsample(&pcm));
        prop_assert_eq!(lower, downsample(&pcm));
    }

    #[test]
    fn it_does_not_matter_how_bytes_are_cut(
        bytes in prop::collection::vec(any::<u8>(), 0..3000),
        cuts in cuts(),
    ) {
        let (mut uplink, mut downlink) = (Uplink::new(), Downlink::new());
        let (mut pcm, mut mulaw) = (Vec::new(), Vec::new());
        for piece in pieces(&bytes, &cuts) {
            uplink.process(piece, &mut pcm);
            downlink.process(piece, &mut mulaw);
        }
        prop_assert_eq!(pcm, to_model(&bytes));
        prop_assert_eq!(mulaw, to_caller(&bytes));
    }

    #[test]
    fn a_link_is_its_codec_and_its_resampler(
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let mut decoded = Vec::new();
        g711::mulaw_to_pcm(&bytes, &mut decoded);
        prop_assert_eq!(to_model(&bytes), little_endian(&upsample(&decoded)));

        let mut encoded = Vec::new();
        g711::pcm_to_mulaw(&downsample(&samples(&bytes)), &mut encoded);
        prop_assert_eq!(to_caller(&bytes), encoded);
    }
}

// Links

/// A property test names no machine, so it is told here what was tried.
#[test]
fn this_machine_tries_more_instructions_than_any() {
    let levels = levels();
    eprintln!("instructions tried: {levels:?}");
    if cfg!(target_arch = "x86_64") && levels.len() < 3 {
        eprintln!("no AVX2 here: that it makes the same was not tried");
    }
    assert!(!levels.is_empty());
}

/// Every code, and every sample there is, through the middle of a filter that
/// lets a constant be that constant.
#[test]
fn every_level_is_coded_as_one_sample_is() {
    for level in levels() {
        for byte in 0..=255 {
            let mut pcm = Vec::new();
            Uplink::with(level).process(&[byte; 64], &mut pcm);
            assert_eq!(samples(&pcm)[180], g711::decode_mulaw(byte), "{level:?}");
        }
        for sample in (i16::MIN..=i16::MAX).step_by(7).chain([i16::MAX]) {
            let mut mulaw = Vec::new();
            let pcm = little_endian(&[sample; 3 * 64]);
            Downlink::with(level).process(&pcm, &mut mulaw);
            assert_eq!(mulaw[63], g711::encode_mulaw(sample), "{level:?}: {sample}");
        }
    }
}

#[test]
fn silence_is_exact_both_ways() {
    assert_eq!(to_model(&[SILENCE; 1600]), vec![0; 9600]);
    assert_eq!(to_caller(&[0; 9600]), vec![SILENCE; 1600]);
}

#[test]
fn silence_returns_two_milliseconds_after_speech() {
    let mut mulaw = CALLER.to_vec();
    mulaw.extend([SILENCE; 160]);
    let pcm = to_model(&mulaw);
    assert!(pcm[pcm.len() - 6 * 128..].iter().all(|&byte| byte == 0));
}

#[test]
fn twenty_milliseconds_are_twenty_milliseconds() {
    assert_eq!(to_model(&[0x55; 160]).len(), 960);
    assert_eq!(to_caller(&[0x55; 960]).len(), 160);
    assert!(to_caller(&[0x55; 5]).is_empty());
}

#[test]
fn speech_comes_back_as_it_was() {
    for speech in SPEECH {
        let original = voice_pcm(speech);
        let mut upsampled = upsample(&original);
        // One sample more makes the way there and back a whole number of
        // samples at 8 kHz, so that the two can be laid over one another.
        upsampled.insert(0, 0);
        let returned = downsample(&upsampled);
        let ratio = signal_to_noise(&original, &returned[27..]);
        assert!(ratio > 50.0, "linear: {ratio:.1} dB");

        let mut mulaw = Vec::new();
        g711::pcm_to_mulaw(&returned, &mut mulaw);
        let ratio = signal_to_noise(&original, &voice_pcm(&mulaw)[27..]);
        assert!(ratio > 36.0, "coded once more: {ratio:.1} dB");
    }
}

#[test]
fn a_link_in_use_allocates_nothing() {
    let (mut uplink, mut downlink) = (Uplink::new(), Downlink::new());
    let (mut pcm, mut mulaw) = (Vec::with_capacity(962), Vec::with_capacity(160));
    let places = (pcm.as_ptr(), mulaw.as_ptr());
    for frame in frames(CALLER) {
        pcm.clear();
        uplink.process(frame.bytes(), &mut pcm);
        mulaw.clear();
        downlink.process(&pcm, &mut mulaw);
        assert_eq!((pcm.len(), mulaw.len()), (960, 160));
    }
    assert_eq!((pcm.capacity(), mulaw.capacity()), (962, 160));
    assert_eq!((pcm.as_ptr(), mulaw.as_ptr()), places);
}

// Frames

#[test]
fn a_frame_is_between_a_byte_and_twenty_milliseconds() {
    assert_eq!(Frame::new(&[]), None);
    assert_eq!(Frame::new(&[1; 161]), None);
    assert_eq!(Frame::new(&[1; 256]), None);
    let frame = Frame::new(&[1, 2, 3]).unwrap();
    assert_eq!(frame.bytes(), [1, 2, 3]);
    assert_eq!(frame.duration(), Duration::from_micros(375));
    let whole = Frame::new(&[9; 160]).unwrap();
    assert_eq!(whole.duration(), Duration::from_millis(20));
}

#[test]
fn silence_is_a_frame_of_any_length_that_fits() {
    assert_eq!(Frame::silence(160), Frame::new(&[SILENCE; 160]).unwrap());
    assert_eq!(Frame::silence(5).bytes(), [SILENCE; 5]);
    assert_eq!(Frame::silence(0).bytes().len(), 1);
    assert_eq!(Frame::silence(1000).bytes().len(), 160);
}

#[test]
fn a_frame_in_a_log_keeps_what_was_said() {
    let frame = Frame::new(&CALLER[4000..4160]).unwrap();
    assert_eq!(format!("{frame:?}"), "Frame(20ms)");
}

proptest! {
    #[test]
    fn frames_together_are_what_was_cut(mulaw in prop::collection::vec(any::<u8>(), 0..1000)) {
        let cut: Vec<Frame> = frames(&mulaw).collect();
        prop_assert!(cut.iter().rev().skip(1).all(|frame| frame.bytes().len() == 160));
        prop_assert_eq!(cut.iter().flat_map(|frame| frame.bytes().to_vec()).collect::<Vec<_>>(), mulaw);
    }
}

// Levels

#[test]
fn a_level_is_decibels_below_full_scale() {
    let mut mulaw = Vec::new();
    for (loudness, expected) in [(0.9, -3.93), (0.1, -23.01), (0.01, -43.01)] {
        mulaw.clear();
        g711::pcm_to_mulaw(&sine(1000, 8000, loudness), &mut mulaw);
        let level = level_dbfs(&mulaw);
        assert!(
            (level - expected).abs() < 0.2,
            "{loudness}: {level:.2} dBFS"
        );
    }
    assert_close(level_dbfs(&[0x00, 0x80]), -0.17);
    assert_close(level_dbfs(&[SILENCE; 160]), FLOOR_DBFS);
    assert_close(level_dbfs(&[]), FLOOR_DBFS);
}

#[test]
fn people_are_heard_and_pauses_are_not() {
    for speech in SPEECH {
        let level = level_dbfs(speech);
        assert!((-25.0..-19.0).contains(&level), "{level:.1} dBFS");
        assert!(!is_silence(speech));
        assert!(
            is_silence(&speech[..320]),
            "{:.1} dBFS",
            level_dbfs(&speech[..320])
        );
    }
    assert!(is_silence(&[]));
    assert!(is_silence(&[SILENCE; 160]));
}

// WAV

#[test]
fn a_call_becomes_a_wav_file_of_two_channels() {
    let (caller, receptionist) = (&[0x80, 0x00, 0xAB][..], &[0x01][..]);
    let mut file = Vec::new();
    wav::write_stereo(&mut file, caller, receptionist).unwrap();
    let parsed = Wav::parse(&file);
    assert_eq!((parsed.format, parsed.channels, parsed.bits), (1, 2, 16));
    assert_eq!(
        (parsed.rate, parsed.bytes_a_second, parsed.width),
        (8000, 32_000, 4)
    );
    let [first, second, third] = [0x80, 0x00, 0xAB].map(g711::decode_mulaw);
    assert_eq!(
        parsed.samples,
        [first, g711::decode_mulaw(0x01), second, 0, third, 0]
    );
}

#[test]
fn either_track_may_be_the_longer() {
    let mut file = Vec::new();
    wav::write_stereo(&mut file, &CALLER[..1000], RECEPTIONIST).unwrap();
    let parsed = Wav::parse(&file);
    let (left, right): (Vec<i16>, Vec<i16>) = parsed
        .samples
        .as_chunks()
        .0
        .iter()
        .map(|&[left, right]| (left, right))
        .unzip();
    assert_eq!(right, voice_pcm(RECEPTIONIST));
    assert_eq!(left[..1000], voice_pcm(CALLER)[..1000]);
    assert!(left[1000..].iter().all(|&sample| sample == 0));
}

#[test]
fn a_track_becomes_a_wav_file_of_one_channel() {
    let mut file = Vec::new();
    wav::write_mono(&mut file, RECEPTIONIST).unwrap();
    let parsed = Wav::parse(&file);
    assert_eq!(
        (parsed.channels, parsed.bytes_a_second, parsed.width),
        (1, 16_000, 2)
    );
    assert_eq!(parsed.samples, voice_pcm(RECEPTIONIST));
}

#[test]
fn a_call_of_no_words_is_a_wav_file_still() {
    let mut file = Vec::new();
    wav::write_stereo(&mut file, &[], &[]).unwrap();
    assert_eq!(file.len(), 44);
    assert!(Wav::parse(&file).samples.is_empty());
}

#[test]
fn a_file_tells_how_long_it_sounds_by_its_head() {
    let mut file = Vec::new();
    wav::write_stereo(&mut file, &[SILENCE; 12_000], &[]).unwrap();
    let length = file.len() as u64;
    let told = |head: &[u8], length| {
        let head = wav::Head::read(head, length);
        head.map(|head| head.duration())
    };
    assert_eq!(told(&file, length), Some(Duration::from_millis(1_500)));
    assert_eq!(
        told(&file[..44], length),
        Some(Duration::from_millis(1_500))
    );
    assert_eq!(told(&file[..20], length), None, "the head is torn");
    assert_eq!(told(&file, 43), None, "so is the file");
    assert_eq!(
        told(b"<html>no sound at all, whatever it is called", length),
        None
    );
    for channels in [0, 9, u16::MAX] {
        let mut file = file.clone();
        file[22..24].copy_from_slice(&channels.to_le_bytes());
        assert_eq!(told(&file, length), None, "{channels} tracks");
    }
    file[28..32].fill(0);
    assert_eq!(told(&file, length), None, "it would sound for ever");
}

#[test]
fn the_sound_of_a_file_is_found_behind_what_else_it_tells() {
    let mut plain = Vec::new();
    wav::write_stereo(&mut plain, &[SILENCE; 800], &[]).unwrap();
    let mut file = plain[..36].to_vec();
    // What has an odd length is filled up.
    file.extend_from_slice(b"LIST\x05\0\0\0INFO!\0");
    file.extend_from_slice(&plain[36..]);
    let length = file.len() as u64;
    let head = wav::Head::read(&file, length).unwrap();
    assert_eq!((head.channels, head.rate, head.is_pcm16), (2, 8_000, true));
    assert_eq!((head.start, head.length), (58, 3_200));
    // Who did not know how long it would be.
    for told in [0, u32::MAX] {
        file[54..58].copy_from_slice(&told.to_le_bytes());
        assert_eq!(wav::Head::read(&file, length), Some(head));
    }
    // More than it tells is no sound.
    file[54..58].copy_from_slice(&1_600_u32.to_le_bytes());
    let head = wav::Head::read(&file, length).unwrap();
    assert_eq!(head.duration(), Duration::from_millis(50));
}

proptest! {
    #[test]
    fn no_head_of_a_file_brings_its_reader_down(
        mut head in proptest::collection::vec(any::<u8>(), 0..200),
        length in any::<u64>(),
        is_sound in any::<bool>(),
    ) {
        if is_sound && head.len() > 16 {
            head[..4].copy_from_slice(b"RIFF");
            head[8..16].copy_from_slice(b"WAVEfmt ");
        }
        if let Some(head) = wav::Head::read(&head, length) {
            let _ = (head.duration(), head.is_playable(), head.is_empty());
            prop_assert!(head.start + head.length <= length);
        }
    }
}

#[test]
fn a_full_disk_is_told() {
    let mut room = [0; 1000];
    let error = wav::write_mono(&mut &mut room[..], CALLER).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WriteZero);
}

// What the tests speak, and how they measure.

const CALLER: &[u8] = include_bytes!("../fixtures/speech/caller-numbers.ulaw");
const RECEPTIONIST: &[u8] = include_bytes!("../fixtures/speech/receptionist-selfish.ulaw");

const SPEECH: [&[u8]; 4] = [
    CALLER,
    RECEPTIONIST,
    include_bytes!("../fixtures/speech/caller-go-forward.ulaw"),
    include_bytes!("../fixtures/speech/receptionist-leisure.ulaw"),
];

/// Samples after which a filter has forgotten that there was silence.
const SETTLED: usize = 160;

fn telephone_band() -> impl Iterator<Item = u32> {
    (100..=3400).step_by(100)
}

fn upsample(input: &[i16]) -> Vec<i16> {
    let mut output = Vec::new();
    Upsampler::new().process(input, &mut output);
    output
}

fn downsample(input: &[i16]) -> Vec<i16> {
    let mut output = Vec::new();
    Downsampler::new().process(input, &mut output);
    output
}

fn to_model(mulaw: &[u8]) -> Vec<u8> {
    let mut pcm = Vec::new();
    Uplink::new().process(mulaw, &mut pcm);
    pcm
}

fn to_caller(pcm: &[u8]) -> Vec<u8> {
    let mut mulaw = Vec::new();
    Downlink::new().process(pcm, &mut mulaw);
    mulaw
}

fn voice_pcm(mulaw: &[u8]) -> Vec<i16> {
    mulaw.iter().map(|&byte| g711::decode_mulaw(byte)).collect()
}

fn little_endian(samples: &[i16]) -> Vec<u8> {
    samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect()
}

fn samples(bytes: &[u8]) -> Vec<i16> {
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|&pair| i16::from_le_bytes(pair))
        .collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// What is heard at `heard` when a sine of `frequency` is upsampled.
fn upsampled(frequency: u32, heard: u32) -> f64 {
    let output = upsample(&sine(frequency, 8000, 0.5));
    decibels(amplitude(&output[3 * SETTLED..], heard, 24_000) / 16_384.0)
}

/// A fifth of a second, and what a filter takes to settle.
fn sine(frequency: u32, rate: u32, loudness: f64) -> Vec<i16> {
    let length = rate / 5 + rate / 50;
    let step = TAU * f64::from(frequency) / f64::from(rate);
    (0..length)
        .map(|i| whole(loudness * 32_768.0 * (step * f64::from(i)).sin()))
        .collect()
}

/// From 100 Hz to 3.4 kHz in a second, at half of full scale.
fn sweep(rate: u32) -> Vec<i16> {
    let turns = |time: f64| 100.0 * time + 1650.0 * time * time;
    (0..rate)
        .map(|i| turns(f64::from(i) / f64::from(rate)))
        .map(|turns| whole(16_384.0 * (TAU * turns).sin()))
        .collect()
}

/// The amplitude of one frequency, over whole periods of it.
fn amplitude(signal: &[i16], frequency: u32, rate: u32) -> f64 {
    let step = TAU * f64::from(frequency) / f64::from(rate);
    let (mut real, mut imaginary) = (0.0, 0.0);
    for (i, &sample) in (0_u32..).zip(signal) {
        let angle = step * f64::from(i);
        real += f64::from(sample) * angle.cos();
        imaginary += f64::from(sample) * angle.sin();
    }
    2.0 * real.hypot(imaginary) / count(signal)
}

fn rms(signal: &[i16]) -> f64 {
    let power: f64 = signal.iter().map(|&sample| f64::from(sample).powi(2)).sum();
    (power / count(signal)).sqrt()
}

fn signal_to_noise(original: &[i16], returned: &[i16]) -> f64 {
    let noise: Vec<i16> = original
        .iter()
        .zip(returned)
        .map(|(a, b)| a.saturating_sub(*b))
        .collect();
    decibels(rms(&original[..noise.len()]) / rms(&noise))
}

fn decibels(ratio: f64) -> f64 {
    20.0 * ratio.log10()
}

fn position_of_peak(signal: &[i16]) -> usize {
    (0..signal.len())
        .max_by_key(|&i| signal[i].unsigned_abs())
        .expect("a signal has samples")
}

/// The impulse response, read from outside: the unit of the taps is just
/// reached by the lowest sample.
fn up_taps() -> Vec<f64> {
    let mut impulse = vec![0; 28];
    impulse[0] = i16::MIN;
    upsample(&impulse)
        .into_iter()
        .map(|tap| f64::from(tap) / -32_768.0)
        .collect()
}

/// Likewise. Taps have one binary place more than a sample can tell, so each is
/// read together with the one that lies opposite, which is the same.
fn down_taps() -> Vec<f64> {
    let last = 2 * 41;
    let mut taps = vec![0.0; last + 1];
    for tap in 0..=41 {
        let mut impulses = vec![0; 84];
        impulses[83 - tap] = i16::MIN;
        impulses[83 - (last - tap)] = i16::MIN;
        let both = f64::from(downsample(&impulses)[27]) / -32_768.0;
        let one = if tap == 41 { both } else { both / 2.0 };
        (taps[tap], taps[last - tap]) = (one, one);
    }
    taps
}

/// The sound that makes the last output as loud as it can be.
fn loudest(taps: &[f64]) -> Vec<i16> {
    taps.iter()
        .rev()
        .map(|&tap| if tap < 0.0 { i16::MIN } else { i16::MAX })
        .collect()
}

fn negative(sound: &[i16]) -> Vec<i16> {
    sound.iter().map(|&sample| !sample).collect()
}

/// At full scale where it would go beyond.
fn convolve(signal: &[f64], taps: &[f64]) -> Vec<f64> {
    (0..signal.len())
        .map(|n| {
            let heard = signal[..=n].iter().rev();
            let sum: f64 = heard.zip(taps).map(|(sample, tap)| sample * tap).sum();
            sum.clamp(f64::from(i16::MIN), f64::from(i16::MAX))
        })
        .collect()
}

fn without_last_bit(sample: i16) -> i16 {
    sample & !1
}

/// What instructions this machine has to make sound with.
fn levels() -> Vec<Level> {
    let best = Level::new();
    let mut levels = vec![best];
    #[cfg(target_arch = "x86_64")]
    {
        levels.extend(best.as_sse2().map(fearless_simd::Simd::level));
        levels.extend(best.as_sse4_2().map(fearless_simd::Simd::level));
        levels.extend(best.as_avx2().map(fearless_simd::Simd::level));
    }
    levels
}

fn loud_or_soft() -> impl Strategy<Value = i16> {
    prop_oneof![Just(i16::MIN), Just(i16::MAX), any::<i16>()]
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![0..8_usize, 150..170_usize, 0..700_usize], 1..40)
}

/// The sound cut into pieces of the given lengths, over and over.
fn pieces<'a, T>(mut sound: &'a [T], cuts: &[usize]) -> Vec<&'a [T]> {
    let mut pieces = Vec::new();
    for &cut in cuts {
        let (piece, rest) = sound.split_at(cut.min(sound.len()));
        pieces.push(piece);
        sound = rest;
    }
    pieces.push(sound);
    pieces
}

fn assert_close(level: f32, expected: f32) {
    assert!((level - expected).abs() < 0.01, "{level} dBFS");
}

#[expect(clippy::cast_possible_truncation, reason = "a sine is within 16 bits")]
fn whole(value: f64) -> i16 {
    value.round() as i16
}

#[expect(clippy::cast_precision_loss, reason = "signals are short")]
fn count(signal: &[i16]) -> f64 {
    signal.len() as f64
}

/// A WAV file, as a reader who trusts nothing reads it.
struct Wav {
    format: u16,
    channels: u16,
    rate: u32,
    bytes_a_second: u32,
    width: u16,
    bits: u16,
    samples: Vec<i16>,
}

impl Wav {
    fn parse(file: &[u8]) -> Self {
        let half = |at: usize| u16::from_le_bytes([file[at], file[at + 1]]);
        let word = |at: usize| u32::from(half(at)) | u32::from(half(at + 2)) << 16;
        let tags = [&file[..4], &file[8..16], &file[36..40]];
        assert_eq!(tags, [&b"RIFF"[..], b"WAVEfmt ", b"data"]);
        assert_eq!(word(4) as usize, file.len() - 8);
        assert_eq!(word(16), 16);
        assert_eq!(word(40) as usize, file.len() - 44);
        Self {
            format: half(20),
            channels: half(22),
            rate: word(24),
            bytes_a_second: word(28),
            width: half(32),
            bits: half(34),
            samples: samples(&file[44..]),
        }
    }
}

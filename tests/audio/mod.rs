//! Sound: codecs, resamplers, and what they do to speech.

mod measure;
mod quality;

use std::fmt::Write as _;

use frontdesk::audio::g711::{decode_alaw, decode_mulaw, encode_alaw, encode_mulaw};
use frontdesk::audio::{Downlink, Frame, Uplink, wav};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

#[test]
fn mulaw_agrees_with_the_reference_to_the_bit() {
    let codes: Vec<u8> = (i16::MIN..=i16::MAX).map(encode_mulaw).collect();
    let values: Vec<u8> = (0..=255)
        .flat_map(|code| decode_mulaw(code).to_le_bytes())
        .collect();
    let expected = "81d633c9e6972a18c74a58720b96cb8ca0bdd096d4060b646dd708c3b846019a";
    assert_eq!(sha256(&codes), expected);
    let expected = "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827";
    assert_eq!(sha256(&values), expected);
}

#[test]
fn alaw_agrees_with_the_reference_to_the_bit() {
    let codes: Vec<u8> = (i16::MIN..=i16::MAX).map(encode_alaw).collect();
    let values: Vec<u8> = (0..=255)
        .flat_map(|code| decode_alaw(code).to_le_bytes())
        .collect();
    let expected = "38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b";
    assert_eq!(sha256(&codes), expected);
    let expected = "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174";
    assert_eq!(sha256(&values), expected);
}

#[test]
fn every_code_survives_a_round_trip() {
    for code in 0..=255 {
        // Mu-law has two zeros; the negative one becomes the positive one.
        let expected = if code == 0x7f { 0xff } else { code };
        assert_eq!(encode_mulaw(decode_mulaw(code)), expected);
        assert_eq!(encode_alaw(decode_alaw(code)), code);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sound_is_the_same_however_it_is_cut(
        sound in prop::collection::vec(any::<u8>(), 0..3_000),
        cuts in prop::collection::vec(0_usize..700, 0..12),
    ) {
        prop_assert_eq!(up(&[&sound]), up(&pieces(&sound, &cuts)));
        prop_assert_eq!(down(&[&sound]), down(&pieces(&sound, &cuts)));
    }
}

#[test]
fn o10_an_odd_byte_waits_for_its_other_half() {
    let pcm: Vec<u8> = (0..=255).cycle().take(601).collect();
    assert_eq!(down(&[&pcm]).len(), 100);
    assert_eq!(down(&[&pcm[..1], &pcm[1..3], &pcm[3..]]), down(&[&pcm]));
}

#[test]
fn silence_stays_silence_to_the_bit() {
    let silence = vec![Frame::SILENCE; 1_600];
    let pcm = up(&[&silence]);
    assert_eq!(pcm.len(), 9_600);
    assert!(pcm.iter().all(|byte| *byte == 0));
    assert!(down(&[&pcm]).iter().all(|code| *code == Frame::SILENCE));
}

#[test]
fn full_scale_is_held_and_not_wrapped() {
    let square: Vec<u8> = (0..1_600)
        .map(|n| if n / 8 % 2 == 0 { 0x80 } else { 0x00 })
        .collect();
    let pcm = samples(&up(&[&square]));
    // A wrapped sample would sit on the wrong side in the middle of a plateau.
    for (at, window) in pcm.windows(24).enumerate().skip(96) {
        let phase = (at + 12 - 47) / 24 % 2;
        let middle = window[12];
        if (at + 12 - 47) % 24 == 12 {
            assert_eq!(middle > 0, phase == 0, "at {at}");
            assert!(middle.unsigned_abs() > 28_000, "{middle} at {at}");
        }
    }
}

#[test]
fn nothing_is_allocated_once_the_buffers_have_grown() {
    let (mut uplink, mut downlink) = (Uplink::default(), Downlink::default());
    let (mut pcm, mut mulaw) = (Vec::new(), Vec::new());
    uplink.process(&[0x55; 160], &mut pcm);
    downlink.process(&pcm, &mut mulaw);
    let before = (
        pcm.as_ptr(),
        pcm.capacity(),
        mulaw.as_ptr(),
        mulaw.capacity(),
    );
    for _ in 0..100 {
        pcm.clear();
        mulaw.clear();
        uplink.process(&[0x55; 160], &mut pcm);
        downlink.process(&pcm, &mut mulaw);
        assert_eq!(
            (
                pcm.as_ptr(),
                pcm.capacity(),
                mulaw.as_ptr(),
                mulaw.capacity()
            ),
            before
        );
    }
}

#[test]
fn a_frame_holds_at_most_20_ms() {
    assert_eq!(Frame::new(&[]), None);
    assert_eq!(Frame::new(&[0; 161]), None);
    assert_eq!(Frame::new(&[7; 160]).unwrap().bytes(), [7; 160]);
    assert_eq!(Frame::new(&[7; 3]).unwrap().duration().as_micros(), 375);
    assert_eq!(Frame::silence(1_000).len(), 160);
}

#[test]
fn a_wav_holds_both_tracks_and_ends_the_shorter_in_silence() {
    let mut file = Vec::new();
    wav::write_stereo(&mut file, &[0x80, 0x00], &[0x80]).unwrap();
    assert_eq!(&file[..4], b"RIFF");
    assert_eq!(u32::from_le_bytes(file[4..8].try_into().unwrap()), 44);
    assert_eq!(&file[8..16], b"WAVEfmt ");
    assert_eq!(u32::from_le_bytes(file[24..28].try_into().unwrap()), 8_000);
    assert_eq!(u32::from_le_bytes(file[40..44].try_into().unwrap()), 8);
    assert_eq!(samples(&file[44..]), [32_124, 32_124, -32_124, 0]);
}

fn sha256(bytes: &[u8]) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(bytes) {
        write!(hex, "{byte:02x}").expect("a string takes all");
    }
    hex
}

fn pieces<'a>(sound: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = sound;
    let mut pieces = Vec::new();
    for cut in cuts {
        let (piece, after) = rest.split_at((*cut).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

/// Mu-law at 8 kHz to PCM bytes at 24 kHz, in these pieces.
fn up(pieces: &[&[u8]]) -> Vec<u8> {
    let mut uplink = Uplink::default();
    let mut pcm = Vec::new();
    for piece in pieces {
        uplink.process(piece, &mut pcm);
    }
    pcm
}

/// PCM bytes at 24 kHz to mu-law at 8 kHz, in these pieces.
fn down(pieces: &[&[u8]]) -> Vec<u8> {
    let mut downlink = Downlink::default();
    let mut mulaw = Vec::new();
    for piece in pieces {
        downlink.process(piece, &mut mulaw);
    }
    mulaw
}

fn samples(pcm: &[u8]) -> Vec<i16> {
    pcm.as_chunks()
        .0
        .iter()
        .map(|pair| i16::from_le_bytes(*pair))
        .collect()
}

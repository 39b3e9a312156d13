//! Audio in base64, as it travels inside JSON.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, general_purpose::GeneralPurposeConfig};
use bytes::BytesMut;
use serde::Serializer;

/// The audio of an event is not base64.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the audio is not base64")]
pub struct InvalidAudio;

/// Appends `audio` to `out` in base64.
pub(super) fn encode(audio: &[u8], out: &mut BytesMut) {
    let start = out.len();
    out.resize(start + audio.len().div_ceil(3) * 4, 0);
    ENGINE
        .encode_slice(audio, &mut out[start..])
        .expect("three bytes, or what is left of them, take four letters");
}

/// Appends what `text` encodes to `out`, or leaves `out` as it was.
pub(super) fn decode(text: &str, out: &mut Vec<u8>) -> Result<(), InvalidAudio> {
    let before = out.len();
    ENGINE.decode_vec(text, out).map_err(|_| {
        out.truncate(before);
        InvalidAudio
    })
}

/// Writes audio as a base64 string wherever serde wants it.
pub(super) fn serialize<S: Serializer>(audio: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&ENGINE.encode(audio))
}

// Measured on AVX2 with one frame of 960 bytes: encoding takes 40 %, decoding
// 20 % of the time that the scalar engine takes. The detection costs as much
// as half a frame, so it happens once.
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon")
))]
static ENGINE: LazyLock<base64::engine::Simd> =
    LazyLock::new(|| base64::engine::Simd::standard(CONFIG));

#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon")
)))]
static ENGINE: LazyLock<base64::engine::GeneralPurpose> =
    LazyLock::new(|| base64::engine::GeneralPurpose::new(&base64::alphabet::STANDARD, CONFIG));

// What we send is canonical; some servers leave the padding out.
const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

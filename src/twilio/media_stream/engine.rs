//! Base64 by the widest instructions that this machine has.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::PAD_INDIFFERENT;
use bytes::BytesMut;

/// Appends `bytes` to `out` in base64.
pub(super) fn encode(bytes: &[u8], out: &mut BytesMut) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    BASE64
        .encode_slice(bytes, &mut out[start..])
        .expect("three bytes, or what is left of them, take four letters");
}

// These are the targets for which the library has vector code.
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon")
))]
type Best = base64::engine::Simd;

#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon")
)))]
type Best = base64::engine::GeneralPurpose;

/// Pads what it writes; reads with or without padding, for not every
/// compatible carrier pads.
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon")
))]
pub(super) static BASE64: LazyLock<Best> = LazyLock::new(|| Best::standard(PAD_INDIFFERENT));

/// Pads what it writes; reads with or without padding, for not every
/// compatible carrier pads.
#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon")
)))]
pub(super) static BASE64: LazyLock<Best> =
    LazyLock::new(|| Best::new(&base64::alphabet::STANDARD, PAD_INDIFFERENT));

//! Base64 by the widest instructions that this machine has.

use std::sync::LazyLock;

use base64::engine::general_purpose::PAD_INDIFFERENT;

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

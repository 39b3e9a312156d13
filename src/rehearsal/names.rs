//! Names as the two services make them: a prefix and what nobody can guess.

use std::fmt::Write as _;

use crate::clock::random_bytes;

/// How much of what passes is kept for the report.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Keep {
    /// All: messages, sound, times. For tests and for showing.
    #[default]
    Everything,
    /// Counts and violations only. For load.
    Counts,
}

impl Keep {
    /// Whether messages and sound are kept.
    pub(super) const fn is_everything(self) -> bool {
        matches!(self, Self::Everything)
    }
}

/// A name in the model's fashion: `item_` and 21 letters or digits.
pub(super) fn model_name(prefix: &str) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let letters = random_bytes::<21>().map(|byte| char::from(ALPHABET[usize::from(byte) % 62]));
    let mut name = format!("{prefix}_");
    name.extend(letters);
    name
}

/// A name in the carrier's fashion: two letters and 32 hexadecimal digits.
pub(super) fn carrier_name(prefix: &str) -> String {
    let mut name = prefix.to_owned();
    for byte in random_bytes::<16>() {
        write!(name, "{byte:02x}").expect("a string takes all that is written");
    }
    name
}

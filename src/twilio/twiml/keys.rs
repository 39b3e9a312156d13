//! Keys of a telephone: one, or a row of them to be pressed.

use super::element::Error;

/// One key: `0` to `9`, `*` or `#`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Key(char);

impl Key {
    /// The hash key.
    pub const HASH: Self = Self('#');
    /// The star key.
    pub const STAR: Self = Self('*');

    /// The key with this sign, if there is one.
    pub fn new(sign: char) -> Option<Self> {
        matches!(sign, '0'..='9' | '*' | '#').then_some(Self(sign))
    }

    pub(super) fn sign(self) -> char {
        self.0
    }
}

/// Keys to be pressed: digits, `A` to `D`, `*`, `#`, and pauses of half a
/// second (`w`) or a second (`W`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Digits(String);

impl Digits {
    /// The keys of `text`.
    pub fn new(text: &str) -> Result<Self, Error> {
        let is_key =
            |sign: u8| matches!(sign, b'0'..=b'9' | b'A'..=b'D' | b'*' | b'#' | b'w' | b'W');
        if !text.is_empty() && text.bytes().all(is_key) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::new(
                "digits",
                "write one or more of 0-9, A-D, *, #, w, W",
            ))
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

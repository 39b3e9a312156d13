//! The text of an API key: what it looks like, and what of it is kept.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::domain::{ParseError, Secret};

/// An API key, as its holder has it.
///
/// `fd_live_`, 9 characters that name it, 43 that nobody can guess (256 bits),
/// 6 that show a slip of the pen; all of them digits and letters, so that a
/// double click takes the whole and a scanner for leaked secrets knows it by
/// `fd_live_[0-9A-Za-z]{58}`.
#[derive(Clone)]
pub struct KeyText(Secret<String>);

impl KeyText {
    /// How many random bytes a key is made of.
    pub const RANDOM_BYTES: usize = NAME_BYTES + SECRET_BYTES;

    /// The key made of `random`, which nobody must be able to guess:
    /// `KeyText::from_random(&clock::random_bytes())`.
    pub fn from_random(random: &[u8; Self::RANDOM_BYTES]) -> Self {
        let (name, secret) = random.split_at(NAME_BYTES);
        let name = base62(name, NAME_CHARS);
        let secret = base62(secret, SECRET_CHARS);
        let body = format!("{MARK}{name}{secret}");
        let checksum = checksum(&body);
        Self(Secret::new(body + &checksum))
    }

    /// The whole key. It is shown once, to whoever made it, and kept nowhere.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The beginning, which names the key and gives no access.
    pub fn prefix(&self) -> &str {
        &self.0.expose()[..PREFIX_CHARS]
    }

    /// SHA-256 of the whole key, in hexadecimal. With 256 random bits there
    /// is nothing to try, so nothing slower is needed.
    pub(super) fn hash(&self) -> String {
        let digest = Sha256::digest(self.0.expose().as_bytes());
        digest.iter().fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// Shows the name of the key and not what follows.
impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}•••", self.prefix())
    }
}

impl FromStr for KeyText {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = ParseError {
            expected: "an API key, fd_live_ and 58 digits or letters",
        };
        let rest = text.strip_prefix(MARK).ok_or(error)?;
        if rest.len() != REST_CHARS || !rest.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(error);
        }
        let (body, given) = text.split_at(text.len() - CHECKSUM_CHARS);
        if checksum(body) != given {
            return Err(error);
        }
        Ok(Self(Secret::new(text.to_owned())))
    }
}

const MARK: &str = "fd_live_";
const NAME_BYTES: usize = 6;
const SECRET_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 4;
// How many characters it takes to write so many bytes in base 62.
const NAME_CHARS: usize = 9;
const SECRET_CHARS: usize = 43;
const CHECKSUM_CHARS: usize = 6;
const PREFIX_CHARS: usize = MARK.len() + NAME_CHARS;
const REST_CHARS: usize = NAME_CHARS + SECRET_CHARS + CHECKSUM_CHARS;

/// Not secret, and no protection: it saves the database a question.
fn checksum(body: &str) -> String {
    let digest = Sha256::digest(body.as_bytes());
    base62(&digest[..CHECKSUM_BYTES], CHECKSUM_CHARS)
}

/// The number that the bytes spell, the most significant first, in `chars`
/// digits of base 62.
fn base62(bytes: &[u8], chars: usize) -> String {
    let mut number = bytes.to_vec();
    let mut digits = vec![b'0'; chars];
    for digit in digits.iter_mut().rev() {
        let mut rest = 0_usize;
        for byte in &mut number {
            let dividend = rest * 256 + usize::from(*byte);
            *byte = u8::try_from(dividend / 62).unwrap_or_default();
            rest = dividend % 62;
        }
        *digit = ALPHABET[rest];
    }
    digits.into_iter().map(char::from).collect()
}

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_62_counts() {
        assert_eq!(base62(&[0, 61], 3), "00z");
        assert_eq!(base62(&[0, 62], 3), "010");
        assert_eq!(base62(&[255; 4], CHECKSUM_CHARS), "4gfFC3");
    }

    #[test]
    fn the_widths_hold_the_greatest_numbers() {
        for (bytes, chars) in [
            (NAME_BYTES, NAME_CHARS),
            (SECRET_BYTES, SECRET_CHARS),
            (CHECKSUM_BYTES, CHECKSUM_CHARS),
        ] {
            let wider = base62(&vec![255; bytes], chars + 1);
            assert!(wider.starts_with('0'), "{bytes} bytes");
            assert!(!wider.starts_with("00"), "{bytes} bytes");
        }
    }
}

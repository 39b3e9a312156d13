//! The one-time token that a media stream must show.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::clock::random_bytes;
use crate::domain::Secret;

/// 256 random bits, handed to the carrier in the TwiML and kept only as a hash.
///
/// A stream's URL gets logged on its way; a `<Parameter>` does not.
#[derive(Clone)]
pub struct StreamToken(Secret<String>);

impl StreamToken {
    /// A token that nobody has seen.
    pub(super) fn mint() -> Self {
        Self(URL_SAFE_NO_PAD.encode(random_bytes::<32>()).into())
    }

    /// The token as it is written into the TwiML.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    pub(super) fn hash(&self) -> TokenHash {
        TokenHash::of(self.expose())
    }
}

impl fmt::Debug for StreamToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamToken(•••)")
    }
}

/// What we remember of a token.
#[derive(Clone, Copy, Debug)]
pub(super) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(super) fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Whether both are of the same token, in constant time.
    pub(super) fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

//! The one-time token that a media stream must show.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::time::Instant;

use crate::clock::random_bytes;
use crate::domain::Secret;

/// 256 random bits, handed to the carrier in the TwiML and kept only as a hash.
///
/// A stream's URL gets logged on its way; a `<Parameter>` does not.
#[derive(Clone)]
pub struct StreamToken(Secret<String>);

impl StreamToken {
    /// A token that nobody has seen.
    fn mint() -> Self {
        Self(URL_SAFE_NO_PAD.encode(random_bytes::<32>()).into())
    }

    /// The token as it is written into the TwiML.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    fn hash(&self) -> TokenHash {
        TokenHash::of(self.expose())
    }
}

impl fmt::Debug for StreamToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamToken(•••)")
    }
}

/// A token not shown by then is worth nothing.
const LIFE: Duration = Duration::from_mins(1);
/// Tokens of one call that are valid at once: the carrier repeats a webhook a
/// few times at most.
const MAX_TICKETS: usize = 8;

/// The tokens of one call that are good.
#[derive(Debug, Default)]
pub(super) struct Tickets(Vec<(TokenHash, Instant)>);

impl Tickets {
    /// One more, in the place of the oldest if there are too many.
    pub(super) fn mint(&mut self) -> StreamToken {
        let (token, now) = (StreamToken::mint(), Instant::now());
        self.0.retain(|(_, until)| *until > now);
        if self.0.len() == MAX_TICKETS {
            self.0.remove(0);
        }
        self.0.push((token.hash(), now + LIFE));
        token
    }

    /// Whether the token that is shown is good; it is so once.
    pub(super) fn spend(&mut self, shown: &str) -> bool {
        let shown = TokenHash::of(shown);
        let found = self.0.iter().position(|(hash, _)| hash.matches(&shown));
        found.is_some_and(|found| self.0.swap_remove(found).1 > Instant::now())
    }
}

/// What we remember of a token.
#[derive(Clone, Copy, Debug)]
struct TokenHash([u8; 32]);

impl TokenHash {
    fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Whether both are of the same token, in constant time.
    fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn t2_a_token_is_good_once_and_for_a_minute() {
        let mut tickets = Tickets::default();
        let (first, second) = (tickets.mint(), tickets.mint());
        assert!(!tickets.spend("another"));
        advance(Duration::from_millis(59_999)).await;
        assert!(tickets.spend(first.expose()));
        assert!(!tickets.spend(first.expose()));
        advance(Duration::from_millis(1)).await;
        assert!(!tickets.spend(second.expose()));
    }
}

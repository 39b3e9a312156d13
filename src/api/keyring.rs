//! The public keys of whoever issues tokens, fetched when they are needed.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;
use url::Url;

/// Keys are believed for so long.
const LIFE: Duration = Duration::from_mins(10);
/// A key that nobody knows makes us ask again, but not more often than this.
const ASK_EVERY: Duration = Duration::from_secs(30);
/// The largest set of keys that is read.
const MAX_BYTES: usize = 256 * 1024;

/// The keys at one address, as RFC 7517 has them.
#[derive(Clone, Debug)]
pub struct Keyring {
    client: reqwest::Client,
    url: Url,
    known: Arc<RwLock<Known>>,
    /// Whoever asks for the keys, and when somebody last did.
    asking: Arc<Mutex<Option<Instant>>>,
}

#[derive(Debug, Default)]
struct Known {
    keys: Vec<Jwk>,
    since: Option<Instant>,
}

impl Keyring {
    /// The keys at `url`, asked for by `client`.
    pub fn new(client: reqwest::Client, url: Url) -> Self {
        Self {
            client,
            url,
            known: Arc::default(),
            asking: Arc::default(),
        }
    }

    /// The key of that name, if it is one for `algorithm`.
    ///
    /// Asks for the keys anew if the name is not known or they are old. One
    /// asks at a time, and only who comes with a name that is not known waits for
    /// that; keys that are old serve on meanwhile, and while nobody answers.
    pub(super) async fn find(&self, name: &str, algorithm: Algorithm) -> Option<Jwk> {
        let (is_known, is_old) = self.standing(name);
        if !is_known {
            let asked_at = self.asking.lock().await;
            // Whoever was before may have learnt it.
            if !self.standing(name).0 {
                self.ask(asked_at).await;
            }
        } else if is_old && let Ok(asked_at) = self.asking.try_lock() {
            self.ask(asked_at).await;
        }
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let fits = |key: &&Jwk| is_named(key, name) && is_for(key, algorithm);
        known.keys.iter().find(fits).cloned()
    }

    /// Whether the name is known, and whether what is known is old.
    fn standing(&self, name: &str) -> (bool, bool) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let is_known = known.keys.iter().any(|key| is_named(key, name));
        (is_known, known.since.is_none_or(|at| at.elapsed() > LIFE))
    }

    async fn ask(&self, mut asked_at: MutexGuard<'_, Option<Instant>>) {
        if asked_at.is_some_and(|at| at.elapsed() <= ASK_EVERY) {
            return;
        }
        *asked_at = Some(Instant::now());
        match self.fetch().await {
            Ok(keys) => {
                let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
                *known = Known {
                    keys,
                    since: Some(Instant::now()),
                };
            }
            Err(error) => tracing::warn!(error = format!("{error:#}"), "no token keys"),
        }
    }

    async fn fetch(&self) -> anyhow::Result<Vec<Jwk>> {
        let response = self.client.get(self.url.clone()).send().await?;
        let bytes = response.error_for_status()?.bytes().await?;
        anyhow::ensure!(bytes.len() <= MAX_BYTES, "the set of keys is too large");
        let set: JwkSet = serde_json::from_slice(&bytes)?;
        Ok(set.keys)
    }
}

fn is_named(key: &Jwk, name: &str) -> bool {
    key.common.key_id.as_deref() == Some(name)
}

/// A key for one algorithm is not used for another.
fn is_for(key: &Jwk, algorithm: Algorithm) -> bool {
    let named = if algorithm == Algorithm::RS256 {
        KeyAlgorithm::RS256
    } else {
        KeyAlgorithm::ES256
    };
    key.common.key_algorithm.is_none_or(|own| own == named)
}

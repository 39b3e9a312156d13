//! The public keys of whoever issues tokens, fetched when they are needed.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm};
use tokio::sync::Mutex;
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
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    keys: Vec<Jwk>,
    asked_at: Option<Instant>,
    fetched_at: Option<Instant>,
}

impl Keyring {
    /// The keys at `url`, asked for by `client`.
    pub fn new(client: reqwest::Client, url: Url) -> Self {
        Self {
            client,
            url,
            state: Arc::default(),
        }
    }

    /// The key of that name, if it is one for `algorithm`.
    ///
    /// Asks for the keys anew if the name is not known or they are old. One
    /// asks at a time; keys that are old serve on while nobody answers.
    pub(super) async fn find(&self, name: &str, algorithm: Algorithm) -> Option<Jwk> {
        let mut state = self.state.lock().await;
        let is_old = state.fetched_at.is_none_or(|at| at.elapsed() > LIFE);
        let is_known = state.keys.iter().any(|key| is_named(key, name));
        let may_ask = state.asked_at.is_none_or(|at| at.elapsed() > ASK_EVERY);
        if (is_old || !is_known) && may_ask {
            state.asked_at = Some(Instant::now());
            match self.fetch().await {
                Ok(keys) => {
                    state.keys = keys;
                    state.fetched_at = Some(Instant::now());
                }
                Err(error) => tracing::warn!(error = format!("{error:#}"), "no token keys"),
            }
        }
        let fits = |key: &&Jwk| is_named(key, name) && is_for(key, algorithm);
        state.keys.iter().find(fits).cloned()
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

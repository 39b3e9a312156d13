//! One request: where it goes, what it says, whether it may be sent twice.

use std::time::Duration;

use url::Url;
use url::form_urlencoded;

use super::patience::Repeat;

/// What is done there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Method {
    Get,
    Post,
    Delete,
}

/// Parameters by Twilio's names, in order; a name may come several times.
pub(super) type Pairs = Vec<(&'static str, String)>;

/// One request. Its address and parameters may hold numbers: it does not print.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) repeat: Repeat,
    /// What the answer should be.
    pub(super) accept: &'static str,
    /// How long the answer may be.
    pub(super) max_bytes: usize,
    /// How long all of it may take, where that is longer than for others.
    pub(super) lasting: Option<Duration>,
    url: Url,
    pairs: Pairs,
}

impl Request {
    /// Reads something.
    pub(super) fn get(url: Url, pairs: Pairs) -> Self {
        Self::new(Method::Get, Repeat::Harmless, url, pairs)
    }

    /// Reads sound.
    pub(super) fn sound(url: Url) -> Self {
        Self {
            accept: "audio/x-wav",
            max_bytes: MAX_SOUND,
            ..Self::get(url, Pairs::new())
        }
    }

    /// Reads sound that is too long to be held, a channel for each side.
    pub(super) fn long_sound(url: Url) -> Self {
        Self {
            accept: "audio/x-wav",
            lasting: Some(LONG),
            ..Self::get(url, vec![("RequestedChannels", "2".to_owned())])
        }
    }

    /// Makes something, or sets something in motion: twice is twice.
    pub(super) fn create(url: Url, pairs: Pairs) -> Self {
        Self::new(Method::Post, Repeat::Harmful, url, pairs)
    }

    /// Gives something a state that it keeps: twice is once.
    pub(super) fn update(url: Url, pairs: Pairs) -> Self {
        Self::new(Method::Post, Repeat::Harmless, url, pairs)
    }

    /// Takes something away: twice is once.
    pub(super) fn delete(url: Url) -> Self {
        Self::new(Method::Delete, Repeat::Harmless, url, Pairs::new())
    }

    fn new(method: Method, repeat: Repeat, url: Url, pairs: Pairs) -> Self {
        Self {
            method,
            repeat,
            accept: "application/json",
            max_bytes: MAX_JSON,
            lasting: None,
            url,
            pairs,
        }
    }

    /// The address, with the query where the parameters go there.
    pub(super) fn url(&self) -> Url {
        let mut url = self.url.clone();
        if self.method == Method::Get && !self.pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.pairs);
        }
        url
    }

    /// The body, where the parameters go there.
    pub(super) fn form(&self) -> Option<String> {
        let form = || {
            form_urlencoded::Serializer::new(String::new())
                .extend_pairs(&self.pairs)
                .finish()
        };
        (self.method == Method::Post).then(form)
    }
}

/// A page of 100 numbers has some 200 KiB.
const MAX_JSON: usize = 1024 * 1024;

/// Half an hour of 8,000 samples a second, 16 bits each.
const MAX_SOUND: usize = 32 * 1024 * 1024;

/// An hour of both sides has 115 MB.
const LONG: Duration = Duration::from_mins(3);

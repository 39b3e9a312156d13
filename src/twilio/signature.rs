//! `X-Twilio-Signature`: the proof that a request comes from Twilio.
//!
//! The URL handed to these functions is the *public* one, as Twilio wrote it:
//! built from the configured public address and the raw path and query of the
//! request line, never from `Host` or `X-Forwarded-*`, which a stranger sets.
//!
//! **Invariant:** the request never chooses between keys by more than a name.
//! The account's tokens are only ever used with HMAC-SHA1; another algorithm
//! needs a shared key that was configured under the name that the request gives.
//!
//! A signature has no time in it: a request that was signed once stays signed.
//! Callers that cannot bear a replay keep what they have seen.
//!
//! See <https://www.twilio.com/docs/usage/webhooks/webhooks-security>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};
use url::form_urlencoded;

use crate::domain::Secret;

use super::webhook::parse_form;

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "X-Twilio-Signature";

/// The header that names a shared key, when one signed instead of the token.
pub const SETTINGS_HEADER: &str = "X-Twilio-Webhooks-Signature-Settings";

/// Why a request is not taken for Twilio's.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// There is no signature.
    #[error("the request is not signed")]
    Missing,
    /// The header is not the base64 of a signature.
    #[error("the signature is malformed")]
    Malformed,
    /// The signature is somebody else's, or something that it covers differs.
    #[error("the signature does not match")]
    Mismatch,
    /// The body is not the one that the `bodySHA256` of the URL was made of,
    /// or a body that needs one has none.
    #[error("the body does not match the hash in the URL")]
    Body,
    /// The request says that a key signed it which is not configured here.
    #[error("the request names a key that is not configured")]
    UnknownKey,
}

/// The signature of a request, as its headers give it.
///
/// A `&str`, a `&String` and an `Option<&str>` turn into one, so that the value of
/// [`SIGNATURE_HEADER`] may be handed over as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signature<'a> {
    value: Option<&'a str>,
    settings: Option<&'a str>,
}

impl<'a> Signature<'a> {
    /// Adds the value of [`SETTINGS_HEADER`], if the request has it.
    #[must_use]
    pub fn with_settings(mut self, settings: Option<&'a str>) -> Self {
        self.settings = settings.filter(|text| !text.trim().is_empty());
        self
    }

    fn decode(&self) -> Result<Vec<u8>, Error> {
        let text = self.value.map(str::trim).filter(|text| !text.is_empty());
        let bytes = STANDARD.decode(text.ok_or(Error::Missing)?);
        bytes.map_err(|_| Error::Malformed)
    }

    fn setting(&self, name: &str) -> Option<&'a str> {
        let parts = self
            .settings?
            .split(',')
            .filter_map(|part| part.split_once('='));
        let mut found = parts.filter(|(key, _)| key.trim() == name);
        found.next().map(|(_, value)| value.trim())
    }
}

impl<'a> From<Option<&'a str>> for Signature<'a> {
    fn from(value: Option<&'a str>) -> Self {
        Self {
            value,
            settings: None,
        }
    }
}

impl<'a> From<&'a str> for Signature<'a> {
    fn from(value: &'a str) -> Self {
        Some(value).into()
    }
}

impl<'a> From<&'a String> for Signature<'a> {
    fn from(value: &'a String) -> Self {
        value.as_str().into()
    }
}

/// Checks signatures with the tokens of an account.
///
/// Two tokens are for the hours of a rotation, when either may sign.
#[derive(Clone, Debug)]
pub struct Verifier {
    tokens: Vec<Secret<String>>,
    shared_keys: Vec<(String, Secret<String>)>,
}

impl Verifier {
    /// A verifier for one token, or two while one replaces the other.
    ///
    /// An empty token is no token: anybody can sign with it. A verifier without
    /// a token takes no request.
    pub fn new(tokens: impl IntoIterator<Item = Secret<String>>) -> Self {
        let tokens = tokens
            .into_iter()
            .filter(|token| !token.expose().is_empty());
        Self {
            tokens: tokens.collect(),
            shared_keys: Vec::new(),
        }
    }

    /// Adds a shared key under the id by which Twilio's settings header names it.
    #[must_use]
    pub fn with_shared_key(mut self, id: &str, secret: Secret<String>) -> Self {
        if !secret.expose().is_empty() {
            self.shared_keys.push((id.to_owned(), secret));
        }
        self
    }

    /// Checks a form whose body is at hand, and returns its parameters.
    ///
    /// Also checks the hash of the body if the URL has one.
    pub fn verify_form_body<'a>(
        &self,
        url: &str,
        body: &[u8],
        signature: impl Into<Signature<'a>>,
    ) -> Result<Vec<(String, String)>, Error> {
        let pairs = parse_form(body);
        self.verify(url, &pairs, signature.into())?;
        match body_hash(url) {
            Some(hash) if !same_hash(&hash, body) => Err(Error::Body),
            Some(_) | None => Ok(pairs),
        }
    }

    /// Checks a form by its decoded parameters, in any order.
    ///
    /// A URL with a `bodySHA256` is refused with [`Error::Body`], for without
    /// the body its promise cannot be checked; use [`Verifier::verify_form_body`].
    pub fn verify_form<'a>(
        &self,
        url: &str,
        pairs: &[(String, String)],
        signature: impl Into<Signature<'a>>,
    ) -> Result<(), Error> {
        self.verify(url, pairs, signature.into())?;
        body_hash(url).map_or(Ok(()), |_| Err(Error::Body))
    }

    /// Checks a GET: the URL with its query, and nothing else.
    pub fn verify_get<'a>(
        &self,
        url: &str,
        signature: impl Into<Signature<'a>>,
    ) -> Result<(), Error> {
        self.verify_form_body(url, b"", signature).map(|_| ())
    }

    /// Checks a body that is not a form: the URL, and its `bodySHA256` against
    /// the bytes as they came. Without that hash the body is nobody's.
    pub fn verify_json<'a>(
        &self,
        url: &str,
        raw_body: &[u8],
        signature: impl Into<Signature<'a>>,
    ) -> Result<(), Error> {
        self.verify(url, &[], signature.into())?;
        match body_hash(url) {
            Some(hash) if same_hash(&hash, raw_body) => Ok(()),
            Some(_) | None => Err(Error::Body),
        }
    }

    /// Checks the upgrade of a media stream; the URL begins with `wss://`, as
    /// in the TwiML that asked for it.
    pub fn verify_upgrade<'a>(
        &self,
        wss_url: &str,
        signature: impl Into<Signature<'a>>,
    ) -> Result<(), Error> {
        self.verify_get(wss_url, signature)
    }

    fn verify(
        &self,
        url: &str,
        pairs: &[(String, String)],
        signature: Signature<'_>,
    ) -> Result<(), Error> {
        let given = signature.decode()?;
        let keys = self.keys(&signature)?;
        if !keys.iter().any(|key| key.algorithm.len() == given.len()) {
            return Err(Error::Malformed);
        }
        let mut matches = Choice::from(0);
        for url in spellings(url) {
            for key in &keys {
                let expected = key.algorithm.mac(key.secret, &url, pairs);
                // No early exit: the time taken must not tell which one matched.
                matches |= expected.ct_eq(&given);
            }
        }
        if matches.into() {
            Ok(())
        } else {
            Err(Error::Mismatch)
        }
    }

    fn keys(&self, signature: &Signature<'_>) -> Result<Vec<Key<'_>>, Error> {
        let algorithm = match signature.setting("algorithm").unwrap_or("HMAC_SHA1") {
            "HMAC_SHA1" => Algorithm::Sha1,
            "HMAC_SHA256" => Algorithm::Sha256,
            _ => return Err(Error::UnknownKey),
        };
        if signature.settings.is_none() {
            let tokens = self.tokens.iter().map(|secret| Key { algorithm, secret });
            let keys: Vec<Key<'_>> = tokens.collect();
            return if keys.is_empty() {
                Err(Error::Mismatch)
            } else {
                Ok(keys)
            };
        }
        let name = signature.setting("key").ok_or(Error::UnknownKey)?;
        let found = self.shared_keys.iter().find(|(id, _)| id == name);
        let (_, secret) = found.ok_or(Error::UnknownKey)?;
        Ok(vec![Key { algorithm, secret }])
    }
}

/// The signature of a request as Twilio makes it: `pairs` are the decoded
/// parameters of a form, and empty for a GET, a JSON body or an upgrade.
pub fn sign(token: &Secret<String>, url: &str, pairs: &[(String, String)]) -> String {
    STANDARD.encode(Algorithm::Sha1.mac(token, without_fragment(url), pairs))
}

/// The signature of a request that a shared key signs with HMAC-SHA256.
pub fn sign_sha256(secret: &Secret<String>, url: &str, pairs: &[(String, String)]) -> String {
    STANDARD.encode(Algorithm::Sha256.mac(secret, without_fragment(url), pairs))
}

/// The URL to which a body that is not a form is posted: with its hash.
pub fn with_body_hash(url: &str, body: &[u8]) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{BODY_HASH}={}", hex_sha256(body))
}

struct Key<'a> {
    algorithm: Algorithm,
    secret: &'a Secret<String>,
}

#[derive(Clone, Copy)]
enum Algorithm {
    Sha1,
    Sha256,
}

impl Algorithm {
    fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    fn mac(self, secret: &Secret<String>, url: &str, pairs: &[(String, String)]) -> Vec<u8> {
        match self {
            Self::Sha1 => mac(keyed::<Hmac<Sha1>>(secret), url, pairs),
            Self::Sha256 => mac(keyed::<Hmac<Sha256>>(secret), url, pairs),
        }
    }
}

fn keyed<M: Mac + KeyInit>(secret: &Secret<String>) -> M {
    M::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes a key of any length")
}

/// The URL, then each different name and value, sorted by their bytes.
fn mac(mut mac: impl Mac, url: &str, pairs: &[(String, String)]) -> Vec<u8> {
    let mut sorted: Vec<&(String, String)> = pairs.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    mac.finalize().into_bytes().to_vec()
}

/// The ways in which Twilio may have written `url` when it signed: as it is,
/// without its port, and with the default port spelled out.
///
/// Twilio's own validators try the same, for its signers do not agree on it. A
/// media stream is signed as its TwiML wrote it; no port is added there.
fn spellings(url: &str) -> Vec<String> {
    let url = without_fragment(url);
    let mut all = vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else {
        return all;
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let host_start = authority.rfind('@').map_or(0, |at| at + 1);
    // Inside brackets a colon belongs to the address.
    let bracket = authority[host_start..]
        .rfind(']')
        .map_or(host_start, |at| host_start + at);
    match authority[bracket..].find(':') {
        Some(colon) => {
            let host = &authority[..bracket + colon];
            all.push(format!("{scheme}://{host}{path}"));
        }
        None if scheme.eq_ignore_ascii_case("https") => {
            all.push(format!("{scheme}://{authority}:443{path}"));
        }
        None if scheme.eq_ignore_ascii_case("http") => {
            all.push(format!("{scheme}://{authority}:80{path}"));
        }
        None => {}
    }
    all
}

/// What follows `#` are orders to Twilio's connector; it never sends or signs them.
fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or(url)
}

fn body_hash(url: &str) -> Option<String> {
    let (_, query) = without_fragment(url).split_once('?')?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs
        .find(|(name, _)| name == BODY_HASH)
        .map(|(_, hash)| hash.into_owned())
}

fn same_hash(hash: &str, body: &[u8]) -> bool {
    hash.as_bytes().ct_eq(hex_sha256(body).as_bytes()).into()
}

fn hex_sha256(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    digest
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(hex_digit)
        .collect()
}

fn hex_digit(nibble: u8) -> char {
    char::from(b"0123456789abcdef"[usize::from(nibble)])
}

const BODY_HASH: &str = "bodySHA256";

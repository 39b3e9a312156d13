//! Settings with a shape of their own: parsed once, with an error that says the fix.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use axum::http::{HeaderName, HeaderValue};
use tracing_subscriber::EnvFilter;
use url::Url;

use crate::domain::Secret;

/// Reads a token, key or name as a console hands it out.
pub(super) fn credential(text: &str) -> Result<Secret<String>, &'static str> {
    if text.is_empty() {
        return Err("it is empty; give it a value, or do not set it");
    }
    if text.chars().any(|c| !c.is_ascii_graphic()) {
        return Err("it has spaces or signs that no credential has; copy it again");
    }
    Ok(Secret::new(text.to_owned()))
}

/// Reads an account's SID, which is part of every address at Twilio.
pub(super) fn account_sid(text: &str) -> Result<String, &'static str> {
    let digits = text.strip_prefix("AC").unwrap_or_default();
    if digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(text.to_owned())
    } else {
        Err("expected AC and 32 hexadecimal digits, as the console shows it")
    }
}

/// Reads where a service is that is asked by HTTP.
pub(super) fn http_url(text: &str) -> Result<Url, &'static str> {
    let url = text.parse::<PublicUrl>().map_err(|_| EXPECTED_HTTP_URL)?;
    Url::parse(url.as_str()).map_err(|_| EXPECTED_HTTP_URL)
}

const EXPECTED_HTTP_URL: &str = "expected an address such as https://api.twilio.com, \
                                 without user, query or fragment";

/// A secret that signs tokens; RFC 7518 § 3.2 wants as many bits as the hash.
pub(super) fn token_secret(text: &str) -> Result<Secret<String>, &'static str> {
    if text.len() < 32 {
        return Err("it is shorter than 32 characters; `openssl rand -base64 32` makes one");
    }
    Ok(Secret::new(text.to_owned()))
}

/// Reads where the database is; the rest is for the database to judge.
pub(super) fn database_url(text: &str) -> Result<Secret<String>, &'static str> {
    let known = ["sqlite:", "postgres://", "postgresql://"];
    if known.iter().any(|scheme| text.starts_with(scheme)) {
        Ok(Secret::new(text.to_owned()))
    } else {
        Err("expected sqlite://file.db or postgres://user:password@host/name")
    }
}

/// Reads what to log, as `RUST_LOG` says it everywhere.
///
/// The library panics over a sign that is not ASCII behind a bracket.
pub(super) fn log_filter(text: &str) -> Result<String, String> {
    if !text.is_ascii() {
        return Err("expected a level such as info, or target=level pairs, in ASCII".to_owned());
    }
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!(
            "{error}; expected a level such as info, or target=level pairs"
        )),
    }
}

/// Where sound is kept: a folder of this machine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StorageUrl(PathBuf);

impl StorageUrl {
    /// The folder.
    pub fn into_folder(self) -> PathBuf {
        self.0
    }
}

impl FromStr for StorageUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some(path) = text.strip_prefix("file://") else {
            return Err("STORAGE_URL takes folders of this machine only, such as \
                        file://./recordings");
        };
        if path.is_empty() {
            return Err("STORAGE_URL names no folder; file://./recordings is one");
        }
        Ok(Self(path.into()))
    }
}

/// How the carrier reaches us: an `http` or `https` address without a slash at
/// its end, a query or a user, so that a path can be written behind it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The address for a try at one's own desk.
    pub fn localhost(port: u16) -> Self {
        Self(format!("http://localhost:{port}"))
    }

    /// The address, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a carrier can reach it: `https`, and not this machine alone.
    pub fn is_public(&self) -> bool {
        let host = Url::parse(&self.0).ok();
        let host = host.as_ref().and_then(Url::host_str);
        self.0.starts_with("https://") && host.is_some_and(|host| host != "localhost")
    }
}

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected an address such as https://desk.example.com, \
                                without user, query or fragment";
        let url = Url::parse(text).map_err(|_| EXPECTED)?;
        let is_bare = url.query().is_none() && url.fragment().is_none();
        let is_anonymous = url.username().is_empty() && url.password().is_none();
        if ["http", "https"].contains(&url.scheme()) && is_bare && is_anonymous {
            Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
        } else {
            Err(EXPECTED)
        }
    }
}

/// Where the Realtime API is: a `ws` or `wss` address.
///
/// Prints without the query, where some servers want a key.
#[derive(Clone, Eq, PartialEq)]
pub struct RealtimeUrl(Url);

impl RealtimeUrl {
    /// The address, whole.
    pub fn as_url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for RealtimeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.clone();
        shown.set_query(None);
        f.write_str(shown.as_str())
    }
}

impl FromStr for RealtimeUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).ok();
        let url = url.filter(|url| ["ws", "wss"].contains(&url.scheme()) && url.has_host());
        url.map(Self)
            .ok_or("expected an address such as wss://api.openai.com/v1/realtime")
    }
}

/// One more header for the agent's socket; its value may be a credential.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Header {
    /// Its name, in lower case.
    pub name: String,
    /// Its value: visible ASCII.
    pub value: Secret<String>,
}

impl FromStr for Header {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected headers such as openai-project=proj_1,x-team=desk";
        let (name, value) = text.split_once('=').ok_or(EXPECTED)?;
        let name = HeaderName::from_str(name.trim()).map_err(|_| EXPECTED)?;
        let value = HeaderValue::from_str(value.trim()).map_err(|_| EXPECTED)?;
        let value = value.to_str().map_err(|_| EXPECTED)?;
        Ok(Self {
            name: name.as_str().to_owned(),
            value: Secret::new(value.to_owned()),
        })
    }
}

/// A JSON object that is laid over every session of the agent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Overlay(serde_json::Map<String, serde_json::Value>);

impl Overlay {
    /// The object.
    pub fn into_map(self) -> serde_json::Map<String, serde_json::Value> {
        self.0
    }
}

impl FromStr for Overlay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text)
            .map(Self)
            .map_err(|error| format!("expected a JSON object: {error}"))
    }
}

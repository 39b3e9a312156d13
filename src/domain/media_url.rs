//! The address of a sound that the carrier fetches.

use std::str::FromStr;

use super::ParseError;

/// An address of HTTP or HTTPS, of at most 500 characters.
///
/// Its shape is looked at, no more: whether there is a sound shows when the
/// carrier fetches it. We never do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MediaUrl(String);

impl MediaUrl {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl FromStr for MediaUrl {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = ParseError {
            expected: "an address such as https://example.com/music.mp3",
        };
        let rest = text.strip_prefix("https://");
        let rest = rest.or_else(|| text.strip_prefix("http://"));
        let rest = rest.ok_or(error)?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
        let is_host = |b: u8| b.is_ascii_alphanumeric() || b".-".contains(&b);
        let is_good = !host.is_empty()
            && host.bytes().all(is_host)
            && (1..=4).contains(&port.len())
            && port.bytes().all(|b| b.is_ascii_digit())
            && path.bytes().all(|b| b.is_ascii_graphic());
        if is_good && text.len() <= 500 {
            Ok(Self(text.to_owned()))
        } else {
            Err(error)
        }
    }
}

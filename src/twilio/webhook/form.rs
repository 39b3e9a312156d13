//! A posted form: decoding it, and reading its parameters by name.

use std::str::FromStr;
use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use url::form_urlencoded;

use crate::domain::{ParseError, Party, Timestamp};

/// A parameter without which a request cannot be acted upon.
///
/// Names the parameter and what it has to be, never what was found.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// The parameter is not there, or empty.
    #[error("parameter {field} is missing")]
    Missing {
        /// Its name as Twilio spells it.
        field: &'static str,
    },
    /// The parameter is not what it has to be.
    #[error("parameter {field}: expected {expected}")]
    Invalid {
        /// Its name as Twilio spells it.
        field: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
}

/// Decodes a body of type `application/x-www-form-urlencoded`, in its order.
///
/// As Twilio's own validators do: `+` is a space, nothing is trimmed, empty
/// values stay, a `%` that escapes nothing stays as it is, and bytes that are
/// not UTF-8 become U+FFFD.
pub fn parse_form(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

/// Reads parameters by name; of a repeated one, the first.
#[derive(Clone, Copy)]
pub(super) struct Form<'a>(pub(super) &'a [(String, String)]);

impl<'a> Form<'a> {
    /// The text of `name`, if it is there and not empty.
    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        let mut found = self.0.iter().filter(|(key, _)| key == name);
        found
            .next()
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    pub(super) fn owned(self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// `name` parsed, or nothing if it is absent or does not parse.
    pub(super) fn optional<T: FromStr>(self, name: &str) -> Option<T> {
        self.text(name)?.trim().parse().ok()
    }

    pub(super) fn required_text(self, field: &'static str) -> Result<String, Error> {
        self.owned(field).ok_or(Error::Missing { field })
    }

    pub(super) fn required<T>(self, field: &'static str) -> Result<T, Error>
    where
        T: FromStr<Err = ParseError>,
    {
        let text = self.text(field).ok_or(Error::Missing { field })?;
        text.parse().map_err(|error: ParseError| Error::Invalid {
            field,
            expected: error.expected,
        })
    }

    /// Who `name` is; nobody in particular if it is absent.
    pub(super) fn party(self, name: &str) -> Party {
        self.known_party(name).unwrap_or(Party::Anonymous)
    }

    pub(super) fn known_party(self, name: &str) -> Option<Party> {
        self.optional(name)
    }

    pub(super) fn seconds(self, name: &str) -> Option<Duration> {
        self.optional(name).map(Duration::from_secs)
    }

    /// A share of certainty; what is not between 0 and 1 is none.
    pub(super) fn confidence(self, name: &str) -> Option<f64> {
        self.optional(name)
            .filter(|share| (0.0..=1.0).contains(share))
    }

    /// A moment, in the style of e-mail (RFC 2822) or of ISO 8601: Twilio uses both.
    pub(super) fn timestamp(self, name: &str) -> Option<Timestamp> {
        let text = self.text(name)?.trim();
        let mail = DateTimeParser::new().parse_timestamp(text).ok();
        let at = mail.or_else(|| text.parse::<jiff::Timestamp>().ok())?;
        Some(Timestamp::from_ms(at.as_millisecond()))
    }
}

//! Reading members of Twilio's JSON.

use std::str::FromStr;

use jiff::fmt::rfc2822::DateTimeParser;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::domain::{ParseError, Pii, Timestamp};

/// A text, by the parser of its type.
pub(super) fn text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err = ParseError>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

/// A text, by the parser of its type; what is null, empty or cannot be read
/// counts as absent, for Twilio may respell it without notice.
pub(super) fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
{
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

/// A text that says something, or nothing.
pub(super) fn filled<'de, D>(deserializer: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// A text that says something of somebody, or nothing.
pub(super) fn personal<'de, D>(deserializer: D) -> Result<Option<Pii<String>>, D::Error>
where
    D: Deserializer<'de>,
{
    Ok(filled(deserializer)?.map(Pii::new))
}

/// A moment as RFC 2822 has it: `Tue, 31 Aug 2010 20:36:28 +0000`.
pub(super) fn moment<'de, D>(deserializer: D) -> Result<Option<Timestamp>, D::Error>
where
    D: Deserializer<'de>,
{
    let text = Option::<String>::deserialize(deserializer)?;
    let at = text.and_then(|text| DateTimeParser::new().parse_timestamp(text.trim()).ok());
    Ok(at.map(|at| Timestamp::from_ms(at.as_millisecond())))
}

//! Reads what servers really send: null for absent, 1200.0 for 1200.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};
use serde_json::Value;

use crate::domain::Pii;

/// A string that stays where it lies in the message, unless it has escapes.
///
/// serde borrows a bare `Cow`, but copies one inside an `Option`.
#[derive(Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor).map(Self)
    }
}

/// An id or a name that may be absent; empty counts as absent.
pub(super) fn optional_text<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Cow<'a, str>>, D::Error> {
    let text = Option::<Text<'a>>::deserialize(deserializer)?;
    Ok(text.map(|text| text.0).filter(|text| !text.is_empty()))
}

/// Words spoken, or the audio of them.
pub(super) fn spoken<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Pii<Cow<'a, str>>, D::Error> {
    let text = Option::<Text<'a>>::deserialize(deserializer)?;
    Ok(Pii::new(text.unwrap_or_default().0))
}

/// JSON in a string; servers that send the JSON itself are understood.
pub(super) fn json_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Pii<String>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(Pii::new(match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }))
}

/// A count or a time in ms: a whole number, absent where it makes no sense.
pub(super) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    deserializer.deserialize_any(WholeVisitor)
}

/// [`whole`], with zero for absent.
pub(super) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Ok(whole(deserializer)?.unwrap_or_default())
}

/// The place of a content part or an output item, zero for absent.
pub(super) fn index<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    u32::try_from(count(deserializer)?).map_err(|_| D::Error::custom("an index fits 32 bits"))
}

/// A time in seconds, zero where absent or beyond measure.
pub(super) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = Option::<f64>::deserialize(deserializer)?.unwrap_or_default();
    Ok(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

/// A value whose absence is written as null.
pub(super) fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Something that others extend: none where it is news to us.
pub(super) fn known<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text))
    }
}

struct WholeVisitor;

impl Visitor<'_> for WholeVisitor {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(u64::try_from(value).ok())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        // A duration refuses what is negative, endless or not a number.
        let whole = Duration::try_from_secs_f64(value);
        Ok(whole.ok().map(|whole| whole.as_secs()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

//! Values inside of JSON, read by the parsers of their types and within their bounds.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::PhoneNumber;

/// A text that is a `T`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Text<T>(pub T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

/// A telephone number.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct E164(pub PhoneNumber);

impl Serialize for E164 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for E164 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer).map(|Text(number)| Self(number))
    }
}

/// One line for people, of 1 to `MAX` characters, and not all of them spaces.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Line<const MAX: usize>(pub String);

impl<'de, const MAX: usize> Deserialize<'de> for Line<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_line = !text.contains(char::is_control) && !text.trim().is_empty();
        if is_line && text.chars().count() <= MAX {
            return Ok(Self(text));
        }
        let expected = format!("expected one line of 1 to {MAX} characters");
        Err(D::Error::custom(expected))
    }
}

/// A word of letters, digits and `._-`, such as a language or a voice.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Word(pub String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        if (1..=64).contains(&text.len()) && text.bytes().all(is_plain) {
            return Ok(Self(text));
        }
        Err(D::Error::custom("expected 1 to 64 letters, digits or ._-"))
    }
}

/// A whole number from `MIN` to `MAX`; `20.0` is one, as JSON Schema has it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Number<const MIN: u32, const MAX: u32>(pub u32);

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Number<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        let is_within = (f64::from(MIN)..=f64::from(MAX)).contains(&number);
        if is_within && number.fract() == 0.0 {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is whole, and within the bounds of a u32"
            )]
            return Ok(Self(number as u32));
        }
        let expected = format!("expected a whole number from {MIN} to {MAX}");
        Err(D::Error::custom(expected))
    }
}

/// A list of `MIN` to `MAX` things.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Few<T, const MIN: usize, const MAX: usize>(pub Vec<T>);

impl<T, const MIN: usize, const MAX: usize> Default for Few<T, MIN, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T, const MIN: usize, const MAX: usize> Deserialize<'de> for Few<T, MIN, MAX>
where
    T: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = Vec::deserialize(deserializer)?;
        if (MIN..=MAX).contains(&items.len()) {
            return Ok(Self(items));
        }
        let expected = format!("expected {MIN} to {MAX} items");
        Err(D::Error::custom(expected))
    }
}

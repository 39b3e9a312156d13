//! Values inside of JSON, read by the parsers of their types and within their bounds.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

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

impl<const MAX: usize> FromStr for Line<MAX> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_line = !text.contains(char::is_control) && !text.trim().is_empty();
        if is_line && text.chars().count() <= MAX {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("expected one line of 1 to {MAX} characters"))
        }
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Line<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer).map(|Text(line)| line)
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

impl<const MIN: u32, const MAX: u32> Number<MIN, MAX> {
    /// That many milliseconds.
    pub fn millis(self) -> Duration {
        Duration::from_millis(self.0.into())
    }

    /// That many seconds.
    pub fn seconds(self) -> Duration {
        Duration::from_secs(self.0.into())
    }

    /// The whole milliseconds of a duration.
    pub fn of_millis(duration: Duration) -> Self {
        Self(u32::try_from(duration.as_millis()).unwrap_or(u32::MAX))
    }

    /// The whole seconds of a duration.
    pub fn of_seconds(duration: Duration) -> Self {
        Self(u32::try_from(duration.as_secs()).unwrap_or(u32::MAX))
    }
}

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

#[cfg(test)]
mod tests {
    use super::Number;

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        let read = |text| serde_json::from_str::<Number<1, 1_000>>(text).map(|whole| whole.0);
        for (text, number) in [("1", 1), ("1000", 1_000), ("20.0", 20), ("2e1", 20)] {
            assert_eq!(read(text).unwrap(), number, "{text}");
        }
        for text in ["0", "1001", "-1", "1.5", "\"1\"", "null", "1e9"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}

//! Names, keys and addresses in a flow, read by what they must look like.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::{MediaUrl, ParseError};
use crate::routing::ivr::Exit;

/// A key of a telephone: `0` to `9`, `*` or `#`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyText(pub char);

impl fmt::Display for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for KeyText {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut signs = text.chars();
        match (signs.next(), signs.next()) {
            (Some(sign), None) if Exit::is_key(sign) => Ok(Self(sign)),
            _ => Err(ParseError {
                expected: "a key: 0 to 9, * or #",
            }),
        }
    }
}

/// The name of a variable, such as `account`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VariableName(pub String);

impl fmt::Display for VariableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for VariableName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if is_word(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError {
                expected: "the name of a variable: up to 32 small letters, digits or _",
            })
        }
    }
}

/// The name of a case, which is the name of its exit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CaseName(pub Exit);

impl fmt::Display for CaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for CaseName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let exit = text.parse().ok().filter(|_| is_word(text));
        exit.map(Self).ok_or(ParseError {
            expected: "the name of a case: up to 32 small letters, digits or _",
        })
    }
}

fn is_word(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let begins = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    begins && text.len() <= 32 && text.bytes().all(is_word)
}

/// An address of HTTPS; how it looks, no more.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HttpsUrl(pub String);

impl fmt::Display for HttpsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for HttpsUrl {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let url = text.parse::<MediaUrl>().ok();
        let url = url.filter(|url| url.as_str().starts_with("https://"));
        url.map(|url| Self(url.into_string())).ok_or(ParseError {
            expected: "an address such as https://example.com/hello.mp3",
        })
    }
}

/// One line of at most `MAX` characters, or nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Short<const MAX: usize>(pub String);

impl<'de, const MAX: usize> Deserialize<'de> for Short<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.contains(char::is_control) || text.chars().count() > MAX {
            let expected = format!("expected one line of at most {MAX} characters");
            return Err(D::Error::custom(expected));
        }
        Ok(Self(text))
    }
}

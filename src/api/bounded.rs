//! Values with bounds, as bodies give them.

use std::collections::BTreeSet;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::extract::text;
use crate::domain::Tag;
use crate::store::text::Few;

/// A text for people: 1 to `MAX` characters that say something. It may have
/// lines and tabs, and no other control character.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Text<const MAX: usize>(pub(super) String);

impl<const MAX: usize> FromStr for Text<MAX> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_plain = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
        let says_something = !text.trim().is_empty() && text.chars().all(is_plain);
        if says_something && text.chars().count() <= MAX {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("expected a text of 1 to {MAX} characters"))
        }
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer)
    }
}

/// A language as BCP 47 names it: language, script and region, in the case
/// that § 2.1.1 of <https://www.rfc-editor.org/rfc/rfc5646> recommends.
#[derive(Clone, Debug)]
pub(super) struct Language(pub(super) String);

impl FromStr for Language {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        if is_language(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err("expected a language in BCP 47, such as en-US")
        }
    }
}

impl<'de> Deserialize<'de> for Language {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer)
    }
}

fn is_language(text: &str) -> bool {
    let mut parts = text.split('-').peekable();
    let lower = |part: &str| part.bytes().all(|b| b.is_ascii_lowercase());
    let is_name = |part: &str| (2..=3).contains(&part.len()) && lower(part);
    let is_script = |part: &&str| {
        let first = part.bytes().next().is_some_and(|b| b.is_ascii_uppercase());
        part.len() == 4 && first && lower(&part[1..])
    };
    let is_region = |part: &&str| match part.len() {
        2 => part.bytes().all(|b| b.is_ascii_uppercase()),
        3 => part.bytes().all(|b| b.is_ascii_digit()),
        _ => false,
    };
    let is_named = parts.next().is_some_and(is_name);
    let _ = parts.next_if(is_script);
    let _ = parts.next_if(is_region);
    is_named && parts.next().is_none()
}

/// A number from 0 to 1.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Share(pub(super) f64);

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        if (0.0..=1.0).contains(&number) {
            Ok(Self(number))
        } else {
            Err(D::Error::custom("expected a number from 0 to 1"))
        }
    }
}

/// At most twenty tags; one that is there twice is there once.
pub(super) fn tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Tag>, D::Error> {
    let texts = Few::<String, 0, 20>::deserialize(deserializer)?.0;
    let tags: Result<_, _> = texts.iter().map(|text| text.parse()).collect();
    tags.map_err(D::Error::custom)
}

/// The same, where they may be left out.
pub(super) fn given_tags<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<BTreeSet<Tag>>, D::Error> {
    tags(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::is_language;

    #[test]
    fn a_language_is_known_by_its_shape() {
        for language in ["en", "de-CH", "zh-Hant-TW", "es-419", "gsw-CH", "sr-Latn"] {
            assert!(is_language(language), "{language}");
        }
        for other in [
            "", "e", "EN", "en-us", "en_US", "english", "en-", "-US", "en-US-x", "ü", "en-Éire",
            "en-US ",
        ] {
            assert!(!is_language(other), "{other}");
        }
    }
}

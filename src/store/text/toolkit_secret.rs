//! What a receptionist's machines are told that nobody is shown.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::Secret;

/// A secret of one line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ToolSecret(Secret<String>);

impl ToolSecret {
    pub(super) fn new(value: Secret<String>) -> Self {
        Self(value)
    }

    pub(super) fn into_secret(self) -> Secret<String> {
        self.0
    }
}

impl Serialize for ToolSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for ToolSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_plain = text.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
        if is_plain && (1..=500).contains(&text.len()) && text.trim() == text {
            Ok(Self(Secret::new(text)))
        } else {
            Err(D::Error::custom(
                "expected 1 to 500 visible ASCII characters",
            ))
        }
    }
}

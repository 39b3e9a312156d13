//! What is told to other machines and shown to nobody else.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::Credential;

/// A secret of one line, as it was given or as it is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CredentialText(pub Credential);

impl Serialize for CredentialText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for CredentialText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_plain = text.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
        let fits = is_plain && (1..=500).contains(&text.len()) && text.trim() == text;
        let credential = Credential::from_kept(text);
        if fits || credential.is_sealed() {
            Ok(Self(credential))
        } else {
            Err(D::Error::custom(
                "expected 1 to 500 visible ASCII characters",
            ))
        }
    }
}

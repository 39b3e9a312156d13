//! The people who call, and the people who are called.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::{ContactId, Email, ParseError, PhoneNumber, Pii, TenantId, Timestamp};

/// Somebody whom the tenant knows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Contact {
    /// Its name in the database.
    pub id: ContactId,
    /// Who knows them.
    pub tenant_id: TenantId,
    /// Their name.
    pub name: Pii<String>,
    /// Where they ring from, and are rung; nobody else of the tenant's has any
    /// of these.
    pub numbers: Vec<PhoneNumber>,
    /// Where they are written to.
    pub email: Option<Email>,
    /// Whom they work for.
    pub company: Option<Pii<String>>,
    /// What to know of them.
    pub notes: Option<Pii<String>>,
    /// Whether they matter more than others.
    pub is_vip: bool,
    /// Whether their calls are turned away.
    pub is_blocked: bool,
    /// The BCP 47 language that they speak.
    pub language: Option<String>,
    /// What they are filed under.
    pub tags: BTreeSet<Tag>,
    /// When they were written down.
    pub created_at: Timestamp,
}

/// A word or two that things are filed under: one line of 1 to 50 characters,
/// none of them a space at either end.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Tag(Box<str>);

impl Tag {
    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let is_line = !text.is_empty() && text.trim() == text && !text.contains(char::is_control);
        if is_line && text.chars().count() <= 50 {
            Ok(Self(text.into()))
        } else {
            Err(ParseError {
                expected: "a tag of 1 to 50 characters, without a space at either end",
            })
        }
    }
}

//! The people who work for a tenant.

use std::fmt;
use std::str::FromStr;

use super::{ParseError, PhoneNumber, Role, TenantId, Timestamp, UserId};

/// A member of a tenant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct User {
    /// Its name in the database.
    pub id: UserId,
    /// Where they work.
    pub tenant_id: TenantId,
    /// Where they are written to; one member of a tenant has it.
    pub email: Email,
    /// Their name for people.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Who they are by the word of whoever issues their tokens.
    pub subject: String,
    /// Where calls for them ring.
    pub phone_number: Option<PhoneNumber>,
    /// Whether they may do anything at all.
    pub is_active: bool,
    /// When they were taken in.
    pub created_at: Timestamp,
}

/// An address for electronic mail, in lower case.
///
/// Its shape is looked at, no more: whether it exists shows when it is used.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Email(Box<str>);

impl Email {
    /// The longest that mail servers take, RFC 5321 § 4.5.3.1.3.
    pub const MAX_LEN: usize = 254;

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An address in a log is its domain: the rest is somebody's name.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, domain) = self.0.rsplit_once('@').unwrap_or_default();
        write!(f, "Email(…@{domain})")
    }
}

impl FromStr for Email {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = ParseError {
            expected: "an e-mail address such as ada@example.com",
        };
        let (name, domain) = text.rsplit_once('@').ok_or(error)?;
        let is_plain = |part: &str| {
            !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control())
        };
        let fits = text.len() <= Self::MAX_LEN;
        if fits && is_plain(name) && is_plain(domain) && !domain.contains(['@', ',', ';']) {
            Ok(Self(text.to_lowercase().into()))
        } else {
            Err(error)
        }
    }
}

//! Callers on a list: those who are dear, those who are let in, those who are not.

use super::{CallerListId, ParseError, TenantId, Timestamp};

/// Numbers under a name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CallerList {
    /// Its name in the database.
    pub id: CallerListId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its name for people.
    pub name: String,
    /// What it means to be on it.
    pub kind: ListKind,
    /// When it was begun.
    pub created_at: Timestamp,
}

/// What it means to be on a list.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ListKind {
    /// Nothing by itself; and not to be blocked, whatever other lists say.
    Allow,
    /// To be a VIP.
    Vip,
    /// To be refused, unless a rule that asks for it says otherwise.
    Block,
}

impl ListKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Vip, Self::Block];

    /// `allow`, `vip` or `block`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Vip => "vip",
            Self::Block => "block",
        }
    }
}

impl std::fmt::Display for ListKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for ListKind {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or(ParseError {
            expected: "allow, vip or block",
        })
    }
}

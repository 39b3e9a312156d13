//! Names in a flow: its nodes, and the ways out of them.

use std::fmt;
use std::str::FromStr;

use crate::domain::ParseError;

/// The name of a node, one of its kind in a flow: letters, digits, `-` and `_`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NodeId(Box<str>);

impl NodeId {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a start is called where there is none.
    pub(super) fn of_start() -> Self {
        Self("start".into())
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for NodeId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
        if (1..=64).contains(&text.len()) && text.bytes().all(is_plain) {
            Ok(Self(text.into()))
        } else {
            Err(ParseError {
                expected: "the name of a node: 1 to 64 letters, digits, - or _",
            })
        }
    }
}

/// A way out of a node.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Exit {
    /// It is done.
    Next,
    /// The caller pressed this key: `0` to `9`, `*` or `#`.
    Key(char),
    /// The caller did nothing, or waited too long.
    Timeout,
    /// The caller did what makes no sense here.
    Invalid,
    /// It is open.
    Open,
    /// It is closed.
    Closed,
    /// Nobody answered.
    NoAnswer,
    /// The line was engaged.
    Busy,
    /// It could not be done.
    Failed,
    /// The caller did not want to wait any longer.
    Left,
    /// There was no room to wait in.
    Full,
    /// The answer was a good one.
    Ok,
    /// None of the cases is so.
    Else,
    /// The case of this name is so.
    Case(Box<str>),
}

impl Exit {
    /// The exits that have a name of their own.
    const NAMED: [(&'static str, Self); 12] = [
        ("next", Self::Next),
        ("timeout", Self::Timeout),
        ("invalid", Self::Invalid),
        ("open", Self::Open),
        ("closed", Self::Closed),
        ("no_answer", Self::NoAnswer),
        ("busy", Self::Busy),
        ("failed", Self::Failed),
        ("left", Self::Left),
        ("full", Self::Full),
        ("ok", Self::Ok),
        ("else", Self::Else),
    ];

    /// The key, if it is one.
    pub fn key(&self) -> Option<char> {
        if let Self::Key(key) = self {
            Some(*key)
        } else {
            None
        }
    }

    /// Whether that is a key of a telephone.
    pub fn is_key(sign: char) -> bool {
        matches!(sign, '0'..='9' | '*' | '#')
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "{key}"),
            Self::Case(name) => f.write_str(name),
            Self::Next
            | Self::Timeout
            | Self::Invalid
            | Self::Open
            | Self::Closed
            | Self::NoAnswer
            | Self::Busy
            | Self::Failed
            | Self::Left
            | Self::Full
            | Self::Ok
            | Self::Else => {
                let named = Self::NAMED.iter().find(|(_, exit)| exit == self);
                f.write_str(named.map_or("", |(name, _)| name))
            }
        }
    }
}

impl FromStr for Exit {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if let Some((_, exit)) = Self::NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(exit.clone());
        }
        let mut letters = text.chars();
        if let (Some(sign), None) = (letters.next(), letters.next())
            && Self::is_key(sign)
        {
            return Ok(Self::Key(sign));
        }
        let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let begins = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if begins && text.len() <= 32 && text.bytes().all(is_word) {
            Ok(Self::Case(text.into()))
        } else {
            Err(ParseError {
                expected: "an exit: a key, or a word such as timeout",
            })
        }
    }
}

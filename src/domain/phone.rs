//! Telephone numbers, and who is at the other end when there is none.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use super::ParseError;

/// A number in E.164 form: `+` and 2 to 15 digits, the first not zero.
///
/// Printed for debugging it shows dots; [`PhoneNumber::as_str`] is the number.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PhoneNumber(Box<str>);

impl PhoneNumber {
    /// The number, `+15551234567`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("+•••")
    }
}

impl FromStr for PhoneNumber {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = ParseError {
            expected: "a number in E.164 form, such as +15551234567",
        };
        let digits = text.strip_prefix('+').ok_or(error)?;
        let fits = (2..=15).contains(&digits.len()) && !digits.starts_with('0');
        if fits && digits.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.into()))
        } else {
            Err(error)
        }
    }
}

/// One end of a call, as the carrier names it.
///
/// A caller may hide the number, ring from a browser (`client:alice`) or from
/// a SIP address; none of these is an error.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Party {
    /// A telephone number.
    Number(PhoneNumber),
    /// Withheld or unknown.
    Anonymous,
    /// A softphone of ours: the identity after `client:`.
    Client(super::Pii<String>),
    /// Anything else, kept as it came (`sip:…`, short codes).
    Other(super::Pii<String>),
}

impl Party {
    /// The carrier's spelling, which is also how the database keeps it.
    pub fn to_text(&self) -> String {
        match self {
            Self::Number(number) => number.as_str().to_owned(),
            Self::Anonymous => "anonymous".to_owned(),
            Self::Client(identity) => format!("client:{}", identity.expose()),
            Self::Other(text) => text.expose().clone(),
        }
    }

    /// The number, if there is one.
    pub fn number(&self) -> Option<&PhoneNumber> {
        match self {
            Self::Number(number) => Some(number),
            Self::Anonymous | Self::Client(_) | Self::Other(_) => None,
        }
    }
}

impl FromStr for Party {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        if is_withheld(text) {
            return Ok(Self::Anonymous);
        }
        if let Ok(number) = text.parse() {
            return Ok(Self::Number(number));
        }
        Ok(match text.strip_prefix("client:") {
            Some(identity) => Self::Client(identity.to_owned().into()),
            None => Self::Other(text.to_owned().into()),
        })
    }
}

/// Whether the carrier says in that way that it does not know who calls, or may not say so.
fn is_withheld(text: &str) -> bool {
    let keyed = text.strip_prefix('+').unwrap_or(text);
    KEYED.contains(&keyed) || WITHHELD.iter().any(|word| text.eq_ignore_ascii_case(word))
}

const WITHHELD: [&str; 6] = [
    "",
    "anonymous",
    "unknown",
    "restricted",
    "private",
    "unavailable",
];

/// Words for the same on the keys of a telephone: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN
/// and UNAVAILABLE. The carrier sends them as if they were numbers.
const KEYED: [&str; 5] = [
    "266696687",
    "7378742833",
    "2562533",
    "8656696",
    "86282452253",
];

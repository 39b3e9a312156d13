//! Countries, as telephone numbers have them.

use std::fmt;
use std::str::FromStr;

use phonenumber::country;

use crate::domain::ParseError;

/// A country or territory that has telephone numbers, by its ISO 3166-1 code:
/// `US`, `DE`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Country([u8; 2]);

impl Country {
    /// Its code.
    pub fn as_str(&self) -> &str {
        // Made of two ASCII letters, see below.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Country {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = ParseError {
            expected: "the ISO 3166-1 code of a country with telephones, such as US or GB",
        };
        let &[first, second] = text.as_bytes() else {
            return Err(error);
        };
        let is_code = first.is_ascii_uppercase() && second.is_ascii_uppercase();
        let is_known = is_code && text.parse::<country::Id>().is_ok();
        is_known.then_some(Self([first, second])).ok_or(error)
    }
}

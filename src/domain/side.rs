//! Who takes part in a call, and may be muted in it.

use super::ParseError;

/// One of those who take part in a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// Whoever has called the tenant, or was called by it.
    Caller,
    /// The person who has the call, for the tenant.
    Person,
    /// The receptionist.
    Receptionist,
}

impl Side {
    /// `caller`, `person` or `receptionist`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Person => "person",
            Self::Receptionist => "receptionist",
        }
    }
}

impl std::str::FromStr for Side {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "caller" => Ok(Self::Caller),
            "person" => Ok(Self::Person),
            "receptionist" => Ok(Self::Receptionist),
            _ => Err(ParseError {
                expected: "caller, person or receptionist",
            }),
        }
    }
}

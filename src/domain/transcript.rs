//! What was said, as it was heard.

use std::time::Duration;

use super::{ParseError, Pii};

/// Whose words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Speaker {
    /// The person on the telephone.
    Caller,
    /// The receptionist.
    Receptionist,
}

impl Speaker {
    /// `caller` or `receptionist`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Receptionist => "receptionist",
        }
    }
}

impl std::str::FromStr for Speaker {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "caller" => Ok(Self::Caller),
            "receptionist" => Ok(Self::Receptionist),
            _ => Err(ParseError {
                expected: "caller or receptionist",
            }),
        }
    }
}

/// One turn of the conversation, cut where the caller stopped hearing it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Utterance {
    /// Whose words.
    pub speaker: Speaker,
    /// The words that were heard.
    pub text: Pii<String>,
    /// When it began, counted from when the call was answered.
    pub started: Duration,
    /// Whether the caller broke in before its end.
    pub interrupted: bool,
}

/// Whose words, in a recording of people.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RecordedVoice {
    /// The stranger, whoever of the two has called.
    Caller,
    /// Whom the tenant has had them speak with.
    Person,
    /// One of all, who are kept on one track.
    Unknown,
}

impl RecordedVoice {
    /// `caller`, `person` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Person => "person",
            Self::Unknown => "unknown",
        }
    }
}

impl std::str::FromStr for RecordedVoice {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "caller" => Ok(Self::Caller),
            "person" => Ok(Self::Person),
            "unknown" => Ok(Self::Unknown),
            _ => Err(ParseError {
                expected: "caller, person or unknown",
            }),
        }
    }
}

/// One turn of a recorded conversation between people.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordedTurn {
    /// Whose words.
    pub voice: RecordedVoice,
    /// The words; none where none was understood.
    pub text: Pii<String>,
    /// When it began, counted from when the call was answered.
    pub started: Duration,
}

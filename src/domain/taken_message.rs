//! What somebody is to be told, or whom they are to call back.

use super::{CallId, ParseError, Party, Pii, TakenMessageId, TenantId, Timestamp};

/// What somebody is to be told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TakenMessage {
    /// Its name in the database.
    pub id: TakenMessageId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// In which call it was taken.
    pub call_id: CallId,
    /// Who wrote it down, and why.
    pub kind: TakenKind,
    /// Who was on the line, by the carrier's word.
    pub caller: Party,
    /// Who they said they were, or are known to be.
    pub caller_name: Pii<String>,
    /// Where to call back, if they said so.
    pub callback: Option<Pii<String>>,
    /// What it is about; of a call that broke off, what they had said.
    pub reason: Pii<String>,
    /// How soon.
    pub urgency: Urgency,
    /// Whether somebody has attended to it.
    pub is_read: bool,
    /// When it was taken.
    pub created_at: Timestamp,
}

/// Who wrote a message down, and why.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TakenKind {
    /// A receptionist, asked by the caller.
    Message,
    /// The house, which had nobody who could go on with the call.
    CallBack,
}

impl TakenKind {
    /// `message` or `call_back`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::CallBack => "call_back",
        }
    }
}

impl std::str::FromStr for TakenKind {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "message" => Ok(Self::Message),
            "call_back" => Ok(Self::CallBack),
            _ => Err(ParseError {
                expected: "message or call_back",
            }),
        }
    }
}

/// How soon somebody is to be told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Urgency {
    /// Whenever there is time.
    Low,
    /// As usual.
    Normal,
    /// At once.
    High,
}

impl Urgency {
    /// `low`, `normal` or `high`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

impl std::str::FromStr for Urgency {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "low" => Ok(Self::Low),
            "normal" => Ok(Self::Normal),
            "high" => Ok(Self::High),
            _ => Err(ParseError {
                expected: "low, normal or high",
            }),
        }
    }
}

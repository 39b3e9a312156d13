//! What comes of a tool, as the machine and whoever does it tell each other.

use super::ToolKey;
use crate::domain::Pii;

/// Something that is done beside the conversation.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Errand {
    /// A tool that the agent asked for.
    Tool(ToolKey),
    /// Somebody is looked for, because the caller wants a person.
    Person,
}

/// What came of an errand.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ToolEnd {
    /// What the agent reads.
    pub output: Pii<String>,
    /// Whether it came out as it was meant.
    pub is_good: bool,
    /// Where the caller is to be handed on to, if they are. Where a person was looked for
    /// and it came out as it was meant, nobody is there.
    pub hands_to: Option<HandsTo>,
}

/// To whom a caller is handed on; what they are told must be true.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HandsTo {
    /// To somebody, as far as somebody answers.
    Person,
    /// To a machine that takes a message.
    Voicemail,
}

/// What the agent reads about a tool that it asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ToolAnswer {
    /// It was done; this came of it.
    Done(Pii<String>),
    /// The call ends, once the goodbye has been heard.
    EndAllowed,
    /// The call goes on, for the caller has broken in or is on hold.
    EndRefused,
    /// It was not done.
    Refused(ToolRefusal),
}

/// Why a tool was not used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ToolRefusal {
    /// There is no such tool, or it is not permitted.
    Unknown,
    /// The caller has broken in; what was meant then may be wrong now.
    Interrupted,
    /// The call ends, is on hold or is being handed on.
    NotNow,
    /// It does not end yet: something else is not done, or was not.
    Unfinished,
    /// The caller has asked for nothing yet.
    CallerSilent,
    /// So many are enough before the caller speaks again.
    SpentOfTurn,
    /// So many are enough in a call.
    SpentOfCall,
    /// It took too long.
    TimedOut,
    /// The agent that did it by itself is gone.
    Lost,
}

impl ToolRefusal {
    /// A stable word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown_tool",
            Self::Interrupted => "interrupted",
            Self::NotNow => "not_now",
            Self::Unfinished => "unfinished",
            Self::CallerSilent => "caller_silent",
            Self::SpentOfTurn => "too_many_in_turn",
            Self::SpentOfCall => "too_many_in_call",
            Self::TimedOut => "timed_out",
            Self::Lost => "lost",
        }
    }
}

//! Who answered a call, and what became of it.

use super::{CallLog, CallStatus, EndReason, ParseError};

/// Who answered a call.
///
/// The order of the variants is that of merit: of several who answered one
/// call, the greatest is the one it is counted for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum AnsweredBy {
    /// The AI receptionist.
    Ai,
    /// A machine of ours that took a message.
    Voicemail,
    /// Somebody.
    Person,
}

impl AnsweredBy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ai, Self::Voicemail, Self::Person];

    /// `ai`, `voicemail` or `person`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ai => "ai",
            Self::Voicemail => "voicemail",
            Self::Person => "person",
        }
    }
}

impl std::str::FromStr for AnsweredBy {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.into_iter().find(|who| who.as_str() == text);
        found.ok_or(ParseError {
            expected: "ai, voicemail or person",
        })
    }
}

/// What became of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It goes on.
    Open,
    /// It was answered, and by whom.
    Answered(AnsweredBy),
    /// Nobody answered before it was given up.
    Missed,
    /// It could not be made, or there was nobody for it when it was answered.
    Failed,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Open,
        Self::Answered(AnsweredBy::Ai),
        Self::Answered(AnsweredBy::Voicemail),
        Self::Answered(AnsweredBy::Person),
        Self::Missed,
        Self::Failed,
    ];

    /// What is known of a call whose first news is `status`.
    pub fn first(status: CallStatus) -> Self {
        if status == CallStatus::Failed {
            Self::Failed
        } else if status.is_terminal() {
            Self::Missed
        } else {
            Self::Open
        }
    }

    /// What became of `call`.
    pub fn of(call: &CallLog) -> Self {
        if call.ended_at.is_none() && !call.status.is_terminal() {
            return Self::Open;
        }
        let nobody_came = matches!(
            call.end_reason,
            Some(EndReason::AgentUnavailable | EndReason::StreamNeverStarted)
        );
        let was_let_down = call
            .end_reason
            .is_some_and(|why| why.leaves_caller_waiting() && why != EndReason::Transferred);
        match call.answered_by {
            Some(AnsweredBy::Ai) if nobody_came => Self::Failed,
            Some(who) => Self::Answered(who),
            None if was_let_down || call.status == CallStatus::Failed => Self::Failed,
            None => Self::Missed,
        }
    }

    /// `open`, `ai`, `voicemail`, `person`, `missed` or `failed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered(who) => who.as_str(),
            Self::Missed => "missed",
            Self::Failed => "failed",
        }
    }
}

impl std::str::FromStr for Outcome {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == text);
        found.ok_or(ParseError {
            expected: "open, ai, voicemail, person, missed or failed",
        })
    }
}

//! The log of a call: its state, how it ended, what it cost.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    AnsweredBy, Bill, CallId, CallSid, ContactId, Money, ParseError, Party, Pii, ReceptionistId,
    Tag, TenantId, Timestamp, Usage, UserId,
};

/// One call as the log keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct CallLog {
    /// Its name in the database.
    pub id: CallId,
    /// Whose call it is.
    pub tenant_id: TenantId,
    /// The carrier's name for it.
    pub call_sid: CallSid,
    /// Who rang whom.
    pub direction: Direction,
    /// Who rang.
    pub from: Party,
    /// Who was rung.
    pub to: Party,
    /// Whom of the tenant's contacts it was with, by the number.
    pub contact: Option<CallContact>,
    /// Which receptionist answered, or for which one it was placed.
    pub receptionist_id: Option<ReceptionistId>,
    /// Whose call it was, if it was a person's.
    pub user_id: Option<UserId>,
    /// Who answered, once somebody has.
    pub answered_by: Option<AnsweredBy>,
    /// Where it stands.
    pub status: CallStatus,
    /// Why it ended, once it has.
    pub end_reason: Option<EndReason>,
    /// When the carrier first told us of it.
    pub created_at: Timestamp,
    /// When its media stream started.
    pub answered_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How long it lasted by the carrier's count, in seconds.
    pub duration_s: Option<i64>,
    /// What the agent used.
    pub usage: Usage,
    /// What the agent cost, where its price is known.
    pub cost: Option<Money>,
    /// What else it costs, and for which day it counts.
    pub bill: Bill,
    /// What people wrote beside it.
    pub remarks: Remarks,
    /// What whoever placed it wants of it.
    pub wishes: Wishes,
}

impl CallLog {
    /// The two ends of the call: ours, and the person's.
    pub fn ends(&self) -> (&Party, &Party) {
        match self.direction {
            Direction::Inbound => (&self.to, &self.from),
            Direction::Outbound => (&self.from, &self.to),
        }
    }

    /// The member who placed it, if one did: what they have set counts in it.
    pub fn placed_by(&self) -> Option<UserId> {
        self.user_id
            .filter(|_| self.direction == Direction::Outbound)
    }
}

/// What whoever placed a call wants of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Wishes {
    /// Whether it is to be recorded, if they said so.
    pub recording: Option<bool>,
    /// Whether it is to be written down, if they said so.
    pub transcript: Option<bool>,
    /// Names and texts of their own.
    pub metadata: BTreeMap<String, Pii<String>>,
}

/// What people make of a call.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Remarks {
    /// What came of it, in a word of the tenant's own.
    pub disposition: Option<Tag>,
    /// Whatever else there is to say.
    pub notes: Option<Pii<String>>,
    /// Words by which it is found among others, each once.
    pub tags: BTreeSet<Tag>,
}

/// The contact whose number rang, or was rung.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CallContact {
    /// Its name in the database.
    pub id: ContactId,
    /// Their name.
    pub name: Pii<String>,
}

/// Who rang whom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// Somebody rang us.
    Inbound,
    /// We rang somebody.
    Outbound,
}

impl Direction {
    /// `inbound` or `outbound`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

impl std::str::FromStr for Direction {
    type Err = ParseError;

    /// Twilio's `outbound-api` and `outbound-dial` are outbound.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "inbound" => Ok(Self::Inbound),
            _ if text.starts_with("outbound") => Ok(Self::Outbound),
            _ => Err(ParseError {
                expected: "inbound or outbound",
            }),
        }
    }
}

/// Where a call stands, in the order of a call's life.
///
/// The order of the variants is the order of progress; a terminal state is
/// never left ([`CallStatus::merge`]).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum CallStatus {
    /// Accepted, not yet dialled.
    Queued,
    /// On its way.
    Initiated,
    /// Ringing.
    Ringing,
    /// Somebody answered.
    InProgress,
    /// Ended after it had been answered.
    Completed,
    /// The line was engaged.
    Busy,
    /// Nobody answered.
    NoAnswer,
    /// Given up before it was answered.
    Canceled,
    /// Could not be made.
    Failed,
}

impl CallStatus {
    /// Every state, in the order of life.
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Initiated,
        Self::Ringing,
        Self::InProgress,
        Self::Completed,
        Self::Busy,
        Self::NoAnswer,
        Self::Canceled,
        Self::Failed,
    ];

    /// The carrier's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Initiated => "initiated",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Canceled => "canceled",
            Self::Failed => "failed",
        }
    }

    /// Whether the call is over.
    pub fn is_terminal(self) -> bool {
        self >= Self::Completed
    }

    /// The state after hearing `news`, whatever the order in which it came.
    ///
    /// The greater of the two wins, so the result does not depend on the
    /// order of arrival and hearing a thing twice changes nothing.
    #[must_use]
    pub fn merge(self, news: Self) -> Self {
        self.max(news)
    }
}

impl std::str::FromStr for CallStatus {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.into_iter().find(|status| status.as_str() == text);
        found.ok_or(ParseError {
            expected: "a call status, such as in-progress",
        })
    }
}

/// Why a call that we answered came to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EndReason {
    /// The caller hung up.
    CallerHungUp,
    /// The receptionist said goodbye and hung up.
    ReceptionistHungUp,
    /// Nobody spoke for too long.
    Silence,
    /// The longest permitted duration was reached.
    MaxDuration,
    /// The carrier's stream broke off without a word.
    CarrierLost,
    /// The carrier never opened the stream that it was asked for.
    StreamNeverStarted,
    /// The carrier never said that the call was over, and does not know it any
    /// more.
    CarrierStatusLost,
    /// The agent could not be reached, refused us, or was not ready in time.
    AgentUnavailable,
    /// The agent was lost in mid-call.
    AgentLost,
    /// An operator, or the carrier's status, ended it.
    HungUp,
    /// The caller was handed on to somebody else.
    Transferred,
    /// The house was closing.
    Shutdown,
    /// We failed.
    Internal,
    /// The process that had the call died.
    ProcessLost,
}

impl EndReason {
    /// Every reason.
    pub const ALL: [Self; 14] = [
        Self::CallerHungUp,
        Self::ReceptionistHungUp,
        Self::Silence,
        Self::MaxDuration,
        Self::CarrierLost,
        Self::StreamNeverStarted,
        Self::CarrierStatusLost,
        Self::AgentUnavailable,
        Self::AgentLost,
        Self::HungUp,
        Self::Transferred,
        Self::Shutdown,
        Self::Internal,
        Self::ProcessLost,
    ];

    /// A stable word; what follows a full stop narrows what stands before it,
    /// and what stands before names who ended the call.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CallerHungUp => "caller.hung_up",
            Self::ReceptionistHungUp => "receptionist.hung_up",
            Self::Silence => "caller.silence",
            Self::MaxDuration => "limit.max_duration",
            Self::CarrierLost => "carrier.lost",
            Self::StreamNeverStarted => "carrier.stream_never_started",
            Self::CarrierStatusLost => "carrier.status_lost",
            Self::AgentUnavailable => "agent.unavailable",
            Self::AgentLost => "agent.lost",
            Self::HungUp => "operator.hung_up",
            Self::Transferred => "transferred",
            Self::Shutdown => "gateway.shutdown",
            Self::Internal => "gateway.internal",
            Self::ProcessLost => "gateway.lost",
        }
    }

    /// Whether the caller is still on the line, and goes on to somebody else.
    pub fn leaves_caller_waiting(self) -> bool {
        match self {
            Self::CarrierLost
            | Self::AgentUnavailable
            | Self::AgentLost
            | Self::Transferred
            | Self::Shutdown
            | Self::Internal
            | Self::ProcessLost => true,
            Self::CallerHungUp
            | Self::ReceptionistHungUp
            | Self::Silence
            | Self::MaxDuration
            | Self::StreamNeverStarted
            | Self::CarrierStatusLost
            | Self::HungUp => false,
        }
    }

    /// Whether it was our failure that the receptionist has not done what the
    /// caller rang for.
    pub fn owes_call_back(self) -> bool {
        self.leaves_caller_waiting() && self != Self::Transferred
    }

    /// Whether the caller had a receptionist for as long as they wished, or might.
    pub fn is_served(self) -> bool {
        matches!(
            self,
            Self::CallerHungUp | Self::ReceptionistHungUp | Self::Silence | Self::MaxDuration
        )
    }
}

impl std::str::FromStr for EndReason {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.into_iter().find(|reason| reason.as_str() == text);
        found.ok_or(ParseError {
            expected: "an end reason, such as caller.hung_up",
        })
    }
}

//! What is worth writing down of calls, as it is handed to the keeper.

use super::recording_news::RecordingNews;
use super::told::Told;
use crate::domain::{
    AnsweredBy, CallId, CallSid, Consent, EndReason, Money, Pii, ProcessId, ReceptionistId,
    TakenMessageId, TenantId, Timestamp, TurnLatency, Urgency, Usage, UserId, Utterance,
};
use crate::routing::Route;
use crate::store::calls::NewCall;

/// Which call it is about, and whose.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Of {
    pub(super) tenant_id: TenantId,
    pub(super) call_id: CallId,
}

/// Something to be written down.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Note {
    /// A call came while the database was away, and this was decided.
    Opened(Box<Opened>),
    /// The carrier's stream is there.
    Answered(Answered),
    /// Somebody else has answered; which member, if it was one.
    PickedUp {
        of: Of,
        by: AnsweredBy,
        user_id: Option<UserId>,
        at: Timestamp,
    },
    /// Whoever is on the line has said whether they may be recorded.
    Consented { of: Of, consent: Box<Consent> },
    /// A receptionist has taken a message.
    Taken(Box<Taken>),
    /// The caller was handed on, and has come back.
    CameBack { of: Of },
    /// The carrier follows a call that was handed on, to the stop `first`.
    Moved { call_sid: CallSid, first: usize },
    /// The tenant had nothing left to spend on the call.
    Stopped { of: Of, at: Timestamp },
    /// The agent has asked for a tool, and something came of it; the `nth` time
    /// since it has had the call.
    Tool {
        of: Of,
        detail: String,
        nth: u32,
        at: Timestamp,
    },
    /// What the agent has used so far.
    Used {
        of: Of,
        usage: Usage,
        cost: Option<Money>,
    },
    /// This was said, and what is written down from the `first` utterance on is
    /// this now.
    Said {
        of: Of,
        first: usize,
        utterances: Vec<Utterance>,
    },
    /// The call is over.
    Finished(Box<Finished>),
    /// Something became of a recording.
    Recording(Box<RecordingNews>),
    /// The carrier has told of something.
    Told(Box<Told>),
}

impl Note {
    /// Whether it is written with others: a row or two of a call that goes on, for which
    /// nobody waits.
    pub(super) fn is_light(&self) -> bool {
        match self {
            Self::Said { .. } | Self::Used { .. } | Self::Tool { .. } | Self::Stopped { .. } => {
                true
            }
            Self::Opened(_)
            | Self::Answered(_)
            | Self::PickedUp { .. }
            | Self::Consented { .. }
            | Self::Taken(_)
            | Self::CameBack { .. }
            | Self::Moved { .. }
            | Self::Finished(_)
            | Self::Recording(_)
            | Self::Told(_) => false,
        }
    }
}

/// A call that came while the database was away.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Opened {
    pub(super) call: NewCall,
    pub(super) route: Route,
    /// Which process has it, where that is known.
    pub(super) process: Option<ProcessId>,
}

/// A receptionist has answered a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Answered {
    pub(super) of: Of,
    /// Which; none where it was written down before that was.
    pub(super) receptionist_id: Option<ReceptionistId>,
    pub(super) at: Timestamp,
}

/// What a caller has had written down for somebody.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Taken {
    pub(super) of: Of,
    pub(super) id: TakenMessageId,
    /// Which wish of its call it was.
    pub(super) ordinal: i64,
    pub(super) caller_name: Pii<String>,
    pub(super) callback: Option<Pii<String>>,
    pub(super) reason: Pii<String>,
    pub(super) urgency: Urgency,
    pub(super) at: Timestamp,
}

/// All that is known of a call that is over.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Finished {
    pub(super) of: Of,
    /// What the note that the caller is to be called back is named, if there is one.
    pub(super) note_id: TakenMessageId,
    pub(super) at: Timestamp,
    pub(super) end_reason: EndReason,
    pub(super) usage: Usage,
    pub(super) cost: Option<Money>,
    /// Turns of the time before the caller came back have lower numbers.
    pub(super) first_turn: usize,
    pub(super) utterances: Vec<Utterance>,
    pub(super) latencies: Vec<TurnLatency>,
}

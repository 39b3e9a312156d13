//! What happens in the house right now, for whoever watches.

use std::time::Duration;

use super::feed::EventId;
use crate::call::Report;
use crate::domain::{
    AnsweredBy, CallId, CallStatus, EndReason, QueueId, RecordingState, Side, TenantId, Timestamp,
    UserId,
};

/// Something that happened in a live call.
#[derive(Clone, Debug)]
pub struct LiveEvent {
    /// Its place among all events.
    pub id: EventId,
    /// In which call.
    pub call_id: CallId,
    /// Whose call it is; nobody else may see it.
    pub tenant_id: TenantId,
    /// When, counted from the call's first webhook.
    pub at: Duration,
    /// The time of day.
    pub time: Timestamp,
    /// What.
    pub what: Happening,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Happening {
    /// We call somebody; for that member, if it is one's.
    Placed(Option<UserId>),
    /// The call came, and goes there first: to people, a queue, a flow, voicemail.
    Routed(&'static str),
    /// The caller waits in that queue for whoever is free.
    Queued(QueueId),
    /// The caller waits no longer, and no member has the call.
    Dequeued,
    /// Somebody else than the agent has it from now on; which member, if it is one.
    Taken(AnsweredBy, Option<UserId>),
    /// Of two people one waits, or waits no longer.
    Held(bool),
    /// Of two people one is not heard by the other, or is again.
    Muted(Side, bool),
    /// The carrier says that it is over, and how.
    Closed(CallStatus),
    /// The call's task was born and dials the agent.
    Admitted,
    /// The carrier's stream is there.
    Answered,
    /// What the machine reports.
    Reported(Report),
    /// It is being recorded, or is not any more.
    Recording(Option<RecordingState>),
    /// The call is over.
    Ended(EndReason),
}

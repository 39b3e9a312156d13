//! What happens in the house right now, for whoever watches.

use std::time::Duration;

use crate::call::Report;
use crate::domain::{CallId, EndReason, TenantId};

/// Something that happened in a live call.
#[derive(Clone, Debug)]
pub struct LiveEvent {
    /// In which call.
    pub call_id: CallId,
    /// Whose call it is; nobody else may see it.
    pub tenant_id: TenantId,
    /// When, counted from the call's first webhook.
    pub at: Duration,
    /// What.
    pub what: Happening,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Happening {
    /// The call's task was born and dials the agent.
    Admitted,
    /// The carrier's stream is there.
    Answered,
    /// What the machine reports.
    Reported(Report),
    /// The call is over.
    Ended(EndReason),
}

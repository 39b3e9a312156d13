//! A call that asks to be let in, and why it may not be.

use super::past::Past;
#[cfg(test)]
use crate::clock::Clock;
use crate::domain::{CallId, CallSid, Consent, Contact, Direction, Receptionist, TenantId};
#[cfg(test)]
use crate::store::default_receptionist;

/// A call that asks to be let in.
#[derive(Clone, Debug)]
pub struct Admission {
    /// Its name in the log.
    pub call_id: CallId,
    /// Whose call it is.
    pub tenant_id: TenantId,
    /// The carrier's name for it.
    pub call_sid: CallSid,
    /// Among the stops of its route, where it is let in.
    pub stop: usize,
    /// Who rang whom.
    pub direction: Direction,
    /// Who answers.
    pub receptionist: Receptionist,
    /// Who is at the other end, if the tenant knows them.
    pub contact: Option<Contact>,
    /// What was said before, if the caller comes back from a place where nobody
    /// has taken the call.
    pub past: Option<Past>,
    /// The consent on whose ground the call is recorded from its beginning, if it
    /// is.
    pub recording: Option<Consent>,
}

/// Why a call is not let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// Every place is taken.
    #[error("every place is taken")]
    Full,
    /// The house is closing.
    #[error("the house is closing")]
    Draining,
    /// No receptionist is configured.
    #[error("no receptionist is configured")]
    NobodyAnswers,
    /// The tenant does not want to hear from this caller.
    #[error("the caller is blocked")]
    Blocked,
    /// The tenant has used as much as it may.
    #[error("the tenant has used as much as it may")]
    Spent,
    /// The call is over already.
    #[error("the call is over")]
    Over,
}

impl Refusal {
    /// What it is counted under.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Full => "house.full",
            Self::Draining => "house.draining",
            Self::NobodyAnswers => "receptionist.missing",
            Self::Blocked => "caller.blocked",
            Self::Spent => "tenant.spent",
            Self::Over => "call.over",
        }
    }
}

/// How many calls there are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Counts {
    /// Calls that have a task.
    pub live: usize,
    /// How many there may be.
    pub capacity: usize,
    /// Whether no more are let in.
    pub is_draining: bool,
}

/// Why a stream is not let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum AttachError {
    /// No such call is waiting for a stream.
    #[error("no such call is live")]
    UnknownCall,
    /// The token is missing, wrong, spent or expired.
    #[error("the stream token is missing, wrong, spent or expired")]
    Token,
}

#[cfg(test)]
impl Admission {
    /// Somebody who rings, for tests.
    pub(super) fn of_a_stranger(clock: &Clock) -> Self {
        let tenant_id = clock.new_id();
        Self {
            call_id: clock.new_id(),
            tenant_id,
            call_sid: "CA1".parse().unwrap(),
            stop: 0,
            direction: Direction::Inbound,
            receptionist: default_receptionist(tenant_id, clock.new_id()),
            contact: None,
            past: None,
            recording: None,
        }
    }
}

//! Everything about a call that was decided before it was answered.

use std::time::Duration;

use crate::domain::{Limits, SilencePolicy};

/// What the machine must know of the route and the receptionist.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CallPlan {
    /// What happens when nobody speaks.
    pub silence: SilencePolicy,
    /// How long the call may last.
    pub limits: Limits,
    /// Who tells the agent that it was interrupted.
    pub interruption: Interruption,
    /// Whether the key 0, alone, asks for a person.
    pub has_zero_key: bool,
    /// Whether the caller comes back from a place where nobody took the call.
    pub is_back: bool,
    /// Another agent takes over after so long, before the service ends the session.
    pub renew_after: Duration,
    /// Anything, and another for each call: what keeps calls apart that would
    /// do the same thing at the same moment.
    pub seed: u64,
}

/// What a caller has had of a call, as far as limits hold for all of it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Spent {
    /// How many tools the agents have asked for.
    pub tools: u32,
    /// How often the caller has asked for a person, in words.
    pub asked: u32,
}

/// What an agent needs from us when the caller breaks in.
///
/// Whatever it is, the carrier's buffer is cleared and our backlog dropped.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Interruption {
    /// It stops by itself; we tell it how much was heard.
    #[default]
    Truncate,
    /// It must be told to stop, and how much was heard.
    CancelAndTruncate,
    /// It hears the caller while it speaks and settles the matter itself.
    Agent,
}

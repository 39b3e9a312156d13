//! Everything about a call that was decided before it was answered.

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
    /// Anything, and another for each call: what keeps calls apart that would
    /// do the same thing at the same moment.
    pub seed: u64,
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

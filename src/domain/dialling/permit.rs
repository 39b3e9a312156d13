//! The proof that somebody may be rung.

use std::time::Duration;

use crate::domain::PhoneNumber;

/// Somebody may be rung, once, for so long. Only the gate makes one.
#[derive(Debug, Eq, PartialEq)]
pub struct Permit {
    to: PhoneNumber,
    longest: Duration,
}

impl Permit {
    pub(super) fn new(to: &PhoneNumber, longest: Duration) -> Self {
        Self {
            to: to.clone(),
            longest,
        }
    }

    /// Who is rung.
    pub fn to(&self) -> &PhoneNumber {
        &self.to
    }

    /// The call is over by then.
    pub fn longest(&self) -> Duration {
        self.longest
    }
}

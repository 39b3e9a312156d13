//! The proof that somebody may be rung.

use std::time::Duration;

use crate::domain::PhoneNumber;

/// Somebody may be rung, once, for so long. Only the gate makes one, and nobody is rung,
/// by whatever way, without one.
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

    /// A permit that the gate gave before, and that was written down with the place
    /// on a route where its telephone rings.
    pub fn kept(to: &PhoneNumber, longest: Duration) -> Self {
        Self::new(to, longest)
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

//! What the addresses that we give the carrier say of a telephone that rings for a caller.

use crate::webhooks::at::{At, Terms};

/// A telephone that rings for a caller.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leg {
    /// Its place among all that do.
    pub(super) ordinal: usize,
    /// On what terms whoever answers it would speak with them.
    pub(super) terms: Terms,
}

impl Leg {
    /// The one that an address of ours is about.
    pub(super) fn of(at: &At) -> Self {
        Self {
            ordinal: at.telephone,
            terms: at.terms,
        }
    }

    /// As an address says it, behind what is there already.
    pub(super) fn query(self) -> String {
        format!("&leg={}{}", self.ordinal, self.terms.query())
    }
}

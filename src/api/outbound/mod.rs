//! `/api/calls/outbound`: calls that we make, and whom the tenant allows to be rung.
//!
//! **Invariant:** whoever is rung went through [`gate`], and is written down
//! before the carrier is asked.

mod answerer;
mod body;
mod gate;
mod number;
pub(super) mod place;
pub(super) mod policy;
pub(super) mod queue;
mod record;

pub(super) use gate::{cleared, closed_to_callers, refused};
pub(super) use number::writer;

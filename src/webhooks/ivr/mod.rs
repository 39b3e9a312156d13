//! Leads callers through flows: what came of the last step makes the next.
//!
//! An address that we give the carrier names the stop of the route, the node
//! and the step. What was kept at that step is in the [`Journal`], and in the
//! database for another process, so that the same request has the same answer.

mod document;
mod errand;
mod follow;
mod journal;
mod simulate;
mod text;

pub(super) use follow::{enter, heard, resume, stop_at};
pub(super) use journal::Course;
pub use journal::Journal;
pub use simulate::simulator;

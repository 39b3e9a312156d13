//! Leads callers through flows: what came of the last step makes the next.
//!
//! An address that we give the carrier names the stop of the route, the node
//! and the step. What was kept at that step is in the [`Trails`], and in the
//! database for another process, so that the same request has the same answer.

mod document;
mod errand;
mod follow;
mod simulate;
mod text;
mod trails;

pub(super) use follow::{enter, heard, resume, stop_at};
pub use simulate::simulator;
pub(super) use trails::Course;
pub use trails::Trails;

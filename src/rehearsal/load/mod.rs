//! Many calls at once, on a clock finer than the gateway's own: a load.
//!
//! The simulators of [`super::carrier`] and [`super::model`] judge every word;
//! these two only count, and cost less than what they measure. Both ends of
//! every call live on one thread with one clock, so that the time which the
//! gateway adds is a difference of two readings: a frame is followed from the
//! carrier's socket to the model's, and a piece of speech back.
//!
//! A call goes through rounds of eight seconds. The model answers for four
//! seconds, which arrive four times as fast; in every other round the caller
//! breaks in after two. The caller's frames come every 20 ms throughout, as
//! a carrier sends them. The calls are spread evenly over the rounds and over
//! the 20 ms. Where callers [talk](LoadPlan::talk) only so long, others take
//! their places.
//!
//! Some [more](LoadPlan::floods) may flood the gateway from both ends, as no peer
//! should: they are in no figure but what they do to the others. And a [storm](LoadPlan::storm)
//! of callers may find no place while the calls are measured.

mod agenda;
mod calls;
mod flood;
mod lane;
mod line;
mod plan;
mod report;
mod runner;
mod score;
mod sockets;
mod storm;
mod tally;
mod voice;

pub use plan::LoadPlan;
pub use report::{Flooded, Going, LoadReport, Quantiles};
pub use runner::{Load, LoadError, Progress};

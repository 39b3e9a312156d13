//! What admins and machines call.
//!
//! A file a resource. A handler is about a page long: it asks the store, and
//! says what it found in a struct of its own, because what a stranger reads is
//! a promise. [`router()`] has every route. [`Operator`] says whose rows a
//! request may see, [`ApiError`] what a refusal looks like.

mod calls;
mod extract;
mod health;
mod metrics;
mod operator;
mod problem;
mod problems;
mod request_id;
mod router;
mod state;

pub use extract::{Json, Path, Query};
pub use operator::Operator;
pub use problem::{ApiError, Fault};
pub use request_id::{RequestId, name_request};
pub use router::router;
pub use state::{ApiState, Live, LiveCounts, Rendering};

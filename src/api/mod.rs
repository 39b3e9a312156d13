//! What admins and machines call.

mod extract;
mod problem;
mod problems;
mod request_id;
mod router;

pub use extract::{Json, Path, Query};
pub use problem::{ApiError, Fault};
pub use request_id::{RequestId, name_request};
pub use router::router;

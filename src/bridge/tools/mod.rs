//! What is done for an agent beside speaking: each tool in a file.
//!
//! **Invariant:** whether something is permitted is decided here once more, by
//! the tenant, the receptionist and the call that the house knows of, and by
//! nothing that the agent or the caller has said.
//!
//! **Invariant:** what the agent reads is one line of JSON, however long and
//! whatever its source; it holds neither control characters nor angle brackets.

mod answer;
mod contact;
mod hours;
mod http;
mod message;
mod schema;
mod text;
mod toolbox;
mod transfer;

pub use schema::check_parameters;
pub use toolbox::Toolbox;
pub(super) use toolbox::{Ask, Done};

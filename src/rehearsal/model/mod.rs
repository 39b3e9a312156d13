//! A simulated realtime speech model, as strict as the real service.
//!
//! [`ModelServer`] speaks the interface of
//! <https://platform.openai.com/docs/guides/realtime> over a real loopback
//! socket: it listens with a detector of its own, answers with the lines of
//! its [`ModelOptions`], refuses what the service refuses, with the same words,
//! and keeps a [`SessionRecord`] of everything. It does not understand speech:
//! what the caller said is in the options.

mod brain;
mod brain_input;
mod brain_items;
mod brain_mcp;
mod brain_output;
mod brain_response;
mod client_event;
mod connection;
mod conversation;
mod ear;
mod item_shape;
mod options;
mod plan;
mod record;
mod refusal;
mod response;
mod server;
mod session_object;
mod session_rules;
mod session_shape;
mod upgrade;
mod vad;

pub use options::{Ending, Failure, Garbage, Line, McpCall, McpEnd, ModelOptions, Stall, ToolCall};
pub use record::{
    Appended, CallerTurn, Deletion, ItemRecord, RefusalRecord, ResponseRecord, SessionRecord,
    Truncation,
};
pub use server::{ModelServer, TimedOut};

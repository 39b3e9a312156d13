//! One call as a machine: events in, actions out; no socket, no clock, no error.
//!
//! # The protocol of use
//!
//! A driver owns the sockets, the clock and one [`Session`]. It repeats:
//!
//! 1. hand the machine *one* event, [`Session::handle_event`], or tell it that
//!    its time has come, [`Session::handle_timeout`];
//! 2. drain [`Session::poll_action`] until it is empty, and do what it says;
//! 3. set its one timer to [`Session::poll_timeout`].
//!
//! What needs the world is an [`Action`]; what the world answers is an
//! [`Event`]. The machine speaks of carrier and agent, never of Twilio or
//! OpenAI; two adapters in `bridge` translate.
//!
//! # Invariants
//!
//! Whatever the order of events, and `tests/calls.rs` tries:
//!
//! - **Invariant:** an agent is never told that more of an item was heard than
//!   was received of it; where nothing was heard the item is deleted instead.
//! - **Invariant:** no audio of an interrupted response follows its `Clear`.
//! - **Invariant:** nothing follows [`Action::End`], which comes once.
//! - **Invariant:** the lead over what is being played stays under
//!   [`MAX_LEAD`], and every queue is bounded.
//!
//! # The parts
//!
//! Each memory has its own file: [`intake`] (what the caller sends),
//! [`playback`] and [`playhead`] (what was sent to the caller and what was
//! heard), [`behind`] (what it does not take), [`turn`] (whose turn it is),
//! [`response`], [`barge_in`], [`silence`], [`dtmf`], [`tool`] and
//! [`tool_memory`] (what the agent asks for), [`agent_act`] (what it does by
//! itself), [`person`] (what the caller asks for), [`ending`], [`oversight`],
//! [`transcript`], [`timers`], [`link`] (whether there is an agent), [`wait`]
//! (what the caller hears while nobody answers). [`session`] only dispatches.
//! [`tape`] stands beside it: what of a call is recorded, and where.

mod action;
mod agent_act;
mod barge_in;
mod behind;
mod dtmf;
mod ending;
mod event;
mod intake;
mod keys;
mod latency;
mod link;
mod oversight;
mod person;
mod plan;
mod playback;
mod playhead;
mod response;
mod session;
mod silence;
mod tape;
mod timers;
mod tool;
mod tool_end;
mod tool_memory;
mod transcript;
mod turn;
mod wait;

pub use action::{
    Action, AgentAction, CarrierAction, Notice, Phrase, Recalled, Reply, Report, ToolAction,
};
pub use agent_act::AgentAct;
pub use event::{Event, Order, Outcome, Refused};
pub use keys::{ItemKey, Mark, ResponseKey, ToolKey};
pub use plan::{CallPlan, Interruption, Spent};
pub use playback::MAX_LEAD;
pub use session::Session;
pub use tape::{PIECE, Piece, Snippet, Tape, Track};
pub use tool_end::{Errand, HandsTo, ToolAnswer, ToolEnd, ToolRefusal};

use agent_act::Doer;

//! Flows: what a caller is told and asked, key by key, until somebody has the call.
//!
//! A [`Flow`] is nodes and the edges between them. [`check()`] says what is
//! wrong with one, node by node. [`walk()`] takes a call through it: from where
//! the call is ([`State`]) and what came of that ([`Input`]) to the next moment
//! at which the world has to do something ([`Next`]). The carrier's webhooks
//! and the simulation ask the same function.
//!
//! **Invariant:** a walk ends, whatever the flow, the state and the input are;
//! and one through a flow without faults only leaves the flow where an exit of
//! a hand-over leads nowhere.
//!
//! Deliberately absent: what is spoken and dialled, which `webhooks` says in
//! TwiML; and whatever takes time, such as asking somebody by HTTP.

mod check;
mod exit;
mod flow;
mod listen;
mod loops;
mod next;
mod node;
mod state;
mod template;
mod walk;
mod world;

pub use check::{Fault, check};
pub use exit::{Exit, NodeId};
pub use flow::{Edge, Flow, Node, Position, Published};
pub use next::{Asked, Listening, Next, Rest, Why};
pub use node::{
    Case, Collect, Comparison, Field, Header, HttpAsk, Kind, Menu, Method, Prompt, Synonyms, Test,
    Words,
};
pub use state::{CallerFacts, State, Tried, Variables};
pub use walk::{Input, Outcome, Passage, Walk, walk};
pub use world::World;

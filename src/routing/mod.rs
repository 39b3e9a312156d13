//! Where a call goes: a number, its tenant, a caller and a moment make a [`Route`].
//!
//! [`route()`] is one pure function, asked by the carrier's webhook and by the
//! preview, so that neither can tell another story than the other. It goes by
//! a [`Plan`] and what is known beside it ([`Facts`]), and says in [`Step`]s
//! why it came out as it did.
//!
//! A stop may be a flow, through which [`ivr`] leads the caller in the same way:
//! one pure function from step to step.
//!
//! **Invariant:** a route has at least one stop, its last one ends the call,
//! and whoever follows it only ever goes forward.
//!
//! Deliberately absent: what is spoken and dialled, which `webhooks` says in
//! TwiML; and whether a stop succeeds, which only the telephone can tell.

mod allowance;
mod decide;
mod facts;
pub mod ivr;
mod plan;
mod route;
mod rules;
mod steps;

pub use allowance::Allowance;
pub use decide::route;
pub use facts::{Caller, Facts};
pub use plan::{
    Action, CallerId, Condition, Forward, Plan, Reference, Refusal, Ring, Rule, Strategy, Target,
    Times, Users, Voice,
};
pub use route::{AiStop, Handover, IvrStop, QueueStop, RingStop, Route, Stop, Telephone};
pub use steps::Step;

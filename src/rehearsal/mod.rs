//! A simulated carrier, its REST interface and a simulated model, speaking the real protocols.
//!
//! All are strict: what the real one would refuse or warn of, they report as
//! a violation, and behave as the real one does. They share no type with
//! [`crate::twilio`] and [`crate::realtime`], so that they can judge them.

mod agreement;
pub mod carrier;
mod codec;
mod exchange;
pub mod load;
pub mod model;
mod moment;
mod names;
pub mod rest;
mod speech;
mod spoken;

pub use agreement::{TruncationError, truncation_error};
pub use codec::WireFormat;
pub use exchange::Exchange;
pub use names::Keep;
pub use speech::{CALLER, Clip, RECEPTIONIST};
pub use spoken::Spoken;

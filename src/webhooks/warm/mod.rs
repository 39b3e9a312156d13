//! A caller waits with music until somebody has taken their call, or nobody has: warm transfers.
//!
//! The caller waits in a queue of their own ([`caller`]). When the carrier asks what they
//! hear there, somebody is rung by a call of ours ([`ringing`]), hears who it is and why,
//! and is connected by a key ([`person`]). Where nobody is, the caller is led on along the
//! route: at once by what we tell the carrier's account, or else by the next answer to what
//! they hear.
//!
//! Every step is decided in the database
//! ([`warm_transfers`](crate::store::warm_transfers)), so that whatever is asked twice, late
//! or at another process, one of all who could lead a caller on does so, and nobody is rung
//! twice. Whoever is still rung for a caller who is gone is hung up.

mod caller;
mod leg;
mod person;
mod ringing;

pub(super) use caller::{back, caller_gone, enqueue, left, wait};
pub(super) use person::{accepted, answered, connecting, done, machine, stands};

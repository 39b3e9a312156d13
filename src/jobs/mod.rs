//! Durable work: asked for in the database, done by whichever process comes first.
//!
//! Whoever changes something that has a consequence asks for a job in the same
//! transaction ([`store::jobs::enqueue`](crate::store::jobs::enqueue)), so that
//! neither is there without the other. A [`Runner`] in each process takes what
//! is due, a few jobs at a time, and hands each to its [`Worker`]; what comes of
//! it is `done`, `again` at a later time, or a [`Failure`] that says whether
//! another try is worth anything. What fails is tried again after pauses that
//! double up to an hour, and is buried after three days.
//!
//! **Invariant:** a job is done by one process at a time. One that dies over it
//! leaves it locked for five minutes, and then it is done again: every job is
//! written to be run twice.
//!
//! Two things are asked for by no row. What a process that died has spooled of its
//! calls: each process [looks](JobHouse::watch_spools) for that in its own folder. And
//! the calls that it had: each process says every second that it lives, and [sees](Watch)
//! to the calls of those that do not any more.
//!
//! | job | when | what |
//! |---|---|---|
//! | [`carrier_price`] | after a call | what the carrier charged, asked for until it says so |
//! | [`early_news`] | after it was told | what was told of a call that nobody knew: told again |
//! | [`message_sound`] | after a message | its sound is fetched, and written down as text |
//! | [`forgotten_message`] | after a deletion | its sound goes, here and at the carrier |
//! | [`spooled_recording`] | after a recording | what was spooled becomes a file |
//! | [`forgotten_recording`] | after a deletion | its file goes |
//! | [`sms_to_send`] | at once | a text message goes out, once |
//! | [`open_calls`] | every minute | calls without an end: the carrier is asked for it |
//! | [`quota_alerts`] | every minute | who has come near to a limit is told once |
//! | [`retention`] | every day | what was kept long enough is deleted |
//! | [`uncounted_calls`] | every ten minutes | calls that are over and count for nobody yet |

mod carrier_price;
mod carrier_recording;
mod early_news;
mod forgotten_message;
mod forgotten_recording;
mod house;
mod kept_recording;
mod left_calls;
mod left_spools;
mod message_sound;
mod open_calls;
mod process;
mod quota_alerts;
mod recorded_words;
mod retention;
mod runner;
mod sms_to_send;
mod spooled_recording;
mod uncounted_calls;
mod vitals;
mod worker;

pub use house::{JobHouse, TellAgain};
pub use left_calls::Watch;
pub use process::Process;
pub use runner::Runner;
pub use worker::{Failure, Next, Worker};

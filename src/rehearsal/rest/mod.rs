//! The carrier's REST interface, simulated: one account, as strict as the real one.
//!
//! A [`RestServer`] answers on a loopback port as
//! <https://www.twilio.com/docs/usage/api> says. What the real one would
//! refuse, it refuses, by the same code; what the real one would swallow
//! without a word, such as a parameter that does not exist, it keeps as a
//! violation. It can be told to fail in every way that leaves a client in
//! doubt ([`RestFault`]). Nothing rings, and nobody pays; but what a call is told
//! reaches it where a simulated carrier plays it ([`LiveCalls`]).

mod account;
mod answer;
mod calls;
mod conferences;
mod ledger;
pub(super) mod live;
mod messages;
mod numbers;
mod options;
mod queues;
mod recordings;
mod request;
mod rules;
mod server;

pub use account::{
    OwnedNumber, RestCall, RestConference, RestMessage, RestParticipant, RestRecording,
};
pub use live::LiveCalls;
pub use options::{ForSale, RestFault, RestOptions};
pub use request::{RestExchange, RestRequest};
pub use server::RestServer;

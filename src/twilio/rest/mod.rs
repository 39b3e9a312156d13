//! Twilio's REST interface: an account's numbers, calls, queues, messages and recordings.
//!
//! A [`Client`] speaks for one [`Account`]. Its functions are named after what
//! they do at Twilio; each answers in types of this house, or with an
//! [`Error`] that says whether anything happened.
//!
//! **Invariant:** what makes something is not sent again once Twilio may have
//! acted on it. A purchase, a call or a message whose answer was lost is
//! [`Error::Unknown`]: whoever asked for it looks before asking again.
//!
//! **Invariant:** numbers, words and credentials print as dots, in errors too.
//!
//! See <https://www.twilio.com/docs/iam/api> and, for the shapes,
//! `spec/json/twilio_api_v2010.json` of <https://github.com/twilio/twilio-oai>.

mod account;
mod address;
mod calls;
mod client;
mod conferences;
mod error;
mod messages;
mod numbers;
mod page;
mod patience;
mod price;
mod queues;
mod read;
mod recordings;
mod request;

pub use account::Account;
pub use calls::{Call, CallUpdate, Instructions, NewCall, StatusCallback};
pub use client::Client;
pub use conferences::{Conference, Participant, ParticipantUpdate};
pub use error::{Cause, Error, Refusal, if_there};
pub use messages::{Message, NewMessage};
pub use numbers::{
    AvailableNumber, IncomingNumber, NumberKind, NumberSettings, NumberWebhooks, Search,
};
pub use page::Listing;
pub use patience::{Jitter, Patience};
pub use price::Price;

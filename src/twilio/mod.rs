//! Twilio's words: what it sends us, what we answer, and proof that it was Twilio.
//!
//! Everything here is a value or a function of values, [`rest`] excepted,
//! which holds a socket.
//!
//! - [`media_stream`]: the JSON messages of a media stream, both ways.
//! - [`twiml`]: the documents that tell Twilio what to do with a call.
//! - [`webhook`]: the forms that Twilio posts.
//! - [`signature`]: `X-Twilio-Signature`, checked and made.
//! - [`rest`]: what we ask of Twilio.
//!
//! Vocabularies are closed enums that print and parse in Twilio's spelling;
//! what Twilio may extend at any time stays text. Unknown fields, parameters
//! and events are never an error: Twilio adds some without notice, and
//! compatible carriers have their own.

pub mod media_stream;
pub mod rest;
pub mod signature;
pub mod twiml;
pub mod webhook;

mod words;

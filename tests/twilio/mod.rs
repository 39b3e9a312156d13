//! Twilio's words, there and back.

mod documents;
mod media_stream;
mod oracle;
mod rest;
mod signature;
mod twiml;
mod vocabularies;
mod webhook;

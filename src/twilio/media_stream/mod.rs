//! Twilio Media Streams: the JSON text messages on the carrier's WebSocket.
//!
//! [`parse`] reads what the carrier sends and borrows from the text wherever
//! it can; a media message costs no allocation until its payload is decoded.
//! [`write_media`], [`write_mark`] and [`write_clear`] write into a buffer that
//! is used again and again.
//!
//! **Invariant:** no text, however hostile, makes this room panic; and what it
//! writes has exactly the documented keys, for Twilio ignores a message that
//! has others (warning 31951).
//!
//! See <https://www.twilio.com/docs/voice/media-streams/websocket-messages>.

mod engine;
mod glance;
mod inbound;
mod outbound;
mod start;
mod text;

pub use inbound::{Error, Inbound, Media, Message, Track, parse, parse_message};
pub use outbound::{write_clear, write_mark, write_media};
pub use start::{MediaFormat, Start};

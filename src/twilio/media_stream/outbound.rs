//! What we send: sound, marks, and the order to be silent.
//!
//! Exactly the documented keys; see
//! <https://www.twilio.com/docs/voice/media-streams/websocket-messages#send-websocket-messages-to-twilio>.

use std::fmt::{self, Display, Write as _};

use bytes::BytesMut;

use crate::domain::StreamSid;

use super::engine;

/// Writes a `media` message; `out` then holds exactly it.
///
/// `mulaw` is raw mu-law at 8 kHz, one voice, without a file header, of any
/// length. The base64 goes straight into `out`, which keeps its capacity, so
/// that a buffer used again is not allocated again.
pub fn write_media(out: &mut BytesMut, stream_sid: &StreamSid, mulaw: &[u8]) {
    open(out, b"media", stream_sid);
    out.extend_from_slice(br#","media":{"payload":""#);
    engine::encode(mulaw, out);
    out.extend_from_slice(br#""}}"#);
}

/// Writes a `mark` message; `out` then holds exactly it.
///
/// The carrier sends the name back when all that was sent before it has been
/// played, and also when it was thrown away by a `clear`.
pub fn write_mark(out: &mut BytesMut, stream_sid: &StreamSid, name: impl Display) {
    open(out, b"mark", stream_sid);
    out.extend_from_slice(br#","mark":{"name":""#);
    write!(Escaped(out), "{name}").expect("a buffer takes every write");
    out.extend_from_slice(br#""}}"#);
}

/// Writes a `clear` message; `out` then holds exactly it.
///
/// The carrier drops what it has not played and returns the pending marks.
pub fn write_clear(out: &mut BytesMut, stream_sid: &StreamSid) {
    open(out, b"clear", stream_sid);
    out.extend_from_slice(b"}");
}

/// The alphabet of a [`StreamSid`] has nothing that JSON would have to escape.
fn open(out: &mut BytesMut, event: &[u8], stream_sid: &StreamSid) {
    out.clear();
    out.extend_from_slice(br#"{"event":""#);
    out.extend_from_slice(event);
    out.extend_from_slice(br#"","streamSid":""#);
    out.extend_from_slice(stream_sid.as_str().as_bytes());
    out.extend_from_slice(b"\"");
}

/// The inside of a JSON string.
struct Escaped<'a>(&'a mut BytesMut);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            match byte {
                b'"' | b'\\' => self.0.extend_from_slice(&[b'\\', byte]),
                0..=0x1f => write!(self.0, "\\u{byte:04x}")?,
                _ => self.0.extend_from_slice(&[byte]),
            }
        }
        Ok(())
    }
}

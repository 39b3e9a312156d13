//! What we send: sound, marks, and the order to be silent.
//!
//! Exactly the documented keys; see
//! <https://www.twilio.com/docs/voice/media-streams/websocket-messages#send-websocket-messages-to-twilio>.

use std::fmt::Write as _;

use base64::Engine as _;

use crate::domain::StreamSid;

use super::engine::BASE64;

/// Writes a `media` message; `out` then holds exactly it.
///
/// `mulaw` is raw mu-law at 8 kHz, one voice, without a file header, of any
/// length. The base64 goes straight into `out`, which keeps its capacity, so
/// that a buffer used again is not allocated again.
pub fn write_media(out: &mut String, stream_sid: &StreamSid, mulaw: &[u8]) {
    open(out, "media", stream_sid);
    out.push_str(r#","media":{"payload":""#);
    BASE64.encode_string(mulaw, out);
    out.push_str(r#""}}"#);
}

/// Writes a `mark` message; `out` then holds exactly it.
///
/// The carrier sends the name back when all that was sent before it has been
/// played, and also when it was thrown away by a `clear`.
pub fn write_mark(out: &mut String, stream_sid: &StreamSid, name: &str) {
    open(out, "mark", stream_sid);
    out.push_str(r#","mark":{"name":""#);
    push_escaped(out, name);
    out.push_str(r#""}}"#);
}

/// Writes a `clear` message; `out` then holds exactly it.
///
/// The carrier drops what it has not played and returns the pending marks.
pub fn write_clear(out: &mut String, stream_sid: &StreamSid) {
    open(out, "clear", stream_sid);
    out.push('}');
}

/// The alphabet of a [`StreamSid`] has nothing that JSON would have to escape.
fn open(out: &mut String, event: &str, stream_sid: &StreamSid) {
    out.clear();
    out.push_str(r#"{"event":""#);
    out.push_str(event);
    out.push_str(r#"","streamSid":""#);
    out.push_str(stream_sid.as_str());
    out.push('"');
}

fn push_escaped(out: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..='\x1f' => {
                write!(out, "\\u{:04x}", u32::from(letter)).expect("a String takes every write");
            }
            _ => out.push(letter),
        }
    }
}

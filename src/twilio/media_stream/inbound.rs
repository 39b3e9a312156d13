//! What the carrier sends: one message, read without copying.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::engine::BASE64;
use super::glance;
use super::start::{Start, StartBody};
use super::text::{Text, Whole};

/// One message of the carrier.
#[derive(Clone, Debug, PartialEq)]
pub enum Inbound<'a> {
    /// The first message of a connection; says nothing of the call.
    Connected,
    /// Names the call and its stream; comes once.
    Start(Start),
    /// A frame of the caller's voice.
    Media(Media<'a>),
    /// The caller pressed a key.
    Dtmf {
        /// `0` to `9`, `*`, `#` or `A` to `D`.
        digit: char,
    },
    /// All that was sent before this mark has been played, or was cleared.
    Mark {
        /// The name that we gave it.
        name: Cow<'a, str>,
    },
    /// The stream ends; the carrier closes the socket next.
    Stop,
    /// An event that these words do not have. Not an error.
    Unknown {
        /// What it calls itself.
        event: Cow<'a, str>,
    },
}

/// One message, and what every message carries beside its event.
#[derive(Clone, Debug, PartialEq)]
pub struct Message<'a> {
    /// The stream that it speaks of; `connected` speaks of none.
    pub stream_sid: Option<Cow<'a, str>>,
    /// Its place among all messages of the stream, from 1.
    pub sequence_number: Option<u64>,
    /// What it says.
    pub inbound: Inbound<'a>,
}

/// A frame of sound, usually 20 ms.
#[derive(Clone, PartialEq)]
pub struct Media<'a> {
    /// The stream that it belongs to.
    pub stream_sid: Option<Cow<'a, str>>,
    /// Whose voice it is.
    pub track: Track,
    /// Milliseconds since the stream started. Gaps are silence or loss, so
    /// count time by this and never by the number of frames.
    pub timestamp_ms: Option<u64>,
    /// Its place in its track, from 1.
    pub chunk: Option<u64>,
    /// Base64 of mu-law samples at 8 kHz.
    pub payload: Cow<'a, str>,
}

impl Media<'_> {
    /// Decodes the payload; `out` then holds exactly the samples of this frame.
    ///
    /// An empty payload is an empty frame. On an error `out` is empty.
    pub fn decode(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        out.clear();
        BASE64
            .decode_vec(self.payload.as_bytes(), out)
            .map_err(|_| {
                out.clear();
                Error::Payload
            })
    }
}

/// Speech is personal, so a frame prints its size only.
impl fmt::Debug for Media<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Media")
            .field("track", &self.track)
            .field("timestamp_ms", &self.timestamp_ms)
            .field("chunk", &self.chunk)
            .field("payload_len", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// Whose voice a frame is, seen from the carrier.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Track {
    /// Towards the carrier: the caller speaks.
    Inbound,
    /// From the carrier: what the caller hears.
    Outbound,
    /// A word that is not Twilio's.
    Other,
}

impl Track {
    /// Reads `inbound`, `outbound` and their `_track` spellings.
    pub(super) fn from_word(word: &str) -> Self {
        match word {
            "inbound" | "inbound_track" => Self::Inbound,
            "outbound" | "outbound_track" => Self::Outbound,
            _ => Self::Other,
        }
    }
}

/// A message that cannot be understood.
///
/// Says where, never what was found: the text may hold a token or a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// Not a JSON object with an `event`.
    #[error("not a media stream message, at line {line} column {column}")]
    NotAMessage {
        /// Where reading stopped, from 1.
        line: usize,
        /// Where in that line.
        column: usize,
    },
    /// A field that its event needs is not there.
    #[error("`{field}` is missing")]
    Missing {
        /// The field, with a dot for each step inward.
        field: &'static str,
    },
    /// A field is not what it has to be.
    #[error("`{field}` is not {expected}")]
    Invalid {
        /// The field, with a dot for each step inward.
        field: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// The payload of a media message is not base64.
    #[error("the payload is not base64")]
    Payload,
}

/// Reads one text message.
///
/// Numbers may come as text, fields and events may be unknown.
/// [`parse_message`] tells the stream's name as well.
pub fn parse(text: &str) -> Result<Inbound<'_>, Error> {
    parse_message(text).map(|message| message.inbound)
}

/// Reads one text message together with the name of its stream.
pub fn parse_message(text: &str) -> Result<Message<'_>, Error> {
    glance::media(text).map_or_else(|| read(text), Ok)
}

/// Reads whatever comes.
pub(super) fn read(text: &str) -> Result<Message<'_>, Error> {
    let envelope: Envelope<'_> = object(text).map_err(|error| Error::NotAMessage {
        line: error.line(),
        column: error.column(),
    })?;
    let sid = envelope.stream_sid.map(|sid| sid.0);
    let inbound = match envelope.event.0.as_ref() {
        "connected" => Inbound::Connected,
        "start" => {
            let body: StartBody<'_> = body(envelope.start, "start")?;
            Inbound::Start(Start::from_body(body, sid.as_deref())?)
        }
        "media" => Inbound::Media(media(body(envelope.media, "media")?, sid.clone())?),
        "dtmf" => Inbound::Dtmf {
            digit: digit(&body(envelope.dtmf, "dtmf")?)?,
        },
        "mark" => {
            let MarkBody { name } = body(envelope.mark, "mark")?;
            let name = name.ok_or(Error::Missing { field: "mark.name" })?.0;
            Inbound::Mark { name }
        }
        "stop" => Inbound::Stop,
        _ => Inbound::Unknown {
            event: envelope.event.0,
        },
    };
    let stream_sid = match &inbound {
        Inbound::Start(start) => Some(Cow::Owned(start.stream_sid.as_str().to_owned())),
        Inbound::Connected
        | Inbound::Media(_)
        | Inbound::Dtmf { .. }
        | Inbound::Mark { .. }
        | Inbound::Stop
        | Inbound::Unknown { .. } => sid,
    };
    Ok(Message {
        stream_sid,
        sequence_number: envelope.sequence_number.0,
        inbound,
    })
}

/// The bodies stay raw until the event is known, so that an unknown event may
/// shape its own as it likes.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    event: Text<'a>,
    #[serde(alias = "stream_sid", borrow, default, rename = "streamSid")]
    stream_sid: Option<Text<'a>>,
    #[serde(alias = "sequence_number", default, rename = "sequenceNumber")]
    sequence_number: Whole,
    #[serde(borrow, default)]
    start: Option<&'a RawValue>,
    #[serde(borrow, default)]
    media: Option<&'a RawValue>,
    #[serde(borrow, default)]
    dtmf: Option<&'a RawValue>,
    #[serde(borrow, default)]
    mark: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct MediaBody<'a> {
    #[serde(borrow, default)]
    track: Option<Text<'a>>,
    #[serde(default)]
    timestamp: Whole,
    #[serde(default)]
    chunk: Whole,
    #[serde(borrow, default)]
    payload: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct DtmfBody<'a> {
    #[serde(borrow, default)]
    digit: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct MarkBody<'a> {
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
}

fn body<'a, T: Deserialize<'a>>(
    raw: Option<&'a RawValue>,
    field: &'static str,
) -> Result<T, Error> {
    let raw = raw.ok_or(Error::Missing { field })?;
    object(raw.get()).map_err(|_| Error::Invalid {
        field,
        expected: "an object with the documented fields",
    })
}

/// Reads an object. Left to itself the derived reader would take an array too,
/// and its items for the fields in their order.
fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, serde_json::Error> {
    if text.trim_ascii_start().starts_with('{') {
        serde_json::from_str(text)
    } else {
        Err(serde::de::Error::custom("not an object"))
    }
}

fn media<'a>(body: MediaBody<'a>, stream_sid: Option<Cow<'a, str>>) -> Result<Media<'a>, Error> {
    let payload = body.payload.ok_or(Error::Missing {
        field: "media.payload",
    })?;
    Ok(Media {
        stream_sid,
        // Carriers that leave the track out have one direction only.
        track: body
            .track
            .map_or(Track::Inbound, |word| Track::from_word(&word.0)),
        timestamp_ms: body.timestamp.0,
        chunk: body.chunk.0,
        payload: payload.0,
    })
}

fn digit(body: &DtmfBody<'_>) -> Result<char, Error> {
    let field = "dtmf.digit";
    let text = body.digit.as_ref().ok_or(Error::Missing { field })?;
    let mut letters = text.0.chars().map(|letter| letter.to_ascii_uppercase());
    match (letters.next(), letters.next()) {
        (Some(key @ ('0'..='9' | 'A'..='D' | '*' | '#')), None) => Ok(key),
        (_, _) => Err(Error::Invalid {
            field,
            expected: "one of 0-9, *, #, A-D",
        }),
    }
}

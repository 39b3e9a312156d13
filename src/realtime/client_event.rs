//! What the gateway says to the model, written into a buffer that is reused.
//!
//! <https://developers.openai.com/api/docs/api-reference/realtime-client-events>

use bytes::{BufMut as _, BytesMut};
use serde::{Serialize, Serializer};

use super::{NewItem, ResponseOptions, SessionConfig, payload};

/// One message to the model. Everything is borrowed: it is written at once.
///
/// Prints its name only, because the rest is what people said.
#[derive(Clone, Serialize)]
#[serde(tag = "type")]
pub enum ClientEvent<'a> {
    /// Changes the session; answered by `session.updated` or an error.
    #[serde(rename = "session.update")]
    SessionUpdate {
        /// What is to change.
        #[serde(serialize_with = "with_overlay")]
        session: &'a SessionConfig,
    },
    /// Audio of the caller, at most 15 MiB; not answered. [`write_append`] is
    /// the short way.
    #[serde(rename = "input_audio_buffer.append")]
    InputAudioAppend {
        /// In the session's input format.
        #[serde(serialize_with = "payload::serialize")]
        audio: &'a [u8],
    },
    /// Ends the caller's turn by hand; an error if nothing was appended.
    #[serde(rename = "input_audio_buffer.commit")]
    InputAudioCommit,
    /// Forgets what was appended and not committed.
    #[serde(rename = "input_audio_buffer.clear")]
    InputAudioClear,
    /// Puts an item into the conversation.
    #[serde(rename = "conversation.item.create")]
    ItemCreate {
        /// The item.
        item: NewItem<'a>,
        /// Where: behind this item, or first for `root`; last if none.
        #[serde(skip_serializing_if = "Option::is_none")]
        previous_item_id: Option<&'a str>,
    },
    /// Asks for an item as the server has it. The answer carries the audio of
    /// the item and may be larger than [`connection`](super::connection) takes.
    #[serde(rename = "conversation.item.retrieve")]
    ItemRetrieve {
        /// Which.
        item_id: &'a str,
    },
    /// Takes an item out of the conversation.
    #[serde(rename = "conversation.item.delete")]
    ItemDelete {
        /// Which.
        item_id: &'a str,
    },
    /// Takes back what the caller did not hear of an assistant's message, and
    /// with it the server's transcript of all of it.
    #[serde(rename = "conversation.item.truncate")]
    ItemTruncate {
        /// Which.
        item_id: &'a str,
        /// Which part of it; the audio is part 0.
        content_index: u32,
        /// What was heard; an error if that is more than there is.
        audio_end_ms: u64,
    },
    /// Asks the model to speak; an error while it already does.
    #[serde(rename = "response.create")]
    ResponseCreate {
        /// How this response differs from the session.
        #[serde(skip_serializing_if = "Option::is_none")]
        response: Option<ResponseOptions<'a>>,
    },
    /// Stops the model; a harmless error if it is not speaking.
    #[serde(rename = "response.cancel")]
    ResponseCancel {
        /// Which response; the current one if none.
        #[serde(skip_serializing_if = "Option::is_none")]
        response_id: Option<&'a str>,
    },
}

impl ClientEvent<'_> {
    /// Writes this event as JSON, in place of what `out` held.
    pub fn write(&self, out: &mut BytesMut) {
        if let Self::InputAudioAppend { audio } = self {
            write_append(out, audio);
        } else {
            write_json(self, out);
        }
    }

    /// [`write`](Self::write) with an id of ours, which an error in answer
    /// repeats. At most 512 characters.
    pub fn write_with_id(&self, event_id: &str, out: &mut BytesMut) {
        let identified = Identified {
            event: self,
            event_id,
        };
        write_json(&identified, out);
    }

    /// The `type` of this event.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::SessionUpdate { .. } => "session.update",
            Self::InputAudioAppend { .. } => "input_audio_buffer.append",
            Self::InputAudioCommit => "input_audio_buffer.commit",
            Self::InputAudioClear => "input_audio_buffer.clear",
            Self::ItemCreate { .. } => "conversation.item.create",
            Self::ItemRetrieve { .. } => "conversation.item.retrieve",
            Self::ItemDelete { .. } => "conversation.item.delete",
            Self::ItemTruncate { .. } => "conversation.item.truncate",
            Self::ResponseCreate { .. } => "response.create",
            Self::ResponseCancel { .. } => "response.cancel",
        }
    }
}

impl std::fmt::Debug for ClientEvent<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClientEvent({})", self.kind())
    }
}

/// Writes `input_audio_buffer.append` with `audio`, in place of what `out`
/// held. Fifty times a second on every call: allocates nothing once `out` has
/// held one frame.
pub fn write_append(out: &mut BytesMut, audio: &[u8]) {
    out.clear();
    out.extend_from_slice(br#"{"type":"input_audio_buffer.append","audio":""#);
    payload::encode(audio, out);
    out.extend_from_slice(br#""}"#);
}

#[derive(Serialize)]
struct Identified<'e, 'a> {
    #[serde(flatten)]
    event: &'e ClientEvent<'a>,
    event_id: &'e str,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes every field by reference"
)]
fn with_overlay<S: Serializer>(session: &&SessionConfig, serializer: S) -> Result<S::Ok, S::Error> {
    session.to_json().serialize(serializer)
}

fn write_json(event: &impl Serialize, out: &mut BytesMut) {
    out.clear();
    serde_json::to_writer(out.writer(), event)
        .expect("a buffer takes every byte and our events have names for keys");
}

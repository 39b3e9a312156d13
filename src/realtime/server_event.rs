//! What the model answers, read in one pass without building a tree.
//!
//! <https://developers.openai.com/api/docs/api-reference/realtime-server-events>

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;

use super::glance;
use super::item_event::{ItemDeleted, ItemPlaced, ItemTruncated};
use super::lenient::Text;
use super::output_event::{
    FunctionCallArgumentsDone, McpCallArgumentsDone, McpCallNews, OutputAudioDelta, OutputItem,
    OutputPart, OutputText,
};
use super::response::{Response, WithResponse};
use super::server_error::{ServerError, WithError};
use super::session_info::{SessionInfo, WithSession};
use super::transcription::{
    InputTranscriptionCompleted, InputTranscriptionDelta, InputTranscriptionFailed,
};
use super::turn_event::{
    InputBufferCommitted, RateLimit, SpeechStarted, SpeechStopped, TimeoutTriggered, WithRateLimits,
};

/// One message from the model.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerEvent<'a> {
    /// The session exists; it takes `session.update` from now on.
    SessionCreated(SessionInfo),
    /// The session is as we asked.
    SessionUpdated(SessionInfo),
    /// An item has entered the conversation, perhaps unfinished.
    ItemAdded(ItemPlaced<'a>),
    /// An item of the conversation is finished.
    ItemDone(ItemPlaced<'a>),
    /// The item that we asked for.
    ItemRetrieved(ItemPlaced<'a>),
    /// An item has left the conversation.
    ItemDeleted(ItemDeleted<'a>),
    /// An item now ends where the caller stopped hearing it.
    ItemTruncated(ItemTruncated<'a>),
    /// A piece of what the caller said, in writing.
    InputTranscriptionDelta(InputTranscriptionDelta<'a>),
    /// All of what the caller said in one item, in writing.
    InputTranscriptionCompleted(InputTranscriptionCompleted<'a>),
    /// What the caller said could not be written down.
    InputTranscriptionFailed(InputTranscriptionFailed<'a>),
    /// The caller's turn has become an item.
    InputBufferCommitted(InputBufferCommitted<'a>),
    /// The caller speaks.
    SpeechStarted(SpeechStarted<'a>),
    /// The caller is silent again.
    SpeechStopped(SpeechStopped<'a>),
    /// Nobody has spoken for the idle time-out of the session.
    TimeoutTriggered(TimeoutTriggered<'a>),
    /// The model begins to respond.
    ResponseCreated(Box<Response>),
    /// The response has ended, well or not.
    ResponseDone(Box<Response>),
    /// The response has a new item, still empty.
    OutputItemAdded(OutputItem<'a>),
    /// An item of the response is finished.
    OutputItemDone(OutputItem<'a>),
    /// A piece of speech.
    OutputAudioDelta(OutputAudioDelta<'a>),
    /// No more speech in this part.
    OutputAudioDone(OutputPart<'a>),
    /// A piece of what the speech says.
    OutputAudioTranscriptDelta(OutputText<'a>),
    /// All of what the speech says.
    OutputAudioTranscriptDone(OutputText<'a>),
    /// A piece of text.
    OutputTextDelta(OutputText<'a>),
    /// All of the text.
    OutputTextDone(OutputText<'a>),
    /// A tool is called. The same is told by [`Self::OutputItemDone`], which
    /// also tells whether the call is complete; obey one of the two.
    FunctionCallArgumentsDone(FunctionCallArgumentsDone<'a>),
    /// A tool of a server is to be called, with all of its arguments: the model
    /// asks such a server by itself.
    McpCallArgumentsDone(McpCallArgumentsDone<'a>),
    /// The server has been asked.
    McpCallInProgress(McpCallNews<'a>),
    /// It has answered. The model says nothing of it before it is asked to.
    McpCallCompleted(McpCallNews<'a>),
    /// It has not, or with an error.
    McpCallFailed(McpCallNews<'a>),
    /// What is left of our allowance.
    RateLimitsUpdated(Vec<RateLimit>),
    /// Something that we asked for was refused, or worse.
    Error(ServerError),
    /// An event of the protocol that a bridge has no use for.
    Unused {
        /// Its `type`.
        kind: &'static str,
    },
    /// An event that is news to us.
    Unknown {
        /// Its `type`.
        kind: Cow<'a, str>,
    },
}

/// Reads one message.
///
/// An unknown event is not an error. Ids and words borrow from `text` where
/// they have no escapes.
pub fn parse(text: &str) -> Result<ServerEvent<'_>, Error> {
    if let Some(delta) = glance::audio_delta(text) {
        return Ok(ServerEvent::OutputAudioDelta(delta));
    }
    read(text).map_err(|source| Error::new(text, &source))
}

/// A message that is no event: not JSON, no `type`, or not the fields that its
/// type must have. Says where, never what: the message may hold speech.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("malformed event{}: {problem} at column {column}", of(kind.as_deref()))]
pub struct Error {
    /// The `type` of the event, if it has one.
    pub kind: Option<String>,
    /// What is wrong with it.
    pub problem: Problem,
    /// Where, in bytes from the start of its line.
    pub column: usize,
}

impl Error {
    fn new(text: &str, source: &serde_json::Error) -> Self {
        let head = serde_json::from_str::<Head<'_>>(text).ok();
        let kind = head.map(|head| head.kind.0.into_owned());
        Self {
            kind: kind.filter(|kind| is_plain(kind)),
            problem: match source.classify() {
                Category::Syntax => Problem::Syntax,
                Category::Data => Problem::Shape,
                Category::Eof | Category::Io => Problem::Truncated,
            },
            column: source.column(),
        }
    }
}

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Problem {
    /// It is not JSON.
    Syntax,
    /// A field is missing or of the wrong type.
    Shape,
    /// It ends too early.
    Truncated,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "not JSON",
            Self::Shape => "a field is missing or of the wrong type",
            Self::Truncated => "ends too early",
        })
    }
}

// A name that is printed must not be able to carry words or line breaks.
fn is_plain(kind: &str) -> bool {
    kind.len() <= 80
        && kind
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.'))
}

fn of(kind: Option<&str>) -> String {
    kind.map(|kind| format!(" {kind}")).unwrap_or_default()
}

/// Reads whatever comes.
pub(super) fn read(text: &str) -> Result<ServerEvent<'_>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let event = deserializer.deserialize_map(EventVisitor)?;
    deserializer.end()?;
    let Some(event) = event else {
        let head: Head<'_> = serde_json::from_str(text)?;
        return body(head.kind.0, &mut serde_json::Deserializer::from_str(text));
    };
    Ok(event)
}

/// Reads an event whose `type` comes first, or after its id; none otherwise.
struct EventVisitor;

impl<'de> Visitor<'de> for EventVisitor {
    type Value = Option<ServerEvent<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while let Some(Text(key)) = map.next_key()? {
            match key.as_ref() {
                "type" => {
                    let Text(kind) = map.next_value()?;
                    return body(kind, MapAccessDeserializer::new(map)).map(Some);
                }
                "event_id" => {
                    map.next_value::<IgnoredAny>()?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    IgnoredAny.visit_map(map)?;
                    return Ok(None);
                }
            }
        }
        Ok(None)
    }
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

fn body<'de, D: Deserializer<'de>>(
    kind: Cow<'de, str>,
    d: D,
) -> Result<ServerEvent<'de>, D::Error> {
    use ServerEvent as E;
    match kind.as_ref() {
        "response.output_audio.delta" | "response.audio.delta" => wrap(d, E::OutputAudioDelta),
        "response.output_audio.done" | "response.audio.done" => wrap(d, E::OutputAudioDone),
        "response.output_audio_transcript.delta" | "response.audio_transcript.delta" => {
            wrap(d, E::OutputAudioTranscriptDelta)
        }
        "response.output_audio_transcript.done" | "response.audio_transcript.done" => {
            wrap(d, E::OutputAudioTranscriptDone)
        }
        "response.output_text.delta" | "response.text.delta" => wrap(d, E::OutputTextDelta),
        "response.output_text.done" | "response.text.done" => wrap(d, E::OutputTextDone),
        "response.output_item.added" => wrap(d, E::OutputItemAdded),
        "response.output_item.done" => wrap(d, E::OutputItemDone),
        "response.function_call_arguments.done" => wrap(d, E::FunctionCallArgumentsDone),
        "response.created" => wrap(d, |w: WithResponse| E::ResponseCreated(w.response)),
        "response.done" => wrap(d, |w: WithResponse| E::ResponseDone(w.response)),
        "input_audio_buffer.speech_started" => wrap(d, E::SpeechStarted),
        "input_audio_buffer.speech_stopped" => wrap(d, E::SpeechStopped),
        "input_audio_buffer.committed" => wrap(d, E::InputBufferCommitted),
        "input_audio_buffer.timeout_triggered" => wrap(d, E::TimeoutTriggered),
        "session.created" => wrap(d, |w: WithSession| E::SessionCreated(w.session)),
        "session.updated" => wrap(d, |w: WithSession| E::SessionUpdated(w.session)),
        "rate_limits.updated" => wrap(d, |w: WithRateLimits| E::RateLimitsUpdated(w.rate_limits)),
        "error" => wrap(d, |w: WithError| E::Error(w.into())),
        _ if kind.starts_with(ITEM) => item_body(kind, d),
        _ if kind.starts_with(MCP_CALL) => mcp_body(kind, d),
        _ => other_body(kind, d),
    }
}

fn item_body<'de, D: Deserializer<'de>>(
    kind: Cow<'de, str>,
    d: D,
) -> Result<ServerEvent<'de>, D::Error> {
    use ServerEvent as E;
    match &kind[ITEM.len()..] {
        // Servers of the beta's time say `created` once where OpenAI says
        // `added` and then `done`.
        "added" | "created" => wrap(d, E::ItemAdded),
        "done" => wrap(d, E::ItemDone),
        "retrieved" => wrap(d, E::ItemRetrieved),
        "deleted" => wrap(d, E::ItemDeleted),
        "truncated" => wrap(d, E::ItemTruncated),
        "input_audio_transcription.delta" => wrap(d, E::InputTranscriptionDelta),
        "input_audio_transcription.completed" => wrap(d, E::InputTranscriptionCompleted),
        "input_audio_transcription.failed" => wrap(d, E::InputTranscriptionFailed),
        _ => other_body(kind, d),
    }
}

fn mcp_body<'de, D: Deserializer<'de>>(
    kind: Cow<'de, str>,
    d: D,
) -> Result<ServerEvent<'de>, D::Error> {
    use ServerEvent as E;
    match &kind[MCP_CALL.len()..] {
        "_arguments.done" => wrap(d, E::McpCallArgumentsDone),
        ".in_progress" => wrap(d, E::McpCallInProgress),
        ".completed" => wrap(d, E::McpCallCompleted),
        ".failed" => wrap(d, E::McpCallFailed),
        _ => other_body(kind, d),
    }
}

fn other_body<'de, D: Deserializer<'de>>(
    kind: Cow<'de, str>,
    d: D,
) -> Result<ServerEvent<'de>, D::Error> {
    IgnoredAny::deserialize(d)?;
    Ok(match UNUSED.into_iter().find(|unused| *unused == kind) {
        Some(kind) => ServerEvent::Unused { kind },
        None => ServerEvent::Unknown { kind },
    })
}

fn wrap<'de, T, D>(
    d: D,
    event: impl FnOnce(T) -> ServerEvent<'de>,
) -> Result<ServerEvent<'de>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(d).map(event)
}

const ITEM: &str = "conversation.item.";
const MCP_CALL: &str = "response.mcp_call";

// Compatible servers send `ping`; the events of the output buffer and of DTMF
// belong to calls that OpenAI itself answers.
const UNUSED: [&str; 16] = [
    "conversation.created",
    "conversation.item.input_audio_transcription.segment",
    "conversation.item.input_audio_transcription.updated",
    "input_audio_buffer.cleared",
    "input_audio_buffer.dtmf_event_received",
    "mcp_list_tools.completed",
    "mcp_list_tools.failed",
    "mcp_list_tools.in_progress",
    "output_audio_buffer.cleared",
    "output_audio_buffer.started",
    "output_audio_buffer.stopped",
    "ping",
    "response.content_part.added",
    "response.content_part.done",
    "response.function_call_arguments.delta",
    "response.mcp_call_arguments.delta",
];

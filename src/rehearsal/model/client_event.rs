//! What a client may send, exactly; anything else is refused.
//!
//! Written from
//! <https://platform.openai.com/docs/api-reference/realtime-client-events>,
//! and on purpose not shared with the gateway's own types.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::refusal::Refusal;
use super::session_shape::{MaxTokens, Modality, OutputParam, Reasoning, SessionParam, ToolParam};

/// A client event, understood.
#[derive(Debug)]
pub(super) enum ClientEvent {
    SessionUpdate {
        session: Box<SessionParam>,
        raw: Value,
    },
    Append {
        audio: String,
    },
    Commit,
    Clear,
    ItemCreate {
        item: Value,
        previous_item_id: Option<String>,
    },
    ItemRetrieve {
        item_id: String,
    },
    ItemDelete {
        item_id: String,
    },
    ItemTruncate(Truncate),
    ResponseCreate(Box<ResponseParam>),
    ResponseCancel {
        response_id: Option<String>,
    },
}

/// Reads one message: the client's `event_id`, and the event or what is wrong with it.
pub(super) fn read(text: &str) -> (Option<String>, Result<ClientEvent, Refusal>) {
    let Ok(Value::Object(mut event)) = serde_json::from_str::<Value>(text) else {
        let message = "We could not parse the JSON body of your request.";
        return (None, Err(Refusal::new("invalid_json", message)));
    };
    let event_id = match event.remove("event_id") {
        None => None,
        Some(Value::String(id)) if id.len() <= 512 => Some(id),
        Some(_) => {
            let message = "Invalid 'event_id': expected a string of at most 512 characters.";
            return (None, Err(Refusal::invalid_value("event_id", message)));
        }
    };
    let result = match event.remove("type") {
        Some(Value::String(kind)) => read_kind(&kind, Value::Object(event)),
        Some(_) => Err(Refusal::new("invalid_type", "Invalid type for 'type'.").at("type")),
        None => Err(Refusal::new(
            "missing_required_parameter",
            "Missing required parameter: 'type'.",
        )
        .at("type")),
    };
    (event_id, result)
}

/// Reads `value` as `T`, and says where it is not one.
pub(super) fn shaped<T: DeserializeOwned>(value: Value) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(value).map_err(|error| Refusal::from_shape(&error))
}

fn read_kind(kind: &str, body: Value) -> Result<ClientEvent, Refusal> {
    match kind {
        "session.update" => {
            let raw = body["session"].clone();
            let Update { session } = shaped(body)?;
            session.check()?;
            Ok(ClientEvent::SessionUpdate { session, raw })
        }
        "input_audio_buffer.append" => {
            let Append { audio } = shaped(body)?;
            Ok(ClientEvent::Append { audio })
        }
        "input_audio_buffer.commit" => shaped::<Nothing>(body).map(|_| ClientEvent::Commit),
        "input_audio_buffer.clear" => shaped::<Nothing>(body).map(|_| ClientEvent::Clear),
        "conversation.item.create" => {
            let Create {
                item,
                previous_item_id,
            } = shaped(body)?;
            Ok(ClientEvent::ItemCreate {
                item,
                previous_item_id,
            })
        }
        "conversation.item.retrieve" => {
            shaped(body).map(|Named { item_id }| ClientEvent::ItemRetrieve { item_id })
        }
        "conversation.item.delete" => {
            shaped(body).map(|Named { item_id }| ClientEvent::ItemDelete { item_id })
        }
        "conversation.item.truncate" => shaped(body).map(ClientEvent::ItemTruncate),
        "response.create" => {
            let Respond { response } = shaped(body)?;
            Ok(ClientEvent::ResponseCreate(response.unwrap_or_default()))
        }
        "response.cancel" => {
            let Cancel { response_id } = shaped(body)?;
            Ok(ClientEvent::ResponseCancel { response_id })
        }
        "output_audio_buffer.clear" => {
            let message = "output_audio_buffer.clear is only supported over WebRTC and SIP.";
            Err(Refusal::invalid_value("type", message))
        }
        _ => {
            let known = KINDS.join("', '");
            let message = format!("Invalid value: '{kind}'. Supported values are: '{known}'.");
            Err(Refusal::invalid_value("type", message))
        }
    }
}

const KINDS: [&str; 10] = [
    "session.update",
    "input_audio_buffer.append",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
    "conversation.item.create",
    "conversation.item.retrieve",
    "conversation.item.delete",
    "conversation.item.truncate",
    "response.create",
    "response.cancel",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    session: Box<SessionParam>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Append {
    audio: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    item: Value,
    #[serde(default)]
    previous_item_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    item_id: String,
}

/// Where the caller stopped hearing an item.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Truncate {
    pub(super) item_id: String,
    pub(super) content_index: u64,
    pub(super) audio_end_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Respond {
    #[serde(default)]
    response: Option<Box<ResponseParam>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cancel {
    #[serde(default)]
    response_id: Option<String>,
}

/// What may differ from the session in one response.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ResponseParam {
    pub(super) audio: Option<ResponseAudio>,
    pub(super) conversation: Option<ConversationChoice>,
    pub(super) input: Option<Vec<Value>>,
    pub(super) instructions: Option<String>,
    pub(super) max_output_tokens: Option<MaxTokens>,
    pub(super) metadata: Option<serde_json::Map<String, Value>>,
    pub(super) output_modalities: Option<Vec<Modality>>,
    pub(super) tools: Option<Vec<ToolParam>>,
    pub(super) tool_choice: Option<Value>,
    pub(super) prompt: Option<Value>,
    pub(super) reasoning: Option<Reasoning>,
    pub(super) parallel_tool_calls: Option<bool>,
}

/// The sound of one response.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResponseAudio {
    #[serde(default)]
    pub(super) output: Option<OutputParam>,
}

/// Whether a response belongs to the conversation.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum ConversationChoice {
    Auto,
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Refusal {
        read(text).1.unwrap_err()
    }

    #[test]
    fn the_old_shapes_are_named_by_their_path() {
        let flat = refused(
            r#"{"type":"session.update","session":{"type":"realtime","input_audio_format":"x"}}"#,
        );
        assert_eq!(flat.code, "unknown_parameter");
        assert_eq!(
            flat.message,
            "Unknown parameter: 'session.input_audio_format'."
        );
        let untyped = refused(r#"{"type":"session.update","session":{}}"#);
        assert_eq!(
            untyped.message,
            "Missing required parameter: 'session.type'."
        );
        let rate = refused(
            r#"{"type":"session.update","session":{"type":"realtime",
                "audio":{"input":{"format":{"type":"audio/pcmu","rate":8000}}}}}"#,
        );
        assert_eq!(
            rate.message,
            "Unknown parameter: 'session.audio.input.format.rate'."
        );
        let fraction = refused(
            r#"{"type":"conversation.item.truncate","item_id":"i","content_index":0,
                "audio_end_ms":1.5}"#,
        );
        assert_eq!(fraction.code, "invalid_type");
        assert_eq!(
            refused(r#"{"type":"input_audio_buffer.flush"}"#).code,
            "invalid_value"
        );
        assert_eq!(refused("[]").code, "invalid_json");
    }

    #[test]
    fn the_clients_name_of_an_event_comes_back_also_with_its_refusal() {
        let (id, event) = read(r#"{"type":"response.cancel","event_id":"mine","why":1}"#);
        assert_eq!(id.as_deref(), Some("mine"));
        assert_eq!(event.unwrap_err().message, "Unknown parameter: 'why'.");
    }
}

//! Items of the conversation, as the server has them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lenient;
use crate::domain::Pii;

/// An item of the conversation.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(from = "RawItem")]
pub struct Item {
    /// Its id; empty on servers that give none.
    pub id: String,
    /// How far it got, if the server says so.
    pub status: Option<ItemStatus>,
    /// What it is.
    pub body: ItemBody,
}

impl Item {
    /// Whether it was finished rather than broken off. An interrupted call of
    /// a tool may hold half of its arguments: it must not be obeyed.
    pub fn is_complete(&self) -> bool {
        matches!(self.status, None | Some(ItemStatus::Completed))
    }
}

/// How far an item got.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// To its end.
    Completed,
    /// It was broken off.
    Incomplete,
    /// It is still being made.
    InProgress,
}

/// What an item is.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemBody {
    /// Something said.
    Message {
        /// By whom, if that is one of the three that we know.
        role: Option<Role>,
        /// In which parts.
        content: Vec<ContentPart>,
    },
    /// A tool called.
    FunctionCall {
        /// Under this id the answer is expected.
        call_id: String,
        /// The tool.
        name: String,
        /// Its arguments, JSON as the model wrote it: not always valid.
        arguments: Pii<String>,
    },
    /// A tool's answer.
    FunctionCallOutput {
        /// The call that it answers.
        call_id: String,
        /// The answer.
        output: Pii<String>,
    },
    /// A tool of a server, which the model asks by itself.
    McpCall {
        /// The tool.
        name: String,
        /// What came of it, once that is known: words, or what went wrong.
        end: Option<Result<Pii<String>, Pii<String>>>,
    },
    /// Somebody is asked whether a tool of a server may be called.
    McpApprovalRequest {
        /// The server.
        server_label: String,
        /// The tool.
        name: String,
    },
    /// Something else.
    Other {
        /// Its `type`.
        kind: String,
    },
}

/// Who said something.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// We, to the model.
    System,
    /// The caller.
    User,
    /// The model.
    Assistant,
}

/// A part of something said.
#[derive(Clone, Debug, PartialEq)]
pub enum ContentPart {
    /// Text.
    Text(Pii<String>),
    /// Speech; its sound is not kept.
    Audio {
        /// The words in it, once they are known.
        transcript: Option<Pii<String>>,
    },
    /// Something else.
    Other {
        /// Its `type`.
        kind: String,
    },
}

#[derive(Deserialize)]
struct RawItem {
    #[serde(default, deserialize_with = "lenient::or_default")]
    id: String,
    #[serde(default, rename = "type", deserialize_with = "lenient::or_default")]
    kind: String,
    #[serde(default, deserialize_with = "lenient::known")]
    status: Option<ItemStatus>,
    #[serde(default, deserialize_with = "lenient::known")]
    role: Option<Role>,
    #[serde(default)]
    content: Value,
    #[serde(default, deserialize_with = "lenient::or_default")]
    call_id: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    name: String,
    #[serde(default, deserialize_with = "lenient::json_text")]
    arguments: Pii<String>,
    #[serde(default, deserialize_with = "lenient::json_text")]
    output: Pii<String>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    server_label: String,
    #[serde(default, deserialize_with = "lenient::json_text")]
    error: Pii<String>,
}

impl From<RawItem> for Item {
    fn from(raw: RawItem) -> Self {
        let body = match raw.kind.as_str() {
            "message" => ItemBody::Message {
                role: raw.role,
                content: parts(&raw.content),
            },
            "function_call" => ItemBody::FunctionCall {
                call_id: raw.call_id,
                name: raw.name,
                arguments: raw.arguments,
            },
            "function_call_output" => ItemBody::FunctionCallOutput {
                call_id: raw.call_id,
                output: raw.output,
            },
            "mcp_call" => ItemBody::McpCall {
                name: raw.name,
                end: end(raw.output, raw.error),
            },
            "mcp_approval_request" => ItemBody::McpApprovalRequest {
                server_label: raw.server_label,
                name: raw.name,
            },
            _ => ItemBody::Other { kind: raw.kind },
        };
        Self {
            id: raw.id,
            status: raw.status,
            body,
        }
    }
}

fn end(output: Pii<String>, error: Pii<String>) -> Option<Result<Pii<String>, Pii<String>>> {
    if !error.expose().is_empty() {
        Some(Err(error))
    } else if !output.expose().is_empty() {
        Some(Ok(output))
    } else {
        None
    }
}

fn parts(content: &Value) -> Vec<ContentPart> {
    let parts = content.as_array().map(Vec::as_slice).unwrap_or_default();
    parts.iter().map(part).collect()
}

// The assistant's parts were called `text` and `audio` in the beta.
fn part(part: &Value) -> ContentPart {
    let words = |field: &str| {
        let words = part.get(field).and_then(Value::as_str);
        words.map(|words| Pii::new(words.to_owned()))
    };
    match part.get("type").and_then(Value::as_str).unwrap_or_default() {
        "input_text" | "output_text" | "text" => {
            ContentPart::Text(words("text").unwrap_or_default())
        }
        "input_audio" | "output_audio" | "audio" => ContentPart::Audio {
            transcript: words("transcript"),
        },
        kind => ContentPart::Other {
            kind: kind.to_owned(),
        },
    }
}

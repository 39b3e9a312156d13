//! The shape of a conversation item as a client may write it.

use serde::Deserialize;
use serde_json::Value;

use super::client_event::shaped;
use super::refusal::Refusal;

/// Says whether `item` is one that the service takes.
pub(super) fn check_item(item: &Value) -> Result<(), Refusal> {
    let shape: ItemShape = shaped(item.clone()).map_err(|refusal| {
        let param = refusal.param.as_deref().unwrap_or_default();
        let path = format!("item.{param}");
        let message = refusal
            .message
            .replace(&format!("'{param}'"), &format!("'{path}'"));
        Refusal {
            message,
            ..refusal.at(&path)
        }
    })?;
    let (id, parts) = match &shape {
        ItemShape::Message {
            id, role, content, ..
        } => (id, Some((*role, content))),
        ItemShape::FunctionCall { id, .. }
        | ItemShape::FunctionCallOutput { id, .. }
        | ItemShape::McpApprovalResponse { id, .. } => (id, None),
    };
    if id.as_ref().is_some_and(|id| !(1..=32).contains(&id.len())) {
        let message = "Invalid 'item.id': expected a string of 1 to 32 characters.";
        return Err(Refusal::invalid_value("item.id", message));
    }
    let Some((role, content)) = parts else {
        return Ok(());
    };
    if content.is_empty() {
        let message = "Invalid 'item.content': expected at least one part.";
        return Err(Refusal::invalid_value("item.content", message));
    }
    content
        .iter()
        .enumerate()
        .try_for_each(|(at, part)| part.check(at, role))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "type")]
enum ItemShape {
    Message {
        #[serde(default)]
        id: Option<String>,
        #[serde(default, rename = "object")]
        _object: Option<ObjectName>,
        #[serde(default, rename = "status")]
        _status: Option<ItemStatus>,
        role: Role,
        content: Vec<Part>,
    },
    FunctionCall {
        #[serde(default)]
        id: Option<String>,
        #[serde(default, rename = "object")]
        _object: Option<ObjectName>,
        #[serde(default, rename = "status")]
        _status: Option<ItemStatus>,
        #[serde(default, rename = "call_id")]
        _call_id: Option<String>,
        #[serde(rename = "name")]
        _name: String,
        #[serde(rename = "arguments")]
        _arguments: String,
    },
    FunctionCallOutput {
        #[serde(default)]
        id: Option<String>,
        #[serde(default, rename = "object")]
        _object: Option<ObjectName>,
        #[serde(default, rename = "status")]
        _status: Option<ItemStatus>,
        #[serde(rename = "call_id")]
        _call_id: String,
        #[serde(rename = "output")]
        _output: String,
    },
    McpApprovalResponse {
        #[serde(deserialize_with = "given")]
        id: Option<String>,
        #[serde(rename = "approval_request_id")]
        _approval_request_id: String,
        #[serde(rename = "approve")]
        _approve: bool,
        #[serde(default, rename = "reason")]
        _reason: Option<String>,
    },
}

/// An id that the client has to choose.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
enum ObjectName {
    #[serde(rename = "realtime.item")]
    Item,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ItemStatus {
    Completed,
    Incomplete,
    InProgress,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Role {
    System,
    User,
    Assistant,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    #[serde(rename = "type")]
    kind: PartKind,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    audio: Option<String>,
    #[serde(default)]
    transcript: Option<String>,
    #[serde(default)]
    image_url: Option<String>,
    #[serde(default, rename = "detail")]
    _detail: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
enum PartKind {
    InputText,
    InputAudio,
    InputImage,
    OutputText,
    OutputAudio,
}

impl Part {
    fn check(&self, at: usize, role: Role) -> Result<(), Refusal> {
        let path = format!("item.content[{at}]");
        let belongs = match (role, self.kind) {
            (Role::System, PartKind::InputText)
            | (Role::User, PartKind::InputText | PartKind::InputAudio | PartKind::InputImage)
            | (Role::Assistant, PartKind::OutputText | PartKind::OutputAudio) => true,
            (Role::System | Role::User | Role::Assistant, _) => false,
        };
        if !belongs {
            let message = format!("Invalid '{path}.type': not allowed in a message of this role.");
            return Err(Refusal::invalid_value(&format!("{path}.type"), message));
        }
        let (needed, is_there) = match self.kind {
            PartKind::InputText | PartKind::OutputText => ("text", self.text.is_some()),
            PartKind::InputAudio => ("audio", self.audio.is_some()),
            PartKind::InputImage => ("image_url", self.image_url.is_some()),
            PartKind::OutputAudio => (
                "transcript",
                self.transcript.is_some() || self.audio.is_some(),
            ),
        };
        if is_there {
            return Ok(());
        }
        let param = format!("{path}.{needed}");
        let message = format!("Missing required parameter: '{param}'.");
        Err(Refusal::new("missing_required_parameter", message).at(&param))
    }
}

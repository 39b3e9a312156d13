//! How one response differs from the session.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Format, MaxOutputTokens, Modality, NewItem, Reasoning, Tool, ToolChoice, Voice};

/// Options of `response.create`; what is absent is as in the session.
///
/// The field `prompt` is left out on purpose: stored prompts end on 2026-11-30.
#[derive(Clone, Default, Serialize)]
pub struct ResponseOptions<'a> {
    /// Another voice or format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio: Option<ResponseAudio>,
    /// Whether the response becomes part of the conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Conversation>,
    /// What the model is to know instead of the conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Vec<ResponseInput<'a>>>,
    /// What it is to do, instead of the session's instructions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<&'a str>,
    /// How long it may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<MaxOutputTokens>,
    /// At most 16 pairs, repeated in `response.done`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<&'a str, &'a str>,
    /// Speech or text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_modalities: Option<[Modality; 1]>,
    /// Whether several tools may be called at once; reasoning models only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// How long it thinks; reasoning models only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Reasoning>,
    /// Whether tools are called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice>,
    /// Which tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<&'a [Tool]>,
}

/// Sound of one response.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct ResponseAudio {
    /// Its only part.
    pub output: ResponseVoice,
}

/// Voice and format of one response.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct ResponseVoice {
    /// Encoding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Whose voice; fixed once the session has produced audio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<Voice>,
}

/// Where a response belongs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Conversation {
    /// To the conversation.
    Auto,
    /// Nowhere: it may run beside one that does, and is not remembered.
    None,
}

/// One thing that the model is to know for a response.
#[derive(Clone, Serialize)]
#[serde(untagged)]
pub enum ResponseInput<'a> {
    /// An item of the conversation.
    Reference(ItemReference<'a>),
    /// An item made for the purpose.
    Item(NewItem<'a>),
}

/// Points at an item of the conversation.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "type", rename = "item_reference")]
pub struct ItemReference<'a> {
    /// Its id.
    pub id: &'a str,
}

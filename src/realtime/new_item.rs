//! Items that we put into the conversation.

use serde::Serialize;

use super::{ItemStatus, payload};

/// An item to be created.
#[derive(Clone, Serialize)]
pub struct NewItem<'a> {
    /// Its id, if we choose it: at most 32 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    /// How far it got; complete if none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ItemStatus>,
    /// What it is.
    #[serde(flatten)]
    pub body: NewItemBody<'a>,
}

impl<'a> NewItem<'a> {
    /// An instruction in the course of the conversation.
    pub fn system(text: &'a str) -> Self {
        let content = vec![SystemContent::InputText { text }];
        NewItemBody::Message(NewMessage::System { content }).into()
    }

    /// Words of the caller.
    pub fn user(text: &'a str) -> Self {
        let content = vec![UserContent::InputText { text }];
        NewItemBody::Message(NewMessage::User { content }).into()
    }

    /// Words of the model.
    pub fn assistant(text: &'a str) -> Self {
        let content = vec![AssistantContent::OutputText { text }];
        NewItemBody::Message(NewMessage::Assistant { content }).into()
    }

    /// A call of a tool, replayed. `arguments` is JSON.
    pub fn function_call(call_id: &'a str, name: &'a str, arguments: &'a str) -> Self {
        NewItemBody::FunctionCall {
            call_id,
            name,
            arguments,
        }
        .into()
    }

    /// The answer of a tool. `output` is text, JSON by custom.
    pub fn function_call_output(call_id: &'a str, output: &'a str) -> Self {
        NewItemBody::FunctionCallOutput { call_id, output }.into()
    }

    /// Leave to call a tool of a server, or none.
    pub fn mcp_approval_response(approval_request_id: &'a str, approve: bool) -> Self {
        NewItemBody::McpApprovalResponse {
            approval_request_id,
            approve,
        }
        .into()
    }

    /// The same item under an id of our choice.
    #[must_use]
    pub fn with_id(self, id: &'a str) -> Self {
        Self {
            id: Some(id),
            ..self
        }
    }
}

impl<'a> From<NewItemBody<'a>> for NewItem<'a> {
    fn from(body: NewItemBody<'a>) -> Self {
        Self {
            id: None,
            status: None,
            body,
        }
    }
}

/// What an item is.
#[derive(Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum NewItemBody<'a> {
    /// Something said.
    Message(NewMessage<'a>),
    /// A tool called.
    FunctionCall {
        /// The model's id of the call.
        call_id: &'a str,
        /// The tool.
        name: &'a str,
        /// Its arguments, JSON.
        arguments: &'a str,
    },
    /// A tool's answer.
    FunctionCallOutput {
        /// The model's id of the call.
        call_id: &'a str,
        /// The answer, text.
        output: &'a str,
    },
    /// The answer to a question whether a tool of a server may be called. Must
    /// have an id of our choice.
    McpApprovalResponse {
        /// The item that asks.
        approval_request_id: &'a str,
        /// Whether it may.
        approve: bool,
    },
}

/// Something said, by whom; each may use its own kinds of content.
#[derive(Clone, Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub enum NewMessage<'a> {
    /// We, to the model.
    System {
        /// The parts.
        content: Vec<SystemContent<'a>>,
    },
    /// The caller.
    User {
        /// The parts.
        content: Vec<UserContent<'a>>,
    },
    /// The model.
    Assistant {
        /// The parts.
        content: Vec<AssistantContent<'a>>,
    },
}

/// A part of what we tell the model.
#[derive(Clone, Copy, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SystemContent<'a> {
    /// Text.
    InputText {
        /// The words.
        text: &'a str,
    },
}

/// A part of what a caller said.
#[derive(Clone, Copy, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum UserContent<'a> {
    /// Text.
    InputText {
        /// The words.
        text: &'a str,
    },
    /// Speech.
    InputAudio {
        /// In the session's input format.
        #[serde(serialize_with = "payload::serialize")]
        audio: &'a [u8],
        /// The words in it.
        #[serde(skip_serializing_if = "Option::is_none")]
        transcript: Option<&'a str>,
    },
}

/// A part of what the model said.
#[derive(Clone, Copy, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AssistantContent<'a> {
    /// Text.
    OutputText {
        /// The words.
        text: &'a str,
    },
    /// Speech; its sound need not be sent back.
    OutputAudio {
        /// The words in it.
        transcript: &'a str,
    },
}

//! A response in the making: what is still to come, and what is already out.

use std::collections::VecDeque;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::plan::TimedStep;
use crate::rehearsal::codec::Encoder;

/// One response, from `response.created` to `response.done`.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) id: String,
    /// Whether it belongs to the conversation.
    pub(super) is_default: bool,
    pub(super) is_text_only: bool,
    /// Whether the end of a turn made it, and not the client.
    pub(super) is_own: bool,
    pub(super) created_at: Instant,
    pub(super) first_audio_at: Option<Instant>,
    pub(super) steps: VecDeque<TimedStep>,
    /// When the first of `steps` is due.
    pub(super) due: Instant,
    pub(super) encoder: Encoder,
    pub(super) open: Option<OpenItem>,
    /// Items that are done.
    pub(super) output: Vec<Value>,
    pub(super) audio_ms: u64,
    pub(super) text_len: usize,
    pub(super) input: InputTokens,
    pub(super) metadata: Value,
    pub(super) audio: Value,
    pub(super) max_output_tokens: Value,
}

/// An item that is being made.
#[derive(Debug)]
pub(super) struct OpenItem {
    pub(super) id: String,
    /// Its words, or its arguments, so far.
    pub(super) words: String,
    /// Of a tool call: its id and the tool.
    pub(super) call: Option<(String, String)>,
}

/// What a response had to read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct InputTokens {
    pub(super) text: u64,
    pub(super) audio: u64,
    pub(super) cached_text: u64,
    pub(super) cached_audio: u64,
}

impl Response {
    /// The response object with this status; `usage` only when it is done.
    pub(super) fn to_value(&self, status: &str, details: &Value, conversation_id: &str) -> Value {
        let is_done = status != "in_progress";
        let modality = if self.is_text_only { "text" } else { "audio" };
        json!({
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": details,
            "output": self.output,
            "conversation_id": self.is_default.then_some(conversation_id),
            "output_modalities": [modality],
            "max_output_tokens": self.max_output_tokens,
            "audio": self.audio,
            "usage": is_done.then(|| self.usage()),
            "metadata": self.metadata,
        })
    }

    /// Where in the conversation's order the open item stands in this response.
    pub(super) fn output_index(&self) -> usize {
        self.output.len()
    }

    pub(super) fn output_tokens(&self) -> (u64, u64) {
        (
            u64::try_from(self.text_len / 4).unwrap_or_default(),
            self.audio_ms / 50,
        )
    }

    fn usage(&self) -> Value {
        let InputTokens {
            text,
            audio,
            cached_text,
            cached_audio,
        } = self.input;
        let (out_text, out_audio) = self.output_tokens();
        json!({
            "total_tokens": text + audio + out_text + out_audio,
            "input_tokens": text + audio,
            "output_tokens": out_text + out_audio,
            "input_token_details": {
                "text_tokens": text,
                "audio_tokens": audio,
                "image_tokens": 0,
                "cached_tokens": cached_text + cached_audio,
                "cached_tokens_details": {
                    "text_tokens": cached_text,
                    "audio_tokens": cached_audio,
                    "image_tokens": 0,
                },
            },
            "output_token_details": {"text_tokens": out_text, "audio_tokens": out_audio},
        })
    }
}

//! How the session sends what a response is made of.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::brain::Brain;
use super::conversation::Item;
use super::options::ToolCall;
use super::record::ItemRecord;
use super::response::{OpenItem, Response};
use crate::rehearsal::codec::SAMPLES_PER_MS;
use crate::rehearsal::names::model_name;

impl Brain {
    pub(super) fn open_item(&mut self, at: usize, call: Option<ToolCall>) {
        let id = model_name("item");
        let named = |call: ToolCall| {
            (
                call.call_id.unwrap_or_else(|| model_name("call")),
                call.name,
            )
        };
        let call = call.map(named);
        let response = &mut self.responses[at];
        let open = OpenItem {
            id: id.clone(),
            words: String::new(),
            call,
        };
        let value = open.to_value("in_progress", response.is_text_only);
        let is_message = open.call.is_none();
        response.open = Some(open);
        let (is_default, is_text_only) = (response.is_default, response.is_text_only);
        let (response_id, index) = (response.id.clone(), response.output_index());
        if is_message && !is_text_only {
            self.recorder.note(|record| {
                record.items.push(ItemRecord {
                    item_id: id.clone(),
                    response_id: response_id.clone(),
                    text: String::new(),
                    generated_ms: 0,
                    first_audio_at: None,
                    last_audio_at: None,
                });
            });
        }
        self.emit(json!({
            "type": "response.output_item.added",
            "response_id": response_id,
            "output_index": index,
            "item": value,
        }));
        if is_default {
            let previous = self.conversation.last();
            let event = json!({
                "type": "conversation.item.added",
                "previous_item_id": previous,
                "item": value,
            });
            self.emit(event);
            let audio = Duration::ZERO;
            self.conversation.push(Item {
                id,
                value,
                audio,
                is_spoken: false,
            });
        }
        if is_message {
            let part = part(is_text_only, "");
            self.emit_part(at, "response.content_part.added", &json!({"part": part}));
        }
    }

    pub(super) fn speak(&mut self, at: usize, words: &str, mulaw: &[u8], now: Instant) {
        let is_silent = mulaw.is_empty();
        let response = &mut self.responses[at];
        let ms = u64::try_from(mulaw.len() / SAMPLES_PER_MS).unwrap_or_default();
        let delta = STANDARD.encode(response.encoder.encode(mulaw));
        response.audio_ms += ms;
        response.text_len += words.len();
        if !is_silent {
            response.first_audio_at.get_or_insert(now);
        }
        let (response_id, is_default) = (response.id.clone(), response.is_default);
        let Some(open) = response.open.as_mut() else {
            return;
        };
        open.words.push_str(words);
        let item_id = open.id.clone();
        self.has_spoken |= !is_silent;
        if is_default && let Some(item) = self.conversation.find_mut(&item_id) {
            item.audio += Duration::from_millis(ms);
            item.is_spoken |= !is_silent;
        }
        self.note_sound(&response_id, &item_id, (words, ms), now);
        if !words.is_empty() {
            let body = json!({"delta": words});
            self.emit_part(at, "response.output_audio_transcript.delta", &body);
        }
        if !is_silent {
            self.emit_part(at, "response.output_audio.delta", &json!({"delta": delta}));
        }
    }

    pub(super) fn write(&mut self, at: usize, words: &str) {
        let response = &mut self.responses[at];
        response.text_len += words.len();
        if let Some(open) = response.open.as_mut() {
            open.words.push_str(words);
            self.emit_part(at, "response.output_text.delta", &json!({"delta": words}));
        }
    }

    pub(super) fn argue(&mut self, at: usize, piece: &str) {
        let response = &mut self.responses[at];
        response.text_len += piece.len();
        if let Some(open) = response.open.as_mut() {
            open.words.push_str(piece);
            let call_id = open.call.as_ref().map(|(call_id, _)| call_id.clone());
            let body = json!({"call_id": call_id, "delta": piece});
            self.emit_part(at, "response.function_call_arguments.delta", &body);
        }
    }

    /// Ends the open item with this status.
    pub(super) fn close_item(&mut self, at: usize, status: &str) {
        let Some(open) = self.responses[at].open.as_ref() else {
            return;
        };
        let is_text_only = self.responses[at].is_text_only;
        let (id, words, value) = (
            open.id.clone(),
            open.words.clone(),
            open.to_value(status, is_text_only),
        );
        match &open.call {
            Some((call_id, name)) => {
                let body = json!({"call_id": call_id, "name": name, "arguments": words});
                if status == "completed" {
                    self.emit_part(at, "response.function_call_arguments.done", &body);
                }
            }
            None if is_text_only => {
                self.emit_part(at, "response.output_text.done", &json!({"text": words}));
            }
            None => {
                self.emit_part(at, "response.output_audio.done", &json!({}));
                let body = json!({"transcript": words});
                self.emit_part(at, "response.output_audio_transcript.done", &body);
            }
        }
        if value["type"] == "message" {
            let body = json!({"part": part(is_text_only, &words)});
            self.emit_part(at, "response.content_part.done", &body);
        }
        self.finish_item(at, &id, &value);
    }

    fn finish_item(&mut self, at: usize, id: &str, value: &Value) {
        let response = &mut self.responses[at];
        let (response_id, index) = (response.id.clone(), response.output_index());
        let is_default = response.is_default;
        response.open = None;
        response.output.push(value.clone());
        self.emit(json!({
            "type": "response.output_item.done",
            "response_id": response_id,
            "output_index": index,
            "item": value,
        }));
        if is_default {
            let previous = self.conversation.previous_of(id);
            if let Some(item) = self.conversation.find_mut(id) {
                item.value = value.clone();
            }
            self.emit(json!({
                "type": "conversation.item.done",
                "previous_item_id": previous,
                "item": value,
            }));
        }
    }

    /// An event about the open item's part, or about its call.
    fn emit_part(&mut self, at: usize, kind: &str, body: &Value) {
        let Response {
            id, open, output, ..
        } = &self.responses[at];
        let Some(open) = open else {
            return;
        };
        let mut event = json!({
            "type": kind,
            "response_id": id,
            "item_id": open.id,
            "output_index": output.len(),
        });
        if open.call.is_none() {
            event["content_index"] = json!(0);
        }
        if let (Some(event), Some(body)) = (event.as_object_mut(), body.as_object()) {
            event.extend(body.clone());
        }
        self.emit(event);
    }

    fn note_sound(&self, response_id: &str, item_id: &str, said: (&str, u64), now: Instant) {
        self.recorder.note(|record| {
            let response = record
                .responses
                .iter_mut()
                .find(|own| own.response_id == response_id);
            if let Some(response) = response.filter(|_| said.1 > 0) {
                response.first_audio_at.get_or_insert(now);
            }
            if let Some(item) = record.items.iter_mut().find(|item| item.item_id == item_id) {
                item.text.push_str(said.0);
                item.generated_ms += said.1;
                if said.1 > 0 {
                    item.first_audio_at.get_or_insert(now);
                    item.last_audio_at = Some(now);
                }
            }
        });
    }
}

impl OpenItem {
    fn to_value(&self, status: &str, is_text_only: bool) -> Value {
        if let Some((call_id, name)) = &self.call {
            return json!({
                "id": self.id,
                "object": "realtime.item",
                "type": "function_call",
                "status": status,
                "name": name,
                "call_id": call_id,
                "arguments": self.words,
            });
        }
        let content = match (status, is_text_only) {
            ("in_progress", _) => json!([]),
            (_, true) => json!([{"type": "output_text", "text": self.words}]),
            (_, false) => json!([{"type": "output_audio", "transcript": self.words}]),
        };
        json!({
            "id": self.id,
            "object": "realtime.item",
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": content,
        })
    }
}

fn part(is_text_only: bool, words: &str) -> Value {
    if is_text_only {
        json!({"type": "text", "text": words})
    } else {
        json!({"type": "audio", "transcript": words})
    }
}

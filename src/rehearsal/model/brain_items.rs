//! What the session does with items that the client makes, cuts and deletes.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::brain::Brain;
use super::client_event::Truncate;
use super::conversation::texts;
use super::record::{Deletion, Truncation};
use super::refusal::Refusal;

impl Brain {
    pub(super) fn create_item(
        &mut self,
        item: Value,
        previous: Option<&str>,
        now: Instant,
    ) -> Result<(), Refusal> {
        let leave = self.leave_in(&item)?;
        let id = self.conversation.create(item, previous)?;
        let item = self.conversation.retrieve(&id)?;
        let previous = self.conversation.previous_of(&id);
        self.recorder.note(|record| {
            let text: String = texts(&item).collect();
            if item["type"] == "function_call_output" {
                let call_id = item["call_id"].as_str().unwrap_or_default();
                record.tool_outputs.push((call_id.to_owned(), text));
            } else if item["type"] == "message" {
                let role = item["role"].as_str().unwrap_or_default();
                record.messages.push((role.to_owned(), text));
            }
        });
        for kind in ["conversation.item.added", "conversation.item.done"] {
            self.emit(json!({"type": kind, "previous_item_id": previous, "item": item}));
        }
        if let Some((at, may)) = leave {
            self.take_leave(at, may, now);
        }
        Ok(())
    }

    pub(super) fn delete_item(&mut self, item_id: &str, now: Instant) -> Result<(), Refusal> {
        self.conversation.delete(item_id)?;
        let deletion = Deletion {
            at: now,
            item_id: item_id.to_owned(),
        };
        self.recorder.note(|record| record.deletions.push(deletion));
        self.emit(json!({"type": "conversation.item.deleted", "item_id": item_id}));
        Ok(())
    }

    pub(super) fn truncate_item(&mut self, cut: &Truncate, now: Instant) -> Result<(), Refusal> {
        let generated = self
            .conversation
            .find(&cut.item_id)
            .map_or(Duration::ZERO, |i| i.audio);
        let result = if cut.content_index == 0 {
            self.conversation
                .truncate(&cut.item_id, Duration::from_millis(cut.audio_end_ms))
        } else {
            let message = format!(
                "Invalid 'content_index': {} is not a part.",
                cut.content_index
            );
            Err(Refusal::invalid_value("content_index", message))
        };
        let truncation = Truncation {
            at: now,
            item_id: cut.item_id.clone(),
            audio_end_ms: cut.audio_end_ms,
            generated_ms: u64::try_from(generated.as_millis()).unwrap_or(u64::MAX),
            is_accepted: result.is_ok(),
        };
        self.recorder
            .note(|record| record.truncations.push(truncation));
        result?;
        self.emit(json!({
            "type": "conversation.item.truncated",
            "item_id": cut.item_id,
            "content_index": 0,
            "audio_end_ms": cut.audio_end_ms,
        }));
        Ok(())
    }
}

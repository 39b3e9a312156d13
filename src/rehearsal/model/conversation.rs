//! The conversation: items in order, and what may be done to them.

use std::time::Duration;

use serde_json::{Value, json};

use super::item_shape::check_item;
use super::refusal::Refusal;
use crate::rehearsal::names::model_name;

/// An item with what its JSON does not show.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: String,
    /// As events show it.
    pub(super) value: Value,
    /// Sound in it: the caller's, or what the model has made so far.
    pub(super) audio: Duration,
    /// Whether the model made it and it has sound.
    pub(super) is_spoken: bool,
}

/// Items in order.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    items: Vec<Item>,
}

impl Conversation {
    /// Puts in what a client sends. Gives the item's id.
    pub(super) fn create(
        &mut self,
        mut value: Value,
        previous: Option<&str>,
    ) -> Result<String, Refusal> {
        check_item(&value)?;
        if value["type"] == "function_call_output" {
            let call_id = value["call_id"].as_str().unwrap_or_default();
            let is_known = |item: &Item| {
                item.value["type"] == "function_call" && item.value["call_id"] == call_id
            };
            if !self.items.iter().any(is_known) {
                let message = format!("Tool call ID '{call_id}' not found in conversation.");
                return Err(Refusal::new("invalid_tool_call_id", message));
            }
        }
        let id = match value["id"].as_str() {
            Some(id) if self.find(id).is_some() => {
                let message = format!("Error adding item: an item with id '{id}' already exists.");
                return Err(Refusal::new("item_create_duplicate_item_id", message));
            }
            Some(id) => id.to_owned(),
            None => model_name("item"),
        };
        let at = self.place_after(previous)?;
        value["id"] = json!(id);
        if value["type"] != "mcp_approval_response" {
            value["object"] = json!("realtime.item");
            value["status"] = json!("completed");
        }
        let item = Item {
            id: id.clone(),
            value,
            audio: Duration::ZERO,
            is_spoken: false,
        };
        self.items.insert(at, item);
        Ok(id)
    }

    /// Puts an item at the end.
    pub(super) fn push(&mut self, item: Item) {
        self.items.push(item);
    }

    pub(super) fn find(&self, id: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    pub(super) fn find_mut(&mut self, id: &str) -> Option<&mut Item> {
        self.items.iter_mut().find(|item| item.id == id)
    }

    /// The item before `id`; `null` at the head.
    pub(super) fn previous_of(&self, id: &str) -> Value {
        let at = self.items.iter().position(|item| item.id == id);
        let before = at
            .and_then(|at| at.checked_sub(1))
            .map(|at| self.items[at].id.as_str());
        before.map_or(Value::Null, Value::from)
    }

    /// The last item's id; `null` when there is none.
    pub(super) fn last(&self) -> Value {
        self.items.last().map_or(Value::Null, |item| json!(item.id))
    }

    pub(super) fn delete(&mut self, id: &str) -> Result<(), Refusal> {
        let before = self.items.len();
        self.items.retain(|item| item.id != id);
        if self.items.len() < before {
            return Ok(());
        }
        let message = format!("Error deleting item: the item with id '{id}' does not exist.");
        Err(Refusal::new("item_delete_invalid_item_id", message))
    }

    /// Forgets what the caller did not hear, with the transcript.
    pub(super) fn truncate(&mut self, id: &str, end: Duration) -> Result<(), Refusal> {
        let Some(item) = self.find_mut(id) else {
            let message = format!("Error truncating item: the item with id '{id}' does not exist.");
            return Err(Refusal::new("item_truncate_invalid_item_id", message));
        };
        if !item.is_spoken {
            let message = "Only model output audio messages can be truncated";
            return Err(Refusal::new("unsupported_content_type", message));
        }
        if end > item.audio {
            let message = format!(
                "Audio content of {}ms is already shorter than {}ms",
                item.audio.as_millis(),
                end.as_millis()
            );
            return Err(Refusal::new("invalid_value", message));
        }
        item.audio = end;
        if let Some(part) = item.value["content"].get_mut(0) {
            part["transcript"] = json!("");
        }
        Ok(())
    }

    pub(super) fn retrieve(&self, id: &str) -> Result<Value, Refusal> {
        self.find(id).map(|item| item.value.clone()).ok_or_else(|| {
            let message = format!("Error retrieving item: the item with id '{id}' does not exist.");
            Refusal::new("item_retrieve_invalid_item_id", message)
        })
    }

    /// Tokens to read before answering: of text, of sound.
    pub(super) fn tokens(&self) -> (u64, u64) {
        let mut tokens = (0, 0);
        for item in &self.items {
            let ms = u64::try_from(item.audio.as_millis()).unwrap_or_default();
            let text: usize = texts(&item.value).map(str::len).sum();
            tokens.0 += u64::try_from(text / 4).unwrap_or_default() + 4;
            tokens.1 += if item.is_spoken { ms / 50 } else { ms / 100 };
        }
        tokens
    }

    fn place_after(&self, previous: Option<&str>) -> Result<usize, Refusal> {
        match previous {
            None => Ok(self.items.len()),
            Some("root") => Ok(0),
            Some(id) => {
                let at = self.items.iter().position(|item| item.id == id);
                at.map(|at| at + 1).ok_or_else(|| {
                    let message = format!(
                        "Error adding item: the previous item with id '{id}' does not exist."
                    );
                    Refusal::new("item_create_invalid_previous_item_id", message)
                })
            }
        }
    }
}

/// All that can be read in an item.
pub(super) fn texts(item: &Value) -> impl Iterator<Item = &str> {
    let own = ["arguments", "output"]
        .into_iter()
        .filter_map(|key| item[key].as_str());
    let parts = item["content"].as_array().into_iter().flatten();
    own.chain(parts.filter_map(|part| part["text"].as_str().or(part["transcript"].as_str())))
}

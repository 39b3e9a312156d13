//! How the session asks servers of tools (Model Context Protocol).
//!
//! What such a server answers goes into the conversation, and that is all: the
//! model speaks of it when it is asked for a response.
//!
//! <https://developers.openai.com/api/docs/guides/realtime-mcp>

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::brain::{Alarm, Brain};
use super::conversation::Item;
use super::options::{McpCall, McpEnd};
use super::refusal::Refusal;
use crate::rehearsal::names::model_name;

/// A call that goes on.
#[derive(Debug)]
pub(super) struct RunningMcpCall {
    item_id: String,
    output_index: usize,
    /// Under which leave was asked for it.
    question: Option<String>,
    takes: Duration,
    end: McpEnd,
}

impl Brain {
    /// Tells which tools there are at the servers that are new.
    pub(super) fn list_mcp_tools(&mut self) {
        let servers = self.mcp_servers();
        for (label, tools) in servers {
            if self.listed.contains(&label) {
                continue;
            }
            let id = model_name("mcpl");
            let list = |tools: Vec<Value>| {
                json!({
                    "id": id,
                    "type": "mcp_list_tools",
                    "server_label": label,
                    "tools": tools,
                })
            };
            self.add_item(&id, &list(Vec::new()));
            self.emit(json!({"type": "mcp_list_tools.in_progress", "item_id": id}));
            self.emit(json!({"type": "mcp_list_tools.completed", "item_id": id}));
            let schema = json!({"type": "object", "properties": {}});
            let tools = tools
                .iter()
                .map(|name| json!({"name": name, "input_schema": schema}));
            self.finish_mcp_item(&id, list(tools.collect()));
            self.listed.push(label);
        }
    }

    /// Calls the tool of a server, within the response at `at`.
    pub(super) fn ask_server(&mut self, at: usize, call: &McpCall, now: Instant) {
        let servers = self.mcp_servers();
        let is_given = |(label, tools): &(String, Vec<String>)| {
            *label == call.server_label && tools.contains(&call.name)
        };
        if !servers.iter().any(is_given) {
            let (label, name) = (&call.server_label, &call.name);
            let violation = format!("the session has no server '{label}' with a tool '{name}'");
            self.recorder
                .note(|record| record.violations.push(violation));
            return;
        }
        let running = self.write_mcp_call(at, call);
        if call.asks_leave {
            self.ask_leave(at, call, running);
        } else {
            self.run_mcp_call(running, now);
        }
    }

    /// The leave that the client gives or refuses by this item, and of what.
    pub(super) fn leave_in(&self, item: &Value) -> Result<Option<(usize, bool)>, Refusal> {
        if item["type"] != "mcp_approval_response" {
            return Ok(None);
        }
        let question = item["approval_request_id"].as_str();
        let is_meant = |call: &RunningMcpCall| call.question.as_deref() == question;
        let at = self.unpermitted.iter().position(is_meant);
        let at = at.ok_or_else(|| {
            let message = "The approval request does not exist, or was answered before.";
            Refusal::invalid_value("item.approval_request_id", message)
        })?;
        Ok(Some((at, item["approve"] == true)))
    }

    pub(super) fn take_leave(&mut self, at: usize, may: bool, now: Instant) {
        let call = self.unpermitted.remove(at);
        if may {
            self.run_mcp_call(call, now);
        }
    }

    pub(super) fn end_mcp_call(&mut self, call: RunningMcpCall) {
        let Some(item) = self.conversation.find(&call.item_id) else {
            return;
        };
        let mut value = item.value.clone();
        let kind = match call.end {
            McpEnd::Answers(output) => {
                value["output"] = json!(output);
                "response.mcp_call.completed"
            }
            McpEnd::Fails(message) => {
                let error = json!({"type": "protocol_error", "code": -32000, "message": message});
                value["error"] = error;
                "response.mcp_call.failed"
            }
            McpEnd::Never => return,
        };
        self.emit(json!({
            "type": kind,
            "item_id": call.item_id,
            "output_index": call.output_index,
        }));
        self.finish_mcp_item(&call.item_id, value);
    }

    /// The servers of the session, each with the tools that may be used there.
    fn mcp_servers(&self) -> Vec<(String, Vec<String>)> {
        let session = self.session.to_value();
        let tools = session["tools"].as_array().map(Vec::as_slice);
        let servers = tools.unwrap_or_default().iter();
        let servers = servers.filter(|tool| tool["type"] == "mcp");
        servers
            .map(|server| {
                let label = server["server_label"].as_str().unwrap_or_default();
                let allowed = server["allowed_tools"].as_array().into_iter().flatten();
                let names = allowed.filter_map(Value::as_str).map(str::to_owned);
                (label.to_owned(), names.collect())
            })
            .collect()
    }

    fn write_mcp_call(&mut self, at: usize, call: &McpCall) -> RunningMcpCall {
        let id = model_name("mcp");
        let (response_id, index) = {
            let response = &mut self.responses[at];
            response.text_len += call.arguments.len();
            (response.id.clone(), response.output_index())
        };
        let item = |arguments: &str| {
            json!({
                "id": id,
                "type": "mcp_call",
                "server_label": call.server_label,
                "name": call.name,
                "arguments": arguments,
            })
        };
        self.emit(json!({
            "type": "response.output_item.added",
            "response_id": response_id,
            "output_index": index,
            "item": item(""),
        }));
        self.add_item(&id, &item(""));
        let about = |kind: &str, key: &str| {
            let mut event = json!({
                "type": kind,
                "response_id": response_id,
                "item_id": id,
                "output_index": index,
            });
            event[key] = json!(call.arguments);
            event
        };
        self.emit(about("response.mcp_call_arguments.delta", "delta"));
        self.emit(about("response.mcp_call_arguments.done", "arguments"));
        let value = item(&call.arguments);
        self.responses[at].output.push(value.clone());
        self.emit(json!({
            "type": "response.output_item.done",
            "response_id": response_id,
            "output_index": index,
            "item": value,
        }));
        if let Some(item) = self.conversation.find_mut(&id) {
            item.value = value;
        }
        RunningMcpCall {
            item_id: id,
            output_index: index,
            question: None,
            takes: call.takes,
            end: call.end.clone(),
        }
    }

    fn ask_leave(&mut self, at: usize, call: &McpCall, running: RunningMcpCall) {
        let id = model_name("mcpr");
        let value = json!({
            "id": id,
            "type": "mcp_approval_request",
            "server_label": call.server_label,
            "name": call.name,
            "arguments": call.arguments,
        });
        let response = &mut self.responses[at];
        let (response_id, index) = (response.id.clone(), response.output_index());
        response.output.push(value.clone());
        for kind in ["response.output_item.added", "response.output_item.done"] {
            self.emit(json!({
                "type": kind,
                "response_id": response_id,
                "output_index": index,
                "item": value,
            }));
        }
        self.add_item(&id, &value);
        self.finish_mcp_item(&id, value);
        self.unpermitted.push(RunningMcpCall {
            question: Some(id),
            ..running
        });
    }

    fn run_mcp_call(&mut self, call: RunningMcpCall, now: Instant) {
        self.emit(json!({
            "type": "response.mcp_call.in_progress",
            "item_id": call.item_id,
            "output_index": call.output_index,
        }));
        self.alarms.push((now + call.takes, Alarm::McpEnded(call)));
    }

    fn add_item(&mut self, id: &str, value: &Value) {
        let previous = self.conversation.last();
        self.emit(json!({
            "type": "conversation.item.added",
            "previous_item_id": previous,
            "item": value,
        }));
        self.conversation.push(Item {
            id: id.to_owned(),
            value: value.clone(),
            audio: Duration::ZERO,
            is_spoken: false,
        });
    }

    fn finish_mcp_item(&mut self, id: &str, value: Value) {
        let previous = self.conversation.previous_of(id);
        self.emit(json!({
            "type": "conversation.item.done",
            "previous_item_id": previous,
            "item": value,
        }));
        if let Some(item) = self.conversation.find_mut(id) {
            item.value = value;
        }
    }
}

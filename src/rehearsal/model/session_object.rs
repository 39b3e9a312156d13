//! The session as the server holds it, and what follows from it.

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::session_shape::SessionParam;
use super::vad::VadTuning;
use crate::rehearsal::codec::WireFormat;

/// The whole session object, always complete.
#[derive(Debug)]
pub(super) struct SessionObject {
    value: Value,
}

/// Who decides that the caller's turn is over, and what follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TurnTaking {
    pub(super) tuning: VadTuning,
    pub(super) creates_response: bool,
    pub(super) interrupts_response: bool,
    pub(super) idle_timeout_ms: Option<u64>,
}

impl SessionObject {
    /// A session as it is born; `expires_at` in seconds since 1970.
    pub(super) fn new(id: &str, model: &str, expires_at: i64) -> Self {
        let value = json!({
            "type": "realtime",
            "object": "realtime.session",
            "id": id,
            "model": model,
            "output_modalities": ["audio"],
            "instructions": "You are a helpful assistant.",
            "tools": [],
            "tool_choice": "auto",
            "max_output_tokens": "inf",
            "tracing": null,
            "truncation": "auto",
            "prompt": null,
            "expires_at": expires_at,
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "transcription": null,
                    "noise_reduction": null,
                    "turn_detection": with_defaults(json!({"type": "server_vad"})),
                },
                "output": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "voice": "alloy",
                    "speed": 1.0,
                },
            },
            "include": null,
        });
        Self { value }
    }

    /// Takes over what is present in `raw`, or refuses all of it.
    pub(super) fn update(
        &mut self,
        param: &SessionParam,
        raw: Value,
        has_spoken: bool,
    ) -> Result<(), Refusal> {
        self.check_fixed(param, has_spoken)?;
        merge(&mut self.value, raw);
        let input = &mut self.value["audio"]["input"];
        let detection = input["turn_detection"].take();
        input["turn_detection"] = with_defaults(detection);
        for side in ["input", "output"] {
            let format = &mut self.value["audio"][side]["format"];
            if format["type"] == "audio/pcm" {
                format["rate"] = json!(24000);
            }
        }
        Ok(())
    }

    /// The session as events show it.
    pub(super) fn to_value(&self) -> Value {
        self.value.clone()
    }

    pub(super) fn input_format(&self) -> WireFormat {
        self.format("input")
    }

    pub(super) fn output_format(&self) -> WireFormat {
        self.format("output")
    }

    pub(super) fn turn_taking(&self) -> Option<TurnTaking> {
        let detection = &self.value["audio"]["input"]["turn_detection"];
        let number = |key: &str| detection[key].as_u64();
        let silence_duration_ms = match (detection["type"].as_str()?, &detection["eagerness"]) {
            ("server_vad", _) => number("silence_duration_ms").unwrap_or(500),
            // The real detector reads the words; these only keep the order.
            (_, eagerness) if eagerness == "high" => 300,
            (_, eagerness) if eagerness == "low" => 900,
            _ => 500,
        };
        Some(TurnTaking {
            tuning: VadTuning {
                threshold: detection["threshold"].as_f64().unwrap_or(0.5),
                prefix_padding_ms: number("prefix_padding_ms").unwrap_or(300),
                silence_duration_ms,
            },
            creates_response: detection["create_response"].as_bool().unwrap_or(true),
            interrupts_response: detection["interrupt_response"].as_bool().unwrap_or(true),
            idle_timeout_ms: number("idle_timeout_ms"),
        })
    }

    pub(super) fn transcriber(&self) -> Option<&str> {
        self.value["audio"]["input"]["transcription"]["model"].as_str()
    }

    pub(super) fn is_text_only(&self) -> bool {
        self.value["output_modalities"][0] == "text"
    }

    /// The `audio` of a response object.
    pub(super) fn response_audio(&self) -> Value {
        let output = &self.value["audio"]["output"];
        json!({"output": {"format": output["format"], "voice": output["voice"]}})
    }

    pub(super) fn max_output_tokens(&self) -> Value {
        self.value["max_output_tokens"].clone()
    }

    /// Characters that every response has to read first.
    pub(super) fn prompt_len(&self) -> usize {
        let instructions = self.value["instructions"].as_str().map_or(0, str::len);
        let tools = &self.value["tools"];
        let tools = if tools == &json!([]) {
            0
        } else {
            tools.to_string().len()
        };
        instructions + tools
    }

    fn format(&self, side: &str) -> WireFormat {
        match self.value["audio"][side]["format"]["type"].as_str() {
            Some("audio/pcmu") => WireFormat::Pcmu,
            Some("audio/pcma") => WireFormat::Pcma,
            _ => WireFormat::Pcm24,
        }
    }

    fn check_fixed(&self, param: &SessionParam, has_spoken: bool) -> Result<(), Refusal> {
        let model = self.value["model"].as_str().unwrap_or_default();
        if param.model.as_deref().is_some_and(|asked| asked != model) {
            let message = "Cannot update a session's model after it has started.";
            return Err(Refusal::invalid_value("session.model", message));
        }
        let thinks = model.starts_with("gpt-realtime-2") && !model.starts_with("gpt-realtime-20");
        if !thinks && (param.reasoning.is_some() || param.parallel_tool_calls.is_some()) {
            let message = format!("Reasoning options are not supported with model '{model}'.");
            return Err(Refusal::invalid_value("session.reasoning", message));
        }
        let tracing = &self.value["tracing"];
        if !tracing.is_null() && param.tracing.as_ref().is_some_and(|asked| asked != tracing) {
            let message = "Cannot update tracing once it has been enabled for a session.";
            return Err(Refusal::invalid_value("session.tracing", message));
        }
        let asked = param.audio.as_ref().and_then(|audio| audio.output.as_ref());
        let voice = asked.and_then(|output| output.voice.as_ref());
        if has_spoken && voice.is_some_and(|voice| voice != &self.value["audio"]["output"]["voice"])
        {
            let message = "Cannot update a conversation's voice if assistant audio is present.";
            return Err(Refusal::new("cannot_update_voice", message));
        }
        Ok(())
    }
}

/// Objects that hold several settings are merged; settings are replaced.
fn merge(current: &mut Value, update: Value) {
    let (Value::Object(current), Value::Object(update)) = (current, update) else {
        return;
    };
    for (key, value) in update {
        if matches!(key.as_str(), "audio" | "input" | "output") {
            merge(current.entry(key).or_insert_with(|| json!({})), value);
        } else {
            current.insert(key, value);
        }
    }
}

fn with_defaults(detection: Value) -> Value {
    let mut full = match detection["type"].as_str() {
        Some("server_vad") => json!({
            "threshold": 0.5,
            "prefix_padding_ms": 300,
            "silence_duration_ms": 500,
            "idle_timeout_ms": null,
            "create_response": true,
            "interrupt_response": true,
        }),
        Some(_) => json!({
            "eagerness": "auto",
            "create_response": true,
            "interrupt_response": true,
        }),
        None => return detection,
    };
    merge(&mut full, detection);
    full
}

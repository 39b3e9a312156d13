//! What a session's values must keep to, beyond their shape.

use serde_json::Value;

use super::refusal::Refusal;
use super::session_shape::{Modality, ToolParam};

/// Sound or text, not both.
pub(super) fn check_modalities(path: &str, modalities: &[Modality]) -> Result<(), Refusal> {
    if modalities.len() == 1 {
        return Ok(());
    }
    let message = format!("Invalid modalities in '{path}': expected ['audio'] or ['text'].");
    Err(Refusal::invalid_value(path, message))
}

/// One of the built-in voices, or `{"id": "voice_…"}`.
pub(super) fn check_voice(path: &str, voice: &Value) -> Result<(), Refusal> {
    let fits = match voice {
        Value::String(name) => VOICES.contains(&name.as_str()),
        Value::Object(custom) => {
            custom.len() == 1 && custom.get("id").is_some_and(Value::is_string)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => false,
    };
    if fits {
        return Ok(());
    }
    let (known, voice) = (VOICES.join("', '"), voice.as_str().unwrap_or("?"));
    let message = format!("Invalid value: '{voice}'. Supported values are: '{known}'.");
    Err(Refusal::invalid_value(path, message))
}

const VOICES: [&str; 10] = [
    "alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar",
];

/// Names that can be called, parameters that are a schema, none twice.
pub(super) fn check_tools(path: &str, tools: &[ToolParam]) -> Result<(), Refusal> {
    let mut seen = Vec::new();
    for (at, tool) in tools.iter().enumerate() {
        let name = match tool {
            ToolParam::Function {
                name, parameters, ..
            } => {
                let kind = parameters.as_ref().map(|schema| schema.get("type"));
                if kind.is_some_and(|kind| kind != Some(&Value::from("object"))) {
                    let path = format!("{path}[{at}].parameters");
                    let message = format!(
                        "Invalid schema for function '{name}': schema must be \
                        a JSON Schema of 'type: \"object\"'."
                    );
                    return Err(Refusal::new("invalid_function_parameters", message).at(&path));
                }
                name
            }
            ToolParam::Mcp { server_label, .. } => server_label,
        };
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
        if !(1..=64).contains(&name.len()) || !name.bytes().all(fits) || seen.contains(&name) {
            let path = format!("{path}[{at}].name");
            let message = format!(
                "Invalid '{path}': expected a unique name of 1 to 64 letters, \
                digits, underscores or hyphens."
            );
            return Err(Refusal::invalid_value(&path, message));
        }
        seen.push(name);
    }
    Ok(())
}

/// A word, or a tool by its name.
pub(super) fn check_tool_choice(path: &str, choice: &Value) -> Result<(), Refusal> {
    let fits = match choice {
        Value::String(word) => ["auto", "none", "required"].contains(&word.as_str()),
        Value::Object(named) => match named.get("type").and_then(Value::as_str) {
            Some("function") => named.len() == 2 && named["name"].is_string(),
            Some("mcp") => named.get("server_label").is_some_and(Value::is_string),
            _ => false,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => false,
    };
    let message = format!("Invalid '{path}': expected 'auto', 'none', 'required' or a tool.");
    if fits {
        Ok(())
    } else {
        Err(Refusal::invalid_value(path, message))
    }
}

/// A word, or how much of the conversation to keep.
pub(super) fn check_truncation(truncation: &Value) -> Result<(), Refusal> {
    let fits = match truncation {
        Value::String(word) => word == "auto" || word == "disabled",
        Value::Object(ratio) => {
            let share = ratio.get("retention_ratio").and_then(Value::as_f64);
            ratio.get("type") == Some(&Value::from("retention_ratio"))
                && share.is_some_and(|share| (0.0..=1.0).contains(&share))
                && ratio
                    .keys()
                    .all(|key| ["type", "retention_ratio", "token_limits"].contains(&key.as_str()))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => false,
    };
    let path = "session.truncation";
    let message = format!("Invalid '{path}': expected 'auto', 'disabled' or a retention ratio.");
    if fits {
        Ok(())
    } else {
        Err(Refusal::invalid_value(path, message))
    }
}

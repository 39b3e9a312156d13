//! Tools as the model sees them: a name, a purpose, the shape of arguments.

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::domain::ToolName;

/// A function that the model may call.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename = "function")]
pub struct Tool {
    /// The name it is called by.
    pub name: String,
    /// When to use it and what it does, in words for the model.
    pub description: String,
    /// JSON Schema of its arguments, an object.
    pub parameters: Value,
}

impl From<ToolName> for Tool {
    fn from(name: ToolName) -> Self {
        let (description, parameters) = match name {
            ToolName::EndCall => (
                "End the telephone call. Use it when the caller says goodbye, or when nothing \
                 is left to be done. Say goodbye first: the caller hears it to the end before \
                 the line is closed.",
                json!({
                    "type": "object",
                    "properties": {
                        "reason": {
                            "type": "string",
                            "description": "Why the call ends, in a few words for the call log.",
                        },
                    },
                    "additionalProperties": false,
                }),
            ),
        };
        Self {
            name: name.as_str().to_owned(),
            description: description.to_owned(),
            parameters,
        }
    }
}

/// Whether the model calls a tool.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum ToolChoice {
    /// The model decides.
    #[default]
    Auto,
    /// It calls none.
    None,
    /// It calls one or more.
    Required,
    /// It calls the function of this name.
    Function(String),
}

impl Serialize for ToolChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::None => serializer.serialize_str("none"),
            Self::Required => serializer.serialize_str("required"),
            Self::Function(name) => {
                let mut choice = serializer.serialize_struct("ToolChoice", 2)?;
                choice.serialize_field("type", "function")?;
                choice.serialize_field("name", name)?;
                choice.end()
            }
        }
    }
}

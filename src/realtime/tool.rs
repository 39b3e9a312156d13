//! Tools as the model sees them: a name, a purpose, the shape of arguments.

use std::fmt::Write as _;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::domain::{
    Credential, Destination, HttpTool, McpServer, Receptionist, Secret, TextRecipient, ToolName,
};

/// Something that the model may call.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Tool {
    /// A function of ours.
    Function(Function),
    /// A server of functions, which the model asks by itself.
    Mcp(Mcp),
}

/// A function that the model may call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Function {
    /// The name it is called by.
    pub name: String,
    /// When to use it and what it does, in words for the model.
    pub description: String,
    /// JSON Schema of its arguments, an object.
    pub parameters: Value,
}

/// A server that speaks the Model Context Protocol.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mcp {
    /// What its tools are called by.
    pub server_label: String,
    /// Its address.
    pub server_url: String,
    /// Which of its tools may be called.
    pub allowed_tools: Vec<String>,
    /// What lets the model in there.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub authorization: Option<Secret<String>>,
    /// Whether somebody is asked before each call: on the telephone nobody can be.
    pub require_approval: &'static str,
}

#[expect(clippy::ref_option, reason = "serde hands a reference")]
fn exposed<S: Serializer>(
    secret: &Option<Secret<String>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

impl Tool {
    /// All that a receptionist may use.
    pub fn all_of(receptionist: &Receptionist) -> Vec<Self> {
        let kit = &receptionist.toolkit;
        let usable = |tool: &&ToolName| receptionist.can_use(**tool);
        let own = receptionist.tools.iter().filter(usable);
        let own = own.map(|tool| {
            if *tool == ToolName::TransferCall {
                Self::Function(transfer_call(&kit.destinations))
            } else if *tool == ToolName::SendSms {
                Self::Function(send_sms(&kit.text_recipients))
            } else {
                Self::from(*tool)
            }
        });
        let http = kit.http.iter().map(|tool| Self::Function(tool.into()));
        own.chain(http)
            .chain(kit.mcp.iter().map(Self::from))
            .collect()
    }
}

/// The agent picks a key, and never a number.
fn transfer_call(destinations: &[Destination]) -> Function {
    let keys: Vec<&str> = destinations.iter().map(|one| one.key.as_str()).collect();
    let mut about = "Where to:".to_owned();
    for Destination {
        key, description, ..
    } in destinations
    {
        let _ = write!(about, " {key}: {description};");
    }
    Function {
        name: ToolName::TransferCall.as_str().to_owned(),
        description: "Hand the caller on to a person, a team or the voicemail. Use it when the \
             caller asks for somebody, or needs what you cannot do. Do not announce it before \
             the result has come. If nobody takes the call, the caller may come back to you."
            .to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {
                "destination": {"type": "string", "enum": keys, "description": about},
                "reason": {
                    "type": "string",
                    "maxLength": 300,
                    "description": "What it is about, in one sentence for whoever answers.",
                },
                "caller_name": {
                    "type": "string",
                    "maxLength": 100,
                    "description": "The caller's name, if they have told it.",
                },
            },
            "required": ["destination", "reason"],
            "additionalProperties": false,
        }),
    }
}

/// The agent writes to the caller, or picks a key: never a number.
fn send_sms(recipients: &[TextRecipient]) -> Function {
    let mut about = "Send a text message to the caller, on the number they call from and no \
         other. Ask first whether they want it."
        .to_owned();
    let mut properties = json!({
        "text": {
            "type": "string",
            "minLength": 1,
            "maxLength": 480,
            "description": "What it says; no markup.",
        },
    });
    if !recipients.is_empty() {
        about.push_str(" Those who are named under \"to\" may be written to as well.");
        let mut keys = vec![TextRecipient::CALLER];
        let mut whom = "Who reads it; the caller, where nothing is said.".to_owned();
        for one in recipients {
            keys.push(&one.key);
            let _ = write!(whom, " {}: {};", one.key, one.description);
        }
        properties["to"] = json!({"type": "string", "enum": keys, "description": whom});
    }
    Function {
        name: ToolName::SendSms.as_str().to_owned(),
        description: about,
        parameters: json!({
            "type": "object",
            "properties": properties,
            "required": ["text"],
            "additionalProperties": false,
        }),
    }
}

impl From<&HttpTool> for Function {
    fn from(tool: &HttpTool) -> Self {
        Self {
            name: tool.name.clone(),
            description: tool.description.clone(),
            parameters: serde_json::from_str(&tool.parameters).unwrap_or_default(),
        }
    }
}

impl From<&McpServer> for Tool {
    fn from(server: &McpServer) -> Self {
        Self::Mcp(Mcp {
            server_label: server.label.clone(),
            server_url: server.url.clone(),
            allowed_tools: server.allowed_tools.clone(),
            // What is still sealed would be a riddle to the server.
            authorization: server.authorization.as_ref().and_then(Credential::given),
            require_approval: "never",
        })
    }
}

impl From<ToolName> for Tool {
    fn from(name: ToolName) -> Self {
        let (description, properties, required) = match name {
            ToolName::EndCall => (
                "End the telephone call. Use it when the caller says goodbye, or when nothing \
                 is left to be done. Say goodbye first: the caller hears it to the end before \
                 the line is closed.",
                json!({
                    "reason": {
                        "type": "string",
                        "description": "Why the call ends, in a few words for the call log.",
                    },
                }),
                None,
            ),
            ToolName::TransferCall => return Self::Function(transfer_call(&[])),
            ToolName::TakeMessage => (
                "Write down a message from the caller, for somebody to attend to. Ask for the \
                 name, the reason and the number to call back; read the number back digit by \
                 digit, and use this only once the caller has said that it is right.",
                message_properties(),
                Some(json!(["caller_name", "reason"])),
            ),
            ToolName::SendSms => return Self::Function(send_sms(&[])),
            ToolName::CheckHours => (
                "Look up whether it is open at this moment, until when, or when it opens next.",
                json!({}),
                None,
            ),
            ToolName::LookupContact => (
                "Look up what is on file about the person at the other end of this call, by \
                 the number they call from. There is no way to look up anybody else.",
                json!({}),
                None,
            ),
        };
        let mut parameters = json!({
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
        });
        if let Some(required) = required {
            parameters["required"] = required;
        }
        Self::Function(Function {
            name: name.as_str().to_owned(),
            description: description.to_owned(),
            parameters,
        })
    }
}

fn message_properties() -> Value {
    json!({
        "caller_name": {"type": "string", "minLength": 1, "maxLength": 100},
        "callback_number": {
            "type": "string",
            "maxLength": 40,
            "description": "In international form if known; leave it out if the \
                caller wants to be called back on the number they call from.",
        },
        "reason": {
            "type": "string",
            "minLength": 1,
            "maxLength": 1_000,
            "description": "What it is about, in the caller's words.",
        },
        "urgency": {"type": "string", "enum": ["low", "normal", "high"]},
    })
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

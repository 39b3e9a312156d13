//! What a receptionist may do beside speaking.

use std::time::Duration;

use super::ParseError;

/// Something that the house itself can do for a receptionist.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ToolName {
    /// Hang up once the goodbye has been heard.
    EndCall,
    /// Hand the caller on to one of the receptionist's destinations.
    TransferCall,
    /// Write down what somebody is to be told.
    TakeMessage,
    /// Send the caller a text message.
    SendSms,
    /// Look up whether it is open, and when it is.
    CheckHours,
    /// Look up what is on file about the caller.
    LookupContact,
}

impl ToolName {
    /// Every tool there is.
    pub const ALL: [Self; 6] = [
        Self::EndCall,
        Self::TransferCall,
        Self::TakeMessage,
        Self::SendSms,
        Self::CheckHours,
        Self::LookupContact,
    ];

    /// The name that the agent calls it by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EndCall => "end_call",
            Self::TransferCall => "transfer_call",
            Self::TakeMessage => "take_message",
            Self::SendSms => "send_sms",
            Self::CheckHours => "check_hours",
            Self::LookupContact => "lookup_contact",
        }
    }

    /// What it does to the world.
    pub fn effect(self) -> Effect {
        match self {
            Self::EndCall => Effect::EndsCall,
            Self::TransferCall => Effect::HandsOn,
            Self::TakeMessage | Self::SendSms => Effect::Acts,
            Self::CheckHours | Self::LookupContact => Effect::Looks,
        }
    }
}

impl std::str::FromStr for ToolName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.into_iter().find(|tool| tool.as_str() == text);
        found.ok_or(ParseError {
            expected: "the name of a tool, such as end_call",
        })
    }
}

/// What a tool does to the world.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effect {
    /// It ends the call.
    EndsCall,
    /// It hands the caller on.
    HandsOn,
    /// Something is different afterwards.
    Acts,
    /// Nothing is.
    Looks,
}

/// A tool that a receptionist is permitted to use.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PermittedTool {
    /// The name that the agent calls it by.
    pub name: String,
    /// What it does to the world.
    pub effect: Effect,
    /// How long it has for an answer.
    pub patience: Duration,
}

impl PermittedTool {
    /// Whether it is that tool of the house.
    pub fn is(&self, tool: ToolName) -> bool {
        self.name == tool.as_str()
    }
}

impl From<ToolName> for PermittedTool {
    fn from(tool: ToolName) -> Self {
        Self {
            name: tool.as_str().to_owned(),
            effect: tool.effect(),
            patience: PATIENCE,
        }
    }
}

/// For what only needs our own database.
const PATIENCE: Duration = Duration::from_secs(5);

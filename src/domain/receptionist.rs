//! The persona that answers: what it says, how it listens, what it may do.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{HttpTool, ParseError, PermittedTool, ReceptionistId, TenantId, ToolName, Toolkit};

/// A configured receptionist.
#[derive(Clone, Debug, PartialEq)]
pub struct Receptionist {
    /// Its name in the database.
    pub id: ReceptionistId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its name for people.
    pub name: String,
    /// The first sentence a caller hears.
    pub greeting: String,
    /// How it is to behave, in words for the agent.
    pub instructions: String,
    /// The agent's voice, such as `marin`.
    pub voice: String,
    /// BCP 47 language of the conversation, such as `en-US`.
    pub language: String,
    /// Which audio travels between us and the agent.
    pub format: AudioFormat,
    /// Who decides that the caller has finished speaking.
    pub turn_detection: TurnDetection,
    /// What it may do beside speaking.
    pub tools: BTreeSet<ToolName>,
    /// What it has at hand for that.
    pub toolkit: Toolkit,
    /// What happens when nobody speaks.
    pub silence: SilencePolicy,
    /// How long a call may last.
    pub limits: Limits,
}

impl Receptionist {
    /// The voices that an agent has, beside those that were made for somebody.
    ///
    /// <https://developers.openai.com/api/docs/guides/text-to-speech#voice-options>
    pub const VOICES: [&str; 10] = [
        "alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar",
    ];

    /// Whether an agent can have the voice: one of [`Self::VOICES`], or `voice_…`.
    pub fn can_sound_like(voice: &str) -> bool {
        let is_sign = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let is_own = voice
            .strip_prefix("voice_")
            .is_some_and(|id| (1..=100).contains(&id.len()) && id.bytes().all(is_sign));
        is_own || Self::VOICES.contains(&voice)
    }

    /// The tool of that name, if the receptionist may use it.
    pub fn permits(&self, name: &str) -> Option<PermittedTool> {
        if let Ok(tool) = name.parse() {
            let is_permitted = self.tools.contains(&tool) && self.can_use(tool);
            return is_permitted.then(|| tool.into());
        }
        let mut own = self.toolkit.http.iter();
        own.find(|tool| tool.name == name).map(HttpTool::permitted)
    }

    /// Whether it has what the tool needs.
    pub fn can_use(&self, tool: ToolName) -> bool {
        tool != ToolName::TransferCall || !self.toolkit.destinations.is_empty()
    }
}

/// Audio between the gateway and the agent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum AudioFormat {
    /// 24 kHz signed 16-bit linear, transcoded here both ways.
    #[default]
    Pcm24,
    /// 8 kHz mu-law, passed through: the least cost.
    Pcmu,
}

impl AudioFormat {
    /// `pcm24` or `pcmu`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pcm24 => "pcm24",
            Self::Pcmu => "pcmu",
        }
    }
}

impl std::str::FromStr for AudioFormat {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "pcm24" => Ok(Self::Pcm24),
            "pcmu" => Ok(Self::Pcmu),
            _ => Err(ParseError {
                expected: "pcm24 or pcmu",
            }),
        }
    }
}

/// How the agent notices that the caller begins and ends to speak.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TurnDetection {
    /// By loudness and a pause.
    ServerVad {
        /// Activation threshold, 0 to 1.
        threshold: f64,
        /// Audio kept from before speech was noticed.
        prefix_padding: Duration,
        /// The pause that ends a turn.
        silence_duration: Duration,
    },
    /// By what was said.
    SemanticVad {
        /// How soon it takes a turn for ended.
        eagerness: Eagerness,
    },
}

impl Default for TurnDetection {
    fn default() -> Self {
        Self::ServerVad {
            threshold: 0.5,
            prefix_padding: Duration::from_millis(300),
            silence_duration: Duration::from_millis(500),
        }
    }
}

/// How soon semantic turn detection takes a turn for ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Eagerness {
    /// Waits up to 8 s.
    Low,
    /// Waits up to 4 s.
    Medium,
    /// Waits up to 2 s.
    High,
    /// As medium, today.
    #[default]
    Auto,
}

impl Eagerness {
    /// `low`, `medium`, `high` or `auto`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Auto => "auto",
        }
    }
}

impl std::str::FromStr for Eagerness {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "low" => Ok(Self::Low),
            "medium" => Ok(Self::Medium),
            "high" => Ok(Self::High),
            "auto" => Ok(Self::Auto),
            _ => Err(ParseError {
                expected: "low, medium, high or auto",
            }),
        }
    }
}

/// What happens when nobody speaks: so many prompts, then a polite end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SilencePolicy {
    /// Silence after which the caller is asked whether they are still there.
    pub prompt_after: Duration,
    /// How often the caller is asked before the call ends.
    pub prompts: u32,
}

impl Default for SilencePolicy {
    fn default() -> Self {
        Self {
            prompt_after: Duration::from_secs(10),
            prompts: 2,
        }
    }
}

/// How long a call may last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// The call is ended politely after this.
    pub max_duration: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_duration: Duration::from_hours(1),
        }
    }
}

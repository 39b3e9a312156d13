//! The session object: how the model listens, thinks and speaks in one call.
//!
//! Only the fields that are present change anything, so one type serves the
//! first `session.update` and every later one. Fields and values:
//! <https://developers.openai.com/api/docs/api-reference/realtime-client-events/session/update>.

use std::time::Duration;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::merge_patch::merge_patch;
use super::{AudioConfig, AudioInput, AudioOutput, Format, NoiseReduction, Transcription, Voice};
use super::{Tool, ToolChoice};
use crate::domain::Receptionist;

/// A session, or the part of one that is to change.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(tag = "type", rename = "realtime")]
pub struct SessionConfig {
    /// The model; fixed once the session has started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How it is to behave; the empty text clears.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Exactly one of audio (with its transcript) and text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_modalities: Option<[Modality; 1]>,
    /// Formats, voice, turns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio: Option<AudioConfig>,
    /// The functions it may call; an empty list clears.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<Tool>>,
    /// Whether it calls them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice>,
    /// Whether several calls may be made at once; reasoning models only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// How long it thinks; reasoning models only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Reasoning>,
    /// The longest response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<MaxOutputTokens>,
    /// What is forgotten when the conversation outgrows the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncation: Option<Truncation>,
    /// A JSON merge patch over all of the above, for servers that differ.
    #[serde(skip)]
    pub overlay: Option<Value>,
}

impl SessionConfig {
    /// The session in which `receptionist` answers a call.
    ///
    /// The language of the receptionist is told to the transcriber if it has a
    /// two-letter code and `options` do not name another.
    pub fn for_receptionist(receptionist: &Receptionist, options: &SessionOptions) -> Self {
        let format = Format::from(receptionist.format);
        let transcription = options.transcription.clone().map(|chosen| Transcription {
            language: chosen
                .language
                .or_else(|| Transcription::language_code(&receptionist.language)),
            ..chosen
        });
        Self {
            instructions: Some(receptionist.instructions.clone()),
            output_modalities: Some([Modality::Audio]),
            audio: Some(AudioConfig {
                input: Some(AudioInput {
                    format: Some(format),
                    noise_reduction: options.noise_reduction,
                    transcription,
                    turn_detection: Some(receptionist.turn_detection.into()),
                }),
                output: Some(AudioOutput {
                    format: Some(format),
                    voice: Some(Voice::from(receptionist.voice.as_str())),
                    speed: options.speed,
                }),
            }),
            tools: Some(Tool::all_of(receptionist)),
            tool_choice: Some(ToolChoice::Auto),
            reasoning: options.reasoning,
            max_output_tokens: options.max_output_tokens,
            overlay: options.overlay.clone(),
            ..Self::default()
        }
    }

    /// The JSON that is sent, with the overlay merged in.
    ///
    /// # Panics
    ///
    /// Never: names are strings, and a number that JSON has not becomes null.
    pub fn to_json(&self) -> Value {
        let mut session =
            serde_json::to_value(self).expect("a session has names for keys and no foreign types");
        if let Some(overlay) = &self.overlay {
            merge_patch(&mut session, overlay);
        }
        session
    }
}

/// What a session is made of beside the receptionist.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionOptions {
    /// Who writes down what the caller says; nobody if none.
    pub transcription: Option<Transcription>,
    /// Filter applied to the caller's audio before the model hears it.
    pub noise_reduction: Option<NoiseReduction>,
    /// Speed of the voice, 0.25 to 1.5.
    pub speed: Option<f64>,
    /// How long the model thinks; reasoning models only.
    pub reasoning: Option<Reasoning>,
    /// The longest response.
    pub max_output_tokens: Option<MaxOutputTokens>,
    /// A JSON merge patch over the session, for servers that differ.
    pub overlay: Option<Value>,
    /// The service ends a session after so long.
    pub limit: Duration,
}

impl SessionOptions {
    /// The model that writes down what the caller says, by the overlay where that has a
    /// say in it; none if nobody does.
    pub fn transcriber(&self) -> Option<&str> {
        let overlaid = |path| self.overlay.as_ref()?.pointer(path);
        if overlaid("/audio/input/transcription").is_some_and(Value::is_null) {
            return None;
        }
        let other = overlaid("/audio/input/transcription/model");
        let chosen = self.transcription.as_ref();
        let chosen = chosen.map(|chosen| chosen.model.as_str());
        other.and_then(Value::as_str).or(chosen)
    }
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            transcription: Some(Transcription::default()),
            noise_reduction: None,
            speed: None,
            reasoning: None,
            max_output_tokens: None,
            overlay: None,
            limit: SESSION_LIMIT,
        }
    }
}

/// <https://platform.openai.com/docs/guides/realtime-conversations#session-lifecycle-events>
const SESSION_LIMIT: Duration = Duration::from_hours(1);

/// What comes out.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Modality {
    /// Speech and its transcript.
    Audio,
    /// Text only.
    Text,
}

/// How long a reasoning model thinks before it speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Reasoning {
    /// Less is sooner.
    pub effort: Effort,
}

/// How much thought.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// Hardly any.
    Minimal,
    /// A little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// Very much.
    Xhigh,
}

/// The longest response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MaxOutputTokens {
    /// So many tokens, 1 to 4096.
    Tokens(u32),
    /// As many as the model has.
    Unlimited,
}

impl Serialize for MaxOutputTokens {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Tokens(tokens) => serializer.serialize_u32(*tokens),
            Self::Unlimited => serializer.serialize_str("inf"),
        }
    }
}

/// What is forgotten when the conversation outgrows the model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Truncation {
    /// The oldest, bit by bit.
    Auto,
    /// Nothing: the response fails.
    Disabled,
    /// The oldest, down to this share at once, which keeps the cache warm.
    RetentionRatio(f64),
}

impl Serialize for Truncation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Disabled => serializer.serialize_str("disabled"),
            Self::RetentionRatio(ratio) => {
                let mut truncation = serializer.serialize_struct("Truncation", 2)?;
                truncation.serialize_field("type", "retention_ratio")?;
                truncation.serialize_field("retention_ratio", ratio)?;
                truncation.end()
            }
        }
    }
}

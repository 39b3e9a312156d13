//! The shape of a session as a client may write it, checked value by value.
//!
//! <https://platform.openai.com/docs/api-reference/realtime-client-events/session/update>

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::refusal::Refusal;
use super::session_rules::{
    check_modalities, check_tool_choice, check_tools, check_truncation, check_voice,
};

/// `session.update.session`. Absent fields stay as they are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionParam {
    #[serde(rename = "type")]
    _kind: SessionKind,
    #[serde(default, deserialize_with = "present")]
    pub(super) model: Option<String>,
    #[serde(default, deserialize_with = "present", rename = "instructions")]
    _instructions: Option<String>,
    #[serde(default, deserialize_with = "present")]
    output_modalities: Option<Vec<Modality>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) audio: Option<AudioParam>,
    #[serde(default, deserialize_with = "present")]
    tools: Option<Vec<ToolParam>>,
    #[serde(default, deserialize_with = "present")]
    tool_choice: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    pub(super) parallel_tool_calls: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    pub(super) reasoning: Option<Reasoning>,
    #[serde(default, deserialize_with = "present")]
    max_output_tokens: Option<MaxTokens>,
    #[serde(default, deserialize_with = "present")]
    truncation: Option<Value>,
    #[serde(default)]
    pub(super) tracing: Option<Value>,
    #[serde(default, rename = "prompt")]
    _prompt: Option<Value>,
    #[serde(default, rename = "include")]
    _include: Option<Vec<Include>>,
}

impl SessionParam {
    /// What a type cannot say.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        if let Some(modalities) = &self.output_modalities {
            check_modalities("session.output_modalities", modalities)?;
        }
        if let Some(audio) = &self.audio {
            audio.check()?;
        }
        if let Some(tools) = &self.tools {
            check_tools("session.tools", tools)?;
        }
        if let Some(choice) = &self.tool_choice {
            check_tool_choice("session.tool_choice", choice)?;
        }
        if let Some(tokens) = &self.max_output_tokens {
            tokens.check("session.max_output_tokens")?;
        }
        self.truncation.as_ref().map_or(Ok(()), check_truncation)
    }
}

/// Present means a value: `null` is none.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SessionKind {
    Realtime,
}

#[derive(Debug, Deserialize)]
enum Include {
    #[serde(rename = "item.input_audio_transcription.logprobs")]
    Logprobs,
}

/// What a response is made of.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Modality {
    Audio,
    Text,
}

/// How hard a reasoning model thinks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reasoning {
    #[serde(default, rename = "effort")]
    _effort: Option<Effort>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Effort {
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
}

/// A limit, or the word for none.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum MaxTokens {
    Count(u32),
    Word(String),
}

impl MaxTokens {
    pub(super) fn check(&self, path: &str) -> Result<(), Refusal> {
        let fits = match self {
            Self::Count(count) => (1..=4096).contains(count),
            Self::Word(word) => word == "inf",
        };
        let message = format!("Invalid '{path}': expected an integer from 1 to 4096, or 'inf'.");
        if fits {
            Ok(())
        } else {
            Err(Refusal::invalid_value(path, message))
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AudioParam {
    #[serde(default, deserialize_with = "present")]
    input: Option<InputParam>,
    #[serde(default, deserialize_with = "present")]
    pub(super) output: Option<OutputParam>,
}

impl AudioParam {
    fn check(&self) -> Result<(), Refusal> {
        if let Some(input) = &self.input {
            input.check()?;
        }
        self.output
            .as_ref()
            .map_or(Ok(()), |output| output.check("session.audio.output"))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct InputParam {
    #[serde(default, deserialize_with = "present")]
    format: Option<FormatParam>,
    #[serde(default, rename = "noise_reduction")]
    _noise_reduction: Option<NoiseReduction>,
    #[serde(default)]
    transcription: Option<Transcription>,
    #[serde(default)]
    turn_detection: Option<TurnDetection>,
}

impl InputParam {
    fn check(&self) -> Result<(), Refusal> {
        if let Some(format) = &self.format {
            format.check("session.audio.input.format")?;
        }
        if let Some(transcription) = &self.transcription {
            transcription.check()?;
        }
        self.turn_detection
            .as_ref()
            .map_or(Ok(()), TurnDetection::check)
    }
}

/// How sound travels.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "type")]
pub(super) enum FormatParam {
    #[serde(rename = "audio/pcm")]
    Pcm {
        #[serde(default)]
        rate: Option<u32>,
    },
    #[serde(rename = "audio/pcmu")]
    Pcmu {},
    #[serde(rename = "audio/pcma")]
    Pcma {},
}

impl FormatParam {
    fn check(&self, path: &str) -> Result<(), Refusal> {
        match self {
            Self::Pcm {
                rate: None | Some(24_000),
            }
            | Self::Pcmu {}
            | Self::Pcma {} => Ok(()),
            Self::Pcm { rate: Some(rate) } => {
                let path = format!("{path}.rate");
                let message = format!("Invalid value: '{rate}'. Supported values are: 24000.");
                Err(Refusal::invalid_value(&path, message))
            }
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoiseReduction {
    #[serde(rename = "type")]
    _kind: NoiseField,
    #[serde(default, rename = "strength")]
    _strength: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum NoiseField {
    NearField,
    FarField,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Transcription {
    model: String,
    #[serde(default, rename = "language")]
    _language: Option<String>,
    #[serde(default)]
    languages: Option<Vec<String>>,
    #[serde(default, rename = "prompt")]
    _prompt: Option<String>,
    #[serde(default)]
    keywords: Option<Vec<String>>,
    #[serde(default)]
    delay: Option<Effort>,
}

impl Transcription {
    fn check(&self) -> Result<(), Refusal> {
        let model = self.model.as_str();
        let path = "session.audio.input.transcription";
        if !TRANSCRIBERS.contains(&model) {
            let known = TRANSCRIBERS.join("', '");
            let message = format!("Invalid value: '{model}'. Supported values are: '{known}'.");
            return Err(Refusal::invalid_value(&format!("{path}.model"), message));
        }
        let takes_words = model == "gpt-transcribe" || model == "gpt-live-transcribe";
        let misplaced = match self {
            Self {
                keywords: Some(_), ..
            } if !takes_words => "keywords",
            Self {
                languages: Some(_), ..
            } if !takes_words => "languages",
            Self { delay: Some(_), .. } if model != "gpt-realtime-whisper" => "delay",
            _ => return Ok(()),
        };
        let message = format!("'{misplaced}' is not supported with transcription model '{model}'.");
        Err(Refusal::invalid_value(
            &format!("{path}.{misplaced}"),
            message,
        ))
    }
}

const TRANSCRIBERS: [&str; 7] = [
    "gpt-transcribe",
    "gpt-live-transcribe",
    "gpt-realtime-whisper",
    "whisper-1",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-transcribe-diarize",
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "type")]
enum TurnDetection {
    ServerVad {
        #[serde(default)]
        threshold: Option<f64>,
        #[serde(default, rename = "prefix_padding_ms")]
        _prefix_padding_ms: Option<u32>,
        #[serde(default, rename = "silence_duration_ms")]
        _silence_duration_ms: Option<u32>,
        #[serde(default, rename = "create_response")]
        _create_response: Option<bool>,
        #[serde(default, rename = "interrupt_response")]
        _interrupt_response: Option<bool>,
        #[serde(default, rename = "idle_timeout_ms")]
        _idle_timeout_ms: Option<u32>,
    },
    SemanticVad {
        #[serde(default, rename = "eagerness")]
        _eagerness: Option<Eagerness>,
        #[serde(default, rename = "create_response")]
        _create_response: Option<bool>,
        #[serde(default, rename = "interrupt_response")]
        _interrupt_response: Option<bool>,
    },
}

impl TurnDetection {
    fn check(&self) -> Result<(), Refusal> {
        match self {
            Self::ServerVad {
                threshold: Some(threshold),
                ..
            } if !(0.0..=1.0).contains(threshold) => {
                let path = "session.audio.input.turn_detection.threshold";
                let message = format!("Invalid '{path}': expected a number from 0 to 1.");
                Err(Refusal::invalid_value(path, message))
            }
            Self::ServerVad { .. } | Self::SemanticVad { .. } => Ok(()),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Eagerness {
    Low,
    Medium,
    High,
    Auto,
}

/// `audio.output` of a session or of a response.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OutputParam {
    #[serde(default, deserialize_with = "present")]
    format: Option<FormatParam>,
    #[serde(default, deserialize_with = "present")]
    pub(super) voice: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    speed: Option<f64>,
}

impl OutputParam {
    pub(super) fn check(&self, path: &str) -> Result<(), Refusal> {
        if let Some(format) = &self.format {
            format.check(&format!("{path}.format"))?;
        }
        if let Some(voice) = &self.voice {
            check_voice(&format!("{path}.voice"), voice)?;
        }
        match self.speed {
            Some(speed) if !(0.25..=1.5).contains(&speed) => {
                let path = format!("{path}.speed");
                let message = format!("Invalid '{path}': expected a number from 0.25 to 1.5.");
                Err(Refusal::invalid_value(&path, message))
            }
            _ => Ok(()),
        }
    }
}

/// A tool as a client declares it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase", tag = "type")]
pub(super) enum ToolParam {
    Function {
        name: String,
        #[serde(default, rename = "description")]
        _description: Option<String>,
        #[serde(default)]
        parameters: Option<serde_json::Map<String, Value>>,
    },
    Mcp {
        server_label: String,
        #[serde(default, rename = "server_url")]
        _server_url: Option<String>,
        #[serde(default, rename = "server_description")]
        _server_description: Option<String>,
        #[serde(default, rename = "connector_id")]
        _connector_id: Option<String>,
        #[serde(default, rename = "authorization")]
        _authorization: Option<String>,
        #[serde(default, rename = "headers")]
        _headers: Option<Value>,
        #[serde(default, rename = "allowed_tools")]
        _allowed_tools: Option<Value>,
        #[serde(default, rename = "require_approval")]
        _require_approval: Option<Value>,
    },
}

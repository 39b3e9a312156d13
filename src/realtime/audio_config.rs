//! The part of a session that is about sound: formats, voice, transcription.

use serde::Serialize;

use super::TurnDetection;
use crate::domain::AudioFormat;

/// What transcribes the caller unless configured otherwise.
pub const DEFAULT_TRANSCRIPTION_MODEL: &str = "gpt-transcribe";

/// Both directions of sound.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AudioConfig {
    /// The caller's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<AudioInput>,
    /// The model's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<AudioOutput>,
}

/// How the model hears.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AudioInput {
    /// Encoding of what we append.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Filter applied first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise_reduction: Option<NoiseReduction>,
    /// Who writes down what the caller says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transcription: Option<Transcription>,
    /// Who decides that a turn has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn_detection: Option<TurnDetection>,
}

/// How the model sounds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AudioOutput {
    /// Encoding of what we are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Whose voice; fixed once audio was produced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<Voice>,
    /// 0.25 to 1.5; may change between responses only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
}

/// An audio encoding.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "type")]
pub enum Format {
    /// Signed 16-bit little-endian mono.
    #[serde(rename = "audio/pcm")]
    Pcm {
        /// Samples in a second; 24000 is all that OpenAI takes.
        rate: u32,
    },
    /// G.711 mu-law at 8 kHz; a rate beside it is refused.
    #[serde(rename = "audio/pcmu")]
    Pcmu,
}

impl From<AudioFormat> for Format {
    fn from(format: AudioFormat) -> Self {
        match format {
            AudioFormat::Pcm24 => Self::Pcm { rate: 24_000 },
            AudioFormat::Pcmu => Self::Pcmu,
        }
    }
}

/// A filter for noise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NoiseReduction {
    /// What kind of microphone.
    #[serde(rename = "type")]
    pub kind: NoiseReductionKind,
    /// How much of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strength: Option<f64>,
}

/// How far the mouth is from the microphone.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseReductionKind {
    /// A handset or a headset.
    NearField,
    /// A speakerphone.
    FarField,
}

/// Who writes down what the caller says.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Transcription {
    /// The transcribing model; on Azure the name of a deployment.
    pub model: String,
    /// ISO 639-1 code of the language expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What the conversation is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Names and terms to expect; `gpt-transcribe` and `gpt-live-transcribe` only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
}

impl Transcription {
    /// The ISO 639-1 code in a BCP 47 tag: `en` in `en-US`, none in `haw-US`.
    pub fn language_code(tag: &str) -> Option<String> {
        let primary = tag.split(['-', '_']).next()?;
        let is_two_letters = primary.len() == 2 && primary.bytes().all(|b| b.is_ascii_alphabetic());
        is_two_letters.then(|| primary.to_ascii_lowercase())
    }
}

impl Default for Transcription {
    fn default() -> Self {
        Self {
            model: DEFAULT_TRANSCRIPTION_MODEL.to_owned(),
            language: None,
            prompt: None,
            keywords: Vec::new(),
        }
    }
}

/// A voice.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Voice {
    /// One of the server's own, such as `marin`.
    Named(String),
    /// One that was made for us.
    Custom {
        /// Its id, `voice_...`.
        id: String,
    },
}

impl From<&str> for Voice {
    fn from(voice: &str) -> Self {
        if voice.starts_with("voice_") {
            Self::Custom {
                id: voice.to_owned(),
            }
        } else {
            Self::Named(voice.to_owned())
        }
    }
}

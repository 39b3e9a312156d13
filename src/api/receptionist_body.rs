//! A receptionist as the interface reads and writes it.

use std::collections::BTreeSet;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::bounded::{Language, Share, Text};
use super::extract::{Name, given, parsed};
use super::patch::Fields;
use super::problem::ApiError;
use super::{schemas, toolkit};
use crate::domain::{
    AudioFormat, Eagerness, Limits, Receptionist, SilencePolicy, ToolName, TurnDetection,
};
use crate::store::receptionists::Draft;
use crate::store::text::{Few, Number, ToolkitText};

/// What is said of a receptionist. What is left out stays as it is; in a new
/// one it is as in the receptionist of a fresh tenant.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceptionistPatch {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$", nullable = false)]
    name: Option<Name>,
    /// The first sentence that a caller hears, in these words.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1000,
        pattern = r"^(\P{C}|[\n\r\t])*[^\s\p{C}](\P{C}|[\n\r\t])*$", nullable = false)]
    greeting: Option<Text<1_000>>,
    /// How it is to behave.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 16000,
        pattern = r"^(\P{C}|[\n\r\t])*[^\s\p{C}](\P{C}|[\n\r\t])*$", nullable = false)]
    instructions: Option<Text<16_000>>,
    /// A voice of the model's, or the id of one made for you.
    #[serde(default, deserialize_with = "voice")]
    #[schema(value_type = Option<String>, example = "marin", nullable = false,
        pattern = "^(alloy|ash|ballad|coral|echo|sage|shimmer|verse|marin|cedar\
            |voice_[A-Za-z0-9_-]{1,100})$")]
    voice: Option<String>,
    /// BCP 47, such as `en-US`: language, script, region.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "en-US", nullable = false,
        pattern = "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$")]
    language: Option<Language>,
    /// `pcm24` is transcoded here and sounds best, `pcmu` costs least.
    #[serde(default, deserialize_with = "parsed")]
    #[schema(value_type = Option<String>, pattern = "^(pcm24|pcmu)$", nullable = false)]
    audio_format: Option<AudioFormat>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    turn_detection: Option<TurnDetectionBody>,
    /// What it may do beside speaking.
    #[serde(default, deserialize_with = "tools")]
    #[schema(schema_with = schemas::tools)]
    tools: Option<BTreeSet<ToolName>>,
    /// What it has at hand for that; replaced as a whole.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    toolkit: Option<ToolkitText>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    silence: Option<SilenceBody>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    limits: Option<LimitsBody>,
}

impl ReceptionistPatch {
    /// Lays it over `receptionist`; the names of what was given.
    pub(super) fn apply(
        self,
        receptionist: &mut Receptionist,
    ) -> Result<Vec<&'static str>, ApiError> {
        let mut fields = Fields::default();
        let over = receptionist;
        fields.lay("name", self.name.map(|name| name.0), &mut over.name);
        let greeting = self.greeting.map(|greeting| greeting.0);
        fields.lay("greeting", greeting, &mut over.greeting);
        let instructions = self.instructions.map(|instructions| instructions.0);
        fields.lay("instructions", instructions, &mut over.instructions);
        fields.lay("voice", self.voice, &mut over.voice);
        let language = self.language.map(|language| language.0);
        fields.lay("language", language, &mut over.language);
        fields.lay("audio_format", self.audio_format, &mut over.format);
        let turns = self.turn_detection.map(TurnDetection::from);
        fields.lay("turn_detection", turns, &mut over.turn_detection);
        fields.lay("tools", self.tools, &mut over.tools);
        let toolkit = self.toolkit.map(|text| toolkit::given(text.into()));
        let toolkit = toolkit.transpose()?.map(|mut kit| {
            kit.take_secrets_of(&over.toolkit);
            kit
        });
        fields.lay("toolkit", toolkit, &mut over.toolkit);
        let silence = self.silence.map(SilencePolicy::from);
        fields.lay("silence", silence, &mut over.silence);
        let limits = self.limits.map(Limits::from);
        fields.lay("limits", limits, &mut over.limits);
        Ok(fields.0)
    }
}

fn voice<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if Receptionist::can_sound_like(&text) {
        Ok(Some(text))
    } else {
        Err(D::Error::custom(expected_voice()))
    }
}

/// What is said of a voice that no agent has.
pub(super) fn expected_voice() -> String {
    let voices = Receptionist::VOICES.join(", ");
    format!("expected voice_… or one of {voices}")
}

fn tools<'de, D>(deserializer: D) -> Result<Option<BTreeSet<ToolName>>, D::Error>
where
    D: Deserializer<'de>,
{
    let names = Few::<String, 0, 16>::deserialize(deserializer)?.0;
    let tools: Result<_, _> = names.iter().map(|name| name.parse()).collect();
    tools.map(Some).map_err(D::Error::custom)
}

/// How it notices that the caller begins and ends to speak.
///
/// <https://developers.openai.com/api/docs/guides/realtime-vad>
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum TurnDetectionBody {
    /// By loudness and a pause.
    ServerVad {
        /// How loud speech must be, 0 to 1.
        #[schema(value_type = f64, minimum = 0, maximum = 1, example = 0.5)]
        threshold: Share,
        /// Sound kept from before speech was noticed.
        #[schema(value_type = u64, minimum = 0, maximum = 5000, example = 300)]
        prefix_padding_ms: Number<0, 5_000>,
        /// The pause that ends a turn.
        #[schema(value_type = u64, minimum = 50, maximum = 10000, example = 500)]
        silence_duration_ms: Number<50, 10_000>,
    },
    /// By what was said.
    SemanticVad {
        /// How soon it takes a turn for ended.
        #[serde(
            serialize_with = "eagerness_word",
            deserialize_with = "super::extract::text"
        )]
        #[schema(value_type = String, pattern = "^(low|medium|high|auto)$")]
        eagerness: Eagerness,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn eagerness_word<S: serde::Serializer>(
    eagerness: &Eagerness,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(eagerness.as_str())
}

impl From<TurnDetectionBody> for TurnDetection {
    fn from(body: TurnDetectionBody) -> Self {
        match body {
            TurnDetectionBody::ServerVad {
                threshold,
                prefix_padding_ms,
                silence_duration_ms,
            } => Self::ServerVad {
                threshold: threshold.0,
                prefix_padding: prefix_padding_ms.millis(),
                silence_duration: silence_duration_ms.millis(),
            },
            TurnDetectionBody::SemanticVad { eagerness } => Self::SemanticVad { eagerness },
        }
    }
}

impl From<TurnDetection> for TurnDetectionBody {
    fn from(turns: TurnDetection) -> Self {
        match turns {
            TurnDetection::ServerVad {
                threshold,
                prefix_padding,
                silence_duration,
            } => Self::ServerVad {
                threshold: Share(threshold),
                prefix_padding_ms: Number::of_millis(prefix_padding),
                silence_duration_ms: Number::of_millis(silence_duration),
            },
            TurnDetection::SemanticVad { eagerness } => Self::SemanticVad { eagerness },
        }
    }
}

/// What happens when nobody speaks: so many prompts, then a polite end.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SilenceBody {
    /// Silence after which the caller is asked whether they are still there.
    #[schema(value_type = u64, minimum = 1000, maximum = 120_000)]
    prompt_after_ms: Number<1_000, 120_000>,
    /// How often the caller is asked before the call ends.
    #[schema(value_type = u64, minimum = 0, maximum = 10)]
    prompts: Number<0, 10>,
}

impl From<SilenceBody> for SilencePolicy {
    fn from(body: SilenceBody) -> Self {
        Self {
            prompt_after: body.prompt_after_ms.millis(),
            prompts: body.prompts.0,
        }
    }
}

/// How long a call may last.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsBody {
    /// The call is ended politely after this.
    #[schema(value_type = u64, minimum = 10, maximum = 14400)]
    max_duration_seconds: Number<10, 14_400>,
}

impl From<LimitsBody> for Limits {
    fn from(body: LimitsBody) -> Self {
        Self {
            max_duration: body.max_duration_seconds.seconds(),
        }
    }
}

/// What callers meet, or would.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ContentBody {
    name: String,
    greeting: String,
    instructions: String,
    voice: String,
    language: String,
    audio_format: &'static str,
    turn_detection: TurnDetectionBody,
    tools: Vec<&'static str>,
    toolkit: ToolkitText,
    silence: SilenceBody,
    limits: LimitsBody,
}

impl From<Receptionist> for ContentBody {
    fn from(receptionist: Receptionist) -> Self {
        Self {
            audio_format: receptionist.format.as_str(),
            turn_detection: receptionist.turn_detection.into(),
            tools: receptionist
                .tools
                .iter()
                .map(|tool| tool.as_str())
                .collect(),
            toolkit: (&receptionist.toolkit.without_secrets()).into(),
            silence: SilenceBody {
                prompt_after_ms: Number::of_millis(receptionist.silence.prompt_after),
                prompts: Number(receptionist.silence.prompts),
            },
            limits: LimitsBody {
                max_duration_seconds: Number::of_seconds(receptionist.limits.max_duration),
            },
            name: receptionist.name,
            greeting: receptionist.greeting,
            instructions: receptionist.instructions,
            voice: receptionist.voice,
            language: receptionist.language,
        }
    }
}

/// A receptionist as it is edited. Callers meet its published version.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReceptionistBody {
    id: String,
    #[serde(flatten)]
    content: ContentBody,
    /// The version that answers; null before the first publication.
    published_version: Option<i64>,
    /// Whether it was written since that version.
    is_changed: bool,
    /// Whether it answers where a number names nobody.
    is_default: bool,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<Draft> for ReceptionistBody {
    fn from(draft: Draft) -> Self {
        Self {
            id: draft.receptionist.id.to_string(),
            content: draft.receptionist.into(),
            published_version: draft.published_version,
            is_changed: draft.is_changed,
            is_default: draft.is_default,
            created_at: draft.created_at.to_string(),
            updated_at: draft.updated_at.to_string(),
        }
    }
}

//! A greeting as the interface reads and writes it.

use std::fmt::Write as _;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::bounded::{Language, Text};
use super::extract::{Given, Name, given, optional_text, text};
use super::patch::Fields;
use super::problem::ApiError;
use crate::audio::{mp3, wav};
use crate::clock::random_bytes;
use crate::domain::{
    Day, Greeting, GreetingContent, GreetingId, GreetingKind, Secret, SoundFormat, TenantId, UserId,
};

/// The largest sound that is taken, in bytes: five minutes of 16-bit telephone
/// sound.
pub(super) const MAX_SOUND: usize = 5 * 1024 * 1024;

/// A greeting to be: either words or sound.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGreeting {
    /// `personal`, `business`, `after_hours` or `holiday`.
    #[serde(deserialize_with = "text")]
    #[schema(value_type = String, pattern = "^(personal|business|after_hours|holiday)$")]
    pub(super) kind: GreetingKind,
    /// Whose callers hear it: `usr_…` for a personal one, nobody for another.
    #[serde(default, deserialize_with = "optional_text")]
    #[schema(value_type = Option<String>, pattern = "^usr_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    pub(super) user_id: Option<UserId>,
    #[schema(value_type = String, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    pub(super) name: Name,
    /// Words that the carrier speaks.
    #[serde(default, rename = "text")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1000,
        pattern = r"^(\P{C}|[\n\r\t])*[^\s\p{C}](\P{C}|[\n\r\t])*$")]
    pub(super) words: Option<Text<1_000>>,
    /// Who speaks the words, such as `Polly.Joanna`.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9._-]{1,100}$")]
    pub(super) voice: Option<CarrierVoice>,
    /// The language of the words in BCP 47, such as `en-US`.
    #[serde(default)]
    #[schema(value_type = Option<String>,
        pattern = "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$")]
    pub(super) language: Option<Language>,
    /// A WAV or MP3 file of 5 MiB at most, in base64.
    #[serde(default)]
    #[schema(value_type = Option<String>, content_encoding = "base64", min_length = 16,
        max_length = 6_990_508)]
    pub(super) audio: Option<Sound>,
    /// The first day on which it is heard.
    #[serde(default, deserialize_with = "optional_text")]
    #[schema(value_type = Option<String>, format = Date)]
    pub(super) from: Option<Day>,
    /// The last day on which it is heard.
    #[serde(default, deserialize_with = "optional_text")]
    #[schema(value_type = Option<String>, format = Date)]
    pub(super) until: Option<Day>,
    /// Whether it takes the place of the default of its kind and owner.
    #[serde(default)]
    pub(super) is_default: bool,
}

/// What is to change of a greeting. Words take the place of sound and the other
/// way round.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GreetingPatch {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$", nullable = false)]
    name: Option<Name>,
    #[serde(default, rename = "text", deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1000, nullable = false,
        pattern = r"^(\P{C}|[\n\r\t])*[^\s\p{C}](\P{C}|[\n\r\t])*$")]
    words: Option<Text<1_000>>,
    /// Null leaves the choice to the carrier.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9._-]{1,100}$")]
    voice: Given<CarrierVoice>,
    /// Null leaves the choice to the carrier.
    #[serde(default)]
    #[schema(value_type = Option<String>,
        pattern = "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$")]
    language: Given<Language>,
    /// A WAV or MP3 file of 5 MiB at most, in base64.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, content_encoding = "base64", min_length = 16,
        max_length = 6_990_508, nullable = false)]
    audio: Option<Sound>,
    /// Null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    from: Given<Day>,
    /// Null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    until: Given<Day>,
}

impl GreetingPatch {
    /// The sound that it brings, which is to be kept under the name that it has in
    /// what is heard from then on.
    pub(super) fn sound(
        &mut self,
        place: (TenantId, GreetingId),
    ) -> Result<Option<(GreetingContent, Sound)>, ApiError> {
        let Some(sound) = self.audio.take() else {
            return Ok(None);
        };
        if self.words.is_some() {
            return Err(both());
        }
        refuse_manner(self.voice.is_some(), self.language.is_some())?;
        Ok(Some((sound.content(place), sound)))
    }

    /// Lays it over `greeting`, with the `content` of its sound if it brought any;
    /// the names of what was given.
    pub(super) fn apply(
        self,
        content: Option<GreetingContent>,
        greeting: &mut Greeting,
    ) -> Result<Vec<&'static str>, ApiError> {
        let mut fields = Fields::default();
        fields.lay("name", self.name.map(|name| name.0), &mut greeting.name);
        fields.lay_given("from", self.from, &mut greeting.from);
        fields.lay_given("until", self.until, &mut greeting.until);
        check_days(greeting.from, greeting.until)?;
        if content.is_some() {
            fields.lay("audio", content, &mut greeting.content);
            return Ok(fields.0);
        }
        let voice = self.voice.map(|voice| voice.0);
        let language = self.language.map(|language| language.0);
        if let Some(Text(words)) = self.words {
            let (voice, language) = match &greeting.content {
                GreetingContent::Spoken {
                    voice, language, ..
                } => (voice.clone(), language.clone()),
                GreetingContent::Played { .. } => (None, None),
            };
            let content = GreetingContent::Spoken {
                text: words,
                voice,
                language,
            };
            fields.lay("text", Some(content), &mut greeting.content);
        }
        match &mut greeting.content {
            GreetingContent::Spoken {
                voice: spoken,
                language: tongue,
                ..
            } => {
                fields.lay_given("voice", voice, spoken);
                fields.lay_given("language", language, tongue);
            }
            GreetingContent::Played { .. } => {
                refuse_manner(voice.is_some(), language.is_some())?;
            }
        }
        Ok(fields.0)
    }
}

/// Sound has the voice and the language that it has.
fn refuse_manner(has_voice: bool, has_language: bool) -> Result<(), ApiError> {
    let faults = [("voice", has_voice), ("language", has_language)];
    let fault = faults.into_iter().find(|(_, is_given)| *is_given);
    fault.map_or(Ok(()), |(name, _)| {
        Err(ApiError::field(name, "expected only beside a text"))
    })
}

fn both() -> ApiError {
    ApiError::field("audio", "expected either a text or audio")
}

fn check_days(from: Option<Day>, until: Option<Day>) -> Result<(), ApiError> {
    match (from, until) {
        (Some(from), Some(until)) if until < from => {
            Err(ApiError::field("until", "expected no day before the first"))
        }
        _ => Ok(()),
    }
}

impl NewGreeting {
    /// What is heard, and the sound that is to be kept, once it has been found
    /// whole.
    pub(super) fn content(
        &mut self,
        place: (TenantId, GreetingId),
    ) -> Result<(GreetingContent, Option<Sound>), ApiError> {
        check_days(self.from, self.until)?;
        if (self.kind == GreetingKind::Personal) != self.user_id.is_some() {
            return Err(ApiError::field(
                "user_id",
                "expected for a personal greeting, and for no other",
            ));
        }
        match (self.words.take(), self.audio.take()) {
            (Some(Text(text)), None) => Ok((
                GreetingContent::Spoken {
                    text,
                    voice: self.voice.take().map(|voice| voice.0),
                    language: self.language.take().map(|language| language.0),
                },
                None,
            )),
            (None, Some(sound)) => {
                refuse_manner(self.voice.is_some(), self.language.is_some())?;
                Ok((sound.content(place), Some(sound)))
            }
            (Some(_), Some(_)) | (None, None) => Err(both()),
        }
    }
}

/// The carrier's name for a voice.
#[derive(Clone, Debug)]
pub(super) struct CarrierVoice(pub(super) String);

impl FromStr for CarrierVoice {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let is_sign = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        if (1..=100).contains(&text.len()) && text.bytes().all(is_sign) {
            Ok(Self(text.to_owned()))
        } else {
            Err("expected a voice of the carrier's, such as Polly.Joanna")
        }
    }
}

impl<'de> Deserialize<'de> for CarrierVoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer)
    }
}

/// Sound that somebody brought, known for what it is.
#[derive(Clone)]
pub(super) struct Sound {
    format: SoundFormat,
    pub(super) bytes: Vec<u8>,
}

impl Sound {
    /// The sound as it is remembered: a file of its own, and a secret of its own.
    fn content(&self, (tenant, id): (TenantId, GreetingId)) -> GreetingContent {
        let suffix = hex(&random_bytes::<8>());
        let format = self.format;
        GreetingContent::Played {
            file: format!("{tenant}/greetings/{id}-{suffix}.{}", format.as_str()),
            format,
            size: i64::try_from(self.bytes.len()).unwrap_or(i64::MAX),
            secret: Secret::new(hex(&random_bytes::<32>())),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl std::fmt::Debug for Sound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes of {}", self.bytes.len(), self.format.as_str())
    }
}

impl FromStr for Sound {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let bytes = STANDARD.decode(text);
        let bytes = bytes.map_err(|_| "expected base64")?;
        if bytes.len() > MAX_SOUND {
            return Err("expected 5 MiB at most");
        }
        let format = SoundFormat::sniff(&bytes).ok_or("expected a WAV or an MP3 file")?;
        match format {
            SoundFormat::Wav => is_playable_wav(&bytes)?,
            SoundFormat::Mp3 if mp3::has_sound(&bytes) => {}
            SoundFormat::Mp3 => return Err("expected an MP3 file in which frames of sound follow"),
        }
        Ok(Self { format, bytes })
    }
}

/// The carrier plays such files, and there is something to be heard.
fn is_playable_wav(bytes: &[u8]) -> Result<(), &'static str> {
    let head = wav::Head::read(bytes, bytes.len() as u64);
    let head = head.ok_or("expected a WAV file with a head that says what its sound is")?;
    if !head.is_playable() {
        return Err("expected a WAV file of one or two channels of PCM, mu-law or A-law");
    }
    if head.is_empty() {
        return Err("expected a WAV file with sound; this one has none");
    }
    Ok(())
}

impl<'de> Deserialize<'de> for Sound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer)
    }
}

/// A greeting before the beep.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GreetingBody {
    id: String,
    kind: &'static str,
    /// Whose callers hear it, if it is a personal one.
    user_id: Option<String>,
    name: String,
    /// Words that the carrier speaks; null where sound is played.
    text: Option<String>,
    voice: Option<String>,
    language: Option<String>,
    /// Sound that is played; null where words are spoken.
    audio: Option<AudioBody>,
    #[schema(format = Date)]
    from: Option<String>,
    #[schema(format = Date)]
    until: Option<String>,
    /// Whether it is heard where no other of its kind and owner is meant for the day.
    is_default: bool,
    #[schema(format = DateTime)]
    created_at: String,
}

/// Sound that somebody brought.
#[derive(Debug, Serialize, ToSchema)]
struct AudioBody {
    /// `audio/wav` or `audio/mpeg`.
    r#type: &'static str,
    /// Its size in bytes.
    size: i64,
}

impl From<Greeting> for GreetingBody {
    fn from(greeting: Greeting) -> Self {
        let (text, voice, language, audio) = match greeting.content {
            GreetingContent::Spoken {
                text,
                voice,
                language,
            } => (Some(text), voice, language, None),
            GreetingContent::Played { format, size, .. } => {
                let r#type = format.mime();
                (None, None, None, Some(AudioBody { r#type, size }))
            }
        };
        Self {
            id: greeting.id.to_string(),
            kind: greeting.kind.as_str(),
            user_id: greeting.user_id.map(|id| id.to_string()),
            name: greeting.name,
            text,
            voice,
            language,
            audio,
            from: greeting.from.map(|day| day.to_string()),
            until: greeting.until.map(|day| day.to_string()),
            is_default: greeting.is_default,
            created_at: greeting.created_at.to_string(),
        }
    }
}

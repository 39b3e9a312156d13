//! What a caller hears in a flow, as JSON.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ivr_value::HttpsUrl;
use super::value::{Line, Text, Word};
use crate::routing::ivr::{Prompt, Words};

/// Something that the caller hears.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromptText {
    /// Words.
    Say(WordsText),
    /// A file.
    Play(SoundText),
}

/// Words that are spoken.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WordsText {
    /// What is said. `{name}` is the value of a variable; `{digits}`,
    /// `{caller_number}` and `{called_number}` are always there.
    #[schema(value_type = String, min_length = 1, max_length = 1000,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    text: Line<1000>,
    /// BCP 47 language, if not the number's.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "de-DE")]
    language: Option<Word>,
    /// The carrier's voice, if not its usual one.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9._-]{1,64}$",
        example = "Polly.Joanna")]
    voice: Option<Word>,
}

/// A file that is played.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SoundText {
    /// Its address, of HTTPS.
    #[schema(value_type = String, max_length = 500,
        pattern = r"^https://[A-Za-z0-9.-]+(:[0-9]{1,4})?(/[!-~]*)?$")]
    url: Text<HttpsUrl>,
}

impl SoundText {
    pub(super) fn new(url: &str) -> Self {
        Self {
            url: Text(HttpsUrl(url.to_owned())),
        }
    }

    pub(super) fn into_url(self) -> String {
        self.url.0.0
    }
}

impl From<PromptText> for Prompt {
    fn from(text: PromptText) -> Self {
        match text {
            PromptText::Say(words) => Self::Say(words.into()),
            PromptText::Play(sound) => Self::Play(sound.into_url()),
        }
    }
}

impl From<&Prompt> for PromptText {
    fn from(prompt: &Prompt) -> Self {
        match prompt {
            Prompt::Say(words) => Self::Say(words.into()),
            Prompt::Play(url) => Self::Play(SoundText::new(url)),
        }
    }
}

impl From<WordsText> for Words {
    fn from(text: WordsText) -> Self {
        Self {
            text: text.text.0,
            language: text.language.map(|Word(language)| language),
            voice: text.voice.map(|Word(voice)| voice),
        }
    }
}

impl From<&Words> for WordsText {
    fn from(words: &Words) -> Self {
        Self {
            text: Line(words.text.clone()),
            language: words.language.clone().map(Word),
            voice: words.voice.clone().map(Word),
        }
    }
}

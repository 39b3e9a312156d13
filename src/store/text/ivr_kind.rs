//! What happens at a node of a flow, as JSON: one key names its kind.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ivr_branch::{BranchText, HttpText};
use super::ivr_prompt::{PromptText, SoundText, WordsText};
use super::ivr_value::{KeyText, VariableName};
use super::plan::{AiText, ForwardText, QueueText, TargetText, UsersText, VoicemailText};
use super::rule::HoursRef;
use super::value::{Few, Line, Number, Text};
use crate::routing::Target;
use crate::routing::ivr::{Collect, Kind, Menu, Prompt, Synonyms};

/// What happens at a node.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KindText {
    /// Everybody begins here. Exit: `next`.
    Start,
    /// The caller chooses by a key. Exits: a key for each choice, `timeout`,
    /// `invalid`.
    Menu(MenuText),
    /// Something is said. Exit: `next`.
    Say(WordsText),
    /// A file is played. Exit: `next`.
    Play(SoundText),
    /// The caller enters something. Exits: `next`, `timeout`, `invalid`.
    Gather(GatherText),
    /// Is it open? Exits: `open`, `closed`.
    Hours(OpeningText),
    /// A receptionist answers. Exit, if it should lead anywhere: `failed`.
    Ai(AiText),
    /// People are rung. Exits, where they should lead anywhere: `no_answer`,
    /// `busy`, `failed`.
    Dial(UsersText),
    /// A number outside is rung. The same exits.
    Forward(ForwardText),
    /// The caller waits. Exits, where they should lead anywhere: `left` (by
    /// key), `timeout`, `full`, `failed`.
    Queue(QueueText),
    /// The caller leaves a message.
    Voicemail(VoicemailText),
    /// The caller is sent a text message from the number that was called, where
    /// that can be done. Exit: `next`.
    Sms(SmsText),
    /// Another machine is asked. Exits: `ok`, `failed`.
    Http(HttpText),
    /// A variable gets a value. Exit: `next`.
    Set(SetText),
    /// The first case that is so decides. Exits: the names of the cases, `else`.
    Branch(BranchText),
    /// The call ends.
    Hangup,
}

/// A choice by key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MenuText {
    /// What there is to choose from.
    prompt: PromptText,
    /// What is heard before that after a key that leads nowhere.
    #[serde(default)]
    sorry: Option<PromptText>,
    /// How long the caller has, in seconds.
    #[serde(default = "five")]
    #[schema(value_type = u32, minimum = 1, maximum = 60, default = 5, required = false)]
    timeout_s: Number<1, 60>,
    /// How often the caller is asked again before `timeout` or `invalid`.
    #[serde(default = "two")]
    #[schema(value_type = u32, minimum = 0, maximum = 5, default = 2, required = false)]
    retries: Number<0, 5>,
    /// Words that may be spoken instead of pressing a key. Without any, words
    /// are not listened to.
    #[serde(default)]
    #[schema(value_type = Vec<SynonymsText>, max_items = 12, required = false)]
    synonyms: Few<SynonymsText, 0, 12>,
}

/// Words that stand for a key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SynonymsText {
    #[schema(value_type = String, pattern = "^[0-9*#]$")]
    key: Text<KeyText>,
    /// Any of these, anywhere in what is said.
    #[schema(value_type = Vec<SpokenText>, min_items = 1, max_items = 5)]
    words: Few<SpokenText, 1, 5>,
}

/// A word or two that somebody may say.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, min_length = 1, max_length = 40,
    pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$", example = "sales")]
pub struct SpokenText(Line<40>);

/// Something that the caller enters.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GatherText {
    /// What is asked for.
    prompt: PromptText,
    /// What is heard before that after an entry of the wrong length.
    #[serde(default)]
    sorry: Option<PromptText>,
    /// Where the entry is kept.
    #[schema(value_type = String, pattern = "^[a-z][a-z0-9_]{0,31}$")]
    variable: Text<VariableName>,
    #[serde(default = "one")]
    #[schema(value_type = u32, minimum = 1, maximum = 32, default = 1, required = false)]
    min_digits: Number<1, 32>,
    /// So many are enough.
    #[serde(default = "most")]
    #[schema(value_type = u32, minimum = 1, maximum = 32, default = 32, required = false)]
    max_digits: Number<1, 32>,
    /// The key that ends the entry; null: none does.
    #[serde(default = "hash")]
    #[schema(value_type = Option<String>, pattern = "^[0-9*#]$", default = "#", required = false)]
    finish_on: Option<Text<KeyText>>,
    /// How long the caller has for each key, in seconds.
    #[serde(default = "five")]
    #[schema(value_type = u32, minimum = 1, maximum = 60, default = 5, required = false)]
    timeout_s: Number<1, 60>,
    /// How often the caller is asked again before `timeout` or `invalid`.
    #[serde(default = "two")]
    #[schema(value_type = u32, minimum = 0, maximum = 5, default = 2, required = false)]
    retries: Number<0, 5>,
    /// Whether it may be said instead; then the words are kept.
    #[serde(default)]
    #[schema(default = false, required = false)]
    takes_speech: bool,
}

fn one() -> Number<1, 32> {
    Number(1)
}

fn most() -> Number<1, 32> {
    Number(32)
}

fn two() -> Number<0, 5> {
    Number(2)
}

fn five() -> Number<1, 60> {
    Number(5)
}

#[expect(clippy::unnecessary_wraps, reason = "it stands for what may be null")]
fn hash() -> Option<Text<KeyText>> {
    Some(Text(KeyText('#')))
}

/// Opening hours to ask.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpeningText {
    hours_id: HoursRef,
}

/// A text message for the caller.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SmsText {
    /// What it says; may have variables in it.
    #[schema(value_type = String, min_length = 1, max_length = 1000,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    text: Line<1000>,
}

/// A variable and its new value.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetText {
    #[schema(value_type = String, pattern = "^[a-z][a-z0-9_]{0,31}$")]
    variable: Text<VariableName>,
    /// What it becomes; may have variables in it. Longer values are cut to 200
    /// characters.
    #[schema(value_type = String, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    value: Line<200>,
}

impl From<KindText> for Kind {
    fn from(text: KindText) -> Self {
        let to = |target: TargetText| Self::HandOver(target.into());
        match text {
            KindText::Start => Self::Start,
            KindText::Menu(menu) => Self::Menu(menu.into()),
            KindText::Say(words) => Self::Say(words.into()),
            KindText::Play(sound) => Self::Play {
                url: sound.into_url(),
            },
            KindText::Gather(gather) => Self::Gather(gather.into()),
            KindText::Hours(opening) => Self::Hours {
                hours_id: opening.hours_id.id(),
            },
            KindText::Ai(ai) => to(TargetText::Ai(ai)),
            KindText::Dial(users) => to(TargetText::Users(users)),
            KindText::Forward(forward) => to(TargetText::Forward(forward)),
            KindText::Queue(queue) => to(TargetText::Queue(queue)),
            KindText::Voicemail(voicemail) => to(TargetText::Voicemail(voicemail)),
            KindText::Sms(sms) => Self::Sms { text: sms.text.0 },
            KindText::Http(http) => Self::Http(http.into()),
            KindText::Set(set) => Self::Set {
                variable: set.variable.0.0,
                value: set.value.0,
            },
            KindText::Branch(branch) => Self::Branch {
                cases: branch.into_cases(),
            },
            KindText::Hangup => Self::Hangup,
        }
    }
}

impl From<&Kind> for KindText {
    fn from(kind: &Kind) -> Self {
        match kind {
            Kind::Start => Self::Start,
            Kind::Menu(menu) => Self::Menu(menu.into()),
            Kind::Say(words) => Self::Say(words.into()),
            Kind::Play { url } => Self::Play(SoundText::new(url)),
            Kind::Gather(collect) => Self::Gather(collect.into()),
            Kind::Hours { hours_id } => Self::Hours(OpeningText {
                hours_id: HoursRef::new(*hours_id),
            }),
            Kind::HandOver(target) => target.into(),
            Kind::Sms { text } => Self::Sms(SmsText {
                text: Line(text.clone()),
            }),
            Kind::Http(ask) => Self::Http(ask.into()),
            Kind::Set { variable, value } => Self::Set(SetText {
                variable: Text(VariableName(variable.clone())),
                value: Line(value.clone()),
            }),
            Kind::Branch { cases } => Self::Branch(BranchText::new(cases)),
            Kind::Hangup => Self::Hangup,
        }
    }
}

/// What a node can hand over to. Nothing of ours makes a node of the others:
/// they only end the call.
impl From<&Target> for KindText {
    fn from(target: &Target) -> Self {
        match target.into() {
            TargetText::Ai(ai) => Self::Ai(ai),
            TargetText::Users(users) => Self::Dial(users),
            TargetText::Forward(forward) => Self::Forward(forward),
            TargetText::Queue(queue) => Self::Queue(queue),
            TargetText::Voicemail(voicemail) => Self::Voicemail(voicemail),
            TargetText::Message(_) | TargetText::Ivr(_) => Self::Hangup,
        }
    }
}

impl SpokenText {
    fn new(word: String) -> Self {
        Self(Line(word))
    }
}

impl From<GatherText> for Collect {
    fn from(text: GatherText) -> Self {
        Self {
            prompt: text.prompt.into(),
            sorry: text.sorry.map(Prompt::from),
            variable: text.variable.0.0,
            min_digits: text.min_digits.0,
            max_digits: text.max_digits.0,
            finish_on: text.finish_on.map(|Text(KeyText(key))| key),
            timeout: text.timeout_s.seconds(),
            retries: text.retries.0,
            takes_speech: text.takes_speech,
        }
    }
}

impl From<&Collect> for GatherText {
    fn from(collect: &Collect) -> Self {
        Self {
            prompt: (&collect.prompt).into(),
            sorry: collect.sorry.as_ref().map(PromptText::from),
            variable: Text(VariableName(collect.variable.clone())),
            min_digits: Number(collect.min_digits),
            max_digits: Number(collect.max_digits),
            finish_on: collect.finish_on.map(|key| Text(KeyText(key))),
            timeout_s: seconds(collect.timeout),
            retries: Number(collect.retries),
            takes_speech: collect.takes_speech,
        }
    }
}

impl From<MenuText> for Menu {
    fn from(text: MenuText) -> Self {
        let synonyms = text.synonyms.0.into_iter().map(|one| Synonyms {
            key: one.key.0.0,
            words: one.words.0.into_iter().map(|word| word.0.0).collect(),
        });
        Self {
            prompt: text.prompt.into(),
            sorry: text.sorry.map(Prompt::from),
            timeout: text.timeout_s.seconds(),
            retries: text.retries.0,
            synonyms: synonyms.collect(),
        }
    }
}

impl From<&Menu> for MenuText {
    fn from(menu: &Menu) -> Self {
        let synonyms = menu.synonyms.iter().map(|one| SynonymsText {
            key: Text(KeyText(one.key)),
            words: Few(one.words.iter().cloned().map(SpokenText::new).collect()),
        });
        Self {
            prompt: (&menu.prompt).into(),
            sorry: menu.sorry.as_ref().map(PromptText::from),
            timeout_s: seconds(menu.timeout),
            retries: Number(menu.retries),
            synonyms: Few(synonyms.collect()),
        }
    }
}

fn seconds(duration: Duration) -> Number<1, 60> {
    Number::of_seconds(duration)
}

//! The plan of a number as JSON: one key names what a target, an action or a condition is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ring::{RingText, StrategyText};
use super::rule::RuleText;
use super::value::{E164, Few, Line, Text, Word};
use crate::domain::{FlowId, HoursId, QueueId, Receptionist, ReceptionistId, UserId};
use crate::routing::{Forward, Plan, Rule, Target, Users, Voice};

/// Where the calls of a number go.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanText {
    /// When the number is open; always, if none are named.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = r"^hrs_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    hours_id: Option<Text<HoursId>>,
    /// Where calls go while it is open.
    open: TargetText,
    /// Where they go while it is closed; null: the same way.
    #[serde(default)]
    after_hours: Option<TargetText>,
    /// Looked at before the hours, in order; the first that applies decides. For
    /// a caller who is blocked only those count that name `blocked` or `in_list`.
    #[serde(default)]
    #[schema(value_type = Vec<RuleText>, max_items = 50, required = false)]
    rules: Few<RuleText, 0, 50>,
    /// Tried in order once a target fails, is busy or does not answer. Voicemail
    /// comes last, whether it is named or not.
    #[serde(default)]
    #[schema(value_type = Vec<TargetText>, max_items = 10, required = false)]
    fallback: Few<TargetText, 0, 10>,
    /// How callers are spoken to, if not as the receptionist does.
    #[serde(default)]
    #[schema(required = false)]
    voice: VoiceText,
}

/// What is said otherwise than the receptionist says it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VoiceText {
    /// The first sentence.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1000,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    greeting: Option<Line<1000>>,
    /// A voice of the model's, or the id of one made for you.
    #[schema(value_type = Option<String>, example = "marin",
        pattern = "^(alloy|ash|ballad|coral|echo|sage|shimmer|verse|marin|cedar\
            |voice_[A-Za-z0-9_-]{1,100})$")]
    voice: Option<Word>,
    /// BCP 47 language of agent and announcements.
    #[schema(value_type = Option<String>, example = "de-DE",
        pattern = "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$")]
    language: Option<Word>,
}

/// Where a call can go.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetText {
    /// To a receptionist.
    Ai(AiText),
    /// To people.
    Users(UsersText),
    /// To a queue.
    Queue(QueueText),
    /// To voicemail.
    Voicemail(VoicemailText),
    /// Nowhere: something is said, and that is all.
    Message(MessageText),
    /// To a number outside.
    Forward(ForwardText),
    /// Through a flow, in which the caller chooses.
    Ivr(IvrText),
}

/// A receptionist.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AiText {
    /// Which; the number's, else the tenant's, if none is named.
    #[schema(value_type = Option<String>, pattern = r"^rec_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    receptionist_id: Option<Text<ReceptionistId>>,
}

/// People to ring.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UsersText {
    /// Whom. Who has no telephone number, or does not work, is left out.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 10,
        pattern = r"^usr_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    user_ids: Few<Text<UserId>, 1, 10>,
    /// In which order.
    #[serde(default)]
    #[schema(required = false)]
    strategy: StrategyText,
    /// How.
    #[serde(default)]
    #[schema(required = false)]
    ring: RingText,
}

/// A queue.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueText {
    /// Which.
    #[schema(value_type = String, pattern = r"^que_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    queue_id: Text<QueueId>,
}

/// A flow.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IvrText {
    /// Which. Callers meet what was published of it.
    #[schema(value_type = String, pattern = r"^flw_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    flow_id: Text<FlowId>,
}

/// Voicemail.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VoicemailText {
    /// What is said before the beep, if not the usual.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1000,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    greeting: Option<Line<1000>>,
    /// The member whom the message is for: it is theirs, and their greeting is heard. Where
    /// nobody is named, whoever has tried one member, and nobody else, leaves it for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^usr_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    user_id: Option<Text<UserId>>,
}

impl VoicemailText {
    pub(super) fn new(greeting: Option<String>, user_id: Option<UserId>) -> Self {
        Self {
            greeting: greeting.map(Line),
            user_id: user_id.map(Text),
        }
    }

    /// The member whom the message is for, if one is named.
    pub fn user_id(&self) -> Option<UserId> {
        self.user_id.as_ref().map(|Text(id)| *id)
    }

    /// What is said before the beep, if not the usual.
    pub fn into_greeting(self) -> Option<String> {
        self.greeting.map(|Line(words)| words)
    }
}

/// A message and the end.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageText {
    /// What is said.
    #[schema(value_type = String, min_length = 1, max_length = 1000,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    text: Line<1000>,
}

impl MessageText {
    pub(super) fn new(text: String) -> Self {
        Self { text: Line(text) }
    }

    pub(super) fn into_text(self) -> String {
        self.text.0
    }
}

/// A number outside, under a name.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForwardText {
    /// What the place is called.
    #[schema(value_type = String, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    name: Line<200>,
    /// Its number, in E.164.
    #[schema(value_type = String, pattern = r"^\+[1-9][0-9]{1,14}$")]
    phone_number: E164,
    /// How it is rung.
    #[serde(default)]
    #[schema(required = false)]
    ring: RingText,
}

impl PlanText {
    /// Whether an agent can have the voice that callers are to be spoken to with; one
    /// that none has is the receptionist's own in the [`Plan`].
    pub fn has_known_voice(&self) -> bool {
        let voice = self.voice.voice.as_ref();
        voice.is_none_or(|Word(voice)| Receptionist::can_sound_like(voice))
    }

    /// The language in which callers are to be spoken to, as it was written.
    pub fn language(&self) -> Option<&str> {
        self.voice
            .language
            .as_ref()
            .map(|Word(language)| &**language)
    }
}

impl From<PlanText> for Plan {
    fn from(text: PlanText) -> Self {
        Self {
            hours_id: text.hours_id.map(|Text(id)| id),
            open: text.open.into(),
            after_hours: text.after_hours.map(Target::from),
            rules: text.rules.0.into_iter().map(Rule::from).collect(),
            fallback: text.fallback.0.into_iter().map(Target::from).collect(),
            voice: text.voice.into(),
        }
    }
}

impl From<&Plan> for PlanText {
    fn from(plan: &Plan) -> Self {
        Self {
            hours_id: plan.hours_id.map(Text),
            open: (&plan.open).into(),
            after_hours: plan.after_hours.as_ref().map(TargetText::from),
            rules: Few(plan.rules.iter().map(RuleText::from).collect()),
            fallback: Few(plan.fallback.iter().map(TargetText::from).collect()),
            voice: (&plan.voice).into(),
        }
    }
}

impl From<VoiceText> for Voice {
    fn from(text: VoiceText) -> Self {
        Self {
            greeting: text.greeting.map(|Line(words)| words),
            voice: text
                .voice
                .map(|Word(voice)| voice)
                .filter(|voice| Receptionist::can_sound_like(voice)),
            language: text.language.map(|Word(language)| language),
        }
    }
}

impl From<&Voice> for VoiceText {
    fn from(voice: &Voice) -> Self {
        Self {
            greeting: voice.greeting.clone().map(Line),
            voice: voice.voice.clone().map(Word),
            language: voice.language.clone().map(Word),
        }
    }
}

impl From<TargetText> for Target {
    fn from(text: TargetText) -> Self {
        match text {
            TargetText::Ai(ai) => Self::Ai {
                receptionist_id: ai.receptionist_id.map(|Text(id)| id),
            },
            TargetText::Users(users) => Self::Users(Users {
                user_ids: users.user_ids.0.into_iter().map(|Text(id)| id).collect(),
                strategy: users.strategy.into(),
                ring: users.ring.into(),
            }),
            TargetText::Queue(queue) => Self::Queue {
                queue_id: queue.queue_id.0,
            },
            TargetText::Voicemail(voicemail) => Self::Voicemail {
                user_id: voicemail.user_id(),
                greeting: voicemail.into_greeting(),
            },
            TargetText::Message(message) => Self::Message {
                text: message.into_text(),
            },
            TargetText::Forward(forward) => Self::Forward(Forward {
                name: forward.name.0,
                phone_number: forward.phone_number.0,
                ring: forward.ring.into(),
            }),
            TargetText::Ivr(ivr) => Self::Ivr {
                flow_id: ivr.flow_id.0,
            },
        }
    }
}

impl From<&Target> for TargetText {
    fn from(target: &Target) -> Self {
        match target {
            Target::Ai { receptionist_id } => Self::Ai(AiText {
                receptionist_id: receptionist_id.map(Text),
            }),
            Target::Users(users) => Self::Users(UsersText {
                user_ids: Few(users.user_ids.iter().copied().map(Text).collect()),
                strategy: users.strategy.into(),
                ring: (&users.ring).into(),
            }),
            Target::Queue { queue_id } => Self::Queue(QueueText {
                queue_id: Text(*queue_id),
            }),
            Target::Voicemail { greeting, user_id } => {
                Self::Voicemail(VoicemailText::new(greeting.clone(), *user_id))
            }
            Target::Message { text } => Self::Message(MessageText::new(text.clone())),
            Target::Forward(forward) => Self::Forward(ForwardText {
                name: Line(forward.name.clone()),
                phone_number: E164(forward.phone_number.clone()),
                ring: (&forward.ring).into(),
            }),
            Target::Ivr { flow_id } => Self::Ivr(IvrText {
                flow_id: Text(*flow_id),
            }),
        }
    }
}

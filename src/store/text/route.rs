//! A route as JSON: its stops, and why.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::plan::{MessageText, VoiceText, VoicemailText};
use super::ring::RingText;
use super::rule::RefusalText;
use super::value::{E164, Text};
use crate::domain::{FlowId, PhoneNumber, Purpose, QueueId, ReceptionistId, UserId};
use crate::routing::ivr::CallerFacts;
use crate::routing::{AiStop, IvrStop, QueueStop, RingStop, Step, Stop, Telephone};

/// A place where a call may end, or go on from.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopText {
    /// The call is refused.
    Reject(RefusalText),
    /// A receptionist answers.
    Ai(AiStopText),
    /// Telephones ring.
    Ring(RingStopText),
    /// The caller waits until somebody has time.
    Queue(QueueStopText),
    /// The caller leaves a message.
    Voicemail(VoicemailText),
    /// The caller is led through a flow.
    Ivr(IvrStopText),
    /// Something is said, and that is all.
    Message(MessageText),
    /// Nothing is left to try, and the caller is told so.
    Apology,
}

/// A receptionist, and what is said otherwise.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct AiStopText {
    /// Who answers.
    #[schema(value_type = String)]
    receptionist_id: Text<ReceptionistId>,
    voice: VoiceText,
    /// The destination whence the caller has come back, if they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    back_from: Option<String>,
}

/// Telephones to ring.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct RingStopText {
    /// Which.
    #[schema(value_type = Vec<String>)]
    phone_numbers: Vec<E164>,
    /// The members who answer them, in the same order; none for one outside.
    #[serde(default)]
    #[schema(value_type = Vec<Option<String>>)]
    user_ids: Vec<Option<Text<UserId>>>,
    /// Whether they are members' of the tenant.
    #[serde(default)]
    are_members: bool,
    /// Whether one after another, instead of all at once.
    is_in_turn: bool,
    /// How long they may speak, in seconds, if that is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    longest_s: Option<u64>,
    /// Whether the caller waits with music until somebody has taken the call.
    #[serde(default)]
    is_warm: bool,
    ring: RingText,
}

/// A queue, as it was when the call came.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct QueueStopText {
    /// Which.
    #[schema(value_type = String)]
    queue_id: Text<QueueId>,
    /// What is heard while waiting, if not the built-in tune.
    hold_music_url: Option<String>,
    announces_position: bool,
    announces_wait: bool,
    /// Who has waited longer goes on, in seconds.
    max_wait_s: u64,
    /// Who would be one more than that goes on at once.
    max_size: u32,
}

/// A flow, as it was published when the call came.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct IvrStopText {
    /// Which.
    #[schema(value_type = String)]
    flow_id: Text<FlowId>,
    /// Which version of it.
    version: i64,
    /// Who answers where the flow names nobody.
    #[schema(value_type = Option<String>)]
    receptionist_id: Option<Text<ReceptionistId>>,
    voice: VoiceText,
    caller: CallerFactsText,
}

/// What a flow may know of the caller, beside the number.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct CallerFactsText {
    is_vip: bool,
    /// Whether it is a contact.
    is_known: bool,
    /// The language that the contact speaks.
    language: Option<String>,
}

/// One thought on the way to a decision.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct StepText {
    /// A stable word, such as `hours.closed`.
    code: String,
    /// The same for people.
    text: String,
}

impl From<&Step> for StepText {
    fn from(step: &Step) -> Self {
        Self {
            code: step.code.clone().into_owned(),
            text: step.text.clone(),
        }
    }
}

impl From<StepText> for Step {
    fn from(step: StepText) -> Self {
        Self {
            code: step.code.into(),
            text: step.text,
        }
    }
}

impl From<&Stop> for StopText {
    fn from(stop: &Stop) -> Self {
        match stop {
            Stop::Reject(refusal) => Self::Reject((*refusal).into()),
            Stop::Ai(ai) => Self::Ai(AiStopText {
                receptionist_id: Text(ai.receptionist_id),
                voice: (&ai.voice).into(),
                back_from: ai.back_from.clone(),
            }),
            Stop::Ring(ring) => Self::Ring(RingStopText {
                phone_numbers: numbers(ring).map(E164).collect(),
                user_ids: members(ring).map(|id| id.map(Text)).collect(),
                are_members: ring.whose == Purpose::Member,
                is_in_turn: ring.is_in_turn,
                longest_s: ring.longest.map(|longest| longest.as_secs()),
                is_warm: ring.is_warm,
                ring: (&ring.ring).into(),
            }),
            Stop::Queue(queue) => Self::Queue(QueueStopText {
                queue_id: Text(queue.queue_id),
                hold_music_url: queue.hold_music_url.clone(),
                announces_position: queue.announces_position,
                announces_wait: queue.announces_wait,
                max_wait_s: queue.max_wait.as_secs(),
                max_size: queue.max_size,
            }),
            Stop::Voicemail { greeting, user_id } => {
                Self::Voicemail(VoicemailText::new(greeting.clone(), *user_id))
            }
            Stop::Ivr(ivr) => Self::Ivr(IvrStopText {
                flow_id: Text(ivr.flow_id),
                version: ivr.version,
                receptionist_id: ivr.receptionist_id.map(Text),
                voice: (&ivr.voice).into(),
                caller: CallerFactsText {
                    is_vip: ivr.caller.is_vip,
                    is_known: ivr.caller.is_known,
                    language: ivr.caller.language.clone(),
                },
            }),
            Stop::Message { text } => Self::Message(MessageText::new(text.clone())),
            Stop::Apology => Self::Apology,
        }
    }
}

impl From<StopText> for Stop {
    fn from(text: StopText) -> Self {
        match text {
            StopText::Reject(refusal) => Self::Reject(refusal.into()),
            StopText::Ai(ai) => Self::Ai(AiStop {
                receptionist_id: ai.receptionist_id.0,
                voice: ai.voice.into(),
                back_from: ai.back_from,
            }),
            StopText::Ring(ring) => Self::Ring(RingStop {
                telephones: telephones(ring.phone_numbers, ring.user_ids),
                whose: if ring.are_members {
                    Purpose::Member
                } else {
                    Purpose::Outside
                },
                is_in_turn: ring.is_in_turn,
                longest: ring.longest_s.map(Duration::from_secs),
                is_warm: ring.is_warm,
                ring: ring.ring.into(),
            }),
            StopText::Queue(queue) => Self::Queue(QueueStop {
                queue_id: queue.queue_id.0,
                hold_music_url: queue.hold_music_url,
                announces_position: queue.announces_position,
                announces_wait: queue.announces_wait,
                max_wait: Duration::from_secs(queue.max_wait_s),
                max_size: queue.max_size,
            }),
            StopText::Voicemail(voicemail) => Self::Voicemail {
                user_id: voicemail.user_id(),
                greeting: voicemail.into_greeting(),
            },
            StopText::Ivr(ivr) => Self::Ivr(IvrStop {
                flow_id: ivr.flow_id.0,
                version: ivr.version,
                receptionist_id: ivr.receptionist_id.map(|Text(id)| id),
                voice: ivr.voice.into(),
                caller: CallerFacts {
                    is_vip: ivr.caller.is_vip,
                    is_known: ivr.caller.is_known,
                    language: ivr.caller.language,
                },
            }),
            StopText::Message(message) => Self::Message {
                text: message.into_text(),
            },
            StopText::Apology => Self::Apology,
        }
    }
}

fn numbers(ring: &RingStop) -> impl Iterator<Item = PhoneNumber> {
    ring.telephones.iter().map(|one| one.number.clone())
}

fn members(ring: &RingStop) -> impl Iterator<Item = Option<UserId>> {
    ring.telephones.iter().map(|one| one.user_id)
}

/// A route that was kept before anybody asked whose the telephones are does not say.
fn telephones(numbers: Vec<E164>, members: Vec<Option<Text<UserId>>>) -> Vec<Telephone> {
    let members = members.into_iter().map(|id| id.map(|Text(id)| id));
    let members = members.chain(std::iter::repeat(None));
    let both = numbers.into_iter().zip(members);
    let telephone = |(E164(number), user_id)| Telephone { number, user_id };
    both.map(telephone).collect()
}

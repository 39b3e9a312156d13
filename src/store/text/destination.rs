//! Where a receptionist may hand callers on to, and whom it may write to, as JSON.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::plan::VoicemailText;
use super::toolkit::ToolWord;
use super::value::{E164, Few, Line, Text};
use crate::domain::{Destination, Place, QueueId, TextRecipient, TransferMode, UserId};

/// A place that callers may be handed on to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DestinationText {
    /// What it is picked by.
    #[schema(value_type = String, pattern = "^[a-z][a-z0-9_]{0,31}$", example = "sales")]
    key: ToolWord<32>,
    /// When it is right, in words for the model.
    #[schema(value_type = String, min_length = 1, max_length = 300,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    description: Line<300>,
    to: PlaceText,
    #[serde(default)]
    #[schema(required = false)]
    mode: TransferModeText,
}

/// One of these.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaceText {
    /// A member, on their telephone.
    UserId(UserRef),
    /// Several members, whose telephones ring at once; the first who takes the call has
    /// it. Who has no telephone number, or does not work, is left out.
    UserIds(TeamRef),
    /// Those who answer a queue.
    QueueId(QueueRef),
    /// A number outside, in E.164. The outbound policy must allow it whenever it
    /// is rung.
    PhoneNumber(NumberRef),
    /// Voicemail.
    Voicemail(VoicemailText),
}

/// The id of a member.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = "^usr_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
pub struct UserRef(pub Text<UserId>);

/// The ids of several members.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Vec<String>, min_items = 1, max_items = 10,
    pattern = "^usr_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
pub struct TeamRef(pub Few<Text<UserId>, 1, 10>);

/// The id of a queue.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = "^que_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
pub struct QueueRef(pub Text<QueueId>);

/// A telephone number in E.164.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = r"^\+[1-9][0-9]{1,14}$")]
pub struct NumberRef(pub E164);

/// How a caller is handed on.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransferModeText {
    /// It rings, and whoever answers has the caller.
    #[default]
    Blind,
    /// The caller waits with music, or hears it ring where the house has no account
    /// at the carrier. Whoever answers hears who it is and why, and takes the call by
    /// pressing 1; if nobody does, the caller comes back to the receptionist. For
    /// members and numbers.
    Warm,
}

impl From<DestinationText> for Destination {
    fn from(text: DestinationText) -> Self {
        Self {
            key: text.key.0,
            description: text.description.0,
            place: match text.to {
                PlaceText::UserId(UserRef(Text(id))) => Place::User(id),
                PlaceText::UserIds(TeamRef(Few(ids))) => {
                    Place::Team(ids.into_iter().map(|Text(id)| id).collect())
                }
                PlaceText::QueueId(QueueRef(Text(id))) => Place::Queue(id),
                PlaceText::PhoneNumber(NumberRef(E164(number))) => Place::Number(number),
                PlaceText::Voicemail(text) => Place::Voicemail {
                    user_id: text.user_id(),
                    greeting: text.into_greeting(),
                },
            },
            mode: match text.mode {
                TransferModeText::Blind => TransferMode::Blind,
                TransferModeText::Warm => TransferMode::Warm,
            },
        }
    }
}

impl From<&Destination> for DestinationText {
    fn from(one: &Destination) -> Self {
        Self {
            key: ToolWord(one.key.clone()),
            description: Line(one.description.clone()),
            to: match &one.place {
                Place::User(id) => PlaceText::UserId(UserRef(Text(*id))),
                Place::Team(ids) => {
                    PlaceText::UserIds(TeamRef(Few(ids.iter().copied().map(Text).collect())))
                }
                Place::Queue(id) => PlaceText::QueueId(QueueRef(Text(*id))),
                Place::Number(number) => PlaceText::PhoneNumber(NumberRef(E164(number.clone()))),
                Place::Voicemail { greeting, user_id } => {
                    PlaceText::Voicemail(VoicemailText::new(greeting.clone(), *user_id))
                }
            },
            mode: match one.mode {
                TransferMode::Blind => TransferModeText::Blind,
                TransferMode::Warm => TransferModeText::Warm,
            },
        }
    }
}

/// Somebody who may be written to beside the caller.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TextRecipientText {
    /// What they are picked by; not `caller`.
    #[schema(value_type = String, pattern = "^[a-z][a-z0-9_]{0,31}$", example = "on_duty")]
    key: ToolWord<32>,
    /// When it is right to write to them, in words for the model.
    #[schema(value_type = String, min_length = 1, max_length = 300,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    description: Line<300>,
    /// Their number, in E.164; the model does not learn it. The outbound policy must
    /// allow it whenever they are written to.
    #[schema(value_type = String, pattern = r"^\+[1-9][0-9]{1,14}$")]
    phone_number: E164,
}

impl From<TextRecipientText> for TextRecipient {
    fn from(text: TextRecipientText) -> Self {
        Self {
            key: text.key.0,
            description: text.description.0,
            number: text.phone_number.0,
        }
    }
}

impl From<&TextRecipient> for TextRecipientText {
    fn from(one: &TextRecipient) -> Self {
        Self {
            key: ToolWord(one.key.clone()),
            description: Line(one.description.clone()),
            phone_number: E164(one.number.clone()),
        }
    }
}

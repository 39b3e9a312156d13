//! A call to be made, as a body asks for it.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::api::extract::{optional_text, text};
use crate::api::schemas;
use crate::domain::{ContactId, PhoneNumber, Pii, ReceptionistId, UserId, Wishes};
use crate::store::text::Number;

/// Whom to call, as whom, and who speaks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NewOutboundCall {
    /// Who is called, in E.164. The outbound policy must allow it.
    #[serde(deserialize_with = "text")]
    #[schema(value_type = String, pattern = r"^\+[1-9][0-9]{1,14}$", example = "+12025550123")]
    pub(super) to: PhoneNumber,
    /// The number of yours that is shown. Where nothing is said it is your only
    /// one, or the only one that the receptionist answers.
    #[serde(default, deserialize_with = "optional_text")]
    #[schema(value_type = Option<String>, pattern = r"^\+[1-9][0-9]{1,14}$")]
    pub(super) from: Option<PhoneNumber>,
    /// The receptionist who speaks; your default one where nobody is named.
    #[serde(default, deserialize_with = "optional_text")]
    #[schema(value_type = Option<String>, pattern = "^rec_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    pub(super) receptionist_id: Option<ReceptionistId>,
    /// The member who speaks instead: their telephone is rung first, and once
    /// they have pressed 1 they are connected with `to`.
    #[serde(default, deserialize_with = "optional_text")]
    #[schema(value_type = Option<String>, pattern = "^usr_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    pub(super) user_id: Option<UserId>,
    /// The contact who is called; by the number where nobody is named.
    #[serde(default, deserialize_with = "optional_text")]
    #[schema(value_type = Option<String>, pattern = "^con_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    pub(super) contact_id: Option<ContactId>,
    /// Whether the call is to be recorded; as `auto_record_calls` says where nothing is said.
    /// Whom a member calls is not asked for their consent: such a call is refused unless
    /// `recording_consent` of the number shown is `none`, and without this wish not recorded.
    record: Option<bool>,
    /// Whether what people say to one another in it is to be written down, from its
    /// recording; as `auto_transcribe_calls` says where nothing is said. What the AI hears
    /// and says always is. A call of a member's that is not recorded is refused with it.
    transcribe: Option<bool>,
    /// How long it rings, in seconds.
    #[serde(default = "ring_for")]
    #[schema(value_type = u32, minimum = 5, maximum = 600, default = 30)]
    pub(super) timeout: Number<5, 600>,
    #[serde(default)]
    #[schema(schema_with = schemas::metadata, required = false)]
    metadata: Metadata,
}

fn ring_for() -> Number<5, 600> {
    Number(30)
}

impl NewOutboundCall {
    /// What is wanted of the call.
    pub(super) fn wishes(&self) -> Wishes {
        let pairs = self.metadata.0.iter();
        Wishes {
            recording: self.record,
            transcript: self.transcribe,
            metadata: pairs
                .map(|(name, value)| (name.clone(), Pii::new(value.clone())))
                .collect(),
        }
    }
}

/// Names and texts, few and short.
#[derive(Debug, Default)]
struct Metadata(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = BTreeMap::<String, String>::deserialize(deserializer)?;
        let fits = |text: &str, max: usize| text.chars().count() <= max;
        let are_short = pairs
            .iter()
            .all(|(name, value)| !name.is_empty() && fits(name, 40) && fits(value, 500));
        if pairs.len() <= 20 && are_short {
            Ok(Self(pairs))
        } else {
            Err(D::Error::custom(
                "expected up to 20 names of 1 to 40 characters, with texts of up to 500",
            ))
        }
    }
}

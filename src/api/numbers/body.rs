//! Numbers as they are asked for, and as they are shown.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::extract::{optional_text, text};
use crate::api::operator::Operator;
use crate::api::problem::{ApiError, Fault};
use crate::api::state::ApiState;
use crate::domain::{Capabilities, Number, ParseError, PhoneNumber, ReceptionistId};
use crate::store::{self, receptionists};
use crate::twilio::rest::IncomingNumber;

/// A number to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NewNumber {
    /// In E.164.
    #[serde(deserialize_with = "text")]
    #[schema(value_type = String, example = "+15105550101",
        pattern = r"^\+[1-9][0-9]{1,14}$")]
    pub(super) phone_number: PhoneNumber,
    /// What people call it.
    #[serde(default, deserialize_with = "optional_text")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    pub(super) label: Option<Label>,
    /// Who answers it; the tenant's default where nobody is named.
    #[serde(default, deserialize_with = "optional_text")]
    #[schema(value_type = Option<String>, pattern = "^rec_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    pub(super) receptionist_id: Option<ReceptionistId>,
}

impl NewNumber {
    /// The number as it is kept, with what the carrier says of it. Refuses a
    /// receptionist who is not the tenant's before anything happens elsewhere.
    pub(super) async fn check(
        &self,
        state: &ApiState,
        operator: &Operator,
    ) -> Result<Number, ApiError> {
        if let Some(id) = self.receptionist_id {
            let found = receptionists::find(&state.store, operator.tenant_id, id).await?;
            found.ok_or_else(no_receptionist)?;
        }
        let (id, phone_number) = (state.clock.new_id(), self.phone_number.clone());
        let now = state.clock.now();
        Ok(Number {
            receptionist_id: self.receptionist_id,
            label: self.label.clone().map(|label| label.0),
            ..Number::new(id, operator.tenant_id, phone_number, now)
        })
    }
}

/// Writes down what the carrier says of a number.
pub(super) fn learn(number: &mut Number, carrier: &IncomingNumber) {
    number.carrier_sid = Some(carrier.sid.clone());
    number.capabilities = Some(carrier.capabilities());
}

fn no_receptionist() -> ApiError {
    ApiError::Invalid(vec![Fault {
        pointer: "#/receptionist_id".to_owned(),
        detail: "expected one of the tenant's receptionists".to_owned(),
    }])
}

/// A refusal to write a number, in words.
pub(super) fn refused(error: store::Error) -> ApiError {
    if matches!(error, store::Error::Dangling) {
        no_receptionist()
    } else {
        error.into()
    }
}

/// One line of 1 to 300 characters: callers wait until it has been said.
#[derive(Clone, Debug)]
pub(in crate::api) struct Announcement(pub(super) String);

impl FromStr for Announcement {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let is_line = !text.contains(char::is_control) && !text.trim().is_empty();
        if is_line && text.chars().count() <= 300 {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError {
                expected: "one line of 1 to 300 characters",
            })
        }
    }
}

/// One line of 1 to 64 characters: the carrier keeps no longer ones.
#[derive(Clone, Debug)]
pub(in crate::api) struct Label(pub(super) String);

impl FromStr for Label {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let is_line = !text.contains(char::is_control) && !text.trim().is_empty();
        if is_line && text.chars().count() <= 64 {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError {
                expected: "one line of 1 to 64 characters",
            })
        }
    }
}

/// A number.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct NumberBody {
    id: String,
    phone_number: String,
    /// What people call it.
    label: Option<String>,
    /// Who answers; the tenant's default if nobody is named.
    receptionist_id: Option<String>,
    /// How callers are asked before a call is recorded: `none`, `announce`,
    /// `stay_on_line`, `verbal` or `keypress`.
    recording_consent: &'static str,
    /// What they are told or asked, if not our own words.
    recording_announcement: Option<String>,
    /// What it can do; null where the carrier was never asked.
    capabilities: Option<CapabilitiesBody>,
    /// The carrier's name for it, `PN…` at Twilio.
    carrier_sid: Option<String>,
    /// When the carrier was last told where its webhooks go.
    #[schema(format = DateTime)]
    configured_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Number> for NumberBody {
    fn from(number: Number) -> Self {
        Self {
            id: number.id.to_string(),
            phone_number: number.phone_number.as_str().to_owned(),
            label: number.label,
            receptionist_id: number.receptionist_id.map(|id| id.to_string()),
            recording_consent: number.recording.policy.as_str(),
            recording_announcement: number.recording.words,
            capabilities: number.capabilities.map(CapabilitiesBody::from),
            carrier_sid: number.carrier_sid.map(|sid| sid.to_string()),
            configured_at: number.configured_at.map(|at| at.to_string()),
            created_at: number.created_at.to_string(),
        }
    }
}

/// What a number can do.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct CapabilitiesBody {
    voice: bool,
    sms: bool,
    mms: bool,
}

impl From<Capabilities> for CapabilitiesBody {
    fn from(can: Capabilities) -> Self {
        Self {
            voice: can.voice,
            sms: can.sms,
            mms: can.mms,
        }
    }
}

//! Changing what we know of a number; the carrier is not asked.

use axum::Json as JsonBody;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{Announcement, Label, NumberBody, refused};
use crate::api::audit::{self, Change};
use crate::api::extract::{Given, Json, Path};
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{ConsentPolicy, Number, PhoneNumber, ReceptionistId};
use crate::store::numbers;

/// Changes what is given of a number; the rest stays.
#[utoipa::path(patch, path = "/api/numbers/{phone_number}", operation_id = "update_number",
    tag = "Numbers",
    params(("phone_number" = String, Path, description = "In E.164, `+15105550101`")),
    request_body = NumberPatch, responses((status = 200, body = NumberBody)))]
pub(in crate::api) async fn update(
    State(state): State<ApiState>,
    operator: Operator,
    Path(phone_number): Path<PhoneNumber>,
    Json(patch): Json<NumberPatch>,
) -> Result<JsonBody<NumberBody>, ApiError> {
    let mut tx = state.store.begin().await?;
    let number = numbers::lock_of_tenant(&mut tx, operator.tenant_id, &phone_number).await?;
    let mut number = number.ok_or(ApiError::NotFound)?;
    let fields = patch.apply(&mut number);
    let is_there = numbers::update(&mut tx, &number).await.map_err(refused)?;
    if !is_there {
        return Err(ApiError::NotFound);
    }
    let change = Change {
        action: "number.updated",
        object: number.id.to_string(),
        fields: &fields,
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok(JsonBody(number.into()))
}

/// What is to change of a number.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NumberPatch {
    /// What people call it; null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    label: Given<Label>,
    /// Who answers; null is the tenant's default.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^rec_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    receptionist_id: Given<ReceptionistId>,
    /// How callers are asked before a call is recorded. With `announce` they are
    /// told; with `stay_on_line` they are told that who stays agrees; with `verbal`
    /// they say yes or no, and with `keypress` they press 1 or 2: then only who
    /// agrees is recorded. `none` asks nobody. Null is `announce`.
    #[serde(default)]
    #[schema(value_type = Option<String>,
        pattern = "^(none|announce|stay_on_line|verbal|keypress)$")]
    recording_consent: Given<ConsentPolicy>,
    /// What they are told or asked; null is in our own words.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 300,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    recording_announcement: Given<Announcement>,
}

impl NumberPatch {
    /// Lays it over `number`; the names of what was given.
    fn apply(self, number: &mut Number) -> Vec<&'static str> {
        let mut fields = Vec::new();
        if let Given::As(label) = self.label {
            number.label = label.map(|label| label.0);
            fields.push("label");
        }
        if let Given::As(receptionist_id) = self.receptionist_id {
            number.receptionist_id = receptionist_id;
            fields.push("receptionist_id");
        }
        if let Given::As(policy) = self.recording_consent {
            number.recording.policy = policy.unwrap_or_default();
            fields.push("recording_consent");
        }
        if let Given::As(words) = self.recording_announcement {
            number.recording.words = words.map(|words| words.0);
            fields.push("recording_announcement");
        }
        fields
    }
}

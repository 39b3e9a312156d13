//! `POST /api/sms/messages`: writing to somebody.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::messages::SmsBody;
use crate::api::audit::{self, Change};
use crate::api::bounded::Text;
use crate::api::extract::{Json, optional_text, text};
use crate::api::operator::Operator;
use crate::api::outbound::{refused, writer};
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{Direction, Party, PhoneNumber, Pii, SmsState};
use crate::store::sms_messages::{self, NewSms};

/// Writes to somebody, from a number of the tenant's.
///
/// The message is on its way when this is answered; its `state` tells how far it has come.
/// Who has written or rung may be answered wherever they are; others must be where the
/// outbound policy lets people be rung. Who wrote STOP is not written to.
#[utoipa::path(post, path = "/api/sms/messages", operation_id = "send_sms",
    tag = "Text messages", request_body = NewSmsBody,
    responses((status = 201, body = SmsBody)))]
pub(in crate::api) async fn send(
    State(state): State<ApiState>,
    operator: Operator,
    Json(new): Json<NewSmsBody>,
) -> Result<(StatusCode, JsonBody<SmsBody>), ApiError> {
    let (tenant, id) = (operator.tenant_id, state.clock.new_id());
    let whole = (&state, &operator);
    state.carrier()?;
    let own = writer(whole, new.from.as_ref()).await?;
    let message = NewSms {
        id,
        tenant_id: tenant,
        direction: Direction::Outbound,
        message_sid: None,
        own: &Party::Number(own),
        stranger: &Party::Number(new.to),
        user: operator.member(),
        body: &Pii::new(new.body.0),
        media: &[],
        state: SmsState::Pending,
        at: state.clock.now(),
    };
    let mut tx = state.store.begin().await?;
    if let Err(refusal) = sms_messages::submit(&mut tx, &message, false).await? {
        drop(tx);
        return Err(refused(whole, "sms.refused", refusal).await?);
    }
    let made = sms_messages::find(&mut tx, tenant, id).await?;
    let made = made.ok_or(ApiError::NotFound)?;
    let change = Change {
        action: "sms.sent",
        object: id.to_string(),
        fields: &["from", "to", "body"],
    };
    audit::commit(tx, whole, tenant, change).await?;
    Ok((StatusCode::CREATED, JsonBody(made.into())))
}

/// A message to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NewSmsBody {
    /// Which of the tenant's numbers writes; the only one, if it has one only.
    #[serde(default, deserialize_with = "optional_text")]
    #[schema(value_type = Option<String>, pattern = r"^\+[1-9][0-9]{1,14}$")]
    from: Option<PhoneNumber>,
    /// Whom, in E.164.
    #[serde(deserialize_with = "text")]
    #[schema(value_type = String, pattern = r"^\+[1-9][0-9]{1,14}$", example = "+12025550123")]
    to: PhoneNumber,
    /// The words.
    #[schema(value_type = String, min_length = 1, max_length = 1_600, example = "We are open.")]
    body: Text<1_600>,
}

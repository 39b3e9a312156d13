//! What can be done to a call that goes on.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::live_call::{account, gone, open_call};
use super::show::seen;
use crate::api::audit::{self, Change};
use crate::api::extract::{Json, Path, text};
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::call::Order;
use crate::domain::{CallId, EndReason, Outcome, Pii, Speaker};
use crate::store::text::Line;
use crate::twilio::rest::CallUpdate;

/// Hangs up, whoever has the call, and also if nobody has answered it yet.
#[utoipa::path(post, path = "/api/calls/{id}/hangup", operation_id = "hang_up_call",
    tag = "Live calls", params(("id" = String, Path, description = "`call_…`")),
    responses((status = 204)))]
pub(in crate::api) async fn hang_up(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
) -> Result<StatusCode, ApiError> {
    let call = open_call((&state, &operator), id).await?;
    if state.bridge.has(&call.call_sid) {
        let order = Order::HangUp(EndReason::HungUp);
        return give(&state, &operator, id, ("call.hung_up", order)).await;
    }
    let carrier = account(&state)?;
    note(&state, &operator, id, "call.hung_up").await?;
    // Twice is once; and the carrier tells us when it is over.
    let done = carrier.update_call(&call.call_sid, &CallUpdate::Complete);
    done.await.map_err(gone)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has the AI say something, at its next turn to speak.
#[utoipa::path(post, path = "/api/calls/{id}/say", operation_id = "say_in_call",
    tag = "Live calls", params(("id" = String, Path, description = "`call_…`")),
    request_body = SayBody, responses((status = 204), (status = 409, description = NO_AI)))]
pub(in crate::api) async fn say(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
    Json(body): Json<SayBody>,
) -> Result<StatusCode, ApiError> {
    let order = Order::Say(Pii::new(body.text.0));
    give(&state, &operator, id, ("call.told", order)).await
}

/// Keeps one of the two from being heard by the other, or does so no longer.
#[utoipa::path(post, path = "/api/calls/{id}/mute", operation_id = "mute_call",
    tag = "Live calls", params(("id" = String, Path, description = "`call_…`")),
    request_body = MuteBody, responses((status = 204), (status = 409, description = NO_AI)))]
pub(in crate::api) async fn mute(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
    Json(body): Json<MuteBody>,
) -> Result<StatusCode, ApiError> {
    let order = Order::Mute {
        who: body.who,
        is_on: body.on,
    };
    give(&state, &operator, id, ("call.muted", order)).await
}

/// Lets the caller wait, with a soft chime, or wait no longer. Where the line is
/// not open yet, the caller waits as soon as it is.
#[utoipa::path(post, path = "/api/calls/{id}/hold", operation_id = "hold_call",
    tag = "Live calls", params(("id" = String, Path, description = "`call_…`")),
    request_body = HoldBody, responses((status = 204), (status = 409, description = NO_AI)))]
pub(in crate::api) async fn hold(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
    Json(body): Json<HoldBody>,
) -> Result<StatusCode, ApiError> {
    give(&state, &operator, id, ("call.held", Order::Hold(body.on))).await
}

const NO_AI: &str = "no AI speaks with the caller here: a call that people have cannot be held, \
    muted or spoken into, but handed on (POST /api/calls/{id}/transfer) and hung up \
    (POST /api/calls/{id}/hangup)";

/// Written down before it is done: what cannot be written down is not done.
async fn give(
    state: &ApiState,
    operator: &Operator,
    id: CallId,
    (action, order): (&'static str, Order),
) -> Result<StatusCode, ApiError> {
    let call = seen(state, operator, id).await?;
    if Outcome::of(&call) != Outcome::Open {
        return Err(ApiError::Conflict("the call is over"));
    }
    if !state.bridge.has(&call.call_sid) {
        return Err(ApiError::Conflict(NO_AI));
    }
    note(state, operator, id, action).await?;
    if state.bridge.order(&call.call_sid, order) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::Conflict("the call has just ended"))
    }
}

pub(super) async fn note(
    state: &ApiState,
    operator: &Operator,
    id: CallId,
    action: &'static str,
) -> Result<(), ApiError> {
    let change = Change {
        action,
        object: id.to_string(),
        fields: &[],
    };
    let tx = state.store.begin().await?;
    audit::commit(tx, (state, operator), operator.tenant_id, change).await?;
    Ok(())
}

/// What is to be said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct SayBody {
    #[schema(value_type = String, min_length = 1, max_length = 1_000,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    text: Line<1_000>,
}

/// Who is to be muted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct MuteBody {
    /// `caller` or `receptionist`.
    #[serde(deserialize_with = "text")]
    #[schema(value_type = String, pattern = "^(caller|receptionist)$")]
    who: Speaker,
    on: bool,
}

/// Whether the caller is to wait.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct HoldBody {
    on: bool,
}

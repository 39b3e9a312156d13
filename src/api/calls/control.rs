//! What can be done to a call that goes on.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::conference::{self, Wish};
use super::live_call::{account, carrier_of, gone, lasting_call, open_call};
use crate::api::audit::{self, Change};
use crate::api::extract::{Json, Path, text};
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::call::Order;
use crate::domain::{CallId, CallLog, EndReason, Pii, Side, Speaker};
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
        return give(&state, &operator, &call, ("call.hung_up", order)).await;
    }
    let carrier = account(&state)?;
    note(&state, &operator, id, "call.hung_up").await?;
    // Twice is once; and the carrier tells us when it is over.
    let done = carrier.update_call(&call.call_sid, &CallUpdate::Complete);
    done.await.map_err(gone)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has something said. The AI says it, at its next turn to speak. In a call that people
/// have both hear it, in the language of the call, but for one who is on hold; what was
/// said stands among the events of the call.
#[utoipa::path(post, path = "/api/calls/{id}/say", operation_id = "say_in_call",
    tag = "Live calls", params(("id" = String, Path, description = "`call_…`")),
    request_body = SayBody, responses((status = 204), (status = 409, description = NOT_NOW)))]
pub(in crate::api) async fn say(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
    Json(body): Json<SayBody>,
) -> Result<StatusCode, ApiError> {
    let call = lasting_call((&state, &operator), id).await?;
    let words = Pii::new(body.text.0);
    if state.bridge.has(&call.call_sid) {
        return give(&state, &operator, &call, ("call.told", Order::Say(words))).await;
    }
    conference::grant((&state, &operator), &call, Wish::Say(words)).await
}

/// Keeps one of the two from being heard by the other, or does so no longer: the caller,
/// or whoever has the call, which is the receptionist or a person. Of a call that a member
/// has placed, whoever was called is the caller.
#[utoipa::path(post, path = "/api/calls/{id}/mute", operation_id = "mute_call",
    tag = "Live calls", params(("id" = String, Path, description = "`call_…`")),
    request_body = MuteBody, responses((status = 204), (status = 409, description = NOT_NOW)))]
pub(in crate::api) async fn mute(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
    Json(body): Json<MuteBody>,
) -> Result<StatusCode, ApiError> {
    let call = lasting_call((&state, &operator), id).await?;
    let MuteBody { who, on: is_on } = body;
    if state.bridge.has(&call.call_sid) {
        let who = match who {
            Side::Caller => Speaker::Caller,
            Side::Receptionist => Speaker::Receptionist,
            Side::Person => return Err(ApiError::field("who", NO_PERSON)),
        };
        let order = Order::Mute { who, is_on };
        return give(&state, &operator, &call, ("call.muted", order)).await;
    }
    if who == Side::Receptionist {
        carrier_of(&state, &call)?;
        return Err(ApiError::field("who", NO_RECEPTIONIST));
    }
    conference::grant((&state, &operator), &call, Wish::Mute(who, is_on)).await
}

const NO_PERSON: &str = "no person speaks with the caller, but the receptionist";
const NO_RECEPTIONIST: &str = "no receptionist speaks with the caller, but a person, if anybody";

/// Lets the caller wait, or wait no longer: with a soft chime where the AI has the call,
/// and with music where a person has it. Where the line is not open yet, the caller waits
/// as soon as it is. Of a call that a member has placed, whoever was called waits.
#[utoipa::path(post, path = "/api/calls/{id}/hold", operation_id = "hold_call",
    tag = "Live calls", params(("id" = String, Path, description = "`call_…`")),
    request_body = HoldBody, responses((status = 204), (status = 409, description = NOT_NOW)))]
pub(in crate::api) async fn hold(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
    Json(body): Json<HoldBody>,
) -> Result<StatusCode, ApiError> {
    let call = lasting_call((&state, &operator), id).await?;
    if state.bridge.has(&call.call_sid) {
        let order = Order::Hold(body.on);
        return give(&state, &operator, &call, ("call.held", order)).await;
    }
    conference::grant((&state, &operator), &call, Wish::Hold(body.on)).await
}

const NOT_NOW: &str = "neither the AI nor a person speaks with the caller: the call rings, \
    waits in a queue, leaves a message or is over; or what is done by the carrier, to a call \
    that people have, has no account there (TWILIO_ACCOUNT_SID), or has not come about yet";

/// Written down before it is done: what cannot be written down is not done.
async fn give(
    state: &ApiState,
    operator: &Operator,
    call: &CallLog,
    (action, order): (&'static str, Order),
) -> Result<StatusCode, ApiError> {
    note(state, operator, call.id, action).await?;
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
    /// `caller`, or whoever has the call: `receptionist` or `person`.
    #[serde(deserialize_with = "text")]
    #[schema(value_type = String, pattern = "^(caller|person|receptionist)$")]
    who: Side,
    on: bool,
}

/// Whether the caller is to wait.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct HoldBody {
    on: bool,
}

//! Making a call.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;

use super::answerer::Answerer;
use super::body::NewOutboundCall;
use super::number::shown;
use super::record::{NewCall, place};
use crate::api::calls::CallBody;
use crate::api::extract::Json;
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::Purpose;
use crate::store::{contacts, numbers};

/// Calls somebody: a receptionist speaks with whoever answers, or a member
/// does, whose own telephone is rung first.
///
/// It costs money. The outbound policy must allow it, or it is refused with
/// `policy-refused` and a `code`. Where the carrier's answer is lost (503,
/// `outcome-unknown`), ask the same again: nobody is called twice. One number
/// is not called twice at one time.
#[utoipa::path(post, path = "/api/calls/outbound", operation_id = "place_call",
    tag = "Outbound calls", request_body = NewOutboundCall,
    responses((status = 201, body = CallBody),
        (status = 409, description = "What is wanted of it cannot be had, or it is under way")))]
pub(in crate::api) async fn create(
    State(state): State<ApiState>,
    operator: Operator,
    Json(body): Json<NewOutboundCall>,
) -> Result<(StatusCode, JsonBody<CallBody>), ApiError> {
    let tenant = operator.tenant_id;
    let whole = (&state, &operator);
    let answerer = Answerer::of(whole, &body).await?;
    if let Some(contact) = body.contact_id {
        let found = contacts::find(&state.store, tenant, contact).await?;
        found.ok_or_else(|| ApiError::field("contact_id", "there is no such contact here"))?;
    }
    let from = shown(whole, body.from.as_ref(), answerer.receptionist_id()).await?;
    let own = numbers::find_of_tenant(&state.store, tenant, &body.to).await?;
    if own.is_some() {
        return Err(ApiError::field("to", "that is a number of your own"));
    }
    let ring_for = body.timeout.seconds();
    let route = answerer.route(&state, (&from, &body.to), ring_for).await?;
    let user_id = match &answerer {
        Answerer::Ai(_) => operator.member(),
        Answerer::Member { user_id, .. } => Some(*user_id),
    };
    let new = NewCall {
        rung: answerer.rung(&body.to).clone(),
        purpose: Purpose::Outside,
        receptionist_id: answerer.receptionist_id(),
        user_id,
        contact_id: body.contact_id,
        wishes: body.wishes(),
        answer_path: "/api/voice/webhooks/twiml/outbound".to_owned(),
        to: body.to,
        from,
        route,
        ring_for,
    };
    let call = place(whole, new).await?;
    Ok((
        StatusCode::CREATED,
        JsonBody(CallBody::new(&call, &operator)),
    ))
}

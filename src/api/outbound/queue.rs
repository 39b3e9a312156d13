//! A member of a queue is rung, and speaks with whoever has waited longest.

use std::time::Duration;

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answerer::{NO_TELEPHONE, member};
use super::number::shown;
use super::record::{NewCall, place};
use crate::api::calls::CallBody;
use crate::api::extract::{Json, Path, optional_text};
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{OpenState, PhoneNumber, Purpose, QueueId, UserId, Wishes};
use crate::routing::{Route, Stop};
use crate::store::queues;

/// Rings a member of a queue, who is then connected with whoever has waited
/// longest in it.
///
/// It costs money, and counts as a call that is made. Where the carrier's
/// answer is lost (503, `outcome-unknown`), ask the same again: nobody is rung
/// twice.
#[utoipa::path(post, path = "/api/queues/{id}/call-next", operation_id = "call_next_in_queue",
    tag = "Outbound calls", params(("id" = String, Path, description = "`que_…`")),
    request_body = NextCall, responses((status = 201, body = CallBody)))]
pub(in crate::api) async fn call_next(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<QueueId>,
    Json(body): Json<NextCall>,
) -> Result<(StatusCode, JsonBody<CallBody>), ApiError> {
    let whole = (&state, &operator);
    let queue = queues::find(&state.store, operator.tenant_id, id).await?;
    let queue = queue.ok_or(ApiError::NotFound)?;
    let user = body.user_id.or(operator.member());
    let user = user.ok_or_else(|| ApiError::field("user_id", "say whose telephone is rung"))?;
    let user = member(whole, user).await?;
    if !queue.members.contains(&user.id) {
        return Err(ApiError::field("user_id", "that is no member of the queue"));
    }
    let rung = user.phone_number.ok_or(ApiError::Conflict(NO_TELEPHONE))?;
    let from = shown(whole, body.from.as_ref(), None).await?;
    let new = NewCall {
        to: rung.clone(),
        rung,
        from,
        purpose: Purpose::Member,
        receptionist_id: None,
        user_id: Some(user.id),
        contact_id: None,
        wishes: Wishes::default(),
        route: Route {
            open_state: OpenState::Open,
            stops: vec![Stop::Apology],
            language: None,
            steps: Vec::new(),
        },
        ring_for: RING_FOR,
        answer_path: format!("/api/voice/webhooks/queue/{id}/answer"),
    };
    let call = place(whole, new).await?;
    Ok((
        StatusCode::CREATED,
        JsonBody(CallBody::new(&call, &operator)),
    ))
}

/// Who is rung.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NextCall {
    /// The member; whoever asks where nobody is named.
    #[serde(default, deserialize_with = "optional_text")]
    #[schema(value_type = Option<String>, pattern = "^usr_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    user_id: Option<UserId>,
    /// The number of yours that is shown; your only one where nothing is said.
    #[serde(default, deserialize_with = "optional_text")]
    #[schema(value_type = Option<String>, pattern = r"^\+[1-9][0-9]{1,14}$")]
    from: Option<PhoneNumber>,
}

const RING_FOR: Duration = Duration::from_secs(30);

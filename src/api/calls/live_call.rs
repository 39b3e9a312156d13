//! A call that goes on, and who can do something to it: we, or the carrier alone.

use super::show::seen;
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{AnsweredBy, CallId, CallLog, CallSid, Outcome};
use crate::twilio::rest::{Client, Error};

/// The call of that name, if it goes on.
pub(super) async fn lasting_call(
    (state, operator): (&ApiState, &Operator),
    id: CallId,
) -> Result<CallLog, ApiError> {
    let call = seen(state, operator, id).await?;
    if Outcome::of(&call) != Outcome::Open {
        return Err(ApiError::Conflict(OVER));
    }
    Ok(call)
}

/// The same, if the carrier knows it.
pub(super) async fn open_call(
    (state, operator): (&ApiState, &Operator),
    id: CallId,
) -> Result<CallLog, ApiError> {
    let call = lasting_call((state, operator), id).await?;
    if call.call_sid == CallSid::unnamed(id) {
        return Err(ApiError::Conflict(UNNAMED));
    }
    Ok(call)
}

/// The carrier, who alone can lead a call elsewhere that no AI of ours has.
pub(super) fn carrier_of<'a>(state: &'a ApiState, call: &CallLog) -> Result<&'a Client, ApiError> {
    let is_elsewhere = call.answered_by == Some(AnsweredBy::Ai) && call.end_reason.is_none();
    if is_elsewhere {
        return Err(ApiError::Conflict(ELSEWHERE));
    }
    account(state)
}

/// The carrier's account, without which nothing can be done to such a call.
pub(super) fn account(state: &ApiState) -> Result<&Client, ApiError> {
    state.carrier().map_err(|_| ApiError::Conflict(NO_ACCOUNT))
}

/// What the carrier says of a call that is not there any more, or not yet.
pub(super) fn gone(error: Error) -> ApiError {
    match error.refusal() {
        Some(refusal) if refusal.is_missing() => ApiError::Conflict(OVER),
        Some(refusal) if refusal.code == Some(NOT_IN_PROGRESS) => {
            ApiError::Conflict("nobody has answered the call yet, or it is over")
        }
        _ => error.into(),
    }
}

/// <https://www.twilio.com/docs/api/errors/21220>
const NOT_IN_PROGRESS: u32 = 21_220;
const OVER: &str = "the call is over";
const UNNAMED: &str = "the carrier has not answered yet whether it rings; ask again in a moment";
const ELSEWHERE: &str = "a receptionist speaks with the caller in another process of this house";
const NO_ACCOUNT: &str = "no AI speaks with the caller here, and without an account at the \
    carrier (TWILIO_ACCOUNT_SID) nobody else can do that";

//! Whether a call that goes on is recorded.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use tokio::time::{Instant, sleep};

use super::control::note;
use super::show::seen;
use crate::api::extract::Path;
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::bridge::RecordOrder;
use crate::domain::{
    CallId, CallLog, Consent, ConsentAnswer, ConsentPolicy, Direction, Outcome, RecordingState,
    SettingKey,
};
use crate::store::{call_consents, numbers, settings};

/// A call that does not listen for so long has ended, or is about to.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Begins to record a call that the AI has. Whoever is at the other end must
/// have consented, or the number must want nobody to be asked
/// (`recording_consent` is `none`).
#[utoipa::path(post, path = "/api/calls/{id}/recording/start", operation_id = "start_recording",
    tag = "Live calls", params(("id" = String, Path, description = "`call_…`")),
    responses((status = 204), (status = 409, description = "Nobody has consented")))]
pub(in crate::api) async fn start(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
) -> Result<StatusCode, ApiError> {
    let call = with_ai(&state, &operator, id).await?;
    let settings = settings::of_tenant(&state.store, call.tenant_id, call.placed_by()).await?;
    if !settings.truth(SettingKey::EnableCallRecording) {
        return Err(ApiError::Conflict(
            "recordings are switched off (enable_call_recording)",
        ));
    }
    let consent = consent(&state, &call).await?;
    let is_on = |state| {
        matches!(
            state,
            Some(RecordingState::Recording | RecordingState::Paused)
        )
    };
    let order = ("recording.start", RecordOrder::Start(consent));
    give((&state, &operator), &call, order, is_on).await
}

/// Keeps what is said from now on out of the recording: a card's number, for
/// example. When the answer comes it is so. The recording has silence there, and
/// goes on in time with the call.
#[utoipa::path(post, path = "/api/calls/{id}/recording/pause", operation_id = "pause_recording",
    tag = "Live calls", params(("id" = String, Path, description = "`call_…`")),
    responses((status = 204), (status = 409, description = "Nothing is recorded")))]
pub(in crate::api) async fn pause(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
) -> Result<StatusCode, ApiError> {
    let call = recorded(&state, &operator, id).await?;
    let is_on = |state| state == Some(RecordingState::Paused);
    let order = ("recording.pause", RecordOrder::Pause);
    give((&state, &operator), &call, order, is_on).await
}

/// Records again what is said.
#[utoipa::path(post, path = "/api/calls/{id}/recording/resume", operation_id = "resume_recording",
    tag = "Live calls", params(("id" = String, Path, description = "`call_…`")),
    responses((status = 204), (status = 409, description = "Nothing is recorded")))]
pub(in crate::api) async fn resume(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
) -> Result<StatusCode, ApiError> {
    let call = recorded(&state, &operator, id).await?;
    let is_on = |state| state == Some(RecordingState::Recording);
    let order = ("recording.resume", RecordOrder::Resume);
    give((&state, &operator), &call, order, is_on).await
}

/// Ends the recording of a call that goes on. Another one may be begun.
#[utoipa::path(post, path = "/api/calls/{id}/recording/stop", operation_id = "stop_recording",
    tag = "Live calls", params(("id" = String, Path, description = "`call_…`")),
    responses((status = 204), (status = 409, description = "Nothing is recorded")))]
pub(in crate::api) async fn stop(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
) -> Result<StatusCode, ApiError> {
    let call = recorded(&state, &operator, id).await?;
    let order = ("recording.stop", RecordOrder::Stop);
    give((&state, &operator), &call, order, |state| state.is_none()).await
}

/// The call, if the AI speaks in it here.
async fn with_ai(state: &ApiState, operator: &Operator, id: CallId) -> Result<CallLog, ApiError> {
    let call = seen(state, operator, id).await?;
    if Outcome::of(&call) != Outcome::Open {
        return Err(ApiError::Conflict("the call is over"));
    }
    if !state.bridge.has(&call.call_sid) {
        return Err(ApiError::Conflict(
            "no AI speaks with the caller here: only such calls are recorded by us",
        ));
    }
    Ok(call)
}

async fn recorded(state: &ApiState, operator: &Operator, id: CallId) -> Result<CallLog, ApiError> {
    let call = with_ai(state, operator, id).await?;
    let is_recorded = state.bridge.recording(&call.call_sid).is_some();
    is_recorded
        .then_some(call)
        .ok_or(ApiError::Conflict("nothing of the call is being recorded"))
}

/// The ground on which the call may be recorded.
async fn consent(state: &ApiState, call: &CallLog) -> Result<Consent, ApiError> {
    let (store, tenant) = (&state.store, call.tenant_id);
    let own = match call.direction {
        Direction::Inbound => &call.to,
        Direction::Outbound => &call.from,
    };
    let number = match own.number() {
        Some(number) => numbers::find_of_tenant(store, tenant, number).await?,
        None => None,
    };
    let rule = number.map(|number| number.recording).unwrap_or_default();
    let given = call_consents::find(store, (tenant, call.id)).await?;
    match given {
        Some(consent) if consent.answer.permits() => Ok(consent),
        Some(_) => Err(ApiError::Conflict(
            "the caller does not want to be recorded",
        )),
        None if rule.policy == ConsentPolicy::None => Ok(Consent {
            policy: rule.policy,
            answer: ConsentAnswer::NotAsked,
            words: None,
            at: state.clock.now(),
        }),
        None => Err(ApiError::Conflict(
            "the caller was not asked; calls are recorded from the start where auto_record_calls \
             is set, or without a question where the number's recording_consent is none",
        )),
    }
}

/// Written down before it is done, and done when the answer comes.
async fn give(
    (state, operator): (&ApiState, &Operator),
    call: &CallLog,
    (action, order): (&'static str, RecordOrder),
    is_done: impl Fn(Option<RecordingState>) -> bool,
) -> Result<StatusCode, ApiError> {
    note(state, operator, call.id, action).await?;
    if !state.bridge.record(&call.call_sid, order) {
        return Err(ApiError::Conflict("the call has just ended"));
    }
    let until = Instant::now() + PATIENCE;
    while !is_done(state.bridge.recording(&call.call_sid)) {
        if Instant::now() > until || !state.bridge.has(&call.call_sid) {
            return Err(ApiError::Conflict(
                "the call has just ended, has no line yet, or cannot be recorded: see its events",
            ));
        }
        sleep(LOOK_EVERY).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

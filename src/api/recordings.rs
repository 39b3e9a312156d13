//! `/api/recordings` and `/api/calls/{id}/recordings`: what was recorded of calls.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::audit::{self, Change};
use super::calls::seen;
use super::extract::Path;
use super::list::PageBody;
use super::operator::Operator;
use super::problem::ApiError;
use super::sound::{BothTracks, SoundFile};
use super::state::ApiState;
use crate::domain::{
    CallId, CallRecording, Consent, Permission, Pii, Reach, RecordingFault, RecordingId,
    RecordingState,
};
use crate::store::audit_log::{self, Deed};
use crate::store::call_recordings;

/// The recordings of a call, in the order in which they began.
#[utoipa::path(get, path = "/api/calls/{id}/recordings", operation_id = "list_call_recordings",
    tag = "Recordings", params(("id" = String, Path, description = "`call_…`")),
    responses((status = 200, body = PageBody<RecordingBody>)))]
pub(super) async fn list_of_call(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
) -> Result<Json<PageBody<RecordingBody>>, ApiError> {
    seen(&state, &operator, id).await?;
    let those = call_recordings::list_of_call(&state.store, operator.tenant_id, id).await?;
    let body = |recording| RecordingBody::new(recording, &operator);
    Ok(Json(PageBody {
        data: those.into_iter().map(body).collect(),
        next_cursor: None,
    }))
}

/// One recording: how it stands, and what the caller said to it.
#[utoipa::path(get, path = "/api/recordings/{id}", operation_id = "show_recording",
    tag = "Recordings", params(("id" = String, Path, description = "`rcd_…`")),
    responses((status = 200, body = RecordingBody)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<RecordingId>,
) -> Result<Json<RecordingBody>, ApiError> {
    let recording = find(&state, &operator, id).await?;
    Ok(Json(RecordingBody::new(recording, &operator)))
}

/// The sound of a recording, the caller left and the receptionist right. A
/// player may ask for a part of it with `Range`. Who listens is written down, whatever
/// part it is; once where they ask for many parts within a few minutes.
#[utoipa::path(get, path = "/api/recordings/{id}/audio", operation_id = "hear_recording",
    tag = "Recordings", params(("id" = String, Path, description = "`rcd_…`")),
    responses(
        (status = 200, body = BothTracks, content_type = "audio/wav"),
        (status = 206, body = BothTracks, content_type = "audio/wav",
            description = "A part of it"),
        (status = 409, description = "There is nothing to hear, or not yet"),
        (status = 416, description = "The part begins behind the end")))]
pub(super) async fn hear(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<RecordingId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let recording = find(&state, &operator, id).await?;
    if let Some(why) = silent(recording.state) {
        return Err(ApiError::Conflict(why));
    }
    let name = recording.file.unwrap_or_default();
    let opened = state.recordings.open(&name).await;
    let (file, length) = opened
        .map_err(ApiError::storage)?
        .ok_or(ApiError::Conflict("its file is not in this storage"))?;
    let suffix = name.rsplit('.').next().unwrap_or_default();
    let sound = SoundFile {
        file,
        length,
        content_type: recording.content_type.unwrap_or_default(),
        name: format!("{id}.{suffix}"),
    };
    let answer = sound.answer(&headers).await?;
    note_played(&state, &operator, id).await?;
    Ok(answer)
}

/// Deletes a recording and its file. What is left says that there was one, and
/// on what ground it was made.
#[utoipa::path(delete, path = "/api/recordings/{id}", operation_id = "delete_recording",
    tag = "Recordings", params(("id" = String, Path, description = "`rcd_…`")),
    responses((status = 204)))]
pub(super) async fn delete(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<RecordingId>,
) -> Result<StatusCode, ApiError> {
    let recording = find(&state, &operator, id).await?;
    if matches!(
        recording.state,
        RecordingState::Recording | RecordingState::Paused
    ) {
        return Err(ApiError::Conflict("the recording goes on; stop it first"));
    }
    let mut tx = state.store.begin().await?;
    let now = state.clock.now();
    call_recordings::delete(&mut tx, &recording, RecordingFault::Deleted, now).await?;
    let change = Change {
        action: "recording.deleted",
        object: id.to_string(),
        fields: &[],
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The recording of that name, if the operator may know of its call.
async fn find(
    state: &ApiState,
    operator: &Operator,
    id: RecordingId,
) -> Result<CallRecording, ApiError> {
    let found = call_recordings::find(&state.store, operator.tenant_id, id).await?;
    let found = found.ok_or(ApiError::NotFound)?;
    seen(state, operator, found.title.call_id).await?;
    Ok(found)
}

/// Writes down who listens, unless that was done a moment ago.
async fn note_played(
    state: &ApiState,
    operator: &Operator,
    id: RecordingId,
) -> Result<(), ApiError> {
    let since = state.clock.now().plus_ms(-ONE_LISTENING_MS);
    let (actor, object) = (operator.actor.to_string(), id.to_string());
    let deed = Deed {
        actor: &actor,
        action: PLAYED,
        object: &object,
    };
    if audit_log::has_since(&state.store, operator.tenant_id, &deed, since).await? {
        return Ok(());
    }
    let change = Change {
        action: PLAYED,
        object,
        fields: &[],
    };
    let tx = state.store.begin().await?;
    audit::commit(tx, (state, operator), operator.tenant_id, change).await?;
    Ok(())
}

const PLAYED: &str = "recording.played";
/// A player asks for part after part.
const ONE_LISTENING_MS: i64 = 5 * 60_000;

fn silent(state: RecordingState) -> Option<&'static str> {
    match state {
        RecordingState::Kept => None,
        RecordingState::Recording | RecordingState::Paused => Some("the recording goes on"),
        RecordingState::Finalising => Some("its file is being made; ask again in a moment"),
        RecordingState::Failed => Some("nothing could be kept of it; its reason says why"),
        RecordingState::Deleted => Some("it was deleted"),
    }
}

/// What was recorded of a call.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordingBody {
    id: String,
    call_id: String,
    /// `recording`, `paused`, `finalising`, `kept`, `failed` or `deleted`.
    state: &'static str,
    /// Why it is not whole, not there, or there no more: `disk_full`, `disk_failed`,
    /// `process_ended`, `lost`, `carrier_failed`, `deleted` or `expired`.
    reason: Option<&'static str>,
    #[schema(format = DateTime)]
    started_at: String,
    duration_ms: Option<i64>,
    bytes: Option<i64>,
    content_type: Option<String>,
    consent: ConsentBody,
    /// What somebody kept out of it: silence of that length.
    pauses: Vec<PauseBody>,
    /// How much of it could not be written in time, and is silence, in milliseconds.
    lost_ms: i64,
}

/// What the caller was asked, and said.
#[derive(Debug, Serialize, ToSchema)]
struct ConsentBody {
    /// `none`, `announce`, `stay_on_line`, `verbal` or `keypress`.
    policy: &'static str,
    /// `not_asked`, `told`, `stayed`, `agreed`, `refused` or `silent`.
    answer: &'static str,
    /// The words said, or the key pressed; null where there are none, or they are
    /// not for these eyes.
    words: Option<String>,
    #[schema(format = DateTime)]
    at: String,
}

/// A part of a recording, in milliseconds since it began.
#[derive(Debug, Serialize, ToSchema)]
struct PauseBody {
    from_ms: u64,
    until_ms: u64,
}

impl RecordingBody {
    fn new(recording: CallRecording, operator: &Operator) -> Self {
        let title = recording.title;
        let reads_words = operator.rights.reach(Permission::CallsRead);
        let reader = operator.reading(Permission::CallsRead);
        let is_open = reads_words != Reach::None && !reader.sees_masked();
        Self {
            id: title.id.to_string(),
            call_id: title.call_id.to_string(),
            state: recording.state.as_str(),
            reason: recording.fault.map(RecordingFault::as_str),
            started_at: title.started_at.to_string(),
            duration_ms: recording.duration_ms,
            bytes: recording.bytes,
            content_type: recording.content_type,
            consent: ConsentBody::new(title.consent, is_open),
            pauses: recording
                .pauses
                .iter()
                .map(|pause| PauseBody {
                    from_ms: pause.from_ms,
                    until_ms: pause.until_ms,
                })
                .collect(),
            lost_ms: recording.lost_ms,
        }
    }
}

impl ConsentBody {
    fn new(consent: Consent, is_open: bool) -> Self {
        let words = consent.words.filter(|_| is_open);
        Self {
            policy: consent.policy.as_str(),
            answer: consent.answer.as_str(),
            words: words.map(|words: Pii<String>| words.expose().clone()),
            at: consent.at.to_string(),
        }
    }
}

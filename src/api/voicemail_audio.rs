//! `/api/voicemail/messages/{id}/audio`: what a caller said, to listen to.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::extract::Path;
use super::operator::Operator;
use super::problem::ApiError;
use super::sound::Wav;
use super::state::ApiState;
use super::voicemail::find;
use crate::domain::{MessageId, MessageSound, VoicemailMessage};

/// The sound of a message. A player may ask for a part of it with `Range`.
///
/// It is fetched from the carrier once, and kept here from then on.
#[utoipa::path(get, path = "/api/voicemail/messages/{id}/audio", operation_id = "hear_message",
    tag = "Voicemail", params(("id" = String, Path, description = "`msg_…`")),
    responses(
        (status = 200, body = Wav, content_type = "audio/wav"),
        (status = 206, body = Wav, content_type = "audio/wav", description = "A part of it"),
        (status = 409, description = "There is nothing to hear, or not yet"),
        (status = 416, description = "The part begins behind the end")))]
pub(super) async fn hear(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<MessageId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let message = find(&state, &operator, id).await?;
    if let Some(why) = silent(message.sound) {
        return Err(ApiError::Conflict(why));
    }
    let kept = state.recordings.read(&message.file()).await;
    let sound = match kept.map_err(ApiError::storage)? {
        Some(sound) => sound,
        None => fetch(&state, &operator, &message).await?,
    };
    Wav(sound).answer(&headers)
}

fn silent(sound: MessageSound) -> Option<&'static str> {
    match sound {
        MessageSound::Recorded => None,
        MessageSound::Pending => Some("the carrier has not said yet whether there is any sound"),
        MessageSound::None => Some("the caller said nothing"),
        MessageSound::Failed => Some("the carrier could not record it"),
    }
}

async fn fetch(
    state: &ApiState,
    operator: &Operator,
    message: &VoicemailMessage,
) -> Result<Vec<u8>, ApiError> {
    let sound = state.carrier()?.recording_sound(&message.recording_sid);
    let gone = "the carrier does not have the sound, or not yet";
    let sound = sound.await?.ok_or(ApiError::Conflict(gone))?;
    let file = message.file();
    if let Err(error) = state.recordings.put(&file, &sound).await {
        tracing::warn!(%error, "the sound of a message could not be kept; see STORAGE_URL");
    }
    // Who deleted it meanwhile did not find the file.
    if find(state, operator, message.id).await.is_err() {
        state
            .recordings
            .delete(&file)
            .await
            .map_err(ApiError::storage)?;
        return Err(ApiError::NotFound);
    }
    Ok(sound)
}

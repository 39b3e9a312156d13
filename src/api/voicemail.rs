//! `/api/voicemail/messages`: what callers left for the tenant's people.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::audit::{self, Change};
use super::extract::{Json, Path, Query, parsed, phone_number};
use super::list::PageBody;
use super::operator::Operator;
use super::problem::ApiError;
use super::state::ApiState;
use crate::domain::{MessageId, PhoneNumber, Pii, UserId, VoicemailMessage};
use crate::store::page;
use crate::store::text::Line;
use crate::store::voicemail_messages::{self as messages, Filter};

/// The messages of the tenant, newest first; an agent's own, and those for nobody in
/// particular.
#[utoipa::path(get, path = "/api/voicemail/messages", operation_id = "list_messages",
    tag = "Voicemail", params(MessageQuery),
    responses((status = 200, body = PageBody<MessageBody>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<MessageQuery>,
) -> Result<JsonBody<PageBody<MessageBody>>, ApiError> {
    let user = operator.narrowed(query.user)?;
    let filter = Filter {
        is_read: query.is_read,
        user,
        and_nobodys: query.user.is_none(),
        number: query.number,
        search: query.search.map(|line| line.0),
    };
    let request = page::Request {
        limit: query.limit.unwrap_or_default(),
        after: query.cursor,
    };
    let page = messages::list(&state.store, operator.tenant_id, &filter, &request).await?;
    Ok(JsonBody(PageBody::of(page)))
}

/// One message, with what was said.
#[utoipa::path(get, path = "/api/voicemail/messages/{id}", operation_id = "show_message",
    tag = "Voicemail", params(("id" = String, Path, description = "`msg_…`")),
    responses((status = 200, body = WholeMessageBody)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<MessageId>,
) -> Result<JsonBody<WholeMessageBody>, ApiError> {
    let message = find(&state, &operator, id).await?;
    Ok(JsonBody(message.into()))
}

/// Says whether somebody has attended to a message.
#[utoipa::path(patch, path = "/api/voicemail/messages/{id}", operation_id = "update_message",
    tag = "Voicemail", params(("id" = String, Path, description = "`msg_…`")),
    request_body = MessagePatch, responses((status = 200, body = WholeMessageBody)))]
pub(super) async fn update(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<MessageId>,
    Json(patch): Json<MessagePatch>,
) -> Result<JsonBody<WholeMessageBody>, ApiError> {
    let tenant = operator.tenant_id;
    let mut message = find(&state, &operator, id).await?;
    message.is_read = patch.is_read;
    let mut tx = state.store.begin().await?;
    if !messages::mark(&mut tx, tenant, id, patch.is_read).await? {
        return Err(ApiError::NotFound);
    }
    let change = Change {
        action: "message.updated",
        object: id.to_string(),
        fields: &["is_read"],
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok(JsonBody(message.into()))
}

/// Deletes a message: what was said, and who said it. Its sound goes soon after, here and
/// at the carrier.
#[utoipa::path(delete, path = "/api/voicemail/messages/{id}", operation_id = "delete_message",
    tag = "Voicemail", params(("id" = String, Path, description = "`msg_…`")),
    responses((status = 204)))]
pub(super) async fn delete(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<MessageId>,
) -> Result<StatusCode, ApiError> {
    let tenant = operator.tenant_id;
    let message = find(&state, &operator, id).await?;
    let mut tx = state.store.begin().await?;
    if !messages::delete(&mut tx, &message, state.clock.now()).await? {
        return Err(ApiError::NotFound);
    }
    let change = Change {
        action: "message.deleted",
        object: id.to_string(),
        fields: &[],
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The message of that id, if it is there for whoever asks: what is nobody's in
/// particular is everybody's.
pub(super) async fn find(
    state: &ApiState,
    operator: &Operator,
    id: MessageId,
) -> Result<VoicemailMessage, ApiError> {
    let message = messages::find(&state.store, operator.tenant_id, id).await?;
    let is_open = |message: &VoicemailMessage| {
        let own = operator.only();
        own.is_none_or(|own| message.user_id.is_none_or(|whose| whose == own))
    };
    message.filter(is_open).ok_or(ApiError::NotFound)
}

/// Which messages are wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MessageQuery {
    /// How many, 1 to 200; 50 where nothing is said.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<u8>, minimum = 1, maximum = 200)]
    limit: Option<page::Limit>,
    /// `next_cursor` of the page before.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, min_length = 1)]
    cursor: Option<page::Cursor>,
    /// `false` for those that nobody has attended to.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<bool>)]
    is_read: Option<bool>,
    /// For whom they are, `usr_…`.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>)]
    user: Option<UserId>,
    /// Who left them, in E.164.
    #[serde(deserialize_with = "phone_number")]
    #[param(value_type = Option<String>)]
    number: Option<PhoneNumber>,
    /// What a transcript or number has in it.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, min_length = 1, max_length = 100,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    search: Option<Line<100>>,
}

/// What is to change of a message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MessagePatch {
    is_read: bool,
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MessageBody {
    id: String,
    /// In which call it was left.
    call_id: String,
    /// Whom it is for, if for one person.
    user_id: Option<String>,
    /// An E.164 number, `client:…`, `sip:…`, or `anonymous`.
    from: String,
    /// `pending`: the carrier has not said yet; `none`: the caller said nothing;
    /// `failed`: it could not be recorded; `recorded`.
    sound: &'static str,
    duration_s: Option<i64>,
    is_read: bool,
    has_transcript: bool,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<VoicemailMessage> for MessageBody {
    fn from(message: VoicemailMessage) -> Self {
        Self {
            id: message.id.to_string(),
            call_id: message.call_id.to_string(),
            user_id: message.user_id.map(|id| id.to_string()),
            from: message.from.to_text(),
            sound: message.sound.as_str(),
            duration_s: message.duration_s,
            is_read: message.is_read,
            has_transcript: message.transcript.is_some(),
            created_at: message.created_at.to_string(),
        }
    }
}

/// A message with what was said.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WholeMessageBody {
    #[serde(flatten)]
    message: MessageBody,
    /// As far as a machine understood it.
    transcript: Option<String>,
}

impl From<VoicemailMessage> for WholeMessageBody {
    fn from(message: VoicemailMessage) -> Self {
        let transcript = message.transcript.clone().map(Pii::into_inner);
        Self {
            message: message.into(),
            transcript,
        }
    }
}

//! `/api/messages`: what was written down for the tenant's people, and whom to call back.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::audit::{self, Change};
use super::extract::{Json, Path, Query, parsed};
use super::list::PageBody;
use super::operator::Operator;
use super::problem::ApiError;
use super::state::ApiState;
use crate::domain::{Pii, TakenKind, TakenMessage, TakenMessageId};
use crate::store::page;
use crate::store::taken_messages::{self as messages, Filter};
use crate::store::text::Line;

/// The messages that receptionists have taken, and the callers to be called back
/// because nobody could go on with their call, newest first. They are for the
/// whole house, and kept as long as their call.
#[utoipa::path(get, path = "/api/messages", operation_id = "list_taken_messages",
    tag = "Messages", params(TakenMessageQuery),
    responses((status = 200, body = PageBody<TakenMessageBody>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<TakenMessageQuery>,
) -> Result<JsonBody<PageBody<TakenMessageBody>>, ApiError> {
    let filter = Filter {
        is_read: query.is_read,
        kind: query.kind,
        search: query.search.map(|line| line.0),
    };
    let request = page::Request {
        limit: query.limit.unwrap_or_default(),
        after: query.cursor,
    };
    let page = messages::list(&state.store, operator.tenant_id, &filter, &request).await?;
    Ok(JsonBody(PageBody::of(page)))
}

/// One message.
#[utoipa::path(get, path = "/api/messages/{id}", operation_id = "show_taken_message",
    tag = "Messages", params(("id" = String, Path, description = "`note_…`")),
    responses((status = 200, body = TakenMessageBody)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<TakenMessageId>,
) -> Result<JsonBody<TakenMessageBody>, ApiError> {
    let message = messages::find(&state.store, operator.tenant_id, id).await?;
    Ok(JsonBody(message.ok_or(ApiError::NotFound)?.into()))
}

/// Says whether somebody has attended to a message.
#[utoipa::path(patch, path = "/api/messages/{id}", operation_id = "update_taken_message",
    tag = "Messages", params(("id" = String, Path, description = "`note_…`")),
    request_body = TakenMessagePatch, responses((status = 200, body = TakenMessageBody)))]
pub(super) async fn update(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<TakenMessageId>,
    Json(patch): Json<TakenMessagePatch>,
) -> Result<JsonBody<TakenMessageBody>, ApiError> {
    let tenant = operator.tenant_id;
    let mut tx = state.store.begin().await?;
    if !messages::mark(&mut tx, tenant, id, patch.is_read).await? {
        return Err(ApiError::NotFound);
    }
    let message = messages::find(&mut tx, tenant, id).await?;
    let body = message.ok_or(ApiError::NotFound)?.into();
    let change = Change {
        action: "taken_message.updated",
        object: id.to_string(),
        fields: &["is_read"],
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok(JsonBody(body))
}

/// Deletes a message.
#[utoipa::path(delete, path = "/api/messages/{id}", operation_id = "delete_taken_message",
    tag = "Messages", params(("id" = String, Path, description = "`note_…`")),
    responses((status = 204)))]
pub(super) async fn delete(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<TakenMessageId>,
) -> Result<StatusCode, ApiError> {
    let tenant = operator.tenant_id;
    let mut tx = state.store.begin().await?;
    if !messages::delete(&mut tx, tenant, id).await? {
        return Err(ApiError::NotFound);
    }
    let change = Change {
        action: "taken_message.deleted",
        object: id.to_string(),
        fields: &[],
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which messages are wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TakenMessageQuery {
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
    /// Only messages that were taken, or only callers to be called back.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, pattern = "^(message|call_back)$")]
    kind: Option<TakenKind>,
    /// What a name, number or reason has in it.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, min_length = 1, max_length = 100,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    search: Option<Line<100>>,
}

/// What is to change of a message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TakenMessagePatch {
    is_read: bool,
}

/// A message. Whoever called has said all of it but `from`, and the name of a
/// contact who is to be called back.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TakenMessageBody {
    id: String,
    /// In which call it was taken.
    call_id: String,
    /// `message` if the receptionist was asked to take it. `call_back` if the
    /// receptionist could not go on with the call; it counts as attended to once a
    /// person has spoken with the caller, or the caller has left a message.
    kind: &'static str,
    /// An E.164 number, `client:…`, `sip:…`, or `anonymous`.
    from: String,
    caller_name: String,
    /// Where to call back; null where that is the number they called from.
    callback_number: Option<String>,
    /// What it is about; of somebody to be called back what they had said, which
    /// may be nothing.
    reason: String,
    /// `low`, `normal` or `high`.
    urgency: &'static str,
    is_read: bool,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<TakenMessage> for TakenMessageBody {
    fn from(message: TakenMessage) -> Self {
        Self {
            id: message.id.to_string(),
            call_id: message.call_id.to_string(),
            kind: message.kind.as_str(),
            from: message.caller.to_text(),
            caller_name: message.caller_name.into_inner(),
            callback_number: message.callback.map(Pii::into_inner),
            reason: message.reason.into_inner(),
            urgency: message.urgency.as_str(),
            is_read: message.is_read,
            created_at: message.created_at.to_string(),
        }
    }
}

//! `/api/sms/messages`: the text messages that came and went.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::audit::{self, Change};
use crate::api::extract::{Json, Path, Query, parsed, phone_number};
use crate::api::list::PageBody;
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{Direction, PhoneNumber, Pii, Sms, SmsId, SmsMedia, UserId};
use crate::store::page;
use crate::store::sms_messages::{self, Filter};
use crate::store::text::Line;

/// The text messages of the tenant, newest first; an agent's own conversations.
///
/// A message that came belongs to whoever wrote to that number last.
#[utoipa::path(get, path = "/api/sms/messages", operation_id = "list_sms",
    tag = "Text messages", params(SmsQuery),
    responses((status = 200, body = PageBody<SmsBody>)))]
pub(in crate::api) async fn list(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<SmsQuery>,
) -> Result<JsonBody<PageBody<SmsBody>>, ApiError> {
    let user = operator.narrowed(query.user)?;
    let filter = Filter {
        number: query.number,
        direction: query.direction,
        is_read: query.is_read,
        user,
        search: query.search.map(|line| line.0),
    };
    let request = page::Request {
        limit: query.limit.unwrap_or_default(),
        after: query.cursor,
    };
    let page = sms_messages::list(&state.store, operator.tenant_id, &filter, &request).await?;
    Ok(JsonBody(PageBody::of(page)))
}

/// One text message, with what came along.
#[utoipa::path(get, path = "/api/sms/messages/{id}", operation_id = "show_sms",
    tag = "Text messages", params(("id" = String, Path, description = "`sms_…`")),
    responses((status = 200, body = WholeSmsBody)))]
pub(in crate::api) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<SmsId>,
) -> Result<JsonBody<WholeSmsBody>, ApiError> {
    let sms = find(&state, &operator, id).await?;
    Ok(JsonBody(whole(&state, sms).await?))
}

/// Says whether somebody has attended to a text message.
#[utoipa::path(patch, path = "/api/sms/messages/{id}", operation_id = "update_sms",
    tag = "Text messages", params(("id" = String, Path, description = "`sms_…`")),
    request_body = SmsPatch, responses((status = 200, body = WholeSmsBody)))]
pub(in crate::api) async fn update(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<SmsId>,
    Json(patch): Json<SmsPatch>,
) -> Result<JsonBody<WholeSmsBody>, ApiError> {
    let tenant = operator.tenant_id;
    let mut sms = find(&state, &operator, id).await?;
    sms.is_read = patch.is_read;
    let mut tx = state.store.begin().await?;
    if !sms_messages::mark(&mut tx, tenant, id, patch.is_read).await? {
        return Err(ApiError::NotFound);
    }
    let change = Change {
        action: "sms.updated",
        object: id.to_string(),
        fields: &["is_read"],
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok(JsonBody(whole(&state, sms).await?))
}

/// Deletes a text message here: its words, and who wrote them.
#[utoipa::path(delete, path = "/api/sms/messages/{id}", operation_id = "delete_sms",
    tag = "Text messages", params(("id" = String, Path, description = "`sms_…`")),
    responses((status = 204)))]
pub(in crate::api) async fn delete(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<SmsId>,
) -> Result<StatusCode, ApiError> {
    let tenant = operator.tenant_id;
    find(&state, &operator, id).await?;
    let mut tx = state.store.begin().await?;
    if !sms_messages::delete(&mut tx, tenant, id, state.clock.now()).await? {
        return Err(ApiError::NotFound);
    }
    let change = Change {
        action: "sms.deleted",
        object: id.to_string(),
        fields: &[],
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The message of that id, if it is there for whoever asks.
async fn find(state: &ApiState, operator: &Operator, id: SmsId) -> Result<Sms, ApiError> {
    let sms = sms_messages::find(&state.store, operator.tenant_id, id).await?;
    let is_open = |sms: &Sms| {
        let own = operator.only();
        own.is_none_or(|own| sms.user_id == Some(own))
    };
    sms.filter(is_open).ok_or(ApiError::NotFound)
}

async fn whole(state: &ApiState, sms: Sms) -> Result<WholeSmsBody, ApiError> {
    let media = sms_messages::media(&state.store, sms.tenant_id, sms.id).await?;
    Ok(WholeSmsBody {
        sms: sms.into(),
        media: media.into_iter().map(MediaBody::from).collect(),
    })
}

/// Which messages are wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct SmsQuery {
    /// How many, 1 to 200; 50 where nothing is said.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<u8>, minimum = 1, maximum = 200)]
    limit: Option<page::Limit>,
    /// `next_cursor` of the page before.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, min_length = 1)]
    cursor: Option<page::Cursor>,
    /// Whom they are from or to, in E.164: a conversation.
    #[serde(deserialize_with = "phone_number")]
    #[param(value_type = Option<String>)]
    number: Option<PhoneNumber>,
    /// `inbound` or `outbound`.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, pattern = "^(inbound|outbound)$")]
    direction: Option<Direction>,
    /// `false` for those that nobody has attended to.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<bool>)]
    is_read: Option<bool>,
    /// Whose conversations, `usr_…`.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>)]
    user: Option<UserId>,
    /// What a message or number has in it.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, min_length = 1, max_length = 100,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    search: Option<Line<100>>,
}

/// What is to change of a message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct SmsPatch {
    is_read: bool,
}

/// A text message.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct SmsBody {
    id: String,
    /// `inbound` or `outbound`.
    direction: &'static str,
    /// An E.164 number, or what the carrier calls who wrote.
    from: String,
    to: String,
    body: String,
    /// How many pictures and the like came with it.
    media_count: i64,
    /// `received` of one that came; else `pending`, `unknown` (the carrier's answer was
    /// lost), `queued`, `sent`, `delivered`, `read`, `undelivered`, `failed` or `canceled`.
    state: &'static str,
    /// The carrier's number for what went wrong;
    /// <https://www.twilio.com/docs/api/errors> explains it.
    error_code: Option<i64>,
    is_read: bool,
    /// Whose conversation it is.
    user_id: Option<String>,
    /// Whom of the contacts it is with.
    contact_id: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Sms> for SmsBody {
    fn from(sms: Sms) -> Self {
        let (from, to) = match sms.direction {
            Direction::Inbound => (&sms.stranger, &sms.own),
            Direction::Outbound => (&sms.own, &sms.stranger),
        };
        Self {
            id: sms.id.to_string(),
            direction: sms.direction.as_str(),
            from: from.to_text(),
            to: to.to_text(),
            body: Pii::into_inner(sms.body),
            media_count: sms.media,
            state: sms.state.as_str(),
            error_code: sms.error_code,
            is_read: sms.is_read,
            user_id: sms.user_id.map(|id| id.to_string()),
            contact_id: sms.contact_id.map(|id| id.to_string()),
            created_at: sms.created_at.to_string(),
        }
    }
}

/// A text message with what came along.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct WholeSmsBody {
    #[serde(flatten)]
    sms: SmsBody,
    media: Vec<MediaBody>,
}

/// A picture or the like.
#[derive(Debug, Serialize, ToSchema)]
struct MediaBody {
    /// Such as `image/jpeg`, by the carrier's word.
    #[serde(rename = "type")]
    mime: Option<String>,
}

impl From<SmsMedia> for MediaBody {
    fn from(media: SmsMedia) -> Self {
        Self { mime: media.mime }
    }
}

//! `/api/queues`: where callers wait, and who answers them.

use std::time::Duration;

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::audit::{self, Change};
use super::extract::{Given, Json, Name, Path, Query, given, optional_text};
use super::list::{PageBody, PageQuery};
use super::operator::Operator;
use super::problem::ApiError;
use super::state::ApiState;
use crate::domain::{MediaUrl, Queue, QueueId, UserId};
use crate::store::text::{Few, Number, Text};
use crate::store::{self, queues};

/// The queues of the tenant.
#[utoipa::path(get, path = "/api/queues", operation_id = "list_queues", tag = "Routing",
    params(PageQuery), responses((status = 200, body = PageBody<QueueBody>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<PageQuery>,
) -> Result<JsonBody<PageBody<QueueBody>>, ApiError> {
    let page = queues::list(&state.store, operator.tenant_id, &query.into_request()).await?;
    Ok(JsonBody(PageBody::of(page)))
}

/// Sets a queue up.
#[utoipa::path(post, path = "/api/queues", operation_id = "create_queue", tag = "Routing",
    request_body = NewQueue, responses((status = 201, body = QueueBody)))]
pub(super) async fn create(
    State(state): State<ApiState>,
    operator: Operator,
    Json(new): Json<NewQueue>,
) -> Result<(StatusCode, JsonBody<QueueBody>), ApiError> {
    let queue = Queue {
        id: state.clock.new_id(),
        tenant_id: operator.tenant_id,
        name: new.name.0,
        hold_music_url: new.hold_music_url.map(MediaUrl::into_string),
        announces_position: new.announces_position,
        announces_wait: new.announces_wait,
        max_wait: Duration::from_secs(new.max_wait_s.0.into()),
        max_size: new.max_size.0,
        members: distinct(new.members),
        created_at: state.clock.now(),
    };
    let mut tx = state.store.begin().await?;
    queues::insert(&mut tx, &queue).await.map_err(refused)?;
    let change = Change {
        action: "queue.created",
        object: queue.id.to_string(),
        fields: &["name", "members"],
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok((StatusCode::CREATED, JsonBody(queue.into())))
}

/// One queue.
#[utoipa::path(get, path = "/api/queues/{id}", operation_id = "show_queue", tag = "Routing",
    params(("id" = String, Path, description = "`que_…`")),
    responses((status = 200, body = QueueBody)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<QueueId>,
) -> Result<JsonBody<QueueBody>, ApiError> {
    let queue = queues::find(&state.store, operator.tenant_id, id).await?;
    Ok(JsonBody(queue.ok_or(ApiError::NotFound)?.into()))
}

/// Changes what is given of a queue; the rest stays. Who waits already goes on
/// as it was.
#[utoipa::path(patch, path = "/api/queues/{id}", operation_id = "update_queue", tag = "Routing",
    params(("id" = String, Path, description = "`que_…`")),
    request_body = QueuePatch, responses((status = 200, body = QueueBody)))]
pub(super) async fn update(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<QueueId>,
    Json(patch): Json<QueuePatch>,
) -> Result<JsonBody<QueueBody>, ApiError> {
    let mut tx = state.store.begin().await?;
    let queue = queues::lock(&mut tx, operator.tenant_id, id).await?;
    let mut queue = queue.ok_or(ApiError::NotFound)?;
    let fields = patch.apply(&mut queue);
    let now = state.clock.now();
    if !queues::update(&mut tx, &queue, now)
        .await
        .map_err(refused)?
    {
        return Err(ApiError::NotFound);
    }
    let change = Change {
        action: "queue.updated",
        object: id.to_string(),
        fields: &fields,
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok(JsonBody(queue.into()))
}

/// Takes a queue down, unless a number leads to it.
#[utoipa::path(delete, path = "/api/queues/{id}", operation_id = "delete_queue", tag = "Routing",
    params(("id" = String, Path, description = "`que_…`")),
    responses((status = 204), (status = 409, description = "something names it")))]
pub(super) async fn delete(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<QueueId>,
) -> Result<StatusCode, ApiError> {
    let mut tx = state.store.begin().await?;
    let deleted = queues::delete(&mut tx, operator.tenant_id, id).await;
    if !deleted.map_err(needed)? {
        return Err(ApiError::NotFound);
    }
    let change = Change {
        action: "queue.deleted",
        object: id.to_string(),
        fields: &[],
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn needed(error: store::Error) -> ApiError {
    if matches!(error, store::Error::Dangling) {
        ApiError::Conflict("the plan of a number, or a flow, names this queue")
    } else {
        error.into()
    }
}

fn refused(error: store::Error) -> ApiError {
    if matches!(error, store::Error::Conflict) {
        ApiError::Conflict("another queue has this name already")
    } else if matches!(error, store::Error::Dangling) {
        ApiError::field("members", "expected members of the tenant")
    } else {
        error.into()
    }
}

fn distinct(members: Few<Text<UserId>, 0, 200>) -> Vec<UserId> {
    let mut members: Vec<UserId> = members.0.into_iter().map(|Text(id)| id).collect();
    members.sort_unstable();
    members.dedup();
    members
}

/// A queue to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewQueue {
    #[schema(value_type = String, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    name: Name,
    /// What is heard while waiting; the built-in tune where nothing is said.
    /// Let it be short: place and waiting time are told when it ends.
    /// Where it is longer than `max_wait_s`, it is broken off then if there is an account.
    #[serde(default, deserialize_with = "optional_text")]
    #[schema(value_type = Option<String>, max_length = 500,
        pattern = r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,4})?(/[!-~]*)?$")]
    hold_music_url: Option<MediaUrl>,
    /// Whether callers are told their place in the queue.
    #[serde(default = "yes")]
    #[schema(default = true, required = false)]
    announces_position: bool,
    /// Whether callers are told how long others waited.
    #[serde(default)]
    #[schema(default = false, required = false)]
    announces_wait: bool,
    /// Who has waited so many seconds goes on to what comes after the queue.
    #[serde(default = "quarter_of_an_hour")]
    #[schema(value_type = u32, minimum = 10, maximum = 14400, default = 900, required = false)]
    max_wait_s: Number<10, 14_400>,
    /// Who would be one more than that goes on at once.
    #[serde(default = "hundred")]
    #[schema(value_type = u32, minimum = 1, maximum = 1000, default = 100, required = false)]
    max_size: Number<1, 1_000>,
    /// Who answers: ids of members of the tenant.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 200, required = false,
        pattern = r"^usr_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    members: Few<Text<UserId>, 0, 200>,
}

fn yes() -> bool {
    true
}

fn quarter_of_an_hour() -> Number<10, 14_400> {
    Number(900)
}

fn hundred() -> Number<1, 1_000> {
    Number(100)
}

/// What is to change of a queue.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct QueuePatch {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$", nullable = false)]
    name: Option<Name>,
    /// Null brings the built-in tune back.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500,
        pattern = r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,4})?(/[!-~]*)?$")]
    hold_music_url: Given<MediaUrl>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    announces_position: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    announces_wait: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 10, maximum = 14400, nullable = false)]
    max_wait_s: Option<Number<10, 14_400>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1000, nullable = false)]
    max_size: Option<Number<1, 1_000>>,
    /// All of them; who is not named any more is no member any more.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>, max_items = 200, nullable = false,
        pattern = r"^usr_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    members: Option<Few<Text<UserId>, 0, 200>>,
}

impl QueuePatch {
    /// Lays it over `queue`; the names of what was given.
    fn apply(self, queue: &mut Queue) -> Vec<&'static str> {
        let mut fields = Vec::new();
        if let Some(Name(name)) = self.name {
            queue.name = name;
            fields.push("name");
        }
        if let Given::As(url) = self.hold_music_url {
            queue.hold_music_url = url.map(MediaUrl::into_string);
            fields.push("hold_music_url");
        }
        if let Some(is_told) = self.announces_position {
            queue.announces_position = is_told;
            fields.push("announces_position");
        }
        if let Some(is_told) = self.announces_wait {
            queue.announces_wait = is_told;
            fields.push("announces_wait");
        }
        if let Some(Number(seconds)) = self.max_wait_s {
            queue.max_wait = Duration::from_secs(seconds.into());
            fields.push("max_wait_s");
        }
        if let Some(Number(size)) = self.max_size {
            queue.max_size = size;
            fields.push("max_size");
        }
        if let Some(members) = self.members {
            queue.members = distinct(members);
            fields.push("members");
        }
        fields
    }
}

/// A queue.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueueBody {
    id: String,
    name: String,
    hold_music_url: Option<String>,
    announces_position: bool,
    announces_wait: bool,
    max_wait_s: u64,
    max_size: u32,
    members: Vec<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Queue> for QueueBody {
    fn from(queue: Queue) -> Self {
        Self {
            id: queue.id.to_string(),
            name: queue.name,
            hold_music_url: queue.hold_music_url,
            announces_position: queue.announces_position,
            announces_wait: queue.announces_wait,
            max_wait_s: queue.max_wait.as_secs(),
            max_size: queue.max_size,
            members: queue.members.iter().map(ToString::to_string).collect(),
            created_at: queue.created_at.to_string(),
        }
    }
}

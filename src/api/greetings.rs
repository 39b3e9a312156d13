//! `/api/voicemail/greetings`: what callers hear before they leave a message.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use super::audit::{self, Change};
use super::extract::{Json, Path, Query, parsed};
use super::greeting_body::{GreetingBody, GreetingPatch, NewGreeting, Sound};
use super::list::PageBody;
use super::operator::Operator;
use super::problem::ApiError;
use super::state::ApiState;
use crate::domain::{Greeting, GreetingContent, GreetingId, GreetingKind, UserId};
use crate::store::greetings::{self, Filter};
use crate::store::{self, Db, page, tenants};

/// The greetings of the tenant, newest first; an agent's own.
#[utoipa::path(get, path = "/api/voicemail/greetings", operation_id = "list_greetings",
    tag = "Voicemail", params(GreetingQuery),
    responses((status = 200, body = PageBody<GreetingBody>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<GreetingQuery>,
) -> Result<JsonBody<PageBody<GreetingBody>>, ApiError> {
    let user = operator.narrowed(query.user)?;
    let filter = Filter {
        kind: query.kind,
        user,
    };
    let request = page::Request {
        limit: query.limit.unwrap_or_default(),
        after: query.cursor,
    };
    let page = greetings::list(&state.store, operator.tenant_id, &filter, &request).await?;
    Ok(JsonBody(PageBody::of(page)))
}

/// Adds a greeting: words that the carrier speaks, or sound. The first of its
/// kind and owner that is meant for every day is the default.
#[utoipa::path(post, path = "/api/voicemail/greetings", operation_id = "create_greeting",
    tag = "Voicemail", request_body = NewGreeting,
    responses((status = 201, body = GreetingBody)))]
pub(super) async fn create(
    State(state): State<ApiState>,
    operator: Operator,
    Json(mut new): Json<NewGreeting>,
) -> Result<(StatusCode, JsonBody<GreetingBody>), ApiError> {
    let (tenant, id) = (operator.tenant_id, state.clock.new_id());
    if operator.only().is_some_and(|own| new.user_id != Some(own)) {
        return Err(ApiError::Forbidden("inbox:write beyond your own greetings"));
    }
    let (content, sound) = new.content((tenant, id))?;
    let greeting = Greeting {
        id,
        tenant_id: tenant,
        kind: new.kind,
        user_id: new.user_id,
        name: new.name.0,
        content,
        from: new.from,
        until: new.until,
        is_default: new.is_default,
        created_at: state.clock.now(),
    };
    if greetings::count(&state.store, tenant).await? >= MAX_GREETINGS {
        return Err(ApiError::Conflict("the tenant has 1,000 greetings already"));
    }
    keep(&state, &greeting.content, sound).await?;
    let made = insert(&state, &operator, &greeting).await;
    if made.is_err() {
        forget(&state, &greeting.content).await;
    }
    Ok((StatusCode::CREATED, JsonBody(made?.into())))
}

async fn insert(
    state: &ApiState,
    operator: &Operator,
    greeting: &Greeting,
) -> Result<Greeting, ApiError> {
    let tenant = operator.tenant_id;
    let mut tx = state.store.begin().await?;
    greetings::insert(&mut tx, greeting)
        .await
        .map_err(no_member)?;
    let made = greetings::find(&mut tx, tenant, greeting.id).await?;
    let made = made.ok_or(ApiError::NotFound)?;
    let change = Change {
        action: "greeting.created",
        object: greeting.id.to_string(),
        fields: &["kind", "user_id", "name"],
    };
    audit::commit(tx, (state, operator), tenant, change).await?;
    Ok(made)
}

fn no_member(error: store::Error) -> ApiError {
    if matches!(error, store::Error::Dangling) {
        ApiError::field("user_id", "there is no such member")
    } else {
        error.into()
    }
}

/// One greeting.
#[utoipa::path(get, path = "/api/voicemail/greetings/{id}", operation_id = "show_greeting",
    tag = "Voicemail", params(("id" = String, Path, description = "`grt_…`")),
    responses((status = 200, body = GreetingBody)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<GreetingId>,
) -> Result<JsonBody<GreetingBody>, ApiError> {
    Ok(JsonBody(find(&state.store, &operator, id).await?.into()))
}

/// Changes what is given of a greeting; the rest stays. Where its kind and owner have no
/// default for every day any more, the newest that is meant for every day becomes it.
#[utoipa::path(patch, path = "/api/voicemail/greetings/{id}", operation_id = "update_greeting",
    tag = "Voicemail", params(("id" = String, Path, description = "`grt_…`")),
    request_body = GreetingPatch, responses((status = 200, body = GreetingBody)))]
pub(super) async fn update(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<GreetingId>,
    Json(mut patch): Json<GreetingPatch>,
) -> Result<JsonBody<GreetingBody>, ApiError> {
    find(&state.store, &operator, id).await?;
    // Sound is written before anybody waits for the row.
    let Some((content, sound)) = patch.sound((operator.tenant_id, id))? else {
        let greeting = write(&state, &operator, id, (patch, None)).await?;
        return Ok(JsonBody(greeting.into()));
    };
    keep(&state, &content, Some(sound)).await?;
    let written = write(&state, &operator, id, (patch, Some(content.clone()))).await;
    if written.is_err() {
        forget(&state, &content).await;
    }
    Ok(JsonBody(written?.into()))
}

/// Lays a change, and what is heard from now on, over the greeting; forgets the
/// sound whose place they take.
async fn write(
    state: &ApiState,
    operator: &Operator,
    id: GreetingId,
    (patch, content): (GreetingPatch, Option<GreetingContent>),
) -> Result<Greeting, ApiError> {
    let tenant = operator.tenant_id;
    let mut tx = state.store.begin().await?;
    // Whoever makes another the default waits, and before they have any row.
    tenants::hold(&mut tx, tenant).await?;
    let before = greetings::lock(&mut tx, tenant, id).await?;
    let before = before.ok_or(ApiError::NotFound)?;
    let mut greeting = before.clone();
    let fields = patch.apply(content, &mut greeting)?;
    if !greetings::update(&mut tx, &greeting, state.clock.now()).await? {
        return Err(ApiError::NotFound);
    }
    if greeting.is_scheduled() != before.is_scheduled() {
        greetings::settle_default(&mut tx, &greeting).await?;
    }
    let greeting = greetings::find(&mut tx, tenant, id).await?;
    let greeting = greeting.ok_or(ApiError::NotFound)?;
    let change = Change {
        action: "greeting.updated",
        object: id.to_string(),
        fields: &fields,
    };
    audit::commit(tx, (state, operator), tenant, change).await?;
    if file(&greeting.content) != file(&before.content) {
        forget(state, &before.content).await;
    }
    Ok(greeting)
}

/// Makes a greeting the default of its kind and owner.
#[utoipa::path(post, path = "/api/voicemail/greetings/{id}/default",
    operation_id = "make_greeting_default", tag = "Voicemail",
    params(("id" = String, Path, description = "`grt_…`")),
    responses((status = 200, body = GreetingBody)))]
pub(super) async fn make_default(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<GreetingId>,
) -> Result<JsonBody<GreetingBody>, ApiError> {
    let mut tx = state.store.begin().await?;
    let greeting = find(&mut tx, &operator, id).await?;
    if !greetings::make_default(&mut tx, &greeting).await? {
        return Err(ApiError::NotFound);
    }
    let greeting = find(&mut tx, &operator, id).await?;
    let change = Change {
        action: "greeting.made_default",
        object: id.to_string(),
        fields: &["is_default"],
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok(JsonBody(greeting.into()))
}

/// Deletes a greeting. The default goes last of those of its kind and owner that are
/// meant for every day.
#[utoipa::path(delete, path = "/api/voicemail/greetings/{id}", operation_id = "delete_greeting",
    tag = "Voicemail", params(("id" = String, Path, description = "`grt_…`")),
    responses((status = 204)))]
pub(super) async fn delete(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<GreetingId>,
) -> Result<StatusCode, ApiError> {
    let tenant = operator.tenant_id;
    let mut tx = state.store.begin().await?;
    find(&mut tx, &operator, id).await?;
    let deleted = greetings::delete(&mut tx, tenant, id).await?;
    let deleted = deleted.ok_or(ApiError::Conflict(
        "another greeting has to be the default first",
    ))?;
    let change = Change {
        action: "greeting.deleted",
        object: id.to_string(),
        fields: &[],
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    forget(&state, &deleted.content).await;
    Ok(StatusCode::NO_CONTENT)
}

/// The greeting of that id, if it is there for whoever asks.
async fn find(
    db: impl Into<Db<'_>>,
    operator: &Operator,
    id: GreetingId,
) -> Result<Greeting, ApiError> {
    let greeting = greetings::find(db, operator.tenant_id, id).await?;
    let is_open = |greeting: &Greeting| {
        let own = operator.only();
        own.is_none_or(|own| greeting.user_id == Some(own))
    };
    greeting.filter(is_open).ok_or(ApiError::NotFound)
}

fn file(content: &GreetingContent) -> Option<&str> {
    match content {
        GreetingContent::Played { file, .. } => Some(file),
        GreetingContent::Spoken { .. } => None,
    }
}

/// Keeps the sound before anybody is told of it.
async fn keep(
    state: &ApiState,
    content: &GreetingContent,
    sound: Option<Sound>,
) -> Result<(), ApiError> {
    let (Some(file), Some(sound)) = (file(content), sound) else {
        return Ok(());
    };
    let kept = state.recordings.put(file, &sound.bytes).await;
    kept.map_err(ApiError::storage)
}

/// Removes sound of which nobody knows any more. What stays costs room and is
/// heard by nobody.
pub(super) async fn forget(state: &ApiState, content: &GreetingContent) {
    if let Some(file) = file(content)
        && let Err(error) = state.recordings.delete(file).await
    {
        tracing::warn!(%error, "the sound of a greeting was not removed");
    }
}

/// More than anybody has use for.
const MAX_GREETINGS: i64 = 1_000;

/// Which greetings are wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GreetingQuery {
    /// How many, 1 to 200; 50 where nothing is said.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<u8>, minimum = 1, maximum = 200)]
    limit: Option<page::Limit>,
    /// `next_cursor` of the page before.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, min_length = 1)]
    cursor: Option<page::Cursor>,
    /// `personal`, `business`, `after_hours` or `holiday`.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, pattern = "^(personal|business|after_hours|holiday)$")]
    kind: Option<GreetingKind>,
    /// Whose they are, `usr_…`.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>)]
    user: Option<UserId>,
}

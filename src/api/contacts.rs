//! `/api/contacts`: the people who call, and the people who are called.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use super::audit::{self, Change};
use super::contact_body::{ContactBody, ContactPatch, NewContact};
use super::extract::{Json, Path, Query, parsed, phone_number};
use super::list::PageBody;
use super::operator::Operator;
use super::problem::ApiError;
use super::state::ApiState;
use crate::domain::{Contact, ContactId, PhoneNumber, Pii, Tag};
use crate::store::contacts::{self, Filter};
use crate::store::page;
use crate::store::text::Line;

/// The contacts of the tenant, newest first.
#[utoipa::path(get, path = "/api/contacts", operation_id = "list_contacts", tag = "Contacts",
    params(ContactQuery), responses((status = 200, body = PageBody<ContactBody>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<ContactQuery>,
) -> Result<JsonBody<PageBody<ContactBody>>, ApiError> {
    let filter = Filter {
        search: query.search.map(|text| text.0),
        number: query.number,
        is_vip: query.is_vip,
        is_blocked: query.is_blocked,
        tag: query.tag,
    };
    let request = page::Request {
        limit: query.limit.unwrap_or_default(),
        after: query.cursor,
    };
    let page = contacts::list(&state.store, operator.tenant_id, &filter, &request).await?;
    Ok(JsonBody(PageBody::of(page)))
}

/// Writes somebody down.
#[utoipa::path(post, path = "/api/contacts", operation_id = "create_contact", tag = "Contacts",
    request_body = NewContact, responses((status = 201, body = ContactBody)))]
pub(super) async fn create(
    State(state): State<ApiState>,
    operator: Operator,
    Json(new): Json<NewContact>,
) -> Result<(StatusCode, JsonBody<ContactBody>), ApiError> {
    let contact = made(&state, &operator, new);
    let mut tx = state.store.begin().await?;
    if !contacts::insert(&mut tx, &contact).await?.is_empty() {
        return Err(ApiError::Conflict(TAKEN));
    }
    let change = Change {
        action: "contact.created",
        object: contact.id.to_string(),
        fields: &["name", "numbers"],
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok((StatusCode::CREATED, JsonBody(contact.into())))
}

/// One contact.
#[utoipa::path(get, path = "/api/contacts/{id}", operation_id = "show_contact",
    tag = "Contacts", params(("id" = String, Path, description = "`con_…`")),
    responses((status = 200, body = ContactBody)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<ContactId>,
) -> Result<JsonBody<ContactBody>, ApiError> {
    let contact = contacts::find(&state.store, operator.tenant_id, id).await?;
    Ok(JsonBody(contact.ok_or(ApiError::NotFound)?.into()))
}

/// Changes what is given of a contact; the rest stays.
#[utoipa::path(patch, path = "/api/contacts/{id}", operation_id = "update_contact",
    tag = "Contacts", params(("id" = String, Path, description = "`con_…`")),
    request_body = ContactPatch, responses((status = 200, body = ContactBody)))]
pub(super) async fn update(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<ContactId>,
    Json(patch): Json<ContactPatch>,
) -> Result<JsonBody<ContactBody>, ApiError> {
    let mut tx = state.store.begin().await?;
    let contact = contacts::lock(&mut tx, operator.tenant_id, id).await?;
    let mut contact = contact.ok_or(ApiError::NotFound)?;
    let fields = patch.apply(&mut contact);
    let taken = contacts::update(&mut tx, &contact, state.clock.now()).await?;
    if !taken.ok_or(ApiError::NotFound)?.is_empty() {
        return Err(ApiError::Conflict(TAKEN));
    }
    let change = Change {
        action: "contact.updated",
        object: id.to_string(),
        fields: &fields,
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok(JsonBody(contact.into()))
}

/// Forgets a contact; their calls stay, and name nobody.
#[utoipa::path(delete, path = "/api/contacts/{id}", operation_id = "delete_contact",
    tag = "Contacts", params(("id" = String, Path, description = "`con_…`")),
    responses((status = 204)))]
pub(super) async fn delete(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<ContactId>,
) -> Result<StatusCode, ApiError> {
    let mut tx = state.store.begin().await?;
    if !contacts::delete(&mut tx, operator.tenant_id, id).await? {
        return Err(ApiError::NotFound);
    }
    let change = Change {
        action: "contact.deleted",
        object: id.to_string(),
        fields: &[],
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The contact that was described.
pub(super) fn made(state: &ApiState, operator: &Operator, new: NewContact) -> Contact {
    Contact {
        id: state.clock.new_id(),
        tenant_id: operator.tenant_id,
        name: Pii::new(new.name.0),
        numbers: new.numbers,
        email: new.email,
        company: new.company.map(|name| Pii::new(name.0)),
        notes: new.notes.map(|notes| Pii::new(notes.0)),
        is_vip: new.is_vip,
        is_blocked: new.is_blocked,
        language: new.language.map(|language| language.0),
        tags: new.tags,
        created_at: state.clock.now(),
    }
}

const TAKEN: &str = "another contact has one of these numbers";

/// Which contacts are wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ContactQuery {
    /// How many, 1 to 200; 50 where nothing is said.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<u8>, minimum = 1, maximum = 200)]
    limit: Option<page::Limit>,
    /// `next_cursor` of the page before.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, min_length = 1)]
    cursor: Option<page::Cursor>,
    /// What a name, company, e-mail address or number has in it.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, min_length = 1, max_length = 100,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    search: Option<Line<100>>,
    /// Whose number this is, in E.164.
    #[serde(deserialize_with = "phone_number")]
    #[param(value_type = Option<String>)]
    number: Option<PhoneNumber>,
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<bool>)]
    is_vip: Option<bool>,
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<bool>)]
    is_blocked: Option<bool>,
    /// What they are filed under.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, min_length = 1, max_length = 50,
        pattern = r"^[^\s\p{C}]([^\p{C}]*[^\s\p{C}])?$")]
    tag: Option<Tag>,
}

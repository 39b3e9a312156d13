//! `/api/caller-lists`: numbers that are let in, dear, or refused.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::audit::{self, Change};
use super::extract::{Json, Name, Path, Query, needed_phone_number, text};
use super::list::{PageBody, PageQuery};
use super::operator::Operator;
use super::problem::ApiError;
use super::state::ApiState;
use crate::domain::{CallerList, CallerListId, ListKind, PhoneNumber};
use crate::store;
use crate::store::caller_lists::{self, Member};

/// The lists of the tenant.
#[utoipa::path(get, path = "/api/caller-lists", operation_id = "list_caller_lists",
    tag = "Routing", params(PageQuery), responses((status = 200, body = PageBody<ListBody>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<PageQuery>,
) -> Result<JsonBody<PageBody<ListBody>>, ApiError> {
    let request = query.into_request();
    let page = caller_lists::list(&state.store, operator.tenant_id, &request).await?;
    Ok(JsonBody(PageBody::of(page)))
}

/// Begins a list.
#[utoipa::path(post, path = "/api/caller-lists", operation_id = "create_caller_list",
    tag = "Routing", request_body = NewList, responses((status = 201, body = ListBody)))]
pub(super) async fn create(
    State(state): State<ApiState>,
    operator: Operator,
    Json(new): Json<NewList>,
) -> Result<(StatusCode, JsonBody<ListBody>), ApiError> {
    let list = CallerList {
        id: state.clock.new_id(),
        tenant_id: operator.tenant_id,
        name: new.name.0,
        kind: new.kind,
        created_at: state.clock.now(),
    };
    let mut tx = state.store.begin().await?;
    caller_lists::insert(&mut tx, &list)
        .await
        .map_err(refused)?;
    let change = Change {
        action: "caller_list.created",
        object: list.id.to_string(),
        fields: &["name", "kind"],
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok((StatusCode::CREATED, JsonBody(list.into())))
}

/// One list, without its numbers.
#[utoipa::path(get, path = "/api/caller-lists/{id}", operation_id = "show_caller_list",
    tag = "Routing", params(("id" = String, Path, description = "`lst_…`")),
    responses((status = 200, body = ListBody)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallerListId>,
) -> Result<JsonBody<ListBody>, ApiError> {
    Ok(JsonBody(found(&state, &operator, id).await?.into()))
}

/// Drops a list with all its numbers, unless a rule goes by it.
#[utoipa::path(delete, path = "/api/caller-lists/{id}", operation_id = "delete_caller_list",
    tag = "Routing", params(("id" = String, Path, description = "`lst_…`")),
    responses((status = 204), (status = 409, description = "something names it")))]
pub(super) async fn delete(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallerListId>,
) -> Result<StatusCode, ApiError> {
    let mut tx = state.store.begin().await?;
    let deleted = caller_lists::delete(&mut tx, operator.tenant_id, id).await;
    if !deleted.map_err(refused)? {
        return Err(ApiError::NotFound);
    }
    let change = Change {
        action: "caller_list.deleted",
        object: id.to_string(),
        fields: &[],
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The numbers on a list.
#[utoipa::path(get, path = "/api/caller-lists/{id}/members",
    operation_id = "list_caller_list_members", tag = "Routing",
    params(("id" = String, Path, description = "`lst_…`"), PageQuery),
    responses((status = 200, body = PageBody<MemberBody>)))]
pub(super) async fn members(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallerListId>,
    Query(query): Query<PageQuery>,
) -> Result<JsonBody<PageBody<MemberBody>>, ApiError> {
    found(&state, &operator, id).await?;
    let list = (operator.tenant_id, id);
    let page = caller_lists::list_members(&state.store, list, &query.into_request()).await?;
    Ok(JsonBody(PageBody::of(page)))
}

/// Puts a number on a list; doing it again changes nothing.
#[utoipa::path(post, path = "/api/caller-lists/{id}/members",
    operation_id = "add_caller_list_member", tag = "Routing",
    params(("id" = String, Path, description = "`lst_…`")),
    request_body = ListMember, responses((status = 204)))]
pub(super) async fn add(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallerListId>,
    Json(member): Json<ListMember>,
) -> Result<StatusCode, ApiError> {
    found(&state, &operator, id).await?;
    let list = (operator.tenant_id, id);
    let mut tx = state.store.begin().await?;
    let now = state.clock.now();
    caller_lists::add(&mut tx, list, &member.phone_number, now).await?;
    changed(tx, (&state, &operator), id, "caller_list.member_added").await
}

/// Takes a number off a list.
#[utoipa::path(delete, path = "/api/caller-lists/{id}/members",
    operation_id = "remove_caller_list_member", tag = "Routing",
    params(("id" = String, Path, description = "`lst_…`"), MemberQuery),
    responses((status = 204)))]
pub(super) async fn remove(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallerListId>,
    Query(member): Query<MemberQuery>,
) -> Result<StatusCode, ApiError> {
    let list = (operator.tenant_id, id);
    let mut tx = state.store.begin().await?;
    if !caller_lists::remove(&mut tx, list, &member.phone_number).await? {
        return Err(ApiError::NotFound);
    }
    changed(tx, (&state, &operator), id, "caller_list.member_removed").await
}

async fn changed(
    tx: store::Tx,
    (state, operator): (&ApiState, &Operator),
    id: CallerListId,
    action: &'static str,
) -> Result<StatusCode, ApiError> {
    let change = Change {
        action,
        object: id.to_string(),
        fields: &["phone_number"],
    };
    audit::commit(tx, (state, operator), operator.tenant_id, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn found(
    state: &ApiState,
    operator: &Operator,
    id: CallerListId,
) -> Result<CallerList, ApiError> {
    let list = caller_lists::find(&state.store, operator.tenant_id, id).await?;
    list.ok_or(ApiError::NotFound)
}

fn refused(error: store::Error) -> ApiError {
    if matches!(error, store::Error::Conflict) {
        ApiError::Conflict("another list has this name already")
    } else if matches!(error, store::Error::Dangling) {
        ApiError::Conflict("a rule of a number goes by this list")
    } else {
        error.into()
    }
}

/// A list to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewList {
    #[schema(value_type = String, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    name: Name,
    /// `vip`: its callers are VIPs. `block`: they are refused, unless a rule
    /// that names `blocked` or a list says otherwise. `allow`: they are not
    /// blocked, whatever other lists say.
    #[serde(deserialize_with = "text")]
    #[schema(value_type = String, pattern = "^(allow|vip|block)$", example = "vip")]
    kind: ListKind,
}

/// A number to be on a list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListMember {
    /// In E.164.
    #[serde(deserialize_with = "text")]
    #[schema(value_type = String, pattern = r"^\+[1-9][0-9]{1,14}$", example = "+15550100007")]
    phone_number: PhoneNumber,
}

/// Which number goes.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MemberQuery {
    /// In E.164.
    #[serde(deserialize_with = "needed_phone_number")]
    #[param(value_type = String, pattern = r"^\+[1-9][0-9]{1,14}$")]
    phone_number: PhoneNumber,
}

/// A list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ListBody {
    id: String,
    name: String,
    kind: &'static str,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<CallerList> for ListBody {
    fn from(list: CallerList) -> Self {
        Self {
            id: list.id.to_string(),
            name: list.name,
            kind: list.kind.as_str(),
            created_at: list.created_at.to_string(),
        }
    }
}

/// A number on a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MemberBody {
    phone_number: String,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Member> for MemberBody {
    fn from(member: Member) -> Self {
        Self {
            phone_number: member.phone_number.as_str().to_owned(),
            created_at: member.created_at.to_string(),
        }
    }
}

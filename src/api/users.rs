//! `/api/users`: the people who work for the tenant.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::audit::{self, Change};
use super::extract::{Given, Json, Name, Path, Query, given, optional_text, parsed, text};
use super::greetings::forget;
use super::list::{PageBody, PageQuery};
use super::operator::{Operator, Rights};
use super::problem::ApiError;
use super::state::ApiState;
use crate::domain::{Email, Permission, PhoneNumber, Role, User, UserId};
use crate::store::{self, greetings, users};

/// The members of the tenant.
#[utoipa::path(get, path = "/api/users", operation_id = "list_users", tag = "Members",
    params(PageQuery), responses((status = 200, body = PageBody<UserBody>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<PageQuery>,
) -> Result<JsonBody<PageBody<UserBody>>, ApiError> {
    let page = users::list(&state.store, operator.tenant_id, &query.into_request()).await?;
    Ok(JsonBody(PageBody::of(page)))
}

/// Takes a member in.
#[utoipa::path(post, path = "/api/users", operation_id = "create_user", tag = "Members",
    request_body = NewUser, responses((status = 201, body = UserBody)))]
pub(super) async fn create(
    State(state): State<ApiState>,
    operator: Operator,
    Json(new): Json<NewUser>,
) -> Result<(StatusCode, JsonBody<UserBody>), ApiError> {
    let id: UserId = state.clock.new_id();
    let user = User {
        id,
        tenant_id: operator.tenant_id,
        email: new.email,
        name: new.name.0,
        role: new.role,
        subject: new
            .subject
            .map_or_else(|| id.to_string(), |subject| subject.0),
        phone_number: new.phone_number,
        is_active: true,
        created_at: state.clock.now(),
    };
    may_give(&operator, user.role)?;
    let mut tx = state.store.begin().await?;
    users::insert(&mut tx, &user).await.map_err(taken)?;
    let change = Change {
        action: "user.created",
        object: id.to_string(),
        fields: &["email", "name", "role"],
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok((StatusCode::CREATED, JsonBody(user.into())))
}

/// One member.
#[utoipa::path(get, path = "/api/users/{id}", operation_id = "show_user", tag = "Members",
    params(("id" = String, Path, description = "`usr_…`")),
    responses((status = 200, body = UserBody)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<UserId>,
) -> Result<JsonBody<UserBody>, ApiError> {
    let user = users::find(&state.store, operator.tenant_id, id).await?;
    Ok(JsonBody(user.ok_or(ApiError::NotFound)?.into()))
}

/// Changes what is given of a member; the rest stays.
#[utoipa::path(patch, path = "/api/users/{id}", operation_id = "update_user", tag = "Members",
    params(("id" = String, Path, description = "`usr_…`")),
    request_body = UserPatch, responses((status = 200, body = UserBody)))]
pub(super) async fn update(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<UserId>,
    Json(patch): Json<UserPatch>,
) -> Result<JsonBody<UserBody>, ApiError> {
    let mut tx = state.store.begin().await?;
    let user = users::lock(&mut tx, operator.tenant_id, id).await?;
    let mut user = user.ok_or(ApiError::NotFound)?;
    may_give(&operator, user.role)?;
    let fields = patch.apply(&mut user);
    may_give(&operator, user.role)?;
    let now = state.clock.now();
    let is_done = users::update(&mut tx, &user, now).await.map_err(taken)?;
    if !is_done {
        return Err(ApiError::Conflict(LAST_OWNER));
    }
    let change = Change {
        action: "user.updated",
        object: id.to_string(),
        fields: &fields,
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok(JsonBody(user.into()))
}

/// Lets a member go.
#[utoipa::path(delete, path = "/api/users/{id}", operation_id = "delete_user", tag = "Members",
    params(("id" = String, Path, description = "`usr_…`")),
    responses((status = 204)))]
pub(super) async fn delete(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<UserId>,
) -> Result<StatusCode, ApiError> {
    let mut tx = state.store.begin().await?;
    let user = users::lock(&mut tx, operator.tenant_id, id).await?;
    let user = user.ok_or(ApiError::NotFound)?;
    may_give(&operator, user.role)?;
    let silenced = greetings::delete_of(&mut tx, operator.tenant_id, id).await?;
    let deleted = users::delete(&mut tx, operator.tenant_id, id).await;
    if !deleted.map_err(needed)? {
        return Err(ApiError::Conflict(LAST_OWNER));
    }
    let change = Change {
        action: "user.deleted",
        object: id.to_string(),
        fields: &[],
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    for greeting in &silenced {
        forget(&state, &greeting.content).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

const LAST_OWNER: &str = "the tenant would be left without an active owner";

/// Nobody makes, changes or unmakes a member who may more than they do; an admin
/// does, as long as it is no owner.
fn may_give(operator: &Operator, role: Role) -> Result<(), ApiError> {
    let goes_further = |one: &&Permission| role.reach(**one) > operator.rights.reach(**one);
    let further = Permission::ALL.iter().find(goes_further);
    match (further, &operator.rights) {
        (None, _) => Ok(()),
        (Some(_), Rights::Role(Role::Admin)) if role != Role::Owner => Ok(()),
        (Some(_), _) if role == Role::Owner => Err(ApiError::Forbidden("of an owner")),
        (Some(permission), _) => Err(ApiError::Forbidden(permission.as_str())),
    }
}

fn needed(error: store::Error) -> ApiError {
    if matches!(error, store::Error::Dangling) {
        ApiError::Conflict("the plan of a number names this member")
    } else {
        error.into()
    }
}

fn taken(error: store::Error) -> ApiError {
    if matches!(error, store::Error::Conflict) {
        ApiError::Conflict("somebody has this e-mail address or subject already")
    } else {
        error.into()
    }
}

/// A member to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    #[serde(deserialize_with = "text")]
    #[schema(value_type = String, format = Email)]
    email: Email,
    #[schema(value_type = String, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    name: Name,
    #[serde(deserialize_with = "text")]
    #[schema(value_type = String, example = "agent",
        pattern = "^(owner|admin|supervisor|agent|analyst|developer|billing)$")]
    role: Role,
    /// The claim `sub` of their tokens; their id where nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    subject: Option<Name>,
    /// Where calls for them ring, in E.164.
    #[serde(default, deserialize_with = "optional_text")]
    #[schema(value_type = Option<String>, example = "+15550100007",
        pattern = r"^\+[1-9][0-9]{1,14}$")]
    phone_number: Option<PhoneNumber>,
}

/// What is to change of a member.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserPatch {
    #[serde(default, deserialize_with = "parsed")]
    #[schema(value_type = Option<String>, format = Email, nullable = false)]
    email: Option<Email>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$", nullable = false)]
    name: Option<Name>,
    #[serde(default, deserialize_with = "parsed")]
    #[schema(value_type = Option<String>, nullable = false,
        pattern = "^(owner|admin|supervisor|agent|analyst|developer|billing)$")]
    role: Option<Role>,
    /// Null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = r"^\+[1-9][0-9]{1,14}$")]
    phone_number: Given<PhoneNumber>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    is_active: Option<bool>,
}

impl UserPatch {
    /// Lays it over `user`; the names of what was given.
    fn apply(self, user: &mut User) -> Vec<&'static str> {
        let mut fields = Vec::new();
        if let Some(email) = self.email {
            user.email = email;
            fields.push("email");
        }
        if let Some(Name(name)) = self.name {
            user.name = name;
            fields.push("name");
        }
        if let Some(role) = self.role {
            user.role = role;
            fields.push("role");
        }
        if let Given::As(phone_number) = self.phone_number {
            user.phone_number = phone_number;
            fields.push("phone_number");
        }
        if let Some(is_active) = self.is_active {
            user.is_active = is_active;
            fields.push("is_active");
        }
        fields
    }
}

/// A member.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserBody {
    id: String,
    email: String,
    name: String,
    role: &'static str,
    subject: String,
    phone_number: Option<String>,
    /// Whether they may do anything at all.
    is_active: bool,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.as_str().to_owned(),
            name: user.name,
            role: user.role.as_str(),
            subject: user.subject,
            phone_number: user.phone_number.map(|number| number.as_str().to_owned()),
            is_active: user.is_active,
            created_at: user.created_at.to_string(),
        }
    }
}

//! `/api/tenants`: what the platform's operator sees, which is names.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::audit::{self, Change};
use super::extract::{Json, Name, Path, Query, given, text};
use super::list::{PageBody, PageQuery};
use super::operator::Operator;
use super::problem::ApiError;
use super::state::ApiState;
use crate::domain::{Email, Role, Tenant, TenantId, User, UserId};
use crate::store::receptionist_versions::{Publication, publish};
use crate::store::{default_receptionist, receptionists, tenants, users};

/// The tenants of this installation.
#[utoipa::path(get, path = "/api/tenants", operation_id = "list_tenants", tag = "Platform",
    params(PageQuery), responses((status = 200, body = PageBody<TenantBody>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    Query(query): Query<PageQuery>,
) -> Result<JsonBody<PageBody<TenantBody>>, ApiError> {
    let page = tenants::list(&state.store, &query.into_request()).await?;
    Ok(JsonBody(PageBody::of(page)))
}

/// Opens a house for a tenant, with a receptionist and an owner.
#[utoipa::path(post, path = "/api/tenants", operation_id = "create_tenant", tag = "Platform",
    request_body = NewTenant, responses((status = 201, body = TenantBody)))]
pub(super) async fn create(
    State(state): State<ApiState>,
    operator: Operator,
    Json(new): Json<NewTenant>,
) -> Result<(StatusCode, JsonBody<TenantBody>), ApiError> {
    let now = state.clock.now();
    let receptionist = default_receptionist(state.clock.new_id(), state.clock.new_id());
    let tenant = Tenant {
        id: receptionist.tenant_id,
        name: new.name.0,
        time_zone: new.time_zone,
        default_receptionist: Some(receptionist.id),
    };
    let owner_id: UserId = state.clock.new_id();
    let owner = User {
        id: owner_id,
        tenant_id: tenant.id,
        email: new.owner.email,
        name: new.owner.name.0,
        role: Role::Owner,
        subject: new
            .owner
            .subject
            .map_or_else(|| owner_id.to_string(), |subject| subject.0),
        phone_number: None,
        is_active: true,
        created_at: now,
    };
    let mut tx = state.store.begin().await?;
    tenants::insert(&mut tx, &tenant, now).await?;
    receptionists::insert(&mut tx, &receptionist, now).await?;
    let publication = Publication::by_the_house(now);
    publish(&mut tx, tenant.id, receptionist.id, &publication).await?;
    users::insert(&mut tx, &owner).await?;
    let change = Change {
        action: "tenant.created",
        object: tenant.id.to_string(),
        fields: &["name", "time_zone", "owner"],
    };
    audit::commit(tx, (&state, &operator), tenant.id, change).await?;
    Ok((StatusCode::CREATED, JsonBody(tenant.into())))
}

/// One tenant.
#[utoipa::path(get, path = "/api/tenants/{id}", operation_id = "show_tenant", tag = "Platform",
    params(("id" = String, Path, description = "`ten_…`")),
    responses((status = 200, body = TenantBody)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    Path(id): Path<TenantId>,
) -> Result<JsonBody<TenantBody>, ApiError> {
    let tenant = tenants::find(&state.store, id).await?;
    Ok(JsonBody(tenant.ok_or(ApiError::NotFound)?.into()))
}

/// Changes what is given of a tenant; the rest stays.
#[utoipa::path(patch, path = "/api/tenants/{id}", operation_id = "update_tenant",
    tag = "Platform", params(("id" = String, Path, description = "`ten_…`")),
    request_body = TenantPatch, responses((status = 200, body = TenantBody)))]
pub(super) async fn update(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<TenantId>,
    Json(patch): Json<TenantPatch>,
) -> Result<JsonBody<TenantBody>, ApiError> {
    let mut tx = state.store.begin().await?;
    let tenant = tenants::lock(&mut tx, id).await?;
    let mut tenant = tenant.ok_or(ApiError::NotFound)?;
    let mut fields = Vec::new();
    if let Some(Name(name)) = patch.name {
        tenant.name = name;
        fields.push("name");
    }
    if let Some(time_zone) = patch.time_zone {
        tenant.time_zone = time_zone;
        fields.push("time_zone");
    }
    if !tenants::update(&mut tx, &tenant).await? {
        return Err(ApiError::NotFound);
    }
    let change = Change {
        action: "tenant.updated",
        object: id.to_string(),
        fields: &fields,
    };
    audit::commit(tx, (&state, &operator), id, change).await?;
    Ok(JsonBody(tenant.into()))
}

/// A tenant to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTenant {
    #[schema(value_type = String, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    name: Name,
    /// The IANA time zone in which its hours are written.
    #[serde(deserialize_with = "time_zone")]
    #[schema(example = "Europe/Berlin")]
    time_zone: String,
    owner: NewOwner,
}

/// Whose the tenant is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOwner {
    #[serde(deserialize_with = "text")]
    #[schema(value_type = String, format = Email)]
    email: Email,
    #[schema(value_type = String, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    name: Name,
    /// The claim `sub` of their tokens; their id where nothing is said. Whoever works for
    /// another tenant too names one of them in the claim `tenant_id`.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    subject: Option<Name>,
}

/// What is to change of a tenant.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantPatch {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$", nullable = false)]
    name: Option<Name>,
    #[serde(default, deserialize_with = "some_time_zone")]
    #[schema(example = "Europe/Berlin", nullable = false)]
    time_zone: Option<String>,
}

fn time_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    let is_known = TimeZone::get(&name).is_ok();
    is_known
        .then_some(name)
        .ok_or_else(|| serde::de::Error::custom("expected an IANA time zone such as Europe/Berlin"))
}

fn some_time_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    time_zone(deserializer).map(Some)
}

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TenantBody {
    id: String,
    name: String,
    time_zone: String,
    default_receptionist_id: Option<String>,
}

impl From<Tenant> for TenantBody {
    fn from(tenant: Tenant) -> Self {
        Self {
            id: tenant.id.to_string(),
            name: tenant.name,
            time_zone: tenant.time_zone,
            default_receptionist_id: tenant.default_receptionist.map(|id| id.to_string()),
        }
    }
}

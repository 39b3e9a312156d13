//! `/api/hours`: opening hours under names, which the plans of numbers name.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::audit::{self, Change};
use super::extract::{Json, Name, Path, Query, optional_text};
use super::list::{PageBody, PageQuery};
use super::operator::Operator;
use super::problem::{ApiError, Fault};
use super::state::ApiState;
use crate::domain::{Hours, HoursId, HoursPlan, TenantId, Zone};
use crate::store::text::{ExceptionText, Few, HoursText, WeekText};
use crate::store::{self, hours, tenants};

/// The opening hours of the tenant.
#[utoipa::path(get, path = "/api/hours", operation_id = "list_hours", tag = "Routing",
    params(PageQuery), responses((status = 200, body = PageBody<HoursBody>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<PageQuery>,
) -> Result<JsonBody<PageBody<HoursBody>>, ApiError> {
    let page = hours::list(&state.store, operator.tenant_id, &query.into_request()).await?;
    Ok(JsonBody(PageBody::of(page)))
}

/// Writes opening hours down.
#[utoipa::path(post, path = "/api/hours", operation_id = "create_hours", tag = "Routing",
    request_body = NewHours, responses((status = 201, body = HoursBody)))]
pub(super) async fn create(
    State(state): State<ApiState>,
    operator: Operator,
    Json(new): Json<NewHours>,
) -> Result<(StatusCode, JsonBody<HoursBody>), ApiError> {
    let (name, plan) = new.read(&state, operator.tenant_id).await?;
    let hours = Hours {
        id: state.clock.new_id(),
        tenant_id: operator.tenant_id,
        name,
        plan,
        created_at: state.clock.now(),
    };
    let mut tx = state.store.begin().await?;
    hours::insert(&mut tx, &hours).await.map_err(refused)?;
    let change = Change {
        action: "hours.created",
        object: hours.id.to_string(),
        fields: FIELDS,
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok((StatusCode::CREATED, JsonBody(hours.into())))
}

/// Opening hours of that id.
#[utoipa::path(get, path = "/api/hours/{id}", operation_id = "show_hours", tag = "Routing",
    params(("id" = String, Path, description = "`hrs_…`")),
    responses((status = 200, body = HoursBody)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<HoursId>,
) -> Result<JsonBody<HoursBody>, ApiError> {
    let hours = hours::find(&state.store, operator.tenant_id, id).await?;
    Ok(JsonBody(hours.ok_or(ApiError::NotFound)?.into()))
}

/// Replaces opening hours; the next call goes by them.
#[utoipa::path(put, path = "/api/hours/{id}", operation_id = "replace_hours", tag = "Routing",
    params(("id" = String, Path, description = "`hrs_…`")),
    request_body = NewHours, responses((status = 200, body = HoursBody)))]
pub(super) async fn replace(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<HoursId>,
    Json(new): Json<NewHours>,
) -> Result<JsonBody<HoursBody>, ApiError> {
    let found = hours::find(&state.store, operator.tenant_id, id).await?;
    let found = found.ok_or(ApiError::NotFound)?;
    let (name, plan) = new.read(&state, operator.tenant_id).await?;
    let hours = Hours {
        name,
        plan,
        ..found
    };
    let mut tx = state.store.begin().await?;
    let now = state.clock.now();
    if !hours::update(&mut tx, &hours, now).await.map_err(refused)? {
        return Err(ApiError::NotFound);
    }
    let change = Change {
        action: "hours.replaced",
        object: id.to_string(),
        fields: FIELDS,
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok(JsonBody(hours.into()))
}

/// Deletes opening hours, unless a number goes by them.
#[utoipa::path(delete, path = "/api/hours/{id}", operation_id = "delete_hours", tag = "Routing",
    params(("id" = String, Path, description = "`hrs_…`")),
    responses((status = 204), (status = 409, description = "something names it")))]
pub(super) async fn delete(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<HoursId>,
) -> Result<StatusCode, ApiError> {
    let mut tx = state.store.begin().await?;
    let deleted = hours::delete(&mut tx, operator.tenant_id, id).await;
    if !deleted.map_err(refused)? {
        return Err(ApiError::NotFound);
    }
    let change = Change {
        action: "hours.deleted",
        object: id.to_string(),
        fields: &[],
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

const FIELDS: &[&str] = &["name", "time_zone", "week", "exceptions"];

fn refused(error: store::Error) -> ApiError {
    if matches!(error, store::Error::Conflict) {
        ApiError::Conflict("other hours have this name already")
    } else if matches!(error, store::Error::Dangling) {
        ApiError::Conflict("the plan of a number, or a flow, names these hours")
    } else {
        error.into()
    }
}

/// Opening hours to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewHours {
    #[schema(value_type = String, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    name: Name,
    /// The IANA time zone whose clock counts; the tenant's where nothing is said.
    #[serde(default, deserialize_with = "optional_text")]
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    time_zone: Option<Zone>,
    #[serde(default)]
    #[schema(required = false)]
    week: WeekText,
    /// Holidays and other days that are not as usual; each day once.
    #[serde(default)]
    #[schema(value_type = Vec<ExceptionText>, max_items = 400, required = false)]
    exceptions: Few<ExceptionText, 0, 400>,
}

impl NewHours {
    async fn read(
        self,
        state: &ApiState,
        tenant: TenantId,
    ) -> Result<(String, HoursPlan), ApiError> {
        let zone = match self.time_zone {
            Some(zone) => zone,
            None => zone_of(state, tenant).await?,
        };
        let text = HoursText {
            week: self.week,
            exceptions: self.exceptions,
        };
        let plan = text.into_plan(zone).map_err(|(place, error)| {
            ApiError::Invalid(vec![Fault {
                pointer: format!("#/exceptions/{place}/date"),
                detail: error.to_string(),
            }])
        })?;
        Ok((self.name.0, plan))
    }
}

async fn zone_of(state: &ApiState, tenant: TenantId) -> Result<Zone, ApiError> {
    let tenant = tenants::find(&state.store, tenant).await?;
    let name = tenant.ok_or(ApiError::NotFound)?.time_zone;
    Ok(name.parse().unwrap_or_else(|_| Zone::utc()))
}

/// Opening hours.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HoursBody {
    id: String,
    name: String,
    time_zone: String,
    week: WeekText,
    #[schema(value_type = Vec<ExceptionText>)]
    exceptions: Few<ExceptionText, 0, 400>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Hours> for HoursBody {
    fn from(hours: Hours) -> Self {
        let text = HoursText::from(&hours.plan);
        Self {
            id: hours.id.to_string(),
            name: hours.name,
            time_zone: hours.plan.zone.to_string(),
            week: text.week,
            exceptions: text.exceptions,
            created_at: hours.created_at.to_string(),
        }
    }
}

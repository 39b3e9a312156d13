//! `/api/sms/opt-outs`: who does not want to be written to.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::audit::{self, Change};
use crate::api::extract::{Json, Path, Query, text};
use crate::api::list::{PageBody, PageQuery};
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{OptOut, OptOutSource, PhoneNumber};
use crate::store::sms_opt_outs;

/// Everybody whom the tenant does not write to, newest first.
#[utoipa::path(get, path = "/api/sms/opt-outs", operation_id = "list_opt_outs",
    tag = "Text messages", params(PageQuery),
    responses((status = 200, body = PageBody<OptOutBody>)))]
pub(in crate::api) async fn list(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<PageQuery>,
) -> Result<JsonBody<PageBody<OptOutBody>>, ApiError> {
    let tenant = operator.tenant_id;
    let page = sms_opt_outs::list(&state.store, tenant, &query.into_request()).await?;
    Ok(JsonBody(PageBody::of(page)))
}

/// Writes down that somebody does not want to be written to; doing it again
/// changes nothing. Who answers STOP is written down without this.
#[utoipa::path(post, path = "/api/sms/opt-outs", operation_id = "add_opt_out",
    tag = "Text messages", request_body = NewOptOut,
    responses((status = 201, body = OptOutBody)))]
pub(in crate::api) async fn add(
    State(state): State<ApiState>,
    operator: Operator,
    Json(new): Json<NewOptOut>,
) -> Result<(StatusCode, JsonBody<OptOutBody>), ApiError> {
    let tenant = operator.tenant_id;
    let opt_out = OptOut {
        phone_number: new.phone_number,
        source: OptOutSource::Member,
        created_at: state.clock.now(),
    };
    let mut tx = state.store.begin().await?;
    sms_opt_outs::put(&mut tx, tenant, &opt_out).await?;
    let kept = sms_opt_outs::find(&mut tx, tenant, &opt_out.phone_number).await?;
    changed(tx, (&state, &operator), "opt_out.added").await?;
    let kept = kept.unwrap_or(opt_out);
    Ok((StatusCode::CREATED, JsonBody(kept.into())))
}

/// Whether and why somebody is not written to.
#[utoipa::path(get, path = "/api/sms/opt-outs/{phone_number}", operation_id = "show_opt_out",
    tag = "Text messages", params(("phone_number" = String, Path, description = "In E.164.")),
    responses((status = 200, body = OptOutBody)))]
pub(in crate::api) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
    Path(phone_number): Path<PhoneNumber>,
) -> Result<JsonBody<OptOutBody>, ApiError> {
    let found = sms_opt_outs::find(&state.store, operator.tenant_id, &phone_number).await?;
    Ok(JsonBody(found.ok_or(ApiError::NotFound)?.into()))
}

/// Lets somebody be written to again of whom a member said the contrary. Who
/// said so themselves must write START.
#[utoipa::path(delete, path = "/api/sms/opt-outs/{phone_number}",
    operation_id = "remove_opt_out", tag = "Text messages",
    params(("phone_number" = String, Path, description = "In E.164.")),
    responses((status = 204), (status = 409, description = "They said so themselves")))]
pub(in crate::api) async fn remove(
    State(state): State<ApiState>,
    operator: Operator,
    Path(phone_number): Path<PhoneNumber>,
) -> Result<StatusCode, ApiError> {
    let tenant = operator.tenant_id;
    let mut tx = state.store.begin().await?;
    if !sms_opt_outs::delete(&mut tx, tenant, &phone_number, Some(OptOutSource::Member)).await? {
        let known = sms_opt_outs::find(&mut tx, tenant, &phone_number).await?;
        let themselves = ApiError::Conflict("they said so themselves, and must write START");
        return Err(known.map_or(ApiError::NotFound, |_| themselves));
    }
    changed(tx, (&state, &operator), "opt_out.removed").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The audit log names no number of a stranger's.
async fn changed(
    tx: crate::store::Tx,
    (state, operator): (&ApiState, &Operator),
    action: &'static str,
) -> Result<(), ApiError> {
    let change = Change {
        action,
        object: "sms".to_owned(),
        fields: &["phone_number"],
    };
    audit::commit(tx, (state, operator), operator.tenant_id, change).await?;
    Ok(())
}

/// Somebody who is not to be written to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NewOptOut {
    /// In E.164.
    #[serde(deserialize_with = "text")]
    #[schema(value_type = String, pattern = r"^\+[1-9][0-9]{1,14}$", example = "+15550100007")]
    phone_number: PhoneNumber,
}

/// Somebody who is not written to.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct OptOutBody {
    phone_number: String,
    /// `reply`: they wrote STOP; `carrier`: it says that they did; `member`: somebody here
    /// was told.
    source: &'static str,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<OptOut> for OptOutBody {
    fn from(opt_out: OptOut) -> Self {
        Self {
            phone_number: opt_out.phone_number.as_str().to_owned(),
            source: opt_out.source.as_str(),
            created_at: opt_out.created_at.to_string(),
        }
    }
}

//! Taking a number over that the carrier's account has already.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;

use super::body::{NewNumber, NumberBody, learn};
use super::purchase_record::PurchaseRecord;
use crate::api::extract::{Json, Path};
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::TenantId;
use crate::store::tenants;
use crate::twilio::rest::Client;

/// Takes over a number that the carrier's account has already.
///
/// Nothing is bought, and where it rings stays as it is until it is
/// configured. Tenants share the account, so only the default tenant, at whom
/// numbers ring that nobody has, and one without others beside it do this; for
/// the others the platform's operator does.
#[utoipa::path(post, path = "/api/numbers/import", operation_id = "import_number",
    tag = "Numbers", request_body = NewNumber, responses((status = 201, body = NumberBody)))]
pub(in crate::api) async fn import(
    State(state): State<ApiState>,
    operator: Operator,
    Json(new): Json<NewNumber>,
) -> Result<(StatusCode, JsonBody<NumberBody>), ApiError> {
    let carrier = state.carrier()?;
    may_import(&state, operator.tenant_id).await?;
    take_over((&state, &operator), carrier, &new).await
}

/// Gives a tenant a number that the carrier's account has already.
#[utoipa::path(post, path = "/api/tenants/{id}/numbers/import",
    operation_id = "import_tenant_number", tag = "Platform",
    params(("id" = String, Path, description = "`ten_…`")),
    request_body = NewNumber, responses((status = 201, body = NumberBody)))]
pub(in crate::api) async fn import_for_tenant(
    State(state): State<ApiState>,
    operator: Operator,
    Path(tenant_id): Path<TenantId>,
    Json(new): Json<NewNumber>,
) -> Result<(StatusCode, JsonBody<NumberBody>), ApiError> {
    let tenant = tenants::find(&state.store, tenant_id).await?;
    tenant.ok_or(ApiError::NotFound)?;
    let carrier = state.carrier()?;
    let for_tenant = Operator {
        tenant_id,
        ..operator
    };
    take_over((&state, &for_tenant), carrier, &new).await
}

/// Nobody takes what may be their neighbour's.
async fn may_import(state: &ApiState, tenant: TenantId) -> Result<(), ApiError> {
    let default = tenants::default_tenant(&state.store).await?;
    let is_default = default.is_some_and(|default| default.id == tenant);
    if is_default || tenants::is_only(&state.store, tenant).await? {
        Ok(())
    } else {
        Err(ApiError::Reserved(SHARED))
    }
}

const SHARED: &str = "the carrier's account has the numbers of other tenants too: only the \
    platform's operator gives you one of them, by POST /api/tenants/{id}/numbers/import";

async fn take_over(
    (state, operator): (&ApiState, &Operator),
    carrier: &Client,
    new: &NewNumber,
) -> Result<(StatusCode, JsonBody<NumberBody>), ApiError> {
    let mut number = new.check(state, operator).await?;
    // What another tenant has, or may have bought, is not for the taking.
    let record = PurchaseRecord::open(state, operator, &number.phone_number).await?;
    if record.is_anothers {
        record.take_over().await?;
    }
    let found = carrier.find_number(&number.phone_number).await;
    let Ok(Some(found)) = found else {
        if record.may_have_happened {
            record.leave_open().await?;
        } else {
            record.strike().await?;
        }
        found?;
        return Err(ApiError::NotFound);
    };
    learn(&mut number, &found);
    record.keep(operator, &number, "number.imported").await?;
    Ok((StatusCode::CREATED, JsonBody(number.into())))
}

//! One number.

use axum::Json as JsonBody;
use axum::extract::State;

use super::body::NumberBody;
use crate::api::extract::Path;
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{Number, PhoneNumber};
use crate::store::numbers;

/// One number.
#[utoipa::path(get, path = "/api/numbers/{phone_number}", operation_id = "show_number",
    tag = "Numbers",
    params(("phone_number" = String, Path, description = "In E.164, `+15105550101`")),
    responses((status = 200, body = NumberBody)))]
pub(in crate::api) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
    Path(phone_number): Path<PhoneNumber>,
) -> Result<JsonBody<NumberBody>, ApiError> {
    let number = find(&state, &operator, &phone_number).await?;
    Ok(JsonBody(number.into()))
}

/// The tenant's number; that of another is not there.
pub(super) async fn find(
    state: &ApiState,
    operator: &Operator,
    phone_number: &PhoneNumber,
) -> Result<Number, ApiError> {
    let found = numbers::find_of_tenant(&state.store, operator.tenant_id, phone_number).await?;
    found.ok_or(ApiError::NotFound)
}

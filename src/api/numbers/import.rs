//! Taking a number over that the carrier's account has already.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;

use super::body::{NewNumber, NumberBody, learn};
use super::purchase_record::PurchaseRecord;
use crate::api::extract::Json;
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;

/// Takes over a number that the carrier's account has already.
///
/// Nothing is bought, and where it rings stays as it is until it is
/// configured.
#[utoipa::path(post, path = "/api/numbers/import", operation_id = "import_number",
    tag = "Numbers", request_body = NewNumber, responses((status = 201, body = NumberBody)))]
pub(in crate::api) async fn import(
    State(state): State<ApiState>,
    operator: Operator,
    Json(new): Json<NewNumber>,
) -> Result<(StatusCode, JsonBody<NumberBody>), ApiError> {
    let carrier = state.carrier()?;
    let mut number = new.check(&state, &operator).await?;
    // What another tenant has, or may have bought, is not for the taking.
    let record = PurchaseRecord::open(&state, &operator, &number.phone_number).await?;
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
    record.keep(&operator, &number, "number.imported").await?;
    Ok((StatusCode::CREATED, JsonBody(number.into())))
}

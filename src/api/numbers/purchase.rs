//! Buying a number.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;

use super::body::{NewNumber, NumberBody, learn};
use super::purchase_record::PurchaseRecord;
use super::webhooks::settings;
use crate::api::carrier::NOT_AVAILABLE;
use crate::api::extract::Json;
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::PhoneNumber;
use crate::twilio::rest::{Client, Error, IncomingNumber, NumberSettings};

/// Buys a number at the carrier, and has it ring here.
///
/// It costs money every month. Where the carrier's answer is lost (503,
/// `outcome-unknown`), ask the same again: it is not bought twice.
#[utoipa::path(post, path = "/api/numbers/purchase", operation_id = "purchase_number",
    tag = "Numbers", request_body = NewNumber, responses((status = 201, body = NumberBody)))]
pub(in crate::api) async fn purchase(
    State(state): State<ApiState>,
    operator: Operator,
    Json(new): Json<NewNumber>,
) -> Result<(StatusCode, JsonBody<NumberBody>), ApiError> {
    let carrier = state.carrier()?;
    let mut number = new.check(&state, &operator).await?;
    let settings = settings(&state, number.label.as_deref())?;
    let record = PurchaseRecord::open(&state, &operator, &number.phone_number).await;
    let record = record.map_err(not_available)?;
    let bought = buy(carrier, &record, &number.phone_number, &settings).await?;
    learn(&mut number, &bought);
    number.configured_at = Some(state.clock.now());
    let kept = record.keep(&operator, &number, "number.purchased").await;
    kept.map_err(not_available)?;
    Ok((StatusCode::CREATED, JsonBody(number.into())))
}

/// Buys it, unless an earlier purchase turns out to have happened.
async fn buy(
    carrier: &Client,
    record: &PurchaseRecord<'_>,
    phone_number: &PhoneNumber,
    settings: &NumberSettings,
) -> Result<IncomingNumber, ApiError> {
    if record.may_have_happened {
        match take_up(carrier, phone_number, settings).await {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(error) => {
                record.leave_open().await?;
                return Err(error.into());
            }
        }
    }
    match carrier.buy_number(phone_number, settings).await {
        Ok(bought) => Ok(bought),
        Err(Error::Unknown(cause)) => {
            if let Ok(Some(found)) = carrier.find_number(phone_number).await {
                return Ok(found);
            }
            record.leave_open().await?;
            Err(Error::Unknown(cause).into())
        }
        Err(error) => {
            record.strike().await?;
            Err(error.into())
        }
    }
}

/// The number, if the account has it by now.
async fn take_up(
    carrier: &Client,
    phone_number: &PhoneNumber,
    settings: &NumberSettings,
) -> Result<Option<IncomingNumber>, Error> {
    let Some(found) = carrier.find_number(phone_number).await? else {
        return Ok(None);
    };
    carrier.update_number(&found.sid, settings).await.map(Some)
}

/// Of a number that somebody else has is said what the carrier says of one that
/// it cannot sell.
fn not_available(error: ApiError) -> ApiError {
    if matches!(error, ApiError::NotFound) {
        ApiError::Conflict(NOT_AVAILABLE)
    } else {
        error
    }
}

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
use crate::domain::{DAY_MS, PhoneNumber, SettingKey};
use crate::store::{number_purchases, quotas, settings};
use crate::twilio::rest::{Client, Error, IncomingNumber, NumberSettings};

/// Buys a number at the carrier, and has it ring here.
///
/// It costs money every month: a tenant has `max_numbers` at most, buys
/// `max_number_purchases_per_day`, and none once its quota is used up. Where the
/// carrier's answer is lost (503, `outcome-unknown`), ask the same again: it is
/// not bought twice.
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
    if record.is_anothers {
        not_in_account(carrier, &number.phone_number).await?;
        record.take_over().await.map_err(not_available)?;
    }
    if let Some(refusal) = refusal(&state, &operator, &record).await? {
        record.strike().await?;
        return Err(ApiError::Conflict(refusal));
    }
    let bought = buy(carrier, &record, &number.phone_number, &settings).await?;
    learn(&mut number, &bought);
    number.configured_at = Some(state.clock.now());
    let kept = record.keep(&operator, &number, "number.purchased").await;
    kept.map_err(not_available)?;
    Ok((StatusCode::CREATED, JsonBody(number.into())))
}

/// Why nothing is bought, if so. The purchase is counted already, so that of several at
/// once none is overlooked; one that may have happened is not refused any more.
async fn refusal(
    state: &ApiState,
    operator: &Operator,
    record: &PurchaseRecord<'_>,
) -> Result<Option<&'static str>, ApiError> {
    if record.may_have_happened {
        return Ok(None);
    }
    let (store, tenant, now) = (&state.store, operator.tenant_id, state.clock.now());
    if !quotas::may_spend(store, tenant, now).await? {
        return Ok(Some(SPENT));
    }
    let settings = settings::of_tenant(store, tenant, None).await?;
    let bought = number_purchases::count(store, tenant, now.plus_ms(-DAY_MS)).await?;
    let is_over = |key, count| settings.whole(key).is_some_and(|most| count > most);
    Ok(if is_over(SettingKey::MaxNumbers, bought.in_all()) {
        Some(ENOUGH)
    } else if is_over(SettingKey::MaxNumberPurchasesPerDay, bought.lately()) {
        Some(TOO_FAST)
    } else {
        None
    })
}

const SPENT: &str = "what the tenant may use is used up; /api/usage/quota has its limits";
const ENOUGH: &str = "the tenant has as many numbers as the platform lets it buy (max_numbers)";
const TOO_FAST: &str = "the tenant has bought as many numbers in 24 hours as the platform lets it \
    buy (max_number_purchases_per_day)";

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
    } else if !record.is_anothers
        // Of what was another's it is known.
        && let Err(error) = not_in_account(carrier, phone_number).await
    {
        record.strike().await?;
        return Err(error);
    }
    record.order().await?;
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

/// What the account has is somebody's: it is not bought, and not to be found as if it had
/// been.
async fn not_in_account(carrier: &Client, phone_number: &PhoneNumber) -> Result<(), ApiError> {
    match carrier.find_number(phone_number).await? {
        None => Ok(()),
        Some(_) => Err(ApiError::Conflict(NOT_AVAILABLE)),
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

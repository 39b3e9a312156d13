//! Having a number ring here.

use axum::Json as JsonBody;
use axum::extract::State;

use super::body::{NumberBody, learn};
use super::show::find;
use super::webhooks::settings;
use crate::api::audit::{self, Change};
use crate::api::extract::Path;
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{Number, PhoneNumber};
use crate::store::numbers;
use crate::twilio::rest::{Client, Error, IncomingNumber, NumberSettings, if_there};

/// Tells the carrier where to ask when the number rings.
///
/// Sets the number's voice URL, its fallback URL and its status callback at
/// the carrier to this installation's.
#[utoipa::path(post, path = "/api/numbers/{phone_number}/configure",
    operation_id = "configure_number", tag = "Numbers",
    params(("phone_number" = String, Path, description = "In E.164, `+15105550101`")),
    responses((status = 200, body = NumberBody)))]
pub(in crate::api) async fn configure(
    State(state): State<ApiState>,
    operator: Operator,
    Path(phone_number): Path<PhoneNumber>,
) -> Result<JsonBody<NumberBody>, ApiError> {
    let number = find(&state, &operator, &phone_number).await?;
    let (carrier, settings) = (state.carrier()?, settings(&state, None)?);
    let told = tell(carrier, &number, &settings).await?;
    let told = told.ok_or(ApiError::Conflict(GONE))?;
    // The carrier takes its time, and people go on changing the number.
    let mut tx = state.store.begin().await?;
    let number = numbers::lock_of_tenant(&mut tx, operator.tenant_id, &phone_number).await?;
    let mut number = number.ok_or(ApiError::NotFound)?;
    learn(&mut number, &told);
    number.configured_at = Some(state.clock.now());
    if !numbers::update(&mut tx, &number).await? {
        return Err(ApiError::NotFound);
    }
    let change = Change {
        action: "number.configured",
        object: number.id.to_string(),
        fields: &[],
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok(JsonBody(number.into()))
}

/// By the name that we know, or by the one that it has now; none if the
/// carrier's account does not have it.
async fn tell(
    carrier: &Client,
    number: &Number,
    settings: &NumberSettings,
) -> Result<Option<IncomingNumber>, Error> {
    if let Some(sid) = &number.carrier_sid {
        let told = if_there(carrier.update_number(sid, settings).await)?;
        if told.is_some() {
            return Ok(told);
        }
    }
    let Some(found) = carrier.find_number(&number.phone_number).await? else {
        return Ok(None);
    };
    if_there(carrier.update_number(&found.sid, settings).await)
}

const GONE: &str = "the carrier's account does not have this number";

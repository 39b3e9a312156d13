//! Giving a number back.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use super::show::find;
use crate::api::audit::{self, Change};
use crate::api::extract::{Path, Query};
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{Number, PhoneNumber};
use crate::store::{ivr_flow_versions, number_plans, numbers};
use crate::twilio::rest::{Client, Error};

/// Gives a number back to the carrier, for good.
///
/// One that the carrier's account does not have any more is removed all the
/// same. One that a plan of another number, or a flow that callers meet, shows to whoever
/// is rung stays until that is changed: somebody else may have it next.
#[utoipa::path(delete, path = "/api/numbers/{phone_number}", operation_id = "release_number",
    tag = "Numbers",
    params(("phone_number" = String, Path, description = "In E.164, `+15105550101`"),
        ReleaseQuery),
    responses((status = 204),
        (status = 409, description = "A plan or a flow shows it as the caller id")))]
pub(in crate::api) async fn release(
    State(state): State<ApiState>,
    operator: Operator,
    Path(phone_number): Path<PhoneNumber>,
    Query(query): Query<ReleaseQuery>,
) -> Result<StatusCode, ApiError> {
    let number = find(&state, &operator, &phone_number).await?;
    shown_by_nobody(&state, &number).await?;
    if query.release {
        give_back(state.carrier()?, &number).await?;
    }
    let mut tx = state.store.begin().await?;
    if !numbers::delete(&mut tx, operator.tenant_id, number.id).await? {
        return Err(ApiError::NotFound);
    }
    let action = if query.release {
        "number.released"
    } else {
        "number.removed"
    };
    let change = Change {
        action,
        object: number.id.to_string(),
        fields: &[],
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whoever shows it to others is named.
async fn shown_by_nobody(state: &ApiState, number: &Number) -> Result<(), ApiError> {
    let (store, tenant, shown) = (&state.store, number.tenant_id, &number.phone_number);
    let plans = number_plans::showing(store, tenant, shown).await?;
    let plans = plans
        .iter()
        .map(|number| format!("the plan of {}", number.as_str()));
    let flows = ivr_flow_versions::showing(store, tenant, shown).await?;
    let flows = flows.iter().map(|name| format!("the flow “{name}”"));
    let all: Vec<_> = plans.chain(flows).collect();
    if all.is_empty() {
        return Ok(());
    }
    let all = all.join(", ");
    Err(ApiError::InUse(format!(
        "it is the caller id in {all}; name another there first"
    )))
}

/// By the name that we know, or by the one that it has now. Whether the carrier had it
/// at all does not matter: then it is gone already.
async fn give_back(carrier: &Client, number: &Number) -> Result<(), Error> {
    if let Some(sid) = &number.carrier_sid
        && carrier.release_number(sid).await?
    {
        return Ok(());
    }
    if let Some(found) = carrier.find_number(&number.phone_number).await? {
        carrier.release_number(&found.sid).await?;
    }
    Ok(())
}

/// What is to become of it at the carrier.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct ReleaseQuery {
    /// `false` leaves it to the carrier's account, and only forgets it here.
    #[param(default = true)]
    release: bool,
}

impl Default for ReleaseQuery {
    fn default() -> Self {
        Self { release: true }
    }
}

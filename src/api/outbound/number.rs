//! The number that whoever is rung sees.

use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{Number, PhoneNumber, ReceptionistId};
use crate::store::{numbers, page};

/// The tenant's number that was asked for; else the only one; else the only
/// one that this receptionist answers.
pub(in crate::api) async fn shown(
    (state, operator): (&ApiState, &Operator),
    asked: Option<&PhoneNumber>,
    answers: Option<ReceptionistId>,
) -> Result<PhoneNumber, ApiError> {
    let tenant = operator.tenant_id;
    let number = if let Some(asked) = asked {
        let own = numbers::find_of_tenant(&state.store, tenant, asked).await?;
        own.ok_or_else(|| ApiError::field("from", "you have no such number"))?
    } else {
        let page = page::Request::default();
        let own = numbers::list(&state.store, tenant, &page).await?.items;
        chosen(own, answers)?
    };
    if number.capabilities.is_some_and(|can| !can.voice) {
        return Err(ApiError::field("from", "that number cannot make calls"));
    }
    Ok(number.phone_number)
}

/// The tenant's number that was asked for, else the only one that can write.
pub(in crate::api) async fn writer(
    (state, operator): (&ApiState, &Operator),
    asked: Option<&PhoneNumber>,
) -> Result<PhoneNumber, ApiError> {
    let tenant = operator.tenant_id;
    let can_write = |number: &Number| number.capabilities.is_none_or(|can| can.sms);
    if let Some(asked) = asked {
        let own = numbers::find_of_tenant(&state.store, tenant, asked).await?;
        let own = own.ok_or_else(|| ApiError::field("from", "you have no such number"))?;
        return if can_write(&own) {
            Ok(own.phone_number)
        } else {
            Err(ApiError::field("from", "that number cannot write"))
        };
    }
    let page = numbers::list(&state.store, tenant, &page::Request::default()).await?;
    let mut own = page.items.into_iter().filter(can_write);
    match (own.next(), own.next()) {
        (Some(only), None) => Ok(only.phone_number),
        (None, _) => Err(ApiError::Conflict("you have no number that can write")),
        (Some(_), Some(_)) => Err(ApiError::field(
            "from",
            "you have several numbers: say which of them writes",
        )),
    }
}

fn chosen(mut own: Vec<Number>, answers: Option<ReceptionistId>) -> Result<Number, ApiError> {
    if own.is_empty() {
        return Err(ApiError::Conflict("you have no number to call from"));
    }
    if own.len() > 1 {
        own.retain(|number| answers.is_some() && number.receptionist_id == answers);
    }
    match (own.pop(), own.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => Err(ApiError::field(
            "from",
            "you have several numbers: say which of them is shown",
        )),
    }
}

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

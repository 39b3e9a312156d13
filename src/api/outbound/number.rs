//! The number that whoever is rung sees.

use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{Ability, PhoneNumber, ReceptionistId};
use crate::store::numbers;

/// The tenant's number that was asked for; else the only one that can call; else the only
/// one of those that this receptionist answers.
pub(in crate::api) async fn shown(
    whole: (&ApiState, &Operator),
    asked: Option<&PhoneNumber>,
    answers: Option<ReceptionistId>,
) -> Result<PhoneNumber, ApiError> {
    if let Some(asked) = asked {
        return own(whole, asked, (Ability::Voice, CANNOT_CALL)).await;
    }
    match only(whole, (Ability::Voice, None)).await? {
        Only::This(number) => return Ok(number),
        Only::None => return Err(ApiError::Conflict(NO_CALLER)),
        Only::OneOfSeveral => {}
    }
    if answers.is_some()
        && let Only::This(number) = only(whole, (Ability::Voice, answers)).await?
    {
        return Ok(number);
    }
    Err(ApiError::field("from", SEVERAL_CALLERS))
}

/// The tenant's number that was asked for, else the only one that can write.
pub(in crate::api) async fn writer(
    whole: (&ApiState, &Operator),
    asked: Option<&PhoneNumber>,
) -> Result<PhoneNumber, ApiError> {
    if let Some(asked) = asked {
        return own(whole, asked, (Ability::Sms, CANNOT_WRITE)).await;
    }
    match only(whole, (Ability::Sms, None)).await? {
        Only::This(number) => Ok(number),
        Only::None => Err(ApiError::Conflict(NO_WRITER)),
        Only::OneOfSeveral => Err(ApiError::field("from", SEVERAL_WRITERS)),
    }
}

async fn own(
    (state, operator): (&ApiState, &Operator),
    asked: &PhoneNumber,
    (ability, refusal): (Ability, &'static str),
) -> Result<PhoneNumber, ApiError> {
    let found = numbers::find_of_tenant(&state.store, operator.tenant_id, asked).await?;
    let own = found.ok_or_else(|| ApiError::field("from", "you have no such number"))?;
    if own.can(ability) {
        Ok(own.phone_number)
    } else {
        Err(ApiError::field("from", refusal))
    }
}

/// Whether the tenant has one number for that, and no other.
enum Only {
    None,
    This(PhoneNumber),
    OneOfSeveral,
}

async fn only(
    (state, operator): (&ApiState, &Operator),
    wanted: (Ability, Option<ReceptionistId>),
) -> Result<Only, ApiError> {
    let found = numbers::list_two(&state.store, operator.tenant_id, wanted).await?;
    let mut found = found.into_iter();
    Ok(match (found.next(), found.next()) {
        (None, _) => Only::None,
        (Some(only), None) => Only::This(only.phone_number),
        (Some(_), Some(_)) => Only::OneOfSeveral,
    })
}

const CANNOT_CALL: &str = "that number cannot make calls";
const CANNOT_WRITE: &str = "that number cannot write";
const NO_CALLER: &str = "you have no number to call from";
const SEVERAL_CALLERS: &str = "you have several numbers: say which of them is shown";
const NO_WRITER: &str = "you have no number that can write";
const SEVERAL_WRITERS: &str = "you have several numbers: say which of them writes";

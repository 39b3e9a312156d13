//! The gate before everybody who is rung, and what is said of those whom it refuses.

use crate::api::audit::{self, Change};
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{DialPolicy, DialRefusal, Permit, PhoneNumber};
use crate::store::Tx;
use crate::store::dials::{self, Clearing};

/// Lets somebody be rung, if the tenant's policy allows it. A refusal is
/// counted and written down, and undoes the rest of `tx`.
pub(in crate::api) async fn cleared(
    (state, operator): (&ApiState, &Operator),
    mut tx: Tx,
    clearing: &Clearing<'_>,
) -> Result<(Tx, Permit), ApiError> {
    match dials::clear(&mut tx, clearing).await? {
        Ok(permit) => Ok((tx, permit)),
        Err(refusal) => {
            drop(tx);
            Err(refused((state, operator), refusal).await?)
        }
    }
}

/// Counts a refusal, writes it down, and says it. No transaction may be open.
pub(in crate::api) async fn refused(
    (state, operator): (&ApiState, &Operator),
    refusal: DialRefusal,
) -> Result<ApiError, ApiError> {
    metrics::counter!("frontdesk_dials_refused_total", "why" => refusal.code()).increment(1);
    let tx = state.store.begin().await?;
    let change = Change {
        action: "call.refused",
        object: refusal.code().to_owned(),
        fields: &[],
    };
    audit::commit(tx, (state, operator), operator.tenant_id, change).await?;
    Ok(ApiError::Refused(refusal))
}

/// Why callers may not be sent to that number, whatever the policy: it is dear,
/// or for emergencies.
pub(in crate::api) fn never(number: &PhoneNumber) -> Option<&'static str> {
    match DialPolicy::judge_anywhere(number) {
        Ok(()) => None,
        Err(DialRefusal::Emergency) => Some("callers are not sent to emergency numbers"),
        Err(_) => Some("callers are not sent to premium, shared-cost or satellite numbers"),
    }
}

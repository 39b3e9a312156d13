//! The gate before everybody who is rung, and what is said of those whom it refuses.

use crate::api::audit::{self, Change};
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{DialRefusal, Permit, PhoneNumber, Purpose, TenantId};
use crate::store::dials::{self, Clearing};
use crate::store::{Db, Tx, routing_facts};

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
            Err(refused((state, operator), "call.refused", refusal).await?)
        }
    }
}

/// Counts a refusal, writes it down, and says it. No transaction may be open.
pub(in crate::api) async fn refused(
    (state, operator): (&ApiState, &Operator),
    action: &'static str,
    refusal: DialRefusal,
) -> Result<ApiError, ApiError> {
    metrics::counter!("frontdesk_dials_refused_total", "why" => refusal.code()).increment(1);
    let tx = state.store.begin().await?;
    let change = Change {
        action,
        object: refusal.code().to_owned(),
        fields: &[],
    };
    audit::commit(tx, (state, operator), operator.tenant_id, change).await?;
    Ok(ApiError::Refused(refusal))
}

const SEE_POLICY: &str = "; see /api/calls/outbound/policy";

/// Why the tenant's callers are not sent to these numbers, as far as they are not,
/// in the same order: what the gate would say if one was sent there now.
pub(in crate::api) async fn closed_to_callers(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    numbers: &[&PhoneNumber],
) -> Result<Vec<Option<String>>, ApiError> {
    let all: Vec<PhoneNumber> = numbers.iter().copied().cloned().collect();
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let allowance = routing_facts::allowance(db, tenant, &all).await?;
    let judged = all.iter().map(|number| {
        let refusal = allowance.permit(number, Purpose::Outside).err()?;
        let is_of_policy = matches!(
            refusal,
            DialRefusal::Country | DialRefusal::Prefix | DialRefusal::Kind(_)
        );
        let see = if is_of_policy { SEE_POLICY } else { "" };
        Some(format!("{refusal}{see}"))
    });
    Ok(judged.collect())
}

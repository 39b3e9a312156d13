//! Whether a tenant may have another call with the AI.

use metrics::counter;

use super::Webhooks;
use super::memory::Placed;
use crate::domain::{CallSid, TenantId};
use crate::store::{in_time, quotas};

/// Whether the call may go to the AI: if not, it is written down with the call.
/// Whoever is on the line is not kept waiting for that.
///
/// A call that is with the AI stays with it, however often the carrier asks.
pub(super) async fn may_have_ai(house: &Webhooks, placed: &Placed, call_sid: &CallSid) -> bool {
    if house.bridge.has(call_sid) || may_spend(house, placed.tenant_id).await {
        return true;
    }
    counter!("frontdesk_quota_stops_total").increment(1);
    tracing::warn!(call.id = %placed.call_id, tenant.id = %placed.tenant_id, "quota.stopped");
    let of = (placed.tenant_id, placed.call_id);
    house.bridge.note_stopped(of, house.clock.now());
    false
}

/// Whether the tenant has something left to spend. Where the database does not
/// tell in time it has, unless it had nothing the last time: a limit that is
/// overdrawn by a call is better than a caller whom nobody answers.
async fn may_spend(house: &Webhooks, tenant: TenantId) -> bool {
    let (store, memory) = (house.store.clone(), house.memory.clone());
    let now = house.clock.now();
    // Not cut short when we lose patience: it goes on, and is remembered.
    let looking = tokio::spawn(async move {
        let may_spend = in_time(quotas::may_spend(&store, tenant, now)).await;
        if let Ok(may_spend) = may_spend {
            memory.note_spent(tenant, (!may_spend).then_some(now));
        }
        may_spend
    });
    match house.patience.wait(looking).await {
        Some(Ok(Ok(may_spend))) => may_spend,
        Some(Ok(Err(error))) => {
            tracing::warn!(%error, "quota.unknown");
            !house.memory.is_spent(tenant, now)
        }
        Some(Err(_)) | None => !house.memory.is_spent(tenant, now),
    }
}

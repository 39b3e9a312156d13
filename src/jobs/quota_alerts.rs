//! Tells, once in each period, who has come near to a limit of theirs.

use super::house::JobHouse;
use super::worker::{Failure, Next, bear};
use crate::domain::{JobKind, Strain, TenantId};
use crate::store::{self, quotas};

/// Looks at every tenant that has limits.
pub(super) async fn run(house: &JobHouse) -> Result<Next, Failure> {
    for tenant in quotas::list_limited(&house.store).await? {
        if let Err(error) = look_at(house, tenant).await {
            bear(JobKind::QuotaAlerts, error)?;
        }
    }
    Ok(Next::InTurn)
}

async fn look_at(house: &JobHouse, tenant: TenantId) -> Result<(), store::Error> {
    let now = house.clock.now();
    let standing = quotas::standing(&house.store, tenant, now).await?;
    for gauge in standing.gauges() {
        // Who has reached a limit has come near it, too.
        for strain in [Strain::Soft, Strain::Hard] {
            if gauge.strain < Some(strain) {
                continue;
            }
            let (of, what) = ((tenant, standing.day), (&gauge, strain));
            if quotas::note_alert(&house.store, of, what, now).await? {
                let (measure, level) = (gauge.measure.as_str(), strain.as_str());
                let period = gauge.period.as_str();
                metrics::counter!("frontdesk_quota_alerts_total",
                    "measure" => measure, "period" => period, "level" => level)
                .increment(1);
                tracing::warn!(tenant.id = %tenant, measure, period, level, "quota.alert");
            }
        }
    }
    Ok(())
}

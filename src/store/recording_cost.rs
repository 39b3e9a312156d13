//! What the carrier charges for what it has recorded of a call.

use sqlx::AnyConnection;

use super::Error;
use super::call_change::{amend, lock};
use crate::domain::{CallId, TenantId, recording_price};

/// Counts all that the carrier has recorded of the tenant's call. What is deleted
/// afterwards was charged all the same.
pub(super) async fn note(
    tx: &mut AnyConnection,
    tenant: TenantId,
    call: CallId,
) -> Result<(), Error> {
    let minutes: i64 = sqlx::query_scalar(MINUTES)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .fetch_one(&mut *tx)
        .await?;
    let Some(price) = recording_price(minutes) else {
        return Ok(());
    };
    if let Some(locked) = lock(tx, tenant, call).await? {
        amend(tx, locked, |call| {
            let known = call.bill.recording.map_or(0, |money| money.micros);
            if price.micros > known {
                call.bill.recording = Some(price);
            }
        })
        .await?;
    }
    Ok(())
}

const MINUTES: &str = "
    SELECT CAST(COALESCE(SUM(minutes), 0) AS BIGINT) FROM (
        SELECT (COALESCE(duration_ms, 0) + 59999) / 60000 AS minutes FROM call_recordings
            WHERE tenant_id = $1 AND call_id = $2 AND carrier_sid IS NOT NULL
        UNION ALL
        SELECT (COALESCE(duration_s, 0) + 59) / 60 FROM voicemail_messages
            WHERE tenant_id = $1 AND call_id = $2
    ) AS recorded";

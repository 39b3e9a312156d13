//! What was kept long enough, deleted a little at a time.
//!
//! Each function deletes a few rows and tells how many they were: whoever wants
//! more asks again, and everybody else has their turn in between. SQLite has one
//! writer, and a caller whose call cannot be written down waits for it.

use super::row::RowOf;
use super::{Db, Error, Store, forgotten_calls, sms_messages};
use crate::domain::{TenantId, Timestamp};

/// Forgets at most `limit` calls of the tenant that began before `before` and
/// are over, with all that was kept of them, the oldest first. A call with a
/// message or a recording that is still kept, or may come to be, stays. How many they were.
pub async fn delete_calls(
    store: &Store,
    tenant: TenantId,
    (before, now): (Timestamp, Timestamp),
    limit: u32,
) -> Result<u64, Error> {
    let old = older(store, OLD_CALLS, (tenant, before), limit).await?;
    let (mut tx, mut count) = (store.begin().await?, 0);
    for id in &old {
        let at = RowOf { table: "calls", id };
        let is_gone = forgotten_calls::forget(&mut tx, tenant, at.parse(id)?, now).await?;
        count += u64::from(is_gone);
    }
    tx.commit().await?;
    Ok(count)
}

// A call that was not counted yet would take its usage with it.
const OLD_CALLS: &str = "
    SELECT id FROM calls
    WHERE tenant_id = $1 AND created_at_ms < $2 AND outcome <> 'open'
        AND usage_day IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM voicemail_messages AS kept
            WHERE kept.tenant_id = calls.tenant_id AND kept.call_id = calls.id
                AND kept.deleted_at_ms IS NULL)
        AND NOT EXISTS (SELECT 1 FROM call_recordings AS kept
            WHERE kept.tenant_id = calls.tenant_id AND kept.call_id = calls.id
                AND kept.state NOT IN ('deleted', 'failed'))
    ORDER BY created_at_ms, id LIMIT $3";

/// Forgets at most `limit` calls of any tenant for good that were deleted before
/// `before`: who tells of them now makes them anew. How many they were.
pub async fn delete_forgotten_calls(
    db: impl Into<Db<'_>>,
    before: Timestamp,
    limit: u32,
) -> Result<u64, Error> {
    delete_older(db, DELETE_FORGOTTEN_CALLS, before, limit).await
}

const DELETE_FORGOTTEN_CALLS: &str = "
    DELETE FROM forgotten_calls WHERE call_sid IN (
        SELECT call_sid FROM forgotten_calls WHERE forgotten_at_ms < $1 LIMIT $2)";

/// Empties at most `limit` text messages of the tenant from before `before`. How
/// many they were.
pub async fn empty_texts(
    store: &Store,
    tenant: TenantId,
    (before, now): (Timestamp, Timestamp),
    limit: u32,
) -> Result<u64, Error> {
    let old = older(store, OLD_TEXTS, (tenant, before), limit).await?;
    let mut tx = store.begin().await?;
    for id in &old {
        let at = RowOf {
            table: "sms_messages",
            id,
        };
        sms_messages::delete(&mut tx, tenant, at.parse(id)?, now).await?;
    }
    tx.commit().await?;
    Ok(u64::try_from(old.len()).unwrap_or(u64::MAX))
}

const OLD_TEXTS: &str = "
    SELECT id FROM sms_messages
    WHERE tenant_id = $1 AND created_at_ms < $2 AND deleted_at_ms IS NULL
    ORDER BY created_at_ms, id LIMIT $3";

/// Forgets what callers entered in flows in at most `limit` calls of any tenant that
/// were over before `before`, where nobody did so when they ended. How many entries
/// that were.
pub async fn delete_flow_states(
    db: impl Into<Db<'_>>,
    before: Timestamp,
    limit: u32,
) -> Result<u64, Error> {
    delete_older(db, DELETE_FLOW_STATES, before, limit).await
}

const DELETE_FLOW_STATES: &str = "
    DELETE FROM ivr_states WHERE call_id IN (
        SELECT calls.id FROM calls
        WHERE calls.id IN (SELECT call_id FROM ivr_states) AND calls.ended_at_ms < $1 LIMIT $2)";

/// Forgets at most `limit` answers to requests that were kept for whoever asks
/// again, of any tenant, from before `before`. How many they were.
pub async fn delete_idempotency_keys(
    db: impl Into<Db<'_>>,
    before: Timestamp,
    limit: u32,
) -> Result<u64, Error> {
    delete_older(db, DELETE_IDEMPOTENCY_KEYS, before, limit).await
}

const DELETE_IDEMPOTENCY_KEYS: &str = "
    DELETE FROM idempotency_keys WHERE (tenant_id, idempotency_key) IN (
        SELECT tenant_id, idempotency_key FROM idempotency_keys
        WHERE created_at_ms < $1 LIMIT $2)";

/// The ids that `sql` finds: of the tenant `$1`, from before `$2`, at most `$3`.
async fn older(
    store: &Store,
    sql: &'static str,
    (tenant, before): (TenantId, Timestamp),
    limit: u32,
) -> Result<Vec<String>, Error> {
    let mut conn = Db::from(store).read().await?;
    let ids = sqlx::query_scalar(sql)
        .bind(tenant.to_string())
        .bind(before.as_ms())
        .bind(i64::from(limit))
        .fetch_all(&mut *conn)
        .await?;
    Ok(ids)
}

/// Deletes what `sql` says: from before `$1`, at most `$2`. How many they were.
async fn delete_older(
    db: impl Into<Db<'_>>,
    sql: &'static str,
    before: Timestamp,
    limit: u32,
) -> Result<u64, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(sql)
        .bind(before.as_ms())
        .bind(i64::from(limit))
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected())
}

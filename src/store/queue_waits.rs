//! Who waits in which queue, and whose queues those are.

use super::row::RowOf;
use super::{Db, Error};
use crate::domain::{CallId, QueueId, TenantId, Timestamp, UserId};

/// Writes down that the tenant's call waits in a queue of its since then. Whether that is
/// news; it is none of a call that is over or that nobody has written down yet, nor of a
/// queue that is gone.
pub async fn begin(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
    queue: QueueId,
    since: Timestamp,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let begun = sqlx::query(BEGIN)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .bind(queue.to_string())
        .bind(since.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(begun.rows_affected() == 1)
}

const BEGIN: &str = "
    INSERT INTO queue_waits (tenant_id, call_id, queue_id, since_ms)
    SELECT calls.tenant_id, calls.id, queues.id, CAST($4 AS BIGINT)
    FROM calls JOIN queues ON queues.tenant_id = calls.tenant_id AND queues.id = $3
    WHERE calls.tenant_id = $1 AND calls.id = $2 AND calls.outcome = 'open'
    ON CONFLICT (call_id) DO UPDATE SET queue_id = excluded.queue_id, since_ms = excluded.since_ms
        WHERE queue_waits.queue_id <> excluded.queue_id";

/// The tenant's call waits no longer. Whether it did.
pub async fn end(db: impl Into<Db<'_>>, (tenant, call): (TenantId, CallId)) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let ended = sqlx::query(END)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .execute(&mut *conn)
        .await?;
    Ok(ended.rows_affected() == 1)
}

const END: &str = "DELETE FROM queue_waits WHERE tenant_id = $1 AND call_id = $2";

/// Whether the tenant's call waits in that queue still, since then or before, and nobody
/// has it.
pub async fn goes_on(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
    queue: QueueId,
    since: Timestamp,
) -> Result<bool, Error> {
    let mut conn = db.into().read().await?;
    let found: Option<i64> = sqlx::query_scalar(GOES_ON)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .bind(queue.to_string())
        .bind(since.as_ms())
        .fetch_optional(&mut *conn)
        .await?;
    Ok(found.is_some())
}

const GOES_ON: &str = "
    SELECT CAST(1 AS BIGINT) FROM queue_waits
    JOIN calls ON calls.tenant_id = queue_waits.tenant_id AND calls.id = queue_waits.call_id
    WHERE queue_waits.tenant_id = $1 AND queue_waits.call_id = $2
        AND queue_waits.queue_id = $3 AND queue_waits.since_ms <= $4
        AND calls.outcome = 'open' AND calls.user_id IS NULL";

/// The tenant's calls that wait, and where, in no order.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
) -> Result<Vec<(CallId, QueueId)>, Error> {
    let mut conn = db.into().read().await?;
    let found: Vec<(String, String)> = sqlx::query_as(LIST)
        .bind(tenant.to_string())
        .fetch_all(&mut *conn)
        .await?;
    let read = |(call, queue): &(String, String)| {
        let at = RowOf {
            table: "queue_waits",
            id: call,
        };
        Ok((at.parse(call)?, at.parse(queue)?))
    };
    found.iter().map(read).collect()
}

const LIST: &str = "
    SELECT queue_waits.call_id, queue_waits.queue_id FROM queue_waits
    JOIN calls ON calls.tenant_id = queue_waits.tenant_id AND calls.id = queue_waits.call_id
    WHERE queue_waits.tenant_id = $1 AND calls.outcome = 'open' AND calls.user_id IS NULL";

/// When the call came of whoever waits longest in the tenant's queue; none where nobody
/// does.
pub async fn first_began_at(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    queue: QueueId,
) -> Result<Option<Timestamp>, Error> {
    let mut conn = db.into().read().await?;
    let found: Option<i64> = sqlx::query_scalar(FIRST_BEGAN_AT)
        .bind(tenant.to_string())
        .bind(queue.to_string())
        .fetch_optional(&mut *conn)
        .await?;
    Ok(found.map(Timestamp::from_ms))
}

const FIRST_BEGAN_AT: &str = "
    SELECT CASE calls.direction WHEN 'outbound' THEN
            COALESCE(calls.answered_at_ms, queue_waits.since_ms)
        ELSE calls.created_at_ms END AS began_at_ms
    FROM queue_waits
    JOIN calls ON calls.tenant_id = queue_waits.tenant_id AND calls.id = queue_waits.call_id
    WHERE queue_waits.tenant_id = $1 AND queue_waits.queue_id = $2
        AND calls.outcome = 'open' AND calls.user_id IS NULL
    ORDER BY queue_waits.since_ms, queue_waits.call_id LIMIT 1";

/// Whether the tenant's call waits in a queue of that member's.
pub async fn is_for(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
    member: UserId,
) -> Result<bool, Error> {
    let mut conn = db.into().read().await?;
    let found: Option<i64> = sqlx::query_scalar(IS_FOR)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .bind(member.to_string())
        .fetch_optional(&mut *conn)
        .await?;
    Ok(found.is_some())
}

const IS_FOR: &str = "
    SELECT CAST(1 AS BIGINT) FROM queue_waits
    JOIN calls ON calls.tenant_id = queue_waits.tenant_id AND calls.id = queue_waits.call_id
    JOIN queue_members ON queue_members.tenant_id = queue_waits.tenant_id
        AND queue_members.queue_id = queue_waits.queue_id
    WHERE queue_waits.tenant_id = $1 AND queue_waits.call_id = $2
        AND queue_members.user_id = $3
        AND calls.outcome = 'open' AND calls.user_id IS NULL";

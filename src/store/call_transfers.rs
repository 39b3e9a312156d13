//! Calls that are handed on while they go on, and whether the carrier has followed.

use sqlx::FromRow;

use super::{Db, Error, Tx, call_change, call_routes};
use crate::domain::{CallId, CallSid, TenantId, Timestamp};
use crate::routing::{Handover, Stop};

/// What becomes of the wish to hand a call on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Standing {
    /// It is to be done.
    Asked(Handover),
    /// It was done before, and nobody was told.
    Done,
    /// Another is under way.
    UnderWay,
    /// Nothing is known of where the call goes.
    Unrouted,
}

/// Writes down that the tenant's call goes on with `stops`, behind all that its
/// route has so far; unless that is under way, or was done when its answer was
/// lost.
pub async fn ask(
    tx: &mut Tx,
    (tenant, call): (TenantId, CallId),
    stops: &[Stop],
    now: Timestamp,
) -> Result<Standing, Error> {
    let mut conn = Db::from(&mut *tx).write().await?;
    if call_change::lock(&mut conn, tenant, call).await?.is_none() {
        return Ok(Standing::Unrouted);
    }
    let last: Option<LastRow> = sqlx::query_as(LAST)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .fetch_optional(&mut *conn)
        .await?;
    drop(conn);
    let Some(mut route) = call_routes::find(&mut *tx, tenant, call).await? else {
        return Ok(Standing::Unrouted);
    };
    if let Some(last) = last {
        let first = usize::try_from(last.first_stop).unwrap_or(usize::MAX);
        let is_same = route.stops.get(first..).is_some_and(|kept| kept == stops);
        match last.standing.as_str() {
            "unknown" if is_same => {
                let stops = stops.to_vec();
                return Ok(Standing::Asked(Handover { first, stops }));
            }
            "taken_late" if is_same => {
                stand(&mut *tx, (tenant, call, first), "taken").await?;
                return Ok(Standing::Done);
            }
            "asked" | "unknown" if last.asked_at_ms > now.plus_ms(-PATIENCE_MS).as_ms() => {
                return Ok(Standing::UnderWay);
            }
            _ => {}
        }
    }
    let handover = Handover {
        first: route.stops.len(),
        stops: stops.to_vec(),
    };
    route.take_over(&handover);
    call_routes::lengthen(&mut *tx, (tenant, call), &route).await?;
    let mut conn = Db::from(tx).write().await?;
    sqlx::query(INSERT)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .bind(place(handover.first))
        .bind(now.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(Standing::Asked(handover))
}

const LAST: &str = "
    SELECT first_stop, standing, asked_at_ms FROM call_transfers
    WHERE tenant_id = $1 AND call_id = $2 ORDER BY first_stop DESC LIMIT 1";

const INSERT: &str = "
    INSERT INTO call_transfers (tenant_id, call_id, first_stop, standing, asked_at_ms)
    VALUES ($1, $2, $3, 'asked', $4)";

#[derive(FromRow)]
struct LastRow {
    first_stop: i64,
    standing: String,
    asked_at_ms: i64,
}

/// How often the tenant's call was handed on.
pub async fn count(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
) -> Result<i64, Error> {
    let mut conn = db.into().read().await?;
    let count = sqlx::query_scalar(COUNT)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .fetch_one(&mut *conn)
        .await?;
    Ok(count)
}

const COUNT: &str = "SELECT COUNT(*) FROM call_transfers WHERE tenant_id = $1 AND call_id = $2";

/// The carrier's answer was lost: it may have followed.
pub async fn leave_open(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    call: CallId,
    first: usize,
) -> Result<(), Error> {
    stand(db, (tenant, call, first), "unknown").await
}

/// The call was not handed on, and will not be.
pub async fn strike(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    call: CallId,
    first: usize,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(STRIKE)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .bind(place(first))
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const STRIKE: &str = "
    DELETE FROM call_transfers WHERE tenant_id = $1 AND call_id = $2 AND first_stop = $3";

/// The carrier has followed, and asks what there is at the stop `first`. For
/// the carrier, who knows no tenant.
pub async fn take(db: impl Into<Db<'_>>, call_sid: &CallSid, first: usize) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(TAKE)
        .bind(call_sid.as_str())
        .bind(place(first))
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const TAKE: &str = "
    UPDATE call_transfers
    SET standing = CASE WHEN standing = 'unknown' THEN 'taken_late' ELSE 'taken' END
    WHERE first_stop = $2 AND standing IN ('asked', 'unknown')
        AND call_id IN (SELECT id FROM calls WHERE call_sid = $1)";

async fn stand(
    db: impl Into<Db<'_>>,
    (tenant, call, first): (TenantId, CallId, usize),
    standing: &str,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(STAND)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .bind(place(first))
        .bind(standing)
        .execute(&mut *conn)
        .await?;
    Ok(())
}

// The carrier may follow before its answer is lost, or after.
const STAND: &str = "
    UPDATE call_transfers
    SET standing = CASE WHEN $4 <> 'taken' AND standing IN ('taken', 'taken_late')
        THEN 'taken_late' ELSE $4 END
    WHERE tenant_id = $1 AND call_id = $2 AND first_stop = $3";

fn place(stop: usize) -> i64 {
    i64::try_from(stop).unwrap_or(i64::MAX)
}

/// So long the carrier has to follow; another may be asked for after that.
const PATIENCE_MS: i64 = 60_000;

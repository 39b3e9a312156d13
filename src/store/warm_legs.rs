//! The telephones that ring for a caller who waits, each a call of its own at the carrier.

use sqlx::{AnyConnection, FromRow};

use super::row::RowOf;
use super::warm_transfers::{Place, query_at, whole};
use super::{Db, Error, Store};
use crate::domain::{CallId, CallSid, TenantId, Timestamp};

/// A telephone that rings for a caller.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WarmLeg {
    /// The carrier's name for the call, as soon as that is known.
    pub call_sid: Option<CallSid>,
    /// Whether the call is over, or was never made.
    pub is_over: bool,
}

/// Writes down that so many are about to ring.
pub(super) async fn insert(
    conn: &mut AnyConnection,
    place: Place,
    count: usize,
) -> Result<(), Error> {
    for leg in 0..count {
        query_at(INSERT, place)
            .bind(whole(leg))
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

const INSERT: &str = "
    INSERT INTO warm_legs (tenant_id, call_id, stop, leg) VALUES ($1, $2, $3, $4)";

/// All of them, in order.
pub(super) async fn list(conn: &mut AnyConnection, place: Place) -> Result<Vec<WarmLeg>, Error> {
    let (tenant, call, stop) = place.keys();
    let rows: Vec<LegRow> = sqlx::query_as(LIST)
        .bind(&tenant)
        .bind(&call)
        .bind(stop)
        .fetch_all(conn)
        .await?;
    let at = RowOf {
        table: "warm_legs",
        id: &call,
    };
    let legs = rows.into_iter().map(|row| {
        Ok(WarmLeg {
            call_sid: at.parse_opt(row.call_sid.as_deref())?,
            is_over: row.is_over > 0,
        })
    });
    legs.collect()
}

const LIST: &str = "
    SELECT call_sid, is_over FROM warm_legs
    WHERE tenant_id = $1 AND call_id = $2 AND stop = $3 ORDER BY leg";

#[derive(FromRow)]
struct LegRow {
    call_sid: Option<String>,
    is_over: i64,
}

/// The carrier has named the call of a telephone, by its answer or by asking about it.
/// The first name counts; whether it is this one.
pub async fn name(
    db: impl Into<Db<'_>>,
    (place, leg): (Place, usize),
    call_sid: &CallSid,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let named = query_at(NAME, place)
        .bind(whole(leg))
        .bind(call_sid.as_str())
        .execute(&mut *conn)
        .await?;
    Ok(named.rows_affected() > 0)
}

const NAME: &str = "
    UPDATE warm_legs SET call_sid = $5
    WHERE tenant_id = $1 AND call_id = $2 AND stop = $3 AND leg = $4
        AND (call_sid IS NULL OR call_sid = $5)";

/// The call of that telephone is over, or was never made. Whether the caller is to be led
/// on for it, by whoever asks: nobody else is told so.
pub async fn end(
    store: &Store,
    (place, leg): (Place, usize),
    now: Timestamp,
) -> Result<bool, Error> {
    let mut tx = store.begin().await?;
    let mut conn = Db::from(&mut tx).write().await?;
    // Two that end at one time end one after the other, see `calls`.
    query_at(LOCK, place).execute(&mut *conn).await?;
    query_at(END, place)
        .bind(whole(leg))
        .execute(&mut *conn)
        .await?;
    let left = query_at(LEAVE_WITHOUT, place)
        .bind(whole(leg))
        .bind(now.as_ms())
        .execute(&mut *conn)
        .await?;
    drop(conn);
    tx.commit().await?;
    Ok(left.rows_affected() > 0)
}

const LOCK: &str = "
    UPDATE warm_transfers SET stop = stop
    WHERE tenant_id = $1 AND call_id = $2 AND stop = $3";

const END: &str = "
    UPDATE warm_legs SET is_over = 1
    WHERE tenant_id = $1 AND call_id = $2 AND stop = $3 AND leg = $4";

const LEAVE_WITHOUT: &str = "
    UPDATE warm_transfers SET standing = 'left', changed_at_ms = $5
    WHERE tenant_id = $1 AND call_id = $2 AND stop = $3 AND (
        (standing = 'accepted' AND leg = $4)
        OR (standing = 'waiting' AND NOT EXISTS (SELECT 1 FROM warm_legs
            WHERE warm_legs.call_id = $2 AND warm_legs.stop = $3 AND is_over = 0)))";

/// The calls that are not over, as far as the carrier has named them.
pub(super) async fn going_on(
    conn: &mut AnyConnection,
    (call, stop): (&str, i64),
) -> Result<Vec<CallSid>, Error> {
    let named: Vec<String> = sqlx::query_scalar(GOING_ON)
        .bind(call)
        .bind(stop)
        .fetch_all(conn)
        .await?;
    named_calls(call, &named)
}

const GOING_ON: &str = "
    SELECT call_sid FROM warm_legs
    WHERE call_id = $1 AND stop = $2 AND is_over = 0 AND call_sid IS NOT NULL ORDER BY leg";

/// The carrier's names for the calls to all telephones that have rung for the tenant's call.
pub async fn of_call(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    call: CallId,
) -> Result<Vec<CallSid>, Error> {
    let mut conn = db.into().read().await?;
    let call = call.to_string();
    let named: Vec<String> = sqlx::query_scalar(OF_CALL)
        .bind(tenant.to_string())
        .bind(&call)
        .fetch_all(&mut *conn)
        .await?;
    named_calls(&call, &named)
}

const OF_CALL: &str = "
    SELECT call_sid FROM warm_legs
    WHERE tenant_id = $1 AND call_id = $2 AND call_sid IS NOT NULL ORDER BY stop, leg";

fn named_calls(call: &str, named: &[String]) -> Result<Vec<CallSid>, Error> {
    let at = RowOf {
        table: "warm_legs",
        id: call,
    };
    named.iter().map(|sid| at.parse(sid)).collect()
}

//! How long the caller waited, a turn of the receptionist's a row.

use sqlx::FromRow;

use super::row::{RowOf, millis};
use super::{Db, Error};
use crate::domain::{CallId, TenantId, TurnLatency};

/// Keeps the latency of the `ordinal`th turn of the tenant's call, in place
/// of what was kept there before: when it was heard is known later than when
/// it was sent.
///
/// A call that is not the tenant's is [`Error::Dangling`].
pub async fn put(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    call: CallId,
    ordinal: u32,
    latency: &TurnLatency,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(PUT)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .bind(i64::from(ordinal))
        .bind(millis(latency.sent))
        .bind(latency.heard.map(millis))
        .execute(&mut *conn)
        .await?;
    if done.rows_affected() == 0 {
        return Err(Error::Dangling);
    }
    Ok(())
}

// Another tenant's row is neither written nor, in a conflict, overwritten.
const PUT: &str = "
    INSERT INTO turns (tenant_id, call_id, ordinal, sent_ms, heard_ms)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (call_id, ordinal) DO UPDATE SET sent_ms = excluded.sent_ms,
        heard_ms = excluded.heard_ms
    WHERE turns.tenant_id = excluded.tenant_id";

/// The latencies of the tenant's call, in order.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    call: CallId,
) -> Result<Vec<TurnLatency>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<TurnRow> = sqlx::query_as(LIST)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(TurnLatency::try_from).collect()
}

const LIST: &str = "
    SELECT call_id, sent_ms, heard_ms FROM turns
    WHERE tenant_id = $1 AND call_id = $2 ORDER BY ordinal";

#[derive(FromRow)]
struct TurnRow {
    call_id: String,
    sent_ms: i64,
    heard_ms: Option<i64>,
}

impl TryFrom<TurnRow> for TurnLatency {
    type Error = Error;

    fn try_from(row: TurnRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "turns",
            id: &row.call_id,
        };
        Ok(Self {
            sent: at.duration(row.sent_ms)?,
            heard: row.heard_ms.map(|ms| at.duration(ms)).transpose()?,
        })
    }
}

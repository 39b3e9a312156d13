//! Which process of the house has a call that goes on.

use super::call_row::{CallRow, columns};
use super::{Db, Error, page};
use crate::domain::{AnsweredBy, CallId, CallLog, CallSid, EndReason, ProcessId, TenantId};

/// The tenant's call is with that process.
pub async fn own(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
    process: ProcessId,
) -> Result<(), Error> {
    put(db, (tenant, call), Some(process)).await
}

/// The tenant's call was with that process, unless another has it by now.
pub async fn claim(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
    process: ProcessId,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(CLAIM)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .bind(process.to_string())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const CLAIM: &str = "
    UPDATE calls SET process_id = $3
    WHERE tenant_id = $1 AND id = $2 AND process_id IS NULL";

/// The tenant's call goes on without us; the carrier tells how it ends.
pub async fn disown(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
) -> Result<(), Error> {
    put(db, (tenant, call), None).await
}

async fn put(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
    process: Option<ProcessId>,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query("UPDATE calls SET process_id = $3 WHERE tenant_id = $1 AND id = $2")
        .bind(tenant.to_string())
        .bind(call.to_string())
        .bind(process.map(|process| process.to_string()))
        .execute(&mut *conn)
        .await?;
    Ok(())
}

/// The call of that SID is led on by that process from now on. For the carrier, who
/// knows no tenant.
pub async fn adopt(
    db: impl Into<Db<'_>>,
    call_sid: &CallSid,
    process: ProcessId,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query("UPDATE calls SET process_id = $2 WHERE call_sid = $1 AND ended_at_ms IS NULL")
        .bind(call_sid.as_str())
        .bind(process.to_string())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

/// Of the calls that were with that process and are over by the carrier's word alone, those
/// that a receptionist had get a reason: nobody else will tell it.
pub async fn explain(db: impl Into<Db<'_>>, process: ProcessId) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(EXPLAIN)
        .bind(process.to_string())
        .bind(EndReason::ProcessLost.as_str())
        .bind(AnsweredBy::Ai.as_str())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const EXPLAIN: &str = "
    UPDATE calls SET end_reason = $2
    WHERE process_id = $1 AND ended_at_ms IS NOT NULL AND end_reason IS NULL
        AND answered_by = $3";

/// At most `limit` calls of any tenant that are with that process and have no end yet,
/// oldest first.
pub async fn list_open(
    db: impl Into<Db<'_>>,
    process: ProcessId,
    limit: page::Limit,
) -> Result<Vec<CallLog>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<CallRow> = sqlx::query_as(LIST_OPEN)
        .bind(process.to_string())
        .bind(i64::from(limit.get()))
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(CallLog::try_from).collect()
}

const LIST_OPEN: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM calls WHERE process_id = $1 AND ended_at_ms IS NULL
    ORDER BY created_at_ms, id LIMIT $2"
);

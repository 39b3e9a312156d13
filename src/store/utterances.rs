//! The transcript of a call, an utterance a row.

use sqlx::{AnyConnection, Connection, FromRow};

use super::row::{RowOf, millis, storable};
use super::{Db, Error};
use crate::domain::{CallId, TenantId, Utterance};

/// Keeps the utterance that is the `ordinal`th of the tenant's call, in place
/// of what was kept there before: it may be said again safely, and shortened
/// once it is known how much of it was heard.
///
/// A call that is not the tenant's is [`Error::Dangling`].
pub async fn put(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    call: CallId,
    ordinal: u32,
    utterance: &Utterance,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    write(&mut conn, tenant, call, i64::from(ordinal), utterance).await
}

/// Makes these, in this order, the whole transcript of the tenant's call.
///
/// A call that is not the tenant's is [`Error::Dangling`].
pub async fn replace_all(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    call: CallId,
    utterances: &[Utterance],
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    sqlx::query(DELETE_ALL)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .execute(&mut *tx)
        .await?;
    for (ordinal, utterance) in (0..).zip(utterances) {
        write(&mut tx, tenant, call, ordinal, utterance).await?;
    }
    Ok(tx.commit().await?)
}

const DELETE_ALL: &str = "DELETE FROM utterances WHERE tenant_id = $1 AND call_id = $2";

/// The transcript of the tenant's call, in order.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    call: CallId,
) -> Result<Vec<Utterance>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<UtteranceRow> = sqlx::query_as(LIST)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(Utterance::try_from).collect()
}

const LIST: &str = "
    SELECT call_id, speaker, text, started_ms, interrupted FROM utterances
    WHERE tenant_id = $1 AND call_id = $2 ORDER BY ordinal";

async fn write(
    conn: &mut AnyConnection,
    tenant: TenantId,
    call: CallId,
    ordinal: i64,
    utterance: &Utterance,
) -> Result<(), Error> {
    let done = sqlx::query(PUT)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .bind(ordinal)
        .bind(utterance.speaker.as_str())
        .bind(storable(utterance.text.expose()).into_owned())
        .bind(millis(utterance.started))
        .bind(i64::from(utterance.interrupted))
        .execute(conn)
        .await?;
    if done.rows_affected() == 0 {
        return Err(Error::Dangling);
    }
    Ok(())
}

// Another tenant's row is neither written nor, in a conflict, overwritten.
const PUT: &str = "
    INSERT INTO utterances (tenant_id, call_id, ordinal, speaker, text, started_ms, interrupted)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (call_id, ordinal) DO UPDATE SET speaker = excluded.speaker,
        text = excluded.text, started_ms = excluded.started_ms,
        interrupted = excluded.interrupted
    WHERE utterances.tenant_id = excluded.tenant_id";

#[derive(FromRow)]
struct UtteranceRow {
    call_id: String,
    speaker: String,
    text: String,
    started_ms: i64,
    interrupted: i64,
}

impl TryFrom<UtteranceRow> for Utterance {
    type Error = Error;

    fn try_from(row: UtteranceRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "utterances",
            id: &row.call_id,
        };
        Ok(Self {
            speaker: at.parse(&row.speaker)?,
            started: at.duration(row.started_ms)?,
            interrupted: at.truth(row.interrupted)?,
            text: row.text.into(),
        })
    }
}

//! What happened to a call, in the order in which we heard of it.

use sqlx::{AnyConnection, Connection, FromRow};

use super::database::Conn;
use super::row::storable;
use super::{Db, Error};
use crate::domain::{CallId, Pii, TenantId, Timestamp};

/// Something that happened.
#[derive(Clone, Debug)]
pub struct NewEvent<'a> {
    /// A stable word with a full stop in it, such as `carrier.status`.
    pub kind: &'a str,
    /// A JSON object with what else there is to say.
    pub detail: Pii<&'a str>,
    /// When it happened.
    pub at: Timestamp,
    /// What the same news would have again, if it is to be kept once only;
    /// unique within the call.
    pub key: Option<&'a str>,
}

/// Something that happened, as it was kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CallEvent {
    /// Its place in the order; there may be gaps.
    pub ordinal: i64,
    /// A stable word.
    pub kind: String,
    /// A JSON object.
    pub detail: Pii<String>,
    /// When it happened.
    pub at: Timestamp,
}

/// Keeps an event of the tenant's call; false if one with this key is there
/// already. A call that is not the tenant's is [`Error::Dangling`].
pub async fn append(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    call: CallId,
    event: &NewEvent<'_>,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    if let Conn::Held(tx) = &mut conn {
        return write(tx, tenant, call, event).await;
    }
    let mut tx = conn.begin().await?;
    let is_new = write(&mut tx, tenant, call, event).await?;
    tx.commit().await?;
    Ok(is_new)
}

/// See [`append`]; `tx` is a transaction, else concurrent events might swap
/// their places.
pub(super) async fn write(
    tx: &mut AnyConnection,
    tenant: TenantId,
    call: CallId,
    event: &NewEvent<'_>,
) -> Result<bool, Error> {
    let ordinal = sqlx::query_scalar(NEXT)
        .bind(tenant.to_string())
        .bind(call.to_string());
    let ordinal: Option<i64> = ordinal.fetch_optional(&mut *tx).await?;
    let done = sqlx::query(INSERT)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .bind(ordinal.ok_or(Error::Dangling)?)
        .bind(event.kind)
        .bind(storable(event.detail.expose()).into_owned())
        .bind(event.at.as_ms())
        .bind(event.key)
        .execute(tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

// Counting in the call's row makes whoever comes at the same time wait, so
// that no two events get the same place.
const NEXT: &str = "
    UPDATE calls SET last_event = last_event + 1 WHERE tenant_id = $1 AND id = $2
    RETURNING last_event";

const INSERT: &str = "
    INSERT INTO call_events (tenant_id, call_id, ordinal, kind, detail, at_ms, dedupe_key)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (call_id, dedupe_key) DO NOTHING";

/// Everything that happened to the tenant's call.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    call: CallId,
) -> Result<Vec<CallEvent>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<EventRow> = sqlx::query_as(LIST)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .fetch_all(&mut *conn)
        .await?;
    Ok(rows.into_iter().map(CallEvent::from).collect())
}

const LIST: &str = "
    SELECT ordinal, kind, detail, at_ms FROM call_events
    WHERE tenant_id = $1 AND call_id = $2 ORDER BY ordinal";

#[derive(FromRow)]
struct EventRow {
    ordinal: i64,
    kind: String,
    detail: String,
    at_ms: i64,
}

impl From<EventRow> for CallEvent {
    fn from(row: EventRow) -> Self {
        Self {
            ordinal: row.ordinal,
            kind: row.kind,
            detail: row.detail.into(),
            at: Timestamp::from_ms(row.at_ms),
        }
    }
}

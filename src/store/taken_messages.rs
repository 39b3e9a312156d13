//! Messages that were taken, and callers who are to be called back: each of them once.

use sqlx::FromRow;

use super::row::{RowOf, containing, storable};
use super::{Db, Error, by_id, page};
use crate::domain::{CallId, Pii, TakenKind, TakenMessage, TakenMessageId, TenantId, Timestamp};

/// The columns of a [`MessageRow`].
macro_rules! columns {
    () => {
        "id, tenant_id, call_id, kind, caller_party, caller_name, callback, reason, urgency,
        is_read, created_at_ms"
    };
}

/// Which messages are wanted; all of them by default.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Filter {
    /// Only those that somebody has, or nobody has, attended to.
    pub is_read: Option<bool>,
    /// Only those of this kind.
    pub kind: Option<TakenKind>,
    /// Only those that have this in their words or numbers, in any case.
    pub search: Option<String>,
}

/// Writes a message down, the `ordinal`th wish of its call; whether it is new.
pub async fn insert(
    db: impl Into<Db<'_>>,
    new: &TakenMessage,
    ordinal: i64,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let caller = new.caller.to_text();
    let callback = new.callback.as_ref().map(|text| text.expose().as_str());
    let (name, reason) = (new.caller_name.expose(), new.reason.expose());
    let sought = [caller.as_str(), name, callback.unwrap_or_default(), reason].join("\n");
    let done = sqlx::query(INSERT)
        .bind(new.id.to_string())
        .bind(new.tenant_id.to_string())
        .bind(new.call_id.to_string())
        .bind(ordinal)
        .bind(storable(&caller).into_owned())
        .bind(storable(name).into_owned())
        .bind(callback.map(|text| storable(text).into_owned()))
        .bind(storable(reason).into_owned())
        .bind(new.urgency.as_str())
        .bind(i64::from(new.is_read))
        .bind(storable(&sought.to_lowercase()).into_owned())
        .bind(new.created_at.as_ms())
        .bind(new.kind.as_str())
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const INSERT: &str = "
    INSERT INTO taken_messages (id, tenant_id, call_id, ordinal, caller_party, caller_name,
        callback, reason, urgency, is_read, sought, created_at_ms, kind)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT (call_id, ordinal) DO NOTHING";

/// The tenant's message of that id.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: TakenMessageId,
) -> Result<Option<TakenMessage>, Error> {
    by_id::find::<MessageRow, _>(db, FIND, tenant, id).await
}

const FIND: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM taken_messages WHERE tenant_id = $1 AND id = $2"
);

/// The tenant's messages that pass the filter, newest first.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    filter: &Filter,
    page: &page::Request,
) -> Result<page::Page<TakenMessage>, Error> {
    let (at, id) = page.key();
    let search = filter.search.as_deref();
    let mut conn = db.into().read().await?;
    let rows: Vec<MessageRow> = sqlx::query_as(LIST)
        .bind(tenant.to_string())
        .bind(at)
        .bind(id)
        .bind(page.rows())
        .bind(filter.is_read.map(i64::from))
        .bind(search.map(|text| containing(&text.to_lowercase())))
        .bind(filter.kind.map(TakenKind::as_str))
        .fetch_all(&mut *conn)
        .await?;
    page.page(rows, |row| (row.created_at_ms, &row.id))
}

const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM taken_messages WHERE tenant_id = $1 AND (created_at_ms, id) < ($2, $3)
        AND ($5 IS NULL OR is_read = $5)
        AND ($6 IS NULL OR sought LIKE $6 ESCAPE '\\')
        AND ($7 IS NULL OR kind = $7)
    ORDER BY created_at_ms DESC, id DESC LIMIT $4"
);

/// Writes whether somebody has attended to the tenant's message of that id;
/// whether there is one.
pub async fn mark(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: TakenMessageId,
    is_read: bool,
) -> Result<bool, Error> {
    by_id::mark(db, MARK, tenant, (id, is_read)).await
}

const MARK: &str = "UPDATE taken_messages SET is_read = $3 WHERE tenant_id = $1 AND id = $2";

/// Somebody has spoken with the caller of the tenant's call after all, or will
/// hear what they have left: nobody need call them back.
pub async fn settle_call_back(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    call: CallId,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(SETTLE_CALL_BACK)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const SETTLE_CALL_BACK: &str = "
    UPDATE taken_messages SET is_read = 1
    WHERE tenant_id = $1 AND call_id = $2 AND kind = 'call_back'";

/// Deletes the tenant's message of that id; whether there was one.
pub async fn delete(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: TakenMessageId,
) -> Result<bool, Error> {
    by_id::delete(db, DELETE, tenant, id).await
}

const DELETE: &str = "DELETE FROM taken_messages WHERE tenant_id = $1 AND id = $2";

#[derive(FromRow)]
struct MessageRow {
    id: String,
    tenant_id: String,
    call_id: String,
    kind: String,
    caller_party: String,
    caller_name: String,
    callback: Option<String>,
    reason: String,
    urgency: String,
    is_read: i64,
    created_at_ms: i64,
}

impl TryFrom<MessageRow> for TakenMessage {
    type Error = Error;

    fn try_from(row: MessageRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "taken_messages",
            id: &row.id,
        };
        let Ok(caller) = row.caller_party.parse();
        Ok(Self {
            id: at.parse(&row.id)?,
            tenant_id: at.parse(&row.tenant_id)?,
            call_id: at.parse(&row.call_id)?,
            kind: at.parse(&row.kind)?,
            caller,
            urgency: at.parse(&row.urgency)?,
            is_read: at.truth(row.is_read)?,
            created_at: Timestamp::from_ms(row.created_at_ms),
            caller_name: Pii::new(row.caller_name),
            callback: row.callback.map(Pii::new),
            reason: Pii::new(row.reason),
        })
    }
}

//! Who changed what: written with the change, and never changed itself.

use sqlx::FromRow;

use super::row::RowOf;
use super::{Db, Error, page};
use crate::domain::{AuditId, TenantId, Timestamp};

/// One change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditEntry {
    /// Its name in the database.
    pub id: AuditId,
    /// Whose house was changed.
    pub tenant_id: TenantId,
    /// The user or the key that did it.
    pub actor: String,
    /// What was done, such as `user.updated`.
    pub action: String,
    /// To what.
    pub object: String,
    /// The names of the fields that were given.
    pub fields: Vec<String>,
    /// The request that asked for it.
    pub request_id: String,
    /// When.
    pub at: Timestamp,
}

/// Writes a change down; in the [`Tx`](super::Tx) of the change itself, so
/// that neither is there without the other.
pub async fn insert(db: impl Into<Db<'_>>, entry: &AuditEntry) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(INSERT)
        .bind(entry.id.to_string())
        .bind(entry.tenant_id.to_string())
        .bind(&entry.actor)
        .bind(&entry.action)
        .bind(&entry.object)
        .bind(entry.fields.join(" "))
        .bind(&entry.request_id)
        .bind(entry.at.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const INSERT: &str = "
    INSERT INTO audit_log (id, tenant_id, actor, action, object, fields, request_id, at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// What somebody did to something.
#[derive(Clone, Copy, Debug)]
pub struct Deed<'a> {
    /// The user or the key that did it.
    pub actor: &'a str,
    /// Such as `recording.played`.
    pub action: &'a str,
    /// To what.
    pub object: &'a str,
}

/// Whether that was written down in the tenant's house after `since`.
pub async fn has_since(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    deed: &Deed<'_>,
    since: Timestamp,
) -> Result<bool, Error> {
    let mut conn = db.into().read().await?;
    let found: Option<i64> = sqlx::query_scalar(HAS_SINCE)
        .bind(tenant.to_string())
        .bind(since.as_ms())
        .bind(deed.actor)
        .bind(deed.action)
        .bind(deed.object)
        .fetch_optional(&mut *conn)
        .await?;
    Ok(found.is_some())
}

const HAS_SINCE: &str = "
    SELECT CAST(1 AS BIGINT) FROM audit_log
    WHERE tenant_id = $1 AND at_ms > $2 AND actor = $3 AND action = $4 AND object = $5
    LIMIT 1";

/// The changes of the tenant's house, newest first.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    page: &page::Request,
) -> Result<page::Page<AuditEntry>, Error> {
    page::of_tenant(db, LIST, tenant, page, |row: &AuditRow| {
        (row.at_ms, &row.id)
    })
    .await
}

const LIST: &str = "
    SELECT id, tenant_id, actor, action, object, fields, request_id, at_ms
    FROM audit_log WHERE tenant_id = $1 AND (at_ms, id) < ($2, $3)
    ORDER BY at_ms DESC, id DESC LIMIT $4";

#[derive(FromRow)]
struct AuditRow {
    id: String,
    tenant_id: String,
    actor: String,
    action: String,
    object: String,
    fields: String,
    request_id: String,
    at_ms: i64,
}

impl TryFrom<AuditRow> for AuditEntry {
    type Error = Error;

    fn try_from(row: AuditRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "audit_log",
            id: &row.id,
        };
        Ok(Self {
            id: at.parse(&row.id)?,
            tenant_id: at.parse(&row.tenant_id)?,
            actor: row.actor,
            action: row.action,
            object: row.object,
            fields: row.fields.split_whitespace().map(str::to_owned).collect(),
            request_id: row.request_id,
            at: Timestamp::from_ms(row.at_ms),
        })
    }
}

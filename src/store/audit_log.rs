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
    /// Whose house was changed, or with whom the operator's keys are kept.
    pub tenant_id: TenantId,
    /// Whether the platform's operator did it.
    pub is_by_platform: bool,
    /// Whether it was done to the platform, and to no tenant's house.
    pub is_of_platform: bool,
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
        .bind(i64::from(entry.is_by_platform))
        .bind(i64::from(entry.is_of_platform))
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const INSERT: &str = "
    INSERT INTO audit_log (id, tenant_id, actor, action, object, fields, request_id, at_ms,
        is_by_platform, is_of_platform)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

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

/// The changes of the tenant's house, newest first; not those of the platform itself.
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

/// The columns of an [`AuditRow`], and where they are.
macro_rules! rows {
    () => {
        "SELECT id, tenant_id, actor, action, object, fields, request_id, at_ms,
            is_by_platform, is_of_platform
        FROM audit_log"
    };
}

const LIST: &str = concat!(
    rows!(),
    " WHERE tenant_id = $1 AND is_of_platform = 0 AND (at_ms, id) < ($2, $3)
    ORDER BY at_ms DESC, id DESC LIMIT $4"
);

/// What the platform's operators changed, whatever house it was, newest first. For them.
pub async fn list_by_platform(
    db: impl Into<Db<'_>>,
    page: &page::Request,
) -> Result<page::Page<AuditEntry>, Error> {
    let (at, id) = page.key();
    let mut conn = db.into().read().await?;
    let rows = sqlx::query_as(LIST_BY_PLATFORM)
        .bind(at)
        .bind(id)
        .bind(page.rows())
        .fetch_all(&mut *conn)
        .await?;
    page.page(rows, |row: &AuditRow| (row.at_ms, &row.id))
}

const LIST_BY_PLATFORM: &str = concat!(
    rows!(),
    " WHERE is_by_platform = 1 AND (at_ms, id) < ($1, $2)
    ORDER BY at_ms DESC, id DESC LIMIT $3"
);

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
    is_by_platform: i64,
    is_of_platform: i64,
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
            is_by_platform: row.is_by_platform != 0,
            is_of_platform: row.is_of_platform != 0,
            actor: row.actor,
            action: row.action,
            object: row.object,
            fields: row.fields.split_whitespace().map(str::to_owned).collect(),
            request_id: row.request_id,
            at: Timestamp::from_ms(row.at_ms),
        })
    }
}

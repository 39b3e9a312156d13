//! Tenants, and who answers for them by default.

use sqlx::{AnyConnection, Connection};

use super::row::RowOf;
use super::{Db, Error, Tx, page, seed};
use crate::domain::{ReceptionistId, Tenant, TenantId, Timestamp};

/// Adds a tenant.
///
/// A default receptionist has to be there when the transaction ends, so it is
/// named here only if it is added in the same [`Tx`].
pub async fn insert(
    db: impl Into<Db<'_>>,
    tenant: &Tenant,
    created_at: Timestamp,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    sqlx::query(INSERT)
        .bind(tenant.id.to_string())
        .bind(&tenant.name)
        .bind(&tenant.time_zone)
        .bind(created_at.as_ms())
        .execute(&mut *tx)
        .await?;
    if let Some(receptionist) = tenant.default_receptionist {
        sqlx::query(SET_DEFAULT)
            .bind(tenant.id.to_string())
            .bind(receptionist.to_string())
            .execute(&mut *tx)
            .await?;
    }
    Ok(tx.commit().await?)
}

const INSERT: &str =
    "INSERT INTO tenants (id, name, time_zone, created_at_ms) VALUES ($1, $2, $3, $4)";

/// The tenant of that id.
pub async fn find(db: impl Into<Db<'_>>, id: TenantId) -> Result<Option<Tenant>, Error> {
    let mut conn = db.into().read().await?;
    let row: Option<TenantRow> = sqlx::query_as(FIND)
        .bind(id.to_string())
        .fetch_optional(&mut *conn)
        .await?;
    row.map(Tenant::try_from).transpose()
}

const FIND: &str = "
    SELECT tenants.id, name, time_zone, created_at_ms,
        receptionist_id AS default_receptionist_id
    FROM tenants LEFT JOIN default_receptionists ON tenant_id = tenants.id
    WHERE tenants.id = $1";

/// The same, which nobody else changes until `tx` is over.
pub async fn lock(tx: &mut Tx, id: TenantId) -> Result<Option<Tenant>, Error> {
    hold(tx, id).await?;
    find(tx, id).await
}

/// Has whoever else would hold the tenant wait until `tx` is over.
pub async fn hold(tx: &mut Tx, id: TenantId) -> Result<(), Error> {
    let mut conn = Db::from(tx).write().await?;
    hold_on(&mut conn, id).await
}

/// The same, for a transaction on that connection.
pub(super) async fn hold_on(conn: &mut AnyConnection, id: TenantId) -> Result<(), Error> {
    sqlx::query(HOLD).bind(id.to_string()).execute(conn).await?;
    Ok(())
}

// The row is ours until the transaction ends, see `call_change`.
const HOLD: &str = "UPDATE tenants SET id = id WHERE id = $1";

/// The tenants, newest first: for the platform's operator.
pub async fn list(
    db: impl Into<Db<'_>>,
    page: &page::Request,
) -> Result<page::Page<Tenant>, Error> {
    let (at, id) = page.key();
    let mut conn = db.into().read().await?;
    let rows: Vec<TenantRow> = sqlx::query_as(LIST)
        .bind(at)
        .bind(id)
        .bind(page.rows())
        .fetch_all(&mut *conn)
        .await?;
    page.page(rows, |row| (row.created_at_ms, &row.id))
}

const LIST: &str = "
    SELECT tenants.id, name, time_zone, created_at_ms,
        receptionist_id AS default_receptionist_id
    FROM tenants LEFT JOIN default_receptionists ON tenant_id = tenants.id
    WHERE (created_at_ms, tenants.id) < ($1, $2)
    ORDER BY created_at_ms DESC, tenants.id DESC LIMIT $3";

/// Writes the tenant's name and time zone. Whether there is such a tenant.
pub async fn update(db: impl Into<Db<'_>>, tenant: &Tenant) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(UPDATE)
        .bind(tenant.id.to_string())
        .bind(&tenant.name)
        .bind(&tenant.time_zone)
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const UPDATE: &str = "UPDATE tenants SET name = $2, time_zone = $3 WHERE id = $1";

/// The tenant to whom a call belongs if it belongs to nobody else; none before
/// [`Store::seed_defaults`](super::Store::seed_defaults).
pub async fn default_tenant(db: impl Into<Db<'_>>) -> Result<Option<Tenant>, Error> {
    find(db, seed::tenant_id()).await
}

/// Whether there is no other tenant.
pub async fn is_only(db: impl Into<Db<'_>>, tenant: TenantId) -> Result<bool, Error> {
    let mut conn = db.into().read().await?;
    let others: i64 = sqlx::query_scalar(COUNT_OTHERS)
        .bind(tenant.to_string())
        .fetch_one(&mut *conn)
        .await?;
    Ok(others == 0)
}

const COUNT_OTHERS: &str = "SELECT COUNT(*) FROM tenants WHERE id <> $1";

/// Makes a receptionist of the tenant's its default. One that is not the
/// tenant's is [`Error::Dangling`], inside a transaction when it is committed.
pub async fn set_default_receptionist(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    receptionist: ReceptionistId,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(SET_DEFAULT)
        .bind(tenant.to_string())
        .bind(receptionist.to_string())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const SET_DEFAULT: &str = "
    INSERT INTO default_receptionists (tenant_id, receptionist_id) VALUES ($1, $2)
    ON CONFLICT (tenant_id) DO UPDATE SET receptionist_id = excluded.receptionist_id";

#[derive(sqlx::FromRow)]
struct TenantRow {
    id: String,
    name: String,
    time_zone: String,
    created_at_ms: i64,
    default_receptionist_id: Option<String>,
}

impl TryFrom<TenantRow> for Tenant {
    type Error = Error;

    fn try_from(row: TenantRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "tenants",
            id: &row.id,
        };
        Ok(Self {
            id: at.parse(&row.id)?,
            default_receptionist: at.parse_opt(row.default_receptionist_id.as_deref())?,
            name: row.name,
            time_zone: row.time_zone,
        })
    }
}

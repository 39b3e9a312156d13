//! One row of a tenant, by its id.

use std::fmt::Display;

use sqlx::FromRow;
use sqlx::any::AnyRow;

use super::{Db, Error, Tx};
use crate::domain::TenantId;

/// What `sql` selects: of the tenant `$1`, with the id `$2`.
pub(super) async fn find<R, T>(
    db: impl Into<Db<'_>>,
    sql: &'static str,
    tenant: TenantId,
    id: impl Display,
) -> Result<Option<T>, Error>
where
    R: for<'r> FromRow<'r, AnyRow> + Send + Unpin,
    T: TryFrom<R, Error = Error>,
{
    let mut conn = db.into().read().await?;
    let row: Option<R> = sqlx::query_as(sql)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .fetch_optional(&mut *conn)
        .await?;
    row.map(T::try_from).transpose()
}

/// Has whoever else would change the row wait until `tx` is over; `sql` writes
/// nothing new into it: of the tenant `$1`, with the id `$2`. It is found
/// afterwards as the last of them left it.
pub(super) async fn lock(
    tx: &mut Tx,
    sql: &'static str,
    tenant: TenantId,
    id: impl Display,
) -> Result<(), Error> {
    let mut conn = Db::from(tx).write().await?;
    sqlx::query(sql)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

/// Deletes what `sql` says: of the tenant `$1`, with the id `$2`. Whether there
/// was one.
pub(super) async fn delete(
    db: impl Into<Db<'_>>,
    sql: &'static str,
    tenant: TenantId,
    id: impl Display,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(sql)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes what `sql` says: of the tenant `$1`, with the id `$2`, whether it is so
/// as `$3`. Whether there was one.
pub(super) async fn mark(
    db: impl Into<Db<'_>>,
    sql: &'static str,
    tenant: TenantId,
    (id, is_so): (impl Display, bool),
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(sql)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(i64::from(is_so))
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

//! Brings the schema up to date, one process at a time.

use sqlx::AnyPool;
use sqlx::migrate::{MigrateError, Migrator};

use super::Error;

/// In one transaction that excludes every other writer, because SQLite knows
/// no other lock that a second process would respect.
pub(super) async fn sqlite(pool: &AnyPool) -> Result<(), Error> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    MIGRATOR.run(&mut *tx).await.map_err(explain)?;
    Ok(tx.commit().await?)
}

/// Under an advisory lock, a transaction for each migration.
///
/// The lock belongs to the connection, and is not released where a migration
/// fails; so the connection is given up.
pub(super) async fn postgres(pool: &AnyPool) -> Result<(), Error> {
    let mut conn = pool.acquire().await?;
    conn.close_on_drop();
    MIGRATOR.run(&mut *conn).await.map_err(explain)
}

fn explain(error: MigrateError) -> Error {
    let program = MIGRATOR.iter().map(|known| known.version).max();
    let program = program.unwrap_or_default();
    if let MigrateError::VersionMissing(database) = error
        && database > program
    {
        return Error::Newer { database, program };
    }
    Error::Migrate(error)
}

static MIGRATOR: Migrator = sqlx::migrate!();

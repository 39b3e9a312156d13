//! `frontdesk migrate`: the database, up to date.

use anyhow::Context as _;

use super::config::DatabaseConfig;
use crate::clock::Clock;
use crate::domain::Secret;
use crate::store::Store;

/// Brings the database up to date, and gives a fresh one its default tenant.
pub(super) async fn run(config: &DatabaseConfig) -> anyhow::Result<()> {
    let store = open(&config.database_url, &Clock::system()).await?;
    store.close().await;
    tracing::info!("the database is up to date");
    Ok(())
}

/// The database, up to date, for whatever comes next.
pub(super) async fn open(url: &Secret<String>, clock: &Clock) -> anyhow::Result<Store> {
    let store = Store::connect(url.expose()).await;
    let store = store.context("DATABASE_URL cannot be opened")?;
    let migrated = store.migrate().await;
    migrated.context("the database cannot be brought up to date")?;
    let seeded = store.seed_defaults(clock.now()).await;
    seeded.context("the database cannot be given its default tenant")?;
    Ok(store)
}

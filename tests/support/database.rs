//! Databases for tests: every case runs on SQLite and on PostgreSQL.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;

use frontdesk::store::{MasterKey, Seals, Store};
use futures::FutureExt;
use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};
use tempfile::TempDir;
use ulid::Ulid;
use url::Url;

/// Where PostgreSQL may be found, as a user who may make schemas:
/// `postgres://postgres@127.0.0.1:5432/postgres`. At a desk without it the
/// cases run on SQLite alone; where `CI` is set, its absence is a failure.
pub(crate) const POSTGRES_URL: &str = "FRONTDESK_TEST_POSTGRES_URL";

/// A database of its own for one case.
pub(crate) struct Database {
    /// Opened, not migrated.
    pub(crate) store: Store,
    /// For those who open it once more.
    pub(crate) url: String,
    kind: &'static str,
}

impl Database {
    /// Behind the store's back, as an operator with a shell would.
    pub(crate) async fn execute(&self, sql: &str) {
        let mut conn = connect(&self.url).await;
        conn.execute(AssertSqlSafe(sql))
            .await
            .expect("the test speaks SQL");
    }

    /// Why `sql` is refused.
    pub(crate) async fn refused(&self, sql: &str) -> frontdesk::store::Error {
        let mut conn = connect(&self.url).await;
        let pragma = "PRAGMA foreign_keys = ON";
        if self.is_sqlite() {
            conn.execute(pragma).await.expect("the test speaks SQL");
        }
        let refusal = conn.execute(AssertSqlSafe(sql)).await;
        refusal.expect_err("it is refused").into()
    }

    /// Brings the schema up to the migration of that number and no further, as a
    /// program of that time did.
    pub(crate) async fn migrate_to(&self, version: i64) {
        let mut conn = connect(&self.url).await;
        let migrated = sqlx::migrate!().run_to(version, &mut conn).await;
        migrated.expect("the schema is made");
    }

    /// The number that `sql` finds.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let mut conn = connect(&self.url).await;
        sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut conn)
            .await
            .expect("the test asks for a number")
    }

    /// The text that `sql` finds.
    pub(crate) async fn text(&self, sql: &str) -> String {
        let mut conn = connect(&self.url).await;
        sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut conn)
            .await
            .expect("the test asks for a text")
    }

    /// Whether this is SQLite, where it makes a difference to the case.
    pub(crate) fn is_sqlite(&self) -> bool {
        self.kind == "SQLite"
    }

    async fn open(kind: &'static str, url: String) -> Self {
        let store = Store::connect(&url).await.expect("the database opens");
        let store = store.with_seals(Seals::new([&MasterKey::random()]));
        Self { store, url, kind }
    }
}

/// Where the PostgreSQL of that URL listens.
pub(super) fn postgres_of(url: &str) -> SocketAddr {
    let url: Url = url.parse().expect("it is a URL");
    let there = url.socket_addrs(|| Some(5_432));
    there.expect("its host is known")[0]
}

/// The same PostgreSQL, by another way.
pub(super) fn postgres_at(url: &str, way: SocketAddr) -> String {
    let mut url: Url = url.parse().expect("it is a URL");
    url.set_ip_host(way.ip()).expect("it may have a host");
    url.set_port(Some(way.port())).expect("it may have a port");
    url.into()
}

/// Runs `case` on each database, migrated and otherwise empty.
pub(crate) async fn on_each_database(case: impl AsyncFn(&Database)) {
    on_each_bare_database(async |db| migrated(db, &case).await).await;
}

/// The same, where the case is about PostgreSQL or the line to it.
pub(crate) async fn on_postgres_alone(case: impl AsyncFn(&Database)) {
    on_bare_postgres_alone(async |db| migrated(db, &case).await).await;
}

async fn migrated(db: &Database, case: &impl AsyncFn(&Database)) {
    db.store.migrate().await.expect("the schema is made");
    Box::pin(case(db)).await;
}

/// Runs `case` on each database as it is found on the first day.
pub(crate) async fn on_each_bare_database(case: impl AsyncFn(&Database)) {
    on_sqlite(&case).await;
    on_bare_postgres_alone(case).await;
}

/// Runs `case` on PostgreSQL as it is found on the first day.
pub(crate) async fn on_bare_postgres_alone(case: impl AsyncFn(&Database)) {
    match std::env::var(POSTGRES_URL) {
        Ok(url) => on_postgres(&url, &case).await,
        Err(_) => assert!(
            std::env::var_os("CI").is_none(),
            "{POSTGRES_URL} is not set, and these cases are to run on PostgreSQL too"
        ),
    }
}

async fn on_sqlite(case: &impl AsyncFn(&Database)) {
    let folder = TempDir::new().expect("there is a folder for temporary files");
    let path = folder.path().join("frontdesk.db");
    let url = format!("sqlite://{}", path.display());
    run(&Database::open("SQLite", url).await, case).await;
}

/// In a schema of its own, which is dropped whatever happens.
async fn on_postgres(base: &str, case: &impl AsyncFn(&Database)) {
    install_default_drivers();
    let random = u128::from_le_bytes(frontdesk::clock::random_bytes());
    let schema = format!("frontdesk_test_{}", Ulid::from(random)).to_lowercase();
    let mut conn = connect(base).await;
    let create = format!("CREATE SCHEMA {schema}");
    conn.execute(AssertSqlSafe(create))
        .await
        .expect("the user may make schemas");

    let separator = if base.contains('?') { '&' } else { '?' };
    let url =
        format!("{base}{separator}options=-csearch_path%3D{schema}%20-csynchronous_commit%3Doff");
    let db = Database::open("PostgreSQL", url).await;
    let outcome = AssertUnwindSafe(run(&db, case)).catch_unwind().await;

    db.store.close().await;
    let drop = format!("DROP SCHEMA {schema} CASCADE");
    conn.execute(AssertSqlSafe(drop))
        .await
        .expect("nobody uses the schema any more");
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// A panic does not say on which database it happened; this does.
async fn run(db: &Database, case: &impl AsyncFn(&Database)) {
    let outcome = AssertUnwindSafe(case(db)).catch_unwind().await;
    db.store.close().await;
    assert!(outcome.is_ok(), "on {}: see the panic above", db.kind);
}

async fn connect(url: &str) -> AnyConnection {
    AnyConnection::connect(url)
        .await
        .expect("the database can be reached")
}

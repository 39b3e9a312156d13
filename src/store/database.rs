//! The way to the database: pools, transactions, and where a query runs.

use std::future::ready;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Any, AnyConnection, AnyPool, Connection as _, Executor, Row as _};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::silence::silent;
use super::{Error, Seals, migrate, seed};
use crate::domain::Timestamp;

/// The database. Cloning it is cheap; all clones share the connections.
#[derive(Clone)]
pub struct Store {
    kind: Kind,
    readers: AnyPool,
    writers: AnyPool,
    /// Rings when a transaction that asked for work is committed.
    bell: Arc<Notify>,
    seals: Seals,
}

impl Store {
    /// Opens `sqlite://path`, making the file and its folder where they are
    /// missing, or `postgres://user@host/name`. Waits for one connection, not
    /// for ever; does not [migrate](Self::migrate).
    ///
    /// `sqlite::memory:` works, with one connection for everything: who holds
    /// a [`Tx`] and asks the store beside it, waits in vain.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        sqlx::any::install_default_drivers();
        match url.split_once(':') {
            Some(("sqlite", rest)) => Self::connect_sqlite(rest).await,
            Some(("postgres" | "postgresql", _)) => Self::connect_postgres(url).await,
            Some(_) | None => Err(Error::Url),
        }
    }

    /// The same, keeping secrets with `seals`; before that, it keeps none.
    #[must_use]
    pub fn with_seals(self, seals: Seals) -> Self {
        Self { seals, ..self }
    }

    /// What seals the secrets of tenants.
    pub fn seals(&self) -> &Seals {
        &self.seals
    }

    /// The file that `url` names; none where the database is in memory, or is not
    /// SQLite's.
    pub fn file(url: &str) -> Option<PathBuf> {
        let rest = url.strip_prefix("sqlite:")?;
        let (path, _) = sqlite_path(rest)?;
        let file = SqliteConnectOptions::from_str(path).ok()?;
        Some(file.get_filename().to_owned())
    }

    /// Brings the schema up to date: all of it or, if it fails, nothing of
    /// the migration that failed. Processes that do this at the same time wait
    /// for each other. A schema newer than this program is [`Error::Newer`].
    pub async fn migrate(&self) -> Result<(), Error> {
        match self.kind {
            Kind::Sqlite => migrate::sqlite(&self.writers).await,
            Kind::Postgres => migrate::postgres(&self.writers).await,
        }
    }

    /// Gives a fresh database its default tenant and receptionist, so that it
    /// answers any call. Changes nothing where the default tenant is there,
    /// however it has been edited since; several processes may try at once.
    pub async fn seed_defaults(&self, now: Timestamp) -> Result<(), Error> {
        seed::defaults(self, now).await
    }

    /// Begins a transaction, undone unless it is [committed](Tx::commit).
    pub async fn begin(&self) -> Result<Tx, Error> {
        let begin = match self.kind {
            // A deferred transaction that reads first and writes later fails
            // if anybody wrote in between; an immediate one waits its turn.
            Kind::Sqlite => "BEGIN IMMEDIATE",
            Kind::Postgres => "BEGIN",
        };
        Ok(Tx {
            inner: self.writers.begin_with(begin).await?,
            bell: Arc::clone(&self.bell),
            rings: false,
        })
    }

    /// Waits until this process has asked for [work](super::jobs::enqueue),
    /// which it may have done since somebody last waited.
    pub async fn work_asked_for(&self) {
        self.bell.notified().await;
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        self.readers.execute("SELECT 1").await?;
        Ok(())
    }

    /// Waits for what is under way and closes every connection.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }

    async fn connect_sqlite(rest: &str) -> Result<Self, Error> {
        let Some((path, query)) = sqlite_path(rest) else {
            let pool = pool(1).after_connect(|conn, _| Box::pin(tune(conn, WRITER)));
            let pool = pool.connect_with(options("sqlite::memory:")?).await?;
            return Ok(Self::new(Kind::Sqlite, pool.clone(), pool));
        };
        // The driver reads a path as URLs are read, %20 and all; so must we.
        let file = SqliteConnectOptions::from_str(path).map_err(|_| Error::Url)?;
        if let Some(folder) = file.get_filename().parent() {
            tokio::fs::create_dir_all(folder)
                .await
                .map_err(Error::Folder)?;
        }
        let given = if query.is_empty() {
            String::new()
        } else {
            format!("&{query}")
        };
        // The writer comes first: it makes the file and turns on the WAL.
        let writers = pool(1)
            .after_connect(|conn, _| Box::pin(tune(conn, WRITER)))
            // SQLite undoes a transaction by itself that finds the disk full. The driver does
            // not know of it: on this connection it would never begin another one.
            .before_acquire(|conn, _| Box::pin(ready(Ok(!conn.is_in_transaction()))))
            .connect_with(options(&format!("sqlite:{path}?mode=rwc{given}"))?)
            .await?;
        let readers = pool(SQLITE_READERS)
            .after_connect(|conn, _| Box::pin(tune(conn, READER)))
            .connect_with(options(&format!("sqlite:{path}?mode=rw{given}"))?)
            .await?;
        Ok(Self::new(Kind::Sqlite, readers, writers))
    }

    async fn connect_postgres(url: &str) -> Result<Self, Error> {
        let pool = AnyPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .after_connect(|conn, _| Box::pin(have_heed(conn)))
            // In place of the driver's own question.
            .test_before_acquire(false)
            .before_acquire(|conn, _| Box::pin(is_free(conn)))
            // The driver closes what is old, or asks again whether it is alive, and on a dead
            // line it waits for ever, with the place in the pool. This costs a round trip
            // that nobody waits for.
            .max_lifetime(None)
            .after_release(|conn, meta| Box::pin(is_alive(conn, meta.age)))
            .connect_with(options(url)?)
            .await?;
        Ok(Self::new(Kind::Postgres, pool.clone(), pool))
    }

    fn new(kind: Kind, readers: AnyPool, writers: AnyPool) -> Self {
        Self {
            kind,
            readers,
            writers,
            bell: Arc::new(Notify::new()),
            seals: Seals::default(),
        }
    }
}

/// Path and query of what follows `sqlite:`; none where it is to be in memory.
fn sqlite_path(rest: &str) -> Option<(&str, &str)> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let is_memory = path.is_empty() || path == ":memory:" || query.contains("mode=memory");
    (!is_memory).then_some((path, query))
}

/// A transaction. Dropped without [`Tx::commit`], it never happened.
pub struct Tx {
    inner: sqlx::Transaction<'static, Any>,
    bell: Arc<Notify>,
    rings: bool,
}

impl Tx {
    /// Makes it last. References that wait for the commit are checked here.
    pub async fn commit(self) -> Result<(), Error> {
        self.inner.commit().await?;
        if self.rings {
            self.bell.notify_one();
        }
        Ok(())
    }

    /// Whoever waits for work is woken by the commit.
    pub(super) fn ring_at_commit(&mut self) {
        self.rings = true;
    }
}

/// Where a query runs: `&Store`, each query by itself, or `&mut Tx`.
pub struct Db<'a>(Source<'a>);

impl<'a> Db<'a> {
    /// A connection to read with.
    pub(super) async fn read(self) -> Result<Conn<'a>, Error> {
        match self.0 {
            Source::Store(store) => Ok(Conn::Pooled(store.readers.acquire().await?)),
            Source::Held(conn) => Ok(Conn::Held(conn)),
        }
    }

    /// A connection to write with, and to read what was just written.
    pub(super) async fn write(self) -> Result<Conn<'a>, Error> {
        match self.0 {
            Source::Store(store) => Ok(Conn::Pooled(store.writers.acquire().await?)),
            Source::Held(conn) => Ok(Conn::Held(conn)),
        }
    }
}

impl<'a> From<&'a Store> for Db<'a> {
    fn from(store: &'a Store) -> Self {
        Self(Source::Store(store))
    }
}

impl<'a> From<&'a mut Tx> for Db<'a> {
    fn from(tx: &'a mut Tx) -> Self {
        Self(Source::Held(&mut tx.inner))
    }
}

/// A connection for as long as a function needs it.
pub(super) enum Conn<'a> {
    Pooled(PoolConnection<Any>),
    Held(&'a mut AnyConnection),
}

impl Deref for Conn<'_> {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        match self {
            Self::Pooled(conn) => conn,
            Self::Held(conn) => conn,
        }
    }
}

impl DerefMut for Conn<'_> {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        match self {
            Self::Pooled(conn) => conn,
            Self::Held(conn) => conn,
        }
    }
}

enum Source<'a> {
    Store(&'a Store),
    Held(&'a mut AnyConnection),
}

#[derive(Clone, Copy)]
enum Kind {
    Sqlite,
    Postgres,
}

fn options(url: &str) -> Result<AnyConnectOptions, Error> {
    url.parse().map_err(|_| Error::Url)
}

/// A pool for SQLite. Its connections stay: a file does not go away, and a
/// database in memory goes with its connection. Nor are they asked whether they are still
/// there, which takes another thread as long as many a statement does.
fn pool(connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .test_before_acquire(false)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
}

async fn tune(conn: &mut AnyConnection, pragmas: &'static str) -> sqlx::Result<()> {
    conn.execute(pragmas).await?;
    Ok(())
}

/// Has PostgreSQL heed whether we are still there while it waits for a lock. Of what we have
/// given up it would keep the connection, where we have opened another.
async fn have_heed(conn: &mut AnyConnection) -> sqlx::Result<()> {
    match conn.execute(HEED).await {
        // Not every system that it runs on can tell.
        Ok(_) | Err(sqlx::Error::Database(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether PostgreSQL answers, and is in no transaction here. Whoever loses patience while
/// one begins leaves it open, and the driver does not know of it.
async fn is_free(conn: &mut AnyConnection) -> sqlx::Result<bool> {
    let row = conn.fetch_one("SELECT now() = statement_timestamp()");
    match timeout(CHECK_TIMEOUT, row).await {
        Ok(row) => row?.try_get(0),
        Err(_) => Err(let_go(conn).await),
    }
}

/// Whether PostgreSQL has answered all that it was asked here, whoever waited for it, and the
/// connection is to stay.
async fn is_alive(conn: &mut AnyConnection, age: Duration) -> sqlx::Result<bool> {
    match timeout(CHECK_TIMEOUT, conn.ping()).await {
        Ok(answer) => answer.map(|()| age < POSTGRES_LIFETIME),
        Err(_) => Err(let_go(conn).await),
    }
}

/// Lets a dead line go, as an error. The driver would close it in good order, and wait for
/// the other end to agree: it is given one in its place that closes at once.
async fn let_go(conn: &mut AnyConnection) -> sqlx::Error {
    match AnyConnection::connect("sqlite::memory:").await {
        Ok(nothing) => {
            *conn = nothing;
            silent()
        }
        Err(error) => error,
    }
}

/// Longer than SQLite's busy time-out, so that who waits behind a writer that
/// waits learns of the real cause.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Far longer than a PostgreSQL takes that is there. Shorter than a caller waits for an
/// answer: with one dead line there is time for another.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// SQLite has one writer at a time anyway; queueing here is fair, and there
/// it is not.
const SQLITE_READERS: u32 = 4;

/// A tenth of what PostgreSQL admits by default: room for several gateways.
const POSTGRES_CONNECTIONS: u32 = 10;

/// What a process of PostgreSQL has gathered by then is given back.
const POSTGRES_LIFETIME: Duration = Duration::from_mins(30);

/// Every two seconds, since PostgreSQL 14.
const HEED: &str = "SELECT set_config(name, '2000', false) FROM pg_settings
    WHERE name = 'client_connection_check_interval'";

/// With a WAL, NORMAL survives the end of the process at any instruction; only
/// a loss of power may take the last commits, never the consistency.
///
/// Each connection keeps pages of its own. What is read again the system has kept as
/// well, so little is lost where they are few: half a MiB instead of two.
const WRITER: &str = "PRAGMA busy_timeout = 5000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA foreign_keys = ON;
    PRAGMA cache_size = -512;";

const READER: &str = "PRAGMA busy_timeout = 5000;
    PRAGMA query_only = ON;
    PRAGMA cache_size = -512;";

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[tokio::test]
    async fn d3_a_database_that_was_full_is_written_as_soon_as_there_is_room() {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite://{}", folder.path().join("full.db").display());
        let store = Store::connect(&url).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        let full = [
            "CREATE TABLE things (thing BLOB)",
            "PRAGMA max_page_count = 8",
        ];
        for sql in full {
            tx.inner.execute(sql).await.unwrap();
        }
        let large = "INSERT INTO things VALUES (zeroblob(100000))";
        let error = Error::from(tx.inner.execute(large).await.unwrap_err());
        assert!(error.is_outage(), "{error:?}");
        drop(tx);
        for _ in 0..2 {
            let mut tx = store.begin().await.unwrap();
            let sql = "CREATE TABLE IF NOT EXISTS things (thing BLOB)";
            tx.inner.execute(sql).await.unwrap();
            tx.inner.execute(large).await.unwrap();
            tx.commit().await.unwrap();
        }
        store.close().await;
    }
}

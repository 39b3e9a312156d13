//! Work that outlives a process: asked for once, done by whoever comes first.

use std::time::Duration;

use sqlx::{AnyConnection, FromRow};

use super::row::{RowOf, millis, storable};
use super::{Db, Error, Tx};
use crate::domain::{JobKind, TenantId, Timestamp};

/// Work to be done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewJob<'a> {
    /// What.
    pub kind: JobKind,
    /// What the same work would have again; unique within the kind.
    pub key: &'a str,
    /// Whose work it is; nobody's where it is the house's own.
    pub tenant: Option<TenantId>,
    /// What else must be known to do it.
    pub payload: &'a str,
    /// Not before.
    pub run_at: Timestamp,
}

/// Work that somebody does at this moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClaimedJob {
    /// What.
    pub kind: JobKind,
    /// Its name within the kind.
    pub key: String,
    /// Whose work it is.
    pub tenant: Option<TenantId>,
    /// What else must be known to do it.
    pub payload: String,
    /// How often it was begun since it last went well; 1 at first.
    pub attempts: u32,
    /// When it was to be done.
    pub run_at: Timestamp,
    turn: i64,
}

/// How much work of a kind waits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Waiting {
    /// Of which kind.
    pub kind: JobKind,
    /// How many jobs, those of a later time included.
    pub jobs: i64,
    /// When the oldest of them was to be done.
    pub oldest: Timestamp,
}

/// Asks for work, in the transaction of the change that causes it; whoever
/// waits for [work](super::Store::work_asked_for) is woken by the commit.
/// Whether nobody has asked for it before.
pub async fn enqueue(tx: &mut Tx, job: &NewJob<'_>, now: Timestamp) -> Result<bool, Error> {
    tx.ring_at_commit();
    let mut conn = Db::from(tx).write().await?;
    write(&mut conn, job, now).await
}

/// The same for work of a later time, which nobody has to be woken for.
pub(super) async fn write(
    conn: &mut AnyConnection,
    job: &NewJob<'_>,
    now: Timestamp,
) -> Result<bool, Error> {
    let done = sqlx::query(ENQUEUE)
        .bind(job.kind.as_str())
        .bind(job.key)
        .bind(job.tenant.map(|tenant| tenant.to_string()))
        .bind(job.payload)
        .bind(job.run_at.as_ms())
        .bind(now.as_ms())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const ENQUEUE: &str = "
    INSERT INTO jobs (kind, job_key, tenant_id, payload, run_at_ms, created_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (kind, job_key) DO NOTHING";

/// Takes at most `limit` jobs of these kinds that are to be done by `now`, for
/// as long as `lease` says; who has not told by then what became of one is
/// taken for dead, and it is done again.
///
/// **Invariant:** of however many who claim at the same time, each job goes to
/// one. Somebody who was a moment too late may get fewer than there are.
pub async fn claim(
    db: impl Into<Db<'_>>,
    kinds: &[JobKind],
    (now, lease): (Timestamp, Duration),
    limit: usize,
) -> Result<Vec<ClaimedJob>, Error> {
    let mut conn = db.into().write().await?;
    let rows: Vec<JobRow> = sqlx::query_as(CLAIM)
        .bind(now.as_ms())
        .bind(now.plus_ms(millis(lease)).as_ms())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .bind(listed(kinds))
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(ClaimedJob::try_from).collect()
}

// Who waited for another's claim of the same row looks at the row again, and
// finds that it is not free any more.
const CLAIM: &str = "
    UPDATE jobs SET locked_until_ms = $2, attempts = attempts + 1, turn = turn + 1
    WHERE finished_at_ms IS NULL AND run_at_ms <= $1 AND locked_until_ms <= $1
        AND (kind, job_key) IN (
            SELECT kind, job_key FROM jobs
            WHERE finished_at_ms IS NULL AND run_at_ms <= $1 AND locked_until_ms <= $1
                AND $4 LIKE '%,' || kind || ',%'
            ORDER BY run_at_ms, kind, job_key LIMIT $3)
    RETURNING kind, job_key, tenant_id, payload, attempts, run_at_ms, turn";

/// When the next job of these kinds may be begun; none if none waits.
pub async fn next_at(db: impl Into<Db<'_>>, kinds: &[JobKind]) -> Result<Option<Timestamp>, Error> {
    let mut conn = db.into().read().await?;
    let at: Option<i64> = sqlx::query_scalar(NEXT_AT)
        .bind(listed(kinds))
        .fetch_one(&mut *conn)
        .await?;
    Ok(at.map(Timestamp::from_ms))
}

const NEXT_AT: &str = "
    SELECT MIN(CASE WHEN locked_until_ms > run_at_ms THEN locked_until_ms ELSE run_at_ms END)
    FROM jobs WHERE finished_at_ms IS NULL AND $1 LIKE '%,' || kind || ',%'";

/// Brings nearer what lies further away than it can: whose turn comes again in `every_ms`
/// has it by then, and nobody keeps a job for longer than `lease`. A clock that was set
/// back has made it so.
pub async fn rein_in(
    db: impl Into<Db<'_>>,
    kinds: &[JobKind],
    (now, lease): (Timestamp, Duration),
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query("UPDATE jobs SET locked_until_ms = $1 WHERE locked_until_ms > $1")
        .bind(now.plus_ms(millis(lease)).as_ms())
        .execute(&mut *conn)
        .await?;
    for kind in kinds {
        let Some(every_ms) = kind.every_ms() else {
            continue;
        };
        sqlx::query("UPDATE jobs SET run_at_ms = $2 WHERE kind = $1 AND run_at_ms > $2")
            .bind(kind.as_str())
            .bind(now.plus_ms(every_ms).as_ms())
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// It is done. Whether it still was the claimer's to say so.
pub async fn finish(
    db: impl Into<Db<'_>>,
    job: &ClaimedJob,
    now: Timestamp,
) -> Result<bool, Error> {
    end(db, job, now, None).await
}

/// Nobody is to try any more. Whether it still was the claimer's to say so.
pub async fn bury(
    db: impl Into<Db<'_>>,
    job: &ClaimedJob,
    now: Timestamp,
    error: &str,
) -> Result<bool, Error> {
    end(db, job, now, Some(error)).await
}

async fn end(
    db: impl Into<Db<'_>>,
    job: &ClaimedJob,
    now: Timestamp,
    error: Option<&str>,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(END)
        .bind(job.kind.as_str())
        .bind(&job.key)
        .bind(job.turn)
        .bind(now.as_ms())
        .bind(i64::from(error.is_some()))
        .bind(error.map(|error| storable(error).into_owned()))
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

// Of what is done, what it was told is of use to nobody, and may be private.
const END: &str = "
    UPDATE jobs SET finished_at_ms = $4, is_buried = $5, last_error = $6,
        payload = CASE WHEN CAST($5 AS BIGINT) = 0 THEN '' ELSE payload END
    WHERE kind = $1 AND job_key = $2 AND turn = $3 AND finished_at_ms IS NULL";

/// It went well, and is to be done once more at `at`. Whether it still was the
/// claimer's to say so.
pub async fn again(db: impl Into<Db<'_>>, job: &ClaimedJob, at: Timestamp) -> Result<bool, Error> {
    wait(db, job, at, None).await
}

/// It did not go well, and is tried again at `at`. Whether it still was the
/// claimer's to say so.
pub async fn retry(
    db: impl Into<Db<'_>>,
    job: &ClaimedJob,
    at: Timestamp,
    error: &str,
) -> Result<bool, Error> {
    wait(db, job, at, Some(error)).await
}

async fn wait(
    db: impl Into<Db<'_>>,
    job: &ClaimedJob,
    at: Timestamp,
    error: Option<&str>,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(WAIT)
        .bind(job.kind.as_str())
        .bind(&job.key)
        .bind(job.turn)
        .bind(at.as_ms())
        .bind(error.map_or(0, |_| i64::from(job.attempts)))
        .bind(error.map(|error| storable(error).into_owned()))
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const WAIT: &str = "
    UPDATE jobs SET run_at_ms = $4, locked_until_ms = 0, attempts = $5, last_error = $6
    WHERE kind = $1 AND job_key = $2 AND turn = $3 AND finished_at_ms IS NULL";

/// What waits, by kind. Of kinds that this program does not know, nothing.
pub async fn waiting(db: impl Into<Db<'_>>) -> Result<Vec<Waiting>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<WaitingRow> = sqlx::query_as(WAITING).fetch_all(&mut *conn).await?;
    let known = rows.into_iter().filter_map(|row| {
        Some(Waiting {
            kind: row.kind.parse().ok()?,
            jobs: row.jobs,
            oldest: Timestamp::from_ms(row.oldest_ms),
        })
    });
    Ok(known.collect())
}

const WAITING: &str = "
    SELECT kind, COUNT(*) AS jobs, MIN(run_at_ms) AS oldest_ms FROM jobs
    WHERE finished_at_ms IS NULL GROUP BY kind ORDER BY kind";

/// Forgets at most `limit` of the jobs that were over before `before`; how many
/// they were. Those that were buried stay as long, for somebody to look at.
pub async fn forget_finished(
    db: impl Into<Db<'_>>,
    before: Timestamp,
    limit: u32,
) -> Result<u64, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(FORGET)
        .bind(before.as_ms())
        .bind(i64::from(limit))
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected())
}

const FORGET: &str = "
    DELETE FROM jobs WHERE (kind, job_key) IN (
        SELECT kind, job_key FROM jobs WHERE finished_at_ms < $1 ORDER BY finished_at_ms LIMIT $2)";

/// The names of these kinds, each between commas.
fn listed(kinds: &[JobKind]) -> String {
    let names = kinds.iter().map(|kind| format!("{},", kind.as_str()));
    format!(",{}", names.collect::<String>())
}

#[derive(FromRow)]
struct JobRow {
    kind: String,
    job_key: String,
    tenant_id: Option<String>,
    payload: String,
    attempts: i64,
    run_at_ms: i64,
    turn: i64,
}

impl TryFrom<JobRow> for ClaimedJob {
    type Error = Error;

    fn try_from(row: JobRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "jobs",
            id: &row.job_key,
        };
        Ok(Self {
            kind: at.parse(&row.kind)?,
            tenant: at.parse_opt(row.tenant_id.as_deref())?,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            run_at: Timestamp::from_ms(row.run_at_ms),
            turn: row.turn,
            payload: row.payload,
            key: row.job_key,
        })
    }
}

#[derive(FromRow)]
struct WaitingRow {
    kind: String,
    jobs: i64,
    oldest_ms: i64,
}

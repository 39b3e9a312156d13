//! Recordings of calls: each ends with a file, or with a reason.

use sqlx::Connection as _;

use super::call_recording_row::{RecordingRow, columns, written};
use super::jobs::{self, NewJob};
use super::row::{RowOf, storable};
use super::{Db, Error, Tx, by_id, forgotten_calls, recording_cost};
use crate::domain::{
    CallId, CallRecording, JobKind, Pause, RecordingFault, RecordingId, RecordingState,
    RecordingTitle, TenantId, Timestamp,
};

/// A recording begins. One that is known already stays as it is.
pub async fn begin(db: impl Into<Db<'_>>, title: &RecordingTitle) -> Result<(), Error> {
    let begun = insert(db, title, (RecordingState::Recording, None)).await;
    begun.map(drop)
}

/// The same for one in that state, which the carrier calls so if it has made it;
/// whether it was not known.
pub(super) async fn insert(
    db: impl Into<Db<'_>>,
    title: &RecordingTitle,
    (state, carrier_sid): (RecordingState, Option<&str>),
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let consent = &title.consent;
    let words = consent.words.as_ref();
    let words = words.map(|words| storable(words.expose()).into_owned());
    let done = sqlx::query(INSERT)
        .bind(title.id.to_string())
        .bind(title.tenant_id.to_string())
        .bind(title.call_id.to_string())
        .bind(state.as_str())
        .bind(title.started_at.as_ms())
        .bind(consent.policy.as_str())
        .bind(consent.answer.as_str())
        .bind(words)
        .bind(consent.at.as_ms())
        .bind(carrier_sid)
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const INSERT: &str = "
    INSERT INTO call_recordings (id, tenant_id, call_id, state, started_at_ms, consent_policy,
        consent_answer, consent_words, consent_at_ms, carrier_sid)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT DO NOTHING";

/// Notes whether a recording that goes on keeps what is said.
pub async fn pause(
    db: impl Into<Db<'_>>,
    (tenant, id): (TenantId, RecordingId),
    is_paused: bool,
) -> Result<(), Error> {
    let state = if is_paused {
        RecordingState::Paused
    } else {
        RecordingState::Recording
    };
    let mut conn = db.into().write().await?;
    sqlx::query(PAUSE)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(state.as_str())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const PAUSE: &str = "
    UPDATE call_recordings SET state = $3
    WHERE tenant_id = $1 AND id = $2 AND state IN ('recording', 'paused')";

/// A recording is over, and a job is to make its file. Written to be run twice.
pub async fn end(
    tx: &mut Tx,
    title: &RecordingTitle,
    fault: Option<RecordingFault>,
    at: Timestamp,
) -> Result<(), Error> {
    begin(&mut *tx, title).await?;
    let mut conn = Db::from(&mut *tx).write().await?;
    sqlx::query(END)
        .bind(title.tenant_id.to_string())
        .bind(title.id.to_string())
        .bind(fault.map(RecordingFault::as_str))
        .execute(&mut *conn)
        .await?;
    drop(conn);
    let job = NewJob {
        kind: JobKind::SpooledRecording,
        key: &title.id.to_string(),
        tenant: Some(title.tenant_id),
        payload: "",
        run_at: at,
    };
    jobs::enqueue(tx, &job, at).await.map(drop)
}

const END: &str = "
    UPDATE call_recordings SET state = 'finalising', fault = COALESCE($3, fault)
    WHERE tenant_id = $1 AND id = $2 AND state IN ('recording', 'paused')";

/// The file of a recording.
#[derive(Clone, Debug)]
pub struct KeptFile<'a> {
    /// Its name among the recordings.
    pub name: &'a str,
    /// What it is.
    pub content_type: &'a str,
    /// How large it is.
    pub bytes: u64,
    /// How long it sounds.
    pub duration_ms: u64,
    /// What was kept out of it.
    pub pauses: &'a [Pause],
    /// How much could not be written in time.
    pub lost_ms: u64,
    /// Why it is not whole.
    pub fault: Option<RecordingFault>,
}

/// The file of a recording is there. False if the recording is not, or was
/// deleted meanwhile: then nobody is to have the file.
pub async fn keep(
    db: impl Into<Db<'_>>,
    (tenant, id): (TenantId, RecordingId),
    file: &KeptFile<'_>,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    let call: Option<String> = sqlx::query_scalar(KEEP)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(file.name)
        .bind(file.content_type)
        .bind(whole(file.bytes))
        .bind(whole(file.duration_ms))
        .bind(written(file.pauses))
        .bind(whole(file.lost_ms))
        .bind(file.fault.map(RecordingFault::as_str))
        .fetch_optional(&mut *tx)
        .await?;
    let Some(call) = call else {
        return Ok(false);
    };
    let at = RowOf {
        table: "call_recordings",
        id: &id.to_string(),
    };
    recording_cost::note(&mut tx, tenant, at.parse(&call)?).await?;
    tx.commit().await?;
    Ok(true)
}

const KEEP: &str = "
    UPDATE call_recordings SET state = 'kept', audio_file = $3, content_type = $4, bytes = $5,
        duration_ms = $6, pauses = $7, lost_ms = $8,
        fault = COALESCE(NULLIF(fault, 'lost'), $9)
    WHERE tenant_id = $1 AND id = $2 AND state <> 'deleted'
    RETURNING call_id";

/// There will never be a file, for this reason if none is known.
pub async fn fail(
    db: impl Into<Db<'_>>,
    (tenant, id): (TenantId, RecordingId),
    fault: RecordingFault,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(FAIL)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(fault.as_str())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const FAIL: &str = "
    UPDATE call_recordings SET state = 'failed', fault = COALESCE(fault, $3)
    WHERE tenant_id = $1 AND id = $2 AND state NOT IN ('deleted', 'kept')";

/// The tenant's recording of that id.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: RecordingId,
) -> Result<Option<CallRecording>, Error> {
    by_id::find::<RecordingRow, _>(db, FIND, tenant, id).await
}

const FIND: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM call_recordings WHERE tenant_id = $1 AND id = $2"
);

/// The recordings of the tenant's call, in the order in which they began.
pub async fn list_of_call(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    call: CallId,
) -> Result<Vec<CallRecording>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<RecordingRow> = sqlx::query_as(LIST_OF_CALL)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(CallRecording::try_from).collect()
}

const LIST_OF_CALL: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM call_recordings WHERE tenant_id = $1 AND call_id = $2 ORDER BY started_at_ms, id"
);

/// At most `limit` of the tenant's recordings that are over and began before
/// `before`, and of those whose call is there no more; the oldest first. One whose file
/// nobody could make in all that time is over, too.
pub async fn list_done(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<CallRecording>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<RecordingRow> = sqlx::query_as(LIST_DONE)
        .bind(tenant.to_string())
        .bind(before.as_ms())
        .bind(i64::from(limit))
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(CallRecording::try_from).collect()
}

const LIST_DONE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM call_recordings
    WHERE tenant_id = $1 AND state IN ('kept', 'failed', 'finalising')
        AND (started_at_ms < $2 OR NOT EXISTS (SELECT 1 FROM calls
            WHERE calls.tenant_id = $1 AND calls.id = call_recordings.call_id))
    ORDER BY started_at_ms, id LIMIT $3"
);

/// At most `limit` of the recordings that began before `before` and have no end,
/// though their calls have. For the house's own work, which knows no tenant.
pub async fn list_stale(
    db: impl Into<Db<'_>>,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<CallRecording>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<RecordingRow> = sqlx::query_as(LIST_STALE)
        .bind(before.as_ms())
        .bind(i64::from(limit))
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(CallRecording::try_from).collect()
}

const LIST_STALE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM call_recordings
    WHERE state IN ('recording', 'paused') AND started_at_ms < $1
        AND NOT EXISTS (SELECT 1 FROM calls
            WHERE calls.tenant_id = call_recordings.tenant_id
                AND calls.id = call_recordings.call_id AND calls.outcome = 'open')
    ORDER BY started_at_ms, id LIMIT $2"
);

/// Deletes a recording, for this reason: what is left says that there was one.
/// Jobs delete its file, and what the carrier may have of it. False if that had happened
/// before.
pub async fn delete(
    tx: &mut Tx,
    recording: &CallRecording,
    why: RecordingFault,
    now: Timestamp,
) -> Result<bool, Error> {
    let title = &recording.title;
    let mut conn = Db::from(&mut *tx).write().await?;
    // Its file may have been made since it was looked at.
    let found: Option<(Option<String>, Option<String>)> = sqlx::query_as(DELETE)
        .bind(title.tenant_id.to_string())
        .bind(title.id.to_string())
        .bind(why.as_str())
        .fetch_optional(&mut *conn)
        .await?;
    drop(conn);
    let Some((file, carrier_sid)) = found else {
        return Ok(false);
    };
    // Whoever was to keep it may have made its file, and then found no database, or died.
    let by_name = || match carrier_sid {
        Some(_) => title.carrier_file(),
        None => title.own_file(),
    };
    let may_be = recording.state != RecordingState::Failed;
    if let Some(file) = file.or_else(|| may_be.then(by_name)) {
        forget_file(tx, title, (&file, now)).await?;
    }
    // Whoever was to fetch it and delete it there may have given up.
    if let Some(carrier_sid) = carrier_sid {
        forgotten_calls::forget_recording(tx, title.tenant_id, &carrier_sid, now).await?;
    }
    Ok(true)
}

// The name of the file stays, for whoever looks for the file behind us.
const DELETE: &str = "
    UPDATE call_recordings SET state = 'deleted', fault = $3, consent_words = NULL, bytes = NULL,
        duration_ms = NULL, pauses = ''
    WHERE tenant_id = $1 AND id = $2 AND state <> 'deleted'
    RETURNING audio_file, carrier_sid";

/// Has a job delete the file of a recording that goes.
async fn forget_file(
    tx: &mut Tx,
    title: &RecordingTitle,
    (file, at): (&str, Timestamp),
) -> Result<(), Error> {
    let job = NewJob {
        kind: JobKind::ForgottenRecording,
        key: &title.id.to_string(),
        tenant: Some(title.tenant_id),
        payload: file,
        run_at: at,
    };
    jobs::enqueue(tx, &job, at).await.map(drop)
}

/// Forgets the recordings of a call that goes, and their files.
pub async fn forget_of_call(
    tx: &mut Tx,
    (tenant, call): (TenantId, CallId),
    now: Timestamp,
) -> Result<(), Error> {
    for recording in list_of_call(&mut *tx, tenant, call).await? {
        delete(tx, &recording, RecordingFault::Deleted, now).await?;
    }
    let mut conn = Db::from(tx).write().await?;
    sqlx::query(FORGET_OF_CALL)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const FORGET_OF_CALL: &str = "DELETE FROM call_recordings WHERE tenant_id = $1 AND call_id = $2";

/// Forgets what was deleted of the tenant's calls that are there no more.
pub async fn forget_callless(db: impl Into<Db<'_>>, tenant: TenantId) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(FORGET_CALLLESS)
        .bind(tenant.to_string())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const FORGET_CALLLESS: &str = "
    DELETE FROM call_recordings WHERE tenant_id = $1 AND state = 'deleted'
        AND NOT EXISTS (SELECT 1 FROM calls
            WHERE calls.tenant_id = $1 AND calls.id = call_recordings.call_id)";

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

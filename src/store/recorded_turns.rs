//! What was said in recorded calls between people, a turn a row.

use sqlx::{Connection as _, FromRow};

use super::call_change::lock;
use super::calls::make_findable;
use super::row::{RowOf, millis, storable};
use super::{Db, Error, call_events, transcription_cost};
use crate::domain::{
    CallId, CallLog, Money, Pii, RecordedTurn, RecordingId, RecordingTitle, TenantId, Timestamp,
};

/// Keeps the `ordinal`th turn of a recording, also one in which no word was
/// understood, and counts for its call what it cost to write it down, if that is known.
/// False if the recording was deleted, or its call was.
///
/// **Invariant:** a turn is kept and counted once, however often it is written down.
pub async fn put(
    db: impl Into<Db<'_>>,
    title: &RecordingTitle,
    ordinal: i64,
    turn: &RecordedTurn,
    price: Option<Money>,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    let done = sqlx::query(PUT)
        .bind(title.tenant_id.to_string())
        .bind(title.id.to_string())
        .bind(ordinal)
        .bind(turn.voice.as_str())
        .bind(storable(turn.text.expose()).into_owned())
        .bind(millis(turn.started))
        .execute(&mut *tx)
        .await?;
    if done.rows_affected() == 1 {
        if let Some(price) = price {
            let of = (title.tenant_id, title.call_id);
            transcription_cost::add(&mut tx, of, price).await?;
        }
        tx.commit().await?;
        return Ok(true);
    }
    // Somebody else was first, or there is nothing left to write down.
    let kept: i64 = sqlx::query_scalar(COUNT_KEPT)
        .bind(title.tenant_id.to_string())
        .bind(title.id.to_string())
        .fetch_one(&mut *tx)
        .await?;
    Ok(kept == 1)
}

const PUT: &str = "
    INSERT INTO recorded_turns (tenant_id, call_id, recording_id, ordinal, voice, text,
        started_ms)
    SELECT tenant_id, call_id, id, $3, $4, $5, $6 FROM call_recordings AS recording
    WHERE tenant_id = $1 AND id = $2 AND state = 'kept'
        AND EXISTS (SELECT 1 FROM calls
            WHERE calls.tenant_id = recording.tenant_id AND calls.id = recording.call_id)
    ON CONFLICT (recording_id, ordinal) DO NOTHING";

const COUNT_KEPT: &str = "
    SELECT COUNT(*) FROM call_recordings AS recording
    WHERE tenant_id = $1 AND id = $2 AND state = 'kept'
        AND EXISTS (SELECT 1 FROM calls
            WHERE calls.tenant_id = recording.tenant_id AND calls.id = recording.call_id)";

/// How many turns of a recording were kept.
pub async fn count(
    db: impl Into<Db<'_>>,
    (tenant, id): (TenantId, RecordingId),
) -> Result<usize, Error> {
    let mut conn = db.into().read().await?;
    let count: i64 = sqlx::query_scalar(COUNT)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .fetch_one(&mut *conn)
        .await?;
    Ok(usize::try_from(count).unwrap_or_default())
}

const COUNT: &str = "
    SELECT COUNT(*) FROM recorded_turns WHERE tenant_id = $1 AND recording_id = $2";

/// All of a recording is written down: its call is found by the words from here on.
pub async fn finish(
    db: impl Into<Db<'_>>,
    title: &RecordingTitle,
    at: Timestamp,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    let Some(locked) = lock(&mut tx, title.tenant_id, title.call_id).await? else {
        return Ok(());
    };
    make_findable(&mut tx, &CallLog::try_from(locked)?).await?;
    let detail = format!(r#"{{"recording_id":"{}"}}"#, title.id);
    let event = call_events::NewEvent {
        kind: "recording.transcribed",
        detail: Pii::new(&detail),
        at,
        key: Some(&format!("transcribed:{}", title.id)),
    };
    call_events::write(&mut tx, title.tenant_id, title.call_id, &event).await?;
    Ok(tx.commit().await?)
}

/// What was understood in all recordings of the tenant's call, in order.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    call: CallId,
) -> Result<Vec<RecordedTurn>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<TurnRow> = sqlx::query_as(LIST)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(RecordedTurn::try_from).collect()
}

const LIST: &str = "
    SELECT recording_id, voice, text, started_ms FROM recorded_turns
    WHERE tenant_id = $1 AND call_id = $2 AND text <> ''
    ORDER BY started_ms, recording_id, ordinal";

#[derive(FromRow)]
struct TurnRow {
    recording_id: String,
    voice: String,
    text: String,
    started_ms: i64,
}

impl TryFrom<TurnRow> for RecordedTurn {
    type Error = Error;

    fn try_from(row: TurnRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "recorded_turns",
            id: &row.recording_id,
        };
        Ok(Self {
            voice: at.parse(&row.voice)?,
            started: at.duration(row.started_ms)?,
            text: row.text.into(),
        })
    }
}

//! The processes of the house, each with the number of its beats.

use sqlx::FromRow;

use super::row::RowOf;
use super::{Db, Error};
use crate::domain::{ProcessId, Timestamp};

/// How often a process has said that it lives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pulse {
    /// Which.
    pub id: ProcessId,
    /// How often.
    pub beats: i64,
    /// When it said so last, by its own clock.
    pub seen_at: Timestamp,
}

/// The process lives.
pub async fn beat(db: impl Into<Db<'_>>, id: ProcessId, now: Timestamp) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(BEAT)
        .bind(id.to_string())
        .bind(now.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const BEAT: &str = "
    INSERT INTO processes (id, beats, seen_at_ms) VALUES ($1, 1, $2)
    ON CONFLICT (id) DO UPDATE
        SET beats = processes.beats + 1, seen_at_ms = excluded.seen_at_ms";

/// The process has lived: where nothing is known of it any more, it is as if it had said
/// so once.
pub async fn recall(db: impl Into<Db<'_>>, id: ProcessId, at: Timestamp) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(RECALL)
        .bind(id.to_string())
        .bind(at.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const RECALL: &str = "
    INSERT INTO processes (id, beats, seen_at_ms) VALUES ($1, 1, $2)
    ON CONFLICT (id) DO NOTHING";

/// All that have not [left](forget).
pub async fn list(db: impl Into<Db<'_>>) -> Result<Vec<Pulse>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<PulseRow> = sqlx::query_as(LIST).fetch_all(&mut *conn).await?;
    rows.into_iter().map(Pulse::try_from).collect()
}

const LIST: &str = "SELECT id, beats, seen_at_ms FROM processes ORDER BY id";

/// The process is no more, unless it has said since that it lives.
pub async fn forget(db: impl Into<Db<'_>>, pulse: Pulse) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query("DELETE FROM processes WHERE id = $1 AND beats = $2")
        .bind(pulse.id.to_string())
        .bind(pulse.beats)
        .execute(&mut *conn)
        .await?;
    Ok(())
}

/// The process leaves in peace.
pub async fn leave(db: impl Into<Db<'_>>, id: ProcessId) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query("DELETE FROM processes WHERE id = $1")
        .bind(id.to_string())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

#[derive(FromRow)]
struct PulseRow {
    id: String,
    beats: i64,
    seen_at_ms: i64,
}

impl TryFrom<PulseRow> for Pulse {
    type Error = Error;

    fn try_from(row: PulseRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "processes",
            id: &row.id,
        };
        Ok(Self {
            id: at.parse(&row.id)?,
            beats: row.beats,
            seen_at: Timestamp::from_ms(row.seen_at_ms),
        })
    }
}

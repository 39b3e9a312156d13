//! What was spooled of a call becomes a file that can be listened to.

use std::io;
use std::sync::Arc;

use anyhow::anyhow;
use tokio::task::spawn_blocking;

use super::house::JobHouse;
use super::kept_recording;
use super::worker::{Failure, Next};
use crate::domain::{CallRecording, DAY_MS, RecordingFault, RecordingState};
use crate::recordings::{CONTENT_TYPE, Opened, Spooled, Summary, write_sound};
use crate::store::call_recordings::{self, KeptFile};
use crate::store::jobs::ClaimedJob;

/// The last of it is being written.
const SOON_MS: i64 = 1_000;
/// The spool is at another process of the house, which may take the job next.
const ELSEWHERE_MS: i64 = 30_000;
/// A process that is away for so long does not come back.
const LOST_AFTER_MS: i64 = DAY_MS;
/// A record that was being written; what is more than that was once good.
const MAX_TORN: u64 = 8_192;
const SAMPLES_PER_MS: u64 = 8;

/// Makes the file of the recording that the job is named after.
pub(super) async fn run(house: &JobHouse, job: &ClaimedJob) -> Result<Next, Failure> {
    let (Some(tenant), Ok(id)) = (job.tenant, job.key.parse()) else {
        return Err(Failure::GiveUp(anyhow!("it names no recording")));
    };
    let row = call_recordings::find(&house.store, tenant, id).await?;
    let folder = house.recordings.spool_folder();
    let opened = blocking(move || Spooled::open(&folder, id)).await?;
    match (opened, row) {
        (Opened::InUse, _) => Ok(Next::Again(house.clock.now().plus_ms(SOON_MS))),
        (Opened::Missing, None) => Ok(Next::Done),
        (Opened::Missing, Some(row)) => missing(house, &row).await,
        (Opened::Left(spooled), row) => {
            settle(house, Arc::new(spooled), row.as_ref()).await?;
            Ok(Next::Done)
        }
    }
}

/// Makes the file of what was spooled, unless nobody is to have it.
pub(super) async fn settle(
    house: &JobHouse,
    spooled: Arc<Spooled>,
    row: Option<&CallRecording>,
) -> Result<(), Failure> {
    match row {
        Some(row) if row.state != RecordingState::Deleted => finish(house, spooled, row).await,
        // It was deleted, or its call was forgotten.
        Some(_) | None => discard(house, spooled).await,
    }
}

/// Nothing was written, or not here.
async fn missing(house: &JobHouse, row: &CallRecording) -> Result<Next, Failure> {
    if row.state.is_settled() {
        return Ok(Next::Done);
    }
    let now = house.clock.now();
    let is_lost = row.title.started_at.plus_ms(LOST_AFTER_MS) < now;
    if row.fault.is_none() && !is_lost {
        return Ok(Next::Again(now.plus_ms(ELSEWHERE_MS)));
    }
    kept_recording::fail(house, &row.title, RecordingFault::Lost).await?;
    Ok(Next::Done)
}

/// Also the file, which may have been made before anybody knew that it is not wanted.
async fn discard(house: &JobHouse, spooled: Arc<Spooled>) -> Result<(), Failure> {
    let reader = Arc::clone(&spooled);
    if let Some(title) = blocking(move || reader.title()).await? {
        let deleted = house.recordings.delete(&title.own_file()).await;
        deleted.map_err(Failure::of_storage)?;
    }
    blocking(move || spooled.remove()).await
}

async fn finish(
    house: &JobHouse,
    spooled: Arc<Spooled>,
    row: &CallRecording,
) -> Result<(), Failure> {
    let reader = Arc::clone(&spooled);
    let summary = blocking(move || reader.summary()).await?;
    if summary.title.as_ref().map(|title| title.id) != Some(row.title.id) {
        kept_recording::fail(house, &row.title, RecordingFault::Lost).await?;
        return blocking(move || spooled.set_aside()).await;
    }
    let name = row.title.own_file();
    let (reader, whole) = (Arc::clone(&spooled), summary.clone());
    let written = house
        .recordings
        .put_written(&name, move |out| write_sound(&reader, &whole, out));
    let bytes = written.await.map_err(Failure::of_storage)?;
    let file = KeptFile {
        name: &name,
        content_type: CONTENT_TYPE,
        bytes,
        duration_ms: summary.length / SAMPLES_PER_MS,
        pauses: &summary.pauses,
        lost_ms: summary.lost / SAMPLES_PER_MS,
        fault: (!summary.is_ended).then_some(RecordingFault::ProcessEnded),
    };
    kept_recording::keep(house, &row.title, &file).await?;
    put_away(spooled, &summary).await
}

/// What could not be read though it is more than a torn end is not thrown away.
async fn put_away(spooled: Arc<Spooled>, summary: &Summary) -> Result<(), Failure> {
    let is_damaged = summary.torn > MAX_TORN;
    if is_damaged {
        tracing::error!(
            bytes = summary.torn,
            "recording.damaged: the rest is set aside"
        );
    }
    blocking(move || {
        if is_damaged {
            spooled.set_aside()
        } else {
            spooled.remove()
        }
    })
    .await
}

/// The disk makes nobody wait but the job.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let done = spawn_blocking(work).await.map_err(io::Error::other);
    done.and_then(|done| done).map_err(Failure::of_storage)
}

//! What the carrier recorded of a call: fetched, and taken away there.

use std::io::{self, Write};

use anyhow::anyhow;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::house::JobHouse;
use super::worker::{Failure, Next};
use super::{kept_recording, recorded_words};
use crate::domain::{CallRecording, DAY_MS, RecordingFault, RecordingState};
use crate::store::call_recordings::{self, KeptFile};
use crate::store::jobs::ClaimedJob;
use crate::twilio::rest::Client;

/// Parts of the sound that may wait for the disk.
const WAITING: usize = 16;
/// What the carrier does not have after so long will never be there.
const LOST_AFTER_MS: i64 = DAY_MS;

/// Fetches the recording that the job is named after, and deletes it at the carrier, also
/// where nobody wants it any more. The payload is the carrier's name for it and, behind a
/// space, for the call that was recorded.
pub(super) async fn run(house: &JobHouse, job: &ClaimedJob) -> Result<Next, Failure> {
    let (Some(tenant), Ok(id)) = (job.tenant, job.key.parse()) else {
        return Err(Failure::GiveUp(anyhow!("it names no recording")));
    };
    let (carrier_sid, leg) = job.payload.split_once(' ').unwrap_or((&job.payload, ""));
    let row = call_recordings::find(&house.store, tenant, id).await?;
    let Some(carrier) = &house.carrier else {
        return Err(Failure::Retry(anyhow!("no account, no recording")));
    };
    if let Some(row) = &row {
        if row.state == RecordingState::Finalising {
            keep(house, carrier, (row, carrier_sid)).await?;
        } else if row.state == RecordingState::Deleted {
            // The file may have been made before anybody knew that it is not wanted.
            let deleted = house.recordings.delete(&row.title.carrier_file()).await;
            deleted.map_err(Failure::of_storage)?;
        }
        // Also where that was kept before, and this process ended.
        recorded_words::ask_for(house, &row.title, leg).await?;
    }
    carrier.delete_recording(carrier_sid).await?;
    Ok(Next::Done)
}

/// The recording is there, or never will be.
async fn keep(
    house: &JobHouse,
    carrier: &Client,
    (row, carrier_sid): (&CallRecording, &str),
) -> Result<(), Failure> {
    let name = row.title.carrier_file();
    let Some(bytes) = fetch(house, carrier, (&name, carrier_sid)).await? else {
        if row.title.started_at.plus_ms(LOST_AFTER_MS) > house.clock.now() {
            return Err(Failure::Retry(anyhow!("the carrier does not have it yet")));
        }
        return kept_recording::fail(house, &row.title, RecordingFault::CarrierFailed).await;
    };
    let file = KeptFile {
        name: &name,
        content_type: "audio/wav",
        bytes,
        duration_ms: duration_ms(house, &name).await?,
        pauses: &[],
        lost_ms: 0,
        fault: None,
    };
    kept_recording::keep(house, &row.title, &file).await
}

/// How large the sound is, kept from now on; none where the carrier does not have it.
async fn fetch(
    house: &JobHouse,
    carrier: &Client,
    (name, carrier_sid): (&str, &str),
) -> Result<Option<u64>, Failure> {
    let (parts, inbox) = mpsc::channel(WAITING);
    let (is_whole, whole) = oneshot::channel();
    let fetching = async {
        let fetched = carrier.hand_on_recording(carrier_sid, parts).await;
        if matches!(fetched, Ok(true)) {
            // Whoever has failed to write it says so.
            let _ = is_whole.send(());
        }
        fetched
    };
    let writing = house
        .recordings
        .put_written(name, move |out| write(out, inbox, whole));
    let (fetched, written) = tokio::join!(fetching, writing);
    let is_there = fetched.map_err(|error| Failure::Retry(error.into()))?;
    if !is_there {
        return Ok(None);
    }
    written.map(Some).map_err(Failure::of_storage)
}

/// Writes what comes, and fails unless that is all of it.
fn write(
    out: &mut impl Write,
    mut inbox: mpsc::Receiver<Bytes>,
    whole: oneshot::Receiver<()>,
) -> io::Result<()> {
    while let Some(part) = inbox.blocking_recv() {
        out.write_all(&part)?;
    }
    let is_torn = |_| io::Error::from(io::ErrorKind::UnexpectedEof);
    whole.blocking_recv().map_err(is_torn)
}

/// How long a file sounds.
async fn duration_ms(house: &JobHouse, name: &str) -> Result<u64, Failure> {
    let opened = house.recordings.open_wav(name).await;
    let Some((_, head)) = opened.map_err(Failure::of_storage)? else {
        return Ok(0);
    };
    let unreadable = || Failure::Retry(anyhow!("what the carrier has is no sound"));
    let duration = head.ok_or_else(unreadable)?.duration();
    Ok(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn w6_a_sound_that_breaks_off_is_not_taken_for_a_whole_one() {
        for is_told_whole in [true, false] {
            let (parts, inbox) = mpsc::channel(WAITING);
            let (is_whole, whole) = oneshot::channel();
            parts.send(Bytes::from_static(b"RIFF")).await.unwrap();
            drop(parts);
            if is_told_whole {
                is_whole.send(()).unwrap();
            } else {
                drop(is_whole);
            }
            let written = tokio::task::spawn_blocking(|| {
                let mut out = Vec::new();
                write(&mut out, inbox, whole).map(|()| out)
            });
            let written = written.await.unwrap();
            assert_eq!(written.is_ok(), is_told_whole, "{written:?}");
        }
    }
}

//! A message that was deleted: its sound goes too, here and at the carrier.

use anyhow::anyhow;

use super::house::JobHouse;
use super::worker::{Failure, Next};
use crate::store::jobs::ClaimedJob;
use crate::store::voicemail_messages::Forgotten;

/// Deletes the file and the recording that the job names.
pub(super) async fn run(house: &JobHouse, job: &ClaimedJob) -> Result<Next, Failure> {
    let Some(Forgotten {
        file,
        recording_sid,
    }) = Forgotten::read(&job.payload)
    else {
        return Err(Failure::GiveUp(anyhow!("it names no message")));
    };
    if !file.is_empty() {
        let removed = house.recordings.delete(file).await;
        removed.map_err(Failure::of_storage)?;
    }
    let Some(carrier) = &house.carrier else {
        return Ok(Next::Done);
    };
    let was_there = carrier.delete_recording(recording_sid).await?;
    Ok(if was_there {
        // Whoever was fetching the sound meanwhile may have put it back.
        Next::Again(house.clock.now().plus_ms(LATER_MS))
    } else {
        Next::Done
    })
}

const LATER_MS: i64 = 10 * 60_000;

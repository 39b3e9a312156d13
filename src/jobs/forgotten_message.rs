//! A message that was deleted: its sound goes too, here and at the carrier.

use anyhow::anyhow;

use super::house::JobHouse;
use super::worker::{Failure, Next};
use crate::store::jobs::ClaimedJob;
use crate::store::voicemail_messages::Forgotten;
use crate::twilio::rest::Error;

/// Deletes the file and the recording that the job names.
pub(super) async fn run(house: &JobHouse, job: &ClaimedJob) -> Result<Next, Failure> {
    let Some(Forgotten {
        file,
        recording_sid,
    }) = Forgotten::read(&job.payload)
    else {
        return Err(Failure::GiveUp(anyhow!("it names no message")));
    };
    let removed = house.recordings.delete(file).await;
    removed.map_err(Failure::of_storage)?;
    let Some(carrier) = &house.carrier else {
        return Ok(Next::Done);
    };
    match carrier.delete_recording(recording_sid).await {
        Ok(_) => Ok(Next::Done),
        Err(error @ Error::Refused(_)) => Err(Failure::GiveUp(error.into())),
        Err(error) => Err(Failure::Retry(error.into())),
    }
}

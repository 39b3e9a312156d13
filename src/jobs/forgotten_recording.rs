//! A recording that was deleted: its file goes too.

use super::house::JobHouse;
use super::worker::{Failure, Next};
use crate::store::jobs::ClaimedJob;

/// Deletes the file that the job names.
pub(super) async fn run(house: &JobHouse, job: &ClaimedJob) -> Result<Next, Failure> {
    let removed = house.recordings.delete(&job.payload).await;
    removed.map_err(Failure::of_storage)?;
    metrics::counter!("frontdesk_recordings_total", "outcome" => "deleted").increment(1);
    Ok(Next::Done)
}

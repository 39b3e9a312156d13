//! What the carrier told of a call that nobody knew: told again until somebody does.

use anyhow::anyhow;

use super::house::JobHouse;
use super::worker::{Failure, Next};
use crate::store::jobs::ClaimedJob;

/// Has the news written down that the job carries.
pub(super) async fn run(house: &JobHouse, job: &ClaimedJob) -> Result<Next, Failure> {
    if (house.tell_again)(job.payload.clone()).await? {
        return Ok(Next::Done);
    }
    // Whoever knows it may be away for as long as their disk.
    Err(Failure::Retry(anyhow!("nobody knows its call yet")))
}

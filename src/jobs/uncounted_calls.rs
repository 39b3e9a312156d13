//! Counts the calls that are over and were not counted when they ended.
//!
//! Those are the calls from before there was anything to count, and no others
//! unless something failed: who ends a call counts it in the same transaction.

use super::house::JobHouse;
use super::worker::{Failure, Next, bear};
use crate::domain::{DAY_MS, JobKind};
use crate::store::usage;

/// So many at a time: each in a transaction of its own, for nobody waits long
/// behind one.
const AT_A_TIME: u32 = 500;
/// What ended longer ago is not asked for its price.
const RATED_MS: i64 = DAY_MS;

/// Counts some of them, and the others soon.
pub(super) async fn run(house: &JobHouse) -> Result<Next, Failure> {
    let now = house.clock.now();
    let found = usage::list_uncounted(&house.store, AT_A_TIME).await?;
    let mut counted = 0;
    for (tenant, call) in found {
        match usage::count(&house.store, tenant, call, now.plus_ms(-RATED_MS)).await {
            Ok(is_new) => counted += u32::from(is_new),
            Err(error) => bear(JobKind::UncountedCalls, error)?,
        }
    }
    if counted == AT_A_TIME {
        return Ok(Next::Again(now));
    }
    Ok(Next::InTurn)
}

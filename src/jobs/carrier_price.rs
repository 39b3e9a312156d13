//! What the carrier charged for a call: asked for after the end, until it says so.

use anyhow::anyhow;

use super::house::JobHouse;
use super::worker::{Failure, Next};
use crate::domain::{CallId, CallSid, CallStatus, Currency, Money, TenantId, Timestamp};
use crate::store::forgotten_calls::{self, Unrated};
use crate::store::jobs::ClaimedJob;
use crate::store::{self, Store, calls, warm_legs};
use crate::twilio::rest::{Call, Client, Error};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// What is not rated by then never will be.
const PATIENCE_MS: i64 = 24 * HOUR_MS;
/// The same for a call that nobody answered, which mostly costs nothing.
const LITTLE_PATIENCE_MS: i64 = HOUR_MS;
/// More telephones than this do not ring for one call.
const MOST_LEGS: usize = 200;

/// Asks for the price of the call that the job names.
pub(super) async fn run(house: &JobHouse, job: &ClaimedJob) -> Result<Next, Failure> {
    let id: Option<CallId> = job.payload.parse().ok();
    let (Some(tenant), Some(id)) = (job.tenant, id) else {
        return Err(Failure::GiveUp(anyhow!("it names no call")));
    };
    let Some(carrier) = &house.carrier else {
        return Ok(Next::Done);
    };
    let Some(call) = unrated(&house.store, tenant, id).await? else {
        return Ok(Next::Done);
    };
    let rung = warm_legs::of_call(&house.store, tenant, id).await?;
    match ask(carrier, (&call.call_sid, &rung)).await {
        Ok(Answer::Rated(money)) => {
            // Of a call that was deleted the price still counts.
            if !calls::set_carrier_cost(&house.store, tenant, id, money).await? {
                forgotten_calls::set_carrier_cost(&house.store, tenant, id, money).await?;
            }
            Ok(Next::Done)
        }
        Ok(Answer::Unknown) => Ok(Next::Done),
        Ok(Answer::NotYet) => Ok(later(id, &call, house.clock.now())),
        Err(error) => Err(Failure::Retry(error.into())),
    }
}

/// The call, if it has no price yet; it may be deleted by now.
async fn unrated(
    store: &Store,
    tenant: TenantId,
    id: CallId,
) -> Result<Option<Unrated>, store::Error> {
    let Some(call) = calls::find(store, tenant, id).await? else {
        return forgotten_calls::find_unrated(store, tenant, id).await;
    };
    let is_rated = call.bill.carrier.is_some();
    Ok((!is_rated).then(|| Unrated {
        ended_at: call.ended_at.unwrap_or(call.created_at),
        call_sid: call.call_sid,
        status: call.status,
    }))
}

enum Answer {
    /// So much for all legs together.
    Rated(Money),
    /// Not all of them have a price.
    NotYet,
    /// The carrier knows no such call.
    Unknown,
}

/// What the carrier takes for a call, the calls that it has made, and the calls to those
/// who were rung for it.
async fn ask(carrier: &Client, (call_sid, rung): (&CallSid, &[CallSid])) -> Result<Answer, Error> {
    let Some(call) = carrier.find_call(call_sid).await? else {
        return Ok(Answer::Unknown);
    };
    let Some((mut micros, currency)) = charge(&call) else {
        return Ok(Answer::NotYet);
    };
    let mut legs = carrier.child_calls(call_sid, MOST_LEGS).await?.items;
    for call_sid in rung {
        legs.extend(carrier.find_call(call_sid).await?);
    }
    for leg in &legs {
        match charge(leg) {
            // An account pays in one currency.
            Some((more, of)) if of == currency => micros += more,
            // A telephone that nobody picked up may cost nothing for ever.
            None if leg.status.is_terminal() && leg.status != CallStatus::Completed => {}
            Some(_) | None => return Ok(Answer::NotYet),
        }
    }
    Ok(Answer::Rated(Money { micros, currency }))
}

/// What the carrier takes is below zero where it says so, and above it here.
fn charge(call: &Call) -> Option<(i64, Currency)> {
    let price = call.price()?;
    Some((-price.micros, price.currency.parse().ok()?))
}

/// The longer it takes, the longer it will take.
fn later(id: CallId, call: &Unrated, now: Timestamp) -> Next {
    let age = now.as_ms() - call.ended_at.as_ms();
    if call.status != CallStatus::Completed && age >= LITTLE_PATIENCE_MS {
        return Next::Done;
    }
    if age >= PATIENCE_MS {
        metrics::counter!("frontdesk_carrier_prices_missing_total").increment(1);
        tracing::info!(call.id = %id, "call.not_rated");
        return Next::Done;
    }
    let pause = match age {
        ..600_000 => 5 * MINUTE_MS,
        600_000..3_600_000 => 15 * MINUTE_MS,
        3_600_000..21_600_000 => HOUR_MS,
        _ => 3 * HOUR_MS,
    };
    Next::Again(now.plus_ms(pause))
}

//! The gate before every telephone that a caller is connected with.

use std::time::Duration;

use super::Webhooks;
use super::at::Point;
use super::memory::Placed;
use crate::domain::{DialRefusal, Pii, Timestamp};
use crate::routing::{Allowance, RingStop};
use crate::store::call_events::{self, NewEvent};
use crate::store::{in_time, routing_facts};

/// So many calls of one number to another go on here at one time where a company
/// has several lines; more of them are one call that is sent round and round, by
/// telephones of which we know nothing.
const MOST_HOPS: usize = 8;

/// Who is connected when the time of the call is used up, or nearly, has this.
const LAST: Duration = Duration::from_mins(1);

/// With whom the call may be connected, and for how long yet. Where the database does not
/// tell, nobody outside is rung whom the gate has not let through before.
///
/// Whoever rings is not to suffer for a limit that the tenant has set: what it may
/// use is asked before the AI answers, and how often somebody is rung, where we ring
/// of our own accord. A forward is limited by whom it may ring, for how long, and by
/// not coming back.
pub(super) async fn of(
    house: &Webhooks,
    placed: &Placed,
    stop: &RingStop,
) -> Result<Allowance, DialRefusal> {
    if placed.same >= MOST_HOPS {
        return Err(DialRefusal::LeadsBack);
    }
    let mut allowance = match &placed.facts {
        Some(facts) => facts.allowance.clone(),
        None => asked(house, placed, stop).await,
    };
    allowance.longest = left(allowance.longest, passed_ms(house, placed.since));
    Ok(allowance)
}

/// How long the tenant lets the call last, as it was when it came; none where nobody
/// tells.
pub(super) async fn longest(house: &Webhooks, placed: &Placed) -> Option<Duration> {
    if let Some(facts) = &placed.facts {
        return Some(facts.allowance.longest);
    }
    let asked = routing_facts::allowance(&house.store, placed.tenant_id, &[]);
    let allowance = house.patience.wait(asked).await?.ok()?;
    Some(allowance.longest)
}

/// How long whoever is connected now may have the call; none where nobody tells.
pub(super) async fn rest(house: &Webhooks, placed: &Placed) -> Option<Duration> {
    let longest = longest(house, placed).await?;
    Some(left(longest, passed_ms(house, placed.since)))
}

/// How long the call may wait for somebody yet: not at all, once its time is used up.
pub(super) async fn may_wait(house: &Webhooks, placed: &Placed, most: Duration) -> Duration {
    let Some(longest) = longest(house, placed).await else {
        return most;
    };
    let passed = u64::try_from(passed_ms(house, placed.since)).unwrap_or_default();
    longest
        .saturating_sub(Duration::from_millis(passed))
        .min(most)
}

/// How long ago that was.
pub(super) fn passed_ms(house: &Webhooks, since: Timestamp) -> i64 {
    house.clock.now().as_ms() - since.as_ms()
}

/// What is left of it, in whole minutes: nobody is to be rung for 59 min 59 s.
pub(super) fn left(longest: Duration, passed_ms: i64) -> Duration {
    let passed = Duration::from_mins(u64::try_from(passed_ms / 60_000).unwrap_or_default());
    longest.saturating_sub(passed).max(LAST)
}

async fn asked(house: &Webhooks, placed: &Placed, stop: &RingStop) -> Allowance {
    let telephones = stop.telephones.iter();
    let numbers: Vec<_> = telephones.map(|one| one.number.clone()).collect();
    let asked = routing_facts::allowance(&house.store, placed.tenant_id, &numbers);
    match house.patience.must(asked).await {
        Some(Ok(allowance)) => return allowance,
        Some(Err(error)) => tracing::error!(%error, "dial.unjudged"),
        None => tracing::error!("dial.unjudged: the database did not answer in time"),
    }
    Allowance::default()
}

/// Writes down with the call whom it was not connected with, and why; no number.
/// Whoever is on the line is not kept waiting for that.
pub(super) fn note(house: &Webhooks, placed: &Placed, point: &Point, refusals: &[DialRefusal]) {
    let (store, at) = (house.store.clone(), house.clock.now());
    let (tenant, call) = (placed.tenant_id, placed.call_id);
    let mut codes: Vec<&str> = refusals.iter().map(|refusal| refusal.code()).collect();
    for code in &codes {
        metrics::counter!("frontdesk_dials_refused_total", "why" => *code).increment(1);
    }
    codes.dedup();
    tracing::warn!(call.id = %call, why = codes.join(","), "dial.refused");
    let step = point.leg.as_ref().map(|leg| leg.step);
    let detail = serde_json::json!({"stop": point.stop, "step": step, "why": codes}).to_string();
    let key = format!("dial.refused.{}.{}", point.stop, step.unwrap_or_default());
    tokio::spawn(async move {
        let event = NewEvent {
            kind: "dial.refused",
            detail: Pii::new(&detail),
            at,
            key: Some(&key),
        };
        if let Err(error) = in_time(call_events::append(&store, tenant, call, &event)).await {
            tracing::warn!(call.id = %call, %error, "dial.refusal_not_noted");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_connected_has_what_is_left_of_the_call() {
        for (longest_s, passed_ms, left_s) in [
            (3_600, -5, 3_600),
            (3_600, 59_999, 3_600),
            (3_600, 60_000, 3_540),
            (600, 590_000, 60),
            (600, 86_400_000, 60),
        ] {
            let left = left(Duration::from_secs(longest_s), passed_ms);
            assert_eq!(left.as_secs(), left_s, "{longest_s} s, {passed_ms} ms");
        }
    }
}

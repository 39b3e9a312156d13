//! `check_hours`: whether it is open, in the tenant's own time and in words.

use serde::Deserialize;
use serde_json::json;

use super::answer::read;
use super::toolbox::{Ask, Done, Toolbox};
use crate::domain::{Closure, Opening};
use crate::store::{Error, routing_facts};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Looks at the hours of the number that was called.
pub(super) async fn check(house: &Toolbox, ask: &Ask) -> Result<Done, Error> {
    if let Err(fault) = read::<Nothing>(&ask.arguments) {
        return Ok(Done::bad(fault));
    }
    let call = house.call(ask).await?;
    let facts = match &call {
        Some(call) => {
            let (own, stranger) = call.ends();
            routing_facts::look_up(&house.store, own.number(), stranger).await?
        }
        None => None,
    };
    let facts = facts.map(|(facts, _)| facts);
    let facts = facts.filter(|facts| facts.tenant_id == ask.tenant_id);
    let hours = facts.as_ref().and_then(|facts| {
        let id = facts.plan.as_ref()?.hours_id?;
        facts.hours.get(&id)
    });
    let now = house.clock.now();
    let Some(hours) = hours else {
        return Ok(Done::good(&json!({
            "known": false,
            "detail": "No opening hours are on file. Do not invent any.",
        })));
    };
    let zone = &hours.plan.zone;
    let answer = match hours.plan.is_open(now) {
        Opening::Open { until } => json!({
            "known": true,
            "open": true,
            "now": zone.in_words(now),
            "closes": until.map(|at| zone.in_words(at)),
        }),
        Opening::Closed { opens_at, why } => json!({
            "known": true,
            "open": false,
            "now": zone.in_words(now),
            "opens": opens_at.map(|at| zone.in_words(at)),
            "holiday": match why {
                Closure::Weekly => None,
                Closure::Holiday(name) => Some(name),
            },
        }),
    };
    Ok(Done::good(&answer))
}

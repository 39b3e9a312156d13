//! Whether a rule applies to a call.

use std::collections::BTreeMap;

use super::facts::{Caller, Facts};
use super::plan::{Condition, Rule, Times};
use super::steps::Steps;
use crate::domain::{HoursId, HoursPlan, Party, Timestamp, Week, Weekday, Zone};

/// The first rule that applies, and a note of each that was looked at.
///
/// For a caller who is blocked only a rule counts that asks who calls: one about
/// the hour is meant for everybody who is let in.
pub(super) fn first<'a>(
    rules: &'a [Rule],
    (facts, caller): (&Facts, &Caller),
    now: Timestamp,
    steps: &mut Steps,
) -> Option<&'a Rule> {
    rules.iter().find(|rule| {
        let is_so = |condition: &Condition| holds(condition, (facts, caller), now);
        let counts = !caller.is_blocked || rule.speaks_of_blocked();
        let applies = counts && rule.when.iter().all(is_so);
        if applies {
            steps.note("rule.applied", format!("the rule “{}” applies", rule.name));
        } else if !counts {
            let text = format!("the rule “{}” is not for blocked callers", rule.name);
            steps.note("rule.passed", text);
        } else {
            let text = format!("the rule “{}” does not apply", rule.name);
            steps.note("rule.passed", text);
        }
        applies
    })
}

fn holds(condition: &Condition, (facts, caller): (&Facts, &Caller), now: Timestamp) -> bool {
    match condition {
        Condition::During(id) => is_open(facts, *id, now) == Some(true),
        Condition::Outside(id) => is_open(facts, *id, now) == Some(false),
        Condition::At(times) => is_time(times, &facts.zone, now),
        Condition::InList(id) => caller.lists.contains(id),
        Condition::Vip => caller.is_vip,
        Condition::Blocked => caller.is_blocked,
        Condition::Anonymous => caller.party == Party::Anonymous,
    }
}

/// None if the hours are gone; then nothing that is said of them holds.
fn is_open(facts: &Facts, id: HoursId, now: Timestamp) -> Option<bool> {
    let hours = facts.hours.get(&id)?;
    Some(hours.plan.is_open(now).is_open())
}

fn is_time(times: &Times, zone: &Zone, now: Timestamp) -> bool {
    let is_meant = |day: &Weekday| times.days.is_empty() || times.days.contains(day);
    let days = Weekday::ALL.into_iter().filter(is_meant);
    let plan = HoursPlan {
        zone: zone.clone(),
        week: Week::new(days.map(|day| (day, vec![times.span]))),
        exceptions: BTreeMap::new(),
    };
    plan.is_open(now).is_open()
}

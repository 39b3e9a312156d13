//! The decision itself: rules, hours, targets, and what follows when they fail.

use super::facts::{Caller, Facts};
use super::ivr::CallerFacts;
use super::plan::{Action, Plan, Refusal, Strategy, Target, Users, Voice};
use super::route::{AiStop, IvrStop, RingStop, Route, Stop, Telephone};
use super::rules;
use super::steps::Steps;
use crate::domain::{Closure, OpenState, Opening, Purpose, Timestamp};

/// Where a call of `caller` goes that comes at `now`.
pub fn route(facts: &Facts, caller: &Caller, now: Timestamp) -> Route {
    let mut steps = Steps::default();
    let unplanned = Plan::default();
    let plan = facts.plan.as_ref().unwrap_or(&unplanned);
    note_number(facts, &mut steps);
    let chain = match chosen(plan, (facts, caller), now, &mut steps) {
        Chosen::Reject(refusal) => vec![Stop::Reject(refusal)],
        Chosen::Target(target) => stops(target, (plan, facts), caller, &mut steps),
    };
    Route {
        language: language(plan, &chain, facts),
        stops: chain,
        open_state: open_state(plan, facts, now),
        steps: steps.into_vec(),
    }
}

/// A rule may lead elsewhere: who leaves a message is told how it is all the same.
fn open_state(plan: &Plan, facts: &Facts, now: Timestamp) -> OpenState {
    let hours = plan.hours_id.and_then(|id| facts.hours.get(&id));
    match hours.map(|hours| hours.plan.is_open(now)) {
        None | Some(Opening::Open { .. }) => OpenState::Open,
        Some(Opening::Closed { why, .. }) => match why {
            Closure::Weekly => OpenState::Closed,
            Closure::Holiday(_) => OpenState::Holiday,
        },
    }
}

fn note_number(facts: &Facts, steps: &mut Steps) {
    match (&facts.number_id, &facts.plan) {
        (None, _) => steps.note(
            "number.unknown",
            "nobody has this number; the default tenant answers it",
        ),
        (Some(_), None) => steps.note("number.unplanned", "the number has no plan"),
        (Some(_), Some(_)) => steps.note("number.planned", "the number has a plan"),
    }
}

/// What the rules and the hours say.
enum Chosen<'a> {
    Reject(Refusal),
    Target(&'a Target),
}

fn chosen<'a>(
    plan: &'a Plan,
    (facts, caller): (&Facts, &Caller),
    now: Timestamp,
    steps: &mut Steps,
) -> Chosen<'a> {
    if let Some(rule) = rules::first(&plan.rules, (facts, caller), now, steps) {
        return match &rule.then {
            Action::Reject(refusal) => Chosen::Reject(*refusal),
            Action::Go(target) => Chosen::Target(target),
        };
    }
    if caller.is_blocked {
        steps.note(
            "caller.blocked",
            "the caller is blocked, and no rule says otherwise",
        );
        return Chosen::Reject(Refusal::Busy);
    }
    let is_open = is_open(plan, facts, now, steps);
    match plan.after_hours.as_ref().filter(|_| !is_open) {
        Some(target) => Chosen::Target(target),
        None => Chosen::Target(&plan.open),
    }
}

fn is_open(plan: &Plan, facts: &Facts, now: Timestamp, steps: &mut Steps) -> bool {
    let Some(id) = plan.hours_id else {
        steps.note("hours.none", "the number has no hours: it is always open");
        return true;
    };
    let Some(hours) = facts.hours.get(&id) else {
        steps.note("hours.missing", "the hours are gone: it counts as open");
        return true;
    };
    let name = &hours.name;
    match hours.plan.is_open(now) {
        Opening::Open { until: Some(until) } => {
            steps.note("hours.open", format!("“{name}” is open until {until}"));
            true
        }
        Opening::Open { until: None } => {
            steps.note("hours.open", format!("“{name}” is open"));
            true
        }
        Opening::Closed { opens_at, why } => {
            let again = opens_at.map_or("does not open again".to_owned(), |at| {
                format!("opens at {at}")
            });
            match why {
                Closure::Weekly => {
                    steps.note("hours.closed", format!("“{name}” is closed and {again}"));
                }
                Closure::Holiday(day) => steps.note(
                    "hours.holiday",
                    format!("“{name}” is closed because of “{day}” and {again}"),
                ),
            }
            false
        }
    }
}

/// The target, the fallbacks behind it, and an end.
fn stops(
    target: &Target,
    (plan, facts): (&Plan, &Facts),
    caller: &Caller,
    steps: &mut Steps,
) -> Vec<Stop> {
    let mut chain: Vec<Stop> = Vec::new();
    let of_caller = CallerFacts::from(caller);
    for target in [target].into_iter().chain(&plan.fallback) {
        if chain.last().is_some_and(Stop::is_last) {
            break;
        }
        match place(target, (&plan.voice, facts), &of_caller) {
            // The same again would fail the same way.
            Ok(stop) if chain.contains(&stop) => {}
            Ok(stop) => {
                let (code, leads) = match chain.as_slice() {
                    [] => ("target", "goes to"),
                    _ => ("fallback", "else to"),
                };
                steps.note(code, format!("{leads} {}", told(&stop)));
                note_refusals(&stop, (facts, caller), steps);
                chain.push(stop);
            }
            Err(why) => steps.note("target.skipped", why),
        }
    }
    if !chain.last().is_some_and(Stop::is_last) {
        let end = end(facts);
        steps.note("end", format!("else to {}", told(&end)));
        chain.push(end);
    }
    chain
}

/// Whom the gate will not let through: the stop stays, for it is asked again when
/// somebody is rung.
fn note_refusals(stop: &Stop, (facts, caller): (&Facts, &Caller), steps: &mut Steps) {
    let Stop::Ring(ring) = stop else { return };
    let ends: Vec<_> = caller.party.number().into_iter().collect();
    for telephone in &ring.telephones {
        let allowance = &facts.allowance;
        let permit = allowance.permit_between(&ends, &telephone.number, ring.whose);
        if let Err(refusal) = permit {
            steps.note(
                "dial.refused",
                format!("a telephone does not ring: {refusal}"),
            );
        }
    }
}

/// Where a planned number leaves the caller is voicemail; one that nobody has
/// planned has nobody who listens to it.
fn end(facts: &Facts) -> Stop {
    if facts.plan.is_some() && facts.has_voicemail {
        Stop::VOICEMAIL
    } else {
        Stop::Apology
    }
}

/// The stop at a target; why there is none, if it is not to be had.
pub(super) fn place(
    target: &Target,
    (voice, facts): (&Voice, &Facts),
    caller: &CallerFacts,
) -> Result<Stop, &'static str> {
    match target {
        Target::Ai { receptionist_id } => {
            let id = receptionist_id.or(facts.default_receptionist);
            let id = id.filter(|id| facts.receptionists.contains_key(id));
            Ok(Stop::Ai(AiStop {
                receptionist_id: id.ok_or("no receptionist answers")?,
                voice: voice.clone(),
                back_from: None,
            }))
        }
        Target::Users(users) => people(users, facts),
        Target::Queue { queue_id } => {
            let queue = facts.queues.get(queue_id).ok_or("the queue is gone")?;
            Ok(Stop::Queue(queue.into()))
        }
        Target::Voicemail { .. } if !facts.has_voicemail => {
            Err("messages are switched off (enable_voicemail)")
        }
        Target::Voicemail { greeting, user_id } => Ok(Stop::Voicemail {
            greeting: greeting.clone(),
            user_id: *user_id,
        }),
        Target::Message { text } => Ok(Stop::Message { text: text.clone() }),
        Target::Ivr { .. } if !facts.has_ivr => Err("flows are switched off (enable_ivr)"),
        Target::Ivr { flow_id } => {
            let flow = facts.flows.get(flow_id);
            let flow = flow.ok_or("the flow was never published")?;
            Ok(Stop::Ivr(IvrStop {
                flow_id: *flow_id,
                version: flow.version,
                receptionist_id: facts.default_receptionist,
                voice: voice.clone(),
                caller: caller.clone(),
            }))
        }
        Target::Forward(forward) => Ok(Stop::Ring(RingStop {
            telephones: vec![Telephone::outside(forward.phone_number.clone())],
            whose: Purpose::Outside,
            is_in_turn: false,
            longest: None,
            is_warm: false,
            ring: forward.ring.clone(),
        })),
    }
}

fn people(users: &Users, facts: &Facts) -> Result<Stop, &'static str> {
    let mut telephones: Vec<Telephone> = Vec::new();
    for id in &users.user_ids {
        let Some(number) = facts.users.get(id) else {
            continue;
        };
        if !telephones.iter().any(|one| one.number == *number) {
            telephones.push(Telephone::of_member(number.clone(), *id));
        }
    }
    if telephones.is_empty() {
        return Err("none of the people has a telephone that rings");
    }
    Ok(Stop::Ring(RingStop {
        telephones,
        whose: Purpose::Member,
        is_in_turn: users.strategy == Strategy::InTurn,
        longest: None,
        is_warm: false,
        ring: users.ring.clone(),
    }))
}

/// A stop in words. It names no telephone number: steps are kept and shown.
fn told(stop: &Stop) -> String {
    match stop {
        Stop::Reject(_) => "nobody: it is refused".to_owned(),
        Stop::Ai(ai) => format!("the receptionist {}", ai.receptionist_id),
        Stop::Ring(ring) => match (ring.telephones.len(), ring.is_in_turn) {
            (1, _) => "one telephone".to_owned(),
            (count, true) => format!("{count} telephones in turn"),
            (count, false) => format!("{count} telephones at once"),
        },
        Stop::Queue(queue) => format!("the queue {}", queue.queue_id),
        Stop::Voicemail { user_id: None, .. } => "voicemail".to_owned(),
        Stop::Voicemail {
            user_id: Some(id), ..
        } => format!("the voicemail of {id}"),
        Stop::Ivr(ivr) => format!("the flow {}, version {}", ivr.flow_id, ivr.version),
        Stop::Message { .. } => "a message, and the end".to_owned(),
        Stop::Apology => "an apology, and the end".to_owned(),
    }
}

/// What is announced is said as the receptionist speaks whom the caller meets, or
/// would meet where the tenant's own answers.
fn language(plan: &Plan, chain: &[Stop], facts: &Facts) -> Option<String> {
    let met = chain.iter().find_map(|stop| {
        let Stop::Ai(ai) = stop else { return None };
        Some(ai.receptionist_id)
    });
    let chosen = plan.voice.language.clone();
    chosen.or_else(|| {
        let receptionist = facts
            .receptionists
            .get(&met.or(facts.default_receptionist)?)?;
        Some(receptionist.language.clone())
    })
}

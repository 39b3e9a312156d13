//! How calls stand, one state after the other, whoever tells of it how often.

use std::collections::BTreeMap;

use frontdesk::bridge::Happening;
use frontdesk::call::Report;
use frontdesk::domain::{CallStatus, EndReason};
use frontdesk::store::calls::{self, StatusNews};

use super::chance::Chance;
use super::house::House;
use super::plan::Plan;
use super::world::{Seen, SeenCall};

/// I2: no call moves backwards, and one that is over is so for good.
pub(super) fn state_faults(house: &House, plan: &Plan, seen: &Seen) -> Vec<String> {
    let mut chance = Chance::new(plan.seed ^ 0x57A7);
    let mut faults = Vec::new();
    for call in seen.calls.iter().filter(|call| call.admitted.is_ok()) {
        faults.extend(life_faults(seen, call));
        faults.extend(news_faults(house, call, &mut chance.fork()));
        if call.outcome.is_some() && call.admitted_again {
            faults.push("i2: a call that is over is let in again".to_owned());
        }
    }
    faults
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
enum Stage {
    #[default]
    Unknown,
    Admitted,
    Answered,
    Ended,
}

/// What was told of a call so far.
#[derive(Debug, Default)]
struct Life {
    stage: Stage,
    is_connected: bool,
    is_agent_lost: bool,
    is_held: bool,
    muted: BTreeMap<&'static str, bool>,
}

fn life_faults(seen: &Seen, call: &SeenCall) -> Vec<String> {
    let mut life = Life::default();
    let own = seen
        .events
        .iter()
        .filter(|event| event.call_id == call.call_id);
    let mut faults = Vec::new();
    for event in own {
        let before = format!("{life:?}");
        if !life.follows(&event.what) {
            faults.push(format!("i2: {:?} is told after {before}", event.what));
        }
    }
    faults
}

impl Life {
    /// Whether this may be told next; it is taken note of.
    fn follows(&mut self, what: &Happening) -> bool {
        match what {
            // Nobody leads calls elsewhere here.
            Happening::Placed(_)
            | Happening::Routed(_)
            | Happening::Queued(_)
            | Happening::Dequeued
            | Happening::Taken(..)
            | Happening::Held(_)
            | Happening::Muted(..)
            | Happening::Closed(_) => false,
            Happening::Admitted => self.come_to(Stage::Admitted, Stage::Unknown),
            Happening::Answered => self.come_to(Stage::Answered, Stage::Admitted),
            Happening::Ended(_) => {
                let is_live = self.is_live();
                self.stage = Stage::Ended;
                is_live
            }
            Happening::Recording(_) => self.is_live(),
            Happening::Reported(report) => self.is_live() && self.is_news(report),
        }
    }

    fn is_live(&self) -> bool {
        matches!(self.stage, Stage::Admitted | Stage::Answered)
    }

    fn come_to(&mut self, stage: Stage, from: Stage) -> bool {
        std::mem::replace(&mut self.stage, stage) == from
    }

    /// Whether what is reported was not so before.
    fn is_news(&mut self, report: &Report) -> bool {
        let is_answered = self.stage == Stage::Answered;
        match report {
            Report::Connected => is_answered && !std::mem::replace(&mut self.is_connected, true),
            Report::AgentLost => !std::mem::replace(&mut self.is_agent_lost, true),
            Report::AgentBack { .. } => std::mem::replace(&mut self.is_agent_lost, false),
            Report::Held(is_on) => is_answered && is_change(&mut self.is_held, *is_on),
            Report::Muted { who, is_on } => {
                is_change(self.muted.entry(who.as_str()).or_default(), *is_on)
            }
            Report::Speaking(_)
            | Report::Interrupted { .. }
            | Report::Latency(_)
            | Report::RanDry { .. }
            | Report::OutOfDate { .. }
            | Report::Digits(_)
            | Report::Silence { .. } => is_answered,
            Report::Said(_) | Report::Tool { .. } | Report::Used(_) => true,
        }
    }
}

fn is_change(was: &mut bool, is: bool) -> bool {
    std::mem::replace(was, is) != is
}

/// The carrier tells how the call stands, late, twice and in a wrong order.
fn news_faults(house: &House, call: &SeenCall, chance: &mut Chance) -> Vec<String> {
    let found = house.block_on(calls::find(&house.store, call.tenant_id, call.call_id));
    // Who is missing is found elsewhere.
    let Some(mut before) = found.expect("the database is back") else {
        return Vec::new();
    };
    let mut faults = Vec::new();
    let is_left_waiting = call.outcome.is_some_and(EndReason::leaves_caller_waiting);
    if before.status.is_terminal() == is_left_waiting {
        let (status, outcome) = (before.status, call.outcome);
        faults.push(format!(
            "i2: the call is {status:?}, and ended by {outcome:?}"
        ));
    }
    let mut news = Vec::new();
    for _ in 0..6 {
        news.push(chance.pick(&CallStatus::ALL[1..=4]));
    }
    news.push(CallStatus::Completed);
    news.push(chance.pick(&CallStatus::ALL));
    for (sequence, status) in news.into_iter().enumerate() {
        let news = StatusNews {
            status,
            sequence: i64::try_from(sequence).ok(),
            duration_s: None,
            at: house.clock.now().plus_ms(60_000),
        };
        let applied = calls::apply_status(&house.store, &before.call_sid, &news);
        let after = house.block_on(applied).expect("the database is back");
        let (after, _) = after.expect("the call is known");
        let is_back = after.status < before.status
            || after.end_reason != before.end_reason
            || after.ended_at > before.ended_at && before.ended_at.is_some();
        if is_back {
            let (was, is) = (before.status, after.status);
            faults.push(format!(
                "i2: {was:?} becomes {is:?} by the news of {status:?}"
            ));
        }
        before = after;
    }
    if !before.status.is_terminal() || before.ended_at.is_none() {
        faults.push("i2: the carrier's call is over, and ours is not".to_owned());
    }
    faults
}

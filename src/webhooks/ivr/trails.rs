//! Where calls are in flows, and what they were answered, as far as this process knows.

use std::collections::BTreeMap;
use std::sync::Arc;

use dashmap::DashMap;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::domain::{CallSid, Timestamp};
use crate::routing::ivr::{Input, State};
use crate::routing::{Facts, IvrStop};
use crate::store::{in_time, ivr_flow_versions, ivr_states};
use crate::twilio::twiml::Response;
use crate::webhooks::Webhooks;
use crate::webhooks::at::Leg;
use crate::webhooks::memory::Placed;

/// What becomes of a call in a flow.
#[derive(Clone, Debug)]
pub(crate) enum Course {
    /// The carrier has something to do.
    Taken(Response),
    /// The flow knows no further; this is heard before what comes behind it.
    Left(Response),
}

/// Where calls are in flows, for as long as the process lives.
#[derive(Clone, Debug, Default)]
pub struct Trails(Arc<DashMap<CallSid, Entry>>);

#[derive(Clone, Debug)]
struct Entry {
    since: Timestamp,
    pages: Arc<Mutex<Pages>>,
}

/// What is known of one call.
#[derive(Debug, Default)]
pub(super) struct Pages {
    states: BTreeMap<(usize, u32), State>,
    courses: Vec<Asked>,
    facts: BTreeMap<usize, Arc<Facts>>,
}

/// A question of the carrier's, and its answer.
#[derive(Debug)]
struct Asked {
    at: (usize, u32),
    input: Input,
    course: Course,
}

/// Answers of a call that are remembered; the carrier asks again soon or never.
const MAX_COURSES: usize = 16;
/// Calls that are over are forgotten whenever so many more have come.
const SWEEP_EVERY: usize = 128;
/// No call lasts longer than a day at any carrier.
const LONGEST_CALL_MS: i64 = 24 * 60 * 60 * 1_000;

impl Trails {
    /// What is known of a call. Who asks of the same call waits meanwhile.
    pub(super) async fn open(&self, call_sid: &CallSid, now: Timestamp) -> OwnedMutexGuard<Pages> {
        if self.0.len() % SWEEP_EVERY == SWEEP_EVERY - 1 {
            let old = now.plus_ms(-LONGEST_CALL_MS);
            self.0.retain(|_, entry| entry.since > old);
        }
        let new = || Entry {
            since: now,
            pages: Arc::default(),
        };
        let pages = {
            let entry = self.0.entry(call_sid.clone()).or_insert_with(new);
            Arc::clone(&entry.pages)
        };
        pages.lock_owned().await
    }

    /// The call is over.
    pub(crate) fn forget(&self, call_sid: &CallSid) {
        self.0.remove(call_sid);
    }
}

impl Pages {
    /// What was answered to the same question before.
    pub(super) fn answered(&self, at: (usize, u32), input: &Input) -> Option<Course> {
        let mut asked = self.courses.iter();
        let same = asked.find(|asked| asked.at == at && asked.input == *input);
        same.map(|asked| asked.course.clone())
    }

    /// This was answered.
    pub(super) fn keep(&mut self, at: (usize, u32), input: Input, course: &Course) {
        if self.courses.len() >= MAX_COURSES {
            self.courses.remove(0);
        }
        let course = course.clone();
        self.courses.push(Asked { at, input, course });
    }

    /// What the flow of a stop goes by: what the route was decided by, or the
    /// same from the database.
    pub(super) async fn facts(
        &mut self,
        house: &Webhooks,
        placed: &Placed,
        (n, stop): (usize, &IvrStop),
    ) -> Option<Arc<Facts>> {
        let has_it = |facts: &&Arc<Facts>| {
            let flow = facts.flows.get(&stop.flow_id);
            flow.is_some_and(|flow| flow.version == stop.version)
        };
        let known = self.facts.get(&n).or(placed.facts.as_ref());
        if let Some(facts) = known.filter(has_it) {
            return Some(Arc::clone(facts));
        }
        let found = ivr_flow_versions::facts(&house.store, placed.tenant_id, stop);
        let facts = match house.patience.must(found).await {
            Some(Ok(facts)) => Arc::new(facts?),
            Some(Err(error)) => {
                tracing::error!(call.id = %placed.call_id, %error, "ivr.flow_lost");
                return None;
            }
            None => {
                tracing::error!(call.id = %placed.call_id, "ivr.flow_lost: no answer in time");
                return None;
            }
        };
        self.facts.insert(n, Arc::clone(&facts));
        Some(facts)
    }

    /// Where the call was at a step; where nobody remembers, what the address
    /// says has to do.
    pub(super) async fn state(
        &self,
        house: &Webhooks,
        placed: &Placed,
        (stop, leg): (usize, &Leg),
    ) -> State {
        let at = (stop, leg.step);
        let known = if let Some(state) = self.states.get(&at) {
            Some(state.clone())
        } else {
            let of = (placed.tenant_id, placed.call_id);
            let asked = ivr_states::find(&house.store, of, at);
            let found = house.patience.must(asked).await;
            found.and_then(Result::ok).flatten()
        };
        known
            .filter(|state| state.node == leg.node)
            .unwrap_or_else(|| {
                tracing::warn!(call.id = %placed.call_id, "ivr.state_lost");
                State::lost_at(leg.node.clone(), leg.step)
            })
    }

    /// Keeps where the call is. The caller does not wait long for the database.
    pub(super) async fn note(
        &mut self,
        house: &Webhooks,
        placed: &Placed,
        (stop, state): (usize, &State),
    ) {
        self.states.insert((stop, state.step), state.clone());
        let (store, of) = (house.store.clone(), (placed.tenant_id, placed.call_id));
        let state = state.clone();
        let writing = tokio::spawn(async move {
            if let Err(error) = in_time(ivr_states::insert(&store, of, stop, &state)).await {
                tracing::warn!(call.id = %of.1, %error, "ivr.state_not_kept");
            }
        });
        drop(house.patience.wait(writing).await);
    }
}

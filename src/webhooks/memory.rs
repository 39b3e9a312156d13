//! What the switchboard remembers: how numbers are answered, and the calls it has placed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dashmap::DashMap;

use super::at::Point;
use crate::domain::{
    CallId, CallSid, Consent, Contact, DAY_MS, Party, PhoneNumber, QueueId, TenantId, Timestamp,
};
use crate::routing::{Facts, Route};

/// Numbers that are remembered; a database that is away is not missed sooner
/// than the memory of a small computer.
pub(super) const MAX_NUMBERS: usize = 10_000;
/// Calls that are over are forgotten whenever so many more have come.
const SWEEP_EVERY: usize = 128;
/// No call lasts longer than a day at any carrier.
const LONGEST_CALL_MS: i64 = DAY_MS;

/// Calls that turn in a circle follow each other within seconds, as fast as they are led on.
const CIRCLE_MS: i64 = 2 * 60_000;

/// What a tenant had left to spend is remembered for an hour.
const SPENT_FOR_MS: i64 = 60 * 60 * 1_000;

/// A call whose route is decided.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) call_id: CallId,
    pub(super) tenant_id: TenantId,
    pub(super) route: Route,
    /// What the route was decided by; none if it was read from the database.
    pub(super) facts: Option<Arc<Facts>>,
    /// Who calls, if the tenant knows them.
    pub(super) contact: Option<Contact>,
    pub(super) since: Timestamp,
    /// Who rings whom, where both have a number.
    pub(super) between: Option<(PhoneNumber, PhoneNumber)>,
    /// How many calls between the same two had come shortly before it, and went on.
    pub(super) same: usize,
    /// Whether a receptionist has had the call and may not have it again.
    pub(super) has_had_agent: bool,
    /// The stop where a receptionist has had the call last, if that is known.
    pub(super) left_at: Option<usize>,
    /// Where the call goes on that was handed on, if it was.
    pub(super) moved_to: Option<usize>,
    /// What whoever is on the line has said to being recorded, if they were asked.
    pub(super) consent: Option<Consent>,
    /// What they were told of that unasked, and where.
    pub(super) told: Option<(Point, Consent)>,
    /// Where telephones ring while they wait with music, if that is known.
    pub(super) rings_at: Option<usize>,
    /// Who of those that were rung is a machine, as far as the carrier has found out.
    pub(super) verdicts: Vec<(CallSid, bool)>,
    /// The queue of which it is written down that the call waits there.
    pub(super) waits_in: Option<QueueId>,
    pub(super) is_over: AtomicBool,
}

impl Placed {
    /// A call on that route, of which nothing more is known yet.
    pub(super) fn new(call_id: CallId, tenant_id: TenantId, route: Route, now: Timestamp) -> Self {
        Self {
            call_id,
            tenant_id,
            route,
            facts: None,
            contact: None,
            since: now,
            between: None,
            same: 0,
            has_had_agent: false,
            left_at: None,
            moved_to: None,
            consent: None,
            told: None,
            rings_at: None,
            verdicts: Vec::new(),
            waits_in: None,
            is_over: AtomicBool::new(false),
        }
    }

    /// Whether the carrier has said that the call is over.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// What follows the stop `n`: where the call was handed on to meanwhile, else
    /// the next one.
    pub(super) fn after(&self, n: usize) -> usize {
        self.moved_to.filter(|first| *first > n).unwrap_or(n + 1)
    }

    /// Whether the call was handed on from the stop `n`, or one before it.
    pub(super) fn is_moved_from(&self, n: usize) -> bool {
        self.moved_to.is_some_and(|first| first > n)
    }

    /// Whether a receptionist may have the call at the stop `n`: a first time, or
    /// again, where the caller comes back.
    pub(super) fn may_have_agent(&self, n: usize, is_back: bool) -> bool {
        let is_new = self.left_at.is_none_or(|left| n > left);
        !self.has_had_agent || (is_back && is_new)
    }

    fn copied(&self) -> Self {
        Self {
            call_id: self.call_id,
            tenant_id: self.tenant_id,
            route: self.route.clone(),
            facts: self.facts.clone(),
            contact: self.contact.clone(),
            since: self.since,
            between: self.between.clone(),
            same: self.same,
            has_had_agent: self.has_had_agent,
            left_at: self.left_at,
            moved_to: self.moved_to,
            consent: self.consent.clone(),
            told: self.told.clone(),
            rings_at: self.rings_at,
            verdicts: self.verdicts.clone(),
            waits_in: self.waits_in,
            is_over: AtomicBool::new(self.is_over()),
        }
    }
}

/// How numbers are answered and which calls there are, for as long as the
/// process lives.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    numbers: Arc<DashMap<String, Arc<Facts>>>,
    /// The same of those that nobody has rung, as it was when the process began.
    foreseen: Arc<DashMap<String, Arc<Facts>>>,
    calls: Arc<DashMap<CallSid, Arc<Placed>>>,
    /// Tenants who had nothing left to spend when that was last known.
    spent: Arc<DashMap<TenantId, Timestamp>>,
}

impl Memory {
    /// How a number was answered when that was last known.
    pub(super) fn facts(&self, to: &Party) -> Option<Arc<Facts>> {
        let found = self.numbers.get(&to.to_text());
        found.map(|facts| Arc::clone(&facts))
    }

    /// The same of one that nobody has rung yet. It may be old: for where nobody can be asked.
    pub(super) fn foreseen(&self, to: &Party) -> Option<Arc<Facts>> {
        let found = self.foreseen.get(&to.to_text());
        found.map(|facts| Arc::clone(&facts))
    }

    /// This is how the number would be answered, which nobody has rung yet.
    pub(super) fn foresee(&self, to: &Party, facts: Facts) {
        self.foreseen.insert(to.to_text(), Arc::new(facts));
    }

    /// This is how the number is answered; what is known already is kept once.
    pub(super) fn learn(&self, to: &Party, facts: Facts) -> Arc<Facts> {
        if let Some(known) = self.facts(to).filter(|known| **known == facts) {
            return known;
        }
        let (key, facts) = (to.to_text(), Arc::new(facts));
        self.foreseen.remove(&key);
        if self.numbers.len() >= MAX_NUMBERS && !self.numbers.contains_key(&key) {
            let some = self.numbers.iter().next().map(|entry| entry.key().clone());
            some.and_then(|some| self.numbers.remove(&some));
        }
        self.numbers.insert(key, Arc::clone(&facts));
        facts
    }

    /// The tenant had nothing left to spend at that time, or something.
    pub(super) fn note_spent(&self, tenant: TenantId, since: Option<Timestamp>) {
        match since {
            Some(at) => {
                self.spent.insert(tenant, at);
            }
            None => {
                self.spent.remove(&tenant);
            }
        }
    }

    /// Whether the tenant had nothing left to spend a short time ago; what is
    /// older may be of another day.
    pub(super) fn is_spent(&self, tenant: TenantId, now: Timestamp) -> bool {
        let at = self.spent.get(&tenant);
        at.is_some_and(|at| at.plus_ms(SPENT_FOR_MS) > now)
    }

    /// A call that was placed here.
    pub(super) fn call(&self, call_sid: &CallSid) -> Option<Arc<Placed>> {
        self.calls.get(call_sid).map(|placed| Arc::clone(&placed))
    }

    /// Remembers a call, and how many there are like it; whoever was first is right.
    pub(super) fn place(&self, call_sid: &CallSid, mut placed: Placed) -> Arc<Placed> {
        if placed.between.is_some() {
            let since = placed.since.plus_ms(-CIRCLE_MS);
            let is_same = |other: &Placed| {
                other.since > since && other.between == placed.between && !other.is_over()
            };
            placed.same = self.calls.iter().filter(|other| is_same(other)).count();
        }
        if self.calls.len() % SWEEP_EVERY == SWEEP_EVERY - 1 {
            let old = placed.since.plus_ms(-LONGEST_CALL_MS);
            self.calls
                .retain(|_, placed| !placed.is_over() && placed.since > old);
        }
        let entry = self.calls.entry(call_sid.clone());
        Arc::clone(&entry.or_insert_with(|| Arc::new(placed)))
    }

    /// Remembers something else of a call that was placed here; none if it was
    /// not.
    pub(super) fn change(
        &self,
        call_sid: &CallSid,
        change: impl FnOnce(&mut Placed),
    ) -> Option<Arc<Placed>> {
        let mut entry = self.calls.get_mut(call_sid)?;
        let mut placed = entry.copied();
        change(&mut placed);
        *entry = Arc::new(placed);
        Some(Arc::clone(&entry))
    }

    /// The carrier says that the call is over.
    pub(super) fn close(&self, call_sid: &CallSid) {
        // Whoever changes it meanwhile waits, and copies this too.
        if let Some(placed) = self.calls.get(call_sid) {
            placed.is_over.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::OpenState;
    use crate::routing::Stop;

    #[test]
    fn i11_who_rings_often_and_is_told_of_elsewhere_turns_in_no_circle() {
        let memory = Memory::default();
        let place = |n: u32, at_ms| {
            let at = Timestamp::from_ms(at_ms);
            let route = Route {
                stops: vec![Stop::Apology],
                open_state: OpenState::Open,
                language: None,
                steps: Vec::new(),
            };
            let sid = format!("CA{n}").parse().unwrap();
            let tenant = "ten_00000000000000000000000000".parse().unwrap();
            let placed = Placed {
                between: Some((
                    "+15550100001".parse().unwrap(),
                    "+15550100002".parse().unwrap(),
                )),
                ..Placed::new(CallId::of_sid(&sid), tenant, route, at)
            };
            memory.place(&sid, placed).same
        };
        // The carrier has told another process that they are over.
        for n in 0..20 {
            assert_eq!(place(n, i64::from(n) * CIRCLE_MS), 0);
        }
        let now = 20 * CIRCLE_MS;
        let counted: Vec<_> = (20..24).map(|n| place(n, now + i64::from(n))).collect();
        assert_eq!(counted, [0, 1, 2, 3]);
    }
}

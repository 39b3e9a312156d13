//! Who is kept waiting or from being heard in the calls that go on, as this process has
//! been told.

use std::collections::{BTreeSet, HashMap};

use super::live::{Happening, LiveEvent};
use crate::call::Report;
use crate::domain::{CallId, Timestamp};

/// Who is kept waiting or from being heard in one call.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Quiet {
    /// The caller waits.
    pub is_held: bool,
    /// Whose voice is kept back: `caller`, `person` or `receptionist`.
    pub muted: BTreeSet<&'static str>,
}

/// The calls in which somebody is.
#[derive(Debug, Default)]
pub(super) struct Quiets(HashMap<CallId, (Timestamp, Quiet)>);

/// That such a call is over may be told to another process: after a day it is.
const LONGEST_MS: i64 = 24 * 60 * 60 * 1_000;

impl Quiets {
    /// This happened.
    pub(super) fn note(&mut self, event: &LiveEvent) {
        let (muted, is_on) = match &event.what {
            Happening::Held(is_on) | Happening::Reported(Report::Held(is_on)) => (None, *is_on),
            Happening::Muted(side, is_on) => (Some(side.as_str()), *is_on),
            Happening::Reported(Report::Muted { who, is_on }) => (Some(who.as_str()), *is_on),
            Happening::Closed(_) | Happening::Ended(_) | Happening::Taken(..) => {
                self.0.remove(&event.call_id);
                return;
            }
            Happening::Placed(_)
            | Happening::Routed(_)
            | Happening::Queued(_)
            | Happening::Dequeued
            | Happening::Admitted
            | Happening::Answered
            | Happening::Reported(_)
            | Happening::Recording(_) => return,
        };
        let now = event.time;
        self.0
            .retain(|_, (since, _)| now.as_ms() - since.as_ms() < LONGEST_MS);
        let (_, quiet) = self
            .0
            .entry(event.call_id)
            .or_insert((now, Quiet::default()));
        match muted {
            None => quiet.is_held = is_on,
            Some(who) if is_on => {
                quiet.muted.insert(who);
            }
            Some(who) => {
                quiet.muted.remove(who);
            }
        }
        if *quiet == Quiet::default() {
            self.0.remove(&event.call_id);
        }
    }

    /// How it stands with a call.
    pub(super) fn of(&self, call: CallId) -> Quiet {
        let known = self.0.get(&call);
        known.map(|(_, quiet)| quiet.clone()).unwrap_or_default()
    }

    pub(super) fn forget(&mut self, call: CallId) {
        self.0.remove(&call);
    }
}

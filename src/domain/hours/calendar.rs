//! A week, what is exceptional, and the hours made of both.

use std::collections::BTreeMap;

use super::span::{Date, Span, Weekday};
use super::zone::Zone;
use crate::domain::{HoursId, TenantId, Timestamp};

/// Opening hours under a name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hours {
    /// Its name in the database.
    pub id: HoursId,
    /// Whose they are.
    pub tenant_id: TenantId,
    /// Their name for people.
    pub name: String,
    /// When it is open.
    pub plan: HoursPlan,
    /// When they were written down.
    pub created_at: Timestamp,
}

/// When it is open.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HoursPlan {
    /// Whose clock counts.
    pub zone: Zone,
    /// What is usual.
    pub week: Week,
    /// The days that are not as usual.
    pub exceptions: BTreeMap<Date, Exception>,
}

impl HoursPlan {
    /// The spans that open on `date`.
    pub(super) fn spans(&self, date: Date) -> &[Span] {
        match self.exceptions.get(&date) {
            Some(exception) => &exception.spans,
            None => self.week.spans(date.weekday()),
        }
    }
}

/// The spans of each day of the week.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Week([Vec<Span>; 7]);

impl Week {
    /// The week in which `spans` are open on each day that they name.
    pub fn new(spans: impl IntoIterator<Item = (Weekday, Vec<Span>)>) -> Self {
        let mut week = Self::default();
        for (day, mut spans) in spans {
            spans.sort_unstable();
            week.0[day as usize] = spans;
        }
        week
    }

    /// The spans of a day, from morning to evening.
    pub fn spans(&self, day: Weekday) -> &[Span] {
        &self.0[day as usize]
    }

    /// Whether no day has any.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }
}

/// A day that is not as its weekday usually is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Exception {
    /// What it is called, such as `Christmas`.
    pub name: String,
    /// When it is open on that day; not at all if there are none.
    pub spans: Vec<Span>,
}

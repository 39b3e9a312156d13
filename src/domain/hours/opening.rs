//! Whether it is open at a moment, until when, or when it opens again.

use std::ops::Bound;

use jiff::ToSpan as _;

use super::calendar::HoursPlan;
use super::span::Date;
use crate::domain::Timestamp;

/// How things stand at one moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Opening {
    /// Come in.
    Open {
        /// When it closes; none if it does not within a fortnight.
        until: Option<Timestamp>,
    },
    /// Nobody is there.
    Closed {
        /// When it opens; none if it never does.
        opens_at: Option<Timestamp>,
        /// Why it is closed.
        why: Closure,
    },
}

impl Opening {
    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Open { .. })
    }
}

/// Why it is closed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Closure {
    /// It always is at that time of the week.
    Weekly,
    /// That day is not as usual; this is its name.
    Holiday(String),
}

/// Hours without an end are followed this far.
const HORIZON_DAYS: usize = 15;

impl HoursPlan {
    /// How things stand at `at`.
    pub fn is_open(&self, at: Timestamp) -> Opening {
        let today = Date(self.zone.wall(at).date());
        let mut until = None;
        for date in days_after(yesterday(today)).take(HORIZON_DAYS) {
            for (opens, closes) in self.intervals(date) {
                // What touches or overlaps the span before goes on.
                let goes_on = opens <= until.unwrap_or(at);
                if goes_on && closes > until.unwrap_or(at) {
                    until = Some(closes);
                }
            }
        }
        match until {
            Some(until) => Opening::Open {
                until: self.is_within_horizon(today, until).then_some(until),
            },
            None => Opening::Closed {
                opens_at: self.next_opening(today, at),
                why: match self.exceptions.get(&today) {
                    Some(exception) => Closure::Holiday(exception.name.clone()),
                    None => Closure::Weekly,
                },
            },
        }
    }

    fn is_within_horizon(&self, today: Date, until: Timestamp) -> bool {
        let last = days_after(yesterday(today)).take(HORIZON_DAYS).last();
        last.is_some_and(|last| Date(self.zone.wall(until).date()) <= last)
    }

    fn next_opening(&self, today: Date, at: Timestamp) -> Option<Timestamp> {
        let opening_on = |date| {
            let mut opens = self.intervals(date).map(|(opens, _)| opens);
            opens.find(|opens| *opens > at)
        };
        if self.week.is_empty() {
            let from = (Bound::Included(today), Bound::Unbounded);
            let exceptions = self.exceptions.range(from);
            return exceptions.map(|(date, _)| *date).find_map(opening_on);
        }
        // A usual day comes within the week, unless exceptions put it off.
        let days = 7 * (self.exceptions.len() + 2);
        days_after(today).take(days).find_map(opening_on)
    }

    /// From when to when it is open by the spans of a day, in their order.
    fn intervals(&self, date: Date) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let spans = self.spans(date).iter();
        let intervals = spans.filter_map(move |span| {
            let (opens, closes) = span.on(date)?;
            Some((self.zone.first(opens)?, self.zone.last(closes)?))
        });
        intervals.filter(|(opens, closes)| opens < closes)
    }
}

fn yesterday(date: Date) -> Date {
    Date(date.0.yesterday().unwrap_or(date.0))
}

/// `date` and the days after it.
fn days_after(date: Date) -> impl Iterator<Item = Date> {
    date.0.series(1.day()).map(Date)
}

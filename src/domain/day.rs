//! Days and months of the calendar.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{ParseError, Timestamp};

/// A day of the calendar.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Day(Date);

impl Day {
    /// The day that it is at `at` in a time zone; in UTC, where there is no such
    /// zone.
    pub fn of(at: Timestamp, time_zone: &str) -> Self {
        let moment = jiff::Timestamp::from_millisecond(at.as_ms()).unwrap_or_default();
        let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
        Self(zone.to_datetime(moment).date())
    }

    /// The first day of its month.
    #[must_use]
    pub fn first_of_month(self) -> Self {
        Self(self.0.first_of_month())
    }

    /// The last day of its month.
    #[must_use]
    pub fn last_of_month(self) -> Self {
        Self(self.0.last_of_month())
    }

    /// The day so many days later; the last day of all, where there is none.
    #[must_use]
    pub fn plus_days(self, days: i32) -> Self {
        Self(self.0.checked_add(days.days()).unwrap_or(Date::MAX))
    }

    /// Its month, such as `2026-12`.
    pub fn month(self) -> String {
        format!("{:04}-{:02}", self.0.year(), self.0.month())
    }
}

/// `2026-12-24`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Day {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = ParseError {
            expected: "a day such as 2026-12-24",
        };
        let has_shape = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        if !has_shape {
            return Err(error);
        }
        text.parse().map(Self).map_err(|_| error)
    }
}

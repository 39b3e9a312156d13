//! A time zone by its IANA name, with the rules that go with it.

use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::domain::{ParseError, Timestamp};

/// A time zone that is known here, such as `Europe/Berlin`.
///
/// <https://www.iana.org/time-zones>
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Zone {
    name: Box<str>,
    rules: TimeZone,
}

impl Zone {
    /// Greenwich's, without summer time.
    pub fn utc() -> Self {
        Self {
            name: "UTC".into(),
            rules: TimeZone::UTC,
        }
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Day and time as a person says them: `Friday, 20 November 2026, 18:00`.
    pub fn in_words(&self, at: Timestamp) -> String {
        self.wall(at).strftime("%A, %-d %B %Y, %H:%M").to_string()
    }

    /// What the clock on the wall shows.
    pub(super) fn wall(&self, at: Timestamp) -> DateTime {
        let at = jiff::Timestamp::from_millisecond(at.as_ms());
        // A moment beyond the year 9999 is none that anybody calls at.
        self.rules.to_datetime(at.unwrap_or_default())
    }

    /// When the clock first shows `wall`, or passes it without showing it.
    pub(super) fn first(&self, wall: DateTime) -> Option<Timestamp> {
        self.moments(wall).map(|(first, _)| first)
    }

    /// When the clock last shows `wall`, or passes it without showing it.
    pub(super) fn last(&self, wall: DateTime) -> Option<Timestamp> {
        self.moments(wall).map(|(_, last)| last)
    }

    fn moments(&self, wall: DateTime) -> Option<(Timestamp, Timestamp)> {
        let found = self.rules.to_ambiguous_timestamp(wall);
        let is_gap = matches!(found.offset(), AmbiguousOffset::Gap { .. });
        let (first, last) = (found.earlier().ok()?, found.later().ok()?);
        if !is_gap {
            return Some((moment(first), moment(last)));
        }
        // The jump lies between the two readings of a time that it leaves out.
        let jump = self.rules.following(first).next()?;
        let jump = moment(jump.timestamp());
        Some((jump, jump))
    }
}

fn moment(at: jiff::Timestamp) -> Timestamp {
    Timestamp::from_ms(at.as_millisecond())
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl FromStr for Zone {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let rules = TimeZone::get(text).map_err(|_| ParseError {
            expected: "an IANA time zone such as Europe/Berlin",
        })?;
        Ok(Self {
            name: text.into(),
            rules,
        })
    }
}

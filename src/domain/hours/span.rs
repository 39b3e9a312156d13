//! Days and the spans of a day, as people write them.

use std::fmt;
use std::str::FromStr;

use jiff::Span as Length;
use jiff::civil;

use crate::domain::ParseError;

/// A day of the calendar, `2026-12-25`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Date(pub(super) civil::Date);

impl Date {
    /// The day of the week.
    pub fn weekday(self) -> Weekday {
        let since_monday = self.0.weekday().to_monday_zero_offset();
        let index = usize::try_from(since_monday).unwrap_or_default();
        Weekday::ALL[index % Weekday::ALL.len()]
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Date {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = ParseError {
            expected: "a date such as 2026-12-25",
        };
        // The library reads more than a date, such as a time behind it.
        let date: civil::Date = text.parse().map_err(|_| error)?;
        (date.to_string() == text)
            .then_some(Self(date))
            .ok_or(error)
    }
}

/// A day of the week.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Weekday {
    /// The first, as ISO 8601 counts.
    Monday,
    /// The second.
    Tuesday,
    /// The third.
    Wednesday,
    /// The fourth.
    Thursday,
    /// The fifth.
    Friday,
    /// The sixth.
    Saturday,
    /// The seventh.
    Sunday,
}

impl Weekday {
    /// All of them, from Monday on.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// The day in lower case, in English.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }
}

impl fmt::Display for Weekday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Weekday {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.into_iter().find(|day| day.as_str() == text);
        found.ok_or(ParseError {
            expected: "a day of the week, such as monday",
        })
    }
}

/// From one time of the day to another, `09:00-17:30`.
///
/// `24:00` ends with the day. An end that is not after the beginning is one of
/// the next day: `22:00-06:00`, and `09:00-09:00` is a whole day.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Span {
    /// In minutes since midnight.
    opens: u16,
    /// In minutes since the midnight before it opens; later than `opens`, and
    /// by a day at most.
    closes: u16,
}

const DAY: u16 = 24 * 60;

impl Span {
    /// From midnight to midnight.
    pub const WHOLE_DAY: Self = Self {
        opens: 0,
        closes: DAY,
    };

    /// What the wall shows when it opens on `date`, and when it closes.
    pub(super) fn on(self, date: Date) -> Option<(civil::DateTime, civil::DateTime)> {
        let midnight = date.0.to_datetime(civil::Time::midnight());
        let after = |minutes: u16| {
            let length = Length::new().try_minutes(minutes).ok()?;
            midnight.checked_add(length).ok()
        };
        Some((after(self.opens)?, after(self.closes)?))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let closes = if self.closes > DAY {
            self.closes - DAY
        } else {
            self.closes
        };
        let (from, to) = (self.opens, closes);
        write!(
            f,
            "{:02}:{:02}-{:02}:{:02}",
            from / 60,
            from % 60,
            to / 60,
            to % 60
        )
    }
}

impl FromStr for Span {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = ParseError {
            expected: "a span such as 09:00-17:30, from 00:00 to 24:00",
        };
        let (opens, closes) = text.split_once('-').ok_or(error)?;
        let (opens, closes) = (minutes(opens).ok_or(error)?, minutes(closes).ok_or(error)?);
        if opens == DAY {
            return Err(error);
        }
        let is_next_day = closes <= opens;
        Ok(Self {
            opens,
            closes: if is_next_day { closes + DAY } else { closes },
        })
    }
}

/// `HH:MM`, from `00:00` to `24:00`.
fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |part: &str| {
        let is_plain = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        is_plain.then(|| part.parse::<u16>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= DAY).then_some(total)
}

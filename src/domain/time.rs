//! Wall-clock time as the database keeps it: milliseconds since 1970, UTC.

use std::fmt;

/// A day of twenty-four hours, in milliseconds.
pub const DAY_MS: i64 = 86_400_000;

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `ms` milliseconds after 1970.
    pub fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since 1970.
    pub fn as_ms(self) -> i64 {
        self.0
    }

    /// The day on which it falls in an IANA time zone, such as `2026-11-21`; in
    /// a zone that nobody knows, that in UTC.
    pub fn date_in(self, time_zone: &str) -> String {
        let zone = jiff::tz::TimeZone::get(time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let at = jiff::Timestamp::from_millisecond(self.0).unwrap_or_default();
        at.to_zoned(zone).date().to_string()
    }

    /// The moment `ms` milliseconds later (or, negative, earlier).
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

/// RFC 3339 in UTC with milliseconds: `2026-11-21T09:30:00.000Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => write!(f, "{at:.3}"),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

impl std::str::FromStr for Timestamp {
    type Err = super::ParseError;

    /// Reads RFC 3339; what is finer than a millisecond is cut off.
    fn from_str(text: &str) -> Result<Self, super::ParseError> {
        let moment: Result<jiff::Timestamp, _> = text.parse();
        let moment = moment.map_err(|_| super::ParseError {
            expected: "a time in RFC 3339, such as 2026-11-21T09:30:00Z",
        })?;
        Ok(Self::from_ms(moment.as_millisecond()))
    }
}

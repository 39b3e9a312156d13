//! From columns to domain types, and the complaint if they do not fit.

use std::borrow::Cow;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Error;
use crate::domain::{ParseError, Timestamp};

/// One row of a table, known by its primary key.
#[derive(Clone, Copy)]
pub(super) struct RowOf<'a> {
    pub(super) table: &'static str,
    pub(super) id: &'a str,
}

impl RowOf<'_> {
    /// The row does not make sense.
    pub(super) fn corrupt(self, source: ParseError) -> Error {
        Error::Corrupt {
            table: self.table,
            id: self.id.to_owned(),
            source,
        }
    }

    pub(super) fn parse<T: FromStr<Err = ParseError>>(self, text: &str) -> Result<T, Error> {
        text.parse().map_err(|error| self.corrupt(error))
    }

    pub(super) fn parse_opt<T: FromStr<Err = ParseError>>(
        self,
        text: Option<&str>,
    ) -> Result<Option<T>, Error> {
        text.map(|text| self.parse(text)).transpose()
    }

    /// A column that holds JSON.
    pub(super) fn json<T: DeserializeOwned>(
        self,
        text: &str,
        expected: &'static str,
    ) -> Result<T, Error> {
        serde_json::from_str(text).map_err(|_| self.corrupt(ParseError { expected }))
    }

    /// What must be there because of what another column says.
    pub(super) fn required<T>(self, value: Option<T>, expected: &'static str) -> Result<T, Error> {
        value.ok_or_else(|| self.corrupt(ParseError { expected }))
    }

    pub(super) fn truth(self, value: i64) -> Result<bool, Error> {
        match value {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.corrupt(ParseError { expected: "0 or 1" })),
        }
    }

    pub(super) fn duration(self, ms: i64) -> Result<Duration, Error> {
        let ms = u64::try_from(ms).map_err(|_| {
            self.corrupt(ParseError {
                expected: "a duration in milliseconds, not negative",
            })
        })?;
        Ok(Duration::from_millis(ms))
    }
}

pub(super) fn time(ms: Option<i64>) -> Option<Timestamp> {
    ms.map(Timestamp::from_ms)
}

/// Milliseconds for a column; what is longer than 292 million years is that.
pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// JSON for a column.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("our texts are plain lists and names")
}

/// Foreign text as both databases take it: PostgreSQL refuses U+0000.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The pattern of what has `text` in it, for `LIKE … ESCAPE '\'`.
pub(super) fn containing(text: &str) -> String {
    let mut pattern = "%".to_owned();
    for c in text.chars().filter(|c| *c != '\0') {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

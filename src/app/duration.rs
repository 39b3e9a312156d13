//! Spans of time as people write them: `30s`, `15m`, `12h`, `90d`.

use std::time::Duration;

/// Reads a whole number with its unit; without a unit it is seconds.
///
/// # Errors
///
/// Says what a span looks like.
pub(super) fn parse(text: &str) -> Result<Duration, &'static str> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(EXPECTED),
    };
    let number: u64 = digits.parse().map_err(|_| EXPECTED)?;
    let seconds = number.checked_mul(unit).filter(|s| *s <= LONGEST_S);
    seconds.map(Duration::from_secs).ok_or(EXPECTED)
}

/// The same for the time after which a service ends a session.
///
/// # Errors
///
/// If that is less than a minute: half a call would be spent on changing over.
pub(super) fn parse_session_limit(text: &str) -> Result<Duration, &'static str> {
    let limit = parse(text)?;
    if limit < Duration::from_mins(1) {
        return Err("expected a minute or more");
    }
    Ok(limit)
}

/// A hundred years: more is a slip of the finger, and overflows calendars.
const LONGEST_S: u64 = 100 * 366 * 24 * 60 * 60;

const EXPECTED: &str = "expected a span of time such as 30s, 15m, 12h or 90d";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_whole_number_with_a_unit() {
        for (text, seconds) in [
            ("0", 0),
            ("30s", 30),
            ("15m", 900),
            ("12h", 43_200),
            ("1d", 86_400),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "s",
            "-1s",
            "1.5h",
            "1 h",
            "1w",
            "99999999999d",
            "18446744073709551616",
            "１s",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

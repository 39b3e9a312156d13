//! What Twilio charged, without a float in between.

use std::str::FromStr;

use crate::domain::ParseError;

/// An amount as Twilio rates it; what we pay is below zero.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Price {
    /// Millionths of the currency's unit.
    pub micros: i64,
    /// ISO 4217, such as `USD`.
    pub currency: String,
}

/// Millionths, from a decimal number such as `-0.00850`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Micros(pub(super) i64);

impl FromStr for Micros {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = ParseError {
            expected: "a decimal number",
        };
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        let (units, rest) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if units.is_empty() || !is_number(units) || !is_number(rest) {
            return Err(error);
        }
        let units: i64 = units.parse().map_err(|_| error)?;
        let micros = rest.bytes().chain(std::iter::repeat(b'0')).take(6);
        let micros = micros.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        let whole = units.checked_mul(1_000_000).ok_or(error)?;
        let sum = whole.checked_add(micros).ok_or(error)?;
        Ok(Self(sign * sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_read_to_the_millionth() {
        for (text, micros) in [
            ("-0.00850", -8_500),
            ("1", 1_000_000),
            ("-12.3456789", -12_345_678),
            ("0.0", 0),
        ] {
            assert_eq!(text.parse(), Ok(Micros(micros)), "{text}");
        }
        for text in ["", "-", ".5", "1,5", "1.-5", "1e3", "99999999999999999999"] {
            assert!(text.parse::<Micros>().is_err(), "{text}");
        }
    }
}

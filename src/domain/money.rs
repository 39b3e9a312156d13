//! Money in whole micro-units of a currency; no fractions, no floats.

use std::fmt;

use super::ParseError;

/// The currency of an amount.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Currency {
    /// United States dollar.
    #[default]
    Usd,
    /// Another one, in which a carrier rates its calls.
    Other(CurrencyCode),
}

impl Currency {
    /// ISO 4217 code.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Usd => "USD",
            // Only letters were let in.
            Self::Other(CurrencyCode(letters)) => str::from_utf8(letters).unwrap_or_default(),
        }
    }
}

/// Three capital letters that are not `USD`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CurrencyCode([u8; 3]);

impl std::str::FromStr for Currency {
    type Err = ParseError;

    /// In any case: carriers write `USD` and `usd`.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let letters: [u8; 3] = text.as_bytes().try_into().unwrap_or_default();
        let letters = letters.map(|letter| letter.to_ascii_uppercase());
        if !letters.iter().all(u8::is_ascii_uppercase) {
            return Err(ParseError {
                expected: "three letters of a currency, such as USD",
            });
        }
        Ok(match &letters {
            b"USD" => Self::Usd,
            _ => Self::Other(CurrencyCode(letters)),
        })
    }
}

/// An amount: 1,000,000 micro-units are one dollar.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Money {
    /// Millionths of the currency's unit.
    pub micros: i64,
    /// Of which currency.
    pub currency: Currency,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.micros < 0 { "-" } else { "" };
        let micros = self.micros.unsigned_abs();
        let (units, rest) = (micros / 1_000_000, micros % 1_000_000);
        write!(f, "{sign}{units}.{rest:06} {}", self.currency.as_str())
    }
}

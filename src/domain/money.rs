//! Money in whole micro-units of a currency; no fractions, no floats.

use std::fmt;

/// The currency of an amount.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Currency {
    /// United States dollar.
    #[default]
    Usd,
}

impl Currency {
    /// ISO 4217 code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Usd => "USD",
        }
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

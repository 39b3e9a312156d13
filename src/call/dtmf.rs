//! Digits into entries.

use std::time::Duration;

use crate::domain::Pii;

/// An entry is taken for finished when no digit follows for so long.
pub(super) const ENTRY_PAUSE: Duration = Duration::from_secs(2);
/// The longest entry; a storm of digits must not cost memory.
const MAX_ENTRY: usize = 32;

/// What the caller is keying in.
#[derive(Debug, Default)]
pub(super) struct Keypad {
    digits: String,
}

impl Keypad {
    /// Takes a digit. The entry, if this ends it: `#`, or a full entry.
    pub(super) fn press(&mut self, digit: char) -> Option<Pii<String>> {
        if digit == '#' {
            return self.finish();
        }
        if matches!(digit, '0'..='9' | '*' | 'A'..='D') {
            self.digits.push(digit);
        }
        if self.digits.len() >= MAX_ENTRY {
            self.finish()
        } else {
            None
        }
    }

    /// Whether the caller has keyed in this, and may go on.
    pub(super) fn holds(&self, digits: &str) -> bool {
        self.digits == digits
    }

    /// The entry as it stands, if there is any.
    pub(super) fn finish(&mut self) -> Option<Pii<String>> {
        (!self.digits.is_empty()).then(|| std::mem::take(&mut self.digits).into())
    }
}

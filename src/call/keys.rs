//! Small names for the agent's items and responses, and for marks.

use std::fmt;
use std::str::FromStr;

use crate::domain::ParseError;

/// An item of the agent's conversation, numbered as the adapter first saw it.
///
/// The agent's own names are strings; numbers make a frame cheap to label.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ItemKey(pub u32);

impl ItemKey {
    /// From here on the numbers are ours, for sentences that no agent said.
    const OWN: u32 = 1 << 31;

    /// The `number`th sentence of our own.
    pub(super) fn own(number: u32) -> Self {
        Self(Self::OWN | number)
    }

    /// Whether no agent knows of it.
    pub(super) fn is_own(self) -> bool {
        self.0 >= Self::OWN
    }
}

/// A response of the agent, numbered as the adapter first saw it: a later
/// response has a greater number.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ResponseKey(pub u32);

/// A mark in the audio sent to the carrier, which returns it once played.
///
/// The generation counts the `Clear`s before it: a carrier returns cleared
/// marks too, and those were not heard. On the wire it reads `g2.17`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Mark {
    /// How many clears came before.
    pub generation: u32,
    /// Its number in the call.
    pub sequence: u32,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "g{}.{}", self.generation, self.sequence)
    }
}

impl FromStr for Mark {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = ParseError {
            expected: "a mark of ours, such as g2.17",
        };
        let (generation, sequence) = text
            .strip_prefix('g')
            .and_then(|rest| rest.split_once('.'))
            .ok_or(error)?;
        Ok(Self {
            generation: generation.parse().map_err(|_| error)?,
            sequence: sequence.parse().map_err(|_| error)?,
        })
    }
}

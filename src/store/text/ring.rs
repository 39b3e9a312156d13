//! How somebody is rung, as JSON.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::value::{Line, Number, Text};
use crate::domain::{ParseError, PhoneNumber};
use crate::routing::{CallerId, Ring, Strategy};

/// How somebody is rung.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RingText {
    /// How long, in seconds, before it counts as no answer.
    #[schema(value_type = u32, minimum = 5, maximum = 600, default = 20)]
    timeout_s: Number<5, 600>,
    /// Who seems to be calling: `caller`, `called`, or a number of yours that
    /// the carrier knows.
    #[schema(value_type = String, default = "caller",
        pattern = r"^(caller|called|\+[1-9][0-9]{1,14})$")]
    caller_id: Text<CallerIdText>,
    /// What whoever answers is told before the two are connected.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1000,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    whisper: Option<Line<1000>>,
    /// Whether whoever answers must press 1 to take the call.
    #[schema(default = false)]
    asks_to_accept: bool,
    /// Whether an answering machine counts as no answer.
    #[schema(default = false)]
    detects_machines: bool,
}

impl Default for RingText {
    fn default() -> Self {
        (&Ring::default()).into()
    }
}

impl From<&Ring> for RingText {
    fn from(ring: &Ring) -> Self {
        let seconds = u32::try_from(ring.timeout.as_secs());
        Self {
            timeout_s: Number(seconds.unwrap_or(u32::MAX)),
            caller_id: Text(CallerIdText(ring.caller_id.clone())),
            whisper: ring.whisper.clone().map(Line),
            asks_to_accept: ring.asks_to_accept,
            detects_machines: ring.detects_machines,
        }
    }
}

impl From<RingText> for Ring {
    fn from(text: RingText) -> Self {
        Self {
            timeout: Duration::from_secs(text.timeout_s.0.into()),
            caller_id: text.caller_id.0.0,
            whisper: text.whisper.map(|Line(words)| words),
            asks_to_accept: text.asks_to_accept,
            detects_machines: text.detects_machines,
        }
    }
}

/// `caller`, `called` or a number.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CallerIdText(pub CallerId);

impl fmt::Display for CallerIdText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            CallerId::Caller => "caller",
            CallerId::Called => "called",
            CallerId::Number(number) => number.as_str(),
        })
    }
}

impl FromStr for CallerIdText {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let number = |number: PhoneNumber| CallerId::Number(number);
        let caller_id = match text {
            "caller" => CallerId::Caller,
            "called" => CallerId::Called,
            _ => text.parse().map(number).map_err(|_| ParseError {
                expected: "caller, called or a number in E.164 form",
            })?,
        };
        Ok(Self(caller_id))
    }
}

/// In which order people are rung.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StrategyText {
    /// All at once; the first to answer has the call.
    #[default]
    AtOnce,
    /// One after another.
    InTurn,
}

impl From<Strategy> for StrategyText {
    fn from(strategy: Strategy) -> Self {
        match strategy {
            Strategy::AtOnce => Self::AtOnce,
            Strategy::InTurn => Self::InTurn,
        }
    }
}

impl From<StrategyText> for Strategy {
    fn from(text: StrategyText) -> Self {
        match text {
            StrategyText::AtOnce => Self::AtOnce,
            StrategyText::InTurn => Self::InTurn,
        }
    }
}

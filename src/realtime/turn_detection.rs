//! Who decides that a turn has ended: the server by ear, by meaning, or we.

use std::time::Duration;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::domain;

/// Who decides that the caller has finished speaking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TurnDetection {
    /// By loudness and a pause.
    ServerVad(ServerVad),
    /// By what was said.
    SemanticVad {
        /// How soon a turn is taken for ended.
        eagerness: domain::Eagerness,
    },
    /// We do, by committing the buffer.
    Manual,
}

impl From<domain::TurnDetection> for TurnDetection {
    fn from(detection: domain::TurnDetection) -> Self {
        match detection {
            domain::TurnDetection::ServerVad {
                threshold,
                prefix_padding,
                silence_duration,
            } => Self::ServerVad(ServerVad {
                threshold,
                prefix_padding_ms: whole_ms(prefix_padding),
                silence_duration_ms: whole_ms(silence_duration),
                idle_timeout_ms: None,
            }),
            domain::TurnDetection::SemanticVad { eagerness } => Self::SemanticVad { eagerness },
        }
    }
}

// The server answers a finished turn and stops when the caller breaks in:
// both are faster there than a round trip away.
impl Serialize for TurnDetection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut detection = match self {
            Self::Manual => return serializer.serialize_none(),
            Self::ServerVad(vad) => {
                let mut detection = serializer.serialize_struct("TurnDetection", 7)?;
                detection.serialize_field("type", "server_vad")?;
                detection.serialize_field("threshold", &vad.threshold)?;
                detection.serialize_field("prefix_padding_ms", &vad.prefix_padding_ms)?;
                detection.serialize_field("silence_duration_ms", &vad.silence_duration_ms)?;
                if let Some(idle_timeout_ms) = vad.idle_timeout_ms {
                    detection.serialize_field("idle_timeout_ms", &idle_timeout_ms)?;
                }
                detection
            }
            Self::SemanticVad { eagerness } => {
                let mut detection = serializer.serialize_struct("TurnDetection", 4)?;
                detection.serialize_field("type", "semantic_vad")?;
                detection.serialize_field("eagerness", eagerness.as_str())?;
                detection
            }
        };
        detection.serialize_field("create_response", &true)?;
        detection.serialize_field("interrupt_response", &true)?;
        detection.end()
    }
}

/// Turns by loudness and a pause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServerVad {
    /// Activation threshold, 0 to 1.
    pub threshold: f64,
    /// Audio kept from before speech was noticed.
    pub prefix_padding_ms: u64,
    /// The pause that ends a turn.
    pub silence_duration_ms: u64,
    /// Silence after which the model speaks unasked; never if none.
    pub idle_timeout_ms: Option<u64>,
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

//! The session as the server understood it.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::{AudioFormat, Timestamp};

/// What of the server's session is worth knowing; everything may be missing.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(from = "Value")]
pub struct SessionInfo {
    /// Its id, to be quoted to the server's support.
    pub id: Option<String>,
    /// The model that answers.
    pub model: Option<String>,
    /// When the server will close it.
    pub expires_at: Option<Timestamp>,
    /// The encoding it expects, if it is one of ours.
    pub input_format: Option<AudioFormat>,
    /// The encoding it will send, if it is one of ours.
    pub output_format: Option<AudioFormat>,
}

impl From<Value> for SessionInfo {
    fn from(session: Value) -> Self {
        let text = |path: &str| session.pointer(path).and_then(Value::as_str);
        let format = |direction: &str| {
            let format = session.pointer(&format!("/audio/{direction}/format"))?;
            match format.get("type")?.as_str()? {
                "audio/pcm" if format.get("rate").and_then(Value::as_u64) == Some(24_000) => {
                    Some(AudioFormat::Pcm24)
                }
                "audio/pcmu" => Some(AudioFormat::Pcmu),
                _ => None,
            }
        };
        let expires_at = session.get("expires_at").and_then(Value::as_i64);
        Self {
            id: text("/id").map(str::to_owned),
            model: text("/model").map(str::to_owned),
            expires_at: expires_at.map(|s| Timestamp::from_ms(s.saturating_mul(1_000))),
            input_format: format("input"),
            output_format: format("output"),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct WithSession {
    #[serde(default)]
    pub(super) session: SessionInfo,
}

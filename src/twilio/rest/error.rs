//! Why Twilio did not do as it was asked, and whether it may have.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use crate::domain::Pii;

/// Why a request brought nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// Twilio understood, and refused. Nothing happened.
    #[error("the carrier refused: {0}")]
    Refused(Refusal),
    /// Twilio wants fewer requests at one time. Nothing happened.
    #[error("the carrier wants fewer requests")]
    Busy {
        /// How long it wants to be left alone, if it said so.
        retry_after: Option<Duration>,
    },
    /// Nothing happened, or nothing that would do harm a second time.
    #[error("the carrier {0}")]
    Unavailable(Cause),
    /// Something was to be made, and nobody knows whether it was. To ask
    /// again might make a second one.
    #[error("the carrier {0}, after it may have done what it was asked")]
    Unknown(Cause),
}

impl Error {
    /// The refusal, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Busy { .. } | Self::Unavailable(_) | Self::Unknown(_) => None,
        }
    }
}

/// What was asked for; none where the carrier says that it is not there.
pub fn if_there<T>(outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(Error::Refused(refusal)) if refusal.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}

/// What became of an exchange that did not end in an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Cause {
    /// No connection.
    #[error("cannot be reached")]
    Unreachable,
    /// No answer in time.
    #[error("did not answer in time")]
    Timeout,
    /// The connection broke.
    #[error("broke the connection")]
    Broken,
    /// A status that promises nothing, such as 500.
    #[error("failed with status {0}")]
    Failed(u16),
    /// An answer that is too long, or not what it should be.
    #[error("gave an answer that cannot be read")]
    Unreadable,
}

/// Twilio's own words about a refusal.
///
/// The codes: <https://www.twilio.com/docs/api/errors>.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Twilio's number for it; none where the answer is not Twilio's.
    pub code: Option<u32>,
    /// Twilio's sentence; it may repeat what it was given.
    pub message: Pii<String>,
}

impl Refusal {
    /// From an answer with an error status.
    pub(super) fn read(status: u16, body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Body {
            code: Option<u32>,
            #[serde(default)]
            message: String,
        }
        let body: Option<Body> = serde_json::from_slice(body).ok();
        let (code, message) = body.map_or((None, String::new()), |body| (body.code, body.message));
        Self {
            status,
            code,
            message: Pii::new(message),
        }
    }

    /// Whether what was asked for is not there: 20404.
    pub fn is_missing(&self) -> bool {
        self.status == 404
    }

    /// Whether we are not who we must be: 20003 and its like.
    pub fn is_of_credentials(&self) -> bool {
        self.status == 401 || matches!(self.code, Some(20_003..=20_006))
    }

    /// Whether the number cannot be had: 21421, 21422, or nothing in that area, 21452.
    pub fn is_unavailable_number(&self) -> bool {
        matches!(self.code, Some(21_421 | 21_422 | 21_452))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "error {code}, status {}", self.status),
            None => write!(f, "status {}", self.status),
        }
    }
}

//! The way to the carrier, and its refusals in our words.

use axum::http::StatusCode;

use super::problem::ApiError;
use super::state::ApiState;
use crate::twilio::rest::{Client, Error};

impl ApiState {
    /// The carrier's account, if one is configured.
    pub(super) fn carrier(&self) -> Result<&Client, CarrierProblem> {
        let client = self.carrier.as_ref();
        client.ok_or(CarrierProblem::NotConfigured("TWILIO_ACCOUNT_SID"))
    }

    /// The address of a path of ours, as the carrier sees it.
    pub(super) fn public_url(&self, path: &str) -> Result<String, CarrierProblem> {
        let base = self.public_url.as_ref();
        let base = base.ok_or(CarrierProblem::NotConfigured(
            "PUBLIC_URL, an https address that the carrier can reach",
        ))?;
        Ok(format!("{base}{path}"))
    }
}

/// Why the carrier did not do as it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CarrierProblem {
    /// We do not know the way: a setting is missing.
    #[error("this needs the setting {0}, which this installation does not have")]
    NotConfigured(&'static str),
    /// It does not believe that we are who we say.
    #[error("the carrier refused our credentials")]
    Credentials,
    /// It understood, and refused.
    #[error("the carrier refused: {message} (error {code} of the carrier's)")]
    Refused {
        /// The carrier's number for it.
        code: u32,
        /// The carrier's sentence.
        message: String,
    },
    /// It wants fewer requests, for so many seconds.
    #[error("the carrier has too much to do; it is worth another try")]
    Busy(u64),
    /// Its answer was lost, and it may have done what it was asked.
    #[error("the carrier's answer was lost; ask again, and we shall look whether it happened")]
    OutcomeUnknown,
}

impl CarrierProblem {
    /// Status, the stable end of the type, and the title.
    pub(super) fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        let (status, slug, title) = match self {
            Self::NotConfigured(_) => (503, "not-configured", "Not configured"),
            Self::Credentials => (502, "carrier-credentials", "Refused by the carrier"),
            Self::Refused { .. } => (422, "carrier-refused", "Refused by the carrier"),
            Self::Busy(_) => (503, "carrier-busy", "Too much for the carrier"),
            Self::OutcomeUnknown => (503, "outcome-unknown", "Outcome unknown"),
        };
        let status = StatusCode::from_u16(status).expect("these are statuses");
        (status, slug, title)
    }

    /// After how many seconds it is worth another try.
    pub(super) fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Busy(seconds) => Some(*seconds),
            Self::OutcomeUnknown => Some(5),
            Self::NotConfigured(_) | Self::Credentials | Self::Refused { .. } => None,
        }
    }
}

impl From<CarrierProblem> for ApiError {
    fn from(problem: CarrierProblem) -> Self {
        Self::Carrier(problem)
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let problem = match &error {
            Error::Refused(refusal) if refusal.is_of_credentials() => {
                tracing::error!(%error, "the carrier does not believe us");
                CarrierProblem::Credentials
            }
            Error::Refused(refusal) if refusal.is_missing() => return Self::NotFound,
            Error::Refused(refusal) if refusal.is_unavailable_number() => {
                return Self::Conflict(NOT_AVAILABLE);
            }
            Error::Refused(refusal) => CarrierProblem::Refused {
                code: refusal.code.unwrap_or(refusal.status.into()),
                message: refusal.message.expose().clone(),
            },
            Error::Busy { retry_after } => {
                let seconds = retry_after.map_or(1, |asked| asked.as_secs().max(1));
                CarrierProblem::Busy(seconds)
            }
            Error::Unavailable(_) => {
                tracing::warn!(%error, "the carrier does not answer");
                return Self::Unavailable("the carrier");
            }
            Error::Unknown(_) => {
                tracing::warn!(%error, "the carrier may have done something");
                CarrierProblem::OutcomeUnknown
            }
        };
        Self::Carrier(problem)
    }
}

pub(super) const NOT_AVAILABLE: &str = "the number is not available";

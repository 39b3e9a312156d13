//! Who does a job, and what can come of it.

use futures::future::BoxFuture;

use crate::domain::{JobKind, Timestamp};
use crate::store;
use crate::store::jobs::ClaimedJob;
use crate::transcribe;
use crate::twilio::rest;

/// Does jobs of some kinds.
pub trait Worker: Send + Sync + 'static {
    /// Which.
    fn kinds(&self) -> &[JobKind];

    /// Does one. It may be dropped at any time, and begun again.
    fn run(&self, job: ClaimedJob) -> BoxFuture<'static, Result<Next, Failure>>;
}

/// What follows a job that went well.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Next {
    /// Nothing: it is done.
    Done,
    /// The same once more, then.
    Again(Timestamp),
    /// The same when it is its turn again, if it recurs.
    InTurn,
}

/// What follows a job that did not.
#[derive(Debug)]
pub enum Failure {
    /// It may go well another time.
    Retry(anyhow::Error),
    /// It never will.
    GiveUp(anyhow::Error),
}

impl Failure {
    /// The storage of sound failed; it comes back.
    pub(super) fn of_storage(error: std::io::Error) -> Self {
        Self::Retry(anyhow::Error::from(error).context("the storage failed; see STORAGE_URL"))
    }
}

impl From<rest::Error> for Failure {
    /// What the carrier refuses it refuses for ever, unless it is our credentials:
    /// they are replaced.
    fn from(error: rest::Error) -> Self {
        match error {
            rest::Error::Refused(refusal) if !refusal.is_of_credentials() => {
                Self::GiveUp(rest::Error::Refused(refusal).into())
            }
            error @ (rest::Error::Refused(_)
            | rest::Error::Busy { .. }
            | rest::Error::Unavailable(_)
            | rest::Error::Unknown(_)) => Self::Retry(error.into()),
        }
    }
}

impl From<transcribe::Error> for Failure {
    /// What the transcriber refuses it refuses for ever, unless it is our key: one
    /// that is not good today is replaced.
    fn from(error: transcribe::Error) -> Self {
        match error {
            transcribe::Error::Refused { status, .. } if ![401, 403].contains(&status) => {
                Self::GiveUp(error.into())
            }
            transcribe::Error::Refused { .. }
            | transcribe::Error::Busy { .. }
            | transcribe::Error::Unavailable(_) => Self::Retry(error.into()),
        }
    }
}

impl From<store::Error> for Failure {
    /// A database that is away comes back; a row that makes no sense stays.
    fn from(error: store::Error) -> Self {
        if matches!(error, store::Error::Corrupt { .. }) {
            Self::GiveUp(error.into())
        } else {
            Self::Retry(error.into())
        }
    }
}

/// Puts up with what went wrong for one of many, so that it does not keep the
/// others from their turn; unless the database is away, which it is for all.
pub(super) fn bear(job: JobKind, error: store::Error) -> Result<(), store::Error> {
    if error.is_transient() {
        return Err(error);
    }
    tracing::error!(job.kind = job.as_str(), %error, "job.skipped");
    Ok(())
}

//! The jobs of this house, and what they need of it.

use std::fmt;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::process::Process;
use super::worker::{Failure, Next, Worker};
use super::{
    carrier_price, carrier_recording, early_news, forgotten_message, forgotten_recording,
    message_sound, open_calls, quota_alerts, recorded_words, retention, sms_to_send,
    spooled_recording, uncounted_calls,
};
use crate::clock::Clock;
use crate::domain::{CallLog, CallSid, JobKind};
use crate::recordings::Recordings;
use crate::store::jobs::ClaimedJob;
use crate::store::{self, Store};
use crate::transcribe::Transcriber;
use crate::twilio::rest::Client;

/// Writes down what the carrier told of a call too early, as a job carries it; false as
/// long as nobody knows the call.
pub type TellAgain =
    Arc<dyn Fn(String) -> BoxFuture<'static, Result<bool, store::Error>> + Send + Sync>;

/// What the jobs need of the house.
#[derive(Clone)]
pub struct JobHouse {
    /// The database.
    pub store: Store,
    /// The time of day.
    pub clock: Clock,
    /// Where sound is kept.
    pub recordings: Recordings,
    /// The way to the carrier's account, if there is one.
    pub carrier: Option<Client>,
    /// Who writes down what was said, if anybody does.
    pub transcriber: Option<Transcriber>,
    /// Our address as the carrier sees it, without a slash at its end; none if
    /// no carrier can reach it.
    pub public_url: Option<Arc<str>>,
    /// This process.
    pub process: Process,
    /// Whether a call goes on in this process.
    pub is_live: Arc<dyn Fn(&CallSid) -> bool + Send + Sync>,
    /// Tells whoever watches that a call is over, which nobody has told them yet.
    pub tell_closed: Arc<dyn Fn(&CallLog) + Send + Sync>,
    /// Tells what was told too early once more.
    pub tell_again: TellAgain,
    /// Whether facts about calls wait here for the database.
    pub is_behind: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl fmt::Debug for JobHouse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHouse").finish_non_exhaustive()
    }
}

impl Worker for JobHouse {
    fn kinds(&self) -> &[JobKind] {
        &JobKind::ALL
    }

    fn run(&self, job: ClaimedJob) -> BoxFuture<'static, Result<Next, Failure>> {
        let house = self.clone();
        async move {
            match job.kind {
                JobKind::CarrierPrice => carrier_price::run(&house, &job).await,
                JobKind::EarlyNews => early_news::run(&house, &job).await,
                JobKind::MessageSound => message_sound::run(&house, &job).await,
                JobKind::ForgottenMessage => forgotten_message::run(&house, &job).await,
                JobKind::SpooledRecording => spooled_recording::run(&house, &job).await,
                JobKind::CarrierRecording => carrier_recording::run(&house, &job).await,
                JobKind::RecordedWords => recorded_words::run(&house, &job).await,
                JobKind::ForgottenRecording => forgotten_recording::run(&house, &job).await,
                JobKind::SmsToSend => sms_to_send::run(&house, &job).await,
                JobKind::OpenCalls => open_calls::run(&house).await,
                JobKind::QuotaAlerts => quota_alerts::run(&house).await,
                JobKind::Retention => retention::run(&house).await,
                JobKind::UncountedCalls => uncounted_calls::run(&house).await,
            }
        }
        .boxed()
    }
}

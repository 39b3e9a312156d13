//! What the carrier itself recorded of a call, such as of one between people.

use super::jobs::{self, NewJob};
use super::row::storable;
use super::{Error, Tx, call_consents, call_recordings, forgotten_calls};
use crate::domain::{CallSid, JobKind, RecordingFault, RecordingState, RecordingTitle, Timestamp};

/// What the carrier tells of a recording that is over.
#[derive(Clone, Debug)]
pub struct News<'a> {
    /// Which recording of which call, should it be new.
    pub title: RecordingTitle,
    /// The carrier's name for it, which says whether it is new.
    pub carrier_sid: &'a str,
    /// Its name for the call that it recorded; none for a conference.
    pub leg_sid: Option<&'a CallSid>,
    /// It could not be made.
    pub has_failed: bool,
    /// When we were told.
    pub at: Timestamp,
}

/// Takes a recording down, once however often it is told, and has a job fetch it.
///
/// **Invariant:** nothing is kept of whoever has refused: then it is deleted at the
/// carrier, and was none.
pub async fn take_down(tx: &mut Tx, news: &News<'_>) -> Result<(), Error> {
    let mut title = news.title.clone();
    let (tenant, call) = (title.tenant_id, title.call_id);
    // What they said is better evidence than what we know of it.
    if let Some(consent) = call_consents::find(&mut *tx, (tenant, call)).await? {
        title.consent = consent;
    }
    if !title.consent.answer.permits() {
        tracing::error!(call.id = %call, "recording.unwanted: the caller has refused it");
        return forgotten_calls::forget_recording(tx, tenant, news.carrier_sid, news.at).await;
    }
    let carrier_sid = &*storable(news.carrier_sid);
    let state = (RecordingState::Finalising, Some(carrier_sid));
    if !call_recordings::insert(&mut *tx, &title, state).await? {
        return Ok(());
    }
    if news.has_failed {
        let of = (tenant, title.id);
        return call_recordings::fail(tx, of, RecordingFault::CarrierFailed).await;
    }
    let payload = match news.leg_sid {
        Some(leg) => format!("{carrier_sid} {leg}"),
        None => carrier_sid.to_owned(),
    };
    let job = NewJob {
        kind: JobKind::CarrierRecording,
        key: &title.id.to_string(),
        tenant: Some(tenant),
        payload: &payload,
        run_at: news.at,
    };
    jobs::enqueue(tx, &job, news.at).await.map(drop)
}

//! What the carrier records of calls between people: it is told to, and tells of it.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;

use super::Webhooks;
use super::at::value_of;
use super::memory::Placed;
use super::signed::Signed;
use crate::bridge::{CallRecorded, Told};
use crate::domain::{CallId, Consent, ConsentAnswer, ConsentPolicy, RecordingTitle, TenantId};
use crate::store::call_legs::Recorded;
use crate::twilio::twiml::{Callback, Dial, DialRecord, RecordingEvent};
use crate::twilio::webhook::{RecordingState, RecordingStatus, parse_form};

/// The same conversation, recorded on this ground: each side on a track of its own,
/// from the moment at which somebody answers.
pub(super) fn recorded(house: &Webhooks, placed: &Placed, dial: Dial, ground: Recorded) -> Dial {
    let callback = callback(house, (placed.tenant_id, placed.call_id), ground);
    dial.record(DialRecord::FromAnswerDual)
        .recording_status_callback(callback)
}

/// Who is told of what is recorded of a call, on this ground.
pub(super) fn callback(
    house: &Webhooks,
    (tenant, call): (TenantId, CallId),
    (asked, answer): Recorded,
) -> Callback<RecordingEvent> {
    let url = house.url(&format!(
        "/api/voice/webhooks/recording?tenant={tenant}&call={call}&asked={}&answer={}",
        asked.as_str(),
        answer.as_str()
    ));
    Callback::new(url).on(&[RecordingEvent::Completed, RecordingEvent::Absent])
}

/// The address that we gave the carrier, which says whose recording it is.
struct Address {
    tenant: TenantId,
    call: CallId,
    asked: ConsentPolicy,
    answer: ConsentAnswer,
}

impl Address {
    fn of(query: Option<&str>) -> Option<Self> {
        let pairs = parse_form(query?.as_bytes());
        Some(Self {
            tenant: value_of(&pairs, "tenant")?,
            call: value_of(&pairs, "call")?,
            asked: value_of(&pairs, "asked")?,
            answer: value_of(&pairs, "answer")?,
        })
    }
}

/// A recording is over, and can be fetched.
pub(super) async fn told(
    State(house): State<Webhooks>,
    RawQuery(query): RawQuery,
    Signed(pairs): Signed,
) -> StatusCode {
    let status = match RecordingStatus::from_pairs(&pairs) {
        Ok(status) => status,
        Err(error) => {
            tracing::warn!(%error, "recording.unreadable");
            return StatusCode::BAD_REQUEST;
        }
    };
    let Some(address) = Address::of(query.as_deref()) else {
        return StatusCode::BAD_REQUEST;
    };
    let has_failed = match status.state {
        // There is nothing to fetch yet, or nothing was said.
        RecordingState::InProgress | RecordingState::Absent => return StatusCode::NO_CONTENT,
        RecordingState::Completed => false,
        RecordingState::Failed => true,
    };
    let told = Told::Recorded(recording(&house, &address, &status, has_failed));
    house.take_down(told, "recording.not_taken_down").await
}

fn recording(
    house: &Webhooks,
    address: &Address,
    status: &RecordingStatus,
    has_failed: bool,
) -> CallRecorded {
    let now = house.clock.now();
    let lasted = status.duration.unwrap_or_default().as_millis();
    let lasted = i64::try_from(lasted).unwrap_or_default();
    let started_at = status.started_at.unwrap_or_else(|| now.plus_ms(-lasted));
    let consent = Consent {
        policy: address.asked,
        answer: address.answer,
        words: None,
        at: started_at,
    };
    CallRecorded {
        title: RecordingTitle {
            id: house.clock.new_id(),
            tenant_id: address.tenant,
            call_id: address.call,
            started_at,
            consent,
        },
        recording_sid: status.recording_sid.clone(),
        leg_sid: status.call_sid.clone(),
        has_failed,
        at: now,
    }
}

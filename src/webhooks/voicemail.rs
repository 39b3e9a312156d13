//! Voicemail: the caller is greeted, the carrier tells of the message and its words.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response as Answer};

use super::at::value_of;
use super::signed::Signed;
use super::speech::Speech;
use super::voicemail_twiml::{Caller, LONGEST, take_message};
use super::xml::Xml;
use super::{Webhooks, log, spoken, switchboard};
use crate::bridge::{MessageNews, Told};
use crate::domain::{AnsweredBy, CallSid, MessageSound, OpenState, Pii, UserId};
use crate::store;
use crate::twilio::twiml::Response;
use crate::twilio::webhook::{
    RecordResult, RecordingState, RecordingStatus, TranscriptionResult, VoiceRequest, parse_form,
};

/// Leads a caller to leave a message. The query says for whom (`user=usr_…`),
/// and whether the house is closed (`closed=true`) or has a holiday
/// (`holiday=true`); whoever redirects a call here knows.
pub(super) async fn leave_message(
    State(house): State<Webhooks>,
    RawQuery(query): RawQuery,
    Signed(pairs): Signed,
) -> Xml {
    let Ok(request) = VoiceRequest::from_pairs(&pairs) else {
        return Xml(spoken::apology());
    };
    let led = lead(&house, &request, &Asked::of(query.as_deref())).await;
    Xml(led.unwrap_or_else(|error| {
        tracing::error!(%error, "voicemail.failed");
        spoken::apology()
    }))
}

async fn lead(
    house: &Webhooks,
    request: &VoiceRequest,
    asked: &Asked,
) -> Result<Response, store::Error> {
    let call = match log::open(house, request).await {
        Ok(Some(call)) => call,
        Ok(None) => return Ok(spoken::apology()),
        Err(store::Error::Forgotten) => return Ok(Response::new().hangup()),
        Err(error) => return Err(error),
    };
    // A signature has no time in it: this may be a replay, long after the call.
    if call.ended_at.is_some() {
        return Ok(Response::new().hangup());
    }
    let caller = Caller {
        tenant: call.tenant_id,
        user: asked.user,
        open_state: asked.open_state(),
        speech: Speech::new(None),
    };
    house.callers.speaks(&request.call_sid, LONGEST);
    take_message(house, &caller, None).await
}

/// What a query of ours says.
struct Asked {
    user: Option<UserId>,
    is_closed: bool,
    is_holiday: bool,
}

impl Asked {
    fn of(query: Option<&str>) -> Self {
        let pairs = parse_form(query.unwrap_or_default().as_bytes());
        Self {
            user: value_of(&pairs, "user"),
            is_closed: value_of(&pairs, "closed").unwrap_or_default(),
            is_holiday: value_of(&pairs, "holiday").unwrap_or_default(),
        }
    }

    fn open_state(&self) -> OpenState {
        match (self.is_holiday, self.is_closed) {
            (true, _) => OpenState::Holiday,
            (false, true) => OpenState::Closed,
            (false, false) => OpenState::Open,
        }
    }
}

/// Whether the carrier tells what became of a recording, and asks for nothing.
pub(super) fn is_status(pairs: &[(String, String)]) -> bool {
    pairs.iter().any(|(name, _)| name == "RecordingStatus")
}

/// The carrier tells of a recording: that it is over, and asks what comes next,
/// or what became of it. Either makes the message, once.
pub(super) async fn recorded(
    State(house): State<Webhooks>,
    RawQuery(query): RawQuery,
    Signed(pairs): Signed,
) -> Answer {
    let user = Asked::of(query.as_deref()).user;
    if is_status(&pairs) {
        return told(&house, &pairs, user).await.into_response();
    }
    let Ok(result) = RecordResult::from_pairs(&pairs) else {
        return Xml(spoken::apology()).into_response();
    };
    let placed = switchboard::find(&house, &result.call.call_sid).await;
    if let (Some(placed), Some(lasted)) = (&placed, result.duration) {
        switchboard::note_answer(&house, placed, AnsweredBy::Voicemail, lasted);
    }
    if let Some(sid) = &result.recording_sid {
        let heard = Heard {
            call_sid: &result.call.call_sid,
            recording_sid: sid,
            sound: MessageSound::Recorded,
            duration: result.duration,
            url: result.url.as_deref(),
            words: None,
        };
        // The caller need not hear of it: the carrier tells again.
        take_down(&house, &heard, user).await;
    }
    let language = placed
        .as_ref()
        .and_then(|placed| placed.route.language.as_deref());
    let speech = Speech::new(language);
    let thanks = speech.say(speech.phrases.thanks);
    Xml(Response::new().say(thanks).hangup()).into_response()
}

/// What nobody takes is 503: the carrier repeats the callback if it is told to.
async fn told(house: &Webhooks, pairs: &[(String, String)], user: Option<UserId>) -> StatusCode {
    let status = match RecordingStatus::from_pairs(pairs) {
        Ok(status) => status,
        Err(error) => {
            tracing::warn!(%error, "voicemail.unreadable");
            return StatusCode::BAD_REQUEST;
        }
    };
    let Some(call_sid) = &status.call_sid else {
        return StatusCode::BAD_REQUEST;
    };
    let sound = match status.state {
        // There is nothing to tell anybody yet.
        RecordingState::InProgress => return StatusCode::NO_CONTENT,
        RecordingState::Completed => MessageSound::Recorded,
        RecordingState::Absent => MessageSound::None,
        RecordingState::Failed => MessageSound::Failed,
    };
    let heard = Heard {
        call_sid,
        recording_sid: &status.recording_sid,
        sound,
        duration: status.duration,
        url: status.url.as_deref(),
        words: None,
    };
    take_down(house, &heard, user).await
}

/// The carrier has written a message down as text, or could not.
pub(super) async fn transcribed(
    State(house): State<Webhooks>,
    RawQuery(query): RawQuery,
    Signed(pairs): Signed,
) -> StatusCode {
    let result = match TranscriptionResult::from_pairs(&pairs) {
        Ok(result) => result,
        Err(error) => {
            tracing::warn!(%error, "transcription.unreadable");
            return StatusCode::BAD_REQUEST;
        }
    };
    let text = result.text.filter(|_| result.is_completed);
    let Some(text) = text else {
        return StatusCode::NO_CONTENT;
    };
    let heard = Heard {
        call_sid: &result.call_sid,
        recording_sid: &result.recording_sid,
        sound: MessageSound::Pending,
        duration: None,
        url: None,
        words: Some(&text),
    };
    let user = Asked::of(query.as_deref()).user;
    take_down(&house, &heard, user).await
}

/// What the carrier says of a recording.
struct Heard<'a> {
    call_sid: &'a CallSid,
    recording_sid: &'a str,
    sound: MessageSound,
    duration: Option<std::time::Duration>,
    url: Option<&'a str>,
    words: Option<&'a Pii<String>>,
}

/// Has it taken down.
async fn take_down(house: &Webhooks, heard: &Heard<'_>, user: Option<UserId>) -> StatusCode {
    let duration = heard.duration.map(|long| long.as_secs());
    let news = MessageNews {
        id: house.clock.new_id(),
        call_sid: heard.call_sid.clone(),
        recording_sid: heard.recording_sid.to_owned(),
        user,
        sound: heard.sound,
        duration_s: duration.and_then(|long| i64::try_from(long).ok()),
        url: heard.url.map(str::to_owned),
        words: heard.words.cloned(),
        at: house.clock.now(),
    };
    house
        .take_down(Told::Message(news), "voicemail.failed")
        .await
}

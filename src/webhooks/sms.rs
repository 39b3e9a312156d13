//! Text messages: one comes in, or the carrier says where one of ours stands.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};

use super::Webhooks;
use super::at::value_of;
use super::signed::Signed;
use crate::bridge::{TextCame, TextStands, Told};
use crate::domain::{SmsId, SmsMedia, SmsState, Wish};
use crate::twilio::twiml::MessagingResponse;
use crate::twilio::webhook::{
    MessageRequest, MessageState, MessageStatus, OptOut as Keyword, parse_form,
};

/// Keeps a message that came, once, and heeds who wants no more of them. Nobody
/// is answered: the carrier itself confirms a STOP.
///
/// What nobody takes is 503: the carrier asks the fallback address, which is this
/// one again.
pub(super) async fn received(State(house): State<Webhooks>, Signed(pairs): Signed) -> Response {
    let message = match MessageRequest::from_pairs(&pairs) {
        Ok(message) => message,
        Err(error) => {
            tracing::warn!(%error, "sms.unreadable");
            return StatusCode::BAD_REQUEST.into_response();
        }
    };
    let text = came(&house, message);
    let taken = house.take_down(Told::Text(text), "sms.not_kept").await;
    if !taken.is_success() {
        return taken.into_response();
    }
    let nothing = MessagingResponse::new().to_xml();
    ([(CONTENT_TYPE, "text/xml; charset=utf-8")], nothing).into_response()
}

fn came(house: &Webhooks, message: MessageRequest) -> TextCame {
    let wish = match message.opt_out {
        Some(Keyword::Stop) => Some(Wish::Stop),
        Some(Keyword::Start) => Some(Wish::Start),
        Some(Keyword::Help) => None,
        None => Wish::of(message.body.expose()),
    };
    let media = message.media.into_iter();
    let media = media.map(|(carrier_url, mime)| SmsMedia { carrier_url, mime });
    TextCame {
        id: house.clock.new_id(),
        message_sid: message.message_sid,
        from: message.from,
        to: message.to,
        body: message.body,
        media: media.collect(),
        wish,
        at: house.clock.now(),
    }
}

/// Notes where a message of ours stands. The query says which it is (`sms=sms_…`),
/// for the carrier's own name for it may have been lost on the way to us.
pub(super) async fn stands(
    State(house): State<Webhooks>,
    RawQuery(query): RawQuery,
    Signed(pairs): Signed,
) -> StatusCode {
    let status = match MessageStatus::from_pairs(&pairs) {
        Ok(status) => status,
        Err(error) => {
            tracing::warn!(%error, "sms.unreadable");
            return StatusCode::BAD_REQUEST;
        }
    };
    let stands = TextStands {
        id: named(query.as_deref()),
        message_sid: status.message_sid,
        state: state(status.state),
        error_code: status.error_code,
    };
    house
        .take_down(Told::TextStands(stands), "sms.failed")
        .await
}

fn named(query: Option<&str>) -> Option<SmsId> {
    value_of(&parse_form(query?.as_bytes()), "sms")
}

fn state(state: MessageState) -> SmsState {
    match state {
        MessageState::Accepted
        | MessageState::Scheduled
        | MessageState::Queued
        | MessageState::Sending => SmsState::Queued,
        MessageState::Sent => SmsState::Sent,
        MessageState::Canceled => SmsState::Canceled,
        MessageState::Failed => SmsState::Failed,
        MessageState::Undelivered => SmsState::Undelivered,
        MessageState::Delivered => SmsState::Delivered,
        MessageState::Read => SmsState::Read,
    }
}

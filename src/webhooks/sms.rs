//! Text messages: one comes in, or the carrier says where one of ours stands.

use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use tokio::time::timeout;

use super::Webhooks;
use super::signed::Signed;
use crate::domain::{Direction, OptOut, OptOutSource, SmsId, SmsMedia, SmsState, TenantId, Wish};
use crate::store::sms_messages::{self, NewSms, News};
use crate::store::{Error, numbers, sms_opt_outs};
use crate::twilio::twiml::MessagingResponse;
use crate::twilio::webhook::{
    MessageRequest, MessageState, MessageStatus, OptOut as Keyword, parse_form,
};

/// The carrier waits for 15 s.
const DEADLINE: Duration = Duration::from_secs(10);

/// Keeps a message that came, once, and heeds who wants no more of them. Nobody
/// is answered: the carrier itself confirms a STOP.
///
/// A failure is 503: the carrier asks the fallback address, which is this one
/// again.
pub(super) async fn received(State(house): State<Webhooks>, Signed(pairs): Signed) -> Response {
    let message = match MessageRequest::from_pairs(&pairs) {
        Ok(message) => message,
        Err(error) => {
            tracing::warn!(%error, "sms.unreadable");
            return StatusCode::BAD_REQUEST.into_response();
        }
    };
    match timeout(DEADLINE, keep(&house, &message)).await {
        Ok(Ok(())) => {
            let nothing = MessagingResponse::new().to_xml();
            ([(CONTENT_TYPE, "text/xml; charset=utf-8")], nothing).into_response()
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "sms.not_kept");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Err(_) => {
            tracing::error!("sms.not_kept: the database did not answer in time");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn keep(house: &Webhooks, message: &MessageRequest) -> Result<(), Error> {
    let owner = numbers::owner(&house.store, message.to.number()).await?;
    let Some(tenant) = owner else {
        tracing::warn!("sms.of_nobody");
        return Ok(());
    };
    let media = message.media.iter().map(|(url, mime)| SmsMedia {
        carrier_url: url.clone(),
        mime: mime.clone(),
    });
    let media: Vec<_> = media.collect();
    let new = NewSms {
        id: house.clock.new_id(),
        tenant_id: tenant,
        direction: Direction::Inbound,
        message_sid: Some(&message.message_sid),
        own: &message.to,
        stranger: &message.from,
        user: None,
        body: &message.body,
        media: &media,
        state: SmsState::Received,
        at: house.clock.now(),
    };
    let mut tx = house.store.begin().await?;
    if sms_messages::insert(&mut tx, &new).await? {
        heed(house, &mut tx, tenant, message).await?;
        metrics::counter!("frontdesk_sms_total", "direction" => "inbound").increment(1);
    }
    tx.commit().await
}

/// Does as the writer wishes, if that is what the message is about.
async fn heed(
    house: &Webhooks,
    tx: &mut crate::store::Tx,
    tenant: TenantId,
    message: &MessageRequest,
) -> Result<(), Error> {
    let Some(number) = message.from.number() else {
        return Ok(());
    };
    let wish = match message.opt_out {
        Some(Keyword::Stop) => Some(Wish::Stop),
        Some(Keyword::Start) => Some(Wish::Start),
        Some(Keyword::Help) => None,
        None => Wish::of(message.body.expose()),
    };
    match wish {
        Some(Wish::Stop) => {
            let opt_out = OptOut {
                phone_number: number.clone(),
                source: OptOutSource::Reply,
                created_at: house.clock.now(),
            };
            sms_opt_outs::put(tx, tenant, &opt_out).await
        }
        Some(Wish::Start) => {
            let lifted = sms_opt_outs::delete(tx, tenant, number, None).await;
            lifted.map(drop)
        }
        None => Ok(()),
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
    let news = News {
        message_sid: Some(&status.message_sid),
        id: named(query.as_deref()),
        state: state(status.state),
        error_code: status.error_code,
    };
    match sms_messages::apply(&house.store, &news).await {
        Ok(true) => StatusCode::NO_CONTENT,
        Ok(false) => {
            tracing::warn!("sms.unknown: the carrier tells of a message that is not ours");
            StatusCode::NO_CONTENT
        }
        Err(error) => {
            tracing::error!(%error, "sms.failed");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

fn named(query: Option<&str>) -> Option<SmsId> {
    let pairs = parse_form(query?.as_bytes());
    let (_, value) = pairs.into_iter().find(|(name, _)| name == "sms")?;
    value.parse().ok()
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

//! Somebody rings: who answers is decided, the agent is dialled, TwiML goes out.

use std::time::Duration;

use axum::extract::State;
use tokio::time::timeout;

use super::signed::Signed;
use super::xml::Xml;
use super::{Webhooks, log, spoken};
use crate::bridge::{Admission, Refusal, StreamToken};
use crate::domain::SettingKey;
use crate::store::{self, contacts, settings};
use crate::twilio::twiml::{Connect, Error, Parameter, RejectReason, Response, Stream};
use crate::twilio::webhook::VoiceRequest;

/// The caller does not wait longer than this for a database.
const DEADLINE: Duration = Duration::from_secs(3);

/// Answers a call with the receptionist of its number.
pub(super) async fn inbound(State(house): State<Webhooks>, Signed(pairs): Signed) -> Xml {
    let request = match VoiceRequest::from_pairs(&pairs) {
        Ok(request) => request,
        Err(error) => {
            tracing::warn!(%error, "inbound.unreadable");
            return Xml(spoken::apology());
        }
    };
    let admitted = match timeout(DEADLINE, admit(&house, &request)).await {
        Ok(Ok(admitted)) => admitted,
        Ok(Err(error)) => {
            tracing::error!(%error, "inbound.failed");
            return Xml(spoken::apology());
        }
        Err(_) => {
            tracing::error!("inbound.failed: the database did not answer in time");
            return Xml(spoken::apology());
        }
    };
    Xml(match admitted {
        Ok(token) => connect(&house, &token).unwrap_or_else(|error| {
            tracing::error!(%error, "inbound.failed");
            spoken::apology()
        }),
        Err(refusal) => {
            tracing::warn!(%refusal, "inbound.refused");
            refused(refusal)
        }
    })
}

/// Writes the call down and lets it in, which dials the agent.
async fn admit(
    house: &Webhooks,
    request: &VoiceRequest,
) -> Result<Result<StreamToken, Refusal>, store::Error> {
    let Some((call, mut receptionist)) = log::open(house, request).await? else {
        return Ok(Err(Refusal::NobodyAnswers));
    };
    // A signature has no time in it: this may be a replay, long after the call.
    if call.ended_at.is_some() {
        return Ok(Err(Refusal::Over));
    }
    let contact = match &call.contact {
        Some(known) => contacts::find(&house.store, call.tenant_id, known.id).await?,
        None => None,
    };
    if contact.as_ref().is_some_and(|contact| contact.is_blocked) {
        return Ok(Err(Refusal::Blocked));
    }
    let settings = settings::of_tenant(&house.store, call.tenant_id, None).await?;
    if let Some(most) = settings.whole(SettingKey::MaxCallDurationSeconds) {
        let longest = &mut receptionist.limits.max_duration;
        *longest = (*longest).min(Duration::from_secs(most));
    }
    Ok(house.bridge.admit(Admission {
        call_id: call.id,
        tenant_id: call.tenant_id,
        call_sid: call.call_sid,
        receptionist,
        contact,
    }))
}

/// The carrier opens a stream to us, and asks us what comes next when it ends.
fn connect(house: &Webhooks, token: &StreamToken) -> Result<Response, Error> {
    let token = Parameter::new("token", token.expose())?;
    let stream = Stream::new(&house.socket_url("/media-stream")).parameter(token);
    let action = house.url("/api/voice/webhooks/stream-ended");
    Ok(Response::new().connect(Connect::stream(stream).action(action)))
}

fn refused(refusal: Refusal) -> Response {
    match refusal {
        Refusal::Full => spoken::engaged(),
        Refusal::Draining | Refusal::NobodyAnswers => spoken::apology(),
        Refusal::Blocked => Response::reject(RejectReason::Busy),
        // A request from the past: the call it speaks of is over.
        Refusal::Over => Response::new().hangup(),
    }
}

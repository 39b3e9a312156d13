//! Somebody whom we ring has picked up: who speaks with them, or whom they want to speak with.

use std::sync::Arc;

use axum::extract::State;

use super::at::{At, presses_1};
use super::memory::Placed;
use super::signed::Signed;
use super::speech::Speech;
use super::xml::Xml;
use super::{Webhooks, spoken, stops, switchboard};
use crate::domain::{CallId, CallSid, PhoneNumber};
use crate::routing::{Stop, Telephone};
use crate::store::{Error, outbound_calls};
use crate::twilio::twiml::{Gather, Response};
use crate::twilio::webhook::VoiceRequest;

/// Leads whoever has picked up along the call's route. The agent is dialled
/// now, while the carrier opens its stream: many calls are never answered, and
/// an agent that waits for them costs money.
///
/// A member whose own telephone was rung says first that it is them: voicemail
/// presses no key.
pub(super) async fn outbound(State(house): State<Webhooks>, at: At, Signed(pairs): Signed) -> Xml {
    let Ok(request) = VoiceRequest::from_pairs(&pairs) else {
        return Xml(spoken::apology());
    };
    let (Some(id), Some(placed)) = (at.own, found(&house, at.own, &request.call_sid).await) else {
        return Xml(Response::new().hangup());
    };
    Xml(match placed.route.stops.first() {
        Some(Stop::Ring(ring)) if !placed.is_over() => {
            asked(&house, &placed, (id, &ring.telephones))
        }
        _ => stops::follow(&house, &placed, &request, 0).await,
    })
}

/// The call that this is at the carrier. One that the carrier has made twice is
/// the first alone.
async fn found(house: &Webhooks, own: Option<CallId>, call_sid: &CallSid) -> Option<Arc<Placed>> {
    match house.patience.must(named(house, own?, call_sid)).await {
        Some(Ok(placed)) => placed,
        Some(Err(error)) => {
            tracing::error!(%error, "outbound.lost");
            None
        }
        None => {
            tracing::error!("outbound.lost: the database did not answer in time");
            None
        }
    }
}

async fn named(
    house: &Webhooks,
    id: CallId,
    call_sid: &CallSid,
) -> Result<Option<Arc<Placed>>, Error> {
    if !outbound_calls::name(&house.store, id, call_sid).await? {
        tracing::warn!(call.id = %id, "outbound.unknown: nobody waits for this call");
        return Ok(None);
    }
    Ok(switchboard::find(house, call_sid).await)
}

/// Tells the member who will be called, and waits for a key.
fn asked(house: &Webhooks, placed: &Placed, (id, to): (CallId, &[Telephone])) -> Response {
    let speech = Speech::new(placed.route.language.as_deref());
    let digits = to.first().map(|to| spelled(&to.number)).unwrap_or_default();
    let words = speech.phrases.press_1_to_call.replace("{}", &digits);
    let action = house.url(&format!(
        "/api/voice/webhooks/twiml/outbound/accepted?call={id}"
    ));
    let gather = Gather::new().num_digits(1).action(action);
    Response::new()
        .gather(gather.say(speech.say(&words)))
        .hangup()
}

/// Digit by digit, or it is read as billions.
fn spelled(number: &PhoneNumber) -> String {
    let digits = number.as_str()[1..].chars().map(String::from);
    digits.collect::<Vec<_>>().join(" ")
}

/// The member pressed a key: 1 calls, anything else does not.
pub(super) async fn accepted(State(house): State<Webhooks>, at: At, Signed(pairs): Signed) -> Xml {
    let request = VoiceRequest::from_pairs(&pairs);
    let (true, Ok(request)) = (presses_1(&pairs), request) else {
        return Xml(Response::new().hangup());
    };
    Xml(match found(&house, at.own, &request.call_sid).await {
        Some(placed) => stops::follow(&house, &placed, &request, 0).await,
        None => Response::new().hangup(),
    })
}

//! A receptionist answers: the agent is dialled, and the carrier opens a stream to us.

use std::time::Duration;

use tokio::time::Instant;

use super::at::Point;
use super::consent::{self, Ground};
use super::memory::Placed;
use super::{Webhooks, budget, gate};
use crate::bridge::{Admission, Past, Refusal};
use crate::call::Spent;
use crate::domain::{Contact, Direction, Receptionist};
use crate::routing::AiStop;
use crate::store::{Error, calls, contacts, routing_facts, utterances};
use crate::twilio::twiml::{Connect, Error as TwimlError, Parameter, Response, Stream};
use crate::twilio::webhook::VoiceRequest;

/// Lets the call in, which dials the agent, and asks for its stream.
pub(super) async fn connect(
    house: &Webhooks,
    placed: &Placed,
    request: &VoiceRequest,
    (point, stop): (&Point, &AiStop),
) -> Result<Response, Refusal> {
    let is_back = stop.back_from.is_some();
    if !placed.may_have_agent(point.stop, is_back) {
        return Err(Refusal::Over);
    }
    let (receptionist, contact, may_have_ai, ground, longest) = tokio::join!(
        receptionist(house, placed, stop),
        contact(house, placed),
        budget::may_have_ai(house, placed, &request.call_sid),
        consent::ground(house, placed, request, point),
        gate::longest(house, placed)
    );
    if !may_have_ai {
        return Err(Refusal::Spent);
    }
    let (said, recording) = match ground {
        Ground::Asked(question) => return Ok(question),
        Ground::Recorded(said, consent) => (said, Some(consent)),
        Ground::Unrecorded => (Response::new(), None),
    };
    let mut receptionist = receptionist.ok_or(Refusal::NobodyAnswers)?;
    if request.direction == Direction::Outbound {
        receptionist.instructions.push_str(WE_CALLED);
    }
    let past = if is_back {
        Some(past(house, placed, point).await)
    } else {
        None
    };
    // Without a database its own limit holds.
    if let Some(longest) = longest {
        let passed_ms = gate::passed_ms(house, placed.since);
        let most = gate::left(longest, passed_ms - spoken_ms(past.as_ref()));
        let own = &mut receptionist.limits.max_duration;
        *own = (*own).min(most).min(longest);
    }
    let admission = Admission {
        call_id: placed.call_id,
        tenant_id: placed.tenant_id,
        call_sid: request.call_sid.clone(),
        stop: point.stop,
        direction: request.direction,
        receptionist,
        contact,
        past,
        recording: recording.clone(),
    };
    let token = house.bridge.admit(admission)?;
    let stream = stream(house, token.expose(), point).map_err(|error| {
        tracing::error!(%error, "call.no_stream");
        Refusal::NobodyAnswers
    })?;
    if let Some(consent) = recording {
        consent::note_told(house, &request.call_sid, point, consent);
    }
    Ok(said.append(stream))
}

/// How much of the call is taken off the limits of whoever comes back to a receptionist,
/// and not here: all since one has answered.
fn spoken_ms(past: Option<&Past>) -> i64 {
    let spoken = past.map_or(Duration::ZERO, |past| past.began.elapsed());
    i64::try_from(spoken.as_millis()).unwrap_or(i64::MAX)
}

/// Whom of the tenant's contacts the call is with, as far as that can be had soon: of a
/// call that was placed elsewhere, or by us, it was not known from the beginning.
async fn contact(house: &Webhooks, placed: &Placed) -> Option<Contact> {
    if placed.contact.is_some() || placed.facts.is_some() {
        return placed.contact.clone();
    }
    let (store, tenant) = (&house.store, placed.tenant_id);
    let found = async {
        let call = calls::find(store, tenant, placed.call_id).await?;
        match call.and_then(|call| call.contact) {
            Some(contact) => contacts::find(store, tenant, contact.id).await,
            None => Ok(None),
        }
    };
    let found = house.patience.wait(found).await?;
    found.unwrap_or_else(|error: Error| {
        tracing::warn!(call.id = %placed.call_id, %error, "call.contact_lost");
        None
    })
}

const WE_CALLED: &str = "\n\n\
    You have placed this call: the person at the other end was rung by you and has just picked up. \
    They may be somebody else than you expect, or an answering machine. If it is no good time for \
    them, apologise and end the call.";

/// What was said before the caller came back, as far as it is written down.
async fn past(house: &Webhooks, placed: &Placed, point: &Point) -> Past {
    let of = (placed.tenant_id, placed.call_id);
    let read = async {
        let call = calls::find(&house.store, of.0, of.1).await?;
        let said = utterances::list(&house.store, of.0, of.1).await?;
        Ok::<_, Error>((call, said))
    };
    let read = house.patience.must(read).await;
    let (call, utterances) = read.and_then(Result::ok).unwrap_or_default();
    let now = house.clock.now();
    let since = call.as_ref().and_then(|call| call.answered_at);
    let lasted = since.map_or(0, |since| now.as_ms() - since.as_ms());
    let lasted = Duration::from_millis(u64::try_from(lasted).unwrap_or_default());
    let began = Instant::now();
    Past {
        utterances,
        usage: call.map(|call| call.usage).unwrap_or_default(),
        // Only the house that had the call knows what was spent of it.
        spent: Spent::default(),
        began: began.checked_sub(lasted).unwrap_or(began),
        leg: u32::try_from(point.stop).unwrap_or(u32::MAX),
    }
}

/// The receptionist, saying what this number wants to be said.
async fn receptionist(house: &Webhooks, placed: &Placed, stop: &AiStop) -> Option<Receptionist> {
    let id = stop.receptionist_id;
    let known = placed.facts.as_ref();
    let known = known.and_then(|facts| facts.receptionists.get(&id));
    let mut receptionist = if let Some(known) = known {
        known.clone()
    } else {
        let found = routing_facts::receptionist(&house.store, placed.tenant_id, id);
        house.patience.must(found).await?.ok()??
    };
    let voice = &stop.voice;
    let fields = [
        (&mut receptionist.greeting, &voice.greeting),
        (&mut receptionist.voice, &voice.voice),
        (&mut receptionist.language, &voice.language),
    ];
    for (field, wanted) in fields {
        if let Some(wanted) = wanted {
            field.clone_from(wanted);
        }
    }
    Some(receptionist)
}

/// The carrier opens a stream to us, and asks us what comes next when it ends.
pub(super) fn stream(house: &Webhooks, token: &str, point: &Point) -> Result<Response, TwimlError> {
    let token = Parameter::new("token", token)?;
    let stream = Stream::new(&house.socket_url("/media-stream")).parameter(token);
    let action = house.stop_url("stream-ended", point);
    Ok(Response::new().connect(Connect::stream(stream).action(action)))
}

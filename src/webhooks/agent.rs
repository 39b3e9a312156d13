//! A receptionist answers: the agent is dialled, and the carrier opens a stream to us.

use std::time::Duration;

use super::at::Point;
use super::consent::{self, Ground};
use super::memory::Placed;
use super::{Webhooks, budget};
use crate::bridge::{Admission, Refusal};
use crate::domain::{Direction, Receptionist};
use crate::routing::AiStop;
use crate::store::routing_facts;
use crate::twilio::twiml::{Connect, Error, Parameter, Response, Stream};
use crate::twilio::webhook::VoiceRequest;

/// Lets the call in, which dials the agent, and asks for its stream.
pub(super) async fn connect(
    house: &Webhooks,
    placed: &Placed,
    request: &VoiceRequest,
    (point, stop): (&Point, &AiStop),
) -> Result<Response, Refusal> {
    if placed.has_had_agent {
        return Err(Refusal::Over);
    }
    let (mut receptionist, may_have_ai, ground) = tokio::join!(
        receptionist(house, placed, stop),
        budget::may_have_ai(house, placed, &request.call_sid),
        consent::ground(house, placed, request, point)
    );
    if !may_have_ai {
        return Err(Refusal::Spent);
    }
    let (said, recording) = match ground {
        Ground::Asked(question) => return Ok(question),
        Ground::Recorded(said, consent) => (said, Some(consent)),
        Ground::Unrecorded => (Response::new(), None),
    };
    if let Some(receptionist) = &mut receptionist
        && request.direction == Direction::Outbound
    {
        receptionist.instructions.push_str(WE_CALLED);
    }
    let token = house.bridge.admit(Admission {
        call_id: placed.call_id,
        tenant_id: placed.tenant_id,
        call_sid: request.call_sid.clone(),
        receptionist: receptionist.ok_or(Refusal::NobodyAnswers)?,
        contact: placed.contact.clone(),
        recording,
    })?;
    let stream = stream(house, token.expose(), point);
    stream.map(|stream| said.append(stream)).map_err(|error| {
        tracing::error!(%error, "call.no_stream");
        Refusal::NobodyAnswers
    })
}

const WE_CALLED: &str = "\n\n\
    You have placed this call: the person at the other end was rung by you and has just picked up. \
    They may be somebody else than you expect, or an answering machine. If it is no good time for \
    them, apologise and end the call.";

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
    // Without a database its own limit holds.
    if let Some(most) = longest(house, placed).await {
        let longest = &mut receptionist.limits.max_duration;
        *longest = (*longest).min(most);
    }
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

/// How long the tenant lets a call last, as it was when the call came.
async fn longest(house: &Webhooks, placed: &Placed) -> Option<Duration> {
    if let Some(facts) = &placed.facts {
        return Some(facts.allowance.longest);
    }
    let asked = routing_facts::allowance(&house.store, placed.tenant_id, &[]);
    let allowance = house.patience.wait(asked).await?.ok()?;
    Some(allowance.longest)
}

/// The carrier opens a stream to us, and asks us what comes next when it ends.
pub(super) fn stream(house: &Webhooks, token: &str, point: &Point) -> Result<Response, Error> {
    let token = Parameter::new("token", token)?;
    let stream = Stream::new(&house.socket_url("/media-stream")).parameter(token);
    let action = house.stop_url("stream-ended", point);
    Ok(Response::new().connect(Connect::stream(stream).action(action)))
}

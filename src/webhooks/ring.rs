//! Telephones ring: whom, as whom, for how long; and what comes of it.

use std::time::Duration;

use axum::extract::State;

use super::at::{At, Point, Terms};
use super::consent::{self, Ground};
use super::memory::Placed;
use super::signed::Signed;
use super::xml::Xml;
use super::{Webhooks, conference, gate, picked_up, recording, spoken, stops, switchboard, warm};
use crate::domain::{AnsweredBy as Answerer, DialRefusal, Direction, Party, Permit, PhoneNumber};
use crate::routing::ivr::Outcome;
use crate::routing::{Allowance, CallerId, RingStop, Telephone};
use crate::store::call_legs::Recorded;
use crate::twilio::twiml::{Dial, Response};
use crate::twilio::webhook::{DialResult, DialStatus, VoiceRequest};

/// Has the telephones at a place on a route ring; nothing, if none of them may be
/// rung. Whom the gate has refused is written down with the call.
pub(super) async fn take(
    house: &Webhooks,
    placed: &Placed,
    request: &VoiceRequest,
    (point, stop): (&Point, &RingStop),
) -> Option<Response> {
    let (permits, refusals) = match gate::of(house, placed, stop).await {
        Ok(allowance) => let_through(&allowance, request, stop),
        Err(refusal) => (Vec::new(), vec![refusal]),
    };
    if !refusals.is_empty() {
        gate::note(house, placed, point, &refusals);
    }
    if permits.is_empty() {
        return None;
    }
    let (said, consent) = match consent::ground_of_ring(house, placed, request, point).await {
        Ground::Asked(question) => return Some(question),
        Ground::Unrecorded => (Response::new(), None),
        Ground::Recorded(said, consent) => (said, Some(consent)),
    };
    let ground = consent.as_ref().map(|one| (one.policy, one.answer));
    // Who waits with music is led on by what we tell the carrier's account.
    let led = if stop.is_warm && house.carrier.is_some() {
        warm::enqueue(house, placed, point, ground)?
    } else {
        let dial = rung(house, request, (point, stop), (&permits, ground))?;
        Response::new().dial(match ground {
            Some(ground) => recording::recorded(house, placed, dial, ground),
            None => dial,
        })
    };
    if let Some(consent) = consent {
        consent::note_told(house, &request.call_sid, point, consent);
    }
    Some(said.append(led))
}

/// Whom of the telephones the gate lets be rung, and why not the others.
pub(super) fn let_through(
    allowance: &Allowance,
    request: &VoiceRequest,
    stop: &RingStop,
) -> (Vec<Permit>, Vec<DialRefusal>) {
    let (mut permits, mut refusals) = (Vec::new(), Vec::new());
    let ends = ends(request);
    for Telephone { number, .. } in &stop.telephones {
        let judged = match stop.longest {
            Some(longest) => Ok(Permit::kept(number, longest.min(allowance.longest))),
            None => allowance.permit_between(&ends, number, stop.whose),
        };
        match judged {
            Ok(permit) => permits.push(permit),
            Err(refusal) => refusals.push(refusal),
        }
    }
    (permits, refusals)
}

/// The numbers from which a call that is sent there comes back here: the one that was
/// rung, that rings, or that has sent the caller here.
fn ends(request: &VoiceRequest) -> Vec<&PhoneNumber> {
    if request.direction == Direction::Outbound {
        return Vec::new();
    }
    let parties = [
        Some(&request.to),
        Some(&request.from),
        request.forwarded_from.as_ref(),
    ];
    let parties = parties.into_iter().flatten();
    parties.filter_map(Party::number).collect()
}

/// The telephones of those who may be rung; nothing where there are none.
pub(super) fn dial(
    house: &Webhooks,
    request: &VoiceRequest,
    at: (&Point, &RingStop),
    permits: &[Permit],
) -> Option<Response> {
    let dial = rung(house, request, at, (permits, None))?;
    Some(Response::new().dial(dial))
}

fn rung(
    house: &Webhooks,
    request: &VoiceRequest,
    (point, stop): (&Point, &RingStop),
    (permits, ground): (&[Permit], Option<Recorded>),
) -> Option<Dial> {
    let mut dial = begun(request, stop, permits)?.action(house.stop_url("dial-status", point));
    if stop.is_in_turn {
        let count = u32::try_from(permits.len()).unwrap_or(u32::MAX);
        let lasting = stop.ring.timeout.saturating_mul(count);
        house.callers.listens(&request.call_sid, lasting);
    }
    let terms = Terms::new(house, longest(permits)?, ground);
    for permit in permits {
        let telephone = picked_up::number(house, &request.call_sid, (point, stop), (permit, terms));
        dial = dial.number(telephone);
    }
    Some(dial)
}

/// How they are rung; nothing where there is nobody.
pub(super) fn begun(request: &VoiceRequest, stop: &RingStop, permits: &[Permit]) -> Option<Dial> {
    let longest = longest(permits)?;
    let ring = &stop.ring;
    let mut dial = Dial::new()
        .timeout(ring.timeout)
        .time_limit(longest)
        .answer_on_bridge(true);
    if stop.is_in_turn {
        dial = dial.sequential(true);
    }
    if let Some(number) = caller_id(&ring.caller_id, request) {
        dial = dial.caller_id(&Party::Number(number.clone()));
    }
    Some(dial)
}

/// How long they may speak, whoever it is.
fn longest(permits: &[Permit]) -> Option<Duration> {
    permits.iter().map(Permit::longest).min()
}

/// The number that is shown; none where the carrier shows the caller's own.
fn caller_id<'a>(wanted: &'a CallerId, request: &'a VoiceRequest) -> Option<&'a PhoneNumber> {
    match (wanted, &request.from) {
        (CallerId::Number(number), _) => Some(number),
        (CallerId::Caller, Party::Number(_) | Party::Anonymous) => None,
        // A softphone's name is no number that a telephone can show.
        (CallerId::Called | CallerId::Caller, _) => request.to.number(),
    }
}

/// The ringing is over: whoever spoke with somebody is done, unless both are to go on
/// in a conference; for others there is the next stop.
pub(super) async fn dial_status(
    State(house): State<Webhooks>,
    at: At,
    Signed(pairs): Signed,
) -> Xml {
    let Ok(result) = DialResult::from_pairs(&pairs) else {
        return Xml(spoken::apology());
    };
    let is_answered = matches!(result.status, DialStatus::Completed | DialStatus::Answered);
    // Who declined, and a machine, have answered and were never connected.
    let is_done = is_answered && result.bridged != Some(false);
    let request = &result.call;
    let placed = switchboard::find_at(&house, &request.call_sid, at.stop).await;
    if let Some(placed) = placed.as_ref().filter(|_| is_answered) {
        let leg = result.dial_call_sid.as_ref();
        let point = at.point();
        let followed = conference::follow(&house, (placed, request), leg, &point);
        if let Some(followed) = followed.await {
            return Xml(followed);
        }
    }
    if let Some(placed) = placed.as_ref().filter(|_| is_done) {
        let lasted = result.duration.unwrap_or_default();
        switchboard::note_answer(&house, placed, Answerer::Person, lasted);
    }
    if is_done || result.status == DialStatus::Canceled {
        return Xml(Response::new().hangup());
    }
    let outcome = match result.status {
        DialStatus::Busy => Outcome::Busy,
        DialStatus::Failed => Outcome::Failed,
        DialStatus::Completed
        | DialStatus::Answered
        | DialStatus::NoAnswer
        | DialStatus::Canceled => Outcome::NoAnswer,
    };
    Xml(match placed {
        Some(placed) => stops::go_on(&house, &placed, request, &at, outcome).await,
        None => spoken::apology(),
    })
}

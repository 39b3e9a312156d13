//! Follows a route: the first stop that can be had, from a given one on.

use super::at::{At, Point};
use super::ivr::{self, Course};
use super::memory::Placed;
use super::speech::Speech;
use super::voicemail_twiml::{Caller, LONGEST};
use super::{Webhooks, agent, last_answer, queue, ring, spoken, voicemail_twiml};
use crate::bridge::Refusal;
use crate::domain::{CallSid, Direction};
use crate::routing::ivr::{Input, Outcome};
use crate::routing::{Refusal as Rejection, Stop};
use crate::twilio::twiml::{RejectReason, Response};
use crate::twilio::webhook::VoiceRequest;

/// What the carrier is to do from the stop `first` on. It only goes forward,
/// and there is always an answer.
pub(super) async fn follow(
    house: &Webhooks,
    placed: &Placed,
    request: &VoiceRequest,
    first: usize,
) -> Response {
    if is_gone(placed, request) {
        return Response::new().hangup();
    }
    if last_answer::is_due(house) {
        return last_answer::give(house, placed, request, first).await;
    }
    let mut said = Response::new();
    let mut refusal = None;
    for (n, stop) in placed.route.stops.iter().enumerate().skip(first) {
        let taken = match stop {
            Stop::Reject(how) if n == 0 => return Response::reject(reason(*how)),
            Stop::Apology => break,
            Stop::Ivr(flow) => match ivr::enter(house, placed, request, (n, flow)).await {
                Course::Taken(response) => Ok(response),
                Course::Left(heard) => {
                    said = said.append(heard);
                    continue;
                }
            },
            Stop::Reject(_)
            | Stop::Ai(_)
            | Stop::Ring(_)
            | Stop::Queue(_)
            | Stop::Voicemail { .. }
            | Stop::Message { .. } => take(house, placed, request, (&n.into(), stop)).await,
        };
        match taken {
            Ok(response) => return said.append(response),
            // A request from the past: the receptionist has had this call.
            Err(Some(Refusal::Over)) if n == 0 => return Response::new().hangup(),
            Err(why) => refusal = why.or(refusal),
        }
    }
    // Who was called by us did not call to leave a message.
    if request.direction == Direction::Outbound {
        return said.hangup();
    }
    said.append(match refusal {
        Some(Refusal::Full) => spoken::engaged(),
        // Whoever rings is not to suffer for a limit: they leave a message.
        Some(Refusal::Spent) => {
            house.callers.speaks(&request.call_sid, LONGEST);
            voicemail_twiml::leave(house, &Caller::of(placed), None).await
        }
        _ => spoken::apology(),
    })
}

/// What the carrier is to do when nobody has the call who was to have it at a
/// place: a flow goes on from there, and a route behind it.
pub(super) async fn go_on(
    house: &Webhooks,
    placed: &Placed,
    request: &VoiceRequest,
    at: &At,
    outcome: Outcome,
) -> Response {
    answer(house, placed, request, (at, Input::Outcome(outcome))).await
}

/// What the carrier is to do when that came of where the call was.
pub(super) async fn answer(
    house: &Webhooks,
    placed: &Placed,
    request: &VoiceRequest,
    (at, input): (&At, Input),
) -> Response {
    if is_gone(placed, request) {
        return Response::new().hangup();
    }
    let next = placed.after(at.stop);
    // A call that was handed on does not come back to the flow that it was in; nor is there
    // anybody who could lead it on through the flow, where the house goes.
    if placed.is_moved_from(at.stop) || last_answer::is_due(house) {
        return follow(house, placed, request, next).await;
    }
    match ivr::resume(house, placed, request, (&at.point(), input)).await {
        Course::Taken(response) => response,
        Course::Left(said) => said.append(follow(house, placed, request, next).await),
    }
}

/// Whether nobody is there any more who could go on; an agent costs money.
pub(super) fn is_gone(placed: &Placed, request: &VoiceRequest) -> bool {
    if placed.is_over() {
        tracing::warn!(call.id = %placed.call_id, "call.replayed: the call is over");
    }
    placed.is_over() || request.status.is_terminal()
}

/// The stop at a place: one of the route, or one that a flow hands over to.
pub(super) async fn at(
    house: &Webhooks,
    placed: &Placed,
    call_sid: &CallSid,
    at: &At,
) -> Option<Stop> {
    let stop = placed.route.stops.get(at.stop)?;
    match (stop, &at.leg) {
        (Stop::Ivr(flow), Some(leg)) => {
            ivr::stop_at(house, placed, call_sid, (at.stop, flow, leg)).await
        }
        (_, _) => Some(stop.clone()),
    }
}

/// Takes the call to a stop; why not, if that is told to the caller.
pub(super) async fn take(
    house: &Webhooks,
    placed: &Placed,
    request: &VoiceRequest,
    (point, stop): (&Point, &Stop),
) -> Result<Response, Option<Refusal>> {
    if let Stop::Ai(ai) = stop {
        let connected = agent::connect(house, placed, request, (point, ai)).await;
        return connected.map_err(|why| {
            tracing::warn!(call.id = %placed.call_id, %why, "call.refused");
            let why_kind = why.kind();
            metrics::counter!("frontdesk_setup_failures_total", "why" => why_kind).increment(1);
            Some(why)
        });
    }
    if let Stop::Voicemail { greeting, user_id } = stop {
        house.callers.speaks(&request.call_sid, LONGEST);
        let caller = Caller::at(placed, point).leaving_for(*user_id);
        return Ok(voicemail_twiml::leave(house, &caller, greeting.as_deref()).await);
    }
    if let Stop::Ring(stop) = stop {
        let rung = ring::take(house, placed, request, (point, stop)).await;
        return rung.ok_or(None);
    }
    said(house, &speech_of(placed), (point, stop)).ok_or(None)
}

fn speech_of(placed: &Placed) -> Speech {
    Speech::new(placed.route.language.as_deref())
}

/// A stop in TwiML, where that is all there is to it.
pub(super) fn said(
    house: &Webhooks,
    speech: &Speech,
    (point, stop): (&Point, &Stop),
) -> Option<Response> {
    let response = match stop {
        Stop::Queue(stop) => {
            let queued = queue::enqueue(house, (point, stop));
            return queued
                .inspect_err(|error| tracing::error!(%error, "call.not_queued"))
                .ok();
        }
        Stop::Voicemail { greeting, user_id } => {
            voicemail_twiml::plain(house, speech, (*user_id, greeting.as_deref()))
        }
        Stop::Message { text } => Response::new().say(speech.say_own(text)).hangup(),
        Stop::Reject(_) => Response::new().hangup(),
        Stop::Apology => spoken::apology(),
        Stop::Ai(_) | Stop::Ivr(_) | Stop::Ring(_) => return None,
    };
    Some(response)
}

fn reason(how: Rejection) -> RejectReason {
    match how {
        Rejection::Rejected => RejectReason::Rejected,
        Rejection::Busy => RejectReason::Busy,
    }
}

//! The stream is over: the carrier asks what comes next.

use std::time::Duration;

use axum::extract::State;
use tokio::time::sleep;

use super::at::At;
use super::signed::Signed;
use super::speech::Speech;
use super::xml::Xml;
use super::{Webhooks, spoken, stops, switchboard};
use crate::domain::{CallSid, CallStatus, EndReason};
use crate::routing::ivr::Outcome;
use crate::twilio::twiml::Response;
use crate::twilio::webhook::VoiceRequest;

/// A caller who is still there because something failed goes on along the
/// route; otherwise everything has been said.
pub(super) async fn stream_ended(
    State(house): State<Webhooks>,
    at: At,
    Signed(pairs): Signed,
) -> Xml {
    let Ok(request) = VoiceRequest::from_pairs(&pairs) else {
        return Xml(spoken::apology());
    };
    let sid = &request.call_sid;
    let outcome = match ended_here(&house, sid, at.stop).await {
        Some(outcome) => {
            house.memory.change(sid, |placed| {
                placed.has_had_agent = true;
                placed.left_at = placed.left_at.max(Some(at.stop));
            });
            Some(outcome)
        }
        None if house.bridge.stop_of(sid).is_some_and(|now| now > at.stop) => {
            // Another receptionist has the caller since, and keeps them.
            tracing::warn!("call.replayed: it goes on at a later stop");
            return Xml(Response::new().hangup());
        }
        None => switchboard::ended_elsewhere(&house, sid, at.stop).await,
    };
    // Of one whose process has died, nobody knows more than that it is here.
    let is_waiting = outcome.is_none_or(EndReason::leaves_caller_waiting);
    if !is_waiting && !is_still_here(outcome, &request) {
        return Xml(Response::new().hangup());
    }
    // Also where something failed before the caller was told.
    let is_moved = house.bridge.handover_from(sid, at.stop).is_some();
    if is_moved || outcome == Some(EndReason::Transferred) {
        return Xml(moved(&house, &at, &request).await);
    }
    let Some(placed) = switchboard::find(&house, sid).await else {
        return Xml(spoken::apology());
    };
    if outcome.is_none() {
        switchboard::note_broken_off(&house, &placed);
    }
    let next = stops::go_on(&house, &placed, &request, &at, Outcome::Failed).await;
    Xml(if outcome == Some(EndReason::Shutdown) {
        let speech = Speech::new(placed.route.language.as_deref());
        let sorry = Response::new().say(speech.say(speech.phrases.interrupted));
        sorry.append(next)
    } else {
        next
    })
}

/// How the call ended at that stop, if the agent had it there in this process. One that the
/// carrier has done with has lost its stream, also where its socket looks alive or never came.
async fn ended_here(house: &Webhooks, call_sid: &CallSid, stop: usize) -> Option<EndReason> {
    for look in 0..LOOKS {
        if house.bridge.stop_of(call_sid) != Some(stop) {
            break;
        }
        // What the stream said last may be read in this moment.
        if look == 1 {
            house.bridge.hang_up(call_sid, EndReason::CarrierLost);
        }
        sleep(BREATH).await;
    }
    house.bridge.outcome_at(call_sid, stop)
}

/// How often the call's task is given the time to end.
const LOOKS: u32 = 5;
const BREATH: Duration = Duration::from_millis(200);

/// Whether the stream stopped, or never came, as if the caller had hung up, who has not.
fn is_still_here(outcome: Option<EndReason>, request: &VoiceRequest) -> bool {
    let looks_gone = matches!(
        outcome,
        Some(EndReason::CallerHungUp | EndReason::StreamNeverStarted)
    );
    looks_gone && request.status == CallStatus::InProgress
}

/// The receptionist has handed the caller on.
async fn moved(house: &Webhooks, at: &At, request: &VoiceRequest) -> Response {
    let found = switchboard::find_moved(house, &request.call_sid, at.stop).await;
    let Some(placed) = found else {
        return spoken::apology();
    };
    if !placed.is_moved_from(at.stop) {
        // To nobody, for nobody was found.
        return stops::go_on(house, &placed, request, at, Outcome::Failed).await;
    }
    let first = placed.after(at.stop);
    switchboard::note_moved(house, &request.call_sid, first);
    stops::follow(house, &placed, request, first).await
}

/// The carrier was told to lead the call to another stop of its route.
pub(super) async fn transferred(
    State(house): State<Webhooks>,
    at: At,
    Signed(pairs): Signed,
) -> Xml {
    let Ok(request) = VoiceRequest::from_pairs(&pairs) else {
        return Xml(spoken::apology());
    };
    let placed = switchboard::find_at(&house, &request.call_sid, at.stop).await;
    Xml(match placed {
        Some(placed) => {
            switchboard::note_moved(&house, &request.call_sid, at.stop);
            stops::follow(&house, &placed, &request, at.stop).await
        }
        None => spoken::apology(),
    })
}

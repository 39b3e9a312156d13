//! Telephones ring: whom, as whom, and what whoever answers hears first.

use axum::extract::State;

use super::at::{At, Point};
use super::signed::Signed;
use super::speech::Speech;
use super::xml::Xml;
use super::{Webhooks, spoken, stops, switchboard};
use crate::domain::{AnsweredBy as Answerer, DialPolicy, Party, PhoneNumber};
use crate::routing::ivr::Outcome;
use crate::routing::{CallerId, RingStop, Stop};
use crate::twilio::twiml::{AnswerDetection, Dial, Gather, MachineDetection, Number, Response};
use crate::twilio::webhook::{
    AnsweredBy, DialResult, DialStatus, GatherResult, StatusCallback, VoiceRequest,
};

/// The telephones at a place on a route; none if there is none that may be rung.
pub(super) fn dial(
    house: &Webhooks,
    request: &VoiceRequest,
    (point, stop): (&Point, &RingStop),
) -> Option<Response> {
    let numbers: Vec<_> = stop.phone_numbers.iter().filter(may_ring(stop)).collect();
    if numbers.is_empty() {
        tracing::warn!("ring.refused: nobody there may be rung");
        return None;
    }
    let ring = &stop.ring;
    let mut dial = Dial::new()
        .action(house.stop_url("dial-status", point))
        .timeout(ring.timeout)
        .answer_on_bridge(true);
    if let Some(longest) = stop.longest {
        dial = dial.time_limit(longest);
    }
    if stop.is_in_turn {
        dial = dial.sequential(true);
    }
    if let Some(number) = caller_id(&ring.caller_id, request) {
        dial = dial.caller_id(&Party::Number(number.clone()));
    }
    let has_whisper = ring.whisper.is_some() || ring.asks_to_accept || ring.detects_machines;
    let whisper = format!(
        "{}&call={}",
        house.stop_url("whisper", point),
        request.call_sid
    );
    for number in numbers {
        let mut number = Number::new(number);
        if has_whisper {
            number = number.url(&whisper);
        }
        if ring.detects_machines {
            number = number.answer_detection(AnswerDetection::new(MachineDetection::Enable));
        }
        dial = dial.number(number);
    }
    Some(Response::new().dial(dial))
}

/// Whatever was configured before the gate stood there: nobody pays for what is
/// dear, unless the gate has let it through.
fn may_ring(stop: &RingStop) -> impl FnMut(&&PhoneNumber) -> bool {
    |number| stop.longest.is_some() || DialPolicy::judge_anywhere(number).is_ok()
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

/// The ringing is over: whoever spoke with somebody is done, and for others
/// there is the next stop.
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

/// Somebody has picked up, and hears who is there before the two are connected.
pub(super) async fn whisper(State(house): State<Webhooks>, at: At, Signed(pairs): Signed) -> Xml {
    let Some(call_sid) = &at.call else {
        return Xml(Response::new());
    };
    let placed = switchboard::find_at(&house, call_sid, at.stop).await;
    let placed = placed.filter(|placed| !placed.is_over());
    let Some(placed) = &placed else {
        return Xml(Response::new());
    };
    let Some(Stop::Ring(stop)) = stops::at(&house, placed, &at).await else {
        return Xml(Response::new());
    };
    let speech = Speech::new(placed.route.language.as_deref());
    let answered_by = StatusCallback::from_pairs(&pairs)
        .ok()
        .and_then(|form| form.answered_by);
    if stop.ring.detects_machines && answered_by.is_some_and(is_machine) {
        return Xml(Response::new().hangup());
    }
    let said = stop
        .ring
        .whisper
        .as_deref()
        .map(|words| speech.say_own(words));
    if !stop.ring.asks_to_accept {
        let response = Response::new();
        return Xml(match said {
            Some(said) => response.say(said),
            None => response,
        });
    }
    let action = format!(
        "{}&call={call_sid}",
        house.stop_url("accepted", &at.point())
    );
    let mut gather = Gather::new().num_digits(1).action(action);
    if let Some(said) = said {
        gather = gather.say(said);
    }
    let gather = gather.say(speech.say(speech.phrases.press_1_to_accept));
    Xml(Response::new().gather(gather).hangup())
}

/// A key was pressed: 1 takes the call, anything else declines it.
pub(super) async fn accepted(Signed(pairs): Signed) -> Xml {
    let digits = GatherResult::from_pairs(&pairs)
        .ok()
        .and_then(|form| form.digits);
    let is_accepted = digits.is_some_and(|digits| digits.expose() == "1");
    Xml(if is_accepted {
        Response::new()
    } else {
        Response::new().hangup()
    })
}

fn is_machine(answered_by: AnsweredBy) -> bool {
    match answered_by {
        AnsweredBy::Human | AnsweredBy::Unknown => false,
        AnsweredBy::MachineStart
        | AnsweredBy::MachineEndBeep
        | AnsweredBy::MachineEndSilence
        | AnsweredBy::MachineEndOther
        | AnsweredBy::Fax => true,
    }
}

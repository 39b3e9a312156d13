//! Telephones ring: whom, as whom, and what whoever answers hears first.

use axum::extract::State;

use super::at::{At, Point};
use super::consent::{self, Ground};
use super::memory::Placed;
use super::signed::Signed;
use super::speech::Speech;
use super::xml::Xml;
use super::{Webhooks, gate, recording, spoken, stops, switchboard};
use crate::domain::{AnsweredBy as Answerer, DialRefusal, Direction, Party, Permit, PhoneNumber};
use crate::routing::ivr::Outcome;
use crate::routing::{Allowance, CallerId, RingStop, Stop};
use crate::twilio::twiml::{AnswerDetection, Dial, Gather, MachineDetection, Number, Response};
use crate::twilio::webhook::{
    AnsweredBy, DialResult, DialStatus, GatherResult, StatusCallback, VoiceRequest,
};

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
    let dial = rung(house, request, (point, stop), &permits)?;
    Some(
        match consent::ground_of_ring(house, placed, request, point).await {
            Ground::Asked(question) => question,
            Ground::Unrecorded => Response::new().dial(dial),
            Ground::Recorded(said, consent) => {
                said.dial(recording::recorded(house, placed, dial, &consent))
            }
        },
    )
}

/// Whom of the telephones the gate lets be rung, and why not the others.
pub(super) fn let_through(
    allowance: &Allowance,
    request: &VoiceRequest,
    stop: &RingStop,
) -> (Vec<Permit>, Vec<DialRefusal>) {
    let (mut permits, mut refusals) = (Vec::new(), Vec::new());
    for number in &stop.phone_numbers {
        let judged = match stop.longest {
            Some(longest) => Ok(Permit::kept(number, longest)),
            None if comes_back(request, number) => Err(DialRefusal::LeadsBack),
            None => allowance.permit(number, stop.whose),
        };
        match judged {
            Ok(permit) => permits.push(permit),
            Err(refusal) => refusals.push(refusal),
        }
    }
    (permits, refusals)
}

/// Whether whoever rings there rings up here: it is the number that was rung, that
/// rings, or that has sent the caller here.
fn comes_back(request: &VoiceRequest, number: &PhoneNumber) -> bool {
    let parties = [
        Some(&request.to),
        Some(&request.from),
        request.forwarded_from.as_ref(),
    ];
    let known = parties.into_iter().flatten().filter_map(Party::number);
    request.direction == Direction::Inbound && known.into_iter().any(|known| known == number)
}

/// The telephones of those who may be rung; nothing where there are none.
pub(super) fn dial(
    house: &Webhooks,
    request: &VoiceRequest,
    at: (&Point, &RingStop),
    permits: &[Permit],
) -> Option<Response> {
    let dial = rung(house, request, at, permits)?;
    Some(Response::new().dial(dial))
}

fn rung(
    house: &Webhooks,
    request: &VoiceRequest,
    (point, stop): (&Point, &RingStop),
    permits: &[Permit],
) -> Option<Dial> {
    let ring = &stop.ring;
    let dial = begun(request, stop, permits)?;
    let mut dial = dial.action(house.stop_url("dial-status", point));
    let has_whisper = ring.whisper.is_some() || ring.asks_to_accept || ring.detects_machines;
    let whisper = format!(
        "{}&call={}",
        house.stop_url("whisper", point),
        request.call_sid
    );
    for permit in permits {
        let mut number = Number::new(permit);
        if has_whisper {
            number = number.url(&whisper);
        }
        if ring.detects_machines {
            number = number.answer_detection(AnswerDetection::new(MachineDetection::Enable));
        }
        dial = dial.number(number);
    }
    Some(dial)
}

/// How they are rung; nothing where there is nobody.
pub(super) fn begun(request: &VoiceRequest, stop: &RingStop, permits: &[Permit]) -> Option<Dial> {
    let longest = permits.iter().map(Permit::longest).min()?;
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
    let Some(Stop::Ring(stop)) = stops::at(&house, placed, call_sid, &at).await else {
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

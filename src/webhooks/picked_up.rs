//! Somebody who was rung has picked up: what they hear before the two are connected,
//! whether it is a person at all, and who it was.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;

use super::at::{At, Point, Terms, presses_1, value_of};
use super::memory::Placed;
use super::signed::Signed;
use super::speech::Speech;
use super::xml::Xml;
use super::{Webhooks, conference, stops, switchboard};
use crate::domain::{CallSid, Permit, UserId};
use crate::routing::{Ring, RingStop, Stop};
use crate::twilio::rest::CallUpdate;
use crate::twilio::twiml::{
    AnswerDetection, CallEvent, Callback, Gather, MachineDetection, Number, Response, Webhook,
};
use crate::twilio::webhook::MachineVerdict;

/// How often we ask whether it is a person before we believe it; a second each.
///
/// The carrier says so within four seconds, as a rule.
const MOST_WAITS: u32 = 6;
const WAIT: Duration = Duration::from_secs(1);

/// The telephone of a permit, and what its owner hears and is asked.
pub(super) fn number(
    house: &Webhooks,
    caller: &CallSid,
    (point, stop): (&Point, &RingStop),
    (permit, terms): (&Permit, Terms),
) -> Number {
    let ring = &stop.ring;
    let user = stop.member_at(permit.to());
    let url = |webhook| address(house, webhook, point, (caller, user, terms));
    let mut number = Number::new(permit);
    if ring.whisper.is_some() || ring.asks_to_accept || ring.detects_machines {
        number = number.url(url("whisper"));
    } else {
        let answered = Callback::new(url("picked-up"));
        number = number.status_callback(answered.on(&[CallEvent::Answered]));
    }
    if ring.detects_machines {
        let detection = AnswerDetection::new(MachineDetection::Enable);
        number = number.answer_detection(detection.status_callback(url("machine")));
    }
    number
}

/// Whoever has picked up hears who is there before the two are connected. A machine is
/// not connected, nor is anybody as long as it may be one: the carrier tells that
/// [apart](machine) from this.
pub(super) async fn whisper(State(house): State<Webhooks>, at: At, Signed(pairs): Signed) -> Xml {
    let Some((caller, placed)) = waiting(&house, &at).await else {
        return Xml(Response::new());
    };
    let Some(Stop::Ring(stop)) = stops::at(&house, &placed, caller, &at).await else {
        return Xml(Response::new());
    };
    let again = |webhook| address(&house, webhook, &at.point(), (caller, at.user, at.terms));
    let speech = Speech::new(placed.route.language.as_deref());
    let ring = &stop.ring;
    if ring.detects_machines {
        match verdict(&placed, &pairs) {
            Some(true) => return Xml(Response::new().hangup()),
            None if !ring.asks_to_accept && at.waits < MOST_WAITS => {
                let url = format!("{}&waits={}", again("whisper"), at.waits + 1);
                return Xml(Response::new().pause(WAIT).redirect(Webhook::new(url)));
            }
            Some(false) | None => {}
        }
    }
    if ring.asks_to_accept {
        return Xml(question(&speech, ring, &again("accepted")));
    }
    note_taken(&house, &placed, &at, &pairs);
    Xml(match ring.whisper.as_deref() {
        Some(words) => Response::new().say(speech.say_own(words)),
        None => Response::new(),
    })
}

/// Says who is there, and waits for a key.
pub(super) fn question(speech: &Speech, ring: &Ring, action: &str) -> Response {
    let mut gather = Gather::new().num_digits(1).action(action);
    if let Some(words) = ring.whisper.as_deref() {
        gather = gather.say(speech.say_own(words));
    }
    let gather = gather.say(speech.say(speech.phrases.press_1_to_accept));
    Response::new().gather(gather).hangup()
}

/// A key was pressed: 1 takes the call, anything else declines it.
pub(super) async fn accepted(State(house): State<Webhooks>, at: At, Signed(pairs): Signed) -> Xml {
    if !presses_1(&pairs) {
        return Xml(Response::new().hangup());
    }
    if let Some((_, placed)) = waiting(&house, &at).await {
        note_taken(&house, &placed, &at, &pairs);
    }
    Xml(Response::new())
}

/// Somebody has picked up who is asked nothing.
pub(super) async fn picked_up(
    State(house): State<Webhooks>,
    at: At,
    Signed(pairs): Signed,
) -> StatusCode {
    if let Some((_, placed)) = waiting(&house, &at).await {
        note_taken(&house, &placed, &at, &pairs);
    }
    StatusCode::NO_CONTENT
}

/// Notes who has the call from now on, and by which call of the carrier's.
fn note_taken(house: &Webhooks, placed: &Placed, at: &At, pairs: &[(String, String)]) {
    switchboard::note_taken(house, placed, at.user);
    if let Some(leg) = value_of::<CallSid>(pairs, "CallSid") {
        note_verdict(house, at, (leg.clone(), false));
        conference::note_leg(house, placed, (leg, false), &at.terms);
    }
}

/// Whether it is a machine. What is known first counts: whoever has pressed a key, or is
/// connected, is not cut off by what is found out later.
fn note_verdict(house: &Webhooks, at: &At, verdict: (CallSid, bool)) {
    if let Some(caller) = &at.call {
        house
            .memory
            .change(caller, |placed| placed.verdicts.push(verdict));
    }
}

/// The carrier has found out whether it is a person. Where a machine was not asked for
/// a key, it is waiting to be connected, here or at another process.
pub(super) async fn machine(
    State(house): State<Webhooks>,
    at: At,
    Signed(pairs): Signed,
) -> StatusCode {
    let Ok(found) = MachineVerdict::from_pairs(&pairs) else {
        return StatusCode::NO_CONTENT;
    };
    let is_machine = found.answered_by.is_machine();
    let placed = match &at.call {
        Some(caller) => switchboard::find_at(&house, caller, at.stop).await,
        None => None,
    };
    let known = placed.and_then(|placed| verdict(&placed, &pairs));
    note_verdict(&house, &at, (found.call_sid.clone(), is_machine));
    if is_machine && known != Some(false) {
        hang_up(&house, vec![found.call_sid]);
    }
    StatusCode::NO_CONTENT
}

/// Ends calls that ring, or whose owner listens, for nobody. Whoever picks up all the same
/// is told so.
pub(super) fn hang_up(house: &Webhooks, calls: Vec<CallSid>) {
    let Some(carrier) = house.carrier.clone() else {
        return;
    };
    tokio::spawn(async move {
        for call_sid in calls {
            let done = carrier.update_call(&call_sid, &CallUpdate::Complete);
            if let Err(error) = done.await {
                tracing::info!(%error, "leg.not_hung_up");
            }
        }
    });
}

/// The caller whom it rang for; none where nobody waits any more.
async fn waiting<'a>(house: &Webhooks, at: &'a At) -> Option<(&'a CallSid, Arc<Placed>)> {
    let caller = at.call.as_ref()?;
    let placed = switchboard::find_at(house, caller, at.stop).await?;
    (!placed.is_over()).then_some((caller, placed))
}

/// Whether it is a machine, once that is known.
fn verdict(placed: &Placed, pairs: &[(String, String)]) -> Option<bool> {
    let sid: CallSid = value_of(pairs, "CallSid")?;
    let mut found = placed.verdicts.iter();
    found.find(|(rung, _)| *rung == sid).map(|(_, is)| *is)
}

/// The address of a webhook that is asked about whoever is rung for that caller.
fn address(
    house: &Webhooks,
    webhook: &str,
    point: &Point,
    (caller, user, terms): (&CallSid, Option<UserId>, Terms),
) -> String {
    let url = format!("{}&call={caller}", house.stop_url(webhook, point));
    let url = match user {
        Some(user) => format!("{url}&user={user}"),
        None => url,
    };
    url + &terms.query()
}

//! Decides where a call goes, once, and finds that decision again.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::time::sleep;

use super::Webhooks;
use super::memory::Placed;
use crate::bridge::Happening;
use crate::domain::{AnsweredBy, CallId, CallSid, EndReason, PhoneNumber, UserId};
use crate::routing::{Caller, Facts, Route, Stop, route};
use crate::store::call_routes::{self, KeptRoute};
use crate::store::calls::{self, NewCall};
use crate::store::{Error, call_owners, in_time, lost_calls, routing_facts};
use crate::twilio::webhook::VoiceRequest;

/// The call of that request, placed; none if nothing is known of its number
/// and the database does not answer.
///
/// However often the carrier asks, the route is what was decided first.
pub(super) async fn arrive(house: &Webhooks, request: &VoiceRequest) -> Option<Arc<Placed>> {
    if let Some(placed) = house.memory.call(&request.call_sid) {
        return Some(placed);
    }
    let known = house.memory.facts(&request.to);
    let id = CallId::of_sid(&request.call_sid);
    // Not cut short when we lose patience: it goes on to write the call down.
    let deciding = tokio::spawn(in_time(decide(house.clone(), request.clone(), id)));
    // What we know from an earlier call will do.
    let decided = match known {
        Some(_) => house.patience.wait(deciding).await,
        None => house.patience.must(deciding).await,
    };
    match decided {
        Some(Ok(Ok(placed))) => return placed,
        Some(Ok(Err(error))) => tracing::error!(%error, "call.undecided"),
        Some(Err(_)) => tracing::error!("call.undecided: the decision panicked"),
        None => tracing::warn!("call.undecided: the database did not answer in time"),
    }
    let known = known.or_else(|| house.memory.foreseen(&request.to))?;
    metrics::counter!("frontdesk_routed_from_memory_total").increment(1);
    Some(from_memory(house, request, id, known).await)
}

/// A call that was placed, here or by another process.
pub(super) async fn find(house: &Webhooks, call_sid: &CallSid) -> Option<Arc<Placed>> {
    if let Some(placed) = house.memory.call(call_sid) {
        return Some(placed);
    }
    let kept = kept(house, call_sid).await?;
    if !kept.is_closed {
        adopt_call(house, call_sid);
    }
    let since = kept.since.unwrap_or_else(|| house.clock.now());
    let placed = Placed {
        has_had_agent: kept.end_reason.is_some(),
        moved_to: kept.moved_to,
        is_over: AtomicBool::new(kept.is_closed),
        ..Placed::new(kept.call_id, kept.tenant_id, kept.route, since)
    };
    Some(house.memory.place(call_sid, placed))
}

/// From here on this process leads the call. Whoever is on the line is not kept waiting
/// for it.
fn adopt_call(house: &Webhooks, call_sid: &CallSid) {
    let (store, process) = (house.store.clone(), house.process.id());
    let call_sid = call_sid.clone();
    tokio::spawn(async move {
        if let Err(error) = in_time(call_owners::adopt(&store, &call_sid, process)).await {
            tracing::warn!(%error, "call.not_adopted");
        }
    });
}

async fn kept(house: &Webhooks, call_sid: &CallSid) -> Option<KeptRoute> {
    let asked = call_routes::find_by_sid(&house.store, call_sid);
    match house.patience.must(asked).await {
        Some(Ok(kept)) => kept,
        Some(Err(error)) => {
            tracing::error!(%error, "call.route_lost");
            None
        }
        None => {
            tracing::error!("call.route_lost: the database did not answer in time");
            None
        }
    }
}

/// The same call, with the stop `n` in its route: it may have been handed on
/// since it was placed.
pub(super) async fn find_at(house: &Webhooks, call_sid: &CallSid, n: usize) -> Option<Arc<Placed>> {
    let placed = find(house, call_sid).await?;
    if n < placed.route.stops.len() {
        return Some(placed);
    }
    Some(reread(house, call_sid).await.unwrap_or(placed))
}

/// The call that its receptionist has handed on from the stop `n`, here or elsewhere.
pub(super) async fn find_moved(
    house: &Webhooks,
    call_sid: &CallSid,
    n: usize,
) -> Option<Arc<Placed>> {
    let placed = find(house, call_sid).await?;
    let Some(handover) = house.bridge.handover_from(call_sid, n) else {
        return Some(reread(house, call_sid).await.unwrap_or(placed));
    };
    let moved = house.memory.change(call_sid, |placed| {
        placed.route.take_over(&handover);
        placed.moved_to = Some(handover.first);
    });
    Some(moved.unwrap_or(placed))
}

async fn reread(house: &Webhooks, call_sid: &CallSid) -> Option<Arc<Placed>> {
    let kept = kept(house, call_sid).await?;
    house.memory.change(call_sid, |placed| adopt(placed, kept))
}

/// The call goes where it was led elsewhere.
fn adopt(placed: &mut Placed, kept: KeptRoute) {
    placed.route = kept.route;
    placed.moved_to = kept.moved_to;
}

/// Why the receptionist at the stop `n` has the call no more, if that was at another
/// process; what is remembered of the call here is old then. It writes down the end
/// when both lines are closed, a moment after the carrier asks us.
pub(super) async fn ended_elsewhere(
    house: &Webhooks,
    call_sid: &CallSid,
    n: usize,
) -> Option<EndReason> {
    for _ in 0..LOOKS {
        let kept = kept(house, call_sid).await?;
        if let Some(end_reason) = end_at(&kept, n) {
            house.memory.change(call_sid, |placed| {
                adopt(placed, kept);
                placed.has_had_agent = true;
            });
            return Some(end_reason);
        }
        sleep(BREATH).await;
    }
    None
}

/// Why the receptionist at the stop `n` has the call no more, as far as that is written. That
/// one before them has handed it on stands there until it is written that the caller came
/// back. Of any other end it is not written at which stop it was.
fn end_at(kept: &KeptRoute, n: usize) -> Option<EndReason> {
    let is_before = kept.moved_to.is_some_and(|first| first <= n);
    let end_reason = kept.end_reason;
    end_reason.filter(|why| *why != EndReason::Transferred || !is_before)
}

/// How often another process is given the time to write.
const LOOKS: u32 = 4;
const BREATH: Duration = Duration::from_millis(250);

/// Notes that the carrier has followed a call that was handed on to the stop
/// `first`. Whoever is on the line is not kept waiting for it.
pub(super) fn note_moved(house: &Webhooks, call_sid: &CallSid, first: usize) {
    house.bridge.note_moved(call_sid.clone(), first);
}

/// Notes that somebody else than the agent has the call from now on, and which member if
/// it is one. Whoever is on the line is not kept waiting for it.
pub(super) fn note_taken(house: &Webhooks, placed: &Placed, user: Option<UserId>) {
    let (of, who) = (
        (placed.tenant_id, placed.call_id),
        (AnsweredBy::Person, user),
    );
    let taken = Happening::Taken(who.0, who.1);
    house.bridge.tell(of, placed.since, taken);
    house.bridge.note_answer(of, who, house.clock.now());
}

/// Notes for the log who has answered a call, and for how long. Whoever is on
/// the line is not kept waiting for it.
pub(super) fn note_answer(house: &Webhooks, placed: &Placed, by: AnsweredBy, lasted: Duration) {
    let lasted = i64::try_from(lasted.as_millis()).unwrap_or_default();
    let since = house.clock.now().plus_ms(-lasted);
    let of = (placed.tenant_id, placed.call_id);
    house.bridge.note_answer(of, (by, None), since);
}

/// Notes that the receptionist who had the call has gone with their process, and that
/// whoever spoke with them is to be called back. Whoever is on the line is not kept waiting
/// for it.
pub(super) fn note_broken_off(house: &Webhooks, placed: &Placed) {
    let (store, of) = (house.store.clone(), (placed.tenant_id, placed.call_id));
    let (now, call_back) = (house.clock.now(), house.clock.new_id());
    tokio::spawn(async move {
        let noted = lost_calls::break_off(&store, of, now, (call_back, now));
        if let Err(error) = in_time(noted).await {
            tracing::warn!(call.id = %of.1, %error, "call.end_not_noted");
        }
    });
}

/// Decides by the database, and writes down what was decided.
async fn decide(
    house: Webhooks,
    request: VoiceRequest,
    id: CallId,
) -> Result<Option<Arc<Placed>>, Error> {
    let to = request.to.number();
    let looked_up = routing_facts::look_up(&house.store, to, &request.from).await?;
    let Some((facts, caller)) = looked_up else {
        return Ok(None);
    };
    let route = route(&facts, &caller, house.clock.now());
    let facts = house.memory.learn(&request.to, facts);
    let new = new_call(&house, &request, id, &facts);
    let mut tx = house.store.begin().await?;
    let (call, is_new) = match calls::find_or_create(&mut tx, &new).await {
        Err(Error::Forgotten) => return Ok(Some(forgotten(&house, id, (facts, route)))),
        found => found?,
    };
    let kept = if is_new {
        let of = (call.tenant_id, call.id);
        call_owners::own(&mut tx, of, house.process.id()).await?;
        None
    } else {
        call_routes::find_by_sid(&mut tx, &request.call_sid).await?
    };
    let is_closed = kept.as_ref().is_some_and(|kept| kept.is_closed);
    let route = if let Some(kept) = kept {
        kept.route
    } else {
        let of = (call.tenant_id, call.id);
        call_routes::insert(&mut tx, of, &route, house.clock.now()).await?;
        route
    };
    tx.commit().await?;
    let placed = Placed {
        facts: Some(facts),
        contact: caller.contact,
        between: between(&request),
        has_had_agent: call.end_reason.is_some(),
        // A signature has no time in it: this may be a replay, long after the call.
        is_over: AtomicBool::new(is_closed || call.ended_at.is_some()),
        ..Placed::new(call.id, call.tenant_id, route, house.clock.now())
    };
    note(&house, &placed);
    Ok(Some(house.memory.place(&request.call_sid, placed)))
}

/// A call that was deleted, and is asked about once more: it is over. Nothing of it
/// is remembered.
fn forgotten(house: &Webhooks, id: CallId, (facts, route): (Arc<Facts>, Route)) -> Arc<Placed> {
    let tenant = facts.tenant_id;
    Arc::new(Placed {
        facts: Some(facts),
        is_over: AtomicBool::new(true),
        ..Placed::new(id, tenant, route, house.clock.now())
    })
}

/// Decides by what is remembered. Who is on which list is not.
async fn from_memory(
    house: &Webhooks,
    request: &VoiceRequest,
    id: CallId,
    facts: Arc<Facts>,
) -> Arc<Placed> {
    let caller = Caller::stranger(request.from.clone());
    let route = route(&facts, &caller, house.clock.now());
    let new = new_call(house, request, id, &facts);
    house.bridge.write_down(new, route.clone()).await;
    let tenant = facts.tenant_id;
    let placed = Placed {
        facts: Some(facts),
        between: between(request),
        ..Placed::new(id, tenant, route, house.clock.now())
    };
    note(house, &placed);
    house.memory.place(&request.call_sid, placed)
}

fn between(request: &VoiceRequest) -> Option<(PhoneNumber, PhoneNumber)> {
    let from = request.from.number()?.clone();
    Some((from, request.to.number()?.clone()))
}

fn new_call(house: &Webhooks, request: &VoiceRequest, id: CallId, facts: &Facts) -> NewCall {
    NewCall {
        id,
        tenant_id: facts.tenant_id,
        call_sid: request.call_sid.clone(),
        direction: request.direction,
        from: request.from.clone(),
        to: request.to.clone(),
        receptionist_id: None,
        status: request.status,
        created_at: house.clock.now(),
    }
}

fn note(house: &Webhooks, placed: &Placed) {
    let first = placed.route.stops.first().map_or("none", Stop::kind);
    // The agent tells of its calls itself.
    if !matches!(placed.route.stops.first(), Some(Stop::Ai(_))) {
        let of = (placed.tenant_id, placed.call_id);
        house
            .bridge
            .tell(of, placed.since, Happening::Routed(first));
    }
    metrics::counter!("frontdesk_routes_total", "to" => first).increment(1);
    tracing::info!(call.id = %placed.call_id, tenant.id = %placed.tenant_id, to = first,
        "call.routed");
}

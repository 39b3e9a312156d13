//! A member of a queue rings up to speak with whoever has waited longest.

use std::time::Duration;

use super::at::{At, Terms};
use super::queue::EMPTY;
use super::signed::Signed;
use super::speech::Speech;
use super::xml::Xml;
use super::{Webhooks, conference, gate, log, spoken, switchboard};
use crate::domain::{AnsweredBy, CallId, CallSid, Direction, QueueId, TenantId, UserId};
use crate::store::{
    call_stats, calls, in_time, outbound_calls, queue_waits, queues, routing_facts,
};
use crate::twilio::twiml::{Dial, Gather, Queue, Response};
use crate::twilio::webhook::{GatherResult, VoiceRequest};
use axum::extract::{Path, State};

/// Connects a member with the first caller of the queue. Whoever is no member
/// of it, by the number that rings up or is rung, hears an apology.
pub(super) async fn answer(
    State(house): State<Webhooks>,
    Path(queue): Path<String>,
    at: At,
    Signed(pairs): Signed,
) -> Xml {
    let queue: Result<QueueId, _> = queue.parse();
    let (Ok(queue), Ok(request)) = (queue, VoiceRequest::from_pairs(&pairs)) else {
        return Xml(spoken::apology());
    };
    if !is_expected(&house, &at, &request).await {
        return Xml(Response::new().hangup());
    }
    let Some((tenant, user)) = member_of(&house, queue, &request).await else {
        return Xml(spoken::apology());
    };
    // We have rung somebody: voicemail presses no key.
    if let Some(own) = at.own {
        let digits = GatherResult::from_pairs(&pairs)
            .ok()
            .and_then(|form| form.digits);
        match digits.as_ref().map(|digits| digits.expose().as_str()) {
            Some("1") => {}
            Some(_) => return Xml(Response::new().hangup()),
            None => return Xml(asked(&house, queue, own)),
        }
    }
    if request.direction == Direction::Inbound {
        log_member(&house, &request);
    }
    let longest = longest(&house, tenant, queue).await;
    let connecting = house.url(&format!(
        "/api/voice/webhooks/queue/connecting?call={}&user={user}{}",
        request.call_sid,
        Terms::new(&house, longest, None).query()
    ));
    let Ok(noun) = Queue::new(&queue.to_string()) else {
        return Xml(spoken::apology());
    };
    let speech = Speech::new(None);
    let response = Response::new()
        .say(speech.say(speech.phrases.next_caller))
        .dial(
            Dial::new()
                .timeout(EMPTY)
                .time_limit(longest)
                .queue(noun.url(&connecting)),
        )
        .say(speech.say(speech.phrases.nobody_waits))
        .hangup();
    Xml(response)
}

fn asked(house: &Webhooks, queue: QueueId, own: CallId) -> Response {
    let speech = Speech::new(None);
    let action = house.url(&format!(
        "/api/voice/webhooks/queue/{queue}/answer?call={own}"
    ));
    let gather = Gather::new().num_digits(1).action(action);
    Response::new()
        .gather(gather.say(speech.say(speech.phrases.press_1_to_accept)))
        .hangup()
}

/// Whether the call that we made, if we made it, is the one that we wait for.
async fn is_expected(house: &Webhooks, at: &At, request: &VoiceRequest) -> bool {
    let Some(own) = at.own else { return true };
    let named = outbound_calls::name(&house.store, own, &request.call_sid);
    matches!(house.patience.must(named).await, Some(Ok(true)))
}

/// A member's call stands in the log like every other, and is counted for what it costs
/// alone: the caller's is the one that came.
fn log_member(house: &Webhooks, request: &VoiceRequest) {
    let (house, request) = (house.clone(), request.clone());
    tokio::spawn(async move {
        let logged = async {
            let Some(call) = log::open(&house, &request).await? else {
                return Ok(());
            };
            call_stats::note_internal(&house.store, (call.tenant_id, call.id)).await
        };
        if let Err(error) = in_time(logged).await {
            tracing::warn!(%error, "queue.member_not_logged");
        }
    });
}

/// Whose queue it is, and who, if whoever rings or is rung is a member of it.
async fn member_of(
    house: &Webhooks,
    queue: QueueId,
    request: &VoiceRequest,
) -> Option<(TenantId, UserId)> {
    let member = match request.direction {
        Direction::Inbound => &request.from,
        Direction::Outbound => &request.to,
    };
    let number = member.number()?;
    let asked = queues::find_for_member(&house.store, queue, number);
    match house.patience.must(asked).await {
        Some(Ok(found)) => found,
        Some(Err(error)) => {
            tracing::error!(%error, "queue.unanswered");
            None
        }
        None => None,
    }
}

/// How long the two may speak: what is left of the call of whoever has waited longest,
/// for it is they who are connected. Where nobody is known to wait, or the database does
/// not tell, it is all that a call has.
async fn longest(house: &Webhooks, tenant: TenantId, queue: QueueId) -> Duration {
    let asked = async {
        let (allowance, began) = tokio::join!(
            routing_facts::allowance(&house.store, tenant, &[]),
            queue_waits::first_began_at(&house.store, tenant, queue)
        );
        (allowance.ok(), began.ok().flatten())
    };
    let (allowance, began) = house.patience.wait(asked).await.unwrap_or_default();
    let passed_ms = began.map_or(0, |began| gate::passed_ms(house, began));
    gate::left(allowance.unwrap_or_default().longest, passed_ms)
}

/// What the caller hears who has waited, before the two are connected: the member has
/// both calls from here on.
pub(super) async fn connecting(
    State(house): State<Webhooks>,
    at: At,
    Signed(pairs): Signed,
) -> Xml {
    let request = VoiceRequest::from_pairs(&pairs);
    let placed = match &request {
        Ok(request) => switchboard::find(&house, &request.call_sid).await,
        Err(_) => None,
    };
    if let Some(placed) = &placed {
        switchboard::note_taken(&house, placed, at.user);
    }
    if let (Some(placed), Some(member)) = (&placed, &at.call) {
        let terms = at.terms.within(gate::rest(&house, placed).await);
        conference::note_leg(&house, placed, (member.clone(), true), &terms);
    }
    if let Some(member) = at.call {
        note_member(&house, member, at.user);
    }
    let language = placed.and_then(|placed| placed.route.language.clone());
    let speech = Speech::new(language.as_deref());
    Xml(Response::new().say(speech.say(speech.phrases.connecting)))
}

/// The member's own call, which is in the log too, was answered by a person: the caller.
fn note_member(house: &Webhooks, call_sid: CallSid, user: Option<UserId>) {
    let (house, now) = (house.clone(), house.clock.now());
    tokio::spawn(async move {
        match in_time(calls::find_by_sid(&house.store, &call_sid)).await {
            Ok(Some(call)) => {
                let (of, who) = ((call.tenant_id, call.id), (AnsweredBy::Person, user));
                house.bridge.note_answer(of, who, now);
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "queue.member_not_noted"),
        }
    });
}

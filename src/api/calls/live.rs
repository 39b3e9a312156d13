//! `/api/calls/live`: the calls that go on, and what happens in them.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use futures::stream::unfold;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use utoipa::ToSchema;

use super::body::{CallBody, readable};
use super::own::Own;
use crate::api::extract::Query;
use crate::api::list::{PageBody, PageQuery};
use crate::api::operator::{Operator, recognize};
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::bridge::{EventId, Happening, LiveEvent, Resumed};
use crate::call::Report;
use crate::domain::{
    CallId, CallLog, Outcome, Permission, Pii, QueueId, RecordingState, Timestamp, UserId,
};
use crate::store::call_search::{self, Filter};
use crate::store::queue_waits;

/// The calls that go on, newest first.
#[utoipa::path(get, path = "/api/calls/live", operation_id = "list_live_calls", tag = "Live calls",
    params(PageQuery), responses((status = 200, body = PageBody<LiveCallBody>)))]
pub(in crate::api) async fn list(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<PageQuery>,
) -> Result<Json<PageBody<LiveCallBody>>, ApiError> {
    let filter = Filter {
        outcome: Some(Outcome::Open),
        watcher: operator.only(),
        ..Filter::default()
    };
    let request = query.into_request();
    let page = call_search::list(&state.store, operator.tenant_id, &filter, &request).await?;
    let waiting = queue_waits::list(&state.store, operator.tenant_id).await?;
    let waiting: HashMap<CallId, QueueId> = waiting.into_iter().collect();
    let body = |call: &CallLog| {
        let quiet = state.bridge.quiet(call.id);
        LiveCallBody {
            is_controllable: state.bridge.has(&call.call_sid),
            recording: state
                .bridge
                .recording(&call.call_sid)
                .map(RecordingState::as_str),
            queue_id: waiting.get(&call.id).map(QueueId::to_string),
            held: quiet.is_held,
            muted: quiet.muted.into_iter().collect(),
            elapsed_s: (state.clock.now().as_ms() - call.created_at.as_ms()) / 1_000,
            call: CallBody::new(call, &operator).costing(call, state.clock.now()),
        }
    };
    Ok(Json(PageBody {
        data: page.items.iter().map(body).collect(),
        next_cursor: page.next.map(|cursor| cursor.to_string()),
    }))
}

/// A call that goes on.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct LiveCallBody {
    #[serde(flatten)]
    call: CallBody,
    /// Since the call came, in seconds.
    elapsed_s: i64,
    /// Whether the AI speaks with the caller, in the process that was asked: then
    /// it can be told what to do without the carrier.
    is_controllable: bool,
    /// `recording` or `paused` where the process that was asked records the call.
    recording: Option<&'static str>,
    /// The queue in which the caller waits for whoever is free.
    queue_id: Option<String>,
    /// Whether somebody is kept waiting, as far as the process that was asked was told.
    held: bool,
    /// Who is kept from being heard, as far as it was told: `caller`, `person` or
    /// `receptionist`.
    muted: Vec<&'static str>,
}

/// What happens in the calls of the tenant, as it happens: server-sent events.
///
/// The first thing sent is an `id` alone, of the moment at which the stream began, and
/// each event has one; a reader who comes back with it in `Last-Event-ID` is told
/// what was missed, or `reset` where not all of that is kept, or calls may have left their
/// queues meanwhile: then `/api/calls/live` tells how things stand. Of a call that a person
/// has one learns for whom it was placed, where it was led, that it waits in a queue, who
/// took it, who was held or muted, and that it is over, as soon as the log has it so. An
/// agent is told of the calls that they have, that are placed for them, and that wait in a
/// queue of theirs, until somebody else has taken them. The stream ends within a minute when
/// its reader may no longer read it.
#[utoipa::path(get, path = "/api/calls/live/events", operation_id = "watch_live_calls",
    tag = "Live calls",
    params(("Last-Event-ID" = Option<String>, Header,
        description = "The id of the last event that was read.")),
    responses((status = 200, content_type = "text/event-stream", body = SentEvent)))]
pub(in crate::api) async fn events(
    State(state): State<ApiState>,
    operator: Operator,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let last = headers.get("last-event-id").map(|id| id.to_str().ok());
    let resumed = match last.map(|id| id.and_then(|id| id.parse::<EventId>().ok())) {
        None => state.bridge.resume(None),
        Some(Some(place)) => state.bridge.resume(Some(place)),
        Some(None) => Resumed {
            missed: None,
            ..state.bridge.resume(None)
        },
    };
    // What is told meanwhile is told once more.
    let own = Own::find(&state, &operator, last.is_some()).await?;
    let can_follow = |missed: &Vec<Arc<LiveEvent>>| {
        own.as_ref()
            .is_none_or(|own| own.can_follow(operator.tenant_id, missed))
    };
    let missed = resumed.missed.filter(can_follow);
    let is_new = last.is_none() || missed.is_none();
    let watch = Watch {
        let_in_at: state.clock.now(),
        state,
        headers,
        operator,
        own,
        is_torn: missed.is_none(),
        place: is_new.then_some(resumed.place),
        missed: missed.unwrap_or_default().into(),
        rest: resumed.rest,
    };
    let events = unfold(watch, async |mut watch| {
        let event = watch.next().await?;
        Some((Ok(event), watch))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// One event of the stream, as it is sent.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it is there for the documentation")]
pub(in crate::api) struct SentEvent {
    /// What `Last-Event-ID` takes.
    id: Option<String>,
    /// Such as `call.said`, or `reset`.
    event: Option<String>,
    /// JSON: `call_id`, `at` and `detail`.
    data: Option<String>,
}

/// Somebody who watches.
struct Watch {
    state: ApiState,
    /// What they came with.
    headers: HeaderMap,
    operator: Operator,
    /// What is theirs, where they may see nothing else.
    own: Option<Own>,
    /// When it was last known that they may.
    let_in_at: Timestamp,
    /// Events are missing that will never come.
    is_torn: bool,
    /// Where they stand, if nothing has told them yet.
    place: Option<EventId>,
    missed: VecDeque<Arc<LiveEvent>>,
    rest: Receiver<Arc<LiveEvent>>,
}

impl Watch {
    async fn next(&mut self) -> Option<Event> {
        loop {
            let is_first = self.place.is_some();
            let begin = self.place.take().map_or_else(Event::default, |place| {
                Event::default().id(place.to_string())
            });
            if std::mem::take(&mut self.is_torn) {
                return Some(begin.event("reset").data("{}"));
            }
            if is_first {
                return Some(begin);
            }
            let event = match self.missed.pop_front() {
                Some(event) => event,
                None => match self.rest.recv().await {
                    Ok(event) => event,
                    Err(RecvError::Lagged(_)) => {
                        self.look_again().await.ok()?;
                        self.is_torn = true;
                        continue;
                    }
                    Err(RecvError::Closed) => return None,
                },
            };
            if let Some(event) = self.tell(&event) {
                return self.is_let_in().await.then_some(event);
            }
        }
    }

    /// Whether they would be let in as they were, had they come just now. A key
    /// is revoked and a member leaves while a stream goes on.
    async fn is_let_in(&mut self) -> bool {
        let now = self.state.clock.now();
        if now < self.let_in_at.plus_ms(TRUST_MS) {
            return true;
        }
        self.let_in_at = now;
        let visitor = recognize(&self.state, &self.headers).await;
        let is_the_same = visitor.is_ok_and(|visitor| {
            visitor.tenant_id == self.operator.tenant_id
                && visitor.rights.reach(Permission::CallsWatch) == self.operator.reach
        });
        is_the_same && self.look_again().await.is_ok()
    }

    /// Learns anew what is theirs: events that told so are missing, or they are in another
    /// queue by now.
    async fn look_again(&mut self) -> Result<(), ApiError> {
        self.own = Own::find(&self.state, &self.operator, true).await?;
        Ok(())
    }

    /// The event, if it is for these eyes.
    fn tell(&mut self, event: &LiveEvent) -> Option<Event> {
        if event.tenant_id != self.operator.tenant_id {
            return None;
        }
        if self.own.as_mut().is_some_and(|own| !own.sees(event)) {
            return None;
        }
        let (kind, detail) = said(&event.what, &self.operator)?;
        let body = json!({
            "call_id": event.call_id.to_string(),
            "at": event.time.to_string(),
            "detail": detail,
        });
        let id = event.id.to_string();
        Some(Event::default().id(id).event(kind).data(body.to_string()))
    }
}

/// So long somebody who was let in is believed without another look.
const TRUST_MS: i64 = 60_000;

/// A stable word for what happened, and what else there is to say.
fn said(what: &Happening, operator: &Operator) -> Option<(&'static str, Value)> {
    let words = |text: &Pii<String>| readable(text, operator);
    let name = |user: &Option<UserId>| user.map(|user| user.to_string());
    let report = match what {
        Happening::Placed(user) => return Some(("call.placed", json!({"user_id": name(user)}))),
        Happening::Routed(to) => return Some(("call.routed", json!({"to": to}))),
        Happening::Queued(queue) => {
            return Some(("call.queued", json!({"queue_id": queue.to_string()})));
        }
        Happening::Dequeued => return Some(("call.dequeued", json!({}))),
        Happening::Taken(by, user) => {
            let detail = json!({"by": by.as_str(), "user_id": name(user)});
            return Some(("call.taken", detail));
        }
        Happening::Held(is_on) => return Some(("call.held", json!({"on": is_on}))),
        Happening::Muted(who, is_on) => {
            return Some(("call.muted", json!({"who": who.as_str(), "on": is_on})));
        }
        Happening::Closed(status) => {
            return Some(("call.closed", json!({"status": status.as_str()})));
        }
        Happening::Admitted => return Some(("call.admitted", json!({}))),
        Happening::Answered => return Some(("call.answered", json!({}))),
        Happening::Ended(reason) => {
            return Some(("call.ended", json!({"end_reason": reason.as_str()})));
        }
        Happening::Recording(state) => {
            let state = state.map_or("off", RecordingState::as_str);
            return Some(("call.recording", json!({"state": state})));
        }
        Happening::Reported(report) => report,
    };
    Some(match report {
        Report::Connected => ("call.connected", json!({})),
        Report::AgentLost => ("call.agent_lost", json!({})),
        Report::AgentBack { after } => ("call.agent_back", json!({"after_ms": after.as_millis()})),
        Report::Speaking(speaker) => ("call.speaking", json!({"speaker": speaker.as_str()})),
        Report::Said(said) => (
            "call.said",
            json!({
                "speaker": said.speaker.as_str(),
                "text": words(&said.text),
                "interrupted": said.interrupted,
            }),
        ),
        Report::Interrupted { .. } => ("call.interrupted", json!({})),
        Report::Latency(latency) => (
            "call.latency",
            json!({
                "sent_ms": latency.sent.as_millis(),
                "heard_ms": latency.heard.map(|heard| heard.as_millis()),
            }),
        ),
        Report::Digits(digits) => ("call.digits", json!({"digits": words(digits)})),
        Report::Muted { who, is_on } => ("call.muted", json!({"who": who.as_str(), "on": is_on})),
        Report::Held(is_on) => ("call.held", json!({"on": is_on})),
        Report::Silence { prompts } => ("call.silence", json!({"prompts": prompts})),
        Report::Tool { name, outcome } => ("call.tool", json!({"tool": name, "outcome": outcome})),
        Report::Used(_) | Report::RanDry { .. } | Report::OutOfDate { .. } => return None,
    })
}

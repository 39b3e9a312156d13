//! Calls that go on: listed, watched, and told what to do.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use frontdesk::bridge::Happening;
use frontdesk::domain::{
    AnsweredBy, CallId, CallStatus, EndReason, Permission, QueueId, Role, Scope, Side, TenantId,
    UserId,
};
use frontdesk::store::calls::{self, StatusNews};
use frontdesk::store::{forgotten_calls, queue_waits};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::desk::Desk;
use crate::support::database::on_each_database;

/// The carrier says that the call is over, and we do not know why yet.
async fn told_over(desk: &Desk, sid: &str) {
    let news = StatusNews {
        status: CallStatus::Completed,
        sequence: None,
        duration_s: None,
        at: desk.clock.now(),
    };
    let told = calls::apply_status(&desk.store, &sid.parse().unwrap(), &news).await;
    assert!(told.unwrap().is_some());
}

/// Hangs up, and waits until nothing of the call is left but what is written.
async fn hung_up(desk: &Desk, sid: &str) {
    let mut watched = desk.bridge.watch();
    assert!(
        desk.bridge
            .hang_up(&sid.parse().unwrap(), EndReason::HungUp)
    );
    while !matches!(watched.recv().await.unwrap().what, Happening::Ended(_)) {}
}

/// Server-sent events, as they come.
pub(super) struct Events {
    body: BodyDataStream,
    /// The id that came before all events.
    began_at: String,
    text: String,
}

impl Events {
    pub(super) async fn of(desk: &Desk, key: &str, last: Option<&str>) -> Self {
        let mut request =
            Request::get("/api/calls/live/events").header("authorization", format!("Bearer {key}"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let request = request.body(Body::empty()).unwrap();
        let Ok(response) = desk.router.clone().oneshot(request).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            body: response.into_body().into_data_stream(),
            began_at: String::new(),
            text: String::new(),
        }
    }

    /// The next event's name, id and data; none once the stream has ended.
    pub(super) async fn next(&mut self) -> Option<(String, String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name));
                    line.unwrap_or_default().trim().to_owned()
                };
                let (name, id, data) = (field("event:"), field("id:"), field("data:"));
                let rest = rest.to_owned();
                self.text = rest;
                if data.is_empty() {
                    self.began_at = id;
                    continue;
                }
                return Some((name, id, serde_json::from_str(&data).unwrap()));
            }
            let piece = self.body.next().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }
}

#[tokio::test]
async fn what_happens_is_told_to_its_tenant_and_to_nobody_else() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key_of_a) = desk.tenant("A").await;
        let (b, key_of_b) = desk.tenant("B").await;
        let mut of_a = Events::of(&desk, &key_of_a, None).await;
        let mut of_b = Events::of(&desk, &key_of_b, None).await;
        let first = desk.admitted(a, "CA1").await;
        let second = desk.admitted(b, "CA2").await;
        let (kind, _, data) = of_a.next().await.unwrap();
        assert_eq!(kind, "call.admitted");
        assert_eq!(data["call_id"], first.to_string());
        assert_eq!(data["at"], "2025-11-21T09:30:00.000Z");
        let (_, _, data) = of_b.next().await.unwrap();
        assert_eq!(data["call_id"], second.to_string());
        hung_up(&desk, "CA1").await;
        let (kind, _, data) = of_a.next().await.unwrap();
        assert_eq!(
            (kind.as_str(), &data["detail"]),
            (
                "call.ended",
                &json!({
                    "end_reason": "operator.hung_up"
                })
            )
        );
    })
    .await;
}

#[tokio::test]
async fn an_agent_is_told_of_the_calls_that_they_take_and_a_developer_of_none() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, _) = desk.tenant("A").await;
        let (one, token) = desk.member(a, Role::Agent).await;
        let (other, _) = desk.member(a, Role::Agent).await;
        // A call that was theirs when they began to watch.
        let theirs = desk.call(a, "CA1").await;
        let given = calls::give_to(&desk.store, a, theirs, one).await;
        given.unwrap();
        let mut events = Events::of(&desk, &token, None).await;
        let call = desk.call(a, "CA2").await;
        let since = desk.clock.now();
        let tell = |call, what| desk.bridge.tell((a, call), since, what);
        let closed = || Happening::Closed(CallStatus::Completed);
        tell(call, Happening::Routed("user"));
        for who in [None, Some(other), Some(one)] {
            tell(call, Happening::Taken(AnsweredBy::Person, who));
        }
        tell(theirs, closed());
        // What becomes of a call that somebody else has taken is theirs to know.
        tell(call, Happening::Taken(AnsweredBy::Person, Some(other)));
        tell(call, Happening::Held(true));
        tell(call, closed());
        let last = desk.call(a, "CA3").await;
        tell(last, Happening::Taken(AnsweredBy::Person, Some(one)));
        for (kind, id) in [
            ("call.taken", call),
            ("call.closed", theirs),
            // Somebody else has it now.
            ("call.taken", call),
            ("call.taken", last),
        ] {
            let (told, _, data) = events.next().await.unwrap();
            assert_eq!(
                (told.as_str(), &data["call_id"]),
                (kind, &json!(id.to_string()))
            );
        }
        let (_, token) = desk.member(a, Role::Developer).await;
        for path in ["/api/calls/live", "/api/calls/live/events"] {
            assert_eq!(desk.get(path, &token).await.status, 403, "{path}");
        }
        // A key that may read calls may watch them.
        let key = Scope::Only(vec![Permission::CallsRead]);
        let key = desk.narrow_key(a, key).await;
        assert_eq!(desk.get("/api/calls/live", &key).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn an_agent_keeps_a_call_of_theirs_that_somebody_outside_picks_up() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, _) = desk.tenant("A").await;
        let (one, token) = desk.member(a, Role::Agent).await;
        let (other, strange) = desk.member(a, Role::Agent).await;
        let mut events = Events::of(&desk, &token, None).await;
        let mut strangers = Events::of(&desk, &strange, None).await;
        let (call, now) = (desk.call(a, "CA1").await, desk.clock.now());
        let tell = |what| desk.bridge.tell((a, call), now, what);
        tell(Happening::Placed(Some(one)));
        tell(Happening::Taken(AnsweredBy::Person, None));
        tell(Happening::Held(true));
        tell(Happening::Closed(CallStatus::Completed));
        let kinds = ["call.placed", "call.taken", "call.held", "call.closed"];
        for kind in kinds {
            assert_eq!(events.next().await.unwrap().0, kind);
        }
        // It was nobody else's, whoever has called them.
        let theirs = desk.call(a, "CA2").await;
        let placed = Happening::Placed(Some(other));
        desk.bridge.tell((a, theirs), now, placed);
        let (_, _, data) = strangers.next().await.unwrap();
        assert_eq!(data["call_id"], theirs.to_string());
    })
    .await;
}

#[tokio::test]
async fn p10_an_agent_knows_all_that_wait_and_all_that_are_theirs_however_many() {
    const MANY: usize = 210;
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let (one, token) = desk.member(a, Role::Agent).await;
        let queue = queue_of(&desk, &key, one).await;
        let now = desk.clock.now();
        let (mut waiting, mut theirs) = (Vec::new(), Vec::new());
        for n in 0..MANY {
            let call = desk.call(a, &format!("CA1{n}")).await;
            let begun = queue_waits::begin(&desk.store, (a, call), queue, now).await;
            assert!(begun.unwrap());
            waiting.push(call);
            let call = desk.call(a, &format!("CA2{n}")).await;
            calls::give_to(&desk.store, a, call, one).await.unwrap();
            theirs.push(call);
        }
        let mut events = Events::of(&desk, &token, None).await;
        for (call, what) in [
            (waiting[0], Happening::Held(true)),
            (theirs[0], Happening::Held(true)),
            // Somebody outside has it, and it waits for no member any more.
            (waiting[1], Happening::Taken(AnsweredBy::Person, None)),
            (waiting[1], Happening::Held(true)),
            (waiting[MANY - 1], Happening::Dequeued),
        ] {
            desk.bridge.tell((a, call), now, what);
        }
        for call in [waiting[0], theirs[0], waiting[1], waiting[MANY - 1]] {
            let (_, _, data) = events.next().await.unwrap();
            assert_eq!(data["call_id"], call.to_string());
        }
    })
    .await;
}

/// A queue with that member.
async fn queue_of(desk: &Desk, key: &str, member: UserId) -> QueueId {
    let body = json!({"name": "Sales", "members": [member.to_string()]});
    let made = desk.send(("POST", "/api/queues"), key, &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_agent_sees_who_waits_in_a_queue_of_theirs_until_somebody_has_the_call() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let (one, token) = desk.member(a, Role::Agent).await;
        let (other, strange) = desk.member(a, Role::Agent).await;
        let queue = queue_of(&desk, &key, one).await;
        let me = desk.get("/api/me", &token).await.json();
        let queues = json!([{"id": queue.to_string(), "name": "Sales"}]);
        assert_eq!(me["queues"], queues);
        let mut events = Events::of(&desk, &token, None).await;
        let (call, now) = (desk.call(a, "CA1").await, desk.clock.now());
        let listed = async |token: &str| {
            let live = desk.get("/api/calls/live", token).await.json();
            let calls = live["data"].as_array().unwrap().iter();
            let place = |call: &Value| (call["id"].clone(), call["queue_id"].clone());
            calls.map(place).collect::<Vec<_>>()
        };
        assert_eq!(listed(&token).await, []);
        let begin = async || queue_waits::begin(&desk.store, (a, call), queue, now).await;
        assert!(begin().await.unwrap(), "that is news");
        assert!(!begin().await.unwrap(), "that is known");
        let tell = |what| desk.bridge.tell((a, call), now, what);
        tell(Happening::Queued(queue));
        let seen = (json!(call.to_string()), json!(queue.to_string()));
        for watcher in [&token, &key] {
            assert_eq!(listed(watcher).await, std::slice::from_ref(&seen));
        }
        assert_eq!(listed(&strange).await, []);
        let path = format!("/api/calls/{call}");
        assert_eq!(desk.get(&path, &token).await.status, 200);
        assert_eq!(desk.get(&path, &strange).await.status, 404);
        let hang_up = format!("{path}/hangup");
        let cut = desk.send(("POST", &hang_up), &token, &json!({})).await;
        assert_eq!(cut.status, 404, "it is to be seen, and not theirs");

        calls::give_to(&desk.store, a, call, other).await.unwrap();
        tell(Happening::Taken(AnsweredBy::Person, Some(other)));
        assert_eq!(listed(&token).await, []);
        assert_eq!(desk.get(&path, &token).await.status, 404);
        tell(Happening::Held(true));
        tell(Happening::Closed(CallStatus::Completed));
        let second = desk.call(a, "CA2").await;
        desk.bridge.tell((a, second), now, Happening::Queued(queue));
        desk.bridge.tell((a, second), now, Happening::Dequeued);
        desk.bridge
            .tell((a, second), now, Happening::Routed("voicemail"));
        let third = desk.call(a, "CA3").await;
        desk.bridge.tell((a, third), now, Happening::Queued(queue));
        for (kind, id) in [
            ("call.queued", call),
            ("call.taken", call),
            ("call.queued", second),
            ("call.dequeued", second),
            ("call.queued", third),
        ] {
            let (told, _, data) = events.next().await.unwrap();
            let told = (told.as_str(), &data["call_id"]);
            assert_eq!(told, (kind, &json!(id.to_string())));
        }
    })
    .await;
}

#[tokio::test]
async fn an_agent_who_comes_back_is_told_to_look_where_a_call_has_left_a_queue() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let (b, _) = desk.tenant("B").await;
        let (one, token) = desk.member(a, Role::Agent).await;
        let queue = queue_of(&desk, &key, one).await;
        let (call, now) = (desk.call(a, "CA1").await, desk.clock.now());
        let begun = queue_waits::begin(&desk.store, (a, call), queue, now).await;
        assert!(begun.unwrap());
        let mut events = Events::of(&desk, &token, None).await;
        let tell = |what| desk.bridge.tell((a, call), now, what);
        tell(Happening::Held(true));
        let (_, last, _) = events.next().await.unwrap();
        drop(events);
        // Nothing has left a queue of theirs: what was missed is told.
        tell(Happening::Held(false));
        let strange = desk.call(b, "CA2").await;
        desk.bridge.tell((b, strange), now, Happening::Dequeued);
        let mut events = Events::of(&desk, &token, Some(&last)).await;
        let (kind, _, data) = events.next().await.unwrap();
        assert_eq!(
            (kind.as_str(), &data["detail"]["on"]),
            ("call.held", &json!(false))
        );
        drop(events);
        for what in [
            Happening::Taken(AnsweredBy::Person, None),
            Happening::Dequeued,
            Happening::Closed(CallStatus::Completed),
        ] {
            queue_waits::end(&desk.store, (a, call)).await.unwrap();
            let left = desk.bridge.resume(None).place.to_string();
            tell(what);
            let mut events = Events::of(&desk, &token, Some(&left)).await;
            let (kind, id, _) = events.next().await.unwrap();
            assert_eq!(kind, "reset");
            // From there on nothing is missing.
            let (other, tell) = (desk.clock.new_id(), |call, what| {
                desk.bridge.tell((a, call), now, what);
            });
            tell(other, Happening::Queued(queue));
            assert_eq!(events.next().await.unwrap().0, "call.queued");
            let mut events = Events::of(&desk, &token, Some(&id)).await;
            assert_eq!(events.next().await.unwrap().0, "call.queued");
        }
    })
    .await;
}

/// A call that an agent has taken, their token, and what they watch.
async fn taken_before_their_eyes(desk: &Desk, tenant: TenantId) -> (CallId, String, Events) {
    let (agent, token) = desk.member(tenant, Role::Agent).await;
    let (call, now) = (desk.call(tenant, "CA1").await, desk.clock.now());
    let events = Events::of(desk, &token, None).await;
    let given = calls::give_to(&desk.store, tenant, call, agent).await;
    given.unwrap();
    let theirs = Happening::Taken(AnsweredBy::Person, Some(agent));
    desk.bridge.tell((tenant, call), now, theirs);
    (call, token, events)
}

#[tokio::test]
async fn an_agent_who_comes_back_is_told_the_end_of_a_call_of_theirs() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, _) = desk.tenant("A").await;
        let (call, token, mut events) = taken_before_their_eyes(&desk, a).await;
        let now = desk.clock.now();
        let (_, last, _) = events.next().await.unwrap();
        drop(events);
        told_over(&desk, "CA1").await;
        let closed = Happening::Closed(CallStatus::Completed);
        desk.bridge.tell((a, call), now, closed);
        let mut events = Events::of(&desk, &token, Some(&last)).await;
        let (kind, _, data) = events.next().await.unwrap();
        let told = (kind.as_str(), &data["call_id"]);
        assert_eq!(told, ("call.closed", &json!(call.to_string())));
    })
    .await;
}

#[tokio::test]
async fn p10_an_agent_who_is_slow_still_knows_which_calls_are_theirs() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, _) = desk.tenant("A").await;
        let (call, _, mut events) = taken_before_their_eyes(&desk, a).await;
        let now = desk.clock.now();
        // More than are kept for whoever is behind.
        let noise = desk.call(a, "CA2").await;
        for _ in 0..1_100 {
            desk.bridge.tell((a, noise), now, Happening::Admitted);
        }
        desk.bridge.tell((a, call), now, Happening::Held(true));
        assert_eq!(events.next().await.unwrap().0, "reset");
        assert_eq!(events.next().await.unwrap().0, "call.held");
    })
    .await;
}

#[tokio::test]
async fn who_is_held_or_muted_shows_among_the_calls_that_go_on() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let (call, now) = (desk.call(a, "CA1").await, desk.clock.now());
        let shown = async || {
            let live = desk.get("/api/calls/live", &key).await.json();
            let call = &live["data"][0];
            (call["held"].clone(), call["muted"].clone())
        };
        assert_eq!(shown().await, (json!(false), json!([])));
        let tell = |what| desk.bridge.tell((a, call), now, what);
        tell(Happening::Held(true));
        tell(Happening::Muted(Side::Person, true));
        tell(Happening::Muted(Side::Caller, true));
        assert_eq!(shown().await, (json!(true), json!(["caller", "person"])));
        tell(Happening::Held(false));
        tell(Happening::Muted(Side::Caller, false));
        assert_eq!(shown().await, (json!(false), json!(["person"])));
        tell(Happening::Muted(Side::Person, false));
        assert_eq!(shown().await, (json!(false), json!([])));
    })
    .await;
}

#[tokio::test]
async fn who_comes_back_is_told_what_was_missed_or_that_it_is_lost() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let mut events = Events::of(&desk, &key, None).await;
        desk.admitted(a, "CA1").await;
        let (_, last, _) = events.next().await.unwrap();
        drop(events);
        let missed = desk.admitted(a, "CA2").await;
        let mut events = Events::of(&desk, &key, None).await;
        let after = desk.admitted(a, "CA3").await;
        let (_, _, data) = events.next().await.unwrap();
        assert_eq!(
            data["call_id"],
            after.to_string(),
            "a newcomer is told of now only"
        );
        let began_at = events.began_at;
        let mut events = Events::of(&desk, &key, Some(&began_at)).await;
        let (_, _, data) = events.next().await.unwrap();
        assert_eq!(data["call_id"], after.to_string(), "nothing was seen yet");
        let mut events = Events::of(&desk, &key, Some(&last)).await;
        for call in [missed, after] {
            let (_, _, data) = events.next().await.unwrap();
            assert_eq!(data["call_id"], call.to_string());
        }
        let (process, _) = last.split_once('-').unwrap();
        let never = format!("{process}-{}", u64::MAX);
        for lost in ["00000000-0", "nonsense", &never] {
            let mut events = Events::of(&desk, &key, Some(lost)).await;
            let (kind, id, data) = events.next().await.unwrap();
            assert_eq!((kind.as_str(), data), ("reset", json!({})));
            assert!(id.starts_with(process), "where to go on from");
        }
    })
    .await;
}

#[tokio::test]
async fn p10_a_slow_viewer_holds_nobody_up_and_is_told_what_they_missed() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let mut slow = Events::of(&desk, &key, None).await;
        desk.admitted(tenant, "CA1").await;
        assert_eq!(slow.next().await.unwrap().0, "call.admitted");
        // More than are kept for whoever is behind; nobody waits for the reader.
        for n in 0..600 {
            let mut watched = desk.bridge.watch();
            let sid = format!("CA2{n}");
            desk.bridge.admit(desk.admission(tenant, &sid)).unwrap();
            let sid = sid.parse().unwrap();
            assert!(desk.bridge.hang_up(&sid, EndReason::HungUp));
            while !matches!(watched.recv().await.unwrap().what, Happening::Ended(_)) {}
        }
        assert_eq!(slow.next().await.unwrap().0, "reset", "there is a gap");
        let (kind, ..) = slow.next().await.unwrap();
        assert!(
            ["call.admitted", "call.ended"].contains(&kind.as_str()),
            "{kind}"
        );
        assert!(desk.bridge.has(&"CA1".parse().unwrap()));
    })
    .await;
}

#[tokio::test]
async fn a_call_that_goes_on_is_listed_and_obeys_until_it_is_hung_up() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let (_, stranger) = desk.tenant("B").await;
        let here = desk.admitted(a, "CA1").await;
        let elsewhere = desk.call(a, "CA2").await;
        let over = desk.whole_call(a, "CA3", "bye").await;
        desk.clock.advance_ms(2_000);
        let live = desk.get("/api/calls/live", &key).await.json();
        let seen = live["data"].as_array().unwrap().iter();
        let mut seen: Vec<_> = seen
            .map(|call| (call["call_sid"].as_str().unwrap(), &call["is_controllable"]))
            .collect();
        seen.sort_by_key(|(sid, _)| *sid);
        assert_eq!(seen, [("CA1", &json!(true)), ("CA2", &json!(false))]);
        assert_eq!(live["data"][0]["elapsed_s"], 2);

        let orders = [
            ("say", json!({"text": "The doctor is late"})),
            ("mute", json!({"who": "caller", "on": true})),
            ("hold", json!({"on": true})),
            ("hangup", json!({})),
        ];
        for (verb, body) in &orders {
            let path = |id: CallId| format!("/api/calls/{id}/{verb}");
            let missing = desk
                .send(("POST", &path(desk.clock.new_id())), &key, body)
                .await;
            let strange = desk.send(("POST", &path(here)), &stranger, body).await;
            assert_eq!(
                (strange.status.as_u16(), strange.body),
                (404, missing.body),
                "{verb}"
            );
            for id in [elsewhere, over] {
                let refused = desk.send(("POST", &path(id)), &key, body).await;
                assert_eq!(refused.status, 409, "{verb}");
            }
            let done = desk.send(("POST", &path(here)), &key, body).await;
            assert_eq!(done.status, 204, "{verb}: {}", done.body);
        }
        let audit = desk.get("/api/audit", &key).await.json();
        let audit = audit["data"].as_array().unwrap().iter();
        let mut actions: Vec<_> = audit
            .map(|entry| entry["action"].as_str().unwrap())
            .collect();
        actions.sort_unstable();
        assert_eq!(
            actions,
            ["call.held", "call.hung_up", "call.muted", "call.told"]
        );
    })
    .await;
}

#[tokio::test]
async fn an_order_that_makes_no_sense_is_refused_by_the_name_of_its_field() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let id = desk.admitted(a, "CA1").await;
        for (verb, body, pointer) in [
            ("say", json!({"text": " "}), "#/text"),
            ("say", json!({"text": "two\nlines"}), "#/text"),
            ("say", json!({"text": "x".repeat(1_001)}), "#/text"),
            ("mute", json!({"who": "everybody", "on": true}), "#/who"),
            ("hold", json!({"on": "yes"}), "#/on"),
        ] {
            let path = format!("/api/calls/{id}/{verb}");
            let answer = desk.send(("POST", &path), &key, &body).await;
            assert_eq!(answer.status, 422, "{verb} {body}");
            assert_eq!(answer.problem()["errors"][0]["pointer"], pointer);
        }
        let (_, analyst) = desk.member(a, Role::Analyst).await;
        let path = format!("/api/calls/{id}/hold");
        let refused = desk
            .send(("POST", &path), &analyst, &json!({"on": true}))
            .await;
        assert_eq!(refused.status, 403);
    })
    .await;
}

#[tokio::test]
async fn what_is_left_to_write_of_a_forgotten_call_keeps_no_other_waiting() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, _) = desk.tenant("A").await;
        let forgotten = desk.admitted(a, "CA1").await;
        let kept = desk.admitted(a, "CA2").await;
        told_over(&desk, "CA1").await;
        let mut tx = desk.store.begin().await.unwrap();
        let now = desk.clock.now();
        let gone = forgotten_calls::forget(&mut tx, a, forgotten, now).await;
        assert!(gone.unwrap());
        tx.commit().await.unwrap();
        hung_up(&desk, "CA1").await;
        hung_up(&desk, "CA2").await;
        let written = async {
            let is_open = async || {
                let call = calls::find(&desk.store, a, kept).await.unwrap().unwrap();
                call.end_reason.is_none()
            };
            while is_open().await {
                tokio::task::yield_now().await;
            }
        };
        let written = tokio::time::timeout(Duration::from_secs(5), written).await;
        written.expect("the end of the other call is written at once");
    })
    .await;
}

#[tokio::test]
async fn a_call_is_not_forgotten_before_it_is_let_go_and_then_by_all() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let mut events = Events::of(&desk, &key, None).await;
        desk.admitted(a, "CA1").await;
        let (_, last, _) = events.next().await.unwrap();
        let forgotten = desk.admitted(a, "CA2").await;
        told_over(&desk, "CA2").await;
        let path = format!("/api/calls/{forgotten}");
        let early = desk.send(("DELETE", &path), &key, &json!({})).await;
        assert_eq!(early.status, 409, "we still speak with the caller");
        hung_up(&desk, "CA2").await;
        let gone = desk.send(("DELETE", &path), &key, &json!({})).await;
        assert_eq!(gone.status, 204);
        let mut events = Events::of(&desk, &key, Some(&last)).await;
        let next = desk.admitted(a, "CA3").await;
        let (_, _, data) = events.next().await.unwrap();
        assert_eq!(data["call_id"], next.to_string());
    })
    .await;
}

#[tokio::test]
async fn who_may_no_longer_watch_is_told_nothing_more() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let (revoked, watchers) = desk.key(a, None).await;
        let mut let_go = Events::of(&desk, &watchers, None).await;
        let mut stays = Events::of(&desk, &key, None).await;
        let path = format!("/api/keys/{revoked}");
        let answer = desk.send(("DELETE", &path), &key, &json!({})).await;
        assert_eq!(answer.status, 204, "{}", answer.body);
        desk.clock.advance_ms(60_000);
        let call = desk.admitted(a, "CA1").await;
        assert_eq!(let_go.next().await, None);
        let (_, _, data) = stays.next().await.unwrap();
        assert_eq!(data["call_id"], call.to_string());
    })
    .await;
}

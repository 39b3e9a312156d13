//! The log of calls, and what every answer has in common.

use std::future::ready;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::IntoResponse as _;
use axum::routing::post;
use frontdesk::api::{self, ApiError, Fault};
use frontdesk::clock::random_bytes;
use frontdesk::domain::{CallId, CallStatus, Direction};
use frontdesk::store::calls::{self, NewCall, StatusNews};
use frontdesk::store::{KeyText, api_keys, page};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::desk::{Answer, Desk, RENDERED};
use crate::support::database::on_each_database;

#[tokio::test]
async fn the_log_has_the_calls_newest_first_page_by_page() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let mut ids = Vec::new();
        for n in 0..5 {
            ids.push(desk.call(a, &format!("CA{n}")).await.to_string());
            desk.clock.advance_ms(1_000);
        }
        ids.reverse();

        let mut seen = Vec::new();
        let mut path = "/api/calls/log?limit=2".to_owned();
        loop {
            let page = desk.get(&path, &key).await.json();
            let data = page["data"].as_array().unwrap();
            assert!(data.len() <= 2);
            seen.extend(
                data.iter()
                    .map(|call| call["id"].as_str().unwrap().to_owned()),
            );
            let Some(cursor) = page["next_cursor"].as_str() else {
                break;
            };
            path = format!("/api/calls/log?limit=2&cursor={cursor}");
        }
        assert_eq!(seen, ids);
    })
    .await;
}

#[tokio::test]
async fn the_log_can_be_asked_for_some_calls_only() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        desk.call(a, "CA1").await;
        let outbound = NewCall {
            direction: Direction::Outbound,
            from: "+15550000002".parse().unwrap(),
            to: "client:alice".parse().unwrap(),
            ..desk.new_call(a, "CA2")
        };
        calls::find_or_create(&desk.store, &outbound).await.unwrap();
        let over = StatusNews {
            status: CallStatus::Busy,
            sequence: None,
            duration_s: None,
            at: desk.clock.now(),
        };
        calls::apply_status(&desk.store, &outbound.call_sid, &over)
            .await
            .unwrap();

        for (query, sids) in [
            ("", vec!["CA2", "CA1"]),
            ("direction=inbound", vec!["CA1"]),
            ("direction=outbound", vec!["CA2"]),
            ("status=busy", vec!["CA2"]),
            ("status=ringing", vec!["CA1"]),
            ("status=completed", vec![]),
            ("number=%2B15550000001", vec!["CA1"]),
            ("number=+15550000002", vec!["CA2", "CA1"]),
            ("number=%2B15550000002&direction=inbound", vec!["CA1"]),
        ] {
            desk.clock.advance_ms(1);
            let page = desk
                .get(&format!("/api/calls/log?{query}"), &key)
                .await
                .json();
            let data = page["data"].as_array().unwrap();
            let mut found: Vec<_> = data.iter().map(|call| call["call_sid"].clone()).collect();
            found.sort_by_key(|sid| std::cmp::Reverse(sid.to_string()));
            assert_eq!(found, sids, "{query}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_refused_by_the_name_of_its_parameter() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        for (query, pointer) in [
            ("limit=0", "?limit"),
            ("limit=201", "?limit"),
            ("limit=many", "?limit"),
            ("cursor=!", "?cursor"),
            ("direction=sideways", "?direction"),
            ("status=asleep", "?status"),
            ("number=5550000001", "?number"),
            ("colour=red", "?colour"),
        ] {
            let answer = desk.get(&format!("/api/calls/log?{query}"), &key).await;
            assert_eq!(answer.status, 422, "{query}");
            let problem = answer.problem();
            assert_eq!(problem["type"], "/problems/invalid");
            assert_eq!(problem["errors"][0]["pointer"], pointer);
            assert!(problem["errors"][0]["detail"].is_string());
        }
    })
    .await;
}

#[tokio::test]
async fn a_call_is_shown_with_everything_kept_of_it() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let id = desk.whole_call(a, "CA1", "Is the shop open?").await;
        let call = desk.get(&format!("/api/calls/{id}"), &key).await.json();
        assert_eq!(call, whole_call_body(id));
        let listed = desk.get("/api/calls/log", &key).await.json();
        let listed = listed["data"][0].as_object().unwrap();
        for (name, value) in listed {
            assert_eq!(value, &call[name], "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_call_without_an_end_has_neither_cost_nor_reason() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let id = desk.call(a, "CA1").await;
        let call = desk.get(&format!("/api/calls/{id}"), &key).await.json();
        for absent in [
            "end_reason",
            "answered_at",
            "ended_at",
            "duration_s",
            "cost",
        ] {
            assert_eq!(call[absent], Value::Null, "{absent}");
        }
        assert_eq!(call["transcript"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn i9_a_neighbours_call_is_as_absent_as_one_that_never_was() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key_of_a) = desk.tenant("A").await;
        let (b, key_of_b) = desk.tenant("B").await;
        let of_a = desk.whole_call(a, "CA1", "canary").await;
        desk.call(b, "CA2").await;
        let never: CallId = desk.clock.new_id();

        let absent = desk.get(&format!("/api/calls/{of_a}"), &key_of_b).await;
        assert_eq!(absent.status, 404);
        for other in [never.to_string(), "call_1".to_owned(), "CA1".to_owned()] {
            let missing = desk.get(&format!("/api/calls/{other}"), &key_of_b).await;
            assert_eq!(missing.status, 404);
            assert_eq!(missing.body, absent.body, "{other}");
        }
        // A's place in the list shows B nothing but B's own.
        desk.call(a, "CA3").await;
        let page = desk.get("/api/calls/log?limit=1", &key_of_a).await.json();
        let cursor = page["next_cursor"].as_str().unwrap();
        let queries = [
            "",
            "?number=%2B15550000001",
            "?status=completed",
            "?limit=1",
        ];
        let mut queries = queries.map(str::to_owned).to_vec();
        queries.push(format!("?cursor={cursor}"));
        for query in queries {
            let log = desk.get(&format!("/api/calls/log{query}"), &key_of_b).await;
            assert!(
                !log.body.contains("canary") && !log.body.contains("CA1"),
                "{}",
                log.body
            );
        }
    })
    .await;
}

#[tokio::test]
async fn without_a_key_that_is_valid_nothing_is_told() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let id = desk.whole_call(a, "CA1", "canary").await;
        let expired = desk.key(a, Some(desk.clock.now())).await;
        let revoked = desk.key(a, None).await;
        let at = desk.clock.now();
        assert!(
            api_keys::revoke(&desk.store, (a, false), revoked.0, at)
                .await
                .unwrap()
        );
        let mut slip = key.clone();
        slip.replace_range(30..31, if &slip[30..31] == "0" { "1" } else { "0" });
        let never_made = KeyText::from_random(&random_bytes());

        let mut refused = vec![
            None,
            Some(String::new()),
            Some(key.clone()),
            Some(format!("Basic {key}")),
            Some("Bearer".to_owned()),
            Some("Bearer ".to_owned()),
            Some("Bearer ü".to_owned()),
        ];
        for text in [&expired.1, &revoked.1, &slip, never_made.expose(), "x"] {
            refused.push(Some(format!("Bearer {text}")));
        }
        for path in ["/api/calls/log".to_owned(), format!("/api/calls/{id}")] {
            for given in &refused {
                let answer = desk.ask(&path, given.as_deref()).await;
                assert_eq!(answer.status, 401, "{given:?}");
                assert_eq!(answer.problem()["type"], "/problems/unauthorized");
                assert_eq!(answer.headers["www-authenticate"], "Bearer");
                assert!(!answer.body.contains("canary"));
            }
            let answer = desk.ask(&path, Some(&format!("bearer {key}"))).await;
            assert_eq!(answer.status, 200, "the scheme is known in any case");
            assert_eq!(answer.headers["cache-control"], "no-store");
        }
    })
    .await;
}

#[tokio::test]
async fn the_use_of_a_key_is_noted_to_the_minute() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let first = desk.clock.now();
        for (wait_ms, noted) in [(0, first), (59_000, first), (1_000, first.plus_ms(60_000))] {
            desk.clock.advance_ms(wait_ms);
            assert_eq!(desk.get("/api/calls/log", &key).await.status, 200);
            let keys = api_keys::list(&desk.store, (a, false), &page::Request::default())
                .await
                .unwrap();
            assert_eq!(keys.items[0].last_used_at, Some(noted));
        }
    })
    .await;
}

#[tokio::test]
async fn a_balancer_is_sent_away_while_draining_and_without_a_database() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        assert_eq!(desk.ask("/readyz", None).await.status, 200);
        assert_eq!(desk.ask("/health", None).await.json()["status"], "ok");

        desk.bridge.drain(ready(()), ready(())).await;
        assert_eq!(desk.ask("/readyz", None).await.status, 503);
        let health = desk.ask("/health", None).await;
        assert_eq!(health.status, 200);
        assert_eq!(health.json()["status"], "draining");

        let desk = Desk::on(db);
        desk.store.close().await;
        assert_eq!(desk.ask("/readyz", None).await.status, 503);
        let health = desk.ask("/health", None).await;
        assert_eq!(health.status, 503);
        assert_eq!(health.json()["status"], "down");
        assert_eq!(health.json()["dependencies"]["database"]["status"], "down");
        assert_eq!(
            desk.ask("/livez", None).await.status,
            200,
            "a restart would not help"
        );
    })
    .await;
}

#[tokio::test]
async fn health_tells_people_what_goes_on() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, _) = desk.tenant("A").await;
        for sid in ["CA1", "CA2", "CA3"] {
            desk.admitted(a, sid).await;
        }
        desk.clock.advance_ms(90_500);
        let health = desk.ask("/health", None).await.json();
        assert_eq!(health["calls"], json!({ "live": 3, "capacity": 7 }));
        assert_eq!(health["uptime_s"], 90);
        assert_eq!(health["started_at"], "2025-11-21T09:30:00.000Z");
        assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    })
    .await;
}

#[tokio::test]
async fn metrics_are_plain_text() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let answer = desk.ask("/metrics", None).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4");
        assert_eq!(answer.body, RENDERED);
    })
    .await;
}

#[tokio::test]
async fn every_problem_is_explained_at_the_address_that_is_its_type() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        for error in [
            ApiError::Malformed(String::new()),
            ApiError::Invalid(Vec::new()),
            ApiError::Unauthorized,
            ApiError::NotFound,
            ApiError::MethodNotAllowed,
            ApiError::TooLarge,
            ApiError::NotJson,
            ApiError::Timeout,
            ApiError::Unavailable("the database"),
            ApiError::Panicked,
            ApiError::internal(std::io::Error::other("a secret")),
        ] {
            let answer = Answer::from(error.into_response()).await;
            let problem = answer.problem();
            assert_eq!(problem["status"], answer.status.as_u16());
            assert!(!answer.body.contains("a secret"), "{}", answer.body);
            let explained = desk.ask(problem["type"].as_str().unwrap(), None).await;
            assert_eq!(explained.status, 200, "{problem}");
        }
        assert_eq!(desk.ask("/problems/another", None).await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_json_is_read() {
    for content_type in ["application/json", "Application/JSON; charset=utf-8"] {
        let answer = post_form(content_type, r#"{"name":"a","tools":[{"kind":"x"}]}"#).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

#[tokio::test]
async fn a_value_that_is_wrong_is_refused_by_a_pointer_to_it() {
    for (body, pointer) in [
        (r#"{"name":1,"tools":[]}"#, "#/name"),
        (
            r#"{"name":"a","tools":[{"kind":"x"},{"kind":2}]}"#,
            "#/tools/1/kind",
        ),
        (r#"{"name":"a","tools":[],"colour/~":1}"#, "#/colour~1~0"),
        (r#"{"tools":[]}"#, "#"),
    ] {
        let answer = post_form("application/json", body).await;
        assert_eq!(answer.status, 422, "{body}");
        let problem = answer.problem();
        assert_eq!(problem["type"], "/problems/invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let whole = r#"{"name":"a","tools":[]}"#;
    let trailing = format!("{whole} x");
    for body in [trailing.as_str(), r#"{"name":"a","#, ""] {
        let answer = post_form("application/json", body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.problem()["type"], "/problems/malformed");
    }
    let answer = post_form("text/plain", whole).await;
    assert_eq!(answer.status, 415);
    assert_eq!(answer.problem()["type"], "/problems/not-json");
}

#[test]
fn a_fault_of_the_query_points_at_its_parameter() {
    let fault = Fault::of_parameter("limit", "too many");
    assert_eq!(
        (fault.pointer.as_str(), fault.detail.as_str()),
        ("?limit", "too many")
    );
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only the reading is tested")]
struct Form {
    name: String,
    tools: Vec<Tool>,
}

#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "only the reading is tested")]
struct Tool {
    kind: String,
}

async fn post_form(content_type: &str, body: &str) -> Answer {
    let router = Router::new().route("/", post(async |api::Json(_): api::Json<Form>| "read"));
    let request = Request::post("/").header("content-type", content_type);
    let request = request
        .body(Body::from(body.to_owned()))
        .expect("a request");
    let Ok(response) = router.oneshot(request).await;
    Answer::from(response).await
}

/// What [`Desk::whole_call`] looks like from outside.
fn whole_call_body(id: CallId) -> Value {
    json!({
        "id": id.to_string(),
        "call_sid": "CA1",
        "direction": "inbound",
        "from": "+15550000001",
        "to": "+15550000002",
        "contact": null,
        "receptionist_id": null,
        "user_id": null,
        "answered_by": "ai",
        "status": "completed",
        "outcome": "ai",
        "end_reason": "caller.hung_up",
        "created_at": "2025-11-21T09:30:00.000Z",
        "answered_at": "2025-11-21T09:30:01.000Z",
        "ended_at": "2025-11-21T09:31:00.000Z",
        "duration_s": null,
        "usage": {
            "input_text_tokens": 10,
            "input_audio_tokens": 20,
            "cached_text_tokens": 3,
            "cached_audio_tokens": 4,
            "output_text_tokens": 50,
            "output_audio_tokens": 60,
            "transcribed_ms": 1_500,
        },
        "cost": {
            "micros": 41_100,
            "currency": "USD",
            "is_final": false,
            "model": { "micros": 32_600, "currency": "USD", "is_final": true },
            "carrier": { "micros": 8_500, "currency": "USD", "is_final": false },
            "recording": null, "transcription": null,
        },
        "disposition": null, "notes": null, "tags": [],
        "record": null, "transcribe": null, "metadata": {},
        "transcript": [
            {
                "speaker": "receptionist",
                "text": "Hello, this is",
                "started_ms": 120,
                "interrupted": true,
            },
            {
                "speaker": "caller",
                "text": "Is the shop open?",
                "started_ms": 1_500,
                "interrupted": false,
            },
        ],
        "turns": [
            { "sent_ms": 400, "heard_ms": 460 },
            { "sent_ms": 500, "heard_ms": null },
        ],
        "events": [{
            "kind": "agent.reconnected",
            "detail": { "attempt": 1 },
            "at": "2025-11-21T09:30:00.000Z",
        }],
    })
}

//! Calls found again, written beside, counted and forgotten.

use frontdesk::domain::{
    AnsweredBy, CallId, CallStatus, Direction, Permission, Role, Scope, TenantId,
};
use frontdesk::store::calls::{self, NewCall, StatusNews};
use serde_json::{Value, json};

use super::desk::Desk;
use super::routing::Shop;
use crate::support::database::on_each_database;

/// The SIDs of the calls that the log has for `query`, newest first.
async fn found(desk: &Desk, key: &str, query: &str) -> Vec<String> {
    let answer = desk.get(&format!("/api/calls/log?{query}"), key).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.body);
    let page = answer.json();
    let calls = page["data"].as_array().unwrap().iter();
    calls
        .map(|call| call["call_sid"].as_str().unwrap().to_owned())
        .collect()
}

/// The ids of all calls for `query`, read by twos.
async fn all_pages(desk: &Desk, key: &str, query: &str) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/calls/log?{query}&limit=2{cursor}");
        let page = desk.get(&path, key).await.json();
        let data = page["data"].as_array().unwrap();
        seen.extend(data.iter().map(|call| call["id"].to_string()));
        let Some(next) = page["next_cursor"].as_str() else {
            return seen;
        };
        cursor = format!("&cursor={next}");
    }
}

async fn patch(desk: &Desk, key: &str, id: CallId, body: &Value) -> Value {
    let path = format!("/api/calls/{id}");
    let answer = desk.send(("PATCH", &path), key, body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

async fn ended(desk: &Desk, tenant: TenantId, sid: &str, status: CallStatus) -> CallId {
    let id = desk.call(tenant, sid).await;
    let news = StatusNews {
        status,
        sequence: None,
        duration_s: Some(30),
        at: desk.clock.now(),
    };
    calls::apply_status(&desk.store, &sid.parse().unwrap(), &news)
        .await
        .unwrap();
    id
}

#[tokio::test]
async fn a_call_is_found_by_words_and_by_the_end_of_its_number() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let first = desk
            .whole_call(a, "CA1", "Is the shop open on Sunday?")
            .await;
        desk.clock.advance_ms(1);
        desk.whole_call(a, "CA2", "Sunday I want an appointment")
            .await;
        desk.clock.advance_ms(1);
        let third = NewCall {
            direction: Direction::Outbound,
            from: "+15550000002".parse().unwrap(),
            to: "+4915112345678".parse().unwrap(),
            ..desk.new_call(a, "CA3")
        };
        calls::find_or_create(&desk.store, &third).await.unwrap();
        let both = ["CA2", "CA1"];
        for (query, sids) in [
            ("q=sunday", &both[..]),
            ("q=SUNDAY+open", &["CA1"]),
            ("q=sunday+closed", &[]),
            ("q=sun", &[]),
            ("q=0001", &both),
            ("q=%2B1+555+000+0001", &both),
            ("q=0151-12345678", &["CA3"]),
            ("q=5678", &["CA3"]),
            ("q=15550000002", &["CA3", "CA2", "CA1"]),
            ("q=0002", &[]),
            ("q=sunday&number=%2B15550000001", &both),
            ("q=sunday&number=%2B4915112345678", &[]),
            ("number=%2B15550000002", &["CA3", "CA2", "CA1"]),
            ("number=%2B50000002", &[]),
        ] {
            assert_eq!(found(&desk, &key, query).await, sids, "{query}");
        }
        patch(&desk, &key, first, &json!({"notes": "Wants a dozen roses"})).await;
        assert_eq!(found(&desk, &key, "q=roses").await, ["CA1"]);
        assert_eq!(found(&desk, &key, "q=roses+sunday").await, ["CA1"]);
        patch(&desk, &key, first, &json!({"notes": null})).await;
        assert!(found(&desk, &key, "q=roses").await.is_empty());
        assert_eq!(found(&desk, &key, "q=sunday").await, both);
    })
    .await;
}

#[tokio::test]
async fn a_word_that_is_said_late_in_a_long_call_is_found() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let words = format!("{} rhubarb", "yes and no ".repeat(1_000));
        desk.whole_call(a, "CA1", &words).await;
        assert_eq!(found(&desk, &key, "q=rhubarb").await, ["CA1"]);
    })
    .await;
}

#[tokio::test]
async fn pages_of_what_was_sought_have_every_call_once() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        for n in 0..7 {
            let id = desk
                .whole_call(a, &format!("CA{n}"), "good morning good")
                .await;
            patch(&desk, &key, id, &json!({"tags": ["vip"], "notes": "good"})).await;
            desk.clock.advance_ms(n % 2);
        }
        for query in ["q=good", "tag=vip", "number=%2B15550000001", "outcome=ai"] {
            let mut seen = all_pages(&desk, &key, query).await;
            assert_eq!(seen.len(), 7, "{query}");
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), 7, "{query}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_log_is_asked_for_outcomes_people_tags_and_dates() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let began = desk.clock.now();
        let by_ai = desk.whole_call(a, "CA1", "hello").await;
        desk.clock.advance_ms(60_000);
        let by_person = ended(&desk, a, "CA2", CallStatus::Completed).await;
        let answered = (AnsweredBy::Person, desk.clock.now());
        calls::mark_answered(&desk.store, a, by_person, answered)
            .await
            .unwrap();
        ended(&desk, a, "CA3", CallStatus::NoAnswer).await;
        ended(&desk, a, "CA4", CallStatus::Failed).await;
        desk.call(a, "CA5").await;
        let (user, _) = desk.member(a, Role::Agent).await;
        let whose = format!("UPDATE calls SET user_id = '{user}' WHERE call_sid = 'CA2'");
        db.execute(&whose).await;
        patch(&desk, &key, by_ai, &json!({"tags": ["b", "a", "b"]})).await;
        patch(&desk, &key, by_person, &json!({"tags": ["a"]})).await;
        let minute = began.plus_ms(60_000);
        for (query, sids) in [
            ("outcome=ai".to_owned(), vec!["CA1"]),
            ("outcome=person".to_owned(), vec!["CA2"]),
            ("outcome=voicemail".to_owned(), vec![]),
            ("outcome=missed".to_owned(), vec!["CA3"]),
            ("outcome=failed".to_owned(), vec!["CA4"]),
            ("outcome=open".to_owned(), vec!["CA5"]),
            (format!("user_id={user}"), vec!["CA2"]),
            ("tag=a".to_owned(), vec!["CA1", "CA2"]),
            ("tag=b".to_owned(), vec!["CA1"]),
            ("tag=a&outcome=person".to_owned(), vec!["CA2"]),
            ("tag=a&q=hello".to_owned(), vec!["CA1"]),
            (format!("since={minute}&tag=a"), vec!["CA2"]),
            (format!("since={minute}"), vec!["CA2", "CA3", "CA4", "CA5"]),
            (format!("until={minute}"), vec!["CA1"]),
            (format!("until={began}"), vec![]),
            (format!("since={began}&until={minute}"), vec!["CA1"]),
        ] {
            let mut sids_found = found(&desk, &key, &query).await;
            sids_found.sort();
            assert_eq!(sids_found, sids, "{query}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_people_write_beside_a_call_is_kept_and_checked() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let id = desk.whole_call(a, "CA1", "hello").await;
        let body = json!({"disposition": "sold", "notes": "two\nlines", "tags": ["b", "a"]});
        let call = patch(&desk, &key, id, &body).await;
        assert_eq!(call["disposition"], "sold");
        assert_eq!(call["tags"], json!(["a", "b"]));
        desk.clock.advance_ms(1);
        let call = patch(&desk, &key, id, &json!({"disposition": null})).await;
        assert_eq!(
            (&call["disposition"], &call["notes"]),
            (&json!(null), &json!("two\nlines"))
        );
        assert_eq!(call["end_reason"], "caller.hung_up");

        let many: Vec<_> = (0..21).map(|n| n.to_string()).collect();
        for (body, pointer) in [
            (json!({"tags": ["a", " b"]}), "#/tags"),
            (json!({"tags": many}), "#/tags"),
            (json!({"tags": null}), "#/tags"),
            (json!({"disposition": ""}), "#/disposition"),
            (json!({"disposition": "x".repeat(51)}), "#/disposition"),
            (json!({"notes": "x".repeat(10_001)}), "#/notes"),
            (json!({"status": "completed"}), "#/status"),
        ] {
            let path = format!("/api/calls/{id}");
            let answer = desk.send(("PATCH", &path), &key, &body).await;
            assert_eq!(answer.status, 422, "{body}");
            assert_eq!(answer.problem()["errors"][0]["pointer"], pointer);
        }
        let audit = desk.get("/api/audit", &key).await.json();
        assert_eq!(
            audit["data"][1]["fields"],
            json!(["disposition", "notes", "tags"])
        );
    })
    .await;
}

#[tokio::test]
async fn people_say_whom_a_call_was_with_where_the_number_does_not() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let (_, stranger) = desk.tenant("B").await;
        let id = desk.whole_call(a, "CA1", "hello").await;
        let contact = async |key: &str| {
            let body = json!({"name": "Ada", "numbers": ["+15550000077"]});
            let made = desk.send(("POST", "/api/contacts"), key, &body).await;
            made.json()["id"].as_str().unwrap().to_owned()
        };
        let (own, other) = (contact(&key).await, contact(&stranger).await);
        let body = json!({"contact_id": own, "notes": "rang from a hotel"});
        let call = patch(&desk, &key, id, &body).await;
        assert_eq!(call["contact"], json!({"id": own, "name": "Ada"}));
        let path = format!("/api/calls/{id}");
        for nobody in [other.as_str(), "con_00000000000000000000000000", "Ada"] {
            let body = json!({"contact_id": nobody, "notes": "lost"});
            let refused = desk.send(("PATCH", &path), &key, &body).await;
            assert_eq!(refused.problem()["errors"][0]["pointer"], "#/contact_id");
        }
        let call = desk.get(&path, &key).await.json();
        assert_eq!(
            (&call["notes"], &call["contact"]["id"]),
            (&json!("rang from a hotel"), &json!(own))
        );
        let call = patch(&desk, &key, id, &json!({"contact_id": null})).await;
        assert_eq!(call["contact"], Value::Null);
    })
    .await;
}

#[tokio::test]
async fn a_call_is_forgotten_when_it_is_over_and_by_nobody_else() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let (_, stranger) = desk.tenant("B").await;
        let over = desk.whole_call(a, "CA1", "canary").await;
        let open = desk.call(a, "CA2").await;
        let path = |id| format!("/api/calls/{id}");
        for (method, body) in [("DELETE", json!({})), ("PATCH", json!({"notes": "x"}))] {
            let missing = desk
                .send((method, "/api/calls/call_0"), &stranger, &body)
                .await;
            let answer = desk.send((method, &path(over)), &stranger, &body).await;
            assert_eq!((answer.status.as_u16(), &answer.body), (404, &missing.body));
        }
        let going_on = desk.send(("DELETE", &path(open)), &key, &json!({})).await;
        assert_eq!(going_on.status, 409);
        let gone = desk.send(("DELETE", &path(over)), &key, &json!({})).await;
        assert_eq!(gone.status, 204);
        assert_eq!(desk.get(&path(over), &key).await.status, 404);
        assert!(found(&desk, &key, "q=canary").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_agent_writes_beside_its_own_calls_only_and_a_developer_seeks_no_words() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, _) = desk.tenant("A").await;
        let id = desk.whole_call(a, "CA1", "hello").await;
        let (agent, agents) = desk.member(a, Role::Agent).await;
        let path = format!("/api/calls/{id}");
        let body = json!({"notes": "mine", "tags": ["x"]});
        let refused = desk.send(("PATCH", &path), &agents, &body).await;
        assert_eq!(refused.status, 404);
        let given = format!("UPDATE calls SET user_id = '{agent}' WHERE id = '{id}'");
        db.execute(&given).await;
        let done = desk.send(("PATCH", &path), &agents, &body).await;
        assert_eq!(done.status, 200);

        let (_, developers) = desk.member(a, Role::Developer).await;
        for query in ["q=hello", "number=%2B15550000001"] {
            let path = format!("/api/calls/log?{query}");
            assert_eq!(desk.get(&path, &developers).await.status, 403, "{query}");
        }
        let masked = desk.get(&path, &developers).await.json();
        assert_eq!(masked["notes"], "••••");
        assert_eq!(masked["events"][0]["detail"], Value::Null);
        let events = desk.get(&format!("{path}/events"), &agents).await.json();
        assert_eq!(events["data"][0]["detail"], json!({"attempt": 1}));
    })
    .await;
}

#[tokio::test]
async fn a_key_that_may_only_write_beside_calls_reads_nothing_in_the_answer() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, _) = desk.tenant("A").await;
        let id = desk.whole_call(a, "CA1", "hello").await;
        let scope = Scope::Only(vec![Permission::CallsWrite]);
        let key = desk.narrow_key(a, scope).await;
        let call = patch(&desk, &key, id, &json!({"notes": "secret", "tags": ["x"]})).await;
        assert_eq!(
            (&call["from"], &call["notes"]),
            (&json!("+•••••••••••"), &json!("••••••"))
        );
        assert_eq!(call["tags"], json!(["x"]));
    })
    .await;
}

#[tokio::test]
async fn calls_are_counted_by_outcome_person_number_and_day() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let (b, _) = desk.tenant("B").await;
        desk.whole_call(b, "CA9", "not ours").await;
        let began = desk.clock.now();
        desk.whole_call(a, "CA1", "hello").await;
        ended(&desk, a, "CA2", CallStatus::Completed).await;
        desk.clock.advance_ms(86_400_000);
        let person = ended(&desk, a, "CA3", CallStatus::Completed).await;
        let answered = (AnsweredBy::Person, desk.clock.now());
        calls::mark_answered(&desk.store, a, person, answered)
            .await
            .unwrap();
        let outbound = NewCall {
            direction: Direction::Outbound,
            from: "+15550000002".parse().unwrap(),
            to: "+15550000003".parse().unwrap(),
            ..desk.new_call(a, "CA4")
        };
        calls::find_or_create(&desk.store, &outbound).await.unwrap();
        desk.clock.advance_ms(1);

        let summary = desk.get("/api/calls/stats/summary", &key).await.json();
        for (name, value) in [
            ("total", json!(4)),
            ("inbound", json!(3)),
            ("outbound", json!(1)),
            ("open", json!(1)),
            ("missed", json!(1)),
            ("failed", json!(0)),
            ("answered", json!({"ai": 1, "person": 1, "voicemail": 0})),
            ("duration", json!({"total_s": 60, "average_s": 30.0})),
            ("cost", json!({"micros": 58_100, "currency": "USD"})),
            (
                "cost_parts",
                json!({
                    "model": [{"micros": 32_600, "currency": "USD"}],
                    "carrier": [{"micros": 25_500, "currency": "USD"}],
                    "recording": [],
                    "transcription": [],
                }),
            ),
            ("time_zone", json!("UTC")),
        ] {
            assert_eq!(summary[name], value, "{name}");
        }
        is_divided(&summary);
        let day = began.plus_ms(86_400_000);
        let path = format!("/api/calls/stats/summary?since={began}&until={day}");
        assert_eq!(desk.get(&path, &key).await.json()["total"], 2);
        let path = format!("/api/calls/stats/summary?since={day}&until={began}");
        assert_eq!(desk.get(&path, &key).await.status, 422);
    })
    .await;
}

#[tokio::test]
async fn the_call_of_a_member_who_takes_somebody_out_of_a_queue_is_paid_for_and_not_counted() {
    const MEMBER: &str = "+12025550131";
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let shop = Shop::open(&desk, 1).await;
        let member = format!("/api/users/{}", shop.member);
        let telephone = json!({"phone_number": MEMBER});
        let changed = shop.send(&desk, "PATCH", &member, &telephone).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        let queue = json!({"name": "Sales", "members": [shop.member]});
        let queue = shop.make(&desk, "/api/queues", &queue).await;
        ended(&desk, shop.tenant, "CA1", CallStatus::Completed).await;
        let summary = async || {
            desk.clock.advance_ms(1);
            desk.get("/api/calls/stats/summary", &shop.key).await.json()
        };
        let before = summary().await;
        // A member rings up, takes them, and hangs up.
        let form = |status| {
            [
                ("AccountSid", "AC00000000000000000000000000000001"),
                ("CallSid", "CA2"),
                ("CallStatus", status),
                ("Direction", "inbound"),
                ("From", MEMBER),
                ("To", shop.phone_number.as_str()),
                ("CallDuration", "30"),
            ]
        };
        let path = format!("queue/{queue}/answer");
        let told = desk.rung(&path, &form("in-progress")).await;
        assert_eq!(told.status, 200, "{}", told.body);
        let internal = "SELECT COUNT(*) FROM calls WHERE is_internal = 1";
        while db.number(internal).await == 0 {
            tokio::task::yield_now().await;
        }
        let over = desk.rung("status", &form("completed")).await;
        assert_eq!(over.status, 204, "{}", over.body);
        let after = summary().await;
        for name in ["total", "inbound", "missed", "answered", "duration"] {
            assert_eq!(after[name], before[name], "{name}");
        }
        assert_eq!(
            (&before["total"], &before["inbound"]),
            (&json!(1), &json!(1))
        );
        let cost = |summary: &Value| summary["cost"]["micros"].as_i64().unwrap();
        assert_eq!(cost(&after), 2 * cost(&before));
        let log = desk.get("/api/calls/log", &shop.key).await.json();
        assert_eq!(
            log["data"].as_array().unwrap().len(),
            2,
            "both are in the log"
        );
    })
    .await;
}

fn is_divided(summary: &Value) {
    assert_eq!(summary["by_number"].as_array().unwrap().len(), 1);
    assert_eq!(summary["by_number"][0]["number"], "+15550000002");
    assert_eq!(summary["by_number"][0]["total"], 4);
    let days = summary["by_day"].as_array().unwrap();
    let days: Vec<_> = days
        .iter()
        .map(|day| (&day["date"], &day["total"]))
        .collect();
    assert_eq!(
        days,
        [
            (&json!("2025-11-21"), &json!(2)),
            (&json!("2025-11-22"), &json!(2))
        ]
    );
    assert_eq!(
        summary["by_user"],
        json!([{
            "user_id": null, "total": 4, "inbound": 3, "outbound": 1, "open": 1, "missed": 1,
            "failed": 0, "answered": {"ai": 1, "person": 1, "voicemail": 0},
            "duration": {"total_s": 60, "average_s": 30.0},
            "cost": {"micros": 58_100, "currency": "USD"},
            "cost_parts": {
                "model": [{"micros": 32_600, "currency": "USD"}],
                "carrier": [{"micros": 25_500, "currency": "USD"}],
                "recording": [],
                "transcription": [],
            },
        }])
    );
}

#[tokio::test]
async fn calls_from_before_there_were_words_are_found_by_their_numbers() {
    on_each_database(async |db| {
        let migration = include_str!("../../migrations/0006_calls.sql");
        let (_, backfill) = migration.split_once("WITH starts").unwrap();
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        desk.call(a, "CA1").await;
        db.execute("DELETE FROM call_words").await;
        assert!(found(&desk, &key, "q=0001").await.is_empty());
        db.execute(&format!("WITH starts{backfill}")).await;
        for query in [
            "q=0001",
            "q=15550000001",
            "number=%2B15550000001",
            "q=15550000002",
        ] {
            assert_eq!(found(&desk, &key, query).await, ["CA1"], "{query}");
        }
        assert!(found(&desk, &key, "q=0002").await.is_empty());
    })
    .await;
}

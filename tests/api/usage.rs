//! What a tenant used, and how much it may.

use frontdesk::domain::{
    AnsweredBy, Currency, Direction, MessageSound, Money, Pii, Role, TenantId,
};
use frontdesk::store::calls::{self, NewCall};
use frontdesk::store::voicemail_messages::{self as messages, News};
use serde_json::{Value, json};

use super::desk::{Answer, Desk};
use crate::support::database::on_each_database;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// A call of a minute with the AI, and one of half an hour that we made.
async fn two_calls(desk: &Desk, tenant: TenantId, n: u32) {
    desk.whole_call(tenant, &format!("CA{n}a"), "hello").await;
    let outbound = NewCall {
        direction: Direction::Outbound,
        ..desk.new_call(tenant, &format!("CA{n}b"))
    };
    calls::find_or_create(&desk.store, &outbound).await.unwrap();
    let over = calls::StatusNews {
        status: frontdesk::domain::CallStatus::Completed,
        sequence: None,
        duration_s: Some(1_800),
        at: desk.clock.now(),
    };
    let told = calls::apply_status(&desk.store, &outbound.call_sid, &over).await;
    told.unwrap();
}

async fn put(desk: &Desk, path: &str, key: &str, body: &Value) -> Answer {
    desk.clock.advance_ms(1);
    desk.send(("PUT", path), key, body).await
}

fn of_one_day() -> Value {
    json!({
        "calls": {"inbound": 1, "outbound": 1},
        "minutes": {"inbound": 1.0, "outbound": 30.0, "ai": 0.98, "transcribed": 0.03},
        "tokens": {
            "total": 140, "input_text": 10, "input_audio": 20, "cached_text": 3,
            "cached_audio": 4, "output_text": 50, "output_audio": 60,
        },
        "cost": {"micros": 32_600 + 8_500 + 420_000, "currency": "USD"},
        "cost_parts": [
            {"part": "model", "is_estimate": false, "micros": 32_600, "currency": "USD"},
            {"part": "carrier", "is_estimate": true, "micros": 428_500, "currency": "USD"},
        ],
    })
}

#[tokio::test]
async fn usage_is_told_by_day_and_by_month() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let (b, key_of_b) = desk.tenant("B").await;
        for n in 0..3 {
            two_calls(&desk, a, n).await;
            desk.clock.advance_ms(6 * DAY);
        }
        two_calls(&desk, b, 9).await;
        let report = async |query: &str| {
            let answer = desk.get(&format!("/api/usage{query}"), &key).await;
            assert_eq!(answer.status, 200, "{query}: {}", answer.body);
            answer.json()
        };
        let mut first = of_one_day();
        first["period"] = json!("2025-11-21");
        let days = report("?from=2025-11-01&to=2025-12-31").await;
        assert_eq!(days["data"][0], first);
        let periods = |report: &Value| {
            let data = report["data"].as_array().unwrap();
            let periods = data
                .iter()
                .map(|one| one["period"].as_str().unwrap().to_owned());
            periods.collect::<Vec<_>>()
        };
        assert_eq!(periods(&days), ["2025-11-21", "2025-11-27", "2025-12-03"]);
        assert_eq!(days["total"]["calls"], json!({"inbound": 3, "outbound": 3}));
        let months = report("?from=2025-11-01&to=2025-12-31&by=month").await;
        assert_eq!(periods(&months), ["2025-11", "2025-12"]);
        assert_eq!(months["data"][0]["tokens"]["total"], 280);
        assert_eq!(months["total"], days["total"]);
        // This month, where nothing is said: it is December by now.
        let usual = report("").await;
        assert_eq!(
            (&usual["from"], &usual["to"]),
            (&json!("2025-12-01"), &json!("2025-12-09"))
        );
        assert_eq!(periods(&usual), ["2025-12-03"]);

        let of_b = desk.get("/api/usage", &key_of_b).await.json();
        assert_eq!(of_b["total"], of_one_day(), "i9: nothing of A");
        for query in [
            "from=2025-12-02&to=2025-12-01",
            "from=2024-01-01&to=2025-12-01",
            "from=yesterday",
            "by=week",
        ] {
            let answer = desk.get(&format!("/api/usage?{query}"), &key).await;
            assert_eq!(answer.status, 422, "{query}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_message_that_is_written_down_costs_once_wherever_it_is_told() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let id = desk.whole_call(a, "CA1", "hello").await;
        let call = calls::find(&desk.store, a, id).await.unwrap().unwrap();
        let news = News {
            id: desk.clock.new_id(),
            call: &call,
            recording_sid: "RE1",
            user: None,
            sound: MessageSound::Recorded,
            duration_s: Some(12),
            carrier_url: None,
            transcript: None,
            at: desk.clock.now(),
        };
        messages::merge(&desk.store, &news).await.unwrap();
        let message = messages::find_by_recording(&desk.store, a, "RE1").await;
        let message = message.unwrap().unwrap();
        let price = Money {
            micros: 900,
            currency: Currency::Usd,
        };
        for words in ["", "Hello", "Hello again"] {
            let words = Pii::new(words.to_owned());
            let written = messages::write_down(&desk.store, &message, &words, Some(price));
            written.await.unwrap();
        }
        let message = messages::find(&desk.store, a, message.id).await;
        let words = message.unwrap().unwrap().transcript.unwrap();
        assert_eq!(words.expose(), "Hello");
        let call = desk.get(&format!("/api/calls/{id}"), &key).await.json();
        let part = json!({"micros": 900, "currency": "USD", "is_final": true});
        assert_eq!(call["cost"]["transcription"], part);
        let sum = 32_600 + 8_500 + 2_500 + 900;
        assert_eq!(call["cost"]["micros"], sum);
        let used = desk.get("/api/usage?from=2025-11-01", &key).await.json();
        let part = json!({
            "part": "transcription", "is_estimate": false, "micros": 900, "currency": "USD",
        });
        assert_eq!(used["total"]["cost_parts"][3], part);
        assert_eq!(used["total"]["cost"]["micros"], sum);
        desk.clock.advance_ms(1);
        let summary = desk.get("/api/calls/stats/summary", &key).await.json();
        let part = json!([{"micros": 900, "currency": "USD"}]);
        assert_eq!(summary["cost_parts"]["transcription"], part);
        assert_eq!(summary["cost"]["micros"], sum);
    })
    .await;
}

#[tokio::test]
async fn what_is_used_now_has_the_calls_that_go_on_in_it() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        two_calls(&desk, a, 1).await;
        let id = desk.call(a, "CA2").await;
        let answered = (AnsweredBy::Ai, desk.clock.now());
        calls::mark_answered(&desk.store, a, id, answered)
            .await
            .unwrap();
        desk.clock.advance_ms(90_000);
        let now = desk.get("/api/usage/current", &key).await.json();
        assert_eq!(now["day"], "2025-11-21");
        assert_eq!(now["running"]["minutes"]["ai"], 1.5);
        assert_eq!(now["running"]["cost"]["micros"], 17_000);
        assert_eq!(now["today"]["calls"], json!({"inbound": 2, "outbound": 1}));
        assert_eq!(now["today"], now["this_month"]);
        let live = desk.get("/api/calls/live", &key).await.json();
        let cost = &live["data"][0]["cost"];
        assert_eq!(
            (&cost["micros"], &cost["is_final"]),
            (&json!(17_000), &json!(false))
        );
        assert_eq!(cost["model"], Value::Null);
    })
    .await;
}

#[tokio::test]
async fn of_two_limits_the_lower_one_counts() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let platform = desk.platform_key().await;
        two_calls(&desk, a, 1).await;
        let path = format!("/api/tenants/{a}/quota");
        let none = json!({"minutes": null, "tokens": null, "micros": null});
        let unlimited = json!({"day": none, "month": none, "alert_percent": 80});
        assert_eq!(desk.get(&path, &platform).await.json(), unlimited);
        let quota = desk.get("/api/usage/quota", &key).await.json();
        assert_eq!(
            (&quota["may_spend"], &quota["limits"]),
            (&json!(true), &unlimited)
        );
        assert_eq!(quota["gauges"], json!([]));

        let body = json!({"day": {"minutes": 100, "tokens": 140}, "alert_percent": 50});
        let set = put(&desk, &path, &platform, &body).await;
        assert_eq!(set.status, 200, "{}", set.body);
        assert_eq!(
            set.json()["day"],
            json!({"minutes": 100, "tokens": 140, "micros": null})
        );
        let body = json!({"day": {"minutes": 60, "tokens": 900}, "month": {"micros": 1_000_000}});
        let set = put(&desk, "/api/usage/quota", &key, &body).await;
        assert_eq!(set.status, 200, "{}", set.body);
        let quota = set.json();
        assert_eq!(quota["may_spend"], false, "the platform's limit of tokens");
        assert_eq!(quota["limits"]["alert_percent"], 50);
        assert_eq!(quota["by_tenant"]["day"]["tokens"], 900);
        let gauge = |period, measure, limit: i64, used: i64, state| {
            json!({
                "period": period, "measure": measure, "limit": limit, "used": used,
                "state": state,
            })
        };
        let gauges = [
            gauge("day", "minutes", 60, 31, "soft"),
            gauge("day", "tokens", 140, 140, "hard"),
            gauge("month", "money", 1_000_000, 461_100, "ok"),
        ];
        assert_eq!(quota["gauges"], json!(gauges));
        // What is said again takes the place of all that was said.
        let set = put(&desk, &path, &platform, &json!({})).await;
        assert_eq!(set.json(), unlimited);
        let quota = desk.get("/api/usage/quota", &key).await.json();
        assert_eq!(quota["may_spend"], true);
        let audit = desk.get("/api/audit", &key).await.json();
        assert_eq!(audit["data"][0]["action"], "platform_quota.set");
        assert_eq!(audit["data"][1]["action"], "quota.set");
    })
    .await;
}

#[tokio::test]
async fn limits_that_make_no_sense_are_refused_by_name() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        for (body, pointer) in [
            (json!({"day": {"minutes": -1}}), "#/day/minutes"),
            (
                json!({"day": {"tokens": 1_000_000_000_001_i64}}),
                "#/day/tokens",
            ),
            (json!({"month": {"micros": 0.5}}), "#/month/micros"),
            (json!({"month": null}), "#/month"),
            (json!({"month": [null, 0]}), "#/month"),
            (json!({"alert_percent": 0}), "#/alert_percent"),
            (json!({"alert_percent": 101}), "#/alert_percent"),
            (json!({"week": {}}), "#/week"),
        ] {
            let answer = put(&desk, "/api/usage/quota", &key, &body).await;
            assert_eq!(answer.status, 422, "{body}");
            assert_eq!(answer.problem()["errors"][0]["pointer"], pointer, "{body}");
        }
        let platform = desk.platform_key().await;
        let nobody: TenantId = desk.clock.new_id();
        let path = format!("/api/tenants/{nobody}/quota");
        assert_eq!(desk.get(&path, &platform).await.status, 404);
        assert_eq!(put(&desk, &path, &platform, &json!({})).await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn who_pays_sees_usage_and_sets_limits_and_who_answers_does_neither() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, _) = desk.tenant("A").await;
        for (role, sees, reads, sets) in [
            (Role::Owner, 200, 200, 200),
            (Role::Billing, 200, 200, 200),
            (Role::Admin, 200, 200, 403),
            (Role::Analyst, 200, 403, 403),
            (Role::Agent, 403, 403, 403),
            (Role::Developer, 403, 403, 403),
        ] {
            let (_, token) = desk.member(a, role).await;
            for path in ["/api/usage", "/api/usage/current"] {
                assert_eq!(desk.get(path, &token).await.status, sees, "{role:?} {path}");
            }
            let path = "/api/usage/quota";
            assert_eq!(desk.get(path, &token).await.status, reads, "{role:?}");
            let set = put(&desk, path, &token, &json!({})).await;
            assert_eq!(set.status, sets, "{role:?}");
        }
    })
    .await;
}

//! Receptionists: edited, published, restored, and never the neighbour's.

use frontdesk::domain::{Number, Role, TenantId};
use frontdesk::store::numbers;
use serde_json::{Value, json};

use super::desk::Desk;
use crate::support::database::on_each_database;

const ALL: &str = "/api/receptionists";

async fn create(desk: &Desk, key: &str, body: &Value) -> Value {
    let made = desk.send(("POST", ALL), key, body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()
}

fn path(receptionist: &Value, rest: &str) -> String {
    format!("{ALL}/{}{rest}", receptionist["id"].as_str().unwrap())
}

/// A number of the tenant's that the receptionist answers.
async fn number(desk: &Desk, tenant: TenantId, receptionist: &Value) -> Number {
    let number = Number {
        receptionist_id: Some(receptionist["id"].as_str().unwrap().parse().unwrap()),
        ..Number::new(
            desk.clock.new_id(),
            tenant,
            "+15550100001".parse().unwrap(),
            desk.clock.now(),
        )
    };
    let inserted = numbers::insert(&desk.store, &number).await;
    inserted.unwrap();
    number
}

/// What a caller of the number hears first; nothing where nobody answers.
async fn greeting(desk: &Desk, number: &Number) -> Option<String> {
    let met = numbers::answering(&desk.store, Some(&number.phone_number)).await;
    met.unwrap().map(|(_, who)| who.greeting)
}

/// Publishes the draft, with a note or without one.
async fn publish(desk: &Desk, key: &str, receptionist: &Value, body: &Value) -> Value {
    desk.clock.advance_ms(1);
    let publish = path(receptionist, "/publish");
    let published = desk.send(("POST", &publish), key, body).await;
    assert_eq!(published.status, 201, "{}", published.body);
    desk.clock.advance_ms(1);
    published.json()
}

#[tokio::test]
async fn callers_notice_nothing_of_what_is_edited_before_it_is_published() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, _) = desk.tenant("A").await;
        let (owner, key) = desk.member(tenant, Role::Owner).await;
        let made = create(&desk, &key, &json!({"name": "Front", "greeting": "Hello."})).await;
        assert_eq!(made["published_version"], Value::Null);
        assert_eq!(
            (&made["is_changed"], &made["is_default"]),
            (&json!(true), &json!(false))
        );
        assert_eq!(made["voice"], "marin");
        let number = number(&desk, tenant, &made).await;
        assert_eq!(greeting(&desk, &number).await, None);
        let first = publish(&desk, &key, &made, &json!({"note": "Opening day"})).await;
        assert_eq!(
            (&first["version"], &first["note"]),
            (&json!(1), &json!("Opening day"))
        );
        assert_eq!(first["published_by"], owner.to_string());
        assert_eq!(greeting(&desk, &number).await.unwrap(), "Hello.");

        let one = path(&made, "");
        let change = json!({"greeting": "Good day.", "tools": []});
        let changed = desk.send(("PATCH", &one), &key, &change).await.json();
        assert_eq!(
            (&changed["greeting"], &changed["name"]),
            (&json!("Good day."), &json!("Front"))
        );
        let state = (&changed["published_version"], &changed["is_changed"]);
        assert_eq!(state, (&json!(1), &json!(true)));
        assert_eq!(desk.get(&one, &key).await.json(), changed);
        assert_eq!(greeting(&desk, &number).await.unwrap(), "Hello.");
        let second = publish(&desk, &key, &made, &json!({})).await;
        assert_eq!(
            (&second["version"], &second["note"]),
            (&json!(2), &Value::Null)
        );
        assert_eq!(greeting(&desk, &number).await.unwrap(), "Good day.");

        let audit = desk.get("/api/audit", &key).await.json();
        let actions = audit["data"].as_array().unwrap().iter();
        let actions: Vec<_> = actions
            .map(|entry| entry["action"].as_str().unwrap())
            .collect();
        let verbs = ["published", "updated", "published", "created"];
        assert_eq!(actions, verbs.map(|verb| format!("receptionist.{verb}")));
        assert_eq!(audit["data"][1]["fields"], json!(["greeting", "tools"]));
    })
    .await;
}

#[tokio::test]
async fn a_version_is_kept_as_it_was_and_can_be_the_draft_again() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let made = create(&desk, &key, &json!({"greeting": "Hello."})).await;
        let number = number(&desk, tenant, &made).await;
        let first = publish(&desk, &key, &made, &json!({})).await;
        let change = json!({"greeting": "Good day.", "tools": []});
        desk.send(("PATCH", &path(&made, "")), &key, &change).await;
        publish(&desk, &key, &made, &json!({})).await;

        let listed = desk
            .get(&path(&made, "/versions?limit=1"), &key)
            .await
            .json();
        assert_eq!(listed["data"][0]["version"], 2);
        let cursor = listed["next_cursor"].as_str().unwrap();
        let rest = path(&made, &format!("/versions?limit=1&cursor={cursor}"));
        let rest = desk.get(&rest, &key).await.json();
        assert_eq!(
            (&rest["data"][0]["version"], &rest["next_cursor"]),
            (&json!(1), &Value::Null)
        );
        let kept = desk.get(&path(&made, "/versions/1"), &key).await.json();
        assert_eq!(kept, first);
        for version in ["0", "3", "one", "99999999999"] {
            let missing = path(&made, &format!("/versions/{version}"));
            assert_eq!(desk.get(&missing, &key).await.status, 404, "{version}");
        }
        let restore = path(&made, "/restore");
        let back = desk
            .send(("POST", &restore), &key, &json!({"version": 1}))
            .await
            .json();
        assert_eq!(
            (&back["greeting"], &back["tools"]),
            (&json!("Hello."), &json!(["end_call", "take_message"]))
        );
        assert_eq!(
            greeting(&desk, &number).await.unwrap(),
            "Good day.",
            "it is a draft"
        );
        publish(&desk, &key, &made, &json!({})).await;
        assert_eq!(greeting(&desk, &number).await.unwrap(), "Hello.");
        let missing = desk
            .send(("POST", &restore), &key, &json!({"version": 4}))
            .await;
        assert_eq!(missing.problem()["errors"][0]["pointer"], "#/version");
    })
    .await;
}

#[tokio::test]
async fn who_may_have_to_answer_is_kept_and_who_never_could_is_no_default() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let one = create(&desk, &key, &json!({})).await;
        desk.clock.advance_ms(1);
        let other = create(&desk, &key, &json!({"name": "Other"})).await;
        let default = ("PUT", "/api/receptionists/default");
        let id = json!({"receptionist_id": one["id"]});
        let refused = desk.send(default, &key, &id).await;
        assert_eq!(refused.problem()["type"], "/problems/conflict");
        for made in [&one, &other] {
            let published = desk
                .send(("POST", &path(made, "/publish")), &key, &json!({}))
                .await;
            assert_eq!(published.status, 201);
        }
        let made_default = desk.send(default, &key, &id).await;
        assert_eq!(made_default.status, 200, "{}", made_default.body);
        assert_eq!(made_default.json()["is_default"], true);
        let listed = desk.get(ALL, &key).await.json();
        let defaults = listed["data"].as_array().unwrap().iter();
        let defaults: Vec<_> = defaults
            .map(|one| one["is_default"].as_bool().unwrap())
            .collect();
        assert_eq!(defaults, [false, true]);

        let number = number(&desk, tenant, &other).await;
        let nothing = json!({});
        for made in [&one, &other] {
            let refused = desk.send(("DELETE", &path(made, "")), &key, &nothing).await;
            assert_eq!(refused.status, 409, "{}", refused.body);
        }
        numbers::delete(&desk.store, tenant, number.id)
            .await
            .unwrap();
        let gone = desk
            .send(("DELETE", &path(&other, "")), &key, &nothing)
            .await;
        assert_eq!(gone.status, 204);
        for (method, rest, body) in [
            ("GET", "", json!({})),
            ("DELETE", "", json!({})),
            ("GET", "/versions", json!({})),
            ("GET", "/versions/1", json!({})),
            ("POST", "/publish", json!({})),
            ("POST", "/restore", json!({"version": 1})),
        ] {
            let missing = desk.send((method, &path(&other, rest)), &key, &body).await;
            assert_eq!(missing.status, 404, "{method} {rest}");
        }
        let gone = json!({"receptionist_id": other["id"]});
        let refused = desk.send(default, &key, &gone).await;
        assert_eq!(
            refused.problem()["errors"][0]["pointer"],
            "#/receptionist_id"
        );
    })
    .await;
}

#[tokio::test]
async fn every_field_of_a_receptionist_is_edited() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        let made = create(&desk, &key, &json!({})).await;
        let one = path(&made, "");
        for (field, value) in [
            ("name", json!("Ünïcode 🙂")),
            ("greeting", json!("x".repeat(1_000))),
            ("instructions", json!("Be brief.\n\tAnd kind.")),
            ("voice", json!("cedar")),
            ("voice", json!("voice_abc-123")),
            ("language", json!("zh-Hant-TW")),
            ("audio_format", json!("pcmu")),
            (
                "turn_detection",
                json!({"type": "semantic_vad", "eagerness": "high"}),
            ),
            (
                "turn_detection",
                json!({"type": "server_vad", "threshold": 0.25,
                "prefix_padding_ms": 0, "silence_duration_ms": 10_000}),
            ),
            ("tools", json!([])),
            ("tools", json!(["end_call"])),
            ("silence", json!({"prompt_after_ms": 1_000, "prompts": 10})),
            ("limits", json!({"max_duration_seconds": 14_400})),
        ] {
            let changed = desk
                .send(("PATCH", &one), &key, &json!({field: value}))
                .await;
            assert_eq!(changed.status, 200, "{field}: {}", changed.body);
            assert_eq!(changed.json()[field], value);
            assert_eq!(desk.get(&one, &key).await.json()[field], value);
        }
    })
    .await;
}

#[tokio::test]
async fn what_makes_no_sense_of_a_receptionist_is_named() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        let made = create(&desk, &key, &json!({})).await;
        let one = path(&made, "");
        for (field, value) in [
            ("name", json!("")),
            ("greeting", json!("x".repeat(1_001))),
            ("greeting", json!(" \n ")),
            ("greeting", json!("\u{0}")),
            ("instructions", json!("x".repeat(16_001))),
            ("voice", json!("darth")),
            ("voice", json!("voice_")),
            ("language", json!("English")),
            ("audio_format", json!("mp3")),
            ("turn_detection", json!({"type": "telepathy"})),
            (
                "turn_detection",
                json!({"type": "semantic_vad", "eagerness": "very"}),
            ),
            (
                "turn_detection",
                json!({"type": "semantic_vad", "eagerness": "low", "x": 1}),
            ),
            (
                "turn_detection",
                json!({"type": "server_vad", "threshold": 1.5,
                "prefix_padding_ms": 0, "silence_duration_ms": 500}),
            ),
            (
                "turn_detection",
                json!({"type": "server_vad", "threshold": 0.5,
                "prefix_padding_ms": 0, "silence_duration_ms": 10_001}),
            ),
            ("tools", json!(["launch_missiles"])),
            ("silence", json!({"prompt_after_ms": 999, "prompts": 1})),
            ("silence", json!({"prompt_after_ms": 1_000, "prompts": 11})),
            ("limits", json!({"max_duration_seconds": 14_401})),
            ("limits", json!({"max_duration_seconds": -1})),
            ("limits", Value::Null),
            ("greeting", Value::Null),
            ("nose", json!("red")),
        ] {
            for (method, path) in [("PATCH", one.as_str()), ("POST", ALL)] {
                let refused = desk
                    .send((method, path), &key, &json!({field: value}))
                    .await;
                assert_eq!(refused.status, 422, "{field}: {value}");
                let fault = refused.problem()["errors"][0].to_string();
                assert!(fault.contains(field), "{fault}");
            }
        }
        let note = json!({"note": "x".repeat(501)});
        let refused = desk
            .send(("POST", &path(&made, "/publish")), &key, &note)
            .await;
        assert_eq!(refused.status, 422);
    })
    .await;
}

#[tokio::test]
async fn i9_a_neighbours_receptionist_is_as_absent_as_one_that_never_was() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key_of_a) = desk.tenant("A").await;
        let (_, key_of_b) = desk.tenant("B").await;
        let canary = json!({"name": "canary"});
        let of_a = create(&desk, &key_of_a, &canary).await;
        let publish = path(&of_a, "/publish");
        let published = desk.send(("POST", &publish), &key_of_a, &json!({})).await;
        assert_eq!(published.status, 201);
        let before = desk.get(&path(&of_a, ""), &key_of_a).await.body;

        let never = json!({"id": "rec_01ARZ3NDEKTSV4RRFFQ69G5FAV"});
        for (method, rest, body) in [
            ("GET", "", json!({})),
            ("PATCH", "", json!({"name": "stolen"})),
            ("DELETE", "", json!({})),
            ("POST", "/publish", json!({})),
            ("POST", "/restore", json!({"version": 1})),
            ("GET", "/versions", json!({})),
            ("GET", "/versions/1", json!({})),
        ] {
            let absent = desk
                .send((method, &path(&of_a, rest)), &key_of_b, &body)
                .await;
            let missing = desk
                .send((method, &path(&never, rest)), &key_of_b, &body)
                .await;
            assert_eq!(absent.status, 404, "{method} {rest}");
            assert_eq!(absent.body, missing.body, "{method} {rest}");
        }
        let default = ("PUT", "/api/receptionists/default");
        let refusals = [&of_a, &never].map(|one| json!({"receptionist_id": one["id"]}));
        let absent = desk.send(default, &key_of_b, &refusals[0]).await;
        let missing = desk.send(default, &key_of_b, &refusals[1]).await;
        assert_eq!((absent.status, absent.body), (missing.status, missing.body));
        assert!(!desk.get(ALL, &key_of_b).await.body.contains("canary"));
        assert_eq!(desk.get(&path(&of_a, ""), &key_of_a).await.body, before);
    })
    .await;
}

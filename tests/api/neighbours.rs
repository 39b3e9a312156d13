//! Two tenants side by side: nothing of one is ever there for the other.
//!
//! The operations are read from the documentation, so that a new one is tried
//! without being named here; one that cannot be tried makes the test fail.

use std::collections::BTreeMap;

use frontdesk::domain::{CallId, TenantId};
use serde_json::{Value, json};

use super::desk::{Answer, Desk};
use crate::support::database::on_each_database;

/// A word that stands in everything of one tenant and in nothing of the other.
const CANARY: &str = "canary";
const NUMBER_OF_A: &str = "+15550177001";

/// What stands for an id of A, and for one of the same shape that nobody has.
struct Pair {
    of_a: String,
    of_nobody: String,
}

/// By the path of a kind of thing, something of A.
async fn things_of_a(desk: &Desk, a: TenantId, key: &str) -> BTreeMap<&'static str, Pair> {
    let mut things = BTreeMap::new();
    let call = desk.whole_call(a, "CA1", CANARY).await;
    let nobody: CallId = desk.clock.new_id();
    things.insert("/api/calls/", pair(call.to_string(), nobody.to_string()));
    for (path, body) in [
        (
            "/api/contacts",
            json!({"name": CANARY, "numbers": [NUMBER_OF_A], "tags": [CANARY]}),
        ),
        (
            "/api/keys",
            json!({"name": CANARY, "permissions": ["calls:read"]}),
        ),
        (
            "/api/receptionists",
            json!({"name": CANARY, "instructions": CANARY}),
        ),
        (
            "/api/users",
            json!({"name": CANARY, "email": "canary@example.com", "role": "agent"}),
        ),
        (
            "/api/voicemail/greetings",
            json!({"kind": "business", "name": CANARY, "text": CANARY}),
        ),
    ] {
        desk.clock.advance_ms(1);
        let made = desk.send(("POST", path), key, &body).await;
        assert_eq!(made.status, 201, "{path}: {}", made.body);
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let of_nobody = format!("{}{}", &id[..id.len() - 4], "0000");
        things.insert(path, pair(id, of_nobody));
    }
    things
}

fn pair(of_a: String, of_nobody: String) -> Pair {
    Pair { of_a, of_nobody }
}

/// A body that would be taken if the thing were there.
fn body_of(operation: &str) -> Value {
    match operation {
        "hold_call" => json!({"on": true}),
        "mute_call" => json!({"on": true, "who": "caller"}),
        "say_in_call" => json!({"text": "hello"}),
        "restore_receptionist" => json!({"version": 1}),
        "set_user_setting" => json!({"value": true}),
        _ => json!({}),
    }
}

/// The path with whatever stands for its first id, and for the others.
fn filled(path: &str, id: &str) -> String {
    let path = path.replacen("{id}", id, 1);
    path.replace("{phone_number}", &id.replace('+', "%2B"))
        .replace("{version}", "1")
        .replace("{key}", "enable_ivr")
}

async fn asked(desk: &Desk, method: &str, path: &str, key: &str, body: &Value) -> Answer {
    if method == "GET" {
        desk.get(path, key).await
    } else {
        desk.send((method, path), key, body).await
    }
}

#[tokio::test]
async fn i9_a_thing_of_a_neighbour_is_as_absent_as_one_that_never_was() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key_of_a) = desk.tenant("A").await;
        let (_, key_of_b) = desk.tenant("B").await;
        let things = things_of_a(&desk, a, &key_of_a).await;
        let document = desk.ask("/openapi.json", None).await.json();
        let mut tried = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            if !path.contains('{') || has_no_owner(path) {
                continue;
            }
            let found = things
                .iter()
                .rev()
                .find(|(prefix, _)| path.starts_with(**prefix));
            let Some((_, ids)) = found else {
                assert!(is_tried_elsewhere(path), "nobody has tried {path}");
                continue;
            };
            for (method, operation) in item.as_object().unwrap() {
                let method = method.to_uppercase();
                let body = body_of(operation["operationId"].as_str().unwrap());
                let (of_a, of_nobody) = (filled(path, &ids.of_a), filled(path, &ids.of_nobody));
                let theirs = asked(&desk, &method, &of_a, &key_of_b, &body).await;
                let missing = asked(&desk, &method, &of_nobody, &key_of_b, &body).await;
                assert_eq!(theirs.status, 404, "{method} {path}: {}", theirs.body);
                assert_eq!(theirs.body, missing.body, "{method} {path}");
                assert_eq!(theirs.headers, missing.headers, "{method} {path}");
                tried += 1;
            }
        }
        assert!(tried > 25, "{tried} operations were tried");
        // They were A's all the time, and are still.
        for (path, ids) in &things {
            if *path != "/api/keys" {
                let path = format!("{}/{}", path.trim_end_matches('/'), ids.of_a);
                assert_eq!(desk.get(&path, &key_of_a).await.status, 200, "{path}");
            }
        }
    })
    .await;
}

/// Settings and tenants of the platform are nobody's.
fn has_no_owner(path: &str) -> bool {
    ["/api/platform/", "/api/tenants/", "/api/settings/"]
        .iter()
        .any(|prefix| path.starts_with(prefix))
}

/// What needs more than a request to be there, and is tried where that is made.
fn is_tried_elsewhere(path: &str) -> bool {
    ["/api/numbers/", "/api/voicemail/messages/"]
        .iter()
        .any(|prefix| path.starts_with(prefix))
}

#[tokio::test]
async fn i9_nothing_that_a_neighbour_reads_has_a_word_of_ours() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key_of_a) = desk.tenant("A").await;
        let (_, key_of_b) = desk.tenant("B").await;
        let things = things_of_a(&desk, a, &key_of_a).await;
        let document = desk.ask("/openapi.json", None).await.json();
        let words = [CANARY, &NUMBER_OF_A[1..], "CA1"];
        let secrets = things.values().map(|ids| ids.of_a.as_str()).chain(words);
        let secrets: Vec<_> = secrets.collect();
        let queries = [
            "",
            "?limit=1",
            "?q=canary",
            "?tag=canary",
            "?number=%2B15550000001",
        ];
        let (mut told_a, mut read) = (0, 0);
        for path in document["paths"].as_object().unwrap().keys() {
            if path.contains('{') || path.ends_with("/events") {
                continue;
            }
            for query in queries {
                let path = format!("{path}{query}");
                let answer = desk.get(&path, &key_of_b).await;
                let told = secrets.iter().find(|secret| answer.body.contains(**secret));
                assert_eq!(told, None, "{path}: {}", answer.body);
                read += 1;
                let own = desk.get(&path, &key_of_a).await;
                told_a += u32::from(own.body.contains(CANARY));
            }
        }
        for path in ["/health", "/metrics", "/livez", "/readyz"] {
            let answer = desk.ask(path, None).await;
            assert!(!answer.body.contains(CANARY), "{path}");
        }
        assert!(
            read > 50 && told_a > 10,
            "{read} were read, {told_a} told A of it"
        );
    })
    .await;
}

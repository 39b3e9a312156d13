//! Contacts: written down, found, brought in bulk, and known when they ring.

use frontdesk::domain::{Direction, Role};
use frontdesk::store::calls::{self, NewCall};
use serde_json::{Value, json};

use super::desk::Desk;
use crate::support::database::on_each_database;

const ALL: &str = "/api/contacts";

async fn create(desk: &Desk, key: &str, body: &Value) -> Value {
    desk.clock.advance_ms(1);
    let made = desk.send(("POST", ALL), key, body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()
}

fn path(contact: &Value) -> String {
    format!("{ALL}/{}", contact["id"].as_str().unwrap())
}

async fn names(desk: &Desk, key: &str, query: &str) -> Vec<String> {
    let listed = desk.get(&format!("{ALL}?{query}"), key).await;
    assert_eq!(listed.status, 200, "{query}: {}", listed.body);
    let name = |contact: &Value| contact["name"].as_str().unwrap().to_owned();
    listed.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(name)
        .collect()
}

#[tokio::test]
async fn a_contact_is_written_down_changed_and_forgotten() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        let ada = json!({"name": "Ada Lovelace", "numbers": ["+15550100007", "+41443334455"],
            "email": "Ada@Example.com", "company": "Engines Ltd", "notes": "Prefers\nmornings.",
            "is_vip": true, "language": "en-GB", "tags": ["poet", "key account"]});
        let made = create(&desk, &key, &ada).await;
        assert_eq!(made["numbers"], ada["numbers"]);
        assert_eq!(made["email"], "ada@example.com");
        assert_eq!(made["tags"], json!(["key account", "poet"]));
        assert_eq!(made["is_blocked"], false);
        assert_eq!(desk.get(&path(&made), &key).await.json(), made);

        let change = json!({"numbers": ["+41443334455", "+15550100008"], "tags": [],
            "company": null, "is_vip": false, "language": null, "notes": "New."});
        let changed = desk.send(("PATCH", &path(&made)), &key, &change).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        let changed = changed.json();
        for (field, value) in change.as_object().unwrap() {
            assert_eq!(&changed[field], value, "{field}");
        }
        assert_eq!(changed["name"], "Ada Lovelace");
        assert_eq!(desk.get(&path(&made), &key).await.json(), changed);
        // The number that was let go is free.
        create(
            &desk,
            &key,
            &json!({"name": "Bob", "numbers": ["+15550100007"]}),
        )
        .await;

        let gone = desk.send(("DELETE", &path(&made)), &key, &json!({})).await;
        assert_eq!(gone.status, 204);
        assert_eq!(desk.get(&path(&made), &key).await.status, 404);
        let audit = desk.get("/api/audit", &key).await.json();
        let actions = audit["data"].as_array().unwrap().iter();
        let actions: Vec<_> = actions
            .map(|entry| entry["action"].as_str().unwrap())
            .collect();
        let expected = [
            "contact.deleted",
            "contact.created",
            "contact.updated",
            "contact.created",
        ];
        let mut sorted = actions.clone();
        sorted.sort_unstable();
        let mut all = expected.to_vec();
        all.sort_unstable();
        assert_eq!(sorted, all);
    })
    .await;
}

#[tokio::test]
async fn a_number_names_one_contact_of_a_tenant() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key_of_a) = desk.tenant("A").await;
        let (_, key_of_b) = desk.tenant("B").await;
        let ada = json!({"name": "Ada", "numbers": ["+15550100007"]});
        create(&desk, &key_of_a, &ada).await;
        let again = desk.send(("POST", ALL), &key_of_a, &ada).await;
        assert_eq!(again.problem()["type"], "/problems/conflict");
        let bob = create(&desk, &key_of_a, &json!({"name": "Bob"})).await;
        let before = desk.get(&path(&bob), &key_of_a).await.json();
        let change = json!({"name": "Robert", "numbers": ["+15550100009", "+15550100007"]});
        let refused = desk.send(("PATCH", &path(&bob)), &key_of_a, &change).await;
        assert_eq!(refused.status, 409);
        assert_eq!(desk.get(&path(&bob), &key_of_a).await.json(), before);
        assert_eq!(names(&desk, &key_of_a, "").await, ["Bob", "Ada"]);
        // What another tenant knows is no concern of this one.
        create(&desk, &key_of_b, &ada).await;
    })
    .await;
}

#[tokio::test]
async fn contacts_are_found_by_what_one_remembers_of_them() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        for contact in [
            json!({"name": "Ada Lovelace", "numbers": ["+15550100007"], "is_vip": true,
                "tags": ["poet"], "email": "ada@example.com"}),
            json!({"name": "Émile 100%", "numbers": ["+41443334455"], "company": "Zola_Sons"}),
            json!({"name": "Mallory", "is_blocked": true, "tags": ["poet", "thief"]}),
        ] {
            create(&desk, &key, &contact).await;
        }
        for (query, found) in [
            ("", vec!["Mallory", "Émile 100%", "Ada Lovelace"]),
            ("search=LOVE", vec!["Ada Lovelace"]),
            ("search=%C3%A9mile", vec!["Émile 100%"]),
            ("search=zola", vec!["Émile 100%"]),
            ("search=example.com", vec!["Ada Lovelace"]),
            ("search=%25", vec!["Émile 100%"]),
            ("search=a_s", vec!["Émile 100%"]),
            ("search=_a", vec![]),
            ("search=(555)%20010", vec!["Ada Lovelace"]),
            ("search=3334455", vec!["Émile 100%"]),
            ("search=044%20333%2044%2055", vec!["Émile 100%"]),
            ("search=0041443334455", vec!["Émile 100%"]),
            ("search=%2B41%20(0)44%20333", vec!["Émile 100%"]),
            ("search=%5C", vec![]),
            ("number=%2B15550100007", vec!["Ada Lovelace"]),
            ("number=+41443334455", vec!["Émile 100%"]),
            ("is_vip=true", vec!["Ada Lovelace"]),
            ("is_vip=false", vec!["Mallory", "Émile 100%"]),
            ("is_blocked=true", vec!["Mallory"]),
            ("tag=poet", vec!["Mallory", "Ada Lovelace"]),
            ("tag=poet&is_blocked=false", vec!["Ada Lovelace"]),
            ("tag=poe", vec![]),
        ] {
            assert_eq!(names(&desk, &key, query).await, found, "{query}");
        }
        let page = desk.get(&format!("{ALL}?limit=2"), &key).await.json();
        let cursor = page["next_cursor"].as_str().unwrap();
        let rest = names(&desk, &key, &format!("limit=2&cursor={cursor}")).await;
        assert_eq!(rest, ["Ada Lovelace"]);
        for (query, parameter) in [
            ("search=", "?search"),
            ("number=12", "?number"),
            ("is_vip=maybe", "?is_vip"),
            ("tag=%20", "?tag"),
            ("colour=red", "?colour"),
        ] {
            let refused = desk.get(&format!("{ALL}?{query}"), &key).await;
            assert_eq!(refused.status, 422, "{query}");
            assert_eq!(refused.problem()["errors"][0]["pointer"], parameter);
        }
    })
    .await;
}

#[tokio::test]
async fn what_makes_no_sense_of_a_contact_is_named() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        let made = create(&desk, &key, &json!({"name": "Ada"})).await;
        let one = path(&made);
        let numbers: Vec<_> = (10..21).map(|n| format!("+155501000{n}")).collect();
        let tags: Vec<_> = (0..21).map(|n| format!("tag {n}")).collect();
        for (field, value) in [
            ("name", json!("")),
            ("name", Value::Null),
            ("name", json!("x".repeat(201))),
            ("numbers", json!(["12"])),
            ("numbers", json!(numbers)),
            ("numbers", Value::Null),
            ("email", json!("nobody")),
            ("company", json!("two\nlines")),
            ("notes", json!("x".repeat(4_001))),
            ("notes", json!("\u{0}")),
            ("language", json!("Klingon")),
            ("tags", json!([" padded"])),
            ("tags", json!(["x".repeat(51)])),
            ("tags", json!(tags)),
            ("is_vip", json!("yes")),
            ("nose", json!("red")),
        ] {
            for (method, path) in [("PATCH", one.as_str()), ("POST", ALL)] {
                let mut body = json!({"name": "Bob"});
                body[field] = value.clone();
                let refused = desk.send((method, path), &key, &body).await;
                assert_eq!(refused.status, 422, "{method} {field}: {value}");
                let fault = refused.problem()["errors"][0].to_string();
                assert!(fault.contains(field), "{fault}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn many_contacts_come_at_once_or_not_at_all() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        let import = ("POST", "/api/contacts/import");
        let person = |n: u32| {
            json!({"name": format!("Person {n} {}", "x".repeat(150)),
            "numbers": [format!("+1555{n:07}")], "tags": ["imported"]})
        };
        create(
            &desk,
            &key,
            &json!({"name": "Ada", "numbers": ["+15550000002"]}),
        )
        .await;
        let list = json!([person(1), {"name": "", "numbers": ["12"]}, person(3), {"nose": 1}]);
        let refused = desk.send(import, &key, &list).await;
        assert_eq!(refused.status, 422, "{}", refused.body);
        let pointers = |answer: &Value| -> Vec<String> {
            let faults = answer["errors"].as_array().unwrap().iter();
            faults
                .map(|fault| fault["pointer"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(pointers(&refused.problem()), ["#/1/name", "#/3/nose"]);
        let list = json!([person(1), person(2), person(3), person(1)]);
        let refused = desk.send(import, &key, &list).await;
        assert_eq!(
            pointers(&refused.problem()),
            ["#/1/numbers/0", "#/3/numbers/0"]
        );
        assert_eq!(names(&desk, &key, "").await, ["Ada"]);

        let list: Vec<_> = (1_000..2_000).map(person).collect();
        let body = json!(list);
        assert!(
            body.to_string().len() > 64 * 1024,
            "more than other bodies may have"
        );
        desk.clock.advance_ms(1);
        let imported = desk.send(import, &key, &body).await;
        assert_eq!(imported.status, 201, "{}", imported.body);
        assert_eq!(imported.json()["ids"].as_array().unwrap().len(), 1_000);
        assert_eq!(
            names(&desk, &key, "number=%2B15550001999&tag=imported")
                .await
                .len(),
            1
        );
        let list: Vec<_> = (3_000..4_001).map(person).collect();
        for list in [json!(list), json!([]), json!({})] {
            let refused = desk.send(import, &key, &list).await;
            assert_eq!(refused.status, 422);
        }
        let audit = desk.get("/api/audit", &key).await.json();
        assert_eq!(audit["data"][0]["action"], "contact.imported");
    })
    .await;
}

#[tokio::test]
async fn a_call_names_the_contact_whose_number_it_was() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let (other, key_of_other) = desk.tenant("B").await;
        let ada = json!({"name": "Ada", "numbers": ["+15550000001"]});
        let ada = create(&desk, &key, &ada).await;
        let bob = json!({"name": "Bob", "numbers": ["+15550000002"]});
        let bob = create(&desk, &key, &bob).await;
        create(
            &desk,
            &key_of_other,
            &json!({"name": "canary", "numbers": ["+15550000001"]}),
        )
        .await;

        let inbound = desk.call(tenant, "CA1").await;
        let outbound = NewCall {
            direction: Direction::Outbound,
            ..desk.new_call(tenant, "CA2")
        };
        calls::find_or_create(&desk.store, &outbound).await.unwrap();
        let show = async |id: String| desk.get(&format!("/api/calls/{id}"), &key).await.json();
        let call = show(inbound.to_string()).await;
        assert_eq!(call["contact"], json!({"id": ada["id"], "name": "Ada"}));
        let call = show(outbound.id.to_string()).await;
        assert_eq!(call["contact"], json!({"id": bob["id"], "name": "Bob"}));
        let log = desk.get("/api/calls/log", &key).await;
        assert!(log.body.contains("\"name\":\"Ada\"") && !log.body.contains("canary"));

        let (_, developer) = desk.member(tenant, Role::Developer).await;
        let masked = desk.get(&format!("/api/calls/{inbound}"), &developer).await;
        assert_eq!(masked.json()["contact"], Value::Null);
        assert!(!masked.body.contains("Ada"));

        desk.send(("DELETE", &path(&ada)), &key, &json!({})).await;
        assert_eq!(show(inbound.to_string()).await["contact"], Value::Null);
        let of_other = desk.call(other, "CA3").await;
        let call = desk
            .get(&format!("/api/calls/{of_other}"), &key_of_other)
            .await
            .json();
        assert_eq!(call["contact"]["name"], "canary");
    })
    .await;
}

#[tokio::test]
async fn i9_a_neighbours_contact_is_as_absent_as_one_that_never_was() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key_of_a) = desk.tenant("A").await;
        let (_, key_of_b) = desk.tenant("B").await;
        let canary = json!({"name": "canary", "numbers": ["+15550000001"], "tags": ["x"]});
        let of_a = create(&desk, &key_of_a, &canary).await;
        let never = json!({"id": "con_01ARZ3NDEKTSV4RRFFQ69G5FAV"});
        for (method, body) in [
            ("GET", json!({})),
            ("PATCH", json!({"name": "stolen", "numbers": []})),
            ("DELETE", json!({})),
        ] {
            let absent = desk.send((method, &path(&of_a)), &key_of_b, &body).await;
            let missing = desk.send((method, &path(&never)), &key_of_b, &body).await;
            assert_eq!(absent.status, 404, "{method}");
            assert_eq!(absent.body, missing.body, "{method}");
        }
        for query in ["", "search=canary", "number=%2B15550000001", "tag=x"] {
            assert_eq!(names(&desk, &key_of_b, query).await, Vec::<String>::new());
        }
        assert_eq!(desk.get(&path(&of_a), &key_of_a).await.json(), of_a);
    })
    .await;
}

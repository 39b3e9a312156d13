//! Changes at one time: none undoes another, and none goes by what is no longer so.

use std::time::Duration;

use axum::routing::any;
use axum::{Json, Router};
use frontdesk::domain::{ConsentPolicy, Number, Role, Secret, TenantId, Timestamp};
use frontdesk::egress;
use frontdesk::store::{Store, Tx, caller_lists, contacts, numbers, users};
use frontdesk::twilio::rest::{Account, Client};
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::desk::Desk;
use crate::support::database::on_each_database;

const NUMBER: &str = "+15105550101";
const SID: &str = "PN2a0747eba6abf96b7e3c3ff0b4530f6e";

/// The path of something that was made.
async fn made(desk: &Desk, key: &str, all: &str, body: &Value) -> String {
    let made = desk.send(("POST", all), key, body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    format!("{all}/{}", made.json()["id"].as_str().unwrap())
}

async fn number(desk: &Desk, tenant: TenantId) -> String {
    let (id, phone_number) = (desk.clock.new_id(), NUMBER.parse().unwrap());
    let number = Number {
        carrier_sid: Some(SID.parse().unwrap()),
        ..Number::new(id, tenant, phone_number, desk.clock.now())
    };
    numbers::insert(&desk.store, &number).await.unwrap();
    format!("/api/numbers/{NUMBER}")
}

/// What can be changed of whom the tenant knows and who works there.
async fn people(desk: &Desk, tenant: TenantId, key: &str) -> Vec<(String, Vec<Value>)> {
    let (ada, _) = desk.member(tenant, Role::Agent).await;
    let contact = json!({"name": "Bob", "numbers": ["+15550100001"]});
    vec![
        (
            format!("/api/users/{ada}"),
            vec![
                json!({"name": "Ada"}),
                json!({"role": "supervisor"}),
                json!({"phone_number": "+15550100007"}),
                json!({"email": "ada@example.com"}),
            ],
        ),
        (
            made(desk, key, "/api/contacts", &contact).await,
            vec![
                json!({"name": "Robert"}),
                json!({"is_blocked": true}),
                json!({"notes": "He shouts."}),
                json!({"tags": ["loud"]}),
                json!({"numbers": ["+15550100002"]}),
            ],
        ),
    ]
}

/// What can be changed of what callers meet.
async fn things(desk: &Desk, tenant: TenantId, key: &str) -> Vec<(String, Vec<Value>)> {
    let greeting = json!({"kind": "business", "name": "G", "text": "Leave a message."});
    let flow = json!({"name": "F", "flow": {"nodes": [{"id": "end", "kind": "hangup"}]}});
    let named = json!({"name": "Old"});
    vec![
        (
            made(desk, key, "/api/voicemail/greetings", &greeting).await,
            vec![
                json!({"name": "Summer"}),
                json!({"text": "We are at the beach."}),
                json!({"voice": "Polly.Amy"}),
                json!({"from": "2026-07-01"}),
            ],
        ),
        (
            number(desk, tenant).await,
            vec![
                json!({"label": "Front door"}),
                json!({"recording_consent": "verbal"}),
                json!({"recording_announcement": "May we record?"}),
            ],
        ),
        (
            made(desk, key, "/api/queues", &named).await,
            vec![
                json!({"name": "Sales"}),
                json!({"announces_wait": true}),
                json!({"max_size": 7}),
            ],
        ),
        (
            made(desk, key, "/api/receptionists", &named).await,
            vec![
                json!({"name": "Eve"}),
                json!({"greeting": "Good day."}),
                json!({"instructions": "Be kind."}),
            ],
        ),
        (
            made(desk, key, "/api/ivr/flows", &flow).await,
            vec![
                json!({"name": "Main"}),
                json!({"flow": {"nodes": [], "edges": []}}),
            ],
        ),
    ]
}

#[tokio::test]
async fn of_changes_at_one_time_each_is_kept() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let mut all = people(&desk, tenant, &key).await;
        all.extend(things(&desk, tenant, &key).await);
        for (path, changes) in all {
            kept(&desk, &key, &path, &changes).await;
        }
        let platform = desk.platform_key().await;
        let changes = [
            json!({"name": "Green"}),
            json!({"time_zone": "Europe/Berlin"}),
        ];
        kept(
            &desk,
            &platform,
            &format!("/api/tenants/{tenant}"),
            &changes,
        )
        .await;
    })
    .await;
}

async fn kept(desk: &Desk, key: &str, path: &str, changes: &[Value]) {
    let ask = |change| desk.send(("PATCH", path), key, change);
    for answer in join_all(changes.iter().map(ask)).await {
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
    let seen = desk.get(path, key).await.json();
    for change in changes {
        for (field, value) in change.as_object().unwrap() {
            assert_eq!(seen[field], *value, "{path} {field}");
        }
    }
}

#[tokio::test]
async fn a_change_is_laid_over_what_those_before_it_left() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let bob = json!({"name": "Bob", "numbers": ["+15550100001"]});
        let path = made(&desk, &key, "/api/contacts", &bob).await;
        let id = path.rsplit('/').next().unwrap().parse().unwrap();
        let mut tx = desk.store.begin().await.unwrap();
        let locked = contacts::lock(&mut tx, tenant, id).await.unwrap();
        let first = async {
            // Reading waits for nobody; who asked to change has read by now, if it would.
            for _ in 0..3 {
                assert_eq!(desk.get(&path, &key).await.json()["is_vip"], false);
            }
            let mut bob = locked.unwrap();
            bob.is_vip = true;
            let written = contacts::update(&mut tx, &bob, Timestamp::from_ms(1)).await;
            assert_eq!(written.unwrap(), Some(Vec::new()));
            tx.commit().await.unwrap();
        };
        let block = json!({"is_blocked": true});
        let (second, ()) = tokio::join!(desk.send(("PATCH", &path), &key, &block), first);
        assert_eq!(second.status, 200, "{}", second.body);
        let seen = desk.get(&path, &key).await.json();
        assert_eq!(seen, second.json());
        assert_eq!(
            (&seen["is_vip"], &seen["is_blocked"]),
            (&json!(true), &json!(true))
        );
    })
    .await;
}

#[tokio::test]
async fn what_is_deleted_at_one_time_is_not_there_for_who_comes_second() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let new = json!({"name": "Pests", "kind": "block"});
        let list = made(&desk, &key, "/api/caller-lists", &new).await;
        let id = list.rsplit('/').next().unwrap().parse().unwrap();
        let mut tx = desk.store.begin().await.unwrap();
        assert!(caller_lists::delete(&mut tx, tenant, id).await.unwrap());
        let pest = json!({"phone_number": "+15550100001"});
        let members = format!("{list}/members");
        let add = desk.send(("POST", &members), &key, &pest);
        let (added, ()) = tokio::join!(add, commits(&desk, &key, &list, tx));
        assert_eq!(added.status, 404, "{}", added.body);

        let (ada, _) = desk.member(tenant, Role::Agent).await;
        let path = format!("/api/users/{ada}");
        let mut tx = desk.store.begin().await.unwrap();
        assert!(users::delete(&mut tx, tenant, ada).await.unwrap());
        let off = json!({"value": false});
        let setting = format!("{path}/settings/enable_voicemail");
        let set = desk.send(("PUT", &setting), &key, &off);
        let (set, ()) = tokio::join!(set, commits(&desk, &key, &path, tx));
        assert_eq!(set.status, 404, "{}", set.body);
    })
    .await;
}

/// Commits once whoever asks at the same time has seen that it is still there.
async fn commits(desk: &Desk, key: &str, path: &str, tx: Tx) {
    for _ in 0..3 {
        assert_eq!(desk.get(path, key).await.status, 200);
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn of_two_owners_who_step_down_at_one_time_one_stays() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        for (method, body, done) in [
            ("PATCH", json!({"role": "admin"}), 200),
            ("PATCH", json!({"is_active": false}), 200),
            ("DELETE", json!({}), 204),
        ] {
            let (tenant, key) = desk.tenant("A").await;
            let (one, ones) = desk.member(tenant, Role::Owner).await;
            let (two, twos) = desk.member(tenant, Role::Owner).await;
            let step_down = async |id, token: &str| {
                let path = format!("/api/users/{id}");
                desk.send((method, &path), token, &body).await.status
            };
            let (one, two) = tokio::join!(step_down(one, &ones), step_down(two, &twos));
            let mut both = [one.as_u16(), two.as_u16()];
            both.sort_unstable();
            assert_eq!(both, [done, 409], "{method} {body}");
            let members = desk.get("/api/users", &key).await.json();
            let owners = members["data"].as_array().unwrap().iter();
            let owners = owners.filter(|one| one["role"] == "owner" && one["is_active"] == true);
            assert_eq!(owners.count(), 1, "{method} {body}");
        }
    })
    .await;
}

/// Changes the number, and says as the carrier what it has been told of it.
async fn change_and_answer(store: Store, tenant: TenantId) -> Json<Value> {
    let mut tx = store.begin().await.unwrap();
    let phone_number = NUMBER.parse().unwrap();
    let number = numbers::lock_of_tenant(&mut tx, tenant, &phone_number).await;
    let mut number = number.unwrap().unwrap();
    number.label = Some("Back door".to_owned());
    number.recording.policy = ConsentPolicy::Verbal;
    assert!(numbers::update(&mut tx, &number).await.unwrap());
    tx.commit().await.unwrap();
    Json(json!({"sid": SID, "phone_number": NUMBER,
        "capabilities": {"voice": true, "sms": true, "mms": false}}))
}

/// A client of a carrier that will answer there.
async fn carrier() -> (TcpListener, Client) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let key = Secret::new("secret".to_owned());
    let account = Account::with_key(SID.replace("PN", "AC"), SID.replace("PN", "SK"), key);
    let patience = Duration::from_secs(10);
    let http = egress::patient_for(patience, patience);
    let client = Client::new(http, base.parse().unwrap(), account, || 0);
    (listener, client)
}

#[tokio::test]
async fn what_is_said_of_a_number_while_the_carrier_is_told_of_it_stands() {
    on_each_database(async |db| {
        let (listener, client) = carrier().await;
        let desk = Desk::build(db, |state| state.carrier = Some(client));
        let (tenant, key) = desk.tenant("A").await;
        let path = number(&desk, tenant).await;
        let store = desk.store.clone();
        let answer = any(move || change_and_answer(store.clone(), tenant));
        let carrier = Router::new().fallback(answer);
        let serving = tokio::spawn(async move { axum::serve(listener, carrier).await });
        let configure = format!("{path}/configure");
        let told = desk.send(("POST", &configure), &key, &json!({})).await;
        serving.abort();
        assert_eq!(told.status, 200, "{}", told.body);
        let seen = desk.get(&path, &key).await.json();
        assert_eq!(seen, told.json());
        assert_eq!(seen["recording_consent"], "verbal");
        assert_eq!(seen["label"], "Back door");
        assert_eq!(seen["capabilities"]["sms"], true);
        assert_eq!(seen["configured_at"], desk.clock.now().to_string());
    })
    .await;
}

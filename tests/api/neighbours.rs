//! Two tenants side by side: nothing of one is ever there for the other.
//!
//! The operations are read from the documentation, so that a new one is tried
//! without being named here; one that cannot be tried makes the test fail.

use std::collections::BTreeMap;
use std::sync::Arc;

use frontdesk::domain::{
    CallId, Consent, ConsentAnswer, ConsentPolicy, Direction, MessageId, MessageSound, Number, Pii,
    RecordingId, RecordingTitle, SmsId, SmsState, TakenKind, TakenMessage, TakenMessageId,
    TenantId, Urgency,
};
use frontdesk::store::sms_messages::{self, NewSms};
use frontdesk::store::voicemail_messages::{self as messages, News};
use frontdesk::store::{call_recordings, calls, numbers, taken_messages};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use tracing::instrument::WithSubscriber as _;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

use super::desk::{Answer, Desk};
use crate::support::database::on_each_database;
use crate::support::ear::Ear;

/// A word that stands in everything of one tenant and in nothing of the other.
const CANARY: &str = "canary";
const NUMBER_OF_A: &str = "+15550177001";
const NUMBER_OF_NOBODY: &str = "+15550177999";

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
        ("/api/caller-lists", json!({"name": CANARY, "kind": "vip"})),
        (
            "/api/hours",
            json!({"name": CANARY, "time_zone": "Europe/Berlin",
            "week": {"monday": ["09:00-12:00"]}}),
        ),
        ("/api/queues", json!({"name": CANARY})),
        (
            "/api/ivr/flows",
            json!({"name": CANARY, "flow": {"nodes": [{"id": CANARY, "kind": "start"}]}}),
        ),
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
    let numbers = pair(number_of_a(desk, a).await, NUMBER_OF_NOBODY.to_owned());
    things.insert("/api/numbers/", numbers);
    let message = message_of_a(desk, a, call).await;
    let of_nobody: MessageId = desk.clock.new_id();
    things.insert(
        "/api/voicemail/messages/",
        pair(message.to_string(), of_nobody.to_string()),
    );
    taken_of_a(desk, (a, call), &mut things).await;
    texts_of_a(desk, a, key, &mut things).await;
    things.insert("/api/recordings/", recording_of_a(desk, a, call).await);
    things
}

async fn recording_of_a(desk: &Desk, a: TenantId, call: CallId) -> Pair {
    let title = RecordingTitle {
        id: desk.clock.new_id(),
        tenant_id: a,
        call_id: call,
        started_at: desk.clock.now(),
        consent: Consent {
            policy: ConsentPolicy::Verbal,
            answer: ConsentAnswer::Agreed,
            words: Some(Pii::new(CANARY.to_owned())),
            at: desk.clock.now(),
        },
    };
    let begun = call_recordings::begin(&desk.store, &title).await;
    begun.unwrap();
    let of_nobody: RecordingId = desk.clock.new_id();
    pair(title.id.to_string(), of_nobody.to_string())
}

async fn texts_of_a(
    desk: &Desk,
    a: TenantId,
    key: &str,
    things: &mut BTreeMap<&'static str, Pair>,
) {
    let sms = sms_of_a(desk, a).await;
    let of_nobody: SmsId = desk.clock.new_id();
    things.insert(
        "/api/sms/messages/",
        pair(sms.to_string(), of_nobody.to_string()),
    );
    let opt_out = json!({"phone_number": NUMBER_OF_A});
    let made = desk
        .send(("POST", "/api/sms/opt-outs"), key, &opt_out)
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let numbers = pair(NUMBER_OF_A.to_owned(), NUMBER_OF_NOBODY.to_owned());
    things.insert("/api/sms/opt-outs/", numbers);
}

async fn sms_of_a(desk: &Desk, a: TenantId) -> SmsId {
    let id = desk.clock.new_id();
    let [own, stranger] = [NUMBER_OF_A, "+15550000001"].map(|text| text.parse().unwrap());
    let new = NewSms {
        id,
        tenant_id: a,
        direction: Direction::Inbound,
        message_sid: Some("SMcanary"),
        own: &own,
        stranger: &stranger,
        user: None,
        body: &Pii::new(CANARY.to_owned()),
        media: &[],
        state: SmsState::Received,
        at: desk.clock.now(),
    };
    let mut tx = desk.store.begin().await.unwrap();
    assert!(sms_messages::insert(&mut tx, &new).await.unwrap());
    tx.commit().await.unwrap();
    id
}

async fn number_of_a(desk: &Desk, a: TenantId) -> String {
    let number = Number {
        label: Some(CANARY.to_owned()),
        ..Number::new(
            desk.clock.new_id(),
            a,
            NUMBER_OF_A.parse().unwrap(),
            desk.clock.now(),
        )
    };
    numbers::insert(&desk.store, &number).await.unwrap();
    NUMBER_OF_A.to_owned()
}

async fn message_of_a(desk: &Desk, a: TenantId, call: CallId) -> MessageId {
    let call = calls::find(&desk.store, a, call).await.unwrap().unwrap();
    let news = News {
        id: desk.clock.new_id(),
        call: &call,
        recording_sid: "REcanary",
        user: None,
        sound: MessageSound::Recorded,
        duration_s: Some(12),
        carrier_url: Some("https://api.twilio.com/canary"),
        transcript: Some(CANARY),
        at: desk.clock.now(),
    };
    messages::merge(&desk.store, &news).await.unwrap();
    news.id
}

async fn taken_of_a(
    desk: &Desk,
    (a, call): (TenantId, CallId),
    things: &mut BTreeMap<&'static str, Pair>,
) {
    let text = || Pii::new(CANARY.to_owned());
    let message = TakenMessage {
        id: desk.clock.new_id(),
        tenant_id: a,
        call_id: call,
        kind: TakenKind::Message,
        caller: NUMBER_OF_A.parse().unwrap(),
        caller_name: text(),
        callback: Some(text()),
        reason: text(),
        urgency: Urgency::Normal,
        is_read: false,
        created_at: desk.clock.now(),
    };
    assert!(
        taken_messages::insert(&desk.store, &message, 0)
            .await
            .unwrap()
    );
    let of_nobody: TakenMessageId = desk.clock.new_id();
    let ids = pair(message.id.to_string(), of_nobody.to_string());
    things.insert("/api/messages/", ids);
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
        "transfer_call" => json!({"to": {"voicemail": {}}}),
        "call_next_in_queue" => json!({"user_id": "usr_00000000000000000000000000"}),
        "restore_receptionist" | "restore_flow" => json!({"version": 1}),
        "add_caller_list_member" => json!({"phone_number": "+15550100001"}),
        "replace_hours" => json!({"name": "x", "time_zone": "UTC", "week": {}}),
        "replace_number_routing" => json!({"open": {"ai": {"receptionist_id": null}}}),
        "update_message" | "update_sms" | "update_taken_message" => json!({"is_read": true}),
        "set_user_setting" => json!({"value": true}),
        _ => json!({}),
    }
}

fn query_of(operation: &str) -> &'static str {
    if operation == "remove_caller_list_member" {
        "?phone_number=%2B15550177002"
    } else {
        ""
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
            let (_, ids) = found.unwrap_or_else(|| panic!("nothing of A is for {path}"));
            for (method, operation) in item.as_object().unwrap() {
                let method = method.to_uppercase();
                let name = operation["operationId"].as_str().unwrap();
                let (body, query) = (body_of(name), query_of(name));
                let [of_a, of_nobody] =
                    [&ids.of_a, &ids.of_nobody].map(|id| filled(path, id) + query);
                let theirs = asked(&desk, &method, &of_a, &key_of_b, &body).await;
                let missing = asked(&desk, &method, &of_nobody, &key_of_b, &body).await;
                // Without an account at the carrier some doors are closed to all.
                let is_closed = theirs.body.contains("/problems/not-configured");
                assert!(
                    is_closed || theirs.status == 404,
                    "{method} {path}: {}",
                    theirs.body
                );
                assert_eq!(theirs.body, missing.body, "{method} {path}");
                assert_eq!(theirs.headers, missing.headers, "{method} {path}");
                tried += 1;
            }
        }
        assert!(tried > 25, "{tried} operations were tried");
        // They were A's all the time, and are still.
        for (path, ids) in &things {
            if *path != "/api/keys" {
                let id = ids.of_a.replace('+', "%2B");
                let path = format!("{}/{id}", path.trim_end_matches('/'));
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
        for path in ["/health", "/livez", "/readyz"] {
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

/// Whatever there is of A is read, asked to be what it cannot be, or deleted.
async fn ask_everything(desk: &Desk, key_of_a: &str, things: &BTreeMap<&'static str, Pair>) {
    let document = desk.ask("/openapi.json", None).await.json();
    let paths = document["paths"].as_object().unwrap().iter();
    // A stream has no end.
    for (path, item) in paths.filter(|(path, _)| !path.ends_with("/live/events")) {
        let mut kinds = things.iter().rev();
        let thing = kinds.find(|(prefix, _)| path.starts_with(**prefix));
        let path = filled(path, thing.map_or("", |(_, ids)| &ids.of_a));
        for method in item.as_object().unwrap().keys() {
            let body = json!({"name": CANARY, "text": CANARY, CANARY: CANARY});
            asked(desk, &method.to_uppercase(), &path, key_of_a, &body).await;
        }
    }
}

#[tokio::test]
async fn i9_no_metric_and_no_line_of_the_log_has_a_word_of_a_tenants() {
    on_each_database(async |db| {
        let ear = Ear::default();
        let layer = fmt::layer().with_writer(ear.clone()).with_ansi(false);
        let log = tracing_subscriber::registry()
            .with(frontdesk::app::filter("trace").unwrap())
            .with(layer);
        let recorder = PrometheusBuilder::new().build_recorder();
        let measures = recorder.handle();
        let _guard = metrics::set_default_local_recorder(&recorder);
        let secrets = async {
            let render = measures.clone();
            let desk = Desk::build(db, |state| {
                state.rendering = Arc::new(move || render.render());
            });
            let (a, key_of_a) = desk.tenant("A").await;
            let things = things_of_a(&desk, a, &key_of_a).await;
            ask_everything(&desk, &key_of_a, &things).await;
            let told = desk.ask("/metrics", None).await.body;
            assert!(told.contains("frontdesk_"), "nothing was measured: {told}");
            let ids = things.into_values().map(|ids| ids.of_a);
            for secret in ids.chain([CANARY, &NUMBER_OF_A[1..], "CA1"].map(str::to_owned)) {
                assert!(!told.contains(&secret), "{secret} is in {told}");
            }
        };
        secrets.with_subscriber(log).await;
        let log = ear.heard();
        assert!(log.contains("answered"), "the ear is deaf: {log:.2000}");
        for secret in [CANARY, &NUMBER_OF_A[1..]] {
            let line = log.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "the log tells {secret}");
        }
    })
    .await;
}

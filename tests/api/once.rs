//! `Idempotency-Key`: what is asked for again is done once.

use std::sync::Arc;
use std::time::Duration;

use frontdesk::domain::Role;
use frontdesk::rehearsal::rest::RestFault;
use frontdesk::twilio::rest::Patience;
use serde_json::{Value, json};

use super::desk::{Answer, Desk};
use crate::support::database::on_each_database;
use crate::support::rest_account::RestAccount;
use crate::support::until::until;

const NUMBER: &str = "+15105550101";
const OTHER: &str = "+15105550102";
const BUY: (&str, &str) = ("POST", "/api/numbers/purchase");
const IMPORT: (&str, &str) = ("POST", "/api/numbers/import");
const DAY_MS: i64 = 24 * 3_600_000;
const TURN_MS: i64 = 2 * 60_000;

#[tokio::test]
async fn who_asks_again_by_the_same_name_gets_the_same_answer() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[NUMBER, OTHER]).await;
        let desk = Desk::with_account(db, &account);
        let (_, key) = desk.tenant("A").await;
        let new = json!({"phone_number": NUMBER});
        let first = desk.send_named(BUY, &key, &["a b"], &new).await;
        assert_eq!(first.status, 201, "{}", first.body);
        assert!(!first.headers.contains_key("idempotency-replayed"));
        let again = desk.send_named(BUY, &key, &["a b"], &new).await;
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.headers["content-type"], first.headers["content-type"]);
        assert_eq!(account.numbers().len(), 1);

        // A refusal is an answer, too.
        let absent = json!({"phone_number": "+15105550103"});
        let refused = desk.send_named(IMPORT, &key, &["b"], &absent).await;
        account.own("+15105550103");
        let again = desk.send_named(IMPORT, &key, &["b"], &absent).await;
        assert_eq!(
            (refused.status, again.status),
            (404.try_into().unwrap(), refused.status)
        );
        assert_eq!(again.problem()["type"], "/problems/not-found");
        let by_another_name = desk.send_named(IMPORT, &key, &["c"], &absent).await;
        assert_eq!(by_another_name.status, 201);
    })
    .await;
}

#[tokio::test]
async fn what_is_made_or_said_twice_by_one_name_is_there_once() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key) = desk.tenant("A").await;
        let call = desk.admitted(a, "CA1").await;
        let say = format!("/api/calls/{call}/say");
        let words = json!({"text": "The doctor is late"});
        let sentence = json!({"kind": "business", "name": "G", "text": "Hello"});
        for (path, body) in [
            (say.as_str(), words),
            ("/api/contacts", json!({"name": "Ada"})),
            ("/api/voicemail/greetings", sentence),
            ("/api/queues", json!({"name": "Sales"})),
            (
                "/api/caller-lists",
                json!({"name": "Friends", "kind": "vip"}),
            ),
        ] {
            let names = [path];
            let asked = async || desk.send_named(("POST", path), &key, &names, &body).await;
            let (first, again) = (asked().await, asked().await);
            assert!(first.status.is_success(), "{path}: {}", first.body);
            assert_eq!(again.headers["idempotency-replayed"], "true", "{path}");
            assert_eq!((again.status, again.body), (first.status, first.body));
        }
        let audit = desk.get("/api/audit", &key).await.json();
        let audit = audit["data"].as_array().unwrap();
        assert_eq!(audit.len(), 5, "each was done once");
    })
    .await;
}

#[tokio::test]
async fn a_house_that_is_opened_twice_by_one_name_is_one() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let platform = desk.platform_key().await;
        let new = json!({"name": "Green Dental", "time_zone": "Europe/Berlin",
            "owner": {"email": "ada@example.com", "name": "Ada", "subject": "ada"}});
        let open = async || {
            let what = ("POST", "/api/tenants");
            desk.send_named(what, &platform, &["green"], &new).await
        };
        let (first, again) = (open().await, open().await);
        assert_eq!(first.status, 201, "{}", first.body);
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        assert_eq!(again.headers["idempotency-replayed"], "true");
        let houses = "SELECT COUNT(*) FROM tenants WHERE name = 'Green Dental'";
        assert_eq!(db.number(houses).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_name_is_for_one_request_of_one_asker() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[NUMBER, OTHER]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        let new = json!({"phone_number": NUMBER});
        let first = desk.send_named(BUY, &key, &["a"], &new).await;
        assert_eq!(first.status, 201);
        let (_, owner) = desk.member(tenant, Role::Owner).await;
        let other = json!({"phone_number": OTHER});
        for (what, who, body) in [
            (BUY, &key, &other),
            (IMPORT, &key, &new),
            (BUY, &owner, &new),
        ] {
            let refused = desk.send_named(what, who, &["a"], body).await;
            assert_eq!(refused.status, 422, "{}", refused.body);
            let pointer = refused.problem()["errors"][0]["pointer"].clone();
            assert_eq!(pointer, "Idempotency-Key");
        }
        assert_eq!(account.numbers().len(), 1);
        desk.clock.advance_ms(DAY_MS);
        let fresh = desk.send_named(BUY, &key, &["a"], &other).await;
        assert_eq!(fresh.status, 201, "names are forgotten after a day");
    })
    .await;
}

#[tokio::test]
async fn i9_a_name_of_one_tenant_means_nothing_to_another() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[NUMBER, OTHER]).await;
        let desk = Desk::with_account(db, &account);
        let (_, one) = desk.tenant("A").await;
        let (_, other) = desk.tenant("B").await;
        let new = json!({"phone_number": NUMBER, "label": "canary"});
        assert_eq!(desk.send_named(BUY, &one, &["a"], &new).await.status, 201);
        let theirs = desk.send_named(BUY, &other, &["a"], &new).await;
        assert_eq!(theirs.status, 409, "it is done anew, and refused");
        assert!(!theirs.body.contains("canary"));
        let own = json!({"phone_number": OTHER});
        let refused = desk.send_named(BUY, &other, &["a"], &own).await;
        assert_eq!(refused.status, 422, "the name is the tenant's own now");
    })
    .await;
}

#[tokio::test]
async fn what_has_a_name_may_be_as_large_as_what_has_none() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        // No sound, and as long as a minute of it.
        let audio = "AAAA".repeat(750_000);
        let greeting = json!({"kind": "business", "name": "G", "audio": audio});
        let greetings = ("POST", "/api/voicemail/greetings");
        let plain = desk.send(greetings, &key, &greeting).await;
        let named = desk.send_named(greetings, &key, &["g"], &greeting).await;
        assert_eq!(plain.status, 422, "{}", plain.body);
        assert_eq!(named.status, 422, "{}", named.body);
    })
    .await;
}

#[tokio::test]
async fn what_is_under_way_is_not_begun_again_and_what_died_is() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[NUMBER]).await;
        let desk = Arc::new(Desk::with_account(db, &account));
        let (_, key) = desk.tenant("A").await;
        account.fail_next([RestFault::None, RestFault::Silence]);
        // The carrier says nothing: this one waits for as long as we look on.
        let first = ask(&desk, &key);
        until(async || (account.exchanges().len() == 2).then_some(())).await;
        let new = json!({"phone_number": NUMBER});
        let second = desk.send_named(BUY, &key, &["a"], &new).await;
        assert_eq!(second.status, 409);
        assert_eq!(second.headers["retry-after"], "1");
        assert_eq!(second.problem()["type"], "/problems/in-flight");
        // As if the process had ended: its turn is over some time.
        desk.clock.advance_ms(TURN_MS);
        let third = desk.send_named(BUY, &key, &["a"], &new).await;
        assert_eq!(third.status, 201, "{}", third.body);
        assert_eq!(
            account.asked(),
            [
                "GET IncomingPhoneNumbers",
                "POST IncomingPhoneNumbers",
                "GET IncomingPhoneNumbers",
                "POST IncomingPhoneNumbers"
            ],
            "the second time it is looked up first"
        );
        first.abort();
    })
    .await;
}

#[tokio::test]
async fn who_is_told_to_come_again_is_not_told_so_a_day_long() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[NUMBER]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        // Somebody else of the same house is just buying it.
        let now = desk.clock.now().as_ms();
        db.execute(&format!(
            "INSERT INTO number_purchases VALUES ('{NUMBER}', '{tenant}', 1, {now}, 1)"
        ))
        .await;
        let new = json!({"phone_number": NUMBER});
        let early = desk.send_named(BUY, &key, &["a"], &new).await;
        assert_eq!(early.problem()["type"], "/problems/in-flight");
        desk.clock.advance_ms(TURN_MS);
        let again = desk.send_named(BUY, &key, &["a"], &new).await;
        assert_eq!(again.status, 201, "{}", again.body);
    })
    .await;
}

#[tokio::test]
async fn w7_what_we_failed_at_may_be_asked_again_by_the_same_name() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[NUMBER]).await;
        let desk = Desk::with_account(db, &account);
        let (_, key) = desk.tenant("A").await;
        let new = json!({"phone_number": NUMBER});
        let failed = RestFault::Failure(500);
        let (fine, lost) = (RestFault::None, RestFault::AnswerLost);
        account.fail_next([fine, lost, failed, failed, failed, failed]);
        let lost = desk.send_named(BUY, &key, &["a"], &new).await;
        assert_eq!(lost.status, 503);
        let found = desk.send_named(BUY, &key, &["a"], &new).await;
        assert_eq!(found.status, 201, "{}", found.body);
        assert_eq!(account.numbers().len(), 1);
        let again = desk.send_named(BUY, &key, &["a"], &new).await;
        assert_eq!(again.body, found.body);
    })
    .await;
}

#[tokio::test]
async fn what_has_begun_goes_on_when_the_asker_is_gone() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[NUMBER]).await;
        let patience = Patience {
            total: Duration::from_millis(80),
            ..Patience::default()
        };
        let client = account.client().with_patience(patience);
        let desk = Arc::new(Desk::build(db, |state| state.carrier = Some(client)));
        let (_, key) = desk.tenant("A").await;
        account.fail_next([RestFault::None, RestFault::Silence]);
        let asker = ask(&desk, &key);
        until(async || (account.exchanges().len() == 2).then_some(())).await;
        asker.abort();
        let is_gone = asker.await.is_err_and(|error| error.is_cancelled());
        assert!(is_gone, "nobody waits for the answer");
        // The carrier's silence ends, the outcome is looked up, the turn given back.
        let open = "SELECT COUNT(*) FROM idempotency_keys";
        let ended = async {
            while db.number(open).await > 0 {
                tokio::task::yield_now().await;
            }
        };
        let ended = tokio::time::timeout(Duration::from_secs(5), ended).await;
        ended.expect("the work goes on to its end");
        assert_eq!(
            account.asked(),
            [
                "GET IncomingPhoneNumbers",
                "POST IncomingPhoneNumbers",
                "GET IncomingPhoneNumbers"
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn a_name_is_plain_and_comes_once() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[NUMBER]).await;
        let desk = Desk::with_account(db, &account);
        let (_, key) = desk.tenant("A").await;
        let new = json!({"phone_number": NUMBER});
        let long = "x".repeat(256);
        for names in [&[""][..], &[long.as_str()], &["a", "b"], &["a\tb"]] {
            let refused = desk.send_named(BUY, &key, names, &new).await;
            assert_eq!(refused.status, 422, "{names:?}");
        }
        assert_eq!(account.exchanges(), []);
        let longest = "x".repeat(255);
        let made = desk.send_named(BUY, &key, &[&longest], &new).await;
        assert_eq!(made.status, 201);
        let document = desk.ask("/openapi.json", None).await.json();
        for path in ["/api/numbers/purchase", "/api/numbers/import"] {
            let parameters = &document["paths"][path]["post"]["parameters"];
            let is_told = |one: &Value| one["name"] == "Idempotency-Key" && one["in"] == "header";
            assert!(parameters.as_array().unwrap().iter().any(is_told), "{path}");
        }
    })
    .await;
}

/// Asks for the number by the name of `a`, from a task of its own.
fn ask(desk: &Arc<Desk>, key: &str) -> tokio::task::JoinHandle<Answer> {
    let (desk, key) = (Arc::clone(desk), key.to_owned());
    tokio::spawn(async move {
        let new = json!({"phone_number": NUMBER});
        desk.send_named(BUY, &key, &["a"], &new).await
    })
}

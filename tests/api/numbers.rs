//! Numbers: found, bought, taken over, changed, configured and given back.

use std::time::Duration;

use frontdesk::domain::{Receptionist, ReceptionistId, Role, TenantId};
use frontdesk::rehearsal::rest::RestFault;
use frontdesk::store::{default_receptionist, receptionists, tenants};
use frontdesk::twilio::rest::{Account, Patience};
use serde_json::{Value, json};

use super::desk::Desk;
use crate::support::database::{Database, on_each_database};
use crate::support::rest_account::RestAccount;

const NUMBER: &str = "+15105550101";
const OTHER: &str = "+15105550102";
const BUY: (&str, &str) = ("POST", "/api/numbers/purchase");
const IMPORT: (&str, &str) = ("POST", "/api/numbers/import");
/// Whether the account has it already is answered.
const FINE: RestFault = RestFault::None;
const LOST: RestFault = RestFault::AnswerLost;
const FAILED: RestFault = RestFault::Failure(500);

#[tokio::test]
async fn a_number_is_bought_changed_and_given_back_and_the_audit_log_says_so() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[NUMBER]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        let who = receptionist(&desk, tenant).await;
        let new = json!({"phone_number": NUMBER, "label": "Front door",
            "receptionist_id": who.to_string()});
        desk.clock.advance_ms(1);
        let made = desk.send(BUY, &key, &new).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let made = made.json();
        assert_eq!(made["phone_number"], NUMBER);
        assert_eq!(
            made["capabilities"],
            json!({"voice": true, "sms": true, "mms": true})
        );
        assert_eq!(made["configured_at"], made["created_at"]);
        assert_eq!(made["carrier_sid"], account.numbers()[0].sid);
        assert_rings_here(&account);

        for path in ["/api/numbers/+15105550101", "/api/numbers/%2B15105550101"] {
            assert_eq!(desk.get(path, &key).await.json(), made, "{path}");
        }
        let listed = desk.get("/api/numbers", &key).await.json();
        assert_eq!(listed, json!({"data": [made], "next_cursor": null}));
        desk.clock.advance_ms(1);
        let change = json!({"label": "Back door", "receptionist_id": null});
        let changed = desk
            .send(("PATCH", &path(NUMBER)), &key, &change)
            .await
            .json();
        assert_eq!(changed["label"], "Back door");
        assert_eq!(changed["receptionist_id"], Value::Null);
        assert_eq!(changed["carrier_sid"], made["carrier_sid"]);
        desk.clock.advance_ms(1);
        let gone = desk.send(("DELETE", &path(NUMBER)), &key, &json!({})).await;
        assert_eq!(gone.status, 204);
        assert_eq!(account.numbers(), []);
        assert_eq!(desk.get(&path(NUMBER), &key).await.status, 404);

        let expected = [
            ("number.released", json!([])),
            ("number.updated", json!(["label", "receptionist_id"])),
            (
                "number.purchased",
                json!(["phone_number", "label", "receptionist_id"]),
            ),
        ];
        let audit = desk.get("/api/audit", &key).await.json();
        for (entry, (action, fields)) in audit["data"].as_array().unwrap().iter().zip(expected) {
            assert_eq!(
                (&entry["action"], &entry["fields"]),
                (&json!(action), &fields)
            );
            assert_eq!(entry["object"], made["id"]);
        }
        assert_eq!(left_open(db).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_number_that_plans_or_flows_show_is_not_given_back() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[NUMBER, OTHER]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        for number in [NUMBER, OTHER] {
            let bought = desk.send(BUY, &key, &json!({"phone_number": number})).await;
            assert_eq!(bought.status, 201, "{}", bought.body);
        }
        let (member, _) = desk.member(tenant, Role::Agent).await;
        let people = json!({"user_ids": [member.to_string()], "ring": {"caller_id": OTHER}});
        let flow = json!({"name": "Front door", "flow": {
            "nodes": [{"id": "start", "kind": "start"}, {"id": "ada", "kind": {"dial": people}}],
            "edges": [{"from": "start", "exit": "next", "to": "ada"}]}});
        let send = async |what: (&str, &str), body: &Value, status: u16| {
            let answer = desk.send(what, &key, body).await;
            assert_eq!(answer.status, status, "{what:?}: {}", answer.body);
            answer.body
        };
        let made = send(("POST", "/api/ivr/flows"), &flow, 201).await;
        let made: Value = serde_json::from_str(&made).unwrap();
        let flow = made["id"].as_str().unwrap();
        let publish = format!("/api/ivr/flows/{flow}/publish");
        send(("POST", &publish), &json!({}), 201).await;
        let routing = |number: &str| format!("/api/numbers/{number}/routing");
        let plan = json!({"open": {"voicemail": {}}, "fallback": [{"users": people}]});
        for number in [NUMBER, OTHER] {
            send(("PUT", &routing(number)), &plan, 200).await;
        }
        let (nothing, delete) = (json!({}), path(OTHER));
        for delete in [delete.clone(), format!("{delete}?release=false")] {
            let why = send(("DELETE", &delete), &nothing, 409).await;
            assert!(
                why.contains(NUMBER) && why.contains("“Front door”"),
                "{why}"
            );
            assert!(!why.contains(OTHER), "its own plan goes with it: {why}");
        }
        assert_eq!(account.numbers().len(), 2);
        let plan = json!({"open": {"voicemail": {}}});
        send(("PUT", &routing(NUMBER)), &plan, 200).await;
        let why = send(("DELETE", &delete), &nothing, 409).await;
        assert!(!why.contains(NUMBER), "{why}");
        send(("DELETE", &format!("/api/ivr/flows/{flow}")), &nothing, 204).await;
        send(("DELETE", &delete), &nothing, 204).await;
        assert_eq!(account.numbers().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_is_for_sale_is_searched_as_it_is_asked_for() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[NUMBER, OTHER]).await;
        let desk = Desk::with_account(db, &account);
        let (_, key) = desk.tenant("A").await;
        let found = desk
            .get("/api/numbers/available?country=US&area_code=510&contains=*0101&capabilities=voice,mms", &key)
            .await;
        let found = found.json();
        assert_eq!(found["data"].as_array().unwrap().len(), 1, "{found}");
        assert_eq!(found["data"][0]["phone_number"], NUMBER);
        assert_eq!(found["data"][0]["capabilities"]["mms"], true);
        let asked = account.exchanges().pop().unwrap().request.query;
        for (name, value) in [
            ("AreaCode", "510"),
            ("Contains", "*0101"),
            ("VoiceEnabled", "true"),
            ("MmsEnabled", "true"),
            ("PageSize", "20"),
        ] {
            let pair = (name.to_owned(), value.to_owned());
            assert!(asked.contains(&pair), "{name}: {asked:?}");
        }
        assert!(asked.iter().all(|(name, _)| name != "SmsEnabled"));
        for nothing in ["country=ZZ", "country=US&type=mobile", "country=US&type=toll_free"] {
            let path = format!("/api/numbers/available?{nothing}");
            let found = desk.get(&path, &key).await;
            assert_eq!(found.json()["data"], json!([]), "{nothing}");
        }
        for (name, wrong) in [
            ("country", "country=us"),
            ("country", "type=local"),
            ("type", "country=US&type=fax"),
            ("area_code", "country=US&area_code=012"),
            ("contains", "country=US&contains=a"),
            ("capabilities", "country=US&capabilities=fax"),
            ("limit", "country=US&limit=51"),
            ("color", "country=US&color=red"),
        ] {
            let path = format!("/api/numbers/available?{wrong}");
            let refused = desk.get(&path, &key).await;
            assert_eq!(refused.status, 422, "{wrong}");
            let fault = refused.problem()["errors"][0].to_string();
            assert!(fault.contains(name), "{wrong}: {fault}");
        }
    })
    .await;
}

#[tokio::test]
async fn without_an_account_only_what_needs_it_is_closed() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[NUMBER]).await;
        let with = Desk::with_account(db, &account);
        let (_, key) = with.tenant("A").await;
        let new = json!({"phone_number": NUMBER});
        assert_eq!(with.send(BUY, &key, &new).await.status, 201);

        let without = Desk::on(db);
        let other = json!({"phone_number": OTHER});
        let nothing = json!({});
        let configure = format!("{}/configure", path(NUMBER));
        for (what, body) in [
            (("GET", "/api/numbers/available?country=US"), &nothing),
            (BUY, &other),
            (IMPORT, &other),
            (("POST", configure.as_str()), &nothing),
            (("DELETE", path(NUMBER).as_str()), &nothing),
        ] {
            let refused = without.send(what, &key, body).await;
            assert_eq!(refused.status, 503, "{what:?}");
            assert!(!refused.headers.contains_key("retry-after"));
            let problem = refused.problem();
            assert_eq!(problem["type"], "/problems/not-configured");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("TWILIO_ACCOUNT_SID"), "{detail}");
        }
        assert_eq!(without.get(&path(NUMBER), &key).await.status, 200);
        let change = json!({"label": "Front door"});
        let changed = without.send(("PATCH", &path(NUMBER)), &key, &change).await;
        assert_eq!(changed.status, 200);
        let forget = format!("{}?release=false", path(NUMBER));
        let gone = without.send(("DELETE", &forget), &key, &nothing).await;
        assert_eq!(gone.status, 204);
        assert_eq!(account.numbers().len(), 1, "it stays at the carrier");

        let unreachable = Desk::build(db, |state| {
            state.carrier = Some(account.client());
            state.public_url = None;
        });
        let refused = unreachable.send(BUY, &key, &other).await;
        let detail = refused.problem()["detail"].to_string();
        assert!(detail.contains("PUBLIC_URL"), "{detail}");
    })
    .await;
}

#[tokio::test]
async fn w6_what_the_carrier_says_is_told_as_it_is() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[NUMBER]).await;
        let desk = Desk::with_account(db, &account);
        let (_, key) = desk.tenant("A").await;
        let new = json!({"phone_number": NUMBER});
        let retry_after = Some(120);
        let busy = RestFault::Busy { retry_after };
        for (fault, status, kind, wait, left) in [
            (busy, 503, "carrier-busy", Some("120"), 0),
            (FAILED, 503, "outcome-unknown", Some("5"), 1),
            (RestFault::Failure(409), 422, "carrier-refused", None, 0),
        ] {
            account.fail_next([FINE, fault]);
            let refused = desk.send(BUY, &key, &new).await;
            assert_eq!(refused.status, status, "{}", refused.body);
            assert_eq!(refused.problem()["type"], format!("/problems/{kind}"));
            let told = refused.headers.get("retry-after");
            assert_eq!(told.map(|value| value.to_str().unwrap()), wait);
            assert_eq!(left_open(db).await, left, "may have happened: {kind}");
        }
        let other = json!({"phone_number": OTHER});
        let taken = desk.send(BUY, &key, &other).await;
        assert_eq!(taken.problem()["type"], "/problems/conflict", "21422");
        account.fail_next([FAILED; 4]);
        let search = "/api/numbers/available?country=US";
        let away = desk.get(search, &key).await;
        assert_eq!(away.problem()["type"], "/problems/unavailable");

        let stranger = Account::with_key(
            account.account_sid(),
            "SK0".to_owned(),
            "no".to_owned().into(),
        );
        let client = account.client_of(stranger);
        let desk = Desk::build(db, |state| state.carrier = Some(client));
        let refused = desk.get(search, &key).await;
        assert_eq!(refused.status, 502);
        assert_eq!(refused.problem()["type"], "/problems/carrier-credentials");
        assert_eq!(account.numbers(), []);
        assert_eq!(left_open(db).await, 0, "none may have happened");
    })
    .await;
}

#[tokio::test]
async fn w7_a_purchase_whose_answer_was_lost_is_looked_up_at_once() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[NUMBER]).await;
        let desk = Desk::with_account(db, &account);
        let (_, key) = desk.tenant("A").await;
        account.fail_next([FINE, LOST]);
        let made = desk.send(BUY, &key, &json!({"phone_number": NUMBER})).await;
        assert_eq!(made.status, 201, "{}", made.body);
        assert_eq!(made.json()["carrier_sid"], account.numbers()[0].sid);
        assert_eq!(
            account.asked(),
            [
                "GET IncomingPhoneNumbers",
                "POST IncomingPhoneNumbers",
                "GET IncomingPhoneNumbers"
            ]
        );
        assert_eq!(left_open(db).await, 0);
    })
    .await;
}

#[tokio::test]
async fn w7_a_purchase_that_may_have_happened_is_looked_up_before_it_is_tried_again() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[NUMBER, OTHER]).await;
        let desk = Desk::with_account(db, &account);
        let (_, key) = desk.tenant("A").await;
        // It happens, and neither the answer nor the look-up comes through.
        account.fail_next([FINE, LOST, FAILED, FAILED, FAILED, FAILED]);
        let new = json!({"phone_number": NUMBER, "label": "Front door"});
        let lost = desk.send(BUY, &key, &new).await;
        assert_eq!(lost.problem()["type"], "/problems/outcome-unknown");
        assert_eq!(account.numbers().len(), 1);
        assert_eq!(desk.get(&path(NUMBER), &key).await.status, 404);
        account.fail_next([FAILED; 4]);
        let away = desk.send(BUY, &key, &new).await;
        assert_eq!(away.problem()["type"], "/problems/unavailable");
        let found = desk.send(BUY, &key, &new).await;
        assert_eq!(found.status, 201, "{}", found.body);
        assert_eq!(found.json()["carrier_sid"], account.numbers()[0].sid);

        // It does not happen.
        account.fail_next([FINE, FAILED]);
        let other = json!({"phone_number": OTHER});
        let lost = desk.send(BUY, &key, &other).await;
        assert_eq!(lost.problem()["type"], "/problems/outcome-unknown");
        let asked = account.asked().len();
        assert_eq!(desk.send(BUY, &key, &other).await.status, 201);
        assert_eq!(
            account.asked()[asked..],
            ["GET IncomingPhoneNumbers", "POST IncomingPhoneNumbers"]
        );
        assert_eq!(account.numbers().len(), 2);
        assert_eq!(left_open(db).await, 0);
    })
    .await;
}

#[tokio::test]
async fn w7_a_purchase_that_nobody_lived_to_see_is_taken_up_by_its_tenant_alone() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (one, key) = desk.tenant("A").await;
        let (_, others) = desk.tenant("B").await;
        // The process ended after the carrier had sold it.
        account.own(NUMBER);
        let now = desk.clock.now().as_ms();
        db.execute(&format!(
            "INSERT INTO number_purchases VALUES ('{NUMBER}', '{one}', 1, {now}, 1)"
        ))
        .await;
        let new = json!({"phone_number": NUMBER});
        let early = desk.send(BUY, &key, &new).await;
        assert_eq!(early.status, 409);
        assert_eq!(early.problem()["type"], "/problems/in-flight");
        assert_eq!(early.headers["retry-after"], "1");
        desk.clock.advance_ms(2 * 60_000);
        let refused = desk.send(BUY, &others, &new).await;
        assert_eq!(refused.problem()["type"], "/problems/conflict");
        assert_eq!(desk.send(IMPORT, &others, &new).await.status, 403);
        assert_eq!(account.asked(), [] as [&str; 0]);
        let found = desk.send(BUY, &key, &new).await;
        assert_eq!(found.status, 201, "{}", found.body);
        assert_eq!(
            account.asked(),
            ["GET IncomingPhoneNumbers", "POST it"],
            "looked up and configured, not bought"
        );
        let again = desk.send(BUY, &key, &new).await;
        assert_eq!(again.problem()["detail"], "the number is yours already");
        let theirs = desk.send(BUY, &others, &new).await.problem();
        let unknown = json!({"phone_number": OTHER});
        let nobodys = desk.send(BUY, &others, &unknown).await.problem();
        assert_eq!(
            theirs["detail"], nobodys["detail"],
            "whose it is shows nowhere"
        );
        assert_eq!(theirs["type"], nobodys["type"]);
    })
    .await;
}

#[tokio::test]
async fn i9_what_the_account_has_already_is_bought_by_nobody() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[OTHER]).await;
        let desk = Desk::with_account(db, &account);
        let (one, key) = desk.tenant("A").await;
        let (_, others) = desk.tenant("B").await;
        let new = json!({"phone_number": NUMBER});
        account.own(NUMBER);
        let now = desk.clock.now().as_ms();
        // Somebody asked, and nobody has looked what the account has.
        db.execute(&format!(
            "INSERT INTO number_purchases VALUES ('{NUMBER}', '{one}', 0, {now}, 0)"
        ))
        .await;
        for key in [&key, &others] {
            let refused = desk.send(BUY, key, &new).await;
            assert_eq!(refused.problem()["type"], "/problems/conflict");
        }
        assert!(
            !account
                .asked()
                .iter()
                .any(|asked| asked.starts_with("POST"))
        );
        assert_eq!(left_open(db).await, 0);

        // What another has ordered is theirs for as long as the account has it.
        db.execute(&format!(
            "INSERT INTO number_purchases VALUES ('{NUMBER}', '{one}', 0, {now}, 1)"
        ))
        .await;
        desk.clock.advance_ms(24 * 3_600_000);
        let refused = desk.send(BUY, &others, &new).await;
        assert_eq!(refused.problem()["type"], "/problems/conflict");
        assert_eq!(desk.send(BUY, &key, &new).await.status, 201);
        db.execute(&format!(
            "INSERT INTO number_purchases VALUES ('{OTHER}', '{one}', 0, {now}, 1)"
        ))
        .await;
        let other = json!({"phone_number": OTHER});
        assert_eq!(desk.send(BUY, &others, &other).await.status, 201);
        assert_eq!(left_open(db).await, 0);
    })
    .await;
}

#[tokio::test]
async fn w6_an_asker_who_waits_no_longer_leaves_nothing_half_done() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[NUMBER]).await;
        let patience = Patience {
            total: Duration::from_millis(50),
            ..Patience::default()
        };
        let client = account.client().with_patience(patience);
        let desk = Desk::build(db, |state| state.carrier = Some(client));
        let (_, key) = desk.tenant("A").await;
        account.fail_next([FINE, RestFault::Silence]);
        let lost = desk.send(BUY, &key, &json!({"phone_number": NUMBER})).await;
        assert_eq!(lost.problem()["type"], "/problems/outcome-unknown");
        let sold = db.number("SELECT COUNT(*) FROM numbers").await;
        assert_eq!((sold, account.numbers().len()), (0, 0));
        assert_eq!(left_open(db).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_number_of_the_account_is_taken_over_as_it_is_and_configured_when_asked() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[OTHER]).await;
        let desk = Desk::with_account(db, &account);
        let (_, key) = desk.tenant("A").await;
        account.own(NUMBER);
        let foreign = desk
            .send(IMPORT, &key, &json!({"phone_number": OTHER}))
            .await;
        assert_eq!(foreign.status, 404, "it is for sale, not the account's");
        let new = json!({"phone_number": NUMBER, "label": "Old line"});
        let made = desk.send(IMPORT, &key, &new).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let made = made.json();
        assert_eq!(made["configured_at"], Value::Null);
        assert_eq!(account.numbers()[0].settings, [], "it rings where it did");
        assert_eq!(desk.send(IMPORT, &key, &new).await.status, 409);

        desk.clock.advance_ms(1_000);
        let configure = format!("{}/configure", path(NUMBER));
        let told = desk.send(("POST", &configure), &key, &json!({})).await;
        assert_eq!(told.status, 200, "{}", told.body);
        assert_eq!(told.json()["configured_at"], desk.clock.now().to_string());
        let voice = account.numbers()[0].setting("VoiceUrl").map(str::to_owned);
        let expected = "https://desk.example.com/api/voice/webhooks/twiml/inbound";
        assert_eq!(voice.as_deref(), Some(expected));
        // Somebody gave it back and bought it again, at the console.
        account.disown(NUMBER);
        let gone = desk.send(("POST", &configure), &key, &json!({})).await;
        assert_eq!(gone.status, 409, "{}", gone.body);
        let anew = account.own(NUMBER);
        let told = desk.send(("POST", &configure), &key, &json!({})).await;
        assert_eq!(told.json()["carrier_sid"], anew.sid);
        assert_eq!(left_open(db).await, 0);
        let audit = desk.get("/api/audit", &key).await.json();
        assert_eq!(audit["data"][0]["action"], "number.configured");
    })
    .await;
}

#[tokio::test]
async fn a_number_that_the_carrier_does_not_know_goes_and_one_that_it_keeps_stays() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[NUMBER]).await;
        let desk = Desk::with_account(db, &account);
        let (_, key) = desk.tenant("A").await;
        let new = json!({"phone_number": NUMBER});
        assert_eq!(desk.send(BUY, &key, &new).await.status, 201);
        let delete = path(NUMBER);
        account.fail_next([FAILED; 4]);
        let away = desk.send(("DELETE", &delete), &key, &json!({})).await;
        assert_eq!(away.problem()["type"], "/problems/unavailable");
        assert_eq!(desk.get(&delete, &key).await.status, 200);
        // The first answer is lost: the second time it is not there.
        account.fail_next([LOST]);
        let gone = desk.send(("DELETE", &delete), &key, &json!({})).await;
        assert_eq!(gone.status, 204);

        account.own(OTHER);
        let new = json!({"phone_number": OTHER});
        assert_eq!(desk.send(IMPORT, &key, &new).await.status, 201);
        account.disown(OTHER);
        let gone = desk.send(("DELETE", &path(OTHER)), &key, &json!({})).await;
        assert_eq!(gone.status, 204);
        let listed = desk.get("/api/numbers", &key).await.json();
        assert_eq!(listed["data"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn i9_a_number_of_another_tenant_is_not_there() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[NUMBER]).await;
        let desk = Desk::with_account(db, &account);
        let (one, key) = desk.tenant("A").await;
        let (_, others) = desk.tenant("B").await;
        let who = receptionist(&desk, one).await;
        let new = json!({"phone_number": NUMBER});
        assert_eq!(desk.send(BUY, &key, &new).await.status, 201);
        let asked = account.asked().len();
        let change = json!({"label": "stolen"});
        let nothing = json!({});
        for (method, tail, body) in [
            ("GET", "", &nothing),
            ("PATCH", "", &change),
            ("DELETE", "", &nothing),
            ("DELETE", "?release=false", &nothing),
            ("POST", "/configure", &nothing),
        ] {
            let theirs = format!("{}{tail}", path(NUMBER));
            let nobodys = format!("{}{tail}", path(OTHER));
            let closed = desk.send((method, &theirs), &others, body).await;
            let missing = desk.send((method, &nobodys), &others, body).await;
            assert_eq!(closed.status, 404, "{method} {tail}");
            let [mut closed, mut missing] = [closed.problem(), missing.problem()];
            for problem in [&mut closed, &mut missing] {
                problem["request_id"] = Value::Null;
            }
            assert_eq!(closed, missing);
        }
        let listed = desk.get("/api/numbers", &others).await.json();
        assert_eq!(listed["data"], json!([]));
        assert_eq!(desk.send(IMPORT, &others, &new).await.status, 403);
        assert_eq!(
            account.asked().len(),
            asked,
            "the carrier heard of none of it"
        );

        let stolen = json!({"phone_number": OTHER, "receptionist_id": who.to_string()});
        let refused = desk.send(BUY, &others, &stolen).await;
        let pointer = refused.problem()["errors"][0]["pointer"].clone();
        assert_eq!(pointer, "#/receptionist_id");
        let change = json!({"receptionist_id": who.to_string()});
        let own = desk.send(("PATCH", &path(NUMBER)), &key, &change).await;
        assert_eq!(own.status, 200);
    })
    .await;
}

#[tokio::test]
async fn i9_nobody_takes_a_number_over_that_may_be_their_neighbour_s() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (_, key) = desk.tenant("A").await;
        let (other, others) = desk.tenant("B").await;
        let platform = desk.platform_key().await;
        account.own(NUMBER);
        account.own(OTHER);
        let new = json!({"phone_number": NUMBER});
        for key in [&key, &others] {
            let refused = desk.send(IMPORT, key, &new).await;
            assert_eq!(refused.status, 403, "{}", refused.body);
            let detail = refused.problem()["detail"].to_string();
            assert!(detail.contains("platform's operator"), "{detail}");
        }
        assert_eq!(account.asked(), [] as [&str; 0]);

        let for_other = format!("/api/tenants/{other}/numbers/import");
        let for_other = ("POST", for_other.as_str());
        assert_eq!(desk.send(for_other, &others, &new).await.status, 403);
        let made = desk.send(for_other, &platform, &new).await;
        assert_eq!(made.status, 201, "{}", made.body);
        assert_eq!(desk.get(&path(NUMBER), &others).await.json(), made.json());
        assert_eq!(desk.get(&path(NUMBER), &key).await.status, 404);
        let nobody = "/api/tenants/ten_00000000000000000000000007/numbers/import";
        let missing = desk.send(("POST", nobody), &platform, &new).await;
        assert_eq!(missing.status, 404);

        // Whom nobody has rings at the default tenant's.
        desk.store.seed_defaults(desk.clock.now()).await.unwrap();
        let default = tenants::default_tenant(&desk.store).await.unwrap().unwrap();
        let (_, defaults) = desk.key(default.id, None).await;
        let new = json!({"phone_number": OTHER});
        assert_eq!(desk.send(IMPORT, &defaults, &new).await.status, 201);
    })
    .await;
}

#[tokio::test]
async fn a_number_that_has_another_name_by_now_is_given_back_all_the_same() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (_, key) = desk.tenant("A").await;
        account.own(NUMBER);
        let new = json!({"phone_number": NUMBER});
        assert_eq!(desk.send(IMPORT, &key, &new).await.status, 201);
        // Somebody gave it back and bought it again, at the console.
        account.disown(NUMBER);
        account.own(NUMBER);
        let gone = desk.send(("DELETE", &path(NUMBER)), &key, &json!({})).await;
        assert_eq!(gone.status, 204);
        assert_eq!(account.numbers(), [], "nobody pays for it any more");
    })
    .await;
}

#[tokio::test]
async fn api6_numbers_are_bought_as_the_platform_and_the_quota_allow() {
    on_each_database(async |db| {
        let third = "+15105550103";
        let account = RestAccount::open(&[NUMBER, OTHER, third]).await;
        let desk = Desk::with_account(db, &account);
        let (_, key) = desk.tenant("A").await;
        let platform = desk.platform_key().await;
        let set = async |name: &str, most: i64| {
            let path = format!("/api/platform/settings/{name}");
            let body = json!({"value": most});
            let set = desk.send(("PUT", &path), &platform, &body).await;
            assert_eq!(set.status, 200, "{}", set.body);
        };
        let buy = async |number: &str| {
            desk.clock.advance_ms(1);
            let answer = desk.send(BUY, &key, &json!({"phone_number": number})).await;
            if answer.status == 201 {
                return String::new();
            }
            assert_eq!(answer.status, 409, "{}", answer.body);
            answer.problem()["detail"].as_str().unwrap().to_owned()
        };
        set("max_number_purchases_per_day", 1).await;
        assert_eq!(buy(NUMBER).await, "");
        assert!(buy(OTHER).await.contains("max_number_purchases_per_day"));
        // What is given back was bought all the same.
        let gone = desk.send(("DELETE", &path(NUMBER)), &key, &json!({})).await;
        assert_eq!(gone.status, 204);
        assert!(buy(OTHER).await.contains("max_number_purchases_per_day"));
        desk.clock.advance_ms(24 * 3_600_000);
        assert_eq!(buy(OTHER).await, "");
        set("max_number_purchases_per_day", 7).await;
        set("max_numbers", 1).await;
        assert!(buy(third).await.contains("max_numbers"));
        set("max_numbers", 2).await;
        let nothing = json!({"day": {"minutes": 0}});
        desk.send(("PUT", "/api/usage/quota"), &key, &nothing).await;
        assert!(buy(third).await.contains("/api/usage/quota"));
        assert_eq!((account.numbers().len(), left_open(db).await), (1, 0));
    })
    .await;
}

#[tokio::test]
async fn what_makes_no_sense_is_named_before_the_carrier_hears_of_it() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[NUMBER]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        for (field, value) in [
            ("phone_number", json!("5105550101")),
            ("label", json!("")),
            ("label", json!("x".repeat(65))),
            ("receptionist_id", json!("rec_1")),
            ("receptionist_id", json!("rec_01J00000000000000000000000")),
            ("price", json!(1)),
        ] {
            let mut new = json!({"phone_number": NUMBER});
            new[field] = value;
            let refused = desk.send(BUY, &key, &new).await;
            assert_eq!(refused.status, 422, "{field}");
            let fault = refused.problem()["errors"][0].to_string();
            assert!(fault.contains(field), "{fault}");
        }
        assert_eq!(account.exchanges(), []);
        let (_, developer) = desk.member(tenant, Role::Developer).await;
        let new = json!({"phone_number": NUMBER});
        assert_eq!(desk.send(BUY, &developer, &new).await.status, 403);
        assert_eq!(desk.get("/api/numbers", &developer).await.status, 200);
    })
    .await;
}

/// The one number of the account has our webhooks, and its label.
fn assert_rings_here(account: &RestAccount) {
    let [owned] = account.numbers().try_into().unwrap();
    let hooks = "https://desk.example.com/api/voice/webhooks";
    for (name, value) in [
        ("FriendlyName", "Front door".to_owned()),
        ("VoiceUrl", format!("{hooks}/twiml/inbound")),
        ("VoiceFallbackUrl", format!("{hooks}/fallback")),
        ("StatusCallback", format!("{hooks}/status")),
        ("VoiceMethod", "POST".to_owned()),
    ] {
        assert_eq!(owned.setting(name), Some(value.as_str()), "{name}");
    }
}

/// The admin interface of a house whose carrier is this account.
fn path(phone_number: &str) -> String {
    format!("/api/numbers/{phone_number}")
}

async fn receptionist(desk: &Desk, tenant: TenantId) -> ReceptionistId {
    let id = desk.clock.new_id();
    let who: Receptionist = default_receptionist(tenant, id);
    let inserted = receptionists::insert(&desk.store, &who, desk.clock.now()).await;
    inserted.expect("the receptionist is new");
    id
}

/// Purchases that may have happened.
async fn left_open(db: &Database) -> i64 {
    db.number("SELECT COUNT(*) FROM number_purchases").await
}

//! Calls that we make: allowed, written down, asked for once, and looked up when the answer is lost.

use frontdesk::domain::{
    Capabilities, Contact, ContactId, Number, Pii, QueueId, ReceptionistId, Role, TenantId, User,
    UserId,
};
use frontdesk::rehearsal::rest::RestFault;
use frontdesk::store::receptionist_versions::{Publication, publish};
use frontdesk::store::{contacts, default_receptionist, numbers, receptionists, users};
use futures::future::join_all;
use serde_json::{Value, json};

use super::desk::{Answer, Desk};
use super::live::Events;
use crate::support::database::on_each_database;
use crate::support::rest_account::RestAccount;

const PLACE: (&str, &str) = ("POST", "/api/calls/outbound");
const POLICY: &str = "/api/calls/outbound/policy";
const OURS: &str = "+12025550100";
const THEIRS: &str = "+12025550123";
const OTHERS: &str = "+12025550124";
const MEMBERS: &str = "+12025550131";
const LOST: RestFault = RestFault::AnswerLost;
const FAILED: RestFault = RestFault::Failure(500);

/// A tenant with a number, a receptionist, and a policy for the United States.
struct Office<'a> {
    desk: &'a Desk,
    tenant: TenantId,
    key: String,
    receptionist: ReceptionistId,
}

impl<'a> Office<'a> {
    async fn open(desk: &'a Desk, account: &RestAccount, name: &str, number: &str) -> Self {
        let (tenant, key) = desk.tenant(name).await;
        account.own(number);
        let number = Number::new(
            desk.clock.new_id(),
            tenant,
            number.parse().unwrap(),
            desk.clock.now(),
        );
        numbers::insert(&desk.store, &number).await.unwrap();
        let id = desk.clock.new_id();
        let who = default_receptionist(tenant, id);
        let now = desk.clock.now();
        receptionists::insert(&desk.store, &who, now).await.unwrap();
        let publication = Publication::by_the_house(now);
        publish(&desk.store, tenant, id, &publication)
            .await
            .unwrap();
        let office = Self {
            desk,
            tenant,
            key,
            receptionist: id,
        };
        office.allow(json!({"countries": ["US"]})).await;
        office
    }

    async fn allow(&self, policy: Value) {
        self.desk.clock.advance_ms(1);
        let answer = self.desk.send(("PUT", POLICY), &self.key, &policy).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.desk.clock.advance_ms(1);
    }

    fn body(&self) -> Value {
        json!({"to": THEIRS, "receptionist_id": self.receptionist.to_string()})
    }

    async fn place(&self, body: &Value) -> Answer {
        self.desk.send(PLACE, &self.key, body).await
    }

    /// A member with a telephone.
    async fn member(&self, role: Role, number: &str) -> (UserId, String) {
        let (id, token) = self.desk.member(self.tenant, role).await;
        let found = users::find(&self.desk.store, self.tenant, id).await;
        let user = User {
            phone_number: Some(number.parse().unwrap()),
            ..found.unwrap().unwrap()
        };
        let now = self.desk.clock.now();
        // The last owner stays one.
        users::update(&self.desk.store, &user, now).await.unwrap();
        (id, token)
    }

    async fn contact(&self) -> ContactId {
        let contact = Contact {
            id: self.desk.clock.new_id(),
            tenant_id: self.tenant,
            name: Pii::new("Ada".to_owned()),
            numbers: vec![OTHERS.parse().unwrap()],
            email: None,
            company: None,
            notes: None,
            is_vip: false,
            is_blocked: false,
            language: None,
            tags: std::collections::BTreeSet::new(),
            created_at: self.desk.clock.now(),
        };
        contacts::insert(&self.desk.store, &contact).await.unwrap();
        contact.id
    }

    async fn queue(&self, member: UserId) -> QueueId {
        let body = json!({"name": "Sales", "members": [member.to_string()]});
        let made = self
            .desk
            .send(("POST", "/api/queues"), &self.key, &body)
            .await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.json()["id"].as_str().unwrap().parse().unwrap()
    }
}

/// What the account was told of its newest call, by the name of a parameter.
fn told(account: &RestAccount, name: &str) -> Vec<String> {
    let call = account.calls().pop().expect("there is a call");
    let pairs = call.told[0].iter().filter(|(key, _)| key == name);
    pairs.map(|(_, value)| value.clone()).collect()
}

#[tokio::test]
async fn a_receptionist_calls_somebody_and_the_log_has_all_that_was_asked_for() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let office = Office::open(&desk, &account, "A", OURS).await;
        let contact = office.contact().await;
        let mut body = office.body();
        body["record"] = json!(true);
        body["transcribe"] = json!(false);
        body["timeout"] = json!(25);
        body["metadata"] = json!({"order": "A-1001"});
        body["contact_id"] = json!(contact.to_string());
        let made = office.place(&body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let made = made.json();
        for (field, value) in [
            ("direction", json!("outbound")),
            ("from", json!(OURS)),
            ("to", json!(THEIRS)),
            ("status", json!("queued")),
            ("outcome", json!("open")),
            ("receptionist_id", json!(office.receptionist.to_string())),
            ("user_id", Value::Null),
            ("record", json!(true)),
            ("transcribe", json!(false)),
            ("metadata", json!({"order": "A-1001"})),
            ("call_sid", json!(account.calls()[0].sid)),
        ] {
            assert_eq!(made[field], value, "{field}");
        }
        assert_eq!(made["contact"]["id"], contact.to_string());
        let id = made["id"].as_str().unwrap();
        assert_asked(&account, id);
        let shown = desk
            .get(&format!("/api/calls/{id}"), &office.key)
            .await
            .json();
        assert_eq!(shown["metadata"], made["metadata"]);
        let audit = desk.get("/api/audit", &office.key).await.json();
        assert_eq!(audit["data"][0]["action"], "call.placed");
        assert_eq!(audit["data"][0]["object"], id);
        // One number is not called twice at one time.
        let again = office.place(&office.body()).await;
        assert_eq!(again.problem()["type"], "/problems/conflict");
        assert_eq!(account.calls().len(), 1);
    })
    .await;
}

/// The account was asked for this call, with all our webhooks.
fn assert_asked(account: &RestAccount, id: &str) {
    let hooks = "https://desk.example.com/api/voice/webhooks";
    for (name, values) in [
        ("To", vec![THEIRS.to_owned()]),
        ("From", vec![OURS.to_owned()]),
        ("Url", vec![format!("{hooks}/twiml/outbound?call={id}")]),
        ("StatusCallback", vec![format!("{hooks}/status?call={id}")]),
        ("FallbackUrl", vec![format!("{hooks}/fallback")]),
        ("Timeout", vec!["25".to_owned()]),
        ("TimeLimit", vec!["1800".to_owned()]),
        (
            "StatusCallbackEvent",
            ["initiated", "ringing", "answered", "completed"]
                .map(str::to_owned)
                .into(),
        ),
    ] {
        assert_eq!(told(account, name), values, "{name}");
    }
}

#[tokio::test]
async fn a_member_s_own_telephone_is_rung_first() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let office = Office::open(&desk, &account, "A", OURS).await;
        let (ada, token) = office.member(Role::Agent, MEMBERS).await;
        let (bob, _) = office.member(Role::Agent, OTHERS).await;
        let (nobody, _) = desk.member(office.tenant, Role::Agent).await;
        let body = |user: UserId| json!({"to": THEIRS, "user_id": user.to_string()});
        let others = desk.send(PLACE, &token, &body(bob)).await;
        assert_eq!(others.status, 422, "an agent has only their own rung");
        let mut told_live = Events::of(&desk, &token, None).await;
        let made = desk.send(PLACE, &token, &body(ada)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let made = made.json();
        let (kind, _, data) = told_live.next().await.unwrap();
        assert_eq!(
            (kind.as_str(), &data["call_id"]),
            ("call.placed", &made["id"])
        );
        assert_eq!(data["detail"], json!({"user_id": ada.to_string()}));
        assert_eq!(
            (&made["to"], &made["user_id"]),
            (&json!(THEIRS), &json!(ada.to_string()))
        );
        assert_eq!(told(&account, "To"), [MEMBERS]);
        assert_eq!(told(&account, "TimeLimit"), ["1800"]);
        let silent = office.place(&body(nobody)).await;
        let detail = silent.problem()["detail"].clone();
        assert_eq!(detail, "the member has no telephone number");
        // Whoever has it made by a receptionist sees it too.
        let own = json!({"to": OTHERS, "receptionist_id": office.receptionist.to_string()});
        let made = desk.send(PLACE, &token, &own).await.json();
        let path = format!("/api/calls/{}", made["id"].as_str().unwrap());
        assert_eq!(desk.get(&path, &token).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn a_number_that_was_not_named_is_the_only_one_whoever_has_however_many() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let office = Office::open(&desk, &account, "A", OURS).await;
        let ours = OURS.parse().unwrap();
        let own = numbers::find_of_tenant(&desk.store, office.tenant, &ours);
        let own = Number {
            receptionist_id: Some(office.receptionist),
            ..own.await.unwrap().unwrap()
        };
        assert!(numbers::update(&desk.store, &own).await.unwrap());
        let more = async |voice: bool, first: u32| {
            for n in first..first + 60 {
                desk.clock.advance_ms(1);
                let (id, at) = (desk.clock.new_id(), desk.clock.now());
                let phone_number = format!("+1202555{n:04}").parse().unwrap();
                let number = Number {
                    capabilities: Some(Capabilities {
                        voice,
                        sms: true,
                        mms: false,
                    }),
                    ..Number::new(id, office.tenant, phone_number, at)
                };
                numbers::insert(&desk.store, &number).await.unwrap();
            }
        };
        more(false, 1_000).await;
        let made = office.place(&office.body()).await;
        assert_eq!(made.status, 201, "{}", made.body);
        assert_eq!(made.json()["from"], OURS, "the others only write");
        more(true, 2_000).await;
        let body = json!({"to": OTHERS, "receptionist_id": office.receptionist.to_string()});
        let made = office.place(&body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        assert_eq!(
            made.json()["from"],
            OURS,
            "the receptionist answers no other"
        );
        let (ada, _) = office.member(Role::Agent, MEMBERS).await;
        let refused = office
            .place(&json!({"to": "+12025550125", "user_id": ada.to_string()}))
            .await;
        assert_eq!(refused.problem()["errors"][0]["pointer"], "#/from");
    })
    .await;
}

#[tokio::test]
async fn i11_the_policy_is_asked_before_anybody_is_rung_and_refusals_are_written_down() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let office = Office::open(&desk, &account, "A", OURS).await;
        let to = |number: &str| json!({"to": number, "receptionist_id": office.receptionist.to_string()});
        for (number, status, code) in [
            ("+4930901820", 422, "country_not_allowed"),
            ("+19002345678", 422, "kind_not_allowed"),
            ("+8816123456789", 422, "kind_not_allowed"),
            ("+15550100001", 422, "unknown_number"),
            ("+911", 422, "emergency"),
            ("+1911", 422, "emergency"),
        ] {
            let refused = office.place(&to(number)).await;
            assert_eq!(refused.status, status, "{number}: {}", refused.body);
            let problem = refused.problem();
            assert_eq!(problem["type"], "/problems/policy-refused");
            assert_eq!(problem["code"], code, "{number}");
            let audit = desk.get("/api/audit?limit=1", &office.key).await.json();
            let entry = &audit["data"][0];
            assert_eq!((&entry["action"], &entry["object"]), (&json!("call.refused"), &json!(code)));
            desk.clock.advance_ms(1);
        }
        office.allow(json!({"countries": ["US"], "hours": "20:00-21:00"})).await;
        let early = office.place(&office.body()).await;
        assert_eq!((early.status.as_u16(), &early.problem()["code"]), (409, &json!("outside_hours")));
        office.allow(json!({})).await;
        let closed = office.place(&office.body()).await;
        assert_eq!(closed.problem()["code"], "country_not_allowed", "nothing is allowed at first");
        assert_eq!(account.exchanges(), [], "the carrier heard of none of it");
        let calls = db.number("SELECT COUNT(*) FROM calls").await;
        assert_eq!((calls, db.number("SELECT COUNT(*) FROM dials").await), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn i11_the_last_place_is_taken_once_however_many_ask() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let office = Office::open(&desk, &account, "A", OURS).await;
        office
            .allow(json!({"countries": ["US"], "max_calls_at_once": 2}))
            .await;
        let bodies: Vec<_> = (0..6)
            .map(|n| {
                json!({"to": format!("+1202555014{n}"),
                "receptionist_id": office.receptionist.to_string()})
            })
            .collect();
        let answers = join_all(bodies.iter().map(|body| office.place(body))).await;
        let made = answers.iter().filter(|one| one.status == 201).count();
        assert_eq!((made, account.calls().len()), (2, 2));
        let others = answers.iter().filter(|one| one.status != 201);
        for refused in others {
            assert_eq!(refused.problem()["code"], "too_many_at_once");
        }
        // Once one is over there is a place again.
        db.execute(
            "UPDATE calls SET outcome = 'ai', ended_at_ms = 1 WHERE to_party = \
            (SELECT MIN(to_party) FROM calls)",
        )
        .await;
        let next = json!({"to": "+12025550150",
            "receptionist_id": office.receptionist.to_string()});
        assert_eq!(office.place(&next).await.status, 201);
    })
    .await;
}

#[tokio::test]
async fn a_call_that_a_member_places_lasts_as_long_as_is_set_for_them() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let office = Office::open(&desk, &account, "A", OURS).await;
        let (ada, token) = office.member(Role::Agent, MEMBERS).await;
        let path = format!("/api/users/{ada}/settings/max_call_duration_seconds");
        let most = json!({"value": 600});
        let set = desk.send(("PUT", &path), &office.key, &most).await;
        assert_eq!(set.status, 200, "{}", set.body);
        let body = json!({"to": THEIRS, "user_id": ada.to_string()});
        let made = desk.send(PLACE, &token, &body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        assert_eq!(told(&account, "TimeLimit"), ["600"]);
        let body = json!({"to": OTHERS, "receptionist_id": office.receptionist.to_string()});
        assert_eq!(office.place(&body).await.status, 201);
        assert_eq!(
            told(&account, "TimeLimit"),
            ["1800"],
            "others have the tenant's"
        );
    })
    .await;
}

#[tokio::test]
async fn a_call_of_which_what_is_wanted_cannot_be_had_is_not_placed() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let office = Office::open(&desk, &account, "A", OURS).await;
        for (wish, key, no, yes) in [
            ("record", "enable_call_recording", json!(false), json!(true)),
            (
                "transcribe",
                "transcription_provider",
                json!("carrier"),
                json!("openai"),
            ),
            (
                "transcribe",
                "enable_ai_transcription",
                json!(false),
                json!(true),
            ),
        ] {
            let set = async |value: &Value| {
                let path = format!("/api/settings/{key}");
                let value = json!({"value": value});
                let set = desk.send(("PUT", &path), &office.key, &value).await;
                assert_eq!(set.status, 200, "{}", set.body);
            };
            set(&no).await;
            let mut body = office.body();
            body[wish] = json!(true);
            let refused = office.place(&body).await;
            assert_eq!(refused.status, 409, "{}", refused.body);
            let detail = refused.problem()["detail"].to_string();
            assert!(detail.contains(key), "{detail}");
            set(&yes).await;
        }
        assert_eq!(account.calls().len(), 0);
        let mut body = office.body();
        (body["record"], body["transcribe"]) = (json!(true), json!(true));
        assert_eq!(office.place(&body).await.status, 201);
    })
    .await;
}

#[tokio::test]
async fn a_member_s_call_that_is_to_be_recorded_takes_a_number_that_asks_nobody() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let office = Office::open(&desk, &account, "A", OURS).await;
        let (ada, _) = office.member(Role::Agent, MEMBERS).await;
        let place = async |record: Value, transcribe: Value| {
            let body = json!({"to": THEIRS, "user_id": ada.to_string(), "record": record,
                "transcribe": transcribe});
            let answer = office.place(&body).await;
            let detail = (answer.status != 201).then(|| {
                assert_eq!(answer.status, 409, "{}", answer.body);
                answer.problem()["detail"].to_string()
            });
            db.execute("DELETE FROM calls").await;
            detail
        };
        let (yes, no, unsaid) = (json!(true), json!(false), Value::Null);
        for policy in ["announce", "stay_on_line", "verbal", "keypress"] {
            consent(&office, policy).await;
            for (record, transcribe) in [(&yes, &unsaid), (&unsaid, &yes), (&no, &yes)] {
                let why = place(record.clone(), transcribe.clone()).await;
                assert!(why.is_some_and(|why| why.contains("recording_consent")));
            }
        }
        assert_eq!(account.calls().len(), 0, "nobody was rung");
        assert_eq!(place(unsaid.clone(), unsaid.clone()).await, None);
        assert_eq!(place(no.clone(), no.clone()).await, None);
        // A receptionist asks whom they call.
        assert_eq!(
            office.place(&with(office.body(), "record")).await.status,
            201
        );
        db.execute("DELETE FROM calls").await;

        consent(&office, "none").await;
        for (record, transcribe) in [(&yes, &unsaid), (&yes, &yes), (&unsaid, &yes)] {
            assert_eq!(place(record.clone(), transcribe.clone()).await, None);
        }
        let unheard = place(no, yes).await;
        assert!(unheard.is_some_and(|why| why.contains("not recorded")));
    })
    .await;
}

/// How those are asked whom the number connects.
async fn consent(office: &Office<'_>, policy: &str) {
    let path = format!("/api/numbers/{OURS}");
    let policy = json!({"recording_consent": policy});
    let set = office
        .desk
        .send(("PATCH", &path), &office.key, &policy)
        .await;
    assert_eq!(set.status, 200, "{}", set.body);
}

fn with(mut body: Value, wish: &str) -> Value {
    body[wish] = json!(true);
    body
}

#[tokio::test]
async fn i11_calls_are_counted_by_hour_and_day_and_by_what_they_may_cost() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let office = Office::open(&desk, &account, "A", OURS).await;
        let over = "UPDATE calls SET outcome = 'missed', ended_at_ms = created_at_ms";
        let call = async |n: u32| {
            let body = json!({"to": format!("+1202555015{n}"),
                "receptionist_id": office.receptionist.to_string()});
            let answer = office.place(&body).await;
            let code = (answer.status != 201).then(|| answer.problem()["code"].clone());
            db.execute(over).await;
            code
        };
        office
            .allow(json!({"countries": ["US"], "max_calls_per_hour": 2, "max_calls_per_day": 3}))
            .await;
        assert_eq!((call(0).await, call(1).await), (None, None));
        assert_eq!(call(2).await, Some(json!("hourly_limit")));
        desk.clock.advance_ms(3_600_000);
        assert_eq!(call(3).await, None);
        assert_eq!(call(4).await, Some(json!("daily_limit")));
        // Who deletes calls wins no new ones.
        db.execute("DELETE FROM calls").await;
        assert_eq!(call(5).await, Some(json!("daily_limit")));
        desk.clock.advance_ms(24 * 3_600_000);
        // Ten minutes at ten cents: a dollar is reserved for each.
        let budget = json!({"countries": ["US"], "max_duration_seconds": 600,
            "minute_price_micros": 100_000, "daily_budget_micros": 1_150_000});
        office.allow(budget).await;
        let two = json!({"to": "+12025550160", "receptionist_id": office.receptionist.to_string()});
        assert_eq!(office.place(&two).await.status, 201);
        assert_eq!(told(&account, "TimeLimit"), ["600"]);
        let broke =
            json!({"to": "+12025550161", "receptionist_id": office.receptionist.to_string()});
        assert_eq!(office.place(&broke).await.problem()["code"], "budget_spent");
        // It lasted 61 s, which is two minutes; less than a dollar is left.
        db.execute("UPDATE calls SET outcome = 'ai', duration_s = 61, ended_at_ms = 1")
            .await;
        assert_eq!(office.place(&broke).await.problem()["code"], "budget_spent");
        db.execute("UPDATE calls SET duration_s = 60").await;
        assert_eq!(office.place(&broke).await.status, 201);
    })
    .await;
}

#[tokio::test]
async fn w6_what_the_carrier_refuses_is_over_and_may_be_asked_for_again() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let office = Office::open(&desk, &account, "A", OURS).await;
        let retry_after = Some(120);
        for (fault, status, kind) in [
            (RestFault::Busy { retry_after }, 503, "carrier-busy"),
            (RestFault::Failure(400), 422, "carrier-refused"),
        ] {
            account.fail_next([fault]);
            let refused = office.place(&office.body()).await;
            assert_eq!(refused.status, status, "{}", refused.body);
            assert_eq!(refused.problem()["type"], format!("/problems/{kind}"));
        }
        assert_eq!(account.calls().len(), 0);
        let log = desk.get("/api/calls/log", &office.key).await.json();
        for call in log["data"].as_array().unwrap() {
            assert_eq!(
                (&call["status"], &call["outcome"]),
                (&json!("failed"), &json!("failed"))
            );
            assert_eq!(call["call_sid"], Value::Null, "the carrier never named it");
        }
        assert_eq!(office.place(&office.body()).await.status, 201);
        // Without an account nothing is written down at all.
        let without = Desk::on(db);
        let body = json!({"to": OTHERS, "receptionist_id": office.receptionist.to_string()});
        let refused = without.send(PLACE, &office.key, &body).await;
        assert_eq!(refused.problem()["type"], "/problems/not-configured");
        assert_eq!(db.number("SELECT COUNT(*) FROM calls").await, 3);
    })
    .await;
}

#[tokio::test]
async fn w7_a_call_whose_answer_was_lost_is_looked_up_and_nobody_is_rung_twice() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let office = Office::open(&desk, &account, "A", OURS).await;
        account.fail_next([LOST]);
        let made = office.place(&office.body()).await;
        assert_eq!(made.status, 201, "{}", made.body);
        assert_eq!(made.json()["call_sid"], account.calls()[0].sid);
        assert_eq!(account.asked(), ["POST Calls", "GET Calls"]);

        // It happens, and neither the answer nor the look-up comes through.
        let body = json!({"to": OTHERS, "receptionist_id": office.receptionist.to_string()});
        account.fail_next([LOST, FAILED, FAILED, FAILED, FAILED]);
        let lost = desk.send_named(PLACE, &office.key, &["one"], &body).await;
        assert_eq!(lost.problem()["type"], "/problems/outcome-unknown");
        assert_eq!(account.calls().len(), 2);
        let found = desk.send_named(PLACE, &office.key, &["one"], &body).await;
        assert_eq!(found.status, 201, "{}", found.body);
        assert_eq!(found.json()["call_sid"], account.calls()[1].sid);
        let again = desk.send_named(PLACE, &office.key, &["one"], &body).await;
        assert_eq!(again.body, found.body);
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(account.calls().len(), 2);
        assert_eq!(db.number("SELECT COUNT(*) FROM calls").await, 2);
    })
    .await;
}

#[tokio::test]
async fn w7_a_call_that_may_have_happened_is_not_made_again_before_that_is_sure() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let office = Office::open(&desk, &account, "A", OURS).await;
        account.fail_next([FAILED]);
        let lost = office.place(&office.body()).await;
        assert_eq!(lost.problem()["type"], "/problems/outcome-unknown");
        let early = office.place(&office.body()).await;
        assert_eq!(early.problem()["type"], "/problems/outcome-unknown");
        assert_eq!(account.calls().len(), 0);
        desk.clock.advance_ms(61_000);
        let made = office.place(&office.body()).await;
        assert_eq!(made.status, 201, "{}", made.body);
        assert_eq!(account.calls().len(), 1);
        let failed = db
            .number("SELECT COUNT(*) FROM calls WHERE status = 'failed'")
            .await;
        assert_eq!(failed, 1);
        // Nobody lived to see the answer of this one.
        let body = json!({"to": OTHERS, "receptionist_id": office.receptionist.to_string()});
        assert_eq!(office.place(&body).await.status, 201);
        db.execute("UPDATE outbound_calls SET standing = 'asking'")
            .await;
        db.execute("UPDATE calls SET call_sid = id WHERE outcome = 'open'")
            .await;
        let busy = office.place(&body).await;
        assert_eq!(busy.problem()["type"], "/problems/in-flight");
        desk.clock.advance_ms(120_000);
        let found = office.place(&body).await;
        assert_eq!(found.status, 201, "{}", found.body);
        assert_eq!(account.calls().len(), 2);
        let other = json!({"to": THEIRS, "receptionist_id": office.receptionist.to_string(),
            "user_id": null});
        let taken_up = office.place(&other).await;
        assert_eq!(taken_up.status, 201, "{}", taken_up.body);
        assert_eq!(account.calls().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_call_that_the_carrier_never_named_is_given_up() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let office = Office::open(&desk, &account, "A", OURS).await;
        account.fail_next([FAILED]);
        office.place(&office.body()).await;
        let live = desk.get("/api/calls/live", &office.key).await.json();
        assert_eq!(live["data"].as_array().unwrap().len(), 1);
        desk.clock.advance_ms(15 * 60_000);
        let other = json!({"to": OTHERS, "receptionist_id": office.receptionist.to_string()});
        assert_eq!(office.place(&other).await.status, 201);
        let live = desk.get("/api/calls/live", &office.key).await.json();
        assert_eq!(live["data"][0]["to"], OTHERS);
        assert_eq!(live["data"].as_array().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn w1_many_who_ask_for_the_same_at_once_ring_once() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let office = Office::open(&desk, &account, "A", OURS).await;
        let body = office.body();
        let answers = join_all((0..5).map(|_| office.place(&body))).await;
        let made = answers.iter().filter(|one| one.status == 201).count();
        assert_eq!((made, account.calls().len()), (1, 1));
        assert!(
            answers
                .iter()
                .all(|one| one.status == 201 || one.status == 409)
        );
    })
    .await;
}

#[tokio::test]
async fn i9_nothing_of_another_tenant_can_be_named() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let office = Office::open(&desk, &account, "A", OURS).await;
        let other = Office::open(&desk, &account, "B", "+12025550109").await;
        let (user, _) = other.member(Role::Agent, MEMBERS).await;
        let contact = other.contact().await;
        let who = office.receptionist.to_string();
        for (body, field) in [
            (
                json!({"to": THEIRS, "receptionist_id": other.receptionist.to_string()}),
                "receptionist_id",
            ),
            (
                json!({"to": THEIRS, "user_id": user.to_string()}),
                "user_id",
            ),
            (
                json!({"to": THEIRS, "receptionist_id": who, "contact_id": contact.to_string()}),
                "contact_id",
            ),
            (
                json!({"to": THEIRS, "receptionist_id": who, "from": "+12025550109"}),
                "from",
            ),
            (json!({"to": OURS, "receptionist_id": who}), "to"),
            (
                json!({"to": THEIRS, "receptionist_id": who, "user_id": user.to_string()}),
                "user_id",
            ),
            (json!({"to": "2025550123", "receptionist_id": who}), "to"),
            (json!({"to": THEIRS, "timeout": 4}), "timeout"),
            (json!({"to": THEIRS, "metadata": {"a": 1}}), "metadata"),
            (json!({"to": THEIRS, "metadata": {"": "x"}}), "metadata"),
            (
                json!({"to": THEIRS, "metadata": {"a": "x".repeat(501)}}),
                "metadata",
            ),
            (json!({"to": THEIRS, "color": "red"}), "color"),
        ] {
            let refused = office.place(&body).await;
            assert_eq!(refused.status, 422, "{body}: {}", refused.body);
            let fault = refused.problem()["errors"][0].to_string();
            assert!(fault.contains(field), "{body}: {fault}");
        }
        let nobody = office.place(&json!({"to": THEIRS})).await;
        assert_eq!(
            nobody.problem()["detail"],
            "you have no default receptionist"
        );
        assert_eq!(account.exchanges(), []);
    })
    .await;
}

#[tokio::test]
async fn i9_what_one_tenant_uses_up_is_not_missed_by_another() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let office = Office::open(&desk, &account, "A", OURS).await;
        let other = Office::open(&desk, &account, "B", "+12025550109").await;
        office
            .allow(json!({"countries": ["US"], "max_calls_at_once": 1}))
            .await;
        other
            .allow(json!({"countries": ["US"], "max_calls_at_once": 1}))
            .await;
        assert_eq!(office.place(&office.body()).await.status, 201);
        assert_eq!(other.place(&other.body()).await.status, 201);
    })
    .await;
}

#[tokio::test]
async fn a_member_of_a_queue_is_rung_for_its_next_caller() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let office = Office::open(&desk, &account, "A", OURS).await;
        // Whoever works here is rung wherever they are.
        office.allow(json!({"countries": []})).await;
        let (ada, token) = office.member(Role::Agent, MEMBERS).await;
        let (bob, _) = office.member(Role::Agent, OTHERS).await;
        let queue = office.queue(ada).await;
        let path = format!("/api/queues/{queue}/call-next");
        let stranger = json!({"user_id": bob.to_string()});
        let refused = desk.send(("POST", &path), &office.key, &stranger).await;
        assert_eq!(refused.problem()["errors"][0]["pointer"], "#/user_id");
        let refused = desk.send(("POST", &path), &office.key, &json!({})).await;
        assert_eq!(refused.problem()["errors"][0]["pointer"], "#/user_id");
        let made = desk.send(("POST", &path), &token, &json!({})).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let answer =
            format!("https://desk.example.com/api/voice/webhooks/queue/{queue}/answer?call={id}");
        assert_eq!(told(&account, "Url"), [answer]);
        assert_eq!(
            (told(&account, "To"), told(&account, "From")),
            (vec![MEMBERS.to_owned()], vec![OURS.to_owned()])
        );
        // But not at any price.
        let dear = "UPDATE users SET phone_number = '+19002345678'";
        db.execute(dear).await;
        let refused = desk.send(("POST", &path), &token, &json!({})).await;
        assert_eq!(refused.problem()["code"], "kind_not_allowed");
        assert_eq!(account.calls().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_policy_is_read_by_some_and_written_by_fewer_and_what_makes_no_sense_is_named() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        let first = desk.get(POLICY, &key).await.json();
        assert_eq!(first["countries"], json!([]));
        let policy = json!({"countries": ["US", "DE"], "allowed_prefixes": ["+4420"],
            "special_kinds": ["premium"], "hours": "09:00-20:00", "max_calls_per_hour": 5});
        let put = desk.send(("PUT", POLICY), &key, &policy).await.json();
        assert_eq!(put["max_calls_per_day"], first["max_calls_per_day"]);
        assert_eq!(put["countries"], json!(["DE", "US"]));
        assert_eq!(desk.get(POLICY, &key).await.json(), put);
        let again = desk.send(("PUT", POLICY), &key, &put).await.json();
        assert_eq!(again, put, "what is read can be written");
        for (field, value) in [
            ("countries", json!(["UK"])),
            ("countries", json!(["us"])),
            ("allowed_prefixes", json!(["4930"])),
            ("denied_prefixes", json!(["+0"])),
            ("special_kinds", json!(["emergency"])),
            ("hours", json!("9-20")),
            ("max_calls_at_once", json!(-1)),
            ("max_duration_seconds", json!(59)),
            ("daily_budget_micros", json!(1.5)),
            ("minute_price_micros", json!(0)),
            ("emergency", json!(true)),
        ] {
            let mut policy = json!({});
            policy[field] = value;
            let refused = desk.send(("PUT", POLICY), &key, &policy).await;
            assert_eq!(refused.status, 422, "{field}: {}", refused.body);
            let fault = refused.problem()["errors"][0].to_string();
            assert!(fault.contains(field), "{fault}");
        }
        let (_, agent) = desk.member(tenant, Role::Agent).await;
        let (_, admin) = desk.member(tenant, Role::Admin).await;
        assert_eq!(desk.get(POLICY, &agent).await.status, 403);
        assert_eq!(desk.get(POLICY, &admin).await.status, 200);
        let refused = desk.send(("PUT", POLICY), &admin, &json!({})).await;
        assert_eq!(refused.status, 403, "who answers for the money decides");
    })
    .await;
}

#[tokio::test]
async fn i11_no_plan_sends_callers_to_a_number_that_is_dear() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let office = Office::open(&desk, &account, "A", OURS).await;
        let path = format!("/api/numbers/{OURS}/routing");
        let forward = |number: &str| json!({"forward": {"name": "x", "phone_number": number}});
        for number in ["+19002345678", "+911", "+8816123456789", "+448431234567"] {
            for (plan, pointer) in [
                (
                    json!({"open": forward(number)}),
                    "#/open/forward/phone_number",
                ),
                (
                    json!({"open": forward(THEIRS), "fallback": [forward(number)]}),
                    "#/fallback/0/forward/phone_number",
                ),
                (
                    json!({"open": forward(THEIRS),
                    "rules": [{"name": "x", "then": {"go": forward(number)}}]}),
                    "#/rules/0/then/go/forward/phone_number",
                ),
            ] {
                let refused = desk.send(("PUT", &path), &office.key, &plan).await;
                assert_eq!(refused.status, 422, "{number}: {}", refused.body);
                assert_eq!(refused.problem()["errors"][0]["pointer"], pointer);
            }
        }
        // Nor to a country that nobody has chosen, nor back to where they rang.
        for (number, why) in [("+4930901820", "country"), (OURS, "comes back here")] {
            let plan = json!({"open": forward(number)});
            let refused = desk.send(("PUT", &path), &office.key, &plan).await;
            assert_eq!(refused.status, 422, "{}", refused.body);
            let errors = &refused.problem()["errors"];
            assert_eq!(errors[0]["pointer"], "#/open/forward/phone_number");
            assert!(
                errors[0]["detail"].as_str().unwrap().contains(why),
                "{errors}"
            );
        }
        let policy = json!({"countries": ["US", "DE"]});
        desk.send(("PUT", POLICY), &office.key, &policy).await;
        let plan = json!({"open": forward("+4930901820")});
        let kept = desk.send(("PUT", &path), &office.key, &plan).await;
        assert_eq!(kept.status, 200, "{}", kept.body);
    })
    .await;
}

#[tokio::test]
async fn who_has_used_up_what_it_may_use_rings_nobody() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let office = Office::open(&desk, &account, "A", OURS).await;
        let quota = json!({"day": {"minutes": 0}});
        let set = desk
            .send(("PUT", "/api/usage/quota"), &office.key, &quota)
            .await;
        assert_eq!(set.status, 200, "{}", set.body);
        let body = json!({"to": THEIRS, "receptionist_id": office.receptionist.to_string()});
        let refused = desk.send(PLACE, &office.key, &body).await;
        assert_eq!(refused.status, 409, "{}", refused.body);
        assert_eq!(refused.problem()["code"], "quota_used_up");
        assert_eq!(account.calls().len(), 0);
    })
    .await;
}

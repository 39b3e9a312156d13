//! Calls that go on, handed to others: by the receptionist, or by the carrier.

use frontdesk::domain::{CallId, OpenState, Party, PhoneNumber, Purpose, Role, TenantId};
use frontdesk::rehearsal::rest::{RestCall, RestFault};
use frontdesk::routing::{Ring, RingStop, Route, Stop, Telephone};
use frontdesk::store::{call_routes, call_transfers, calls};
use futures::future::join_all;
use serde_json::{Value, json};

use super::desk::{Answer, Desk};
use crate::support::database::on_each_database;
use crate::support::rest_account::RestAccount;

const CA1: &str = "CA00000000000000000000000000000001";
const CA2: &str = "CA00000000000000000000000000000002";
const CA3: &str = "CA00000000000000000000000000000003";
const CA4: &str = "CA00000000000000000000000000000004";
const CA5: &str = "CA00000000000000000000000000000005";

const THEIRS: &str = "+12025550123";
const FAILED: RestFault = RestFault::Failure(500);

fn phone(text: &str) -> PhoneNumber {
    text.parse().unwrap()
}

fn telephones(number: &str) -> Stop {
    Stop::Ring(RingStop {
        telephones: vec![Telephone::outside(phone(number))],
        whose: Purpose::Member,
        is_in_turn: false,
        longest: None,
        is_warm: false,
        ring: Ring::default(),
    })
}

/// Where the call goes by itself: to a person, and then to an end.
async fn routed(desk: &Desk, tenant: TenantId, call: CallId) {
    let route = Route {
        open_state: OpenState::Open,
        stops: vec![telephones("+12025550160"), Stop::Apology],
        language: None,
        steps: Vec::new(),
    };
    let now = desk.clock.now();
    call_routes::insert(&desk.store, (tenant, call), &route, now)
        .await
        .unwrap();
}

async fn stops(desk: &Desk, tenant: TenantId, call: CallId) -> Vec<Stop> {
    let route = call_routes::find(&desk.store, tenant, call).await.unwrap();
    route.unwrap().stops
}

fn at_carrier(account: &RestAccount, sid: &str, status: &str) {
    account.put_call(RestCall::new(sid, ("+15550000001", "+15550000002"), status));
}

async fn transfer(desk: &Desk, key: &str, call: CallId, to: &Value) -> Answer {
    let path = format!("/api/calls/{call}/transfer");
    desk.send(("POST", &path), key, &json!({"to": to})).await
}

/// Where the carrier was told to lead its newest call, in order.
fn led_to(account: &RestAccount) -> Vec<String> {
    let call = account.calls().pop().unwrap();
    let told = call.told.iter().flatten();
    let urls = told.filter(|(name, _)| name == "Url");
    urls.map(|(_, url)| url.clone()).collect()
}

#[tokio::test]
async fn a_call_that_people_have_is_led_to_the_new_stop_by_the_carrier() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        let call = desk.call(tenant, CA1).await;
        routed(&desk, tenant, call).await;
        at_carrier(&account, CA1, "in-progress");
        let voicemail = json!({"voicemail": {"greeting": "Grüß Gott"}});
        let done = transfer(&desk, &key, call, &voicemail).await;
        assert_eq!(done.status, 204, "{}", done.body);
        let there = "https://desk.example.com/api/voice/webhooks/transferred?stop=2";
        assert_eq!(led_to(&account), [there]);
        let greeting = Some("Grüß Gott".to_owned());
        let kept = stops(&desk, tenant, call).await;
        assert_eq!(
            kept[2..],
            [Stop::Voicemail {
                greeting,
                user_id: None
            }]
        );
        let audit = desk.get("/api/audit", &key).await.json();
        assert_eq!(audit["data"][0]["action"], "call.transferred");
        // One at a time, until the carrier has followed, or has had time to.
        let second = transfer(&desk, &key, call, &json!({"voicemail": {}})).await;
        let detail = second.problem()["detail"].clone();
        assert_eq!(
            (second.status.as_u16(), detail),
            (409, json!("a transfer of this call is under way"))
        );
        call_transfers::take(&desk.store, &CA1.parse().unwrap(), 2)
            .await
            .unwrap();
        let third = transfer(&desk, &key, call, &json!({"voicemail": {}})).await;
        assert_eq!(third.status, 204, "{}", third.body);
        assert_eq!(led_to(&account)[1], there.replace("=2", "=3"));
        desk.clock.advance_ms(60_001);
        let fourth = transfer(&desk, &key, call, &json!({"voicemail": {}})).await;
        assert_eq!(fourth.status, 204, "{}", fourth.body);
    })
    .await;
}

#[tokio::test]
async fn a_call_that_the_ai_has_is_handed_on_without_the_carrier() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let call = desk.admitted(tenant, CA1).await;
        let (ada, _) = desk.member(tenant, Role::Agent).await;
        db.execute("UPDATE users SET phone_number = '+12025550131'")
            .await;
        routed(&desk, tenant, call).await;
        let done = transfer(&desk, &key, call, &json!({"user_id": ada.to_string()})).await;
        assert_eq!(done.status, 204, "{}", done.body);
        let sid = CA1.parse().unwrap();
        let handover = desk.bridge.handover(&sid).expect("the bridge remembers it");
        assert_eq!(handover.first, 2);
        let kept = stops(&desk, tenant, call).await;
        assert_eq!(kept[2..], handover.stops);
        let Stop::Ring(ring) = &handover.stops[0] else {
            panic!("{handover:?}");
        };
        assert_eq!(
            ring.telephones,
            [Telephone::of_member(phone("+12025550131"), ada)]
        );
        assert_eq!(handover.stops.last(), Some(&Stop::VOICEMAIL));
        // The call itself goes on.
        while desk.bridge.has(&sid) {
            tokio::task::yield_now().await;
        }
        let written = async {
            while calls::find(&desk.store, tenant, call)
                .await
                .unwrap()
                .unwrap()
                .end_reason
                .is_none()
            {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(5), written)
            .await
            .unwrap();
        let shown = desk.get(&format!("/api/calls/{call}"), &key).await.json();
        assert_eq!(
            (&shown["end_reason"], &shown["outcome"]),
            (&json!("transferred"), &json!("open"))
        );
        // Without an account nobody can hand it on a second time.
        let second = transfer(&desk, &key, call, &json!({"voicemail": {}})).await;
        assert_eq!(second.status, 409, "{}", second.body);
    })
    .await;
}

#[tokio::test]
async fn i11_a_number_outside_goes_through_the_gate() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        let call = desk.call(tenant, CA1).await;
        routed(&desk, tenant, call).await;
        at_carrier(&account, CA1, "in-progress");
        let outside = json!({"phone_number": THEIRS});
        let refused = transfer(&desk, &key, call, &outside).await;
        assert_eq!(refused.problem()["code"], "country_not_allowed");
        let policy = json!({"countries": ["US"], "max_duration_seconds": 600});
        desk.send(("PUT", "/api/calls/outbound/policy"), &key, &policy)
            .await;
        for (number, code) in [
            ("+19002345678", "kind_not_allowed"),
            ("+911", "emergency"),
            ("+4930901820", "country_not_allowed"),
        ] {
            let refused = transfer(&desk, &key, call, &json!({"phone_number": number})).await;
            assert_eq!(refused.problem()["code"], code);
        }
        assert_eq!(
            stops(&desk, tenant, call).await.len(),
            2,
            "nothing of it was kept"
        );
        assert_eq!(account.exchanges(), []);
        let done = transfer(&desk, &key, call, &outside).await;
        assert_eq!(done.status, 204, "{}", done.body);
        let Stop::Ring(ring) = &stops(&desk, tenant, call).await[2] else {
            panic!("it rings");
        };
        assert_eq!(ring.longest, Some(std::time::Duration::from_mins(10)));
        assert_eq!(db.number("SELECT COUNT(*) FROM dials").await, 1);
        // A member is no number outside, and is not rung at any price either.
        let (ada, _) = desk.member(tenant, Role::Agent).await;
        let to = json!({"user_id": ada.to_string()});
        call_transfers::take(&desk.store, &CA1.parse().unwrap(), 2)
            .await
            .unwrap();
        db.execute("UPDATE users SET phone_number = '+19002345678'")
            .await;
        let refused = transfer(&desk, &key, call, &to).await;
        assert_eq!(refused.problem()["code"], "kind_not_allowed");
        db.execute("UPDATE users SET phone_number = '+4930901820'")
            .await;
        assert_eq!(transfer(&desk, &key, call, &to).await.status, 204);
        assert_eq!(db.number("SELECT COUNT(*) FROM dials").await, 1);
    })
    .await;
}

#[tokio::test]
async fn w7_a_transfer_whose_answer_was_lost_is_not_done_twice() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        let call = desk.call(tenant, CA1).await;
        routed(&desk, tenant, call).await;
        at_carrier(&account, CA1, "in-progress");
        let voicemail = json!({"voicemail": {}});
        account.fail_next([RestFault::AnswerLost]);
        let lost = transfer(&desk, &key, call, &voicemail).await;
        assert_eq!(lost.problem()["type"], "/problems/outcome-unknown");
        // The carrier has followed, as we know from its asking us.
        call_transfers::take(&desk.store, &CA1.parse().unwrap(), 2)
            .await
            .unwrap();
        let again = transfer(&desk, &key, call, &voicemail).await;
        assert_eq!(again.status, 204, "{}", again.body);
        assert_eq!(led_to(&account).len(), 1);

        // It has not followed: it is told again, and to the same stop.
        account.fail_next([FAILED]);
        let lost = transfer(&desk, &key, call, &voicemail).await;
        assert_eq!(lost.problem()["type"], "/problems/outcome-unknown");
        let other = transfer(&desk, &key, call, &json!({"voicemail": {"greeting": "x"}})).await;
        assert_eq!(other.status, 409, "{}", other.body);
        let again = transfer(&desk, &key, call, &voicemail).await;
        assert_eq!(again.status, 204, "{}", again.body);
        let expected = [2, 3].map(|stop| {
            format!("https://desk.example.com/api/voice/webhooks/transferred?stop={stop}")
        });
        assert_eq!(led_to(&account), expected);
    })
    .await;
}

#[tokio::test]
async fn w6_a_transfer_that_the_carrier_refuses_leaves_the_call_where_it_was() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        let call = desk.call(tenant, CA1).await;
        routed(&desk, tenant, call).await;
        let voicemail = json!({"voicemail": {}});
        for (status, kind) in [
            ("", "conflict"),
            ("ringing", "conflict"),
            ("completed", "conflict"),
        ] {
            if !status.is_empty() {
                at_carrier(&account, CA1, status);
            }
            let refused = transfer(&desk, &key, call, &voicemail).await;
            assert_eq!(refused.status, 409, "{}", refused.body);
            assert_eq!(refused.problem()["type"], format!("/problems/{kind}"));
        }
        at_carrier(&account, CA1, "in-progress");
        account.fail_next([RestFault::Busy {
            retry_after: Some(120),
        }]);
        let busy = transfer(&desk, &key, call, &voicemail).await;
        assert_eq!(busy.problem()["type"], "/problems/carrier-busy");
        assert_eq!(db.number("SELECT COUNT(*) FROM call_transfers").await, 0);
        let answers = join_all((0..4).map(|_| transfer(&desk, &key, call, &voicemail))).await;
        let mut statuses: Vec<_> = answers.iter().map(|one| one.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(
            statuses,
            [204, 409, 409, 409],
            "one of those who ask at once"
        );
    })
    .await;
}

#[tokio::test]
async fn a_call_is_hung_up_whoever_has_it() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        for (sid, status) in [(CA1, "in-progress"), (CA2, "ringing"), (CA3, "queued")] {
            let call = desk.call(tenant, sid).await;
            at_carrier(&account, sid, status);
            let path = format!("/api/calls/{call}/hangup");
            let done = desk.send(("POST", &path), &key, &json!({})).await;
            assert_eq!(done.status, 204, "{status}: {}", done.body);
            assert_eq!(account.calls().pop().unwrap().status, "completed");
        }
        // Tried again, and then done.
        let call = desk.call(tenant, CA4).await;
        at_carrier(&account, CA4, "in-progress");
        account.fail_next([FAILED, RestFault::AnswerLost]);
        let path = format!("/api/calls/{call}/hangup");
        let done = desk.send(("POST", &path), &key, &json!({})).await;
        assert_eq!(done.status, 204, "{}", done.body);
        let unknown = desk.call(tenant, CA5).await;
        let path = format!("/api/calls/{unknown}/hangup");
        let gone = desk.send(("POST", &path), &key, &json!({})).await;
        assert_eq!(gone.problem()["detail"], "the call is over");
        for verb in ["hold", "mute"] {
            let path = format!("/api/calls/{unknown}/{verb}");
            let body = json!({"on": true, "who": "caller"});
            let body = if verb == "hold" {
                json!({"on": true})
            } else {
                body
            };
            let refused = desk.send(("POST", &path), &key, &body).await;
            assert_eq!(refused.status, 409);
            let detail = refused.problem()["detail"].to_string();
            assert!(detail.contains("nobody speaks with the caller"), "{detail}");
        }
    })
    .await;
}

#[tokio::test]
async fn i9_nothing_of_another_tenant_takes_over_and_agents_hand_on_their_own() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        let (other, others_key) = desk.tenant("B").await;
        let call = desk.call(tenant, CA1).await;
        routed(&desk, tenant, call).await;
        at_carrier(&account, CA1, "in-progress");
        let (bob, _) = desk.member(other, Role::Agent).await;
        db.execute("UPDATE users SET phone_number = '+12025550131'")
            .await;
        let queue = json!({"name": "Sales"});
        let queue = desk
            .send(("POST", "/api/queues"), &others_key, &queue)
            .await
            .json();
        for (to, field) in [
            (json!({"user_id": bob.to_string()}), "#/to/user_id"),
            (json!({"queue_id": queue["id"]}), "#/to/queue_id"),
            (
                json!({"receptionist_id": "rec_00000000000000000000000000"}),
                "#/to/receptionist_id",
            ),
            (json!({"phone_number": "2025550123"}), "#/to/phone_number"),
            (json!({"user_id": "usr_1"}), "#/to/user_id"),
            (json!({"nobody": {}}), "#/to"),
        ] {
            let refused = transfer(&desk, &key, call, &to).await;
            assert_eq!(refused.status, 422, "{to}: {}", refused.body);
            let pointer = refused.problem()["errors"][0]["pointer"].clone();
            assert_eq!(pointer, field, "{to}");
        }
        let (ada, token) = desk.member(tenant, Role::Agent).await;
        let voicemail = json!({"voicemail": {}});
        assert_eq!(transfer(&desk, &token, call, &voicemail).await.status, 404);
        assert_eq!(
            transfer(&desk, &others_key, call, &voicemail).await.status,
            404
        );
        db.execute(&format!("UPDATE calls SET user_id = '{ada}'"))
            .await;
        assert_eq!(transfer(&desk, &token, call, &voicemail).await.status, 204);
        let (_, analyst) = desk.member(tenant, Role::Analyst).await;
        assert_eq!(
            transfer(&desk, &analyst, call, &voicemail).await.status,
            403
        );
        let call = calls::find(&desk.store, tenant, call)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(call.from, Party::Number(phone("+15550000001")));
    })
    .await;
}

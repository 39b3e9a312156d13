//! Text messages: found, attended to, deleted, and by whom.

use frontdesk::domain::{
    Capabilities, Direction, JobKind, Number, OptOut, OptOutSource, Pii, Role, SmsId, SmsMedia,
    SmsState, TenantId, UserId,
};
use frontdesk::store::sms_messages::{self, NewSms};
use frontdesk::store::{jobs, numbers, sms_opt_outs};
use serde_json::{Value, json};

use super::desk::Desk;
use crate::support::database::on_each_database;
use crate::support::rest_account::RestAccount;

const MESSAGES: &str = "/api/sms/messages";
const OPT_OUTS: &str = "/api/sms/opt-outs";
const OWN: &str = "+15550000002";

/// A message with that stranger: one of ours if somebody wrote it.
async fn sms(
    desk: &Desk,
    tenant: TenantId,
    stranger: &str,
    body: &str,
    user: Option<UserId>,
) -> SmsId {
    desk.clock.advance_ms(1);
    let id: SmsId = desk.clock.new_id();
    let [own, stranger] = [OWN, stranger].map(|text| text.parse().unwrap());
    let sid = format!("SM{id}");
    let is_ours = user.is_some();
    let picture = SmsMedia {
        carrier_url: "https://api.twilio.com/secret-of-the-carrier".to_owned(),
        mime: Some("image/png".to_owned()),
    };
    let new = NewSms {
        id,
        tenant_id: tenant,
        direction: if is_ours {
            Direction::Outbound
        } else {
            Direction::Inbound
        },
        message_sid: Some(&sid),
        own: &own,
        stranger: &stranger,
        user,
        body: &Pii::new(body.to_owned()),
        media: &[picture],
        state: if is_ours {
            SmsState::Queued
        } else {
            SmsState::Received
        },
        at: desk.clock.now(),
    };
    let mut tx = desk.store.begin().await.unwrap();
    assert!(sms_messages::insert(&mut tx, &new).await.unwrap());
    tx.commit().await.unwrap();
    id
}

async fn bodies(desk: &Desk, key: &str, query: &str) -> Vec<String> {
    let list = desk.get(&format!("{MESSAGES}?{query}"), key).await;
    assert_eq!(list.status, 200, "{query}: {}", list.body);
    let list = list.json();
    let all = list["data"].as_array().unwrap().iter();
    all.map(|one| one["body"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn text_messages_are_found() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let (ada, _) = desk.member(tenant, Role::Agent).await;
        sms(
            &desk,
            tenant,
            "+15550000009",
            "Ärger mit 100% der Leitung",
            None,
        )
        .await;
        sms(&desk, tenant, "+15550000001", "We are open", Some(ada)).await;
        sms(&desk, tenant, "+15550000001", "Thanks", None).await;
        for (query, found) in [
            (
                "",
                vec!["Thanks", "We are open", "Ärger mit 100% der Leitung"],
            ),
            ("direction=outbound", vec!["We are open"]),
            ("number=%2B15550000001", vec!["Thanks", "We are open"]),
            (
                "is_read=false",
                vec!["Thanks", "Ärger mit 100% der Leitung"],
            ),
            ("search=%C3%A4RGER", vec!["Ärger mit 100% der Leitung"]),
            ("search=0%25", vec!["Ärger mit 100% der Leitung"]),
            ("limit=1", vec!["Thanks"]),
        ] {
            assert_eq!(bodies(&desk, &key, query).await, found, "{query}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_text_message_is_shown_attended_to_and_deleted() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let (ada, _) = desk.member(tenant, Role::Agent).await;
        let contact = json!({"name": "Bob", "numbers": ["+15550000009"]});
        let contact = desk.send(("POST", "/api/contacts"), &key, &contact).await;
        sms(&desk, tenant, "+15550000009", "Hello", None).await;
        sms(&desk, tenant, "+15550000001", "We are open", Some(ada)).await;
        let id = sms(&desk, tenant, "+15550000001", "Thanks", None).await;
        let one = format!("{MESSAGES}/{id}");
        let whole = desk.get(&one, &key).await;
        assert!(!whole.body.contains("secret-of-the-carrier"));
        let whole = whole.json();
        assert_eq!(whole["media"], json!([{"type": "image/png"}]));
        assert_eq!(
            (&whole["from"], &whole["to"]),
            (&json!("+15550000001"), &json!(OWN))
        );
        assert_eq!(whole["user_id"], ada.to_string(), "she wrote to them last");
        let list = desk.get(MESSAGES, &key).await.json();
        assert_eq!(list["data"][2]["contact_id"], contact.json()["id"]);
        assert_eq!(list["data"][1]["from"], OWN);
        let read = desk
            .send(("PATCH", &one), &key, &json!({"is_read": true}))
            .await;
        assert_eq!(read.json()["is_read"], true);
        let unread = bodies(&desk, &key, "is_read=false").await;
        assert_eq!(unread, ["Hello"]);
        let gone = desk.send(("DELETE", &one), &key, &json!({})).await;
        assert_eq!(gone.status, 204, "{}", gone.body);
        assert_eq!(desk.get(&one, &key).await.status, 404);
        assert_eq!(
            desk.send(("DELETE", &one), &key, &json!({})).await.status,
            404
        );
        let audit = desk.get("/api/audit", &key).await.body;
        assert!(audit.contains("sms.updated") && audit.contains("sms.deleted"));
        assert!(!audit.contains("Thanks"));
        for bad in ["direction=up", "is_read=2", "user=x", "number=1", "search="] {
            assert_eq!(
                desk.get(&format!("{MESSAGES}?{bad}"), &key).await.status,
                422,
                "{bad}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_deleted_message_that_is_told_again_stays_deleted() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let id = sms(&desk, tenant, "+15550000001", "forget me", None).await;
        let one = format!("{MESSAGES}/{id}");
        assert_eq!(
            desk.send(("DELETE", &one), &key, &json!({})).await.status,
            204
        );
        let [own, stranger] = [OWN, "+15550000001"].map(|text| text.parse().unwrap());
        let sid = format!("SM{id}");
        let new = NewSms {
            id: desk.clock.new_id(),
            tenant_id: tenant,
            direction: Direction::Inbound,
            message_sid: Some(&sid),
            own: &own,
            stranger: &stranger,
            user: None,
            body: &Pii::new("forget me".to_owned()),
            media: &[],
            state: SmsState::Received,
            at: desk.clock.now(),
        };
        let mut tx = desk.store.begin().await.unwrap();
        assert!(!sms_messages::insert(&mut tx, &new).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(bodies(&desk, &key, "").await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn an_agent_sees_the_conversations_that_are_hers() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let (ada, adas) = desk.member(tenant, Role::Agent).await;
        let (bob, bobs) = desk.member(tenant, Role::Agent).await;
        sms(&desk, tenant, "+15550000001", "from ada", Some(ada)).await;
        let answer = sms(&desk, tenant, "+15550000001", "to ada", None).await;
        sms(&desk, tenant, "+15550000001", "from bob", Some(bob)).await;
        sms(&desk, tenant, "+15550000001", "to bob", None).await;
        sms(&desk, tenant, "+15550000003", "to nobody", None).await;
        assert_eq!(bodies(&desk, &adas, "").await, ["to ada", "from ada"]);
        assert_eq!(bodies(&desk, &bobs, "").await, ["to bob", "from bob"]);
        assert_eq!(
            bodies(&desk, &key, &format!("user={bob}")).await,
            ["to bob", "from bob"]
        );
        let path = format!("{MESSAGES}?user={bob}");
        assert_eq!(desk.get(&path, &adas).await.status, 422);
        let one = format!("{MESSAGES}/{answer}");
        assert_eq!(desk.get(&one, &adas).await.status, 200);
        assert_eq!(desk.get(&one, &bobs).await.status, 404);
        assert_eq!(
            desk.send(("DELETE", &one), &bobs, &json!({})).await.status,
            404
        );
    })
    .await;
}

#[tokio::test]
async fn w9_a_member_lets_nobody_be_written_to_who_said_stop_themselves() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let put = async |number: &str| {
            desk.clock.advance_ms(1);
            desk.send(("POST", OPT_OUTS), &key, &json!({"phone_number": number}))
                .await
        };
        for _ in 0..2 {
            let made = put("+15550000001").await;
            assert_eq!(
                (made.status.as_u16(), &made.json()["source"]),
                (201, &json!("member"))
            );
        }
        let reply = OptOut {
            phone_number: "+15550000002".parse().unwrap(),
            source: OptOutSource::Reply,
            created_at: desk.clock.now(),
        };
        let kept = sms_opt_outs::put(&desk.store, tenant, &reply).await;
        kept.unwrap();
        assert_eq!(put("+15550000002").await.json()["source"], "reply");
        put("+15550000003").await;
        let page = |list: &Value| -> Vec<String> {
            let all = list["data"].as_array().unwrap().iter();
            all.map(|one| one["phone_number"].as_str().unwrap().to_owned())
                .collect()
        };
        let first = desk.get(&format!("{OPT_OUTS}?limit=2"), &key).await.json();
        assert_eq!(page(&first), ["+15550000003", "+15550000002"]);
        let cursor = first["next_cursor"].as_str().unwrap();
        let rest = desk
            .get(&format!("{OPT_OUTS}?cursor={cursor}"), &key)
            .await
            .json();
        assert_eq!(page(&rest), ["+15550000001"]);
        let remove = async |number: &str| {
            let path = format!("{OPT_OUTS}/{}", number.replace('+', "%2B"));
            desk.send(("DELETE", &path), &key, &json!({}))
                .await
                .status
                .as_u16()
        };
        assert_eq!(remove("+15550000001").await, 204);
        assert_eq!(remove("+15550000001").await, 404);
        assert_eq!(remove("+15550000002").await, 409);
        let refused = put("1").await;
        assert_eq!(refused.problem()["errors"][0]["pointer"], "#/phone_number");
        let audit = desk.get("/api/audit", &key).await.body;
        assert!(audit.contains("opt_out.added") && !audit.contains("15550000001"));
    })
    .await;
}

/// A tenant with one number that can write.
async fn writer(desk: &Desk, account: &RestAccount) -> (TenantId, String) {
    let (tenant, key) = desk.tenant("A").await;
    account.own(OWN);
    let number = Number::new(
        desk.clock.new_id(),
        tenant,
        OWN.parse().unwrap(),
        desk.clock.now(),
    );
    numbers::insert(&desk.store, &number).await.unwrap();
    (tenant, key)
}

fn to(number: &str) -> Value {
    json!({"to": number, "body": "We are open."})
}

/// Sixty numbers, newer than any, that can do one thing.
async fn sixty_more(desk: &Desk, tenant: TenantId, can: Capabilities) {
    for n in 0..60 {
        desk.clock.advance_ms(1);
        let phone_number = format!("+120255501{n:02}").parse().unwrap();
        let id = desk.clock.new_id();
        let number = Number {
            capabilities: Some(can),
            ..Number::new(id, tenant, phone_number, desk.clock.now())
        };
        numbers::insert(&desk.store, &number).await.unwrap();
    }
}

#[tokio::test]
async fn the_only_number_that_writes_is_found_among_many_that_do_not() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = writer(&desk, &account).await;
        let policy = json!({"countries": ["US"]});
        let path = "/api/calls/outbound/policy";
        assert_eq!(desk.send(("PUT", path), &key, &policy).await.status, 200);
        let speaks = Capabilities {
            voice: true,
            ..Capabilities::default()
        };
        sixty_more(&desk, tenant, speaks).await;
        let sent = desk
            .send(("POST", MESSAGES), &key, &to("+12025550999"))
            .await;
        assert_eq!(sent.status, 201, "{}", sent.body);
        assert_eq!(sent.json()["from"], OWN);
    })
    .await;
}

#[tokio::test]
async fn i11_nobody_is_written_to_whom_the_policy_does_not_allow() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = writer(&desk, &account).await;
        let write = async |number: &str| desk.send(("POST", MESSAGES), &key, &to(number)).await;
        let code = async |number: &str| {
            let refused = write(number).await;
            (refused.status.as_u16(), refused.problem()["code"].clone())
        };
        assert_eq!(
            code("+12025550123").await,
            (422, json!("country_not_allowed"))
        );
        let policy = json!({"countries": ["US"], "max_texts_per_hour": 2});
        let path = "/api/calls/outbound/policy";
        assert_eq!(desk.send(("PUT", path), &key, &policy).await.status, 200);
        let sent = write("+12025550123").await;
        assert_eq!(sent.status, 201, "{}", sent.body);
        assert_eq!(sent.json()["state"], "pending");
        assert_eq!(sent.json()["from"], OWN);
        assert_eq!(
            code("+4930901820").await,
            (422, json!("country_not_allowed"))
        );
        assert_eq!(code("+19002345678").await, (422, json!("kind_not_allowed")));
        // Who has written is answered, wherever they are.
        sms(&desk, tenant, "+4930901820", "Are you open?", None).await;
        assert_eq!(write("+4930901820").await.status, 201);
        assert_eq!(
            code("+12025550123").await,
            (409, json!("hourly_limit_of_texts"))
        );
        desk.clock.advance_ms(3_600_000);
        let stop = json!({"phone_number": "+4930901820"});
        desk.send(("POST", OPT_OUTS), &key, &stop).await;
        assert_eq!(code("+4930901820").await, (409, json!("opted_out")));
        let waiting = jobs::waiting(&desk.store).await.unwrap();
        let texts = waiting.iter().find(|one| one.kind == JobKind::SmsToSend);
        assert_eq!(texts.unwrap().jobs, 2, "what was refused is not sent");
        let audit = desk.get("/api/audit", &key).await.body;
        assert!(audit.contains("sms.sent") && audit.contains("sms.refused"));
        assert!(!audit.contains("We are open") && !audit.contains("4930901820"));
    })
    .await;
}

#[tokio::test]
async fn who_has_rung_is_written_to_as_well() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = writer(&desk, &account).await;
        let (other, _) = desk.tenant("B").await;
        desk.call(other, "CA1").await;
        let call = json!({"to": "+15550000001", "body": "x"});
        let refused = desk.send(("POST", MESSAGES), &key, &call).await;
        assert_eq!(refused.status, 422, "they have rung somebody else");
        desk.call(tenant, "CA2").await;
        let sent = desk.send(("POST", MESSAGES), &key, &call).await;
        assert_eq!(sent.status, 201, "{}", sent.body);
    })
    .await;
}

#[tokio::test]
async fn a_text_that_makes_no_sense_is_refused_by_field_and_one_with_a_key_goes_once() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = writer(&desk, &account).await;
        let stranger = "+15550000001";
        sms(&desk, tenant, stranger, "Are you open?", None).await;
        for (body, pointer) in [
            (json!({"to": "1", "body": "x"}), "#/to"),
            (json!({"to": stranger, "body": " "}), "#/body"),
            (json!({"to": stranger, "body": "x".repeat(1_601)}), "#/body"),
            (
                json!({"to": stranger, "body": "x", "from": "+15550000099"}),
                "#/from",
            ),
            (
                json!({"to": stranger, "body": "x", "nose": "red"}),
                "#/nose",
            ),
        ] {
            let refused = desk.send(("POST", MESSAGES), &key, &body).await;
            assert_eq!(refused.status, 422, "{}", refused.body);
            assert_eq!(refused.problem()["errors"][0]["pointer"], pointer);
        }
        let mut ids = Vec::new();
        for _ in 0..2 {
            let sent = desk
                .send_named(("POST", MESSAGES), &key, &["one"], &to(stranger))
                .await;
            assert_eq!(sent.status, 201, "{}", sent.body);
            ids.push(sent.json()["id"].clone());
        }
        assert_eq!(ids[0], ids[1]);
        assert_eq!(
            bodies(&desk, &key, "direction=outbound").await,
            ["We are open."]
        );
        let (_, agents) = desk.member(tenant, Role::Agent).await;
        let made = desk.send(("POST", MESSAGES), &agents, &to(stranger)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        assert_eq!(bodies(&desk, &agents, "").await, ["We are open."]);
        let elsewhere = Desk::on(db);
        let refused = elsewhere
            .send(("POST", MESSAGES), &key, &to(stranger))
            .await;
        assert_eq!(refused.status, 503);
    })
    .await;
}

//! What receptionists wrote down, and what they are handed for their work.

use frontdesk::domain::{
    Pii, ReceptionistId, Role, TakenKind, TakenMessage, TenantId, Toolkit, Urgency,
};
use frontdesk::store::text::ToolkitText;
use frontdesk::store::{kept_secrets, receptionists, taken_messages};
use serde_json::{Value, json};

use super::desk::Desk;
use crate::support::database::{Database, on_each_database};

const ALL: &str = "/api/messages";

async fn take(desk: &Desk, tenant: TenantId, sid: &str, name: &str) -> TakenMessage {
    desk.clock.advance_ms(1_000);
    let message = TakenMessage {
        id: desk.clock.new_id(),
        tenant_id: tenant,
        call_id: desk.call(tenant, sid).await,
        kind: TakenKind::Message,
        caller: "+12025550123".parse().unwrap(),
        caller_name: Pii::new(name.to_owned()),
        callback: None,
        reason: Pii::new("The Printer burns".to_owned()),
        urgency: Urgency::High,
        is_read: false,
        created_at: desk.clock.now(),
    };
    assert!(
        taken_messages::insert(&desk.store, &message, 3)
            .await
            .unwrap()
    );
    // The same wish, told again, is the same message.
    let again = TakenMessage {
        id: desk.clock.new_id(),
        ..message.clone()
    };
    assert!(
        !taken_messages::insert(&desk.store, &again, 3)
            .await
            .unwrap()
    );
    message
}

fn names(page: &Value) -> Vec<&str> {
    let data = page["data"].as_array().unwrap().iter();
    data.map(|one| one["caller_name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn messages_are_found_attended_to_and_deleted() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let ada = take(&desk, tenant, "CA1", "Ada").await;
        take(&desk, tenant, "CA2", "Grace").await;
        assert_eq!(names(&desk.get(ALL, &key).await.json()), ["Grace", "Ada"]);
        let found = desk.get(&format!("{ALL}?search=ADA"), &key).await.json();
        assert_eq!(names(&found), ["Ada"]);
        let first = desk.get(&format!("{ALL}?limit=1"), &key).await.json();
        let next = format!(
            "{ALL}?limit=1&cursor={}",
            first["next_cursor"].as_str().unwrap()
        );
        assert_eq!(names(&desk.get(&next, &key).await.json()), ["Ada"]);
        let one = format!("{ALL}/{}", ada.id);
        let shown = desk.get(&one, &key).await.json();
        assert_eq!(shown["reason"], "The Printer burns");
        assert_eq!(shown["urgency"], "high");
        assert_eq!(shown["from"], "+12025550123");
        assert_eq!(shown["callback_number"], Value::Null);
        assert_eq!(shown["call_id"], ada.call_id.to_string());
        let read = desk
            .send(("PATCH", &one), &key, &json!({"is_read": true}))
            .await;
        assert_eq!(read.status, 200, "{}", read.body);
        assert_eq!(read.json()["is_read"], true);
        let unread = desk.get(&format!("{ALL}?is_read=false"), &key).await.json();
        assert_eq!(names(&unread), ["Grace"]);
        for (body, status) in [(json!({"is_read": 1}), 422), (json!({"x": true}), 422)] {
            assert_eq!(desk.send(("PATCH", &one), &key, &body).await.status, status);
        }
        // They are nobody's own, and so for everybody.
        for role in [Role::Agent, Role::Supervisor] {
            let (_, member) = desk.member(tenant, role).await;
            let shown = desk.get(ALL, &member).await.json();
            assert_eq!(names(&shown), ["Grace", "Ada"]);
            assert_eq!(desk.get(&one, &member).await.status, 200);
        }

        let gone = desk.send(("DELETE", &one), &key, &json!({})).await;
        assert_eq!(gone.status, 204);
        assert_eq!(desk.get(&one, &key).await.status, 404);
        let audit = desk.get("/api/audit?limit=2", &key).await.body;
        assert!(
            audit.contains("taken_message.deleted") && !audit.contains("Ada"),
            "{audit}"
        );
    })
    .await;
}

fn http_tool(url: &str, value: &Value) -> Value {
    json!({"name": "find_order", "description": "Finds an order.", "method": "POST", "url": url,
        "parameters": {"type": "object", "properties": {"n": {"type": "integer"}}},
        "headers": [{"name": "Authorization", "value": value}]})
}

#[tokio::test]
async fn a_toolkit_is_kept_and_its_secrets_are_never_shown_nor_sent_elsewhere() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let made = desk
            .send(("POST", "/api/receptionists"), &key, &json!({}))
            .await
            .json();
        let one = format!("/api/receptionists/{}", made["id"].as_str().unwrap());
        let nobody = json!({"destination": null, "zero_key": true});
        assert_eq!(made["toolkit"]["person"], nobody);
        let user = json!({"name": "Ada", "email": "ada@example.com", "role": "agent"});
        let user = desk.send(("POST", "/api/users"), &key, &user).await.json();
        let toolkit = whole_toolkit(&user["id"]);
        let change = json!({"tools": ["end_call", "transfer_call"], "toolkit": toolkit});
        let changed = desk.send(("PATCH", &one), &key, &change).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        let shown = desk.get(&one, &key).await;
        assert!(!shown.body.contains("geheim"), "{}", shown.body);
        let mut shown = shown.json()["toolkit"].clone();
        assert_shown(&shown, &user["id"]);

        // Written as it was read, it is what it was.
        let put = async |kit: &Value| {
            let change = json!({"toolkit": kit});
            desk.send(("PATCH", &one), &key, &change).await
        };
        let same = put(&shown).await;
        assert_eq!(same.status, 200, "{}", same.body);
        let id: ReceptionistId = made["id"].as_str().unwrap().parse().unwrap();
        let kept = receptionists::find(&desk.store, tenant, id).await;
        let kit = kept.unwrap().unwrap().receptionist.toolkit;
        assert_eq!(db.number(PLAIN).await, 0, "it is sealed");
        let text = id.to_string();
        let place = kept_secrets::of_receptionist(tenant, &text);
        let opened = kit.opened(|kept| desk.store.seals().open_kept(&place, kept).ok());
        let value = opened.http[0].headers[0].value.as_ref().unwrap();
        assert_eq!(value.expose(), "Token geheim");
        assert_eq!(
            opened.mcp[0].authorization.as_ref().unwrap().expose(),
            "geheim-2"
        );
        // What is sealed already is not anybody's to give.
        let mut copied = shown.clone();
        copied["http_tools"][0]["headers"][0]["value"] = json!("sealed:1:abc");
        let refused = put(&copied).await;
        let faults = refused.problem()["errors"].to_string();
        assert!(faults.contains("give it as it is"), "{faults}");

        // Another host does not get the secret of this one.
        shown["http_tools"][0]["url"] = json!("https://evil.example.com/find");
        shown["mcp_servers"][0]["url"] = json!("https://evil.example.com/");
        let moved = put(&shown).await;
        assert_eq!(moved.status, 422, "{}", moved.body);
        let faults = moved.problem()["errors"].to_string();
        assert!(
            faults.contains("#/toolkit/http_tools/0/headers/0/value"),
            "{faults}"
        );

        published_without_secrets(&desk, &one, &key).await;
        seal_again(db, &text, &opened).await;
    })
    .await;
}

/// What callers meet is shown as the draft is.
async fn published_without_secrets(desk: &Desk, one: &str, key: &str) {
    let publish = format!("{one}/publish");
    let published = desk.send(("POST", &publish), key, &json!({})).await;
    assert_eq!(published.status, 201, "{}", published.body);
    assert!(!published.body.contains("geheim"));
    let version = desk.get(&format!("{one}/versions/1"), key).await;
    assert!(!version.body.contains("geheim"));
    assert_eq!(version.json()["toolkit"]["destinations"][0]["key"], "ada");
}

fn assert_shown(kit: &Value, user: &Value) {
    let places = &kit["destinations"];
    assert_eq!(places[0]["to"]["user_id"], *user);
    assert_eq!(places[1]["to"]["user_ids"], json!([user]));
    assert_eq!(kit["text_recipients"][0]["phone_number"], "+12025550177");
    assert_eq!(kit["http_tools"][0]["headers"][0]["value"], Value::Null);
}

/// What was kept before anything was sealed is sealed, once.
async fn seal_again(db: &Database, receptionist: &str, open: &Toolkit) {
    let unsealed = serde_json::to_string(&ToolkitText::from(open)).unwrap();
    for (table, id) in [
        ("receptionists", "id"),
        ("receptionist_versions", "receptionist_id"),
    ] {
        let set =
            format!("UPDATE {table} SET toolkit = '{unsealed}' WHERE {id} = '{receptionist}'");
        db.execute(&set).await;
    }
    assert_eq!(kept_secrets::seal_all(&db.store).await.unwrap(), 2);
    assert_eq!(kept_secrets::seal_all(&db.store).await.unwrap(), 0);
    assert_eq!(db.number(PLAIN).await, 0);
}

const PLAIN: &str = "SELECT COUNT(*) FROM receptionists WHERE toolkit LIKE '%geheim%'";

#[tokio::test]
async fn what_makes_no_sense_of_a_toolkit_is_named_by_its_place() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        let (_, key_of_b) = desk.tenant("B").await;
        let queue = desk
            .send(("POST", "/api/queues"), &key_of_b, &json!({"name": "B"}))
            .await;
        let queue_of_b = queue.json()["id"].clone();
        let mut all = bad_destinations(&queue_of_b);
        all.extend(bad_machines());
        for (toolkit, place) in all {
            let body = json!({"toolkit": toolkit});
            let refused = desk.send(("POST", "/api/receptionists"), &key, &body).await;
            assert_eq!(refused.status, 422, "{place}: {}", refused.body);
            let faults = refused.problem()["errors"].to_string();
            assert!(faults.contains(place), "{place}: {faults}");
        }
    })
    .await;
}

fn whole_toolkit(user: &Value) -> Value {
    json!({
        "destinations": [
            {"key": "ada", "description": "Orders.", "to": {"user_id": user}, "mode": "warm"},
            {"key": "team", "description": "Repairs.", "to": {"user_ids": [user]},
                "mode": "warm"},
            {"key": "later", "description": "Else.", "to": {"voicemail": {}}},
        ],
        "text_recipients": [{"key": "on_duty", "description": "At night.",
            "phone_number": "+12025550177"}],
        "http_tools": [http_tool("https://shop.example.com/find", &json!("Token geheim"))],
        "mcp_servers": [{"label": "calendar", "url": "https://mcp.example.com/",
            "allowed_tools": ["free"], "authorization": "geheim-2"}],
        "person": {"destination": "ada", "zero_key": false},
    })
}

fn recipient(key: &str, number: &str) -> Value {
    json!({"text_recipients": [{"key": key, "description": "x", "phone_number": number}]})
}

fn bad_destinations(queue_of_b: &Value) -> Vec<(Value, &'static str)> {
    let to =
        |place: Value| json!({"destinations": [{"key": "a", "description": "x", "to": place}]});
    let twice = json!({"key": "a", "description": "x", "to": {"voicemail": {}}});
    vec![
        (
            to(json!({"queue_id": queue_of_b})),
            "destinations/0/to/queue_id",
        ),
        (
            to(json!({"user_id": "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV"})),
            "destinations/0/to/user_id",
        ),
        (to(json!({"user_id": "ada"})), "destinations/0/to"),
        (
            to(json!({"user_ids": ["usr_01ARZ3NDEKTSV4RRFFQ69G5FAV"]})),
            "destinations/0/to/user_ids",
        ),
        (to(json!({"user_ids": []})), "destinations/0/to"),
        (recipient("caller", "+12025550177"), "text_recipients/0/key"),
        (
            recipient("a", "+19005550123"),
            "text_recipients/0/phone_number",
        ),
        (
            recipient("a", "12025550177"),
            "text_recipients/0/phone_number",
        ),
        (
            to(json!({"phone_number": "+19005550123"})),
            "destinations/0/to/phone_number",
        ),
        (to(json!({"phone_number": "911"})), "destinations/0/to"),
        (to(json!({"sip": "sip:a@b"})), "destinations/0/to"),
        (
            json!({"destinations": [twice, twice]}),
            "destinations/1/key",
        ),
        (
            json!({"destinations": [{"key": "end_call", "description": "x",
                "to": {"voicemail": {}}}]}),
            "destinations/0/key",
        ),
        (
            json!({"destinations": [{"key": "a", "description": "x", "mode": "warm",
                "to": {"voicemail": {}}}]}),
            "destinations/0/mode",
        ),
    ]
}

fn bad_machines() -> Vec<(Value, &'static str)> {
    let tool = |more: &[(&str, Value)]| {
        let mut tool = http_tool("https://shop.example.com/", &json!("x"));
        for (name, value) in more {
            tool[*name] = value.clone();
        }
        json!({"http_tools": [tool]})
    };
    vec![
        (
            tool(&[("url", json!("http://shop.example.com/"))]),
            "http_tools/0/url",
        ),
        (
            tool(&[("name", json!("transfer_call"))]),
            "http_tools/0/name",
        ),
        (
            tool(&[("parameters", json!({"type": "string"}))]),
            "http_tools/0/parameters",
        ),
        (
            tool(&[("parameters", json!({"type": "object", "properties": 7}))]),
            "http_tools/0/parameters",
        ),
        (
            tool(&[(
                "parameters",
                json!({"type": "object", "$ref": "https://evil.example/x"}),
            )]),
            "http_tools/0/parameters",
        ),
        (
            tool(&[("headers", json!([{"name": "Authorization"}]))]),
            "http_tools/0/headers/0/value",
        ),
        (
            tool(&[("timeout_ms", json!(60_000))]),
            "http_tools/0/timeout_ms",
        ),
        (
            json!({"mcp_servers": [{"label": "x", "url": "https://x.example/",
                "allowed_tools": []}]}),
            "mcp_servers/0/allowed_tools",
        ),
        (
            json!({"person": {"destination": "nobody"}}),
            "person/destination",
        ),
        (json!({"nose": "red"}), "toolkit"),
    ]
}

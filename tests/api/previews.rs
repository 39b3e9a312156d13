//! What the preview of a route says of a moment is what the carrier is told then.

use std::collections::BTreeSet;

use frontdesk::domain::{CallSid, Entry, Lock, SettingKey, SettingValue, Timestamp};
use frontdesk::store::text::StopText;
use frontdesk::store::{call_routes, settings};
use serde_json::{Value, json};

use super::desk::Desk;
use super::routing::Shop;
use crate::support::database::on_each_database;

const STRANGER: &str = "+15550100001";
const VIP: &str = "+15550100002";
const BLOCKED: &str = "+15550100003";
const FRIEND: &str = "+15550100004";

/// Moments in their order: open, closed, a holiday, and a morning of summer time at which
/// it would still be closed in winter.
const MOMENTS: [&str; 4] = [
    "2025-11-21T10:00:00Z",
    "2025-11-21T20:00:00Z",
    "2025-12-25T10:00:00Z",
    "2026-03-30T07:30:00Z",
];

/// What the plans name.
struct Named {
    hours: String,
    queue: String,
    list: String,
    flow: String,
    member: String,
}

impl Named {
    async fn open(desk: &Desk, shop: &Shop) -> Self {
        let office = json!({"name": "Office", "time_zone": "Europe/Berlin",
            "week": {"monday": ["09:00-17:00"], "thursday": ["09:00-17:00"],
                "friday": ["09:00-17:00"]},
            "exceptions": [{"date": "2025-12-25", "name": "Christmas", "spans": []}]});
        let friends = json!({"name": "Friends", "kind": "allow"});
        let list = shop.make(desk, "/api/caller-lists", &friends).await;
        let members = format!("/api/caller-lists/{list}/members");
        let friend = json!({"phone_number": FRIEND});
        let added = shop.send(desk, "POST", &members, &friend).await;
        assert_eq!(added.status, 204, "{}", added.body);
        for (name, number, what) in [("Ada", VIP, "is_vip"), ("Eve", BLOCKED, "is_blocked")] {
            let contact = json!({"name": name, "numbers": [number], what: true});
            shop.make(desk, "/api/contacts", &contact).await;
        }
        let member = format!("/api/users/{}", shop.member);
        let telephone = json!({"phone_number": "+12025550131"});
        let changed = shop.send(desk, "PATCH", &member, &telephone).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        Self {
            hours: shop.make(desk, "/api/hours", &office).await,
            queue: shop
                .make(desk, "/api/queues", &json!({"name": "Sales"}))
                .await,
            list,
            flow: flow(desk, shop).await,
            member: shop.member.clone(),
        }
    }

    /// Plans in which everything decides that can.
    fn plans(&self) -> [Value; 4] {
        let go = |name: &str, when: Value, text: &str| json!({"name": name, "when": [when], "then": {"go": {"message": {"text": text}}}});
        let people = json!({"users": {"user_ids": [self.member]}});
        [
            json!({"hours_id": self.hours, "open": {"ai": {}},
                "after_hours": {"message": {"text": "We are closed."}},
                "fallback": [people]}),
            json!({"hours_id": self.hours, "open": {"queue": {"queue_id": self.queue}},
                "after_hours": {"voicemail": {"greeting": "Speak now."}},
                "fallback": [{"message": {"text": "Call again."}}]}),
            json!({"hours_id": self.hours, "open": {"ivr": {"flow_id": self.flow}},
                "after_hours": people, "fallback": [people, {"voicemail": {}}]}),
            json!({"open": {"voicemail": {}}, "rules": [
                go("pests", json!("blocked"), "Go away."),
                go("friends", json!({"in_list": self.list}), "Hello, friend."),
                {"name": "dear", "when": ["vip", {"during": self.hours}],
                    "then": {"go": people}},
                {"name": "late", "when": ["vip", {"outside": self.hours}],
                    "then": {"go": {"queue": {"queue_id": self.queue}}}},
                {"name": "hidden", "when": ["anonymous"], "then": {"reject": "busy"}},
                {"name": "lunch", "when": [{"at": {"days": ["friday"], "span": "10:30-12:00"}}],
                    "then": {"go": {"ai": {}}}},
            ]}),
        ]
    }
}

async fn flow(desk: &Desk, shop: &Shop) -> String {
    let flow = json!({"name": "Menu", "flow": {
        "nodes": [{"id": "start", "kind": "start"},
            {"id": "hello", "kind": {"say": {"text": "This is the menu."}}},
            {"id": "end", "kind": "hangup"}],
        "edges": [{"from": "start", "exit": "next", "to": "hello"},
            {"from": "hello", "exit": "next", "to": "end"}]}});
    let id = shop.make(desk, "/api/ivr/flows", &flow).await;
    let publish = format!("/api/ivr/flows/{id}/publish");
    let published = shop.send(desk, "POST", &publish, &json!({})).await;
    assert_eq!(published.status, 201, "{}", published.body);
    id
}

/// Who calls, as the preview is asked and as the carrier says it.
const CALLERS: [(&str, &str); 6] = [
    (STRANGER, STRANGER),
    (VIP, VIP),
    (BLOCKED, BLOCKED),
    (FRIEND, FRIEND),
    ("", "anonymous"),
    ("", "+266696687"),
];

async fn planned(desk: &Desk, shop: &Shop, plan: &Value) {
    let put = shop.send(desk, "PUT", &shop.routing(), plan).await;
    assert_eq!(put.status, 200, "{plan}: {}", put.body);
}

/// Nobody is asked whether they may be recorded.
async fn record_nobody(desk: &Desk) {
    let entry = Entry {
        value: SettingValue::Truth(false),
        lock: Lock::Unlocked,
    };
    let at = Timestamp::from_ms(0);
    let set = settings::put_platform(&desk.store, SettingKey::AutoRecordCalls, &entry, at).await;
    set.unwrap();
}

/// The call rings, is over, and leaves what it was told and where it was to go.
async fn rings(desk: &Desk, shop: &Shop, sid: &str, from: &str) -> (String, Value) {
    let form = |status| {
        [
            ("AccountSid", "AC00000000000000000000000000000001"),
            ("CallSid", sid),
            ("CallStatus", status),
            ("Direction", "inbound"),
            ("From", from),
            ("To", shop.phone_number.as_str()),
        ]
    };
    let told = desk.rung("twiml/inbound", &form("ringing")).await;
    assert_eq!(told.status, 200, "{}", told.body);
    let call_sid: CallSid = sid.parse().unwrap();
    let kept = call_routes::find_by_sid(&desk.store, &call_sid).await;
    let route = kept.unwrap().expect("it is written down").route;
    let stops: Vec<_> = route.stops.iter().map(StopText::from).collect();
    let over = desk.rung("status", &form("completed")).await;
    assert_eq!(over.status, 204, "{}", over.body);
    (told.body, serde_json::to_value(stops).unwrap())
}

/// The carrier is told to do what the first stop says.
#[track_caller]
fn assert_does(stop: &Value, xml: &str) {
    let fields = stop.as_object().and_then(|fields| fields.iter().next());
    let (kind, detail) = fields.map_or_else(
        || (stop.as_str().unwrap(), &Value::Null),
        |(kind, detail)| (kind.as_str(), detail),
    );
    let text = |field: &str| detail[field].as_str().unwrap_or_default().to_owned();
    let sign = match kind {
        "ai" => "<Connect".to_owned(),
        "ring" => format!(">{}</Number>", detail["phone_numbers"][0].as_str().unwrap()),
        "queue" => format!(">{}</Enqueue>", text("queue_id")),
        "ivr" => "This is the menu.".to_owned(),
        "voicemail" => format!("{}</Say><Record", text("greeting")),
        "message" => format!("{}</Say><Hangup/>", text("text")),
        "reject" => format!("<Reject reason={detail}/>"),
        other => panic!("{other}"),
    };
    assert!(xml.contains(&sign), "{stop}: {sign} is not in {xml}");
}

/// Where the callers of the number would go at that moment, plan by plan.
async fn foreseen(desk: &Desk, shop: &Shop, (plans, at): (&[Value], &str)) -> Vec<Value> {
    let mut all = Vec::new();
    for plan in plans {
        planned(desk, shop, plan).await;
        for (from, _) in CALLERS {
            let from = from.replacen('+', "&from=%2B", 1);
            let shown = shop.preview(desk, &format!("&at={at}{from}")).await;
            assert_eq!(shown.status, 200, "{}", shown.body);
            all.push(shown.json()["stops"].clone());
        }
    }
    all
}

/// Where they go, and what the carrier is told, in the same order.
async fn told(
    desk: &Desk,
    shop: &Shop,
    (plans, moment): (&[Value], usize),
) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (n, plan) in plans.iter().enumerate() {
        planned(desk, shop, plan).await;
        for (m, (_, from)) in CALLERS.iter().enumerate() {
            let sid = format!("CA{moment}{n}{m}");
            all.push(rings(desk, shop, &sid, from).await);
        }
    }
    all
}

#[tokio::test]
async fn the_preview_of_a_moment_is_what_the_carrier_is_told_then() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        record_nobody(&desk).await;
        let shop = Shop::open(&desk, 1).await;
        let plans = Named::open(&desk, &shop).await.plans();
        let mut ways = BTreeSet::new();
        for (moment, at) in MOMENTS.into_iter().enumerate() {
            let foreseen = foreseen(&desk, &shop, (&plans, at)).await;
            let now: Timestamp = at.parse().unwrap();
            desk.clock
                .advance_ms(now.as_ms() - desk.clock.now().as_ms());
            let told = told(&desk, &shop, (&plans, moment)).await;
            assert_eq!(told.len(), foreseen.len());
            for (n, ((xml, stops), shown)) in told.iter().zip(&foreseen).enumerate() {
                assert_eq!(stops, shown, "{at} {n}");
                assert_does(&shown[0], xml);
                ways.insert(shown[0].to_string());
            }
        }
        assert!(ways.len() >= 9, "every way is gone: {ways:#?}");
    })
    .await;
}

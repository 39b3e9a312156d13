//! Hours, queues, lists of callers, plans of numbers, and the preview of a route.

use frontdesk::domain::{
    AnsweredBy, DialPolicy, Number, NumberId, PhoneNumber, Receptionist, Role, TenantId,
};
use frontdesk::store::receptionist_versions::{Publication, publish};
use frontdesk::store::{calls, default_receptionist, dials, numbers, receptionists};
use serde_json::{Value, json};

use super::desk::{Answer, Desk};
use crate::support::database::on_each_database;

/// A tenant with a receptionist, a member, and a number that rings at both.
pub(super) struct Shop {
    pub(super) tenant: TenantId,
    pub(super) key: String,
    pub(super) receptionist: Receptionist,
    pub(super) member: String,
    pub(super) phone_number: String,
}

impl Shop {
    pub(super) async fn open(desk: &Desk, n: u32) -> Self {
        let (tenant, key) = desk.tenant(&format!("Shop {n}")).await;
        let receptionist = default_receptionist(tenant, desk.clock.new_id());
        let added = receptionists::insert(&desk.store, &receptionist, desk.clock.now()).await;
        added.expect("the receptionist is new");
        let publication = Publication::by_the_house(desk.clock.now());
        publish(&desk.store, tenant, receptionist.id, &publication)
            .await
            .expect("the receptionist is there");
        let (member, _) = desk.member(tenant, Role::Agent).await;
        let phone_number = format!("+1555020{n:04}");
        let parsed: PhoneNumber = phone_number.parse().expect("a number");
        let id: NumberId = desk.clock.new_id();
        let number = Number {
            receptionist_id: Some(receptionist.id),
            ..Number::new(id, tenant, parsed, desk.clock.now())
        };
        let added = numbers::insert(&desk.store, &number).await;
        added.expect("the number is new");
        let policy = DialPolicy {
            countries: ["US".parse().expect("a country")].into(),
            ..DialPolicy::default()
        };
        let allowed = dials::put_policy(&desk.store, tenant, &policy, desk.clock.now()).await;
        allowed.expect("the policy is kept");
        Self {
            tenant,
            key,
            receptionist,
            member: member.to_string(),
            phone_number,
        }
    }

    pub(super) fn routing(&self) -> String {
        format!("/api/numbers/{}/routing", self.phone_number)
    }

    pub(super) async fn send(&self, desk: &Desk, method: &str, path: &str, body: &Value) -> Answer {
        desk.send((method, path), &self.key, body).await
    }

    /// Makes something, and gives its id.
    pub(super) async fn make(&self, desk: &Desk, path: &str, body: &Value) -> String {
        let made = self.send(desk, "POST", path, body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.json()["id"].as_str().unwrap().to_owned()
    }

    pub(super) async fn preview(&self, desk: &Desk, rest: &str) -> Answer {
        let to = self.phone_number.trim_start_matches('+');
        let path = format!("/api/routing/preview?to=%2B{to}{rest}");
        desk.get(&path, &self.key).await
    }
}

fn office() -> Value {
    json!({
        "name": "Office",
        "time_zone": "Europe/Berlin",
        "week": {"monday": ["13:00-17:00", "09:00-12:00"], "friday": ["22:00-02:00"]},
        "exceptions": [{"date": "2026-12-25", "name": "Christmas", "spans": []}],
    })
}

fn pointers(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 422, "{}", answer.body);
    let problem = answer.problem();
    let errors = problem["errors"].as_array().unwrap();
    errors
        .iter()
        .map(|error| error["pointer"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn hours_are_written_down_replaced_and_deleted() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let shop = Shop::open(&desk, 1).await;
        let made = shop.send(&desk, "POST", "/api/hours", &office()).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let made = made.json();
        assert_eq!(
            made["week"]["monday"],
            json!(["09:00-12:00", "13:00-17:00"])
        );
        assert_eq!(made["week"]["tuesday"], json!([]));
        let path = format!("/api/hours/{}", made["id"].as_str().unwrap());
        assert_eq!(desk.get(&path, &shop.key).await.json(), made);
        let listed = desk.get("/api/hours", &shop.key).await.json();
        assert_eq!(listed["data"], json!([made]));
        let again = shop.send(&desk, "POST", "/api/hours", &office()).await;
        assert_eq!(again.status, 409, "the name is taken");

        // The tenant's clock counts where nothing is said.
        let nights = json!({"name": "Nights"});
        let replaced = shop.send(&desk, "PUT", &path, &nights).await.json();
        assert_eq!(replaced["time_zone"], "UTC");
        assert_eq!(replaced["exceptions"], json!([]));
        assert_eq!(desk.get(&path, &shop.key).await.json(), replaced);
        let gone = shop.send(&desk, "DELETE", &path, &json!({})).await;
        assert_eq!(gone.status, 204);
        assert_eq!(desk.get(&path, &shop.key).await.status, 404);
        let again = shop.send(&desk, "DELETE", &path, &json!({})).await;
        assert_eq!(again.status, 404);
        let audit = desk.get("/api/audit", &shop.key).await.json();
        let entries = audit["data"].as_array().unwrap().iter();
        let actions: Vec<_> = entries.map(|entry| entry["action"].clone()).collect();
        assert_eq!(actions.len(), 3);
        for action in ["hours.created", "hours.replaced", "hours.deleted"] {
            assert!(actions.contains(&json!(action)), "{action}");
        }
    })
    .await;
}

#[tokio::test]
async fn hours_that_make_no_sense_are_refused_by_their_place() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let shop = Shop::open(&desk, 1).await;
        let christmas = json!({"date": "2026-12-25", "name": "Christmas"});
        for (body, pointer) in [
            (json!({"name": " "}), "#/name"),
            (
                json!({"name": "A", "time_zone": "Mars/Olympus"}),
                "#/time_zone",
            ),
            (
                json!({"name": "A", "week": {"monday": ["9-5"]}}),
                "#/week/monday/0",
            ),
            (
                json!({"name": "A", "week": {"Monday": []}}),
                "#/week/Monday",
            ),
            (
                json!({"name": "A", "exceptions": [{"date": "25.12.", "name": "x"}]}),
                "#/exceptions/0/date",
            ),
            (
                json!({"name": "A", "exceptions": [christmas, christmas]}),
                "#/exceptions/1/date",
            ),
        ] {
            let refused = shop.send(&desk, "POST", "/api/hours", &body).await;
            assert_eq!(pointers(&refused), [pointer], "{body}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_queue_is_set_up_changed_and_taken_down() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let shop = Shop::open(&desk, 1).await;
        let sales = json!({"name": "Sales", "members": [shop.member, shop.member]});
        let id = shop.make(&desk, "/api/queues", &sales).await;
        let path = format!("/api/queues/{id}");
        let made = desk.get(&path, &shop.key).await.json();
        assert_eq!(made["members"], json!([shop.member]));
        assert_eq!(
            (&made["max_wait_s"], &made["max_size"]),
            (&json!(900), &json!(100))
        );
        assert_eq!(made["announces_position"], true);
        let music = "https://example.com/music.mp3";
        let change = json!({"hold_music_url": music, "max_wait_s": 60.0, "members": []});
        let changed = shop.send(&desk, "PATCH", &path, &change).await.json();
        assert_eq!(
            (&changed["hold_music_url"], &changed["max_wait_s"]),
            (&json!(music), &json!(60))
        );
        assert_eq!(changed["members"], json!([]));
        let change = json!({"hold_music_url": null, "members": [shop.member]});
        let changed = shop.send(&desk, "PATCH", &path, &change).await.json();
        assert_eq!(changed["hold_music_url"], Value::Null);
        let listed = desk.get("/api/queues", &shop.key).await.json();
        assert_eq!(listed["data"], json!([changed]));

        let other = Shop::open(&desk, 2).await;
        for (body, pointer) in [
            (json!({"members": [other.member]}), "#/members"),
            (json!({"members": ["usr_1"]}), "#/members/0"),
            (json!({"max_wait_s": 9}), "#/max_wait_s"),
            (json!({"max_wait_s": 60.5}), "#/max_wait_s"),
            (json!({"max_wait_s": -60}), "#/max_wait_s"),
            (json!({"max_size": 1001}), "#/max_size"),
            (
                json!({"hold_music_url": "ftp://example.com/a"}),
                "#/hold_music_url",
            ),
            (json!({"name": null}), "#/name"),
        ] {
            let refused = shop.send(&desk, "PATCH", &path, &body).await;
            assert_eq!(pointers(&refused), [pointer], "{body}");
        }
        assert_eq!(desk.get(&path, &shop.key).await.json(), changed);
        let gone = shop.send(&desk, "DELETE", &path, &json!({})).await;
        assert_eq!(gone.status, 204);
        assert_eq!(desk.get(&path, &shop.key).await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn a_list_has_numbers_page_by_page() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let shop = Shop::open(&desk, 1).await;
        let friends = json!({"name": "Friends", "kind": "vip"});
        let id = shop.make(&desk, "/api/caller-lists", &friends).await;
        let path = format!("/api/caller-lists/{id}");
        let members = format!("{path}/members");
        assert_eq!(desk.get(&path, &shop.key).await.json()["kind"], "vip");
        for n in [1, 2, 3, 3] {
            // Some at the same moment: a page does not lose any of them.
            desk.clock.advance_ms(n % 2);
            let member = json!({"phone_number": format!("+1555030000{n}")});
            let added = shop.send(&desk, "POST", &members, &member).await;
            assert_eq!(added.status, 204, "{}", added.body);
        }
        let mut seen = Vec::new();
        let mut page = format!("{members}?limit=1");
        loop {
            let answer = desk.get(&page, &shop.key).await.json();
            seen.push(
                answer["data"][0]["phone_number"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
            let Some(cursor) = answer["next_cursor"].as_str() else {
                break;
            };
            page = format!("{members}?limit=1&cursor={cursor}");
        }
        seen.sort();
        assert_eq!(seen, ["+15550300001", "+15550300002", "+15550300003"]);
        let one = format!("{members}?phone_number=%2B15550300002");
        assert_eq!(
            shop.send(&desk, "DELETE", &one, &json!({})).await.status,
            204
        );
        assert_eq!(
            shop.send(&desk, "DELETE", &one, &json!({})).await.status,
            404
        );
        let refused = shop
            .send(&desk, "POST", &members, &json!({"phone_number": "5550"}))
            .await;
        assert_eq!(pointers(&refused), ["#/phone_number"]);
        let refused = shop
            .send(&desk, "POST", "/api/caller-lists", &friends)
            .await;
        assert_eq!(refused.status, 409);
        assert_eq!(
            shop.send(&desk, "DELETE", &path, &json!({})).await.status,
            204
        );
        assert_eq!(desk.get(&members, &shop.key).await.status, 404);
    })
    .await;
}

/// A plan that names one of everything.
async fn whole_plan(desk: &Desk, shop: &Shop) -> (Value, [String; 3]) {
    let hours = shop.make(desk, "/api/hours", &office()).await;
    let queue = shop
        .make(desk, "/api/queues", &json!({"name": "Sales"}))
        .await;
    let list = json!({"name": "Pests", "kind": "block"});
    let list = shop.make(desk, "/api/caller-lists", &list).await;
    let ring = json!({"timeout_s": 15, "caller_id": "called", "whisper": "A call.",
        "asks_to_accept": true, "detects_machines": true});
    let plan = json!({
        "hours_id": hours,
        "open": {"ai": {"receptionist_id": shop.receptionist.id.to_string()}},
        "after_hours": {"message": {"text": "We are closed."}},
        "rules": [
            {"name": "pests", "when": [{"in_list": list}], "then": {"reject": "busy"}},
            {"name": "lunch", "when": [{"at": {"days": ["friday"], "span": "12:00-13:00"}},
                {"outside": hours}, "vip"],
                "then": {"go": {"users": {"user_ids": [shop.member], "strategy": "in_turn",
                    "ring": ring}}}},
        ],
        "fallback": [
            {"queue": {"queue_id": queue}},
            {"forward": {"name": "Partner", "phone_number": "+12025550160", "ring": ring}},
            {"voicemail": {"greeting": "Speak."}},
        ],
        "voice": {"greeting": "Hi.", "voice": "cedar", "language": "de-DE"},
    });
    (plan, [hours, queue, list])
}

#[tokio::test]
async fn a_plan_is_read_as_it_was_written_and_keeps_what_it_names() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let shop = Shop::open(&desk, 1).await;
        let path = shop.routing();
        let none = desk.get(&path, &shop.key).await.json();
        assert_eq!(none["open"], json!({"ai": {"receptionist_id": null}}));

        let (plan, [hours, queue, list]) = whole_plan(&desk, &shop).await;
        let put = shop.send(&desk, "PUT", &path, &plan).await;
        assert_eq!(put.status, 200, "{}", put.body);
        assert_eq!(put.json(), plan);
        assert_eq!(desk.get(&path, &shop.key).await.json(), plan);
        let named = [
            format!("/api/hours/{hours}"),
            format!("/api/queues/{queue}"),
            format!("/api/caller-lists/{list}"),
            format!("/api/users/{}", shop.member),
        ];
        for path in &named {
            let refused = shop.send(&desk, "DELETE", path, &json!({})).await;
            assert_eq!(refused.status, 409, "{path}: {}", refused.body);
            assert_eq!(desk.get(path, &shop.key).await.status, 200);
        }
        let simple = json!({"open": {"voicemail": {}}});
        assert_eq!(shop.send(&desk, "PUT", &path, &simple).await.status, 200);
        for path in &named {
            let deleted = shop.send(&desk, "DELETE", path, &json!({})).await;
            assert_eq!(deleted.status, 204, "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_plan_that_names_what_is_not_there_is_refused_by_its_places() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let shop = Shop::open(&desk, 1).await;
        let other = Shop::open(&desk, 2).await;
        let (foreign, _) = whole_plan(&desk, &other).await;
        let refused = shop.send(&desk, "PUT", &shop.routing(), &foreign).await;
        assert_eq!(
            pointers(&refused),
            [
                "#/hours_id",
                "#/open/ai/receptionist_id",
                "#/rules/0/when/0",
                "#/rules/1/when/1",
                "#/rules/1/then/go/users/user_ids/0",
                "#/fallback/0/queue/queue_id",
            ]
        );
        for (body, pointer) in [
            (json!({}), "#/"),
            (json!({"open": {"robot": {}}}), "#/open"),
            (json!({"open": {"ivr": {}}}), "#/open/ivr"),
            (json!({"open": {"users": {"user_ids": []}}}), "#/open/users/user_ids"),
            (json!({"open": {"users": {"user_ids": ["usr_1"]}}}), "#/open/users/user_ids/0"),
            (json!({"open": {"message": {"text": ""}}}), "#/open/message/text"),
            (json!({"open": {"forward": {"name": "x", "phone_number": "+1555",
                "ring": {"timeout_s": 601}}}}), "#/open/forward/ring/timeout_s"),
            (json!({"open": {"voicemail": {}}, "rules": [
                {"name": "x", "when": [{"at": {"span": "25:00-26:00"}}], "then": {"reject": "busy"}}
            ]}), "#/rules/0/when/0/at/span"),
            (json!({"open": {"voicemail": {}}, "voice": {"language": "no language"}}),
                "#/voice/language"),
            (json!({"open": {"voicemail": {}}, "voice": {"language": "german"}}),
                "#/voice/language"),
            (json!({"open": {"voicemail": {}}, "voice": {"language": "de_DE"}}),
                "#/voice/language"),
            (json!({"open": {"ai": {}}, "voice": {"voice": "Marin"}}), "#/voice/voice"),
            (json!({"open": {"voicemail": {}}, "color": "red"}), "#/color"),
        ] {
            let refused = shop.send(&desk, "PUT", &shop.routing(), &body).await;
            let found = pointers(&refused);
            let is_meant = found.len() == 1 && found[0].trim_end_matches('/') == pointer.trim_end_matches('/');
            assert!(is_meant, "{body}: {found:?}");
        }
        let two = json!({"open": {"voicemail": {}, "ai": {}}});
        let refused = shop.send(&desk, "PUT", &shop.routing(), &two).await;
        assert_eq!(refused.status, 400, "{}", refused.body);
        // Another tenant's number is none.
        let theirs = desk.get(&other.routing(), &shop.key).await;
        assert_eq!(theirs.status, 404);
        let simple = json!({"open": {"voicemail": {}}});
        let put = shop.send(&desk, "PUT", &other.routing(), &simple).await;
        assert_eq!(put.status, 404);
        assert_eq!(put.json()["detail"], theirs.json()["detail"]);
    })
    .await;
}

#[tokio::test]
async fn the_preview_says_where_a_call_goes_and_why() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let shop = Shop::open(&desk, 1).await;
        let (plan, [.., list]) = whole_plan(&desk, &shop).await;
        shop.send(&desk, "PUT", &shop.routing(), &plan).await;
        let pest = json!({"phone_number": "+15550300001"});
        let members = format!("/api/caller-lists/{list}/members");
        assert_eq!(shop.send(&desk, "POST", &members, &pest).await.status, 204);

        let monday = shop
            .preview(&desk, "&from=%2B15550300002&at=2026-11-23T09:00:00Z")
            .await;
        assert_eq!(monday.status, 200, "{}", monday.body);
        let monday = monday.json();
        assert_eq!(monday["at"], "2026-11-23T09:00:00.000Z");
        assert_eq!(monday["language"], "de-DE");
        let stops = monday["stops"].as_array().unwrap();
        let id = shop.receptionist.id.to_string();
        assert_eq!(stops[0]["ai"]["receptionist_id"], id);
        assert_eq!(stops[0]["ai"]["voice"]["greeting"], "Hi.");
        assert_eq!(stops[1]["queue"]["max_wait_s"], 900);
        assert_eq!(stops[2]["ring"]["phone_numbers"], json!(["+12025550160"]));
        assert_eq!(stops[3], json!({"voicemail": {"greeting": "Speak."}}));
        let code = |n: usize| monday["steps"][n]["code"].as_str().unwrap().to_owned();
        assert_eq!(
            [code(0), code(1), code(2), code(3)],
            ["number.planned", "rule.passed", "rule.passed", "hours.open"]
        );

        let night = shop.preview(&desk, "&at=2026-11-23T22:00:00Z").await.json();
        assert_eq!(
            night["stops"],
            json!([{"message": {"text": "We are closed."}}])
        );
        let christmas = shop
            .preview(&desk, "&at=2026-12-25T10:00:00%2B01:00")
            .await
            .json();
        assert!(christmas["steps"].to_string().contains("Christmas"));
        let pest = shop.preview(&desk, "&from=%2B15550300001").await.json();
        assert_eq!(pest["stops"], json!([{"reject": "busy"}]));

        let other = Shop::open(&desk, 2).await;
        let to = shop.phone_number.trim_start_matches('+');
        let path = format!("/api/routing/preview?to=%2B{to}");
        assert_eq!(desk.get(&path, &other.key).await.status, 404);
        let nobody = desk
            .get("/api/routing/preview?to=%2B15559999999", &shop.key)
            .await;
        assert_eq!(nobody.status, 404);
        let refused = shop.preview(&desk, "&at=tomorrow").await;
        assert_eq!(pointers(&refused), ["?at"]);
    })
    .await;
}

#[tokio::test]
async fn a_plus_in_a_query_is_a_plus_however_it_is_written() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let shop = Shop::open(&desk, 1).await;
        let (_, [.., list]) = whole_plan(&desk, &shop).await;
        let pest = json!({"phone_number": "+15550300001"});
        let members = format!("/api/caller-lists/{list}/members");
        for plus in ["+", "%2B"] {
            let to = shop.phone_number.trim_start_matches('+');
            let path = format!("/api/routing/preview?to={plus}{to}&from={plus}15550300002");
            let shown = desk.get(&path, &shop.key).await;
            assert_eq!(shown.status, 200, "{}", shown.body);
            assert_eq!(shop.send(&desk, "POST", &members, &pest).await.status, 204);
            let path = format!("{members}?phone_number={plus}15550300001");
            let gone = shop.send(&desk, "DELETE", &path, &json!({})).await;
            assert_eq!(gone.status, 204, "{}", gone.body);
        }
        let bare = shop.phone_number.trim_start_matches('+');
        let path = format!("/api/routing/preview?to={bare}");
        assert_eq!(pointers(&desk.get(&path, &shop.key).await), ["?to"]);
    })
    .await;
}

#[tokio::test]
async fn who_may_spend_no_more_and_wants_no_messages_has_an_apology_for_callers() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let shop = Shop::open(&desk, 1).await;
        let nothing = json!({"day": {"minutes": 0}});
        let set = shop.send(&desk, "PUT", "/api/usage/quota", &nothing).await;
        assert_eq!(set.status, 200, "{}", set.body);
        let stops = async || shop.preview(&desk, "").await.json()["stops"].clone();
        assert_eq!(stops().await, json!([{"voicemail": {"greeting": null}}]));
        let off = json!({"value": false});
        let path = "/api/settings/enable_voicemail";
        assert_eq!(shop.send(&desk, "PUT", path, &off).await.status, 200);
        assert_eq!(stops().await, json!(["apology"]));
    })
    .await;
}

#[tokio::test]
async fn what_is_left_to_spend_is_that_of_now_whatever_moment_a_preview_is_of() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let shop = Shop::open(&desk, 1).await;
        let tomorrow = "&at=2025-11-22T09:30:00Z";
        let kind = async |rest: &str| {
            let shown = shop.preview(&desk, rest).await.json();
            let first = shown["stops"][0].as_object().unwrap().keys().next();
            (first.unwrap().clone(), shown["at"].clone())
        };
        let quota = json!({"month": {"minutes": 200}});
        let set = shop.send(&desk, "PUT", "/api/usage/quota", &quota).await;
        assert_eq!(set.status, 200, "{}", set.body);
        // A call that goes on will not go on until tomorrow.
        let live = desk.call(shop.tenant, "CA1").await;
        let since = (AnsweredBy::Ai, desk.clock.now());
        let answered = calls::mark_answered(&desk.store, shop.tenant, live, since).await;
        assert!(answered.unwrap());
        let shown = kind(tomorrow).await;
        assert_eq!(shown, ("ai".to_owned(), json!("2025-11-22T09:30:00.000Z")));
        // Nor is that which is used up today there for a call of tomorrow that comes now.
        desk.clock.advance_ms(10 * 60_000);
        let quota = json!({"day": {"minutes": 5}});
        let set = shop.send(&desk, "PUT", "/api/usage/quota", &quota).await;
        assert_eq!(set.status, 200, "{}", set.body);
        assert_eq!(kind("").await.0, "voicemail");
        assert_eq!(kind(tomorrow).await.0, "voicemail");
    })
    .await;
}

#[tokio::test]
async fn i9_hours_queues_and_lists_of_another_tenant_are_not_there() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let one = Shop::open(&desk, 1).await;
        let other = Shop::open(&desk, 2).await;
        assert_ne!(one.tenant, other.tenant);
        let (_, [hours, queue, list]) = whole_plan(&desk, &one).await;
        let member = json!({"phone_number": "+15550300001"});
        let nothing = "/api/hours/hrs_00000000000000000000000000";
        let nothing = desk.get(nothing, &other.key).await.json()["detail"].clone();
        for (method, path, body) in [
            ("GET", format!("/api/hours/{hours}"), json!({})),
            ("PUT", format!("/api/hours/{hours}"), office()),
            ("DELETE", format!("/api/hours/{hours}"), json!({})),
            ("GET", format!("/api/queues/{queue}"), json!({})),
            (
                "PATCH",
                format!("/api/queues/{queue}"),
                json!({"name": "stolen"}),
            ),
            ("DELETE", format!("/api/queues/{queue}"), json!({})),
            ("GET", format!("/api/caller-lists/{list}"), json!({})),
            ("DELETE", format!("/api/caller-lists/{list}"), json!({})),
            (
                "GET",
                format!("/api/caller-lists/{list}/members"),
                json!({}),
            ),
            ("POST", format!("/api/caller-lists/{list}/members"), member),
        ] {
            let answer = other.send(&desk, method, &path, &body).await;
            assert_eq!(answer.status, 404, "{method} {path}: {}", answer.body);
            assert_eq!(answer.json()["detail"], nothing, "{method} {path}");
        }
        for path in ["/api/hours", "/api/queues", "/api/caller-lists"] {
            let listed = desk.get(path, &other.key).await.json();
            assert_eq!(listed["data"], json!([]), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_documentation_says_that_one_key_names_a_target_and_no_other_stands_beside_it() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let document = desk.ask("/openapi.json", None).await.json();
        for name in ["TargetText", "ActionText", "ConditionText"] {
            let variants = &document["components"]["schemas"][name]["oneOf"];
            for variant in variants.as_array().unwrap() {
                let is_closed = variant["additionalProperties"] == false;
                assert_eq!(is_closed, variant["type"] == "object", "{name}: {variant}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn whose_voicemail_it_is_is_a_member_of_the_tenants() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (shop, other) = (Shop::open(&desk, 1).await, Shop::open(&desk, 2).await);
        let plan = |user: &str| {
            let theirs = json!({"voicemail": {"user_id": user}});
            json!({"open": theirs, "fallback": [theirs]})
        };
        let (routing, theirs) = (shop.routing(), plan(&other.member));
        let put = shop.send(&desk, "PUT", &routing, &theirs).await;
        assert_eq!(
            pointers(&put),
            ["#/open/voicemail/user_id", "#/fallback/0/voicemail/user_id"]
        );
        let put = shop
            .send(&desk, "PUT", &shop.routing(), &plan(&shop.member))
            .await;
        assert_eq!(put.status, 200, "{}", put.body);
        let shown = desk.get(&shop.routing(), &shop.key).await.json();
        assert_eq!(shown["open"]["voicemail"]["user_id"], shop.member);
        let stops = shop.preview(&desk, "").await.json()["stops"].clone();
        assert_eq!(stops[0]["voicemail"]["user_id"], shop.member);
        let flow = |user: &str| {
            json!({"name": "Theirs", "flow": {
                "nodes": [{"id": "start", "kind": "start"},
                    {"id": "box", "kind": {"voicemail": {"user_id": user}}}],
                "edges": [{"from": "start", "exit": "next", "to": "box"}]}})
        };
        let made = shop
            .send(&desk, "POST", "/api/ivr/flows", &flow(&other.member))
            .await;
        assert_eq!(pointers(&made), ["#/flow/nodes/1/kind/voicemail/user_id"]);
        shop.make(&desk, "/api/ivr/flows", &flow(&shop.member))
            .await;
        // Whoever is named stays.
        let member = format!("/api/users/{}", shop.member);
        let gone = shop.send(&desk, "DELETE", &member, &json!({})).await;
        assert_eq!(gone.status, 409, "{}", gone.body);
    })
    .await;
}

#[tokio::test]
async fn a_number_that_was_given_back_is_shown_to_nobody() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (shop, other) = (Shop::open(&desk, 1).await, Shop::open(&desk, 2).await);
        let member = format!("/api/users/{}", shop.member);
        let telephone = json!({"phone_number": "+12025550131"});
        let changed = shop.send(&desk, "PATCH", &member, &telephone).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        let add = async |whose: TenantId| {
            let id: NumberId = desk.clock.new_id();
            let number = Number::new(id, whose, SHOWN.parse().unwrap(), desk.clock.now());
            numbers::insert(&desk.store, &number).await.unwrap();
            id
        };
        let shown = add(shop.tenant).await;
        let people = json!({"user_ids": [shop.member], "ring": {"caller_id": SHOWN}});
        let flow = json!({"name": "Menu", "flow": {
            "nodes": [{"id": "start", "kind": "start"}, {"id": "ada", "kind": {"dial": people}}],
            "edges": [{"from": "start", "exit": "next", "to": "ada"}]}});
        let flow = shop.make(&desk, "/api/ivr/flows", &flow).await;
        let publish = format!("/api/ivr/flows/{flow}/publish");
        let published = shop.send(&desk, "POST", &publish, &json!({})).await;
        assert_eq!(published.status, 201, "{}", published.body);
        let plans = [
            json!({"open": {"users": people}}),
            json!({"open": {"ivr": {"flow_id": flow}}}),
        ];
        let mut calls = 0..;
        let mut seen = async |sees: &str| {
            for plan in &plans {
                let put = shop.send(&desk, "PUT", &shop.routing(), plan).await;
                // A plan that names a number of somebody else's is written no more.
                assert!([200, 422].contains(&put.status.as_u16()), "{}", put.body);
                let sid = format!("CA{}", calls.next().unwrap());
                let xml = ring(&desk, &shop, &sid).await;
                assert!(xml.contains(&format!("callerId=\"{sees}\"")), "{xml}");
            }
        };
        seen(SHOWN).await;
        // It goes without anybody being asked, and is another tenant's next.
        assert!(
            numbers::delete(&desk.store, shop.tenant, shown)
                .await
                .unwrap()
        );
        seen(&shop.phone_number).await;
        add(other.tenant).await;
        seen(&shop.phone_number).await;
    })
    .await;
}

const SHOWN: &str = "+15550209999";

/// What the carrier is told of a call to the shop's number.
async fn ring(desk: &Desk, shop: &Shop, sid: &str) -> String {
    let form = [
        ("AccountSid", "AC00000000000000000000000000000001"),
        ("CallSid", sid),
        ("CallStatus", "ringing"),
        ("Direction", "inbound"),
        ("From", "+15550100001"),
        ("To", shop.phone_number.as_str()),
    ];
    desk.rung("twiml/inbound", &form).await.body
}

//! Settings: the platform speaks, the tenant answers, a member has the last word.

use frontdesk::domain::Role;
use serde_json::{Value, json};

use super::desk::{Answer, Desk};
use crate::support::database::on_each_database;

const KEY: &str = "max_call_duration_seconds";

/// The setting of that name, in a list.
fn one<'a>(list: &'a Value, key: &str) -> &'a Value {
    let all = list["data"].as_array().expect("a list");
    let found = all.iter().find(|setting| setting["key"] == key);
    found.expect("every setting is listed")
}

async fn put(desk: &Desk, path: &str, key: &str, body: &Value) -> Answer {
    desk.clock.advance_ms(1);
    desk.send(("PUT", path), key, body).await
}

#[tokio::test]
async fn a_setting_comes_from_the_lowest_level_that_has_set_it() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let (agent, _) = desk.member(tenant, Role::Agent).await;
        let platform = desk.platform_key().await;
        let shown = async |path: &str, key: &str| {
            let list = desk.get(path, key).await.json();
            let setting = one(&list, KEY).clone();
            (
                setting["value"].clone(),
                setting["source"].as_str().unwrap().to_owned(),
            )
        };
        let of_agent = format!("/api/users/{agent}/settings");
        assert_eq!(
            shown("/api/settings", &key).await,
            (json!(3_600), "default".to_owned())
        );
        let path = format!("/api/platform/settings/{KEY}");
        let set = put(&desk, &path, &platform, &json!({"value": 1_800})).await;
        assert_eq!(set.status, 200, "{}", set.body);
        let by_platform = (json!(1_800), "platform".to_owned());
        assert_eq!(shown("/api/settings", &key).await, by_platform);
        assert_eq!(
            shown("/api/platform/settings", &platform).await,
            by_platform
        );

        let path = format!("/api/settings/{KEY}");
        let set = put(&desk, &path, &key, &json!({"value": 900, "lock": "soft"}))
            .await
            .json();
        assert_eq!(
            (&set["value"], &set["locked_by"]),
            (&json!(900), &json!("tenant"))
        );
        assert_eq!(
            shown(&of_agent, &key).await,
            (json!(900), "tenant".to_owned())
        );
        let path_of_agent = format!("{of_agent}/{KEY}");
        let set = put(&desk, &path_of_agent, &key, &json!({"value": 600}))
            .await
            .json();
        assert_eq!(
            (&set["value"], &set["source"]),
            (&json!(600), &json!("user"))
        );
        let notice = set["notice"].as_str().unwrap();
        assert!(notice.contains("the tenant has set this"), "{notice}");
        assert_eq!(
            shown("/api/settings", &key).await,
            (json!(900), "tenant".to_owned())
        );
    })
    .await;
}

#[tokio::test]
async fn what_was_set_is_taken_back_level_by_level_and_the_audit_log_knows() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let (agent, _) = desk.member(tenant, Role::Agent).await;
        let platform = desk.platform_key().await;
        let of_agent = format!("/api/users/{agent}/settings");
        let path_of_agent = format!("{of_agent}/{KEY}");
        let path = format!("/api/settings/{KEY}");
        let path_of_platform = format!("/api/platform/settings/{KEY}");
        for (path, key, value) in [
            (&path_of_platform, &platform, 1_800),
            (&path, &key, 900),
            (&path_of_agent, &key, 600),
        ] {
            let set = put(&desk, path, key, &json!({"value": value})).await;
            assert_eq!(set.status, 200, "{}", set.body);
        }
        for (path, key) in [(&path_of_agent, &key), (&path, &key)] {
            for _ in 0..2 {
                let unset = desk.send(("DELETE", path), key, &json!({})).await;
                assert_eq!(unset.status, 200, "{}", unset.body);
            }
        }
        let list = desk.get(&of_agent, &key).await.json();
        assert_eq!(one(&list, KEY)["source"], "platform");
        let nothing = json!({});
        desk.send(("DELETE", &path_of_platform), &platform, &nothing)
            .await;
        let list = desk.get(&of_agent, &key).await.json();
        assert_eq!(one(&list, KEY)["source"], "default");
        let audit = desk.get("/api/audit", &key).await.json();
        let objects = audit["data"].as_array().unwrap().iter();
        let objects: Vec<_> = objects
            .map(|entry| entry["object"].as_str().unwrap())
            .collect();
        assert_eq!(
            objects.len(),
            4,
            "what was unset already is no news: {objects:?}"
        );
        assert!(objects.contains(&KEY));
        assert!(objects.contains(&format!("{agent}/{KEY}").as_str()));
    })
    .await;
}

#[tokio::test]
async fn nobody_sets_what_somebody_above_has_locked_and_what_was_set_does_not_count() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let (agent, _) = desk.member(tenant, Role::Agent).await;
        let platform = desk.platform_key().await;
        let path = format!("/api/settings/{KEY}");
        let of_agent = format!("/api/users/{agent}/settings/{KEY}");
        let of_platform = format!("/api/platform/settings/{KEY}");
        put(&desk, &path, &key, &json!({"value": 900})).await;
        put(&desk, &of_agent, &key, &json!({"value": 600})).await;
        let locked = json!({"value": 1_800, "lock": "hard"});
        assert_eq!(
            put(&desk, &of_platform, &platform, &locked).await.status,
            200
        );

        for path in [&path, &of_agent] {
            let refused = put(&desk, path, &key, &json!({"value": 60})).await;
            assert_eq!(refused.status, 409, "{}", refused.body);
            assert!(
                refused.body.contains("the platform has locked"),
                "{}",
                refused.body
            );
        }
        for list in [
            "/api/settings".to_owned(),
            format!("/api/users/{agent}/settings"),
        ] {
            let list = desk.get(&list, &key).await.json();
            let setting = one(&list, KEY);
            assert_eq!(
                (&setting["value"], &setting["source"]),
                (&json!(1_800), &json!("platform"))
            );
            assert_eq!(
                (&setting["lock"], &setting["may_set"]),
                (&json!("hard"), &json!(false))
            );
        }
        // What is unlocked again counts again, as it was.
        put(&desk, &of_platform, &platform, &json!({"value": 1_800})).await;
        let list = desk.get("/api/settings", &key).await.json();
        assert_eq!(one(&list, KEY)["value"], 900);
        put(&desk, &path, &key, &json!({"value": 900, "lock": "hard"})).await;
        let refused = put(&desk, &of_agent, &key, &json!({"value": 60})).await;
        assert!(
            refused.body.contains("the tenant has locked"),
            "{}",
            refused.body
        );
    })
    .await;
}

#[tokio::test]
async fn a_setting_takes_what_its_table_says_and_nothing_else() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let (agent, _) = desk.member(tenant, Role::Agent).await;
        let list = desk.get("/api/settings", &key).await.json();
        assert_eq!(list["data"].as_array().unwrap().len(), 16);
        let duration = one(&list, KEY);
        assert_eq!(
            (&duration["minimum"], &duration["maximum"]),
            (&json!(1), &json!(14_400))
        );
        let provider = one(&list, "transcription_provider");
        assert_eq!(provider["choices"], json!(["carrier", "openai"]));
        for (name, good, bad) in [
            ("auto_record_calls", json!(false), json!("false")),
            (KEY, json!(14_400), json!(14_401)),
            (KEY, json!(1), json!(0)),
            (KEY, json!(60), json!(1.5)),
            ("transcription_provider", json!("openai"), json!("nobody")),
            (
                "default_voicemail_greeting",
                json!("Hello from {name}."),
                json!(""),
            ),
            (
                "default_voicemail_greeting",
                json!("x".repeat(1_000)),
                json!("x".repeat(1_001)),
            ),
            ("enable_call_recording", json!(true), json!(null)),
        ] {
            for path in [
                format!("/api/settings/{name}"),
                format!("/api/users/{agent}/settings/{name}"),
            ] {
                let set = put(&desk, &path, &key, &json!({"value": good})).await;
                assert_eq!(
                    (set.status.as_u16(), &set.json()["value"]),
                    (200, &good),
                    "{name}"
                );
                let refused = put(&desk, &path, &key, &json!({"value": bad})).await;
                assert_eq!(refused.status, 422, "{name}: {bad}");
                assert_eq!(refused.problem()["errors"][0]["pointer"], "#/value");
            }
        }
        let unknown = put(&desk, "/api/settings/colour", &key, &json!({"value": 1})).await;
        assert_eq!(unknown.status, 404);
    })
    .await;
}

#[tokio::test]
async fn what_holds_for_all_is_set_for_all_and_for_no_one_member() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let (agent, _) = desk.member(tenant, Role::Agent).await;
        let (of_all, of_agent) = (
            "/api/settings".to_owned(),
            format!("/api/users/{agent}/settings"),
        );
        for (name, value, list, whose) in [
            (
                "call_retention_days",
                json!(7),
                &of_agent,
                "the whole tenant",
            ),
            (
                "recording_retention_days",
                json!(7),
                &of_agent,
                "the whole tenant",
            ),
            (
                "sms_retention_days",
                json!(7),
                &of_agent,
                "the whole tenant",
            ),
            (
                "voicemail_retention_days",
                json!(7),
                &of_agent,
                "the whole tenant",
            ),
            ("enable_ivr", json!(false), &of_agent, "the whole tenant"),
            ("max_numbers", json!(1_000), &of_all, "only the platform"),
            ("max_numbers", json!(1_000), &of_agent, "only the platform"),
        ] {
            let before = one(&desk.get(list, &key).await.json(), name).clone();
            assert_eq!(before["may_set"], false, "{name}");
            let notice = before["notice"].as_str().unwrap();
            assert!(notice.contains(whose), "{name}: {notice}");
            let path = format!("{list}/{name}");
            let refused = put(&desk, &path, &key, &json!({"value": value})).await;
            assert_eq!(refused.status, 409, "{}", refused.body);
            assert!(refused.body.contains(whose), "{}", refused.body);
            assert_eq!(one(&desk.get(list, &key).await.json(), name), &before);
        }
        let list = desk.get(&of_all, &key).await.json();
        assert_eq!(one(&list, "enable_ivr")["may_set"], true);
    })
    .await;
}

#[tokio::test]
async fn a_lock_is_one_of_three_and_nobody_is_below_a_member() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let (agent, _) = desk.member(tenant, Role::Agent).await;
        let odd = json!({"value": 60, "lock": "strong"});
        assert_eq!(
            put(&desk, &format!("/api/settings/{KEY}"), &key, &odd)
                .await
                .status,
            422
        );
        let odd = json!({"value": 60, "lock": "hard"});
        let path = format!("/api/users/{agent}/settings/{KEY}");
        assert_eq!(
            put(&desk, &path, &key, &odd).await.status,
            422,
            "nobody is below a member"
        );
    })
    .await;
}

#[tokio::test]
async fn i9_what_one_tenant_sets_is_nothing_to_another() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key_of_a) = desk.tenant("A").await;
        let (_, key_of_b) = desk.tenant("B").await;
        let (agent, _) = desk.member(a, Role::Agent).await;
        let canary = json!({"value": "canary of {name}"});
        let name = "default_voicemail_greeting";
        put(&desk, &format!("/api/settings/{name}"), &key_of_a, &canary).await;
        let of_agent = format!("/api/users/{agent}/settings");
        put(&desk, &format!("{of_agent}/{name}"), &key_of_a, &canary).await;
        assert!(
            !desk
                .get("/api/settings", &key_of_b)
                .await
                .body
                .contains("canary")
        );
        let never = "/api/users/usr_01ARZ3NDEKTSV4RRFFQ69G5FAV/settings";
        let value = json!({"value": "stolen"});
        for (method, rest, body) in [
            ("GET", String::new(), json!({})),
            ("PUT", format!("/{name}"), value),
            ("DELETE", format!("/{name}"), json!({})),
        ] {
            let (absent, missing) = (format!("{of_agent}{rest}"), format!("{never}{rest}"));
            let absent = desk.send((method, &absent), &key_of_b, &body).await;
            let missing = desk.send((method, &missing), &key_of_b, &body).await;
            assert_eq!(absent.status, 404, "{method}");
            assert_eq!(absent.body, missing.body);
        }
        let list = desk.get(&of_agent, &key_of_a).await.json();
        assert_eq!(one(&list, name)["value"], "canary of {name}");
    })
    .await;
}

#[tokio::test]
async fn how_long_things_are_kept_is_said_by_those_who_may_erase_them() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, _) = desk.tenant("A").await;
        for (role, may) in [
            (Role::Owner, true),
            (Role::Admin, true),
            (Role::Supervisor, false),
            (Role::Developer, false),
        ] {
            let (member, token) = desk.member(tenant, role).await;
            let of_all = ["call", "recording", "sms", "voicemail"];
            let of_all = of_all.map(|what| format!("/api/settings/{what}_retention_days"));
            let of_member = format!("/api/users/{member}/settings/call_retention_days");
            for path in of_all.iter().chain([&of_member]) {
                let set = put(&desk, path, &token, &json!({"value": 1})).await;
                assert_eq!(set.status == 403, !may, "{role:?} {path}: {}", set.body);
                let unset = desk.send(("DELETE", path), &token, &json!({})).await;
                assert_eq!(unset.status == 403, !may, "{role:?} {path}");
            }
            let path = format!("/api/settings/{KEY}");
            let other = put(&desk, &path, &token, &json!({"value": 900})).await;
            assert_eq!(other.status, 200, "{role:?}: {}", other.body);
        }
    })
    .await;
}

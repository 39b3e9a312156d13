//! Members, keys and tenants: taking in, changing, letting go, and who did it.

use frontdesk::domain::{Permission, Role, Scope, UserId};
use serde_json::{Value, json};

use super::desk::{Desk, in_an_hour, token};
use crate::support::database::on_each_database;

#[tokio::test]
async fn a_member_is_taken_in_changed_and_let_go_and_the_audit_log_says_by_whom() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, _) = desk.tenant("A").await;
        let (owner, key) = desk.member(tenant, Role::Owner).await;
        desk.clock.advance_ms(1);
        let ada = json!({"email": "Ada@Example.com", "name": "Ada", "role": "agent",
            "subject": "auth0|ada", "phone_number": "+15550100007"});
        let made = desk.send(("POST", "/api/users"), &key, &ada).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let made = made.json();
        assert_eq!(made["email"], "ada@example.com");
        assert_eq!(made["is_active"], true);
        let path = format!("/api/users/{}", made["id"].as_str().unwrap());
        assert_eq!(desk.get(&path, &key).await.json(), made);

        let her_token = token(&json!({"sub": "auth0|ada", "exp": in_an_hour()}));
        assert_eq!(desk.get("/api/me", &her_token).await.status, 200);
        desk.clock.advance_ms(1);
        let change = json!({"role": "supervisor", "phone_number": null});
        let changed = desk.send(("PATCH", &path), &key, &change).await.json();
        assert_eq!(changed["role"], "supervisor");
        assert_eq!(changed["phone_number"], Value::Null);
        assert_eq!(changed["name"], "Ada");
        for field in ["email", "name", "role", "is_active"] {
            let refused = desk
                .send(("PATCH", &path), &key, &json!({field: null}))
                .await;
            assert_eq!(refused.status, 422, "{field} is not null");
        }
        desk.clock.advance_ms(1);
        let off = json!({"is_active": false});
        assert_eq!(desk.send(("PATCH", &path), &key, &off).await.status, 200);
        // Rights are taken back at once, whatever a token says.
        assert_eq!(desk.get("/api/me", &her_token).await.status, 401);
        desk.clock.advance_ms(1);
        let gone = desk.send(("DELETE", &path), &key, &json!({})).await;
        assert_eq!(gone.status, 204);
        assert_eq!(desk.get(&path, &key).await.status, 404);

        let audit = desk.get("/api/audit", &key).await.json();
        let seen: Vec<_> = audit["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| {
                assert_eq!(entry["actor"], owner.to_string());
                assert_eq!(entry["object"], made["id"]);
                (entry["action"].clone(), entry["fields"].clone())
            })
            .collect();
        let expected = [
            (json!("user.deleted"), json!([])),
            (json!("user.updated"), json!(["is_active"])),
            (json!("user.updated"), json!(["role", "phone_number"])),
            (json!("user.created"), json!(["email", "name", "role"])),
        ];
        assert_eq!(seen, expected);
    })
    .await;
}

#[tokio::test]
async fn a_tenant_keeps_an_owner_and_only_an_owner_makes_one() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, _) = desk.tenant("A").await;
        let (owner, owners) = desk.member(tenant, Role::Owner).await;
        let (admin, admins) = desk.member(tenant, Role::Admin).await;
        let path = |id| format!("/api/users/{id}");
        for change in [json!({"role": "admin"}), json!({"is_active": false})] {
            let refused = desk.send(("PATCH", &path(owner)), &owners, &change).await;
            assert_eq!(refused.status, 409, "{}", refused.body);
        }
        let nothing = json!({});
        let refused = desk.send(("DELETE", &path(owner)), &owners, &nothing).await;
        assert_eq!(refused.status, 409);
        let rise = json!({"role": "owner"});
        for who in [owner, admin] {
            let refused = desk.send(("PATCH", &path(who)), &admins, &rise).await;
            assert_eq!(refused.status, 403);
        }
        let made = desk.send(("PATCH", &path(admin)), &owners, &rise).await;
        assert_eq!(made.status, 200);
        let gone = desk.send(("DELETE", &path(owner)), &owners, &nothing).await;
        assert_eq!(gone.status, 204);
    })
    .await;
}

#[tokio::test]
async fn nobody_makes_a_member_who_may_more_than_they_do() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let (admin, admins) = desk.member(tenant, Role::Admin).await;
        let make = async |key: &str, role: Role| {
            let email = format!("{}@example.com", desk.clock.new_id::<UserId>());
            let new = json!({"email": email, "name": "New", "role": role.as_str()});
            let made = desk.send(("POST", "/api/users"), key, &new).await;
            made.status.as_u16()
        };
        // A key of the days when there were such keys.
        let members = Scope::Only(vec![Permission::MembersRead, Permission::MembersWrite]);
        let members = desk.narrow_key(tenant, members).await;
        for role in Role::ALL {
            assert_eq!(make(&members, role).await, 403, "{role:?}");
            let admins_may = if role == Role::Owner { 403 } else { 201 };
            assert_eq!(make(&admins, role).await, admins_may, "{role:?}");
            assert_eq!(make(&key, role).await, 201, "{role:?}");
        }
        let path = format!("/api/users/{admin}");
        for (method, body) in [
            ("PATCH", json!({"role": "owner"})),
            ("PATCH", json!({"is_active": false})),
            ("DELETE", json!({})),
        ] {
            let refused = desk.send((method, &path), &members, &body).await;
            assert_eq!(refused.status, 403, "{method} {body}");
        }
        let billing = Scope::Only(vec![
            Permission::MembersWrite,
            Permission::UsageRead,
            Permission::BudgetsRead,
            Permission::BudgetsWrite,
        ]);
        let billing = desk.narrow_key(tenant, billing).await;
        assert_eq!(make(&billing, Role::Billing).await, 201);
        assert_eq!(make(&billing, Role::Agent).await, 403);

        let new = json!({"name": "bot", "permissions": ["members:read", "members:write"]});
        let refused = desk.send(("POST", "/api/keys"), &key, &new).await;
        assert_eq!(refused.status, 422, "{}", refused.body);
        let fault = &refused.problem()["errors"][0];
        assert_eq!(fault["pointer"], "#/permissions/1");
    })
    .await;
}

#[tokio::test]
async fn what_somebody_has_already_is_a_conflict_and_what_makes_no_sense_is_named() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        let ada = json!({"email": "ada@example.com", "name": "Ada", "role": "agent"});
        let post = ("POST", "/api/users");
        assert_eq!(desk.send(post, &key, &ada).await.status, 201);
        let again = desk.send(post, &key, &ada).await;
        assert_eq!(again.problem()["type"], "/problems/conflict");
        for (field, value) in [
            ("email", json!("nobody")),
            ("name", json!("")),
            ("name", json!("two\nlines")),
            ("role", json!("king")),
            ("phone_number", json!("12")),
            ("nose", json!("red")),
        ] {
            let mut body = ada.clone();
            body[field] = value;
            let refused = desk.send(post, &key, &body).await;
            assert_eq!(refused.status, 422, "{field}");
            let fault = refused.problem()["errors"][0].to_string();
            assert!(fault.contains(field), "{fault}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_is_shown_once_and_grants_no_more_than_its_maker_has() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        desk.clock.advance_ms(1);
        let new = json!({"name": "bot", "permissions": ["calls:read"]});
        let made = desk.send(("POST", "/api/keys"), &key, &new).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let made = made.json();
        let text = made["text"].as_str().unwrap();
        assert_eq!(desk.get("/api/calls/log", text).await.status, 200);
        assert_eq!(desk.get("/api/users", text).await.status, 403);
        let listed = desk.get("/api/keys", &key).await;
        assert!(!listed.body.contains(text));
        assert_eq!(
            listed.json()["data"][0]["permissions"],
            json!(["calls:read"])
        );

        let maker = Scope::Only(vec![Permission::KeysWrite, Permission::CallsRead]);
        let maker = desk.narrow_key(tenant, maker).await;
        let may = desk.send(("POST", "/api/keys"), &maker, &new).await;
        assert_eq!(may.status, 201);
        for more in [json!(["*"]), json!(["calls:read", "numbers:write"])] {
            let new = json!({"name": "bot", "permissions": more});
            let refused = desk.send(("POST", "/api/keys"), &maker, &new).await;
            assert_eq!(refused.status, 403);
        }
        let (_, developer) = desk.member(tenant, Role::Developer).await;
        let refused = desk.send(("POST", "/api/keys"), &developer, &new).await;
        assert_eq!(refused.status, 403, "a developer sees calls masked only");

        let path = format!("/api/keys/{}", made["id"].as_str().unwrap());
        let gone = desk.send(("DELETE", &path), &key, &json!({})).await;
        assert_eq!(gone.status, 204);
        assert_eq!(desk.get("/api/calls/log", text).await.status, 401);
        for bad in [json!([]), json!(["calls:eat"])] {
            let new = json!({"name": "bot", "permissions": bad});
            let refused = desk.send(("POST", "/api/keys"), &key, &new).await;
            let pointer = refused.problem()["errors"][0]["pointer"].clone();
            assert!(pointer.as_str().unwrap().starts_with("#/permissions"));
        }
    })
    .await;
}

#[tokio::test]
async fn the_keys_of_the_platform_are_no_business_of_the_tenant_with_whom_they_are_kept() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, _) = desk.tenant("A").await;
        let (_, developer) = desk.member(tenant, Role::Developer).await;
        let platform = desk.platform_key_with(tenant).await;
        let ids = async |path: &str, key: &str| -> Vec<String> {
            let listed = desk.get(path, key).await.json();
            let all = listed["data"].as_array().unwrap().iter();
            all.map(|one| one["id"].as_str().unwrap().to_owned())
                .collect()
        };
        let end = async |all: &str, id: &str, key: &str| {
            let path = format!("{all}/{id}");
            desk.send(("DELETE", &path), key, &json!({})).await.status
        };
        let platforms = ids("/api/platform/keys", &platform).await;
        let own = ids("/api/keys", &developer).await;
        assert_eq!((platforms.len(), own.len()), (1, 1));
        assert_ne!(platforms, own);
        assert_eq!(end("/api/keys", &platforms[0], &developer).await, 404);
        assert_eq!(end("/api/platform/keys", &own[0], &platform).await, 404);
        assert_eq!(
            end("/api/platform/keys", &platforms[0], &developer).await,
            403
        );
        assert_eq!(desk.get("/api/tenants", &platform).await.status, 200);
        assert_eq!(
            end("/api/platform/keys", &platforms[0], &platform).await,
            204
        );
        assert_eq!(desk.get("/api/tenants", &platform).await.status, 401);
    })
    .await;
}

#[tokio::test]
async fn what_the_operator_changed_is_for_the_operator_to_read_and_in_a_house_for_its_tenant_too() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let platform = desk.platform_key_with(tenant).await;
        let done = async |(method, path): (&str, String), body: Value, key: &str| {
            desk.clock.advance_ms(1);
            let answer = desk.send((method, &path), key, &body).await;
            assert!(answer.status.is_success(), "{path}: {}", answer.body);
        };
        let setting = || "/api/platform/settings/enable_ivr".to_owned();
        done(("PUT", setting()), json!({"value": true}), &platform).await;
        done(("DELETE", setting()), json!({}), &platform).await;
        let house = format!("/api/tenants/{tenant}");
        done(("PATCH", house), json!({"name": "B"}), &platform).await;
        let queue = json!({"name": "Sales"});
        done(("POST", "/api/queues".to_owned()), queue, &key).await;
        desk.platform_key_with(tenant).await;
        let keys = desk.get("/api/platform/keys", &platform).await.json();
        let newest = keys["data"][0]["id"].as_str().unwrap();
        let path = format!("/api/platform/keys/{newest}");
        done(("DELETE", path), json!({}), &platform).await;
        let actions = async |path: &str, key: &str| -> Vec<String> {
            let listed = desk.get(path, key).await.json();
            let all = listed["data"].as_array().unwrap().iter();
            all.map(|one| one["action"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(
            actions("/api/platform/audit", &platform).await,
            [
                "key.revoked",
                "tenant.updated",
                "platform_setting.unset",
                "platform_setting.set"
            ]
        );
        let theirs = actions("/api/audit", &key).await;
        assert_eq!(theirs, ["queue.created", "tenant.updated"]);
        let page = desk.get("/api/platform/audit?limit=3", &platform).await;
        let next = page.json()["next_cursor"].as_str().unwrap().to_owned();
        let rest = actions(&format!("/api/platform/audit?cursor={next}"), &platform).await;
        assert_eq!(rest, ["platform_setting.set"]);
        let (_, owner) = desk.member(tenant, Role::Owner).await;
        for key in [&key, &owner] {
            assert_eq!(desk.get("/api/platform/audit", key).await.status, 403);
        }
    })
    .await;
}

#[tokio::test]
async fn the_platform_opens_a_house_and_sees_nothing_of_what_is_in_it() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let platform = desk.platform_key().await;
        let new = json!({"name": "Green Dental", "time_zone": "Europe/Berlin",
            "owner": {"email": "ada@example.com", "name": "Ada", "subject": "ada"}});
        let made = desk.send(("POST", "/api/tenants"), &platform, &new).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let made = made.json();
        assert!(made["default_receptionist_id"].is_string());
        let ada = token(&json!({"sub": "ada", "exp": in_an_hour()}));
        let me = desk.get("/api/me", &ada).await.json();
        assert_eq!(me["tenant_id"], made["id"]);
        let path = format!("/api/tenants/{}", made["id"].as_str().unwrap());
        let change = json!({"time_zone": "Mars/Olympus"});
        let refused = desk.send(("PATCH", &path), &platform, &change).await;
        assert_eq!(refused.status, 422);
        desk.clock.advance_ms(1);
        let change = json!({"name": "Blue Dental"});
        let changed = desk.send(("PATCH", &path), &platform, &change).await;
        assert_eq!(changed.json()["name"], "Blue Dental");
        assert_eq!(desk.get(&path, &platform).await.json(), changed.json());
        let audit = desk.get("/api/audit", &ada).await.json();
        assert_eq!(audit["data"][0]["action"], "tenant.updated");
        assert_eq!(desk.get("/api/users", &platform).await.status, 403);
        assert_eq!(desk.get(&path, &ada).await.status, 403);
    })
    .await;
}

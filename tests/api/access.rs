//! Who may do what: every route with every role, and every key with its scope.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use frontdesk::domain::{Permission, Reach, Role, Scope};
use serde_json::{Value, json};

use super::desk::Desk;
use crate::support::database::on_each_database;

/// An operation of the documentation: method, path, what it asks for.
struct Operation {
    method: String,
    path: String,
    need: String,
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let need = operation["x-permission"].as_str();
            let need = need.unwrap_or_else(|| panic!("{method} {path} asks for nothing"));
            all.push(Operation {
                method: method.to_uppercase(),
                // An id of no kind: whoever is let in finds nothing there.
                path: with_nothing(path),
                need: need.to_owned(),
            });
        }
    }
    assert!(all.len() > 10, "the documentation has the routes");
    all
}

/// The path with `nothing` in the place of each parameter.
fn with_nothing(path: &str) -> String {
    let mut parts = path.split(['{', '}']);
    let mut filled = parts.next().unwrap().to_owned();
    while let (Some(_), Some(fixed)) = (parts.next(), parts.next()) {
        filled = filled + "nothing" + fixed;
    }
    filled
}

#[tokio::test]
async fn every_route_lets_every_role_in_as_the_table_says() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let document = desk.ask("/openapi.json", None).await.json();
        for role in Role::ALL {
            let (_, token) = desk.member(tenant, role).await;
            for Operation { method, path, need } in operations(&document) {
                let answer = desk.send((&method, &path), &token, &json!({})).await;
                let is_let_in = match need.as_str() {
                    "anybody" => true,
                    "platform" => false,
                    word => role.reach(word.parse().unwrap()) != Reach::None,
                };
                let was_let_in = answer.status != 403;
                assert_ne!(answer.status, 401, "{method} {path} as {role:?}");
                assert_eq!(was_let_in, is_let_in, "{method} {path} as {role:?}");
            }
        }
        for Operation { method, path, .. } in operations(&document) {
            for stranger in ["", "fd_live_nothing", "a.b.c", &key[..key.len() - 1]] {
                let answer = desk.send((&method, &path), stranger, &json!({})).await;
                assert_eq!(answer.status, 401, "{method} {path}");
            }
        }
    })
    .await;
}

/// The table as it was read and found good by somebody: who changes what a role may do
/// changes this too. A letter a role, in the order of `Role::ALL`: `A` all, `m` masked,
/// `o` own, `-` not at all.
#[tokio::test]
async fn who_may_do_what_is_as_it_was_agreed() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let document = desk.ask("/openapi.json", None).await.json();
        let letter = |role: Role, need: &str| match need {
            "anybody" => 'o',
            "platform" => '-',
            word => match role.reach(word.parse().unwrap()) {
                Reach::All => 'A',
                Reach::Masked => 'm',
                Reach::Own => 'o',
                Reach::None => '-',
            },
        };
        let mut table = String::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let need = operation["x-permission"].as_str().unwrap();
                let row: String = Role::ALL.iter().map(|role| letter(*role, need)).collect();
                let method = method.to_uppercase();
                writeln!(table, "{row}  {need:<16} {method:<6} {path}").unwrap();
            }
        }
        let agreed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/who_may.txt");
        let agreed = fs::read_to_string(agreed).unwrap();
        for (now, then) in table.lines().zip(agreed.lines()) {
            assert_eq!(now, then, "see tests/api/who_may.txt");
        }
        assert_eq!(table.lines().count(), agreed.lines().count(), "{table}");
    })
    .await;
}

#[tokio::test]
async fn a_key_opens_what_its_scope_names_and_nothing_else() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, _) = desk.tenant("A").await;
        let document = desk.ask("/openapi.json", None).await.json();
        for permission in Permission::ALL {
            let key = desk
                .narrow_key(tenant, Scope::Only(vec![*permission]))
                .await;
            for Operation { method, path, need } in operations(&document) {
                let answer = desk.send((&method, &path), &key, &json!({})).await;
                // Who may read calls may watch them.
                let is_part = need == "calls:watch" && *permission == Permission::CallsRead;
                let is_let_in = need == "anybody" || need == permission.as_str() || is_part;
                assert_eq!(answer.status != 403, is_let_in, "{method} {path}");
            }
        }
        let platform = desk.platform_key().await;
        for Operation { method, path, need } in operations(&document) {
            let answer = desk.send((&method, &path), &platform, &json!({})).await;
            assert_eq!(answer.status != 403, need == "platform", "{method} {path}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_agent_sees_only_calls_of_its_own_and_a_developer_sees_them_masked() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let (agent, agents_token) = desk.member(tenant, Role::Agent).await;
        let own = desk.whole_call(tenant, "CA1", "Is the shop open?").await;
        let other = desk.whole_call(tenant, "CA2", "Is the shop open?").await;
        let made_own = format!("UPDATE calls SET user_id = '{agent}' WHERE id = '{own}'");
        db.execute(&made_own).await;

        let log = desk.get("/api/calls/log", &agents_token).await.json();
        let ids: Vec<_> = log["data"].as_array().unwrap().iter().collect();
        assert_eq!(ids.len(), 1);
        assert_eq!(ids[0]["id"], own.to_string());
        assert_eq!(ids[0]["user_id"], agent.to_string());
        let path = |id| format!("/api/calls/{id}");
        assert_eq!(desk.get(&path(own), &agents_token).await.status, 200);
        let missing = desk.get("/api/calls/call_0", &agents_token).await;
        let closed = desk.get(&path(other), &agents_token).await;
        assert_eq!((closed.status, closed.body), (missing.status, missing.body));

        let (_, developers_token) = desk.member(tenant, Role::Developer).await;
        let masked = desk.get(&path(own), &developers_token).await;
        let whole = desk.get(&path(own), &key).await;
        assert!(whole.body.contains("+15550000001") && whole.body.contains("shop"));
        assert!(!masked.body.contains("5550000001") && !masked.body.contains("shop"));
        assert_eq!(masked.json()["from"], "+•••••••••••");
        assert_eq!(masked.json()["duration_s"], whole.json()["duration_s"]);
    })
    .await;
}

#[tokio::test]
async fn who_asks_is_told_what_it_may() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let (agent, token) = desk.member(tenant, Role::Agent).await;
        let me = desk.get("/api/me", &token).await.json();
        assert_eq!(me["tenant_id"], tenant.to_string());
        assert_eq!(
            (&me["user_id"], &me["key_id"]),
            (&json!(agent.to_string()), &json!(null))
        );
        let permissions: BTreeMap<_, _> = me["permissions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["permission"].as_str().unwrap(), &one["reach"]))
            .collect();
        assert_eq!(permissions["calls:read"], "own");
        assert_eq!(permissions["calls:write"], "all");
        assert!(!permissions.contains_key("members:read"));
        let me = desk.get("/api/me", &key).await.json();
        let count = me["permissions"].as_array().unwrap().len();
        assert_eq!(count, Permission::ALL.len());
    })
    .await;
}

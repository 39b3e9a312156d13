//! Flows: drafts and their faults, versions, plans that lead into them, simulated calls.

use frontdesk::domain::{FlowId, Number, PhoneNumber, TenantId};
use frontdesk::store::text::FlowText;
use frontdesk::store::{Seals, ivr_flows, kept_secrets, numbers};
use serde_json::{Value, json};

use super::desk::{Answer, Desk};
use crate::support::database::on_each_database;

const FLOWS: &str = "/api/ivr/flows";

/// A flow in which a key leads to a farewell.
fn menu_flow() -> Value {
    json!({
        "nodes": [
            {"id": "start", "kind": "start", "position": {"x": 10.0, "y": 20.4}},
            {"id": "main", "name": "Main menu", "kind": {"menu": {
                "prompt": {"say": {"text": "Press 1 & wait.", "voice": "Polly.Amy"}},
                "retries": 1, "timeout_s": 7.0}}},
            {"id": "entry", "kind": {"gather": {"prompt": {"play": {"url":
                "https://example.com/a.mp3"}}, "variable": "account", "max_digits": 4}}},
            {"id": "ask", "kind": {"http": {"url": "https://crm.example.com/{account}",
                "headers": [{"name": "Authorization", "value": "Bearer s3cret"}],
                "save": [{"variable": "name", "pointer": "/customer/name"}]}}},
            {"id": "hi", "kind": {"say": {"text": "Hello {name}."}}},
            {"id": "text", "kind": {"sms": {"text": "Your account: {account}"}}},
            {"id": "box", "kind": {"voicemail": {}}},
            {"id": "end", "kind": "hangup"},
        ],
        "edges": [
            {"from": "start", "exit": "next", "to": "main"},
            {"from": "main", "exit": "1", "to": "entry"},
            {"from": "main", "exit": "timeout", "to": "box"},
            {"from": "main", "exit": "invalid", "to": "end"},
            {"from": "entry", "exit": "next", "to": "ask"},
            {"from": "entry", "exit": "timeout", "to": "box"},
            {"from": "entry", "exit": "invalid", "to": "box"},
            {"from": "ask", "exit": "ok", "to": "hi"},
            {"from": "ask", "exit": "failed", "to": "box"},
            {"from": "hi", "exit": "next", "to": "text"},
            {"from": "text", "exit": "next", "to": "end"},
        ],
    })
}

async fn make(desk: &Desk, key: &str, name: &str, flow: &Value) -> String {
    let body = json!({"name": name, "flow": flow});
    let made = desk.send(("POST", FLOWS), key, &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn publish(desk: &Desk, key: &str, id: &str) -> Answer {
    let path = format!("{FLOWS}/{id}/publish");
    desk.send(("POST", &path), key, &json!({"note": "Menu"}))
        .await
}

async fn number(desk: &Desk, tenant: TenantId, number: &str) -> String {
    let number: PhoneNumber = number.parse().unwrap();
    let new = Number::new(desk.clock.new_id(), tenant, number, desk.clock.now());
    numbers::insert(&desk.store, &new).await.unwrap();
    format!("/api/numbers/{}/routing", new.phone_number.as_str())
}

fn faults(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(answer.status, 422, "{}", answer.body);
    let problem = answer.problem();
    let errors = problem["errors"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    errors
        .map(|one| (text(&one["pointer"]), text(&one["detail"])))
        .collect()
}

#[tokio::test]
async fn a_flow_is_edited_published_restored_and_deleted() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        let id = make(&desk, &key, "Main", &json!({})).await;
        let path = format!("{FLOWS}/{id}");
        let made = desk.get(&path, &key).await.json();
        assert_eq!(made["flow"], json!({"nodes": [], "edges": []}));
        assert_eq!(
            made["faults"],
            json!([{"pointer": "#/nodes", "node": null,
            "detail": "there is no start; add one node of this kind"}])
        );
        let refused = publish(&desk, &key, &id).await;
        assert_eq!(
            faults(&refused),
            [(
                "#/flow/nodes".to_owned(),
                "there is no start; add one node of this kind".to_owned()
            )]
        );

        let change = json!({"flow": menu_flow()});
        let changed = desk.send(("PATCH", &path), &key, &change).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        assert!(!changed.body.contains("s3cret"), "{}", changed.body);
        let changed = changed.json();
        assert_eq!(changed["faults"], json!([]));
        assert_eq!(
            changed["flow"]["nodes"][0]["position"],
            json!({"x": 10, "y": 20})
        );
        let header = &changed["flow"]["nodes"][3]["kind"]["http"]["headers"][0];
        assert_eq!(header, &json!({"name": "Authorization", "value": null}));

        let published = publish(&desk, &key, &id).await;
        assert_eq!(published.status, 201, "{}", published.body);
        assert_eq!(published.json()["version"], 1);
        assert_eq!(published.json()["flow"], changed["flow"]);
        // What was shown can be sent back: the secret stays.
        let again = json!({"flow": changed["flow"], "name": "Renamed"});
        let again = desk.send(("PATCH", &path), &key, &again).await.json();
        assert_eq!(
            (&again["faults"], &again["is_changed"]),
            (&json!([]), &json!(true))
        );
        assert_eq!(publish(&desk, &key, &id).await.json()["version"], 2);
        let with = async |table: &str, words: &str| {
            let sql = format!("SELECT COUNT(*) FROM {table} LIKE '%{words}%'");
            db.number(&sql).await
        };
        for table in ["ivr_flow_versions WHERE flow", "ivr_flows WHERE draft"] {
            assert_eq!(with(table, "s3cret").await, 0, "{table}");
            assert!(with(table, "sealed:1:").await > 0, "{table}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_version_can_be_looked_at_and_returned_to_until_the_flow_is_deleted() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        let id = make(&desk, &key, "Main", &menu_flow()).await;
        let path = format!("{FLOWS}/{id}");
        let first = publish(&desk, &key, &id).await.json();
        let renamed = json!({"name": "Renamed"});
        desk.send(("PATCH", &path), &key, &renamed).await;
        publish(&desk, &key, &id).await;
        let versions = desk.get(&format!("{path}/versions"), &key).await.json();
        let names: Vec<_> = versions["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["name"])
            .collect();
        assert_eq!(names, ["Renamed", "Main"]);
        let shown = desk.get(&format!("{path}/versions/1"), &key).await;
        assert!(shown.status == 200 && !shown.body.contains("s3cret"));
        assert_eq!(shown.json(), first);
        let emptied = desk
            .send(("PATCH", &path), &key, &json!({"flow": {}}))
            .await
            .json();
        assert_eq!(emptied["flow"]["nodes"], json!([]));
        let restore = format!("{path}/restore");
        let restored = desk
            .send(("POST", &restore), &key, &json!({"version": 1}))
            .await;
        assert_eq!(restored.json()["flow"], first["flow"]);
        assert_eq!(restored.json()["faults"], json!([]));
        let none = desk
            .send(("POST", &restore), &key, &json!({"version": 9}))
            .await;
        assert_eq!(faults(&none)[0].0, "#/version");

        let listed = desk.get(FLOWS, &key).await.json();
        assert_eq!(listed["data"][0]["name"], "Renamed");
        assert_eq!(listed["data"][0]["nodes"], 8);
        let same = desk
            .send(("POST", FLOWS), &key, &json!({"name": "Renamed"}))
            .await;
        assert_eq!(same.status, 409);
        assert_eq!(
            desk.send(("DELETE", &path), &key, &json!({})).await.status,
            204
        );
        assert_eq!(desk.get(&path, &key).await.status, 404);
        let audit = desk.get("/api/audit", &key).await;
        for action in ["created", "updated", "published", "restored", "deleted"] {
            assert!(audit.body.contains(&format!("flow.{action}")), "{action}");
        }
        assert!(!audit.body.contains("s3cret"));
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_flow_is_told_by_place_and_node() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        let mut flow = menu_flow();
        flow["edges"].as_array_mut().unwrap().remove(2);
        flow["edges"][1]["exit"] = json!("open");
        let id = make(&desk, &key, "Main", &flow).await;
        let refused = publish(&desk, &key, &id).await;
        let told = faults(&refused);
        assert_eq!(told[0].0, "#/flow/edges/1");
        assert!(told[0].1.starts_with("main: “main” is of the kind menu"), "{told:?}");
        assert!(
            told.contains(&("#/flow/nodes/1".to_owned(),
                "main: the exit “timeout” leads nowhere".to_owned())),
            "{told:?}"
        );
        let shown = desk.get(&format!("{FLOWS}/{id}"), &key).await.json();
        assert_eq!(shown["faults"][0]["node"], "main");
        assert_eq!(shown["faults"][0]["pointer"], "#/edges/1");
        // What has no shape is no draft either.
        let node = |kind: Value| json!({"name": "x", "flow": {"nodes": [{"id": "n", "kind": kind}]}});
        let say = |value: Value| node(json!({"say": value}));
        for (body, pointer) in [
            (json!({"name": "x", "flow": {"nodes": [{"id": "a b", "kind": "start"}]}}), "nodes/0/id"),
            (json!({"name": "x", "flow": {"edges": [{"from": "a", "exit": "Next", "to": "b"}]}}),
                "edges/0/exit"),
            (json!({"name": "x", "flow": {"nodes": vec![json!({"id": "n", "kind": "start"}); 101]}}), "nodes"),
            (node(json!("robot")), "nodes/0/kind"),
            (node(json!({"menu": {"prompt": {"say": {"text": "x"}}, "retries": 6}})),
                "nodes/0/kind/menu/retries"),
            (node(json!({"play": {"url": "http://example.com/a.mp3"}})), "nodes/0/kind/play/url"),
            (node(json!({"http": {"url": "ftp://example.com/"}})), "nodes/0/kind/http/url"),
            (node(json!({"http": {"url": "https://example.com/", "timeout_s": 4}})),
                "nodes/0/kind/http/timeout_s"),
            (node(json!({"set": {"variable": "A", "value": "x"}})), "nodes/0/kind/set/variable"),
            (node(json!({"branch": {"cases": []}})), "nodes/0/kind/branch/cases"),
            (say(json!({"text": " "})), "nodes/0/kind/say/text"),
            (say(json!({"text": "x", "speed": 2})), "nodes/0/kind/say/speed"),
        ] {
            let refused = desk.send(("POST", FLOWS), &key, &body).await;
            let told = faults(&refused);
            assert_eq!(told[0].0, format!("#/flow/{pointer}"), "{}", refused.body);
            // The node is named too, where it has a name.
            let is_named = told[0].1.starts_with("n: ");
            assert_eq!(is_named, pointer.contains("kind"), "{}", refused.body);
        }
        let null = desk
            .send(("POST", FLOWS), &key, &json!({"name": "x", "flow": null}))
            .await;
        assert_eq!(faults(&null)[0].0, "#/flow");
    })
    .await;
}

#[tokio::test]
async fn i9_a_flow_names_only_what_the_tenant_has_and_a_plan_only_its_flows() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (one, key) = desk.tenant("A").await;
        let (_, others_key) = desk.tenant("B").await;
        let queue = desk
            .send(("POST", "/api/queues"), &others_key, &json!({"name": "Q"}))
            .await;
        let foreign =
            json!({"nodes": [{"id": "q", "kind": {"queue": {"queue_id": queue.json()["id"]}}}]});
        let body = json!({"name": "Main", "flow": foreign});
        let refused = desk.send(("POST", FLOWS), &key, &body).await;
        assert_eq!(
            faults(&refused),
            [(
                "#/flow/nodes/0/kind/queue/queue_id".to_owned(),
                "q: there is no queue of that id here".to_owned()
            )]
        );
        // Its own keeps it from being deleted.
        let id = make(&desk, &others_key, "Main", &foreign).await;
        let path = format!("/api/queues/{}", queue.json()["id"].as_str().unwrap());
        let kept = desk.send(("DELETE", &path), &others_key, &json!({})).await;
        assert_eq!(kept.status, 409);

        let routing = number(&desk, one, "+15550200001").await;
        let plan = json!({"open": {"message": {"text": "x"}},
            "fallback": [{"ivr": {"flow_id": id}}]});
        let refused = desk.send(("PUT", &routing), &key, &plan).await;
        assert_eq!(
            faults(&refused),
            [(
                "#/fallback/0/ivr/flow_id".to_owned(),
                "there is no flow of that id here".to_owned()
            )]
        );
    })
    .await;
}

/// The flow that asks a machine at that address, with that header.
fn asking(url: &str, header: &Value) -> Value {
    let mut flow = menu_flow();
    let ask = &mut flow["nodes"][3]["kind"]["http"];
    ask["url"] = json!(url);
    ask["headers"] = json!([header]);
    flow
}

#[tokio::test]
async fn a_secret_does_not_follow_an_address_to_another_machine() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let id = make(&desk, &key, "Main", &menu_flow()).await;
        let path = format!("{FLOWS}/{id}");
        let kept = json!({"name": "authorization"});
        let send = async |url: &str, header: &Value| {
            let change = json!({"flow": asking(url, header)});
            desk.send(("PATCH", &path), &key, &change).await
        };
        let pointer = "#/flow/nodes/3/kind/http/headers/0/value";
        for elsewhere in [
            "https://evil.example.net/{account}",
            "https://crm.example.com:8443/{account}",
        ] {
            let refused = faults(&send(elsewhere, &kept).await);
            let why = "ask: the address leads to another machine now: give this value again";
            assert_eq!(refused, [(pointer.to_owned(), why.to_owned())]);
            let given = json!({"name": "Authorization", "value": "Bearer other"});
            let changed = send(elsewhere, &given).await;
            assert_eq!(changed.status, 200, "{}", changed.body);
            let back = json!({"name": "Authorization", "value": "Bearer s3cret"});
            let home = "https://crm.example.com/{account}";
            assert_eq!(send(home, &back).await.status, 200);
        }
        // Another address of the same machine is no other machine.
        let same = send("https://crm.example.com/v2/{account}?x=1", &kept).await;
        assert_eq!(same.status, 200, "{}", same.body);
        assert_eq!(same.json()["faults"], json!([]));

        // What lies in the database opens there, and is nobody's to give.
        let id: FlowId = id.parse().unwrap();
        let mut flow = ivr_flows::find(&db.store, tenant, id)
            .await
            .unwrap()
            .unwrap()
            .flow;
        let name = id.to_string();
        let (_, sealed) = flow.credentials_mut().next().unwrap();
        let place = kept_secrets::of_flow(tenant, &name);
        let opened = db.store.seals().open_kept(&place, sealed).unwrap();
        assert_eq!(opened.expose(), "Bearer s3cret");
        let sealed_text = sealed.expose().to_owned();
        // What was kept before anything was sealed is sealed, once.
        let plain = |name: &str| {
            let kept = serde_json::to_string(&FlowText::from(&flow)).unwrap();
            let open = kept.replace(sealed_text.as_str(), "Bearer s3cret");
            format!("UPDATE ivr_flows SET draft = '{open}' WHERE id = '{name}'")
        };
        db.execute(&plain(&name)).await;
        assert_eq!(kept_secrets::seal_all(&db.store).await.unwrap(), 1);
        assert_eq!(kept_secrets::seal_all(&db.store).await.unwrap(), 0);
        let drafts = "SELECT COUNT(*) FROM ivr_flows WHERE draft LIKE '%s3cret%'";
        assert_eq!(db.number(drafts).await, 0);
        let same = send("https://crm.example.com/v3/{account}", &kept).await;
        assert_eq!(same.status, 200, "{}", same.body);

        let stolen = json!({"name": "Authorization", "value": sealed_text});
        let refused = faults(&send("https://evil.example.net/", &stolen).await);
        assert_eq!(refused[0].0, pointer);
    })
    .await;
}

#[tokio::test]
async fn without_a_key_secrets_are_refused_and_all_else_is_kept() {
    on_each_database(async |db| {
        let keyless = db.store.clone().with_seals(Seals::default());
        let desk = Desk::build(db, |state| state.store = keyless);
        let (_, key) = desk.tenant("A").await;
        let body = json!({"name": "x", "flow": menu_flow()});
        let refused = faults(&desk.send(("POST", FLOWS), &key, &body).await);
        assert_eq!(refused[0].0, "#/flow/nodes/3/kind/http/headers/0/value");
        assert!(refused[0].1.contains("MASTER_KEY"), "{refused:?}");
        let open = asking("https://crm.example.com/", &json!({"name": "X-Nothing"}));
        make(&desk, &key, "Main", &open).await;
    })
    .await;
}

#[tokio::test]
async fn i11_no_flow_sends_callers_to_a_number_that_is_dear() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        for number in ["+19002345678", "+911", "+8816123456789"] {
            let forward = json!({"forward": {"name": "Dear", "phone_number": number}});
            let body = json!({"name": "x", "flow": {"nodes": [{"id": "f", "kind": forward}]}});
            let refused = desk.send(("POST", FLOWS), &key, &body).await;
            let told = faults(&refused);
            assert_eq!(told[0].0, "#/flow/nodes/0/kind/forward/phone_number");
            let whys = ["f: this is a", "f: emergency numbers"];
            assert!(
                whys.iter().any(|why| told[0].1.starts_with(why)),
                "{told:?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_flow_is_renamed_whatever_it_leads_to() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        let allow = async |policy: Value| {
            let put = ("PUT", "/api/calls/outbound/policy");
            assert_eq!(desk.send(put, &key, &policy).await.status, 200);
        };
        allow(json!({"countries": ["US"]})).await;
        let forward = json!({"forward": {"name": "Out", "phone_number": "+12025550123"}});
        let flow = json!({"nodes": [{"id": "f", "kind": forward}]});
        let path = format!("{FLOWS}/{}", make(&desk, &key, "Old", &flow).await);
        allow(json!({"countries": []})).await;
        let renamed = desk
            .send(("PATCH", &path), &key, &json!({"name": "New"}))
            .await;
        assert_eq!(renamed.status, 200, "{}", renamed.body);
        let drawn = desk
            .send(("PATCH", &path), &key, &json!({"flow": flow}))
            .await;
        let (pointer, _) = &faults(&drawn)[0];
        assert_eq!(pointer, "#/flow/nodes/0/kind/forward/phone_number");
    })
    .await;
}

#[tokio::test]
async fn a_number_leads_into_a_flow_and_the_preview_says_so() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let id = make(&desk, &key, "Main", &menu_flow()).await;
        let routing = number(&desk, tenant, "+15550200001").await;
        let plan = json!({"open": {"ivr": {"flow_id": id}}});
        let put = desk.send(("PUT", &routing), &key, &plan).await;
        assert_eq!(put.status, 200, "{}", put.body);
        assert_eq!(put.json()["open"], plan["open"]);
        let preview = async || {
            let path = "/api/routing/preview?to=%2B15550200001";
            desk.get(path, &key).await.json()
        };
        let unpublished = preview().await;
        assert_eq!(
            unpublished["stops"],
            json!([{"voicemail": {"greeting": null}}])
        );
        assert!(
            unpublished["steps"]
                .to_string()
                .contains("the flow was never published")
        );
        publish(&desk, &key, &id).await;
        let published = preview().await;
        assert_eq!(published["stops"][0]["ivr"]["flow_id"], id);
        assert_eq!(published["stops"][0]["ivr"]["version"], 1);
        assert!(
            published["steps"]
                .to_string()
                .contains(&format!("the flow {id}, version 1"))
        );
        let path = format!("{FLOWS}/{id}");
        let kept = desk.send(("DELETE", &path), &key, &json!({})).await;
        assert_eq!(kept.status, 409, "{}", kept.body);
        let off = desk
            .send(
                ("PUT", "/api/settings/enable_ivr"),
                &key,
                &json!({"value": false}),
            )
            .await;
        assert_eq!(off.status, 200, "{}", off.body);
        let switched_off = preview().await;
        assert_eq!(
            switched_off["stops"][0],
            json!({"voicemail": {"greeting": null}})
        );
        assert!(switched_off["steps"].to_string().contains("enable_ivr"));
    })
    .await;
}

async fn simulated(desk: &Desk, key: &str, id: &str, body: &Value) -> Value {
    let path = format!("{FLOWS}/{id}/simulate");
    let answer = desk.send(("POST", &path), key, body).await;
    assert_eq!(answer.status, 200, "{body}: {}", answer.body);
    answer.json()
}

/// What a step has passed: nodes, and nodes with their exits.
fn path_of(step: &Value) -> Vec<String> {
    let path = step["path"].as_array().unwrap().iter();
    let told = path.map(|one| {
        let exit = one["exit"].as_str().unwrap_or_default();
        format!("{} {exit}", one["node"].as_str().unwrap())
    });
    told.map(|one| one.trim().to_owned()).collect()
}

#[tokio::test]
async fn a_call_is_simulated_with_keys_a_clock_and_a_caller() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        let id = make(&desk, &key, "Main", &menu_flow()).await;
        let simulate = async |body: Value| simulated(&desk, &key, &id, &body).await;
        let none = simulate(json!({})).await;
        assert_eq!(none["stopped"], "waiting");
        assert_eq!(none["steps"][0]["node"], "main");
        let twiml = none["steps"][0]["twiml"].as_str().unwrap();
        assert!(
            twiml.contains(r#"<Say voice="Polly.Amy">Press 1 &amp; wait.</Say></Gather>"#),
            "{twiml}"
        );
        assert!(
            twiml.contains("/api/voice/webhooks/ivr?stop=0&amp;node=main&amp;step=1"),
            "{twiml}"
        );

        let whole = simulate(json!({
            "inputs": [{"digits": "9"}, {"digits": "1"}, {"digits": "4711"},
                {"answer": {"customer": {"name": "Ada"}}}],
            "caller": {"number": "+4915112345678", "is_vip": true},
            "at": "2026-12-24T12:00:00Z", "language": "de-DE",
        }))
        .await;
        assert_eq!(whole["stopped"], "hung_up");
        assert_eq!(
            whole["variables"],
            json!({"account": "4711", "name": "Ada"})
        );
        let last = &whole["steps"][3];
        assert_eq!(last["texts"], json!(["Your account: 4711"]));
        assert!(
            last["twiml"]
                .as_str()
                .unwrap()
                .contains(r#"<Say language="de-DE">Hello Ada.</Say><Hangup/>"#),
            "{last}"
        );
        assert_eq!(path_of(&whole["steps"][0]), ["start", "start next", "main"]);
        assert_eq!(path_of(&whole["steps"][1]), [""; 0]);
        assert_eq!(
            path_of(last),
            [
                "entry next",
                "ask",
                "ask ok",
                "hi",
                "hi next",
                "text",
                "text next",
                "end"
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn a_caller_is_listened_to_in_a_language_by_the_carriers_name_of_it() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        let ask = json!({"gather": {"prompt": {"say": {"text": "Whom?"}}, "variable": "whom",
            "takes_speech": true}});
        let edge = |from: &str, exit: &str, to: &str| json!({"from": from, "exit": exit, "to": to});
        let flow = json!({
            "nodes": [{"id": "start", "kind": "start"}, {"id": "ask", "kind": ask},
                {"id": "end", "kind": "hangup"}],
            "edges": [edge("start", "next", "ask"), edge("ask", "next", "end"),
                edge("ask", "timeout", "end"), edge("ask", "invalid", "end")],
        });
        let id = make(&desk, &key, "Main", &flow).await;
        for (language, heard, spoken) in [
            ("de", Some("de-DE"), Some("de-DE")),
            ("de-AT", Some("de-DE"), Some("de-DE")),
            ("tr-TR", Some("tr-TR"), None),
            ("tlh", None, None),
        ] {
            let told = simulated(&desk, &key, &id, &json!({"language": language})).await;
            let twiml = told["steps"][0]["twiml"].as_str().unwrap();
            let gather = twiml.split_once("<Gather").unwrap().1;
            let (gather, say) = gather.split_once('>').unwrap();
            for (element, name) in [(gather, heard), (say, spoken)] {
                let named = name.map(|name| format!("language=\"{name}\""));
                let is_named = named.is_some_and(|named| element.contains(&named));
                assert_eq!(is_named, name.is_some(), "{language}: {twiml}");
                assert_eq!(element.contains("language="), name.is_some(), "{twiml}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_simulation_says_why_it_ends_and_what_makes_no_sense_of_it() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        let id = make(&desk, &key, "Main", &menu_flow()).await;
        let path = format!("{FLOWS}/{id}/simulate");
        let simulate = async |body: Value| simulated(&desk, &key, &id, &body).await;
        let failed =
            simulate(json!({"inputs": [{"digits": "1"}, {"digits": "1"}, "failed"]})).await;
        assert_eq!(
            (&failed["stopped"], &failed["why"]),
            (
                &json!("handed_over"),
                &json!("the call ends with: voicemail")
            )
        );
        assert_eq!(failed["steps"][2]["taken_by"], "voicemail");
        assert!(
            failed["steps"][2]["twiml"]
                .as_str()
                .unwrap()
                .contains("<Record")
        );
        let silent = simulate(json!({"inputs": ["timeout", "timeout"]})).await;
        assert_eq!(silent["steps"][2]["node"], "box");

        let refused = desk
            .send(("POST", &path), &key, &json!({"version": 1}))
            .await;
        assert_eq!(faults(&refused)[0].0, "#/version");
        publish(&desk, &key, &id).await;
        simulate(json!({"version": 1})).await;
        for (body, pointer) in [
            (json!({"inputs": [{"digits": "x"}]}), "#/inputs/0/digits"),
            (json!({"at": "now"}), "#/at"),
            (json!({"caller": {"number": "5"}}), "#/caller/number"),
        ] {
            let refused = desk.send(("POST", &path), &key, &body).await;
            assert_eq!(faults(&refused)[0].0, pointer, "{}", refused.body);
        }
        // A draft with faults is walked as far as it goes.
        let broken = make(
            &desk,
            &key,
            "Broken",
            &json!({"nodes": [{"id": "a", "kind": "start"}]}),
        )
        .await;
        let told = simulated(&desk, &key, &broken, &json!({})).await;
        assert_eq!(
            (&told["stopped"], &told["why"]),
            (
                &json!("left"),
                &json!("the exit “next” of “a” leads nowhere")
            )
        );
    })
    .await;
}

#[tokio::test]
async fn counters_are_asked_for_by_days() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let id = make(&desk, &key, "Main", &menu_flow()).await;
        for (day, node, exit, count) in [
            ("2025-11-20", "main", "", 7),
            ("2025-11-20", "main", "1", 5),
            ("2025-11-21", "main", "", 1),
            ("2025-01-01", "main", "", 100),
        ] {
            db.execute(&format!(
                "INSERT INTO ivr_node_counters (tenant_id, flow_id, day, node, exit, count)
                VALUES ('{tenant}', '{id}', '{day}', '{node}', '{exit}', {count})"
            ))
            .await;
        }
        let path = format!("{FLOWS}/{id}/counters");
        let counted = desk.get(&path, &key).await.json();
        assert_eq!(counted["to"], "2025-11-21");
        assert_eq!(
            counted["nodes"],
            json!([{"node": "main", "entered": 8,
            "left": [{"exit": "1", "count": 5}]}])
        );
        let one = desk
            .get(&format!("{path}?from=2025-11-21&to=2025-11-21"), &key)
            .await
            .json();
        assert_eq!(one["nodes"][0]["entered"], 1);
        let refused = desk.get(&format!("{path}?from=yesterday"), &key).await;
        assert_eq!(faults(&refused)[0].0, "?from");
    })
    .await;
}

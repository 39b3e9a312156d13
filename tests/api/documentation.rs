//! What the interface says of itself, and whether it is so.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::desk::Desk;
use crate::support::database::on_each_database;

#[tokio::test]
async fn every_operation_is_documented_whole() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let document = desk.ask("/openapi.json", None).await.json();
        assert_eq!(document["openapi"].as_str().unwrap()[..3], *"3.1");
        let mut names = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let here = format!("{method} {path}");
                let name = operation["operationId"].as_str().expect(&here);
                assert!(names.insert(name.to_owned()), "{here}: a name of its own");
                assert!(operation["summary"].is_string(), "{here}: a sentence");
                assert!(!operation["tags"].as_array().expect(&here).is_empty());
                assert_eq!(operation["security"][0]["bearer"], Value::Array(vec![]));
                let responses = &operation["responses"];
                assert!(responses["401"].is_object() && responses["403"].is_object());
            }
        }
        references_lead_somewhere(&document, &document);
    })
    .await;
}

#[tokio::test]
async fn what_a_list_may_hold_is_documented_item_by_item() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let document = desk.ask("/openapi.json", None).await.json();
        for (body, field, pattern, max) in [
            ("NewContact", "numbers", r"^\+[1-9][0-9]{1,14}$", 10),
            ("ContactPatch", "numbers", r"^\+[1-9][0-9]{1,14}$", 10),
            (
                "NewContact",
                "tags",
                r"^[^\s\p{C}]([^\p{C}]*[^\s\p{C}])?$",
                20,
            ),
            (
                "ReceptionistPatch",
                "tools",
                "^(end_call|transfer_call|take_message|send_sms|check_hours|lookup_contact)$",
                16,
            ),
        ] {
            let list = &document["components"]["schemas"][body]["properties"][field];
            assert_eq!(list["type"], "array", "{body}.{field}");
            assert_eq!(list["items"]["pattern"], pattern, "{body}.{field}");
            assert_eq!(list["maxItems"], max, "{body}.{field}");
            let required = document["components"]["schemas"][body]["required"].to_string();
            assert!(!required.contains(field), "{body}: {required}");
        }
    })
    .await;
}

/// Every `$ref` names something that is there.
fn references_lead_somewhere(part: &Value, whole: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                let pointer = reference.trim_start_matches('#');
                assert!(whole.pointer(pointer).is_some(), "{reference}");
            }
            members
                .values()
                .for_each(|member| references_lead_somewhere(member, whole));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| references_lead_somewhere(item, whole)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn the_page_for_developers_brings_all_that_it_needs() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let page = desk.ask("/dev/index.html", None).await;
        assert_eq!(page.status, 200);
        for outside in ["https://", "http://"] {
            assert!(!page.body.contains(outside), "{}", page.body);
        }
        let scripts = page
            .body
            .split('"')
            .filter_map(|part| part.strip_suffix(".js"));
        for part in scripts {
            let path = format!("/dev/{}.js", part.trim_start_matches("./"));
            assert_eq!(desk.ask(&path, None).await.status, 200, "{path}");
        }
        let start = desk.ask("/dev/swagger-initializer.js", None).await;
        assert!(start.body.contains("/openapi.json"), "{}", start.body);
    })
    .await;
}

/// Two types of one name would be one in the document, and one of them wrong.
#[test]
fn every_shape_has_a_name_of_its_own() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for folder in ["api", "store/text"] {
        for path in files(&root.join(folder)) {
            let text = fs::read_to_string(&path).unwrap();
            for shape in text.split("ToSchema").skip(1) {
                let words: Vec<_> = shape.split_whitespace().take(60).collect();
                let at = words
                    .iter()
                    .position(|word| ["struct", "enum"].contains(word));
                let Some(name) = at.and_then(|at| words.get(at + 1)) else {
                    continue;
                };
                let is_sign = |c: char| c.is_alphanumeric() || c == '_';
                let name: String = name.chars().take_while(|c| is_sign(*c)).collect();
                let here = path.display().to_string();
                if let Some(there) = names.insert(name.clone(), here.clone()) {
                    assert_eq!(there, here, "{name} stands in both");
                }
            }
        }
    }
    assert!(names.len() > 100, "{} shapes were found", names.len());
}

/// Whoever reads the document knows every door: what the code has beside it is for
/// machines that watch the process, and for the document itself.
#[tokio::test]
async fn every_route_of_the_code_is_in_the_document() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let document = desk.ask("/openapi.json", None).await.json();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api");
        let mut beside = BTreeSet::new();
        let mut found = 0;
        for file in files(&root) {
            let text = fs::read_to_string(&file).unwrap();
            for operation in text.split("#[utoipa::path(").skip(1) {
                let words: String = operation.chars().take_while(|c| *c != ')').collect();
                let method = words.split(',').next().unwrap().trim().to_owned();
                let path = quoted(&words, "path = ");
                let is_there = document["paths"][&path][&method].is_object();
                assert!(is_there, "{method} {path} of {}", file.display());
                found += 1;
            }
            let routes = text.split(".route(\"").skip(1);
            beside.extend(routes.map(|route| route.split('"').next().unwrap().to_owned()));
        }
        let shown = document["paths"].as_object().unwrap().values();
        let shown: usize = shown.map(|item| item.as_object().unwrap().len()).sum();
        assert_eq!(found, shown, "each is in both");
        let expected = [
            "/health",
            "/livez",
            "/metrics",
            "/openapi.json",
            "/problems/{slug}",
            "/readyz",
        ];
        assert_eq!(beside, expected.map(str::to_owned).into());
        let tags = document["tags"].as_array().unwrap().iter();
        let tags: BTreeSet<_> = tags.map(|tag| tag["name"].as_str().unwrap()).collect();
        let mut used = BTreeSet::new();
        for item in document["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                used.extend(operation["tags"][0].as_str());
            }
        }
        assert_eq!(tags, used, "each is described, and has something");
    })
    .await;
}

/// What stands in quotation marks behind that word.
fn quoted(text: &str, behind: &str) -> String {
    let (_, rest) = text.split_once(behind).expect("it is there");
    let mut parts = rest.split('"');
    parts.nth(1).expect("it is quoted").to_owned()
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut folders = vec![root.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files
}

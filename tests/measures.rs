//! What is measured has a description, and what operators are handed measures what there is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use frontdesk::domain::EndReason;

/// Names of metrics in a text.
fn names(text: &str) -> BTreeSet<&str> {
    let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
    let starts = text.match_indices("frontdesk_").filter(|(at, _)| {
        // Not a part of another word.
        !text[..*at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '/')
    });
    let word = |(at, _): (usize, &str)| {
        let rest = &text[at..];
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        &text[at..at + end]
    };
    starts.map(word).collect()
}

fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut folders = vec![root];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if endings
                .iter()
                .any(|ending| path.extension().is_some_and(|e| e == *ending))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The names in a file that are quoted there, as metrics are in code.
fn quoted(text: &str) -> BTreeSet<&str> {
    let is_quoted = |name: &&str| text.contains(&format!("\"{name}\""));
    names(text).into_iter().filter(is_quoted).collect()
}

fn described() -> BTreeSet<String> {
    let list = include_str!("../src/app/metric_list.rs");
    let (code, list) = list.split_once("const METRICS").unwrap();
    assert!(code.contains("enum Kind"));
    quoted(list).into_iter().map(str::to_owned).collect()
}

#[test]
fn every_metric_is_described_and_every_description_is_of_a_metric() {
    let mut used = BTreeSet::new();
    for path in files("src", &["rs"]) {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("const METRICS").next().unwrap();
        used.extend(quoted(code).into_iter().map(str::to_owned));
    }
    let described = described();
    let undescribed: Vec<_> = used.difference(&described).collect();
    assert!(undescribed.is_empty(), "not described: {undescribed:?}");
    let unused: Vec<_> = described.difference(&used).collect();
    assert!(
        unused.is_empty(),
        "described, and never measured: {unused:?}"
    );
}

#[test]
fn dashboard_and_alerts_ask_for_nothing_that_is_not_measured() {
    let described = described();
    let mut asked = BTreeSet::new();
    for path in files("deploy", &["json", "yml"]) {
        let text = fs::read_to_string(&path).unwrap();
        for name in names(&text) {
            let endings = ["_bucket", "_sum", "_count"];
            let base = endings.iter().find_map(|ending| name.strip_suffix(ending));
            let name = base
                .filter(|base| described.contains(*base))
                .unwrap_or(name);
            assert!(described.contains(name), "{name} in {}", path.display());
            asked.insert(name.to_owned());
        }
    }
    assert!(asked.len() >= 20, "{asked:?}");
}

/// Prometheus does not see the first of a count that appears with it.
#[test]
fn what_an_alert_sees_grow_is_counted_from_zero() {
    let alerts = include_str!("../deploy/prometheus/alerts.yml");
    let grows = alerts.split("increase(").skip(1);
    let plain = grows.filter_map(|rest| rest.split_once('[').map(|(name, _)| name));
    let plain: BTreeSet<_> = plain.filter(|name| !name.contains('{')).collect();
    assert!(plain.len() >= 8, "{plain:?}");
    let code = include_str!("../src/app/measures.rs");
    for name in plain {
        assert!(code.contains(&format!("\"{name}\"")), "{name}");
    }
}

/// Prometheus takes a pattern for the whole of a label.
#[test]
fn an_alert_about_calls_names_outcomes_that_they_have() {
    let alerts = include_str!("../deploy/prometheus/alerts.yml");
    let mut patterns = 0;
    for rest in alerts.split("frontdesk_calls_total{outcome=~\"").skip(1) {
        let (pattern, _) = rest.split_once('"').unwrap();
        for outcome in pattern.split('|') {
            let outcome = outcome.replace("[.]", ".");
            assert!(outcome.parse::<EndReason>().is_ok(), "{outcome}");
        }
        patterns += 1;
    }
    assert!(patterns > 0);
}

#[test]
fn the_dashboard_is_one() {
    let text = include_str!("../deploy/grafana/frontdesk.json");
    let dashboard: serde_json::Value = serde_json::from_str(text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    assert!(panels.len() >= 12);
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        if panel["type"] == "row" {
            continue;
        }
        assert!(
            panel["description"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{panel}"
        );
        assert!(!panel["targets"].as_array().unwrap().is_empty(), "{panel}");
    }
}

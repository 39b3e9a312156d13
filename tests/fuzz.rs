//! What people write into settings, plans and hours: nothing of it brings a reader down.

use frontdesk::app::Cli;
use frontdesk::domain::PhoneNumber;
use frontdesk::store::text::{DialPolicyText, FlowText, HoursText, PlanText, StateText};
use proptest::prelude::*;
use proptest::sample::Index;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn plan() -> Value {
    json!({
        "hours_id": "hrs_01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "open": {"ai": {}},
        "after_hours": {"voicemail": {"greeting": "We are back at nine."}},
        "rules": [{"name": "friends", "when": ["vip"],
            "then": {"go": {"users": {"user_ids": ["usr_01ARZ3NDEKTSV4RRFFQ69G5FAV"]}}}}],
        "fallback": [{"queue": {"queue_id": "que_01ARZ3NDEKTSV4RRFFQ69G5FAV"}}],
    })
}

fn hours() -> Value {
    json!({
        "name": "Office",
        "time_zone": "Europe/Berlin",
        "week": {"monday": ["09:00-12:00", "13:00-17:00"], "sunday": []},
        "exceptions": [{"date": "2026-12-24", "open": ["09:00-12:00"], "name": "Eve"}],
    })
}

fn flow() -> Value {
    json!({
        "nodes": [
            {"id": "a", "greeting": {"prompt": {"say": "Hello {caller.name}"}}},
            {"id": "b", "hang_up": {}},
        ],
        "edges": [{"from": "a", "exit": "next", "to": "b"}],
    })
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[0-9:+-]{0,11}".prop_map(Value::from),
        "(usr|que|hrs|flw|rec)_[0-9A-Z]{24,27}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("ai|queue|users|open|id|name|say|[a-z]{1,4}", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// This, with another value in one or two of its places.
fn damaged(whole: Value) -> impl Strategy<Value = Value> {
    let damage = prop::collection::vec((any::<Index>(), any_json()), 1..3);
    damage.prop_map(move |damage| {
        let mut value = whole.clone();
        for (place, other) in damage {
            let mut paths = Vec::new();
            find_paths(&value, String::new(), &mut paths);
            let path = &paths[place.index(paths.len())];
            *value.pointer_mut(path).expect("the path was found there") = other;
        }
        value
    })
}

fn find_paths(value: &Value, path: String, paths: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                find_paths(member, format!("{path}/{name}"), paths);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                find_paths(item, format!("{path}/{at}"), paths);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    paths.push(path);
}

/// Reads it, as the interface does and as the database does.
fn read<T: DeserializeOwned>(value: &Value) -> Option<T> {
    let read = serde_json::from_str(&value.to_string()).ok();
    let _ = serde_path_to_error::deserialize::<_, T>(value);
    read
}

/// Every setting that takes a value.
const SETTINGS: &[&str] = &[
    "port",
    "host",
    "public-url",
    "max-connections",
    "database-url",
    "master-key",
    "storage-url",
    "twilio-account-sid",
    "twilio-api-base-url",
    "openai-realtime-url",
    "openai-realtime-auth",
    "openai-realtime-headers",
    "openai-session-overlay",
    "jwt-secret",
    "jwt-jwks-url",
    "max-calls",
    "drain-timeout",
    "workers",
    "rust-log",
    "log-format",
];

proptest! {
    #[test]
    fn no_plan_brings_its_reader_down_and_one_that_is_read_is_read_again(
        value in damaged(plan())
    ) {
        if let Some(plan) = read::<PlanText>(&value) {
            let again = serde_json::to_value(&plan).unwrap();
            prop_assert_eq!(read::<PlanText>(&again), Some(plan));
        }
    }

    #[test]
    fn no_hours_policy_or_flow_bring_their_readers_down(
        hours in damaged(hours()), flow in damaged(flow()), other in any_json()
    ) {
        for value in [&hours, &flow, &other] {
            let _ = read::<HoursText>(value);
            let _ = read::<DialPolicyText>(value);
            let _ = read::<FlowText>(value);
            let _ = read::<StateText>(value);
        }
    }

    #[test]
    fn a_number_that_is_read_is_one(text in "\\+?[0-9 ()-]{0,20}|.{0,20}") {
        if let Ok(number) = text.parse::<PhoneNumber>() {
            let digits = number.as_str().strip_prefix('+').expect("it begins with a plus");
            prop_assert!((2..=15).contains(&digits.len()), "{}", number.as_str());
            prop_assert!(digits.bytes().all(|byte| byte.is_ascii_digit()));
            prop_assert_eq!(number.as_str().parse::<PhoneNumber>().ok(), Some(number));
        }
    }

    #[test]
    fn no_setting_brings_the_command_line_down(
        setting in prop::sample::select(SETTINGS),
        value in "[a-z0-9:/@.{}\"=,-]{0,30}|.{0,30}",
    ) {
        let flag = format!("--{setting}={value}");
        let arguments = ["frontdesk", "serve", flag.as_str()];
        if let Err(error) = Cli::read(arguments.map(Into::into)) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}

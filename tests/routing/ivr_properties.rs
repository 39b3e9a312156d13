//! Whatever the flow is and whatever the caller does, a walk ends.

use frontdesk::domain::{Party, Pii};
use frontdesk::routing::Voice;
use frontdesk::routing::ivr::{
    CallerFacts, Flow, Input, Next, Outcome, State, Why, World, check, walk,
};
use frontdesk::store::text::{FlowText, StateText};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::ivr::{NOON, office};
use super::values::{at, id, phone, user};

/// Names of nodes; so few that edges meet.
fn any_id() -> impl Strategy<Value = String> {
    (0..8).prop_map(|n| format!("n{n}"))
}

fn any_kind() -> impl Strategy<Value = Value> {
    let prompt = json!({"say": {"text": "Hello {x} {digits}."}});
    let hours = id::<frontdesk::domain::HoursId>(1).to_string();
    let queue = id::<frontdesk::domain::QueueId>(1).to_string();
    prop_oneof![
        2 => Just(json!("start")),
        3 => (0..3_u32).prop_map({
            let prompt = prompt.clone();
            move |retries| json!({"menu": {"prompt": prompt, "retries": retries}})
        }),
        1 => Just(json!({"gather": {"prompt": prompt, "variable": "x", "max_digits": 3,
            "takes_speech": true}})),
        2 => Just(json!({"say": {"text": "Good day. {x}"}})),
        1 => Just(json!({"play": {"url": "https://example.com/a.mp3"}})),
        1 => Just(json!({"hours": {"hours_id": hours}})),
        1 => Just(json!({"ai": {}})),
        1 => (1..4_u64).prop_map(|n| json!({"dial": {"user_ids": [user(n).0.to_string()]}})),
        1 => Just(json!({"queue": {"queue_id": queue}})),
        1 => Just(json!({"voicemail": {}})),
        1 => Just(json!({"sms": {"text": "Hi {x}"}})),
        1 => Just(json!({"http": {"url": "https://example.com/{x}",
            "save": [{"variable": "x", "pointer": "/x"}]}})),
        1 => Just(json!({"set": {"variable": "x", "value": "{x}{x}1"}})),
        1 => Just(json!({"branch": {"cases": [{"exit": "one", "when": [
            {"variable": {"name": "x", "is": "less", "than": "9"}}]}]}})),
        2 => Just(json!("hangup")),
    ]
}

fn any_exit() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "next",
        "1",
        "2",
        "*",
        "timeout",
        "invalid",
        "open",
        "closed",
        "no_answer",
        "busy",
        "failed",
        "left",
        "full",
        "ok",
        "else",
        "one",
    ])
    .prop_map(str::to_owned)
}

fn flow_of(nodes: Vec<(String, Value)>, edges: Vec<(String, String, String)>) -> Flow {
    let nodes: Vec<_> = nodes
        .into_iter()
        .map(|(id, kind)| json!({"id": id, "kind": kind}))
        .collect();
    let edges: Vec<_> = edges
        .into_iter()
        .map(|(from, exit, to)| json!({"from": from, "exit": exit, "to": to}))
        .collect();
    let text: FlowText = serde_json::from_value(json!({"nodes": nodes, "edges": edges})).unwrap();
    text.into()
}

/// Whatever somebody may draw.
fn any_flow() -> impl Strategy<Value = Flow> {
    let nodes = vec((any_id(), any_kind()), 0..10);
    let edges = vec((any_id(), any_exit(), any_id()), 0..40);
    (nodes, edges).prop_map(|(nodes, edges)| flow_of(nodes, edges))
}

/// A flow with every exit wired, mostly forward: often without faults.
fn wired_flow() -> impl Strategy<Value = Flow> {
    let kinds = vec(
        any_kind().prop_filter("one start", |kind| kind != "start"),
        1..8,
    );
    (kinds, vec(any::<prop::sample::Index>(), 200)).prop_map(|(kinds, picks)| {
        let mut nodes = vec![("n0".to_owned(), json!("start"))];
        nodes.extend((1..).zip(kinds).map(|(n, kind)| (format!("n{n}"), kind)));
        let last = nodes.len();
        nodes.push((format!("n{last}"), json!("hangup")));
        let mut picks = picks.into_iter();
        let mut edges = Vec::new();
        for (n, (id, kind)) in nodes.iter().enumerate() {
            for (exit, may_go_back) in exits(kind) {
                let Some(pick) = picks.next() else { break };
                let first = if may_go_back { 1 } else { n + 1 };
                let to = first + pick.index(last + 1 - first);
                edges.push((id.clone(), exit.to_owned(), format!("n{to}")));
            }
            // So that everything is reached.
            if let ("n0", Some((_, _, to))) = (id.as_str(), edges.last_mut()) {
                "n1".clone_into(to);
            }
        }
        flow_of(nodes, edges)
    })
}

fn exits(kind: &Value) -> Vec<(&'static str, bool)> {
    let one = kind.as_object().and_then(|one| one.keys().next());
    let word = kind.as_str().or(one.map(String::as_str));
    let word = word.expect("a kind has a word");
    match word {
        "menu" => vec![
            ("1", true),
            ("2", true),
            ("invalid", true),
            ("timeout", false),
        ],
        "gather" => vec![("next", true), ("invalid", true), ("timeout", false)],
        "hours" => vec![("open", false), ("closed", false)],
        "ai" => vec![("failed", false)],
        "dial" => vec![("no_answer", false), ("busy", false), ("failed", false)],
        "queue" => vec![
            ("left", true),
            ("timeout", false),
            ("full", false),
            ("failed", false),
        ],
        "http" => vec![("ok", false), ("failed", false)],
        "branch" => vec![("one", false), ("else", false)],
        "hangup" | "voicemail" => vec![],
        _ => vec![("next", false)],
    }
}

fn any_input() -> impl Strategy<Value = Input> {
    let outcome = prop::sample::select(vec![
        Outcome::NoAnswer,
        Outcome::Busy,
        Outcome::Failed,
        Outcome::Left,
        Outcome::Waited,
        Outcome::Full,
    ]);
    prop_oneof![
        4 => "[0-9*#]{1,2}".prop_map(|keys| Input::Keys(Pii::new(keys))),
        1 => "\\PC{0,20}".prop_map(|keys| Input::Keys(Pii::new(keys))),
        1 => "\\PC{0,20}".prop_map(|words| Input::Words(Pii::new(words))),
        2 => Just(Input::Silence),
        1 => Just(Input::Begin),
        2 => outcome.prop_map(Input::Outcome),
        1 => Just(Input::Answer(None)),
        1 => "\\PC{0,300}".prop_map(|value| Input::Answer(Some(vec![("x".to_owned(), Pii::new(value))]))),
    ]
}

/// Through the database and back.
fn kept(state: &State) -> State {
    let text = serde_json::to_string(&StateText::from(state)).unwrap();
    let read: StateText = serde_json::from_str(&text).unwrap();
    read.into()
}

/// Walks on; why the flow was left, if it was.
fn walked(flow: &Flow, inputs: &[Input]) -> Result<Option<Why>, TestCaseError> {
    let facts = office();
    let (from, to) = (Party::Number(phone(999)), Party::Anonymous);
    let world = World {
        flow,
        facts: &facts,
        voice: &Voice::default(),
        caller: &CallerFacts::default(),
        from: &from,
        to: &to,
        now: at(NOON),
    };
    let mut state = State::begin(flow);
    for input in [Input::Begin].iter().chain(inputs) {
        let walk = walk(&world, state, input);
        prop_assert!(walk.path.len() <= 250, "{}", walk.path.len());
        prop_assert!(
            walk.state
                .variables
                .iter()
                .all(|(_, value)| value.chars().count() <= 200)
        );
        // The database gives back what it was given.
        prop_assert_eq!(kept(&walk.state), walk.state.clone());
        match walk.next {
            Next::HangUp => return Ok(None),
            Next::Leave(why) => return Ok(Some(why)),
            Next::Listen(_) | Next::HandOver(_) | Next::Ask(_) | Next::GoOn => {}
        }
        state = walk.state;
    }
    Ok(None)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_walk_through_anything_ends(flow in any_flow(), inputs in vec(any_input(), 0..30)) {
        walked(&flow, &inputs)?;
        check(&flow);
    }

    #[test]
    fn a_flow_without_faults_is_only_left_by_an_exit_of_a_hand_over(
        flow in prop_oneof![4 => wired_flow(), 1 => any_flow()],
        inputs in vec(any_input(), 0..30),
    ) {
        if check(&flow).is_empty() {
            match walked(&flow, &inputs)? {
                None | Some(Why::TooLong) => {}
                Some(Why::LooseEnd(node, exit)) => {
                    let kind = flow.node(&node).unwrap().kind.word();
                    let hands_over = ["ai", "dial", "forward", "queue", "voicemail"];
                    prop_assert!(hands_over.contains(&kind), "{} of {}", exit, kind);
                }
                Some(why) => prop_assert!(false, "{}", why),
            }
        }
    }

    #[test]
    fn a_flow_is_read_as_it_was_written(flow in any_flow()) {
        let text = serde_json::to_string(&FlowText::from(&flow)).unwrap();
        let read: FlowText = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(Flow::from(read), flow);
    }
}

#[test]
fn flows_without_faults_are_common_enough_to_prove_something() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let flows = (0..200).map(|_| wired_flow().new_tree(&mut runner).unwrap().current());
    let good = flows.filter(|flow| check(flow).is_empty()).count();
    assert!(good > 20, "{good} of 200");
}

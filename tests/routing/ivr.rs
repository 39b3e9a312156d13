//! Flows: what is wrong with one, and where a call goes in it.

use frontdesk::domain::{ListKind, Party, Pii, Timestamp};
use frontdesk::routing::ivr::{
    CallerFacts, Flow, Input, Next, Outcome, Prompt, State, Walk, World, check, walk,
};
use frontdesk::routing::{Caller, Facts, Plan, Stop, Target, Voice, route};
use frontdesk::store::text::FlowText;
use serde_json::{Value, json};

use super::values::{at, daily, facts, hours, id, phone, stranger, user};

pub(super) const NOON: &str = "2026-11-20T11:00:00Z";
const NIGHT: &str = "2026-11-20T22:00:00Z";

/// A flow of nodes by their names and edges such as `main 1 sales`.
pub(super) fn flow(nodes: &Value, edges: &str) -> Flow {
    let nodes = nodes.as_object().unwrap().iter();
    let nodes: Vec<_> = nodes
        .map(|(id, kind)| json!({"id": id, "kind": kind}))
        .collect();
    let edges = edges
        .split(',')
        .map(str::trim)
        .filter(|one| !one.is_empty());
    let edges: Vec<_> = edges
        .map(|edge| {
            let parts: Vec<&str> = edge.split(' ').collect();
            json!({"from": parts[0], "exit": parts[1], "to": parts[2]})
        })
        .collect();
    let text: FlowText =
        serde_json::from_value(json!({"nodes": nodes, "edges": edges})).expect("a flow");
    text.into()
}

fn say(text: &str) -> Value {
    json!({"say": {"text": text}})
}

fn menu(text: &str, retries: u32) -> Value {
    json!({"menu": {"prompt": {"say": {"text": text}}, "retries": retries,
        "sorry": {"say": {"text": "Sorry."}},
        "synonyms": [{"key": "1", "words": ["sales"]}]}})
}

/// What a walk comes to, in a line.
fn told(walk: &Walk) -> String {
    let entered = walk.path.iter().filter(|one| one.exit.is_none());
    let entered: Vec<&str> = entered.map(|one| one.node.as_str()).collect();
    let heard: Vec<String> = walk.heard.iter().map(said).collect();
    let texts = walk.texts.iter().map(|text| format!(" ✉{}", text.expose()));
    let next = match &walk.next {
        Next::Listen(listening) => {
            let prompts: Vec<String> = listening.prompts.iter().map(said).collect();
            format!("?{}", prompts.join("/"))
        }
        Next::HandOver(stop) => format!("->{}", stop.kind()),
        Next::Ask(asked) => format!("@{}", asked.url.expose()),
        Next::GoOn => "…".to_owned(),
        Next::HangUp => ".".to_owned(),
        Next::Leave(why) => format!("!{why}"),
    };
    let texts: String = texts.collect();
    format!("{} [{}]{texts} {next}", entered.join(" "), heard.join("/"))
}

fn said(prompt: &Prompt) -> String {
    match prompt {
        Prompt::Say(words) => words.text.clone(),
        Prompt::Play(url) => url.clone(),
    }
}

fn keys(keys: &str) -> Input {
    Input::Keys(Pii::new(keys.to_owned()))
}

fn words(words: &str) -> Input {
    Input::Words(Pii::new(words.to_owned()))
}

/// A tenant with hours from 9 to 17, whose member 3 is rung nowhere.
pub(super) fn office() -> Facts {
    let (hours_id, hours) = hours(1, "Office", daily("Europe/Berlin", "09:00-17:00"));
    let mut facts = facts(Plan::default());
    facts.hours.insert(hours_id, hours);
    facts
}

/// A call through a flow: what comes of each input.
fn call(flow: &Flow, caller: &CallerFacts, moment: &str, inputs: &[Input]) -> Vec<String> {
    let facts = office();
    let (from, to) = (Party::Number(phone(999)), Party::Number(phone(1)));
    let voice = Voice::default();
    let world = World {
        flow,
        facts: &facts,
        voice: &voice,
        caller,
        from: &from,
        to: &to,
        now: at(moment),
    };
    let mut state = State::begin(flow);
    let mut told_all = Vec::new();
    for input in [Input::Begin].iter().chain(inputs) {
        let walk = walk(&world, state, input);
        told_all.push(told(&walk));
        state = walk.state;
    }
    told_all
}

#[track_caller]
fn assert_call(flow: &Flow, inputs: &[Input], expected: &[&str]) {
    assert_eq!(check(flow), []);
    let told = call(flow, &CallerFacts::default(), NOON, inputs);
    assert_eq!(told, expected);
}

fn shop() -> Flow {
    let nodes = json!({
        "start": "start", "hello": say("Hello."), "main": menu("Press 1.", 1),
        "sales": {"dial": {"user_ids": [user(1).0.to_string()]}},
        "bye": say("Bye."), "end": "hangup",
        "box": {"voicemail": {}}, "ai": {"ai": {}},
    });
    flow(
        &nodes,
        "start next hello, hello next main, main 1 sales, main 0 ai, main * hello,
        main timeout box, main invalid bye, bye next end, sales no_answer box, sales busy bye",
    )
}

#[test]
fn a_key_leads_where_it_leads_and_what_makes_no_sense_is_asked_again() {
    let menu = "start hello main [Hello.] ?Press 1.";
    let (again, sorry) = (" [] ?Press 1.", " [] ?Sorry./Press 1.");
    let silence = Input::Silence;
    for (inputs, expected) in [
        (vec![], vec![]),
        (vec![keys("1")], vec!["sales [] ->ring"]),
        (vec![words("Sales, please.")], vec!["sales [] ->ring"]),
        (vec![keys("0")], vec!["ai [] ->ai"]),
        (
            vec![keys("*"), keys("1")],
            vec!["hello main [Hello.] ?Press 1.", "sales [] ->ring"],
        ),
        (vec![keys("7"), keys("1")], vec![sorry, "sales [] ->ring"]),
        (
            vec![silence.clone(), silence.clone()],
            vec![again, "box [] ->voicemail"],
        ),
        (
            vec![keys("7"), words("What?")],
            vec![sorry, "bye end [Bye.] ."],
        ),
        (vec![silence, keys("11")], vec![again, "bye end [Bye.] ."]),
    ] {
        let expected: Vec<&str> = [menu].into_iter().chain(expected).collect();
        assert_call(&shop(), &inputs, &expected);
    }
}

#[test]
fn whoever_does_not_have_the_call_leads_to_an_exit_or_behind_the_flow() {
    let outcome = Input::Outcome;
    for (of, expected) in [
        (Outcome::NoAnswer, "box [] ->voicemail"),
        (Outcome::Busy, "bye end [Bye.] ."),
        (
            Outcome::Failed,
            " [] !the exit “failed” of “sales” leads nowhere",
        ),
    ] {
        let told = call(
            &shop(),
            &CallerFacts::default(),
            NOON,
            &[keys("1"), outcome(of)],
        );
        assert_eq!(told[2], expected);
    }
    // A receptionist who fails, where nothing follows.
    let failed = [keys("0"), outcome(Outcome::Failed)];
    let told = call(&shop(), &CallerFacts::default(), NOON, &failed);
    assert_eq!(told[2], " [] !the exit “failed” of “ai” leads nowhere");
}

#[test]
fn who_leaves_a_queue_by_key_leaves_a_message_unless_the_flow_says_otherwise() {
    let mut nodes = json!({"start": "start", "q": {"queue": {"queue_id": id::<frontdesk::domain::QueueId>(1).to_string()}},
        "x": "hangup"});
    let gone = flow(&nodes, "start next q, q failed x");
    // The queue is gone: that is a failure.
    assert_call(&gone, &[], &["start q x [] ."]);
    let left = Input::Outcome(Outcome::Left);
    let state = State::lost_at("q".parse().unwrap(), 3);
    let walked = |flow: &Flow| {
        let facts = office();
        let party = Party::Anonymous;
        let world = World {
            flow,
            facts: &facts,
            voice: &Voice::default(),
            caller: &CallerFacts::default(),
            from: &party,
            to: &party,
            now: at(NOON),
        };
        told(&walk(&world, state.clone(), &left))
    };
    assert_eq!(walked(&gone), " [] ->voicemail");
    nodes["y"] = say("Goodbye.");
    let own = flow(&nodes, "start next q, q failed x, q left y, y next x");
    assert_eq!(walked(&own), "y x [Goodbye.] .");
}

/// A flow that asks for an account when it is open, and greets by what it knows.
fn account() -> Flow {
    let nodes = json!({
        "start": "start", "open": {"hours": {"hours_id": id::<frontdesk::domain::HoursId>(1).to_string()}},
        "closed": say("Closed."), "end": "hangup",
        "ask": {"gather": {"prompt": {"say": {"text": "Account?"}}, "variable": "account",
            "min_digits": 2, "max_digits": 4, "retries": 0}},
        "note": {"set": {"variable": "greeting", "value": "no. {account} ({digits})"}},
        "who": {"branch": {"cases": [
            {"exit": "vip", "when": ["vip"]},
            {"exit": "swiss", "when": [{"language": "de"}, "known"]},
            {"exit": "big", "when": [{"variable": {"name": "account", "is": "more", "than": "50"}}]},
            {"exit": "near", "when": [{"number_starts": "+1555"}]}]}},
        "v": say("Dear {greeting}."), "s": say("Grüezi."), "b": say("Big."), "n": say("Near."),
        "f": say("Far."), "sms": {"sms": {"text": "From {called_number}: {account}"}},
    });
    flow(
        &nodes,
        "start next open, open open ask, open closed closed, closed next end, ask next note,
        ask timeout end, ask invalid end, note next who, who vip v, who swiss s, who big b,
        who near n, who else f, v next sms, s next sms, b next sms, n next sms, f next sms,
        sms next end",
    )
}

#[test]
fn hours_variables_and_the_caller_decide() {
    let flow = account();
    assert_eq!(check(&flow), []);
    let nobody = CallerFacts::default();
    let vip = CallerFacts {
        is_vip: true,
        ..CallerFacts::default()
    };
    let swiss = CallerFacts {
        is_known: true,
        language: Some("de-CH".to_owned()),
        ..CallerFacts::default()
    };
    let to = phone(1);
    let to = to.as_str();
    for (caller, moment, entry, expected) in [
        (&nobody, NIGHT, None, "start open closed end [Closed.] ."),
        (&nobody, NOON, None, "start open ask [] ?Account?"),
        (
            &vip,
            NOON,
            Some("1234"),
            "note who v sms end [Dear no. 1234 (1234).] ✉From {to}: 1234 .",
        ),
        (
            &swiss,
            NOON,
            Some("77"),
            "note who s sms end [Grüezi.] ✉From {to}: 77 .",
        ),
        (
            &nobody,
            NOON,
            Some("51"),
            "note who b sms end [Big.] ✉From {to}: 51 .",
        ),
        (
            &nobody,
            NOON,
            Some("50"),
            "note who n sms end [Near.] ✉From {to}: 50 .",
        ),
        (&nobody, NOON, Some("5"), "end [] ."),
        (&nobody, NOON, Some("12345"), "end [] ."),
    ] {
        let inputs: Vec<Input> = entry.map(keys).into_iter().collect();
        let told = call(&flow, caller, moment, &inputs);
        let expected = expected.replace("{to}", to);
        assert_eq!(told.last(), Some(&expected), "{entry:?}");
    }
    // Words are no entry where only keys are.
    let told = call(&flow, &nobody, NOON, &[words("twelve")]);
    assert_eq!(told[1], "end [] .");
}

#[test]
fn an_answer_of_another_machine_is_kept_and_none_is_a_failure() {
    let nodes = json!({
        "start": "start", "q": {"http": {"method": "POST",
            "url": "https://crm.example.com/who?n={caller_number}&x={name}",
            "headers": [{"name": "Authorization", "value": "Bearer abc"}],
            "body": [{"name": "number", "value": "{caller_number}"}],
            "save": [{"variable": "name", "pointer": "/name"}]}},
        "hi": say("Hello {name}."), "no": say("Hello."), "end": "hangup",
    });
    let flow = flow(
        &nodes,
        "start next q, q ok hi, q failed no, hi next end, no next end",
    );
    let number = phone(999);
    let asked = format!(
        "start q [] @https://crm.example.com/who?n=%2B{}&x=",
        &number.as_str()[1..]
    );
    let kept = vec![("name".to_owned(), Pii::new("Ada & Bob".to_owned()))];
    let asked = asked.as_str();
    for (answer, expected) in [
        (Some(kept), "hi end [Hello Ada & Bob.] ."),
        (Some(vec![]), "hi end [Hello .] ."),
        (None, "no end [Hello.] ."),
    ] {
        assert_call(&flow, &[Input::Answer(answer)], &[asked, expected]);
    }
}

#[test]
fn much_to_say_is_said_in_parts_and_a_flow_that_turns_in_circles_is_left() {
    let long = "word ".repeat(200);
    let mut nodes = serde_json::Map::new();
    let mut edges = String::new();
    nodes.insert("start".to_owned(), json!("start"));
    nodes.insert("end".to_owned(), json!("hangup"));
    for n in 0..20 {
        nodes.insert(format!("s{n}"), say(&long));
        let next = if n < 19 {
            format!("s{}", n + 1)
        } else {
            "end".to_owned()
        };
        edges = format!("{edges}s{n} next {next},");
    }
    let flow_ = flow(&Value::Object(nodes), &format!("start next s0,{edges}"));
    assert_eq!(check(&flow_), []);
    let told = call(
        &flow_,
        &CallerFacts::default(),
        NOON,
        &vec![Input::Begin; 5],
    );
    assert!(told[0].ends_with('…') && told[1].ends_with('…'), "{told:?}");
    assert!(told.iter().any(|one| one.ends_with("] .")), "{told:?}");
    assert!(told.iter().all(|one| one.chars().count() < 8_000));

    let circle = flow(
        &json!({"start": "start", "a": say("A."), "b": say("B.")}),
        "start next a, a next b, b next a",
    );
    let details: Vec<_> = check(&circle)
        .into_iter()
        .map(|fault| (fault.node, fault.detail))
        .collect();
    assert_eq!(details.len(), 2);
    assert!(details[0].1.contains("again and again"), "{details:?}");
    let told = call(&circle, &CallerFacts::default(), NOON, &[]);
    assert!(
        told[0].ends_with("!too many nodes came without the caller doing anything"),
        "{told:?}"
    );
}

#[test]
fn a_caller_is_sent_five_texts_and_no_more() {
    let nodes = json!({"start": "start", "m": menu("Again?", 0), "t": {"sms": {"text": "Hi."}},
        "end": "hangup"});
    let flow = flow(
        &nodes,
        "start next m, m 1 t, t next m, m timeout end, m invalid end",
    );
    assert_eq!(check(&flow), []);
    let told = call(&flow, &CallerFacts::default(), NOON, &vec![keys("1"); 9]);
    let sent = told.iter().filter(|one| one.contains("✉Hi.")).count();
    assert_eq!(sent, 5, "{told:?}");
}

#[test]
fn a_menu_that_is_asked_for_ever_is_left() {
    let nodes = json!({"start": "start", "m": menu("Again?", 0), "end": "hangup"});
    let flow = flow(&nodes, "start next m, m 1 m, m timeout end, m invalid end");
    assert_eq!(check(&flow), []);
    let told = call(&flow, &CallerFacts::default(), NOON, &vec![keys("1"); 201]);
    assert!(told[199].ends_with("?Again?"), "{}", told[199]);
    assert!(
        told[200].ends_with("!the caller was asked too often"),
        "{}",
        told[200]
    );
}

#[track_caller]
fn assert_faults(nodes: &Value, edges: &str, expected: &[&str]) {
    let told: Vec<String> = check(&flow(nodes, edges))
        .into_iter()
        .map(|fault| {
            let id = fault.id.map(|id| id.to_string()).unwrap_or_default();
            format!("{id}: {}", fault.detail)
        })
        .collect();
    assert_eq!(told, expected, "{edges}");
}

#[test]
fn what_is_wrong_with_nodes_and_edges_names_the_node_and_says_what_to_do() {
    for (nodes, edges, expected) in [
        (
            json!({}),
            "",
            vec![": there is no start; add one node of this kind"],
        ),
        (
            json!({"a": "start", "b": "start", "c": "hangup"}),
            "a next c, b next c",
            vec!["b: there is another start already"],
        ),
        (
            json!({"a": "start"}),
            "",
            vec!["a: the exit “next” leads nowhere"],
        ),
        (
            json!({"a": "start", "m": {"menu": {"prompt": {"play": {"url": "https://example.com/a"}}}}}),
            "a next m",
            vec![
                "m: the exit “timeout” leads nowhere",
                "m: the exit “invalid” leads nowhere",
                "m: no key leads anywhere; let one of 0 to 9, * or # do so",
            ],
        ),
        (
            json!({"a": "start", "h": "hangup", "x": "hangup"}),
            "a next h",
            vec!["x: nothing leads here from the start"],
        ),
        (
            json!({"a": "start", "h": "hangup"}),
            "a next h, a next h, h failed a, q next h, a open y",
            vec![
                "a: the exit “next” of “a” leads somewhere else already",
                "h: “h” is of the kind hangup, which has no exit “failed”",
                "h: it leads to the start, where calls only come from outside",
                "q: it leaves “q”, which is no node",
                "a: “a” is of the kind start, which has no exit “open”",
                "a: it leads to “y”, which is no node",
            ],
        ),
    ] {
        assert_faults(&nodes, edges, &expected);
    }
}

#[test]
fn what_is_wrong_with_what_happens_names_the_node_and_says_what_to_do() {
    let gather = json!({"gather": {"prompt": {"say": {"text": "x"}}, "variable": "digits",
        "min_digits": 5, "max_digits": 4}});
    let headers = json!([{"name": "Host", "value": "x"}, {"name": "X-Key"}]);
    let http = json!({"http": {"url": "https://10.0.0.1/", "headers": headers}});
    for (nodes, edges, expected) in [
        (
            json!({"a": "start", "g": gather, "h": "hangup", "s": say("{nobody} {digits}")}),
            "a next g, g next s, g timeout h, g invalid h, s next h",
            vec![
                "g: the variable digits is there already and cannot be set",
                "g: min_digits is more than max_digits",
                "s: a text has {nobody} in it, which no node sets",
            ],
        ),
        (
            json!({"a": "start", "h": "hangup", "q": http}),
            "a next q, q ok h, q failed h",
            vec![
                "q: the address must be of HTTPS, at a public name, on port 443 or 8443",
                "q: the header Host is ours to set",
                "q: the header X-Key has no value",
            ],
        ),
        (
            json!({"a": "start", "h": "hangup", "b": {"branch": {"cases": [
                {"exit": "one", "when": ["vip"]}, {"exit": "one", "when": [
                    {"variable": {"name": "x", "is": "equal", "than": "1"}}]}]}}}),
            "a next b, b one h, b else h",
            vec![
                "b: two cases have the name “one”",
                "b: a case looks at x, which no node sets",
            ],
        ),
        (
            json!({"a": "start", "h": "hangup", "m": menu("x", 0)}),
            "a next m, m 2 h, m timeout h, m invalid m",
            vec!["m: there are words for the key 1, which leads nowhere"],
        ),
    ] {
        assert_faults(&nodes, edges, &expected);
    }
}

#[test]
fn a_circle_is_a_fault_unless_the_caller_turns_in_it() {
    let nodes = json!({"a": "start", "h": "hangup", "m": menu("x", 0), "t": say("Hurry.")});
    let turned = |edges: &str| -> Vec<String> {
        let faults = check(&flow(&nodes, edges)).into_iter();
        let circles = faults.filter(|fault| fault.detail.contains("again and again"));
        circles.map(|fault| fault.id.unwrap().to_string()).collect()
    };
    // Nobody presses a key: the menu would ask for ever.
    let by_itself = "a next m, m 1 h, m timeout t, m invalid h, t next m";
    assert_eq!(turned(by_itself), ["m", "t"]);
    let by_key = "a next m, m 1 t, m timeout h, m invalid m, t next m";
    assert_eq!(turned(by_key), [""; 0]);
    // Nobody goes by an edge that is a fault itself.
    assert_eq!(turned("a next h, h next a"), [""; 0]);
}

#[test]
fn what_is_wrong_is_found_by_its_place() {
    let nodes = json!({"a": "start", "h": "hangup", "x": "hangup"});
    let faults = check(&flow(&nodes, "a next h, a open h"));
    let places: Vec<_> = faults
        .iter()
        .map(|fault| (fault.node, fault.edge))
        .collect();
    assert_eq!(places, [(None, Some(1)), (Some(2), None)]);
}

#[test]
fn a_flow_is_a_stop_of_a_route_if_it_is_published_and_flows_are_not_switched_off() {
    use frontdesk::routing::ivr::Published;
    let flow_id = id(5);
    let mut facts = facts(Plan {
        open: Target::Ivr { flow_id },
        ..Plan::default()
    });
    let vip = Caller::on_lists(Party::Number(phone(5)), &[(id(7), ListKind::Vip)]);
    let kinds = |facts: &Facts| -> Vec<&'static str> {
        let route = route(facts, &vip, at(NOON));
        route.stops.iter().map(Stop::kind).collect()
    };
    let why = |facts: &Facts| {
        let steps = route(facts, &stranger(), at(NOON)).steps;
        let skipped = steps.into_iter().find(|step| step.code == "target.skipped");
        skipped.map(|step| step.text)
    };
    assert_eq!(kinds(&facts), ["voicemail"]);
    assert_eq!(why(&facts).as_deref(), Some("the flow was never published"));
    let published = Published {
        id: flow_id,
        name: "Main".to_owned(),
        version: 3,
        flow: shop().into(),
    };
    facts.flows.insert(flow_id, published);
    assert_eq!(kinds(&facts), ["ivr", "voicemail"]);
    let stops = route(&facts, &vip, at(NOON)).stops;
    let Stop::Ivr(stop) = &stops[0] else {
        panic!("{stops:?}");
    };
    assert_eq!((stop.version, stop.caller.is_vip), (3, true));
    facts.has_ivr = false;
    assert_eq!(kinds(&facts), ["voicemail"]);
    assert_eq!(
        why(&facts).as_deref(),
        Some("flows are switched off (enable_ivr)")
    );
    assert!(at(NOON) > Timestamp::from_ms(0));
}

#[test]
fn secrets_of_an_earlier_draft_are_kept_and_shown_to_nobody() {
    let with = |headers: Value| {
        flow(
            &json!({"q": {"http": {"url": "https://example.com/", "headers": headers}}}),
            "",
        )
    };
    let first = with(json!([{"name": "Authorization", "value": "Bearer abc"}]));
    let shown = serde_json::to_string(&FlowText::from(&first.without_secrets())).unwrap();
    assert!(
        !shown.contains("abc") && shown.contains(r#""value":null"#),
        "{shown}"
    );
    assert!(!format!("{first:?}").contains("abc"));
    let mut again = with(json!([{"name": "authorization"}, {"name": "X-Other"}]));
    again.take_secrets_of(&first);
    let text = serde_json::to_string(&FlowText::from(&again)).unwrap();
    assert_eq!(text.matches("Bearer abc").count(), 1, "{text}");
    assert!(
        check(&again)
            .iter()
            .any(|fault| fault.detail.contains("X-Other has no value"))
    );
}

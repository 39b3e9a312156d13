//! Calls through flows: keys, silence, people who do not answer, machines that do.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use frontdesk::clock::Clock;
use frontdesk::domain::{
    Day, EndReason, Entry, FlowId, GreetingKind, Lock, OptOut, OptOutSource, Queue, Secret,
    SettingKey, SettingValue, Sms, SmsState, User, UserId,
};
use frontdesk::egress::Outside;
use frontdesk::realtime::Trust;
use frontdesk::rehearsal::Spoken;
use frontdesk::rehearsal::carrier::{CallReport, Carrier, Script, Step};
use frontdesk::rehearsal::model::{Failure, Line, ModelOptions};
use frontdesk::routing::ivr::{Flow, check};
use frontdesk::routing::{Plan, Ring, Strategy, Target, Users};
use frontdesk::store::ivr_flows::{self, Draft};
use frontdesk::store::kept_secrets;
use frontdesk::store::receptionist_versions::Publication;
use frontdesk::store::sms_messages::{self, Filter};
use frontdesk::store::text::FlowText;
use frontdesk::store::{
    call_events, calls, ivr_counters, ivr_flow_versions, ivr_states, page, queues, settings,
    sms_opt_outs, users,
};
use futures::future::join_all;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;

use super::desk::{Desk, ms, talkative};
use super::outbound;
use super::routed::{
    ask, form_to, key, member, message, plan, preview, put_greeting, set, show_to_oracle, tenant,
};
use super::visitor::{STATUS, exchange, post};
use crate::support::rest_account::RestAccount;

const TO: &str = "+15550200001";
const FROM: &str = "+15550100001";
const ADA: &str = "+15550300002";
const BOB: &str = "+15550300003";
const GRACE: &str = "+12025550177";

/// A flow of nodes by their names and edges such as `main 1 sales`.
fn flow(nodes: &Value, edges: &str) -> Flow {
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
    let text = json!({"nodes": nodes, "edges": edges});
    let text: FlowText = serde_json::from_value(text).expect("a flow");
    text.into()
}

fn say(text: &str) -> Value {
    json!({"say": {"text": text}})
}

/// Lets callers of the default tenant meet the flow.
async fn publish(desk: &Desk, id: FlowId, flow: Flow) {
    let (tenant_id, _) = tenant(desk).await;
    let (now, name, mut flow) = (Clock::system().now(), id.to_string(), flow);
    let place = kept_secrets::of_flow(tenant_id, &name);
    for (_, credential) in flow.credentials_mut() {
        desk.store.seals().seal_given(&place, credential).unwrap();
    }
    let draft = Draft {
        flow,
        ..Draft::new(id, tenant_id, id.to_string(), now)
    };
    if !ivr_flows::update(&desk.store, &draft, now).await.unwrap() {
        ivr_flows::insert(&desk.store, &draft).await.unwrap();
    }
    let publication = Publication::by_the_house(now);
    let of = (tenant_id, id);
    let published = ivr_flow_versions::publish(&desk.store, of, &draft.flow, &publication).await;
    published.unwrap().expect("it is there");
}

/// Leads the callers of the number into a flow, and to a message after it.
async fn lead(desk: &Desk, to: &str, flow: Flow) -> FlowId {
    let flow_id = Clock::system().new_id();
    publish(desk, flow_id, flow).await;
    let into = Plan {
        open: Target::Ivr { flow_id },
        fallback: vec![message("Nobody is here.")],
        ..Plan::default()
    };
    plan(desk, to, &into).await;
    flow_id
}

/// A menu that leads to the receptionist by 1, and to Ada by 2.
async fn shop(desk: &Desk) -> Flow {
    let ada = member(desk, ADA).await.to_string();
    let nodes = json!({
        "start": "start", "hello": say("Welcome."),
        "main": {"menu": {"prompt": {"say": {"text": "Press 1 or 2."}},
            "sorry": {"say": {"text": "Not that."}}, "retries": 1}},
        "ai": {"ai": {}}, "ada": {"dial": {"user_ids": [ada],
            "ring": {"whisper": "From the menu.", "asks_to_accept": true}}},
        "busy": say("Ada is busy."), "box": {"voicemail": {"greeting": "Speak, please."}},
        "bye": say("Goodbye."), "end": "hangup",
    });
    let flow = flow(
        &nodes,
        "start next hello, hello next main, main 1 ai, main 2 ada, main * main,
        main timeout box, main invalid bye, bye next end, ai failed ada, ada no_answer box,
        ada busy busy, busy next box",
    );
    assert_eq!(check(&flow), []);
    flow
}

fn carrier(desk: &Desk, dialled: &str) -> Carrier {
    let mut options = desk.carrier_options();
    TO.clone_into(&mut options.to);
    dialled.clone_into(&mut options.dial_outcome.status);
    Carrier::new(options).expect("the addresses are good")
}

async fn place(desk: &Desk, dialled: &str, steps: Vec<Step>) -> CallReport {
    let report = carrier(desk, dialled).place_call(&Script::new(steps)).await;
    assert_eq!(report.all_violations(), Vec::<String>::new());
    assert_eq!(report.failures, Vec::<String>::new());
    for request in &report.requests {
        if request.status == Some(200) {
            show_to_oracle(&request.url, &request.body);
        }
    }
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_leads_to_the_receptionist() {
    let desk = Desk::open(talkative()).await;
    let flow_id = lead(&desk, TO, shop(&desk).await).await;
    let steps = vec![Step::Digit('1'), Step::WaitForSpeech, Step::HangUp];
    let report = place(&desk, "completed", steps).await;
    assert_eq!(report.verb_names(), ["Say", "Gather", "Connect"]);
    assert!(report.stream().expect("a stream").played_ms > 0);
    let log = desk.log(&report).await;
    assert_eq!(log.end_reason, Some(EndReason::CallerHungUp));
    let counts = counted(&desk, flow_id, &[("main", 1), ("ai", 1)]).await;
    assert_eq!(
        counts[&"main".parse().unwrap()].left[&"1".parse().unwrap()],
        1
    );
    let events = call_events::list(&desk.store, log.tenant_id, log.id)
        .await
        .unwrap();
    let walked: Vec<Value> = events
        .iter()
        .filter(|event| event.kind == "ivr.walked")
        .map(|event| serde_json::from_str(event.detail.expose()).unwrap())
        .collect();
    assert_eq!(walked[0]["nodes"], json!(["start", "hello", "main"]));
    assert_eq!(walked[1]["nodes"], json!(["ai"]));
    desk.is_empty().await;
}

/// What was counted, once so many came to these nodes.
async fn counted(
    desk: &Desk,
    flow: FlowId,
    entered: &[(&str, i64)],
) -> std::collections::BTreeMap<frontdesk::routing::ivr::NodeId, ivr_counters::NodeCounts> {
    let now = Clock::system().now();
    let days = (
        Day::of(now.plus_ms(-86_400_000), "UTC"),
        Day::of(now.plus_ms(86_400_000), "UTC"),
    );
    let tenant = tenant(desk).await.0;
    let counted = async {
        loop {
            let sums = ivr_counters::sums(&desk.store, tenant, flow, days)
                .await
                .unwrap();
            let has = |(node, count): &(&str, i64)| {
                let sum = sums.get(&node.parse().unwrap());
                sum.is_some_and(|sum| sum.entered >= *count)
            };
            if entered.iter().all(has) {
                return sums;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(ms(5_000), counted).await.expect("it is counted")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_answer_leads_on_in_the_flow() {
    let desk = Desk::open(talkative()).await;
    lead(&desk, TO, shop(&desk).await).await;
    let to_ada = || vec![Step::Digit('2'), Step::StayUntilEnd];
    let report = place(&desk, "no-answer", to_ada()).await;
    assert_eq!(report.dialled(), [ADA]);
    assert_eq!(
        report.verb_names(),
        ["Say", "Gather", "Dial", "Say", "Record", "Say", "Hangup"]
    );
    assert!(
        report.said().contains(&"Speak, please.".to_owned()),
        "{:?}",
        report.said()
    );
    let report = place(&desk, "busy", to_ada()).await;
    assert_eq!(report.said()[2..4], ["Ada is busy.", "Speak, please."]);
    // Where nothing is wired, the route goes on behind the flow.
    let report = place(&desk, "failed", to_ada()).await;
    assert_eq!(
        report.verb_names(),
        ["Say", "Gather", "Dial", "Say", "Hangup"]
    );
    assert_eq!(report.said().last().unwrap(), "Nobody is here.");
    // Whoever is reached has the call, and is told before.
    let report = place(&desk, "completed", to_ada()).await;
    assert_eq!(report.verb_names(), ["Say", "Gather", "Dial", "Hangup"]);
    let whisper = report
        .requests
        .iter()
        .find(|one| one.url.contains("/whisper"));
    let whisper = &whisper.expect("she is told").body;
    assert!(
        whisper.contains("From the menu.") && whisper.contains("Press 1"),
        "{whisper}"
    );
}

/// What the callers of a member hear before the beep.
async fn greet(desk: &Desk, user: UserId, words: &str) {
    put_greeting(desk, (GreetingKind::Personal, Some(user)), words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_tries_one_member_in_a_flow_or_is_led_to_theirs_leaves_the_message_for_them() {
    let desk = Desk::open(talkative()).await;
    let (ada, bob) = (member(&desk, ADA).await, member(&desk, BOB).await);
    greet(&desk, ada, "This is Ada.").await;
    greet(&desk, bob, "This is Bob.").await;
    let dial = |user: UserId| json!({"dial": {"user_ids": [user.to_string()]}});
    let nodes = json!({
        "start": "start", "main": {"menu": {"prompt": {"say": {"text": "Press 1."}}}},
        "ada": dial(ada), "bob": dial(bob), "sorry": say("Nobody is there."),
        "box": {"voicemail": {}}, "bobs": {"voicemail": {"user_id": bob.to_string()}},
        "end": "hangup",
    });
    let menu = flow(
        &nodes,
        "start next main, main 1 ada, main 2 bobs, main timeout end, main invalid end,
        ada no_answer sorry, sorry next box, ada busy bob, bob no_answer box",
    );
    assert_eq!(check(&menu), []);
    lead(&desk, TO, menu).await;
    let pressed = async |call: &str, key: &str| {
        ask(&desk, "twiml/inbound", &form_to(call, TO, &[])).await;
        let key = form_to(call, TO, &[("Digits", key)]);
        ask(&desk, "ivr?stop=0&node=main&step=1", &key).await
    };
    let rang = async |call: &str, at: &str, status: &str| {
        let status = form_to(call, TO, &[("DialCallStatus", status)]);
        ask(&desk, &format!("dial-status?stop=0&node={at}"), &status).await
    };
    let is_for = |xml: &str, words: &str, user: UserId| {
        assert!(xml.contains(words), "{xml}");
        assert!(xml.contains(&format!("voicemail?user={user}")), "{xml}");
    };
    assert!(pressed("CA1", "1").await.contains(ADA));
    let xml = rang("CA1", "ada&step=2", "no-answer").await;
    assert!(xml.contains("Nobody is there."), "{xml}");
    is_for(&xml, "This is Ada.", ada);
    is_for(&pressed("CA2", "2").await, "This is Bob.", bob);
    // Who has tried several leaves it for everybody.
    pressed("CA3", "1").await;
    assert!(rang("CA3", "ada&step=2", "busy").await.contains(BOB));
    let xml = rang("CA3", "bob&step=3", "no-answer").await;
    assert!(xml.contains("<Record") && !xml.contains("user="), "{xml}");
    // A plan names whose it is as well.
    let bobs = Plan {
        open: Target::Voicemail {
            greeting: None,
            user_id: Some(bob),
        },
        ..Plan::default()
    };
    plan(&desk, TO, &bobs).await;
    let xml = ask(&desk, "twiml/inbound", &form_to("CA4", TO, &[])).await;
    is_for(&xml, "This is Bob.", bob);
    // Who works here no more has left it to the others.
    let found = users::find(&desk.store, tenant(&desk).await.0, bob).await;
    let gone = User {
        is_active: false,
        ..found.unwrap().unwrap()
    };
    let updated = users::update(&desk.store, &gone, Clock::system().now()).await;
    updated.unwrap();
    let xml = ask(&desk, "twiml/inbound", &form_to("CA5", TO, &[])).await;
    assert!(xml.contains("<Record") && !xml.contains("user="), "{xml}");
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_and_wrong_keys_are_asked_again_and_then_lead_on() {
    let desk = Desk::open(talkative()).await;
    let flow_id = lead(&desk, TO, shop(&desk).await).await;
    let report = place(&desk, "completed", vec![Step::StayUntilEnd]).await;
    assert_eq!(
        report.verb_names(),
        ["Say", "Gather", "Gather", "Say", "Record", "Say", "Hangup"]
    );
    let wrong = vec![Step::Digit('9'), Step::Digit('0'), Step::StayUntilEnd];
    let report = place(&desk, "completed", wrong).await;
    assert_eq!(
        report.verb_names(),
        ["Say", "Gather", "Gather", "Say", "Hangup"]
    );
    assert_eq!(
        report.said(),
        [
            "Welcome.",
            "Press 1 or 2.",
            "Not that.",
            "Press 1 or 2.",
            "Goodbye."
        ]
    );
    let wrong_then_right = vec![Step::Digit('#'), Step::Digit('2'), Step::StayUntilEnd];
    let report = place(&desk, "completed", wrong_then_right).await;
    assert_eq!(
        report.verb_names(),
        ["Say", "Gather", "Gather", "Dial", "Hangup"]
    );
    let counts = counted(
        &desk,
        flow_id,
        &[("main", 3), ("box", 1), ("ada", 1), ("end", 1)],
    )
    .await;
    let main = &counts[&"main".parse().unwrap()];
    let left: Vec<_> = main
        .left
        .iter()
        .map(|(exit, count)| format!("{exit} {count}"))
        .collect();
    assert_eq!(main.entered, 3);
    assert_eq!(left, ["2 1", "timeout 1", "invalid 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_much_to_hear_hears_all_of_it_in_documents_that_the_carrier_takes() {
    let desk = Desk::open(talkative()).await;
    let words = "“&<\u{1f4de}>” ".repeat(120);
    let mut nodes = json!({"start": "start", "end": "hangup"});
    let mut edges = "start next s0".to_owned();
    for n in 0..12 {
        nodes[format!("s{n}")] = say(&words);
        let next = if n < 11 {
            format!("s{}", n + 1)
        } else {
            "end".to_owned()
        };
        edges = format!("{edges},s{n} next {next}");
    }
    lead(&desk, TO, flow(&nodes, &edges)).await;
    let report = place(&desk, "completed", vec![Step::StayUntilEnd]).await;
    let verbs = report.verb_names();
    assert_eq!(verbs.iter().filter(|verb| **verb == "Say").count(), 12);
    assert_eq!(verbs.iter().filter(|verb| **verb == "Redirect").count(), 2);
    assert_eq!(verbs.last(), Some(&"Hangup"));
}

#[tokio::test(flavor = "multi_thread")]
async fn t2_no_receptionist_waits_for_a_caller_who_hears_something_long_before() {
    let desk = Desk::open(talkative()).await;
    let long = say(&"We are glad that you call us. ".repeat(20));
    let play = json!({"play": {"url": "https://example.com/jingle.mp3"}});
    let first_of = async |to: &str, sid: &str, first: Value| {
        let nodes = json!({"start": "start", "hello": first, "ai": {"ai": {}}});
        lead(&desk, to, flow(&nodes, "start next hello, hello next ai")).await;
        ask(&desk, "twiml/inbound", &form_to(sid, to, &[])).await
    };
    for (sid, to, first) in [("CA1", "+15550200011", long), ("CA2", "+15550200012", play)] {
        let xml = first_of(to, sid, first).await;
        assert!(!xml.contains("<Connect"), "{xml}");
        assert_eq!(desk.bridge.counts().live, 0, "nobody waits");
        let (_, path) = xml.split_once("/api/voice/webhooks/").expect("it goes on");
        let (path, _) = path.split_once('<').expect("an address ends");
        let path = path.replace("&amp;", "&");
        let xml = ask(&desk, &path, &form_to(sid, to, &[])).await;
        assert!(xml.contains("<Connect"), "{xml}");
        desk.bridge
            .hang_up(&sid.parse().unwrap(), EndReason::HungUp);
        desk.is_empty().await;
    }
    let xml = first_of("+15550200013", "CA3", say("Welcome.")).await;
    assert!(xml.contains("<Say") && xml.contains("<Connect"), "{xml}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receptionist_who_fails_leads_to_a_person_in_the_flow() {
    let broken = ModelOptions {
        failures: vec![Failure::RefuseUpgrade(500); 64],
        ..talkative()
    };
    let desk = Desk::open(broken).await;
    lead(&desk, TO, shop(&desk).await).await;
    let report = place(
        &desk,
        "completed",
        vec![Step::Digit('1'), Step::StayUntilEnd],
    )
    .await;
    assert_eq!(
        report.verb_names(),
        ["Say", "Gather", "Connect", "Dial", "Hangup"]
    );
    assert_eq!(report.dialled(), [ADA]);
    desk.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receptionist_in_a_flow_hands_the_caller_on_and_nothing_of_the_flow_comes_back() {
    let (desk, _account, key) = outbound::open().await;
    lead(&desk, outbound::OURS, shop(&desk).await).await;
    let grace = member(&desk, "+12025550177").await;
    let to = json!({"user_id": grace.to_string()});
    let steps = vec![Step::Digit('1'), Step::StayUntilEnd];
    let report = outbound::handed_on(&desk, &key, &to, ("no-answer", steps)).await;
    assert_eq!(report.dialled(), ["+12025550177"]);
    let names = report.verb_names();
    assert_eq!(names[..4], ["Say", "Gather", "Connect", "Dial"]);
    assert!(names.contains(&"Record"), "{names:?}");
    assert_eq!(
        desk.log(&report).await.end_reason,
        Some(EndReason::Transferred)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_presses_0_in_a_flow_is_led_to_the_people_of_the_number() {
    let hello = Line::say(Spoken::babble("Hello.", ms(300)));
    let desk = Desk::open(ModelOptions {
        lines: vec![hello],
        ..talkative()
    })
    .await;
    let flow_id = lead(&desk, TO, shop(&desk).await).await;
    let grace = member(&desk, GRACE).await;
    let people = Target::Users(Users {
        user_ids: vec![grace],
        strategy: Strategy::AtOnce,
        ring: Ring::default(),
    });
    let office = Plan {
        open: Target::Ivr { flow_id },
        fallback: vec![people],
        ..Plan::default()
    };
    plan(&desk, TO, &office).await;
    let steps = vec![
        Step::Digit('1'),
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(300)),
        Step::Digit('0'),
        Step::StayUntilEnd,
    ];
    let report = place(&desk, "completed", steps).await;
    assert_eq!(report.dialled(), [GRACE]);
    let names = report.verb_names();
    assert_eq!(names, ["Say", "Gather", "Connect", "Dial", "Hangup"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn w1_the_same_request_gets_the_same_twiml_and_is_counted_once() {
    let desk = Desk::open(talkative()).await;
    let flow_id = lead(&desk, TO, shop(&desk).await).await;
    let inbound = form_to("CA1", TO, &[]);
    let eight = join_all((0..8).map(|_| ask(&desk, "twiml/inbound", &inbound))).await;
    assert!(eight.iter().all(|xml| *xml == eight[0]), "{eight:?}");
    assert!(
        eight[0].contains("ivr?stop=0&amp;node=main&amp;step=1"),
        "{}",
        eight[0]
    );
    // Who has come keeps to what was published then.
    publish(
        &desk,
        flow_id,
        flow(
            &json!({"start": "start", "end": "hangup"}),
            "start next end",
        ),
    )
    .await;
    let pressed = form_to("CA1", TO, &[("Digits", "2")]);
    let at = "ivr?stop=0&node=main&step=1";
    let eight = join_all((0..8).map(|_| ask(&desk, at, &pressed))).await;
    assert!(
        eight[0].contains(ADA) && eight.iter().all(|xml| *xml == eight[0]),
        "{eight:?}"
    );
    assert!(
        eight[0].contains("dial-status?stop=0&amp;node=ada&amp;step=2"),
        "{}",
        eight[0]
    );
    let unanswered = form_to("CA1", TO, &[("DialCallStatus", "busy")]);
    let on = "dial-status?stop=0&node=ada&step=2";
    let next = ask(&desk, on, &unanswered).await;
    assert!(next.contains("Ada is busy."), "{next}");
    assert_eq!(ask(&desk, on, &unanswered).await, next);
    assert_eq!(ask(&desk, at, &pressed).await, eight[0]);
    let counts = counted(&desk, flow_id, &[("main", 1), ("ada", 1), ("box", 1)]).await;
    assert!(
        counts.values().all(|count| count.entered == 1),
        "{counts:?}"
    );
    let second = ask(&desk, "twiml/inbound", &form_to("CA2", TO, &[])).await;
    assert!(
        second.contains("<Response><Hangup/></Response>"),
        "{second}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn w3_a_request_from_the_past_leads_nowhere_and_what_was_kept_is_gone() {
    let desk = Desk::open(talkative()).await;
    lead(&desk, TO, shop(&desk).await).await;
    ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    let call = calls::find_by_sid(&desk.store, &"CA1".parse().unwrap()).await;
    let call = call.unwrap().unwrap();
    let kept = async || {
        let of = (call.tenant_id, call.id);
        ivr_states::find(&desk.store, of, (0, 1)).await.unwrap()
    };
    assert!(kept().await.is_some());
    let mut completed = form_to("CA1", TO, &[]);
    set(&mut completed, "CallStatus", "completed");
    assert_eq!(post(&desk, STATUS, &completed).await.status, 204);
    assert_eq!(kept().await, None);
    for (path, extra) in [
        ("ivr?stop=0&node=main&step=1", ("Digits", "1")),
        ("stream-ended?stop=0&node=ai&step=2", ("x", "y")),
        (
            "dial-status?stop=0&node=ada&step=2",
            ("DialCallStatus", "busy"),
        ),
        (
            "queue/left?stop=0&node=ada&step=2",
            ("QueueResult", "error"),
        ),
    ] {
        let xml = ask(&desk, path, &form_to("CA1", TO, &[extra])).await;
        assert!(
            xml.contains("<Response><Hangup/></Response>"),
            "{path}: {xml}"
        );
    }
    assert_eq!(desk.model.accepted(), 0);
    // T11: nor is anybody dialled for a caller who is gone.
    ask(&desk, "twiml/inbound", &form_to("CA2", TO, &[])).await;
    let mut gone = form_to("CA2", TO, &[("Digits", "1")]);
    set(&mut gone, "CallStatus", "completed");
    let xml = ask(&desk, "ivr?stop=0&node=main&step=1", &gone).await;
    assert!(xml.contains("<Response><Hangup/></Response>"), "{xml}");
    assert_eq!(desk.model.accepted(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_in_its_flow_with_another_process() {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("shared.db").display());
    let open = async |url: String| {
        Desk::with(talkative(), |plan| plan.database_url = Secret::new(url)).await
    };
    let first = open(url.clone()).await;
    let ada = member(&first, ADA).await.to_string();
    let nodes = json!({
        "start": "start", "ask": {"gather": {"prompt": {"say": {"text": "Account?"}},
            "variable": "account", "max_digits": 4}},
        "main": {"menu": {"prompt": {"say": {"text": "Account {account}: press 1."}}}},
        "ada": {"dial": {"user_ids": [ada], "ring": {"whisper": "Account holder."}}},
        "sorry": say("Sorry, {account}."), "end": "hangup",
    });
    let entry = flow(
        &nodes,
        "start next ask, ask next main, ask timeout end, ask invalid end, main 1 ada,
        main timeout end, main invalid end, ada no_answer sorry, sorry next end",
    );
    assert_eq!(check(&entry), []);
    let flow_id = lead(&first, TO, entry).await;
    ask(&first, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    let entered = form_to("CA1", TO, &[("Digits", "4711")]);
    let menu = ask(&first, "ivr?stop=0&node=ask&step=1", &entered).await;
    assert!(menu.contains("Account 4711: press 1."), "{menu}");
    publish(
        &first,
        flow_id,
        flow(
            &json!({"start": "start", "end": "hangup"}),
            "start next end",
        ),
    )
    .await;

    let second = open(url).await;
    let pressed = form_to("CA1", TO, &[("Digits", "1")]);
    let dial = ask(&second, "ivr?stop=0&node=main&step=2", &pressed).await;
    assert!(dial.contains(ADA), "{dial}");
    let human = form_to("CA2", ADA, &[("AnsweredBy", "human")]);
    let whisper = ask(&second, "whisper?stop=0&node=ada&step=3&call=CA1", &human).await;
    assert!(whisper.contains("Account holder."), "{whisper}");
    let third = form_to("CA1", TO, &[("DialCallStatus", "no-answer")]);
    let next = ask(&second, "dial-status?stop=0&node=ada&step=3", &third).await;
    assert!(next.contains("Sorry, 4711."), "{next}");
    // Where nobody remembers the step, the node is enough to go on.
    let lost = ask(&second, "ivr?stop=0&node=main&step=77", &pressed).await;
    assert!(lost.contains(ADA), "{lost}");
    // A node that there is not leads behind the flow.
    let nowhere = ask(&second, "ivr?stop=0&node=nowhere&step=1", &pressed).await;
    assert!(nowhere.contains("Nobody is here."), "{nowhere}");
    let no_flow = ask(&second, "ivr?stop=1&node=main&step=1", &pressed).await;
    assert!(no_flow.contains("We are sorry"), "{no_flow}");
}

#[tokio::test(flavor = "multi_thread")]
async fn w5_without_a_database_a_caller_is_led_as_it_was_known() {
    let desk = Desk::open(talkative()).await;
    lead(&desk, TO, shop(&desk).await).await;
    place(&desk, "completed", vec![Step::StayUntilEnd]).await;
    desk.is_empty().await;
    desk.store.close().await;
    let began = Instant::now();
    let first = ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    assert!(first.contains("Press 1 or 2."), "{first}");
    let pressed = form_to("CA1", TO, &[("Digits", "2")]);
    let dial = ask(&desk, "ivr?stop=0&node=main&step=1", &pressed).await;
    assert!(dial.contains(ADA), "{dial}");
    let unanswered = form_to("CA1", TO, &[("DialCallStatus", "no-answer")]);
    let next = ask(&desk, "dial-status?stop=0&node=ada&step=2", &unanswered).await;
    assert!(next.contains("Speak, please."), "{next}");
    assert!(began.elapsed() < ms(1_500), "{:?}", began.elapsed());
    // The receptionist answers as well.
    let steps = vec![Step::Digit('1'), Step::WaitForSpeech, Step::HangUp];
    let report = carrier(&desk, "completed")
        .place_call(&Script::new(steps))
        .await;
    assert!(report.stream().expect("a stream").played_ms > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn flows_that_are_switched_off_are_passed_by_and_the_preview_says_so() {
    let desk = Desk::open(talkative()).await;
    let key = key(&desk).await;
    lead(&desk, TO, shop(&desk).await).await;
    let shown = preview(&desk, &key, TO, FROM).await;
    assert_eq!(shown["stops"][0]["ivr"]["version"], 1);
    let off = Entry {
        value: SettingValue::Truth(false),
        lock: Lock::Unlocked,
    };
    let (tenant_id, now) = (tenant(&desk).await.0, Clock::system().now());
    settings::put_tenant(&desk.store, tenant_id, SettingKey::EnableIvr, (&off, now))
        .await
        .unwrap();
    let shown = preview(&desk, &key, TO, FROM).await;
    assert_eq!(
        shown["stops"],
        json!([{"message": {"text": "Nobody is here."}}])
    );
    assert!(shown["steps"].to_string().contains("target.skipped"));
    let xml = ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    assert!(xml.contains("Nobody is here."), "{xml}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_in_a_flow_is_waited_in_and_left_by_its_exits() {
    let desk = Desk::open(talkative()).await;
    let queue = Queue {
        id: Clock::system().new_id(),
        tenant_id: tenant(&desk).await.0,
        name: "Sales".to_owned(),
        hold_music_url: None,
        announces_position: true,
        announces_wait: false,
        max_wait: Duration::from_mins(1),
        max_size: 7,
        members: Vec::new(),
        created_at: Clock::system().now(),
    };
    queues::insert(&desk.store, &queue).await.unwrap();
    let nodes = json!({"start": "start", "q": {"queue": {"queue_id": queue.id.to_string()}},
        "late": say("Too late."), "full": say("Too full."), "end": "hangup"});
    let waiting = flow(
        &nodes,
        "start next q, q timeout late, q full full, late next end, full next end",
    );
    assert_eq!(check(&waiting), []);
    lead(&desk, TO, waiting).await;
    let xml = ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    assert!(xml.contains(&format!(">{}</Enqueue>", queue.id)), "{xml}");
    let at = "stop=0&node=q&step=1";
    let wait = form_to("CA1", TO, &[("QueuePosition", "3"), ("QueueTime", "5")]);
    let heard = ask(&desk, &format!("queue/wait?{at}"), &wait).await;
    assert!(
        heard.contains("number 3") && heard.contains("queue/key?stop=0&amp;node=q"),
        "{heard}"
    );
    let key = ask(
        &desk,
        &format!("queue/key?{at}"),
        &form_to("CA1", TO, &[("Digits", "5")]),
    )
    .await;
    assert!(
        key.contains("queue/wait?stop=0&amp;node=q&amp;step=1"),
        "{key}"
    );
    let left = async |result: &str, waited: &str| {
        let form = form_to("CA1", TO, &[("QueueResult", result), ("QueueTime", waited)]);
        ask(&desk, &format!("queue/left?{at}"), &form).await
    };
    assert!(left("leave", "61").await.contains("Too late."));
    assert!(left("queue-full", "0").await.contains("Too full."));
    assert!(
        left("leave", "5").await.contains("<Record"),
        "who presses 1 leaves a message"
    );
    assert!(left("error", "0").await.contains("Nobody is here."));
    assert!(
        left("bridged", "9")
            .await
            .contains("<Response><Hangup/></Response>")
    );
}

/// What the machine was asked, head and body.
pub(super) type Heard = Arc<Mutex<Vec<String>>>;

/// A machine that answers each question with the next of these; its port, what
/// it hears, and whom to believe.
pub(super) async fn machine(answers: &'static [&'static str]) -> (u16, Heard, Trust) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("it is made");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("it is a key");
    let chain: Vec<CertificateDer<'static>> = vec![made.cert.der().clone()];
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("key and certificate belong together");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = low_port().await;
    let port = listener.local_addr().expect("it is bound").port();
    let heard = Heard::default();
    let ear = Arc::clone(&heard);
    tokio::spawn(async move {
        for answer in answers {
            let (socket, _) = listener.accept().await.expect("somebody calls");
            let mut socket = acceptor.accept(socket).await.expect("it speaks TLS");
            let mut question = vec![0; 4_096];
            let mut length = 0;
            while !is_whole(&question[..length]) {
                length += socket.read(&mut question[length..]).await.expect("it asks");
            }
            ear.lock()
                .unwrap()
                .push(String::from_utf8_lossy(&question[..length]).into_owned());
            let _ = socket.write_all(answer.as_bytes()).await;
            let _ = socket.shutdown().await;
        }
    });
    let trust = Trust::with_authorities(made.cert.pem().as_bytes()).expect("it is PEM");
    (port, heard, trust)
}

/// An address has a port of four digits at most.
pub(super) async fn low_port() -> TcpListener {
    for port in 7_000..10_000 {
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            return listener;
        }
    }
    panic!("no port is free");
}

fn is_whole(question: &[u8]) -> bool {
    let text = String::from_utf8_lossy(question);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let head = head.to_lowercase();
    let length = head.split_once("content-length: ").map(|(_, rest)| rest);
    let length = length.and_then(|rest| rest.lines().next()?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

pub(super) fn anybody(_: IpAddr) -> bool {
    true
}

/// A flow that asks a machine by POST who calls.
fn asking(port: u16) -> Flow {
    let nodes = json!({
        "start": "start",
        "who": {"http": {"method": "POST", "url":
                format!("https://localhost:{port}/who?from={{caller_number}}"),
            "headers": [{"name": "Authorization", "value": "Token secret-of-the-crm"}],
            "body": [{"name": "number", "value": "{caller_number}"}],
            "save": [{"variable": "name", "pointer": "/people/0/name"}], "timeout_s": 1}},
        "hi": say("Hello {name}."), "no": say("Hello."),
        "text": {"sms": {"text": "Thank you, {name}."}}, "end": "hangup",
    });
    flow(
        &nodes,
        "start next who, who ok hi, who failed no, hi next text, text next end, no next end",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_asks_another_machine_and_texts_the_caller_once() {
    let (port, heard, trust) = machine(&[
        "HTTP/1.1 200 OK\r\nContent-Length: 35\r\n\r\n{\"people\": [{\"name\": \"Ada & Co.\"}]}",
        "HTTP/1.1 200 OK\r\nContent-Length: 35\r\n\r\n{\"people\": [{\"name\": \"Ada & Co.\"}]}",
    ])
    .await;
    let account = RestAccount::open(&[]).await;
    account.own(TO);
    let client = account.client();
    let desk = Desk::with(talkative(), |plan| {
        plan.outside = Outside::permitting(&trust, anybody);
        plan.carrier = Some(client);
    })
    .await;
    lead(&desk, TO, asking(port)).await;
    unwanted_text(&desk).await;
    let form = form_to("CA1", TO, &[]);
    let answers = join_all((0..4).map(|_| ask(&desk, "twiml/inbound", &form))).await;
    assert!(
        answers[0].contains("Hello Ada &amp; Co.."),
        "{}",
        answers[0]
    );
    assert!(answers.iter().all(|xml| *xml == answers[0]), "{answers:?}");
    let asked = heard.lock().unwrap().clone();
    assert_eq!(asked.len(), 2, "once by each call: {asked:?}");
    let (top, body) = asked[1].split_once("\r\n\r\n").unwrap();
    assert!(top.starts_with("POST /who?from=%2B15550100001 HTTP/1.1"));
    assert!(
        top.to_lowercase()
            .contains("authorization: token secret-of-the-crm")
    );
    assert_eq!(body, r#"{"number":"+15550100001"}"#);
    let kept = kept_text(&desk).await;
    assert_eq!(kept.state, SmsState::Queued);
    let messages = account.messages();
    let told: Vec<_> = messages
        .iter()
        .map(|one| (one.from.as_str(), one.to.as_str(), one.body.as_str()))
        .collect();
    assert_eq!(told, [(TO, FROM, "Thank you, Ada & Co..")]);
    assert_eq!(kept.body.expose(), "Thank you, Ada & Co..");
    assert_eq!(
        (kept.own.to_text(), kept.stranger.to_text()),
        (TO.to_owned(), FROM.to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_of_no_use_keeps_nobody_waiting() {
    let (port, _, trust) = machine(&[
        "HTTP/1.1 302 Found\r\nLocation: https://localhost/\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ])
    .await;
    let outside = Outside::permitting(&trust, anybody);
    let desk = Desk::with(talkative(), |plan| plan.outside = outside).await;
    lead(&desk, TO, asking(port)).await;
    // Nobody is followed elsewhere, and what is no JSON is of no use.
    for call in ["CA2", "CA3"] {
        let xml = ask(&desk, "twiml/inbound", &form_to(call, TO, &[])).await;
        assert!(xml.contains(">Hello.<"), "{xml}");
    }
    // Now it is away.
    let began = Instant::now();
    let mut hidden = form_to("CA4", TO, &[]);
    set(&mut hidden, "From", "anonymous");
    let xml = ask(&desk, "twiml/inbound", &hidden).await;
    assert!(xml.contains(">Hello.<"), "{xml}");
    assert!(began.elapsed() < ms(2_000), "{:?}", began.elapsed());
}

/// A call of somebody who wants no texts for as long as it lasts.
async fn unwanted_text(desk: &Desk) {
    let (tenant, number) = (tenant(desk).await.0, FROM.parse().unwrap());
    let unwanted = OptOut {
        phone_number: number,
        source: OptOutSource::Reply,
        created_at: Clock::system().now(),
    };
    let put = sms_opt_outs::put(&desk.store, tenant, &unwanted).await;
    put.unwrap();
    let xml = ask(desk, "twiml/inbound", &form_to("CA0", TO, &[])).await;
    assert!(xml.contains("Hello Ada"), "{xml}");
    assert_eq!(text_outcome(desk, "CA0").await, r#"{"outcome":"unwanted"}"#);
    let lifted = sms_opt_outs::delete(&desk.store, tenant, &unwanted.phone_number, None).await;
    assert!(lifted.unwrap());
}

/// What became of the text of a call.
async fn text_outcome(desk: &Desk, call: &str) -> String {
    let call = calls::find_by_sid(&desk.store, &call.parse().unwrap()).await;
    let call = call.unwrap().expect("the call is written down");
    let noted = async {
        loop {
            let events = call_events::list(&desk.store, call.tenant_id, call.id).await;
            let mut events = events.unwrap().into_iter();
            if let Some(event) = events.find(|event| event.kind == "ivr.text") {
                return event.detail.expose().clone();
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(ms(3_000), noted).await.expect("it is noted")
}

/// The text message that the house has written down, once the carrier has it.
async fn kept_text(desk: &Desk) -> Sms {
    let tenant = tenant(desk).await.0;
    let (filter, page) = (Filter::default(), page::Request::default());
    let kept = async {
        loop {
            let mut found = sms_messages::list(&desk.store, tenant, &filter, &page)
                .await
                .unwrap()
                .items;
            if found
                .first()
                .is_some_and(|one| ![SmsState::Pending, SmsState::Unknown].contains(&one.state))
            {
                assert_eq!(found.len(), 1, "{found:?}");
                return found.remove(0);
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(ms(3_000), kept).await.expect("the text is sent")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_the_carrier_refuses_is_known_to_have_failed() {
    let (port, _, trust) = machine(&["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"]).await;
    // The number is not the account's.
    let account = RestAccount::open(&[]).await;
    let client = account.client();
    let desk = Desk::with(talkative(), |plan| {
        plan.outside = Outside::permitting(&trust, anybody);
        plan.carrier = Some(client);
    })
    .await;
    lead(&desk, TO, asking(port)).await;
    let xml = ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    assert!(xml.contains("Hello ."), "{xml}");
    let kept = kept_text(&desk).await;
    assert_eq!(
        (kept.state, kept.error_code),
        (SmsState::Failed, Some(21606))
    );
    assert_eq!(
        text_outcome(&desk, "CA1").await,
        r#"{"outcome":"submitted"}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn h4_a_flow_reaches_nobody_on_our_own_network() {
    let (port, heard, _) = machine(&["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"]).await;
    let desk = Desk::open(talkative()).await;
    lead(&desk, TO, asking(port)).await;
    let xml = ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    assert!(xml.contains(">Hello.<"), "{xml}");
    assert!(heard.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulation_says_what_the_webhook_does() {
    let desk = Desk::open(talkative()).await;
    let key = key(&desk).await;
    let flow_id = lead(&desk, TO, shop(&desk).await).await;
    for (n, inputs) in [
        json!([{"digits": "2"}, "busy"]),
        json!([{"digits": "2"}, "no_answer"]),
        json!([{"digits": "7"}, {"digits": "*"}, {"digits": "1"}]),
        json!(["timeout", "timeout"]),
        json!(["timeout", {"digits": "12"}]),
        json!([{"digits": "1"}]),
    ]
    .into_iter()
    .enumerate()
    {
        let simulated = simulate(&desk, &key, flow_id, &inputs).await;
        let call = format!("CA{n}");
        let mut heard = vec![ask(&desk, "twiml/inbound", &form_to(&call, TO, &[])).await];
        for input in inputs.as_array().unwrap() {
            let extra = match input.as_str() {
                Some("timeout") => ("Digits", ""),
                Some("busy") => ("DialCallStatus", "busy"),
                Some(_) => ("DialCallStatus", "no-answer"),
                None => ("Digits", input["digits"].as_str().unwrap()),
            };
            let path = action(heard.last().unwrap());
            heard.push(ask(&desk, &path, &form_to(&call, TO, &[extra])).await);
        }
        let steps = simulated["steps"].as_array().unwrap();
        assert_eq!(steps.len(), heard.len(), "{inputs}: {simulated}");
        for (step, xml) in steps.iter().zip(&heard) {
            let told = step["twiml"]
                .as_str()
                .unwrap()
                .replace("call=simulated", &format!("call={call}"));
            assert_eq!(without_token(&told), without_token(xml), "{inputs}");
        }
    }
}

/// The path that the carrier asks next.
fn action(xml: &str) -> String {
    let rest = xml.rsplit_once(r#"action="https://desk.example.com/api/voice/webhooks/"#);
    let path = rest.and_then(|(_, rest)| rest.split('"').next());
    path.expect("there is an action").replace("&amp;", "&")
}

fn without_token(xml: &str) -> String {
    match xml.split_once(r#"name="token" value=""#) {
        Some((before, rest)) => format!("{before}{}", rest.split_once('"').unwrap().1),
        None => xml.to_owned(),
    }
}

async fn simulate(desk: &Desk, key: &str, flow: FlowId, inputs: &Value) -> Value {
    let body = json!({"inputs": inputs, "version": 1, "caller": {"number": FROM},
        "called_number": TO, "language": "en-US"});
    let body = body.to_string();
    let request = format!(
        "POST /api/ivr/flows/{flow}/simulate HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n\
         Authorization: Bearer {key}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = exchange(desk, &request).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).expect("it is JSON")
}

//! Whole calls that we make, and calls that are handed on.

use std::time::Duration;

use frontdesk::clock::Clock;
use frontdesk::domain::{
    AnsweredBy, CallSid, CallStatus, Contact, EndReason, Number, Outcome, Pii,
};
use frontdesk::rehearsal::CALLER;
use frontdesk::rehearsal::carrier::{CallReport, Carrier, CarrierOptions, Script, Step};
use frontdesk::rehearsal::model::{Line, ModelOptions};
use frontdesk::rehearsal::rest::RestCall;
use frontdesk::routing::{Plan, Target};
use frontdesk::store::{call_routes, calls, contacts, numbers};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::desk::{Desk, ms, spoken, talkative};
use super::routed::{ai, ask, form_to, forward, key, member, message, phone, plan, set, tenant};
use super::tools::{after_a_word, equip, kit};
use super::visitor::{STATUS, exchange, post};
use crate::support::rest_account::RestAccount;

pub(super) const OURS: &str = "+12025550100";
pub(super) const THEIRS: &str = "+12025550123";
const SID: &str = "CA00000000000000000000000000000001";
const MEMBERS: &str = "+12025550131";

/// A house with a number and an account, that may ring the United States.
pub(super) async fn open() -> (Desk, RestAccount, String) {
    open_with(talkative()).await
}

async fn open_with(model: ModelOptions) -> (Desk, RestAccount, String) {
    let account = RestAccount::open(&[]).await;
    account.own(OURS);
    let client = account.client();
    let desk = Desk::with(model, |plan| plan.carrier = Some(client)).await;
    let clock = Clock::system();
    let new = Number::new(
        clock.new_id(),
        tenant(&desk).await.0,
        phone(OURS),
        clock.now(),
    );
    numbers::insert(&desk.store, &new).await.unwrap();
    let key = key(&desk).await;
    let policy = json!({"countries": ["US"]});
    let answer = send(&desk, &key, ("PUT", "/api/calls/outbound/policy"), &policy).await;
    assert_eq!(answer.0, 200, "{}", answer.1);
    (desk, account, key)
}

pub(super) async fn send(
    desk: &Desk,
    key: &str,
    (method, path): (&str, &str),
    body: &Value,
) -> (u16, Value) {
    let body = body.to_string();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n\
         Authorization: Bearer {key}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    let answer = exchange(desk, &request).await;
    let body = serde_json::from_str(&answer.body).unwrap_or(Value::Null);
    (answer.status, body)
}

pub(super) async fn placed(desk: &Desk, key: &str, body: &Value) -> Value {
    let (status, call) = send(desk, key, ("POST", "/api/calls/outbound"), body).await;
    assert_eq!(status, 201, "{call}");
    call
}

/// What the newest call at the account was told, by the name of a parameter.
fn told(account: &RestAccount, name: &str) -> String {
    let call = account.calls().pop().expect("there is a call");
    let mut pairs = call.told[0].iter();
    let found = pairs.find(|(key, _)| key == name);
    found.expect("it was told so").1.clone()
}

/// The carrier, as it rings for the newest call at the account.
pub(super) fn ringing(desk: &Desk, account: &RestAccount) -> CarrierOptions {
    let call = account.calls().pop().expect("there is a call");
    let path = |name: &str| {
        let url = told(account, name);
        let path = url.strip_prefix("https://desk.example.com");
        path.expect("it is ours").to_owned()
    };
    CarrierOptions {
        inbound_path: path("Url"),
        status_path: Some(path("StatusCallback")),
        call_sid: Some(call.sid),
        direction: "outbound-api".to_owned(),
        from: call.from,
        to: call.to,
        ..desk.carrier_options()
    }
}

pub(super) async fn answered(options: CarrierOptions, steps: Vec<Step>) -> CallReport {
    let carrier = Carrier::new(options).expect("the addresses are good");
    let report = carrier.place_call(&Script::new(steps)).await;
    assert_eq!(report.all_violations(), Vec::<String>::new());
    assert_eq!(report.failures, Vec::<String>::new());
    report
}

pub(super) fn steps() -> Vec<Step> {
    vec![
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(300)),
        Step::Speak(spoken(&CALLER[0])),
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(300)),
        Step::HangUp,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receptionist_calls_somebody_and_speaks_with_them() {
    let (desk, account, key) = open().await;
    let (_, receptionist) = tenant(&desk).await;
    let contact = known(&desk, "Ada Lovelace", "+12025550177").await;
    let body = json!({"to": THEIRS, "receptionist_id": receptionist.to_string(),
        "contact_id": contact.id.to_string()});
    let call = placed(&desk, &key, &body).await;
    assert_eq!(
        desk.model.accepted(),
        0,
        "an agent waits for nobody who may not answer"
    );
    let report = answered(ringing(&desk, &account), steps()).await;
    assert_eq!(report.verb_names(), ["Connect"]);
    let session = desk.session(0).await;
    let first: Value = serde_json::from_str(&session.client_log[0]).unwrap();
    let instructions = first["session"]["instructions"].as_str().unwrap();
    assert!(
        instructions.contains("You have placed this call"),
        "{instructions}"
    );
    assert!(
        instructions.contains("Ada Lovelace"),
        "the contact was named, not found by number"
    );
    assert_eq!(desk.model.violations(), Vec::<String>::new());
    let log = desk.log(&report).await;
    assert_eq!(log.id.to_string(), call["id"]);
    assert_eq!(log.answered_by, Some(AnsweredBy::Ai));
    assert_eq!(log.end_reason, Some(EndReason::CallerHungUp));
    assert_eq!(log.contact.unwrap().id, contact.id);
    // The carrier's webhook from the past gets no second agent.
    let form = outbound_form(&report, THEIRS, "in-progress");
    let path = format!("twiml/outbound?call={}", log.id);
    let xml = ask(&desk, &path, &form).await;
    assert!(xml.contains("<Response><Hangup/></Response>"), "{xml}");
}

/// Somebody whom the tenant knows.
async fn known(desk: &Desk, name: &str, number: &str) -> Contact {
    let clock = Clock::system();
    let contact = Contact {
        id: clock.new_id(),
        tenant_id: tenant(desk).await.0,
        name: Pii::new(name.to_owned()),
        numbers: vec![phone(number)],
        email: None,
        company: None,
        notes: None,
        is_vip: false,
        is_blocked: false,
        language: None,
        tags: std::collections::BTreeSet::new(),
        created_at: clock.now(),
    };
    contacts::insert(&desk.store, &contact).await.unwrap();
    contact
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_call_is_with_is_looked_up_and_not_whose_number_it_is() {
    let line = after_a_word(Line::call("lookup_contact", "{}"));
    let (desk, account, key) = open_with(line).await;
    equip(&desk, kit(Vec::new())).await;
    let (_, receptionist) = tenant(&desk).await;
    let ada = known(&desk, "Ada Lovelace", "+12025550177").await;
    known(&desk, "The Switchboard", THEIRS).await;
    let body = json!({"to": THEIRS, "receptionist_id": receptionist.to_string(),
        "contact_id": ada.id.to_string()});
    placed(&desk, &key, &body).await;
    answered(ringing(&desk, &account), steps()).await;
    let session = desk.session(0).await;
    let [(_, told)] = &session.tool_outputs[..] else {
        panic!("{:?}", session.tool_outputs);
    };
    let told: Value = serde_json::from_str(told).unwrap();
    assert_eq!(told["name"], "Ada Lovelace", "{told}");
}

fn outbound_form(report: &CallReport, to: &str, status: &str) -> super::visitor::Form {
    let mut form = form_to(&report.call_sid, to, &[]);
    set(&mut form, "From", OURS);
    set(&mut form, "Direction", "outbound-api");
    set(&mut form, "CallStatus", status);
    form
}

#[tokio::test(flavor = "multi_thread")]
async fn w2_nobody_answers_and_what_the_carrier_tells_first_is_found() {
    let (desk, account, key) = open().await;
    let (_, receptionist) = tenant(&desk).await;
    let body = json!({"to": THEIRS, "receptionist_id": receptionist.to_string()});
    let mut watched = desk.bridge.watch();
    let call = placed(&desk, &key, &body).await;
    let id = call["id"].as_str().unwrap();
    // As if the carrier told us before we had read its answer.
    let sid: CallSid = account.calls()[0].sid.parse().unwrap();
    let own = format!("{STATUS}?call={id}");
    let mut form = form_to(sid.as_str(), THEIRS, &[]);
    set(&mut form, "From", OURS);
    set(&mut form, "Direction", "outbound-api");
    for status in ["no-answer", "ringing", "initiated", "no-answer"] {
        set(&mut form, "CallStatus", status);
        assert_eq!(post(&desk, &own, &form).await.status, 204);
    }
    let log = calls::find_by_sid(&desk.store, &sid)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(log.id.to_string(), id);
    assert_eq!(
        (log.status, Outcome::of(&log)),
        (CallStatus::NoAnswer, Outcome::Missed)
    );
    // Who watches is told of it, and once.
    let mut seen = Vec::new();
    while let Ok(event) = watched.try_recv() {
        assert_eq!(event.call_id, log.id);
        seen.push(format!("{:?}", event.what));
    }
    assert_eq!(seen, ["Placed(None)", "Closed(NoAnswer)"]);
    // Another call under the name of this one is nobody's, and makes no row.
    set(&mut form, "CallSid", "CA0123456789abcdef0123456789abcdef");
    assert_eq!(post(&desk, &own, &form).await.status, 204);
    let path = format!("twiml/outbound?call={id}");
    let xml = ask(&desk, &path, &form).await;
    assert!(xml.contains("<Response><Hangup/></Response>"), "{xml}");
    let other: CallSid = "CA0123456789abcdef0123456789abcdef".parse().unwrap();
    let other = calls::find_by_sid(&desk.store, &other);
    assert_eq!(other.await.unwrap(), None);
    assert_eq!(desk.model.accepted(), 0);
    // It is over: the same may be asked for again.
    placed(&desk, &key, &body).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_presses_1_and_is_connected() {
    let (desk, account, key) = open().await;
    let ada = member(&desk, MEMBERS).await;
    let body = json!({"to": THEIRS, "user_id": ada.to_string(), "timeout": 40});
    placed(&desk, &key, &body).await;
    assert_eq!(told(&account, "To"), MEMBERS);
    // Voicemail presses no key, and is connected with nobody.
    let report = answered(ringing(&desk, &account), vec![Step::StayUntilEnd]).await;
    assert_eq!(report.dialled(), Vec::<String>::new());
    assert_eq!(report.verb_names().last().copied(), Some("Hangup"));

    let call = placed(&desk, &key, &body).await;
    let report = answered(ringing(&desk, &account), vec![Step::Digit('1')]).await;
    assert_eq!(report.dialled(), [THEIRS]);
    let dial = report
        .verbs
        .iter()
        .find(|verb| verb.name == "Dial")
        .unwrap();
    for (name, value) in [("callerId", OURS), ("timeout", "40"), ("timeLimit", "1800")] {
        assert_eq!(dial.attribute(name), Some(value), "{name}");
    }
    let asked = report
        .requests
        .iter()
        .find(|one| one.body.contains("<Gather"))
        .unwrap();
    assert!(
        asked
            .body
            .contains("Press 1 to call 1 2 0 2 5 5 5 0 1 2 3."),
        "{}",
        asked.body
    );
    let is_noted = async {
        loop {
            let sid: CallSid = report.call_sid.parse().unwrap();
            let log = calls::find_by_sid(&desk.store, &sid).await.unwrap();
            let log = log.unwrap();
            if log.answered_by == Some(AnsweredBy::Person) {
                return log;
            }
            tokio::task::yield_now().await;
        }
    };
    let log = timeout(ms(5_000), is_noted)
        .await
        .expect("somebody has answered");
    assert_eq!(log.id.to_string(), call["id"]);
    assert_eq!(
        (log.to.number(), log.user_id),
        (Some(&phone(THEIRS)), Some(ada))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_a_queue_is_rung_and_connected_with_its_next_caller() {
    let (desk, account, key) = open().await;
    let ada = member(&desk, MEMBERS).await;
    let body = json!({"name": "Sales", "members": [ada.to_string()]});
    let (_, queue) = send(&desk, &key, ("POST", "/api/queues"), &body).await;
    let queue = queue["id"].as_str().unwrap();
    let path = format!("/api/queues/{queue}/call-next");
    let body = json!({"user_id": ada.to_string()});
    let (status, call) = send(&desk, &key, ("POST", &path), &body).await;
    assert_eq!(status, 201, "{call}");
    let id = call["id"].as_str().unwrap();
    let answer = format!("queue/{queue}/answer?call={id}");
    let sid = call["call_sid"].as_str().unwrap();
    // Voicemail presses no key.
    for (sid, keys, expected) in [
        (sid, None, "</Gather><Hangup/>"),
        (sid, Some("2"), "<Response><Hangup/></Response>"),
        (sid, Some("1"), "</Queue>"),
        ("CA77", Some("1"), "<Response><Hangup/></Response>"),
    ] {
        let mut form = form_to(sid, MEMBERS, &[]);
        form.extend(keys.map(|keys| ("Digits".to_owned(), keys.to_owned())));
        set(&mut form, "From", OURS);
        set(&mut form, "Direction", "outbound-api");
        let xml = ask(&desk, &answer, &form).await;
        assert!(xml.contains(expected), "{xml}");
    }
    let steps = vec![Step::Digit('1'), Step::StayUntilEnd];
    let report = answered(ringing(&desk, &account), steps).await;
    assert_eq!(report.verb_names()[..3], ["Gather", "Say", "Dial"]);
}

/// Has a call handed on once both ends are there, while the caller follows
/// `steps`.
pub(super) async fn handed_on(
    desk: &Desk,
    key: &str,
    to: &Value,
    (dialled, steps): (&str, Vec<Step>),
) -> CallReport {
    let mut options = desk.carrier_options();
    OURS.clone_into(&mut options.to);
    dialled.clone_into(&mut options.dial_outcome.status);
    let carrier = Carrier::new(options).unwrap();
    let mut watched = desk.bridge.watch();
    let operator = async {
        let call = loop {
            let event = watched.recv().await.unwrap();
            let text = format!("{:?}", event.what);
            if text.contains("Said") {
                break event.call_id;
            }
        };
        let path = format!("/api/calls/{call}/transfer");
        send(
            desk,
            key,
            ("POST", &path),
            &json!({"to": to, "whisper": "A caller for you."}),
        )
        .await
    };
    let script = Script::new(steps);
    let (report, answer) = tokio::join!(carrier.place_call(&script), operator);
    assert_eq!(answer.0, 204, "{}", answer.1);
    assert_eq!(report.all_violations(), Vec::<String>::new());
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(desk.model.violations(), Vec::<String>::new());
    report
}

async fn planned(desk: &Desk, fallback: Vec<Target>) {
    let office = Plan {
        open: ai(),
        fallback,
        ..Plan::default()
    };
    plan(desk, OURS, &office).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receptionist_hands_the_caller_on_to_a_person() {
    let (desk, _account, key) = open().await;
    planned(&desk, vec![message("Call again.")]).await;
    let ada = member(&desk, MEMBERS).await;
    let to = json!({"user_id": ada.to_string()});
    let report = handed_on(&desk, &key, &to, ("completed", vec![Step::StayUntilEnd])).await;
    assert_eq!(report.verb_names(), ["Connect", "Dial", "Hangup"]);
    assert_eq!(report.dialled(), [MEMBERS]);
    let whispered = report
        .requests
        .iter()
        .any(|one| one.body.contains("A caller for you."));
    assert!(whispered, "whoever answers is told");
    let session = desk.session(0).await;
    let asked = session
        .client_log
        .iter()
        .any(|text| text.contains("a colleague takes over"));
    assert!(asked, "the caller is told");
    let log = desk.log(&report).await;
    assert_eq!(log.end_reason, Some(EndReason::Transferred));
    assert!(log.ended_at.is_some(), "the carrier says when it is over");
    // The carrier asks again, and is told the same.
    let kept = call_routes::find(&desk.store, log.tenant_id, log.id)
        .await
        .unwrap();
    assert_eq!(kept.unwrap().stops.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_to_nobody_ends_with_a_message_and_not_in_silence() {
    let (desk, _account, key) = open().await;
    planned(
        &desk,
        vec![forward("+12025550188", frontdesk::routing::Ring::default())],
    )
    .await;
    let ada = member(&desk, MEMBERS).await;
    let to = json!({"user_id": ada.to_string()});
    let steps = || vec![Step::StayUntilEnd];
    let report = handed_on(&desk, &key, &to, ("no-answer", steps())).await;
    assert_eq!(report.dialled(), [MEMBERS, "+12025550188"]);
    let names = report.verb_names();
    assert_eq!(names[..4], ["Connect", "Dial", "Dial", "Say"]);
    assert!(names.contains(&"Record"), "{names:?}");

    let to = json!({"voicemail": {"greeting": "Speak now."}});
    let report = handed_on(&desk, &key, &to, ("completed", steps())).await;
    assert_eq!(report.verb_names()[..3], ["Connect", "Say", "Record"]);
    assert_eq!(report.said()[0], "Speak now.");
}

#[tokio::test(flavor = "multi_thread")]
async fn w1_a_webhook_that_comes_again_leads_a_transferred_call_to_the_same_place() {
    let (desk, account, key) = open().await;
    planned(&desk, vec![message("Call again.")]).await;
    let (tenant_id, _) = tenant(&desk).await;
    // Somebody speaks with a person, by a route of this process.
    let person = Plan {
        open: forward(THEIRS, frontdesk::routing::Ring::default()),
        fallback: vec![message("Call again.")],
        ..Plan::default()
    };
    plan(&desk, OURS, &person).await;
    let xml = ask(&desk, "twiml/inbound", &form_to(SID, OURS, &[])).await;
    assert!(xml.contains("<Dial"), "{xml}");
    let sid: CallSid = SID.parse().unwrap();
    let log = calls::find_by_sid(&desk.store, &sid)
        .await
        .unwrap()
        .unwrap();
    account.put_call(RestCall::new(SID, ("+15550100001", OURS), "in-progress"));
    let ada = member(&desk, MEMBERS).await;
    let path = format!("/api/calls/{}/transfer", log.id);
    let body = json!({"to": {"user_id": ada.to_string()}});
    let (status, answer) = send(&desk, &key, ("POST", &path), &body).await;
    assert_eq!(status, 204, "{answer}");
    let url = told(&account, "Url");
    let path = url.rsplit("/webhooks/").next().unwrap().to_owned();
    assert_eq!(path, "transferred?stop=2");
    let first = ask(&desk, &path, &form_to(SID, OURS, &[])).await;
    assert!(first.contains(MEMBERS), "{first}");
    for _ in 0..3 {
        assert_eq!(ask(&desk, &path, &form_to(SID, OURS, &[])).await, first);
    }
    // The telephone that rang before says so late: the call goes on where it is.
    let late = [("DialCallStatus", "no-answer")];
    let xml = ask(&desk, "dial-status?stop=0", &form_to(SID, OURS, &late)).await;
    assert_eq!(xml, first);
    // Nobody answers there: voicemail, and no way back.
    let xml = ask(&desk, "dial-status?stop=2", &form_to(SID, OURS, &late)).await;
    assert!(xml.contains("<Record"), "{xml}");
    let kept = call_routes::find(&desk.store, tenant_id, log.id)
        .await
        .unwrap();
    assert_eq!(kept.unwrap().stops.len(), 4);
    // A second one, once the carrier has followed.
    let is_taken = async {
        loop {
            let body = json!({"to": {"voicemail": {}}});
            let path = format!("/api/calls/{}/transfer", log.id);
            if send(&desk, &key, ("POST", &path), &body).await.0 == 204 {
                return;
            }
        }
    };
    timeout(Duration::from_secs(5), is_taken)
        .await
        .expect("it is noted");
}

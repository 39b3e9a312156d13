//! Calls on their way: from stop to stop, twice, too late, and without a database.

use std::time::Duration;

use frontdesk::clock::Clock;
use frontdesk::domain::{
    AnsweredBy, CallSid, CallStatus, CallerList, CallerListId, DialPolicy, Direction, EndReason,
    ListKind, OpenState, Party, Secret, Span, TakenKind, TakenMessage, Usage,
};
use frontdesk::rehearsal::CALLER;
use frontdesk::rehearsal::carrier::{CallReport, Carrier, Script, Step};
use frontdesk::rehearsal::model::{Failure, ModelOptions};
use frontdesk::routing::{
    Action, CallerId, Condition, Plan, Refusal, Ring, Route, Rule, Stop, Strategy, Target, Times,
    Users, Voice,
};
use frontdesk::store::calls::{Finished, NewCall};
use frontdesk::store::receptionist_versions::{Publication, publish};
use frontdesk::store::taken_messages::Filter;
use frontdesk::store::text::StopText;
use frontdesk::store::{
    Store, call_events, call_routes, caller_lists, calls, default_receptionist, dials, page,
    receptionists, taken_messages,
};
use frontdesk::webhooks::Patience;
use futures::future::join_all;
use serde_json::Value;
use sqlx::{AnyConnection, Connection as _, Executor as _};
use tempfile::TempDir;
use tokio::time::{Instant, timeout};

use super::desk::{Desk, ms, spoken, talkative};
use super::outbound::send;
use super::routed::{
    ai, ask, form_to, forward, key, member, message, phone, plan, preview, set, show_to_oracle,
    tenant,
};
use super::visitor::{STATUS, post};

const TO: &str = "+15550200001";
const FROM: &str = "+15550100001";
const PARTNER: &str = "+12025550160";

/// A carrier that calls `to`, and whose dialled calls end so.
fn carrier(desk: &Desk, to: &str, dialled: &str) -> Carrier {
    let mut options = desk.carrier_options();
    to.clone_into(&mut options.to);
    dialled.clone_into(&mut options.dial_outcome.status);
    Carrier::new(options).expect("the addresses are good")
}

async fn place(desk: &Desk, to: &str, dialled: &str, steps: Vec<Step>) -> CallReport {
    let report = carrier(desk, to, dialled)
        .place_call(&Script::new(steps))
        .await;
    assert_eq!(report.all_violations(), Vec::<String>::new());
    assert_eq!(report.failures, Vec::<String>::new());
    for request in &report.requests {
        if request.status == Some(200) {
            show_to_oracle(&request.url, &request.body);
        }
    }
    report
}

fn broken() -> ModelOptions {
    ModelOptions {
        failures: vec![Failure::RefuseUpgrade(500); 64],
        ..talkative()
    }
}

fn ring(whisper: Option<&str>) -> Ring {
    Ring {
        timeout: Duration::from_secs(15),
        whisper: whisper.map(str::to_owned),
        ..Ring::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_fails_leads_to_a_person_and_who_does_not_answer_to_voicemail() {
    let desk = Desk::open(broken()).await;
    let ada = member(&desk, "+15550300002").await;
    let office = Plan {
        open: ai(),
        fallback: vec![Target::Users(Users {
            user_ids: vec![ada],
            strategy: Strategy::AtOnce,
            ring: ring(None),
        })],
        ..Plan::default()
    };
    plan(&desk, TO, &office).await;
    // While agents are tried the caller hears that it takes a moment.
    let steps = vec![
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(5_000)),
        Step::WaitForSpeech,
        Step::Speak(spoken(&CALLER[0])),
    ];
    let report = place(&desk, TO, "no-answer", steps).await;
    assert_eq!(report.dialled(), ["+15550300002"]);
    assert_eq!(report.verb_names(), ["Connect", "Dial", "Say", "Record"]);
    assert!(
        report.said()[0].starts_with("You have reached Default."),
        "{:?}",
        report.said()
    );
    let told = |path: &str| {
        report
            .requests
            .iter()
            .filter(|one| one.url.contains(path))
            .count()
    };
    assert_eq!((told("/stream-ended"), told("/dial-status")), (1, 1));
    assert_eq!(told("/voicemail"), 2, "the recording and what comes next");

    let log = desk.log(&report).await;
    assert_eq!(log.end_reason, Some(EndReason::AgentUnavailable));
    answered_by(&desk, &report, AnsweredBy::Voicemail).await;
    assert!(call_back(&desk, &report).await.is_read);

    // Whoever is reached has the call, and nothing comes after it.
    let report = place(&desk, TO, "completed", vec![Step::StayUntilEnd]).await;
    assert_eq!(report.verb_names(), ["Connect", "Dial", "Hangup"]);
    answered_by(&desk, &report, AnsweredBy::Person).await;
    assert!(call_back(&desk, &report).await.is_read);
    // Who says nothing hears a farewell, never silence.
    let report = place(&desk, TO, "busy", vec![Step::StayUntilEnd]).await;
    assert_eq!(
        report.verb_names(),
        ["Connect", "Dial", "Say", "Record", "Say", "Hangup"]
    );
    let kept = call_back(&desk, &report).await;
    assert_eq!((kept.is_read, kept.kind), (false, TakenKind::CallBack));
    assert_eq!(
        kept.caller,
        FROM.parse().unwrap(),
        "nobody has spoken with them"
    );
    desk.is_empty().await;
}

/// The note that the caller is to be called back.
async fn call_back(desk: &Desk, report: &CallReport) -> TakenMessage {
    let log = desk.log(report).await;
    let (all, first) = (Filter::default(), page::Request::default());
    let all = taken_messages::list(&desk.store, log.tenant_id, &all, &first).await;
    let all = all.unwrap().items;
    let mut of_call = all.into_iter().filter(|one| one.call_id == log.id);
    let kept = of_call
        .next()
        .expect("it is noted that they are to be called back");
    assert_eq!(of_call.next(), None, "once");
    kept
}

/// Waits until the log says who has answered.
async fn answered_by(desk: &Desk, report: &CallReport, by: AnsweredBy) {
    let noted = async {
        while desk.log(report).await.answered_by != Some(by) {
            tokio::task::yield_now().await;
        }
    };
    let noted = timeout(ms(5_000), noted).await;
    noted.expect("the log says who has answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receptionist_says_what_the_number_wants() {
    let desk = Desk::open(talkative()).await;
    let (tenant_id, _) = tenant(&desk).await;
    let mut other = default_receptionist(tenant_id, Clock::system().new_id());
    "Second".clone_into(&mut other.name);
    let now = Clock::system().now();
    receptionists::insert(&desk.store, &other, now)
        .await
        .unwrap();
    let publication = Publication::by_the_house(now);
    publish(&desk.store, tenant_id, other.id, &publication)
        .await
        .unwrap();
    let sales = Plan {
        open: Target::Ai {
            receptionist_id: Some(other.id),
        },
        voice: Voice {
            greeting: Some("Green Dental, sales.".to_owned()),
            voice: Some("cedar".to_owned()),
            language: None,
        },
        ..Plan::default()
    };
    plan(&desk, TO, &sales).await;
    let report = place(
        &desk,
        TO,
        "completed",
        vec![Step::WaitForSpeech, Step::HangUp],
    )
    .await;
    let session = desk.session(0).await;
    let said = session.client_log.join("\n");
    assert!(
        said.contains("Green Dental, sales.") && said.contains("cedar"),
        "{said}"
    );
    assert_eq!(desk.log(&report).await.receptionist_id, Some(other.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_names_the_receptionist_who_has_answered_and_no_other() {
    let desk = Desk::open(talkative()).await;
    let key = key(&desk).await;
    let (_, receptionist) = tenant(&desk).await;
    // The AI answers second, after a member has not.
    let office = Plan {
        open: Target::Users(Users {
            user_ids: vec![member(&desk, "+15550300002").await],
            strategy: Strategy::AtOnce,
            ring: ring(None),
        }),
        fallback: vec![ai()],
        ..Plan::default()
    };
    plan(&desk, TO, &office).await;
    let steps = vec![Step::WaitForSpeech, Step::HangUp];
    let report = place(&desk, TO, "no-answer", steps).await;
    assert_eq!(report.verb_names(), ["Dial", "Connect"]);
    answered_by(&desk, &report, AnsweredBy::Ai).await;
    // To the AI as well, whose caller has gone before the stream was there; and one of
    // which the carrier only says that it is over.
    plan(&desk, TO, &Plan::default()).await;
    let mut form = form_to("CA1", TO, &[]);
    let xml = ask(&desk, "twiml/inbound", &form).await;
    assert!(xml.contains("<Connect"), "{xml}");
    set(&mut form, "CallStatus", "completed");
    for sid in ["CA1", "CA2"] {
        set(&mut form, "CallSid", sid);
        assert_eq!(post(&desk, STATUS, &form).await.status, 204);
    }
    let listed = async |query: String| {
        let path = format!("/api/calls/log?{query}");
        let (status, page) = send(&desk, &key, ("GET", &path), &Value::Null).await;
        assert_eq!(status, 200, "{page}");
        page["data"].as_array().unwrap().clone()
    };
    assert_eq!(listed(String::new()).await.len(), 3);
    let answered = listed(format!("receptionist_id={receptionist}")).await;
    let sids: Vec<_> = answered.iter().map(|call| &call["call_sid"]).collect();
    assert_eq!(sids, [&report.call_sid]);
}

/// A list that the caller is on.
async fn list(desk: &Desk) -> CallerListId {
    let clock = Clock::system();
    let list = CallerList {
        id: clock.new_id(),
        tenant_id: tenant(desk).await.0,
        name: "Pests".to_owned(),
        kind: ListKind::Allow,
        created_at: clock.now(),
    };
    let added = caller_lists::insert(&desk.store, &list).await;
    added.expect("the list is new");
    let of = (list.tenant_id, list.id);
    let added = caller_lists::add(&desk.store, of, &phone(FROM), list.created_at).await;
    added.expect("the list is there");
    list.id
}

/// Two people, and everything that ringing them can have.
async fn people(desk: &Desk) -> impl Fn(Strategy) -> Target {
    let ada = member(desk, "+15550300002").await;
    let bob = member(desk, "+15550300003").await;
    move |strategy| {
        Target::Users(Users {
            user_ids: vec![ada, bob],
            strategy,
            ring: Ring {
                caller_id: CallerId::Called,
                asks_to_accept: true,
                detects_machines: true,
                ..ring(Some("A caller for you."))
            },
        })
    }
}

fn with(open: Target) -> Plan {
    Plan {
        open,
        ..Plan::default()
    }
}

fn ruled(when: Vec<Condition>, then: Action) -> Plan {
    let name = "a rule".to_owned();
    Plan {
        rules: vec![Rule { name, when, then }],
        ..with(ai())
    }
}

/// From midnight to midnight, on every day.
fn at_any_time() -> Condition {
    Condition::At(Times {
        days: Vec::new(),
        span: Span::WHOLE_DAY,
    })
}

/// Plans, and the first verb that each of them makes.
async fn plans(desk: &Desk) -> Vec<(Plan, &'static str)> {
    let (people, list) = (people(desk).await, list(desk).await);
    let greeted = Target::Voicemail {
        greeting: Some("Grüß Gott.".to_owned()),
        user_id: None,
    };
    let mut german = with(greeted);
    german.voice.language = Some("de-AT".to_owned());
    let reject = Action::Reject;
    vec![
        (with(ai()), "Connect"),
        (with(people(Strategy::AtOnce)), "Dial"),
        (with(people(Strategy::InTurn)), "Dial"),
        (with(forward(PARTNER, ring(None))), "Dial"),
        (
            with(Target::Voicemail {
                greeting: None,
                user_id: None,
            }),
            "Say",
        ),
        (with(message("Closed & <gone>.")), "Say"),
        (german, "Say"),
        (
            ruled(vec![Condition::InList(list)], reject(Refusal::Busy)),
            "Reject",
        ),
        (
            ruled(vec![Condition::Anonymous], reject(Refusal::Rejected)),
            "Connect",
        ),
        (ruled(vec![], Action::Go(message("Always."))), "Say"),
        (
            ruled(vec![Condition::Vip], Action::Go(message("Dear."))),
            "Connect",
        ),
        (
            ruled(vec![Condition::Blocked], reject(Refusal::Rejected)),
            "Connect",
        ),
        (
            ruled(vec![at_any_time()], Action::Go(message("Now."))),
            "Say",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stop_is_said_in_words_that_the_carrier_takes() {
    let desk = Desk::open(talkative()).await;
    for (n, (some, verb)) in plans(&desk).await.into_iter().enumerate() {
        let to = format!("+1555020{n:04}");
        plan(&desk, &to, &some).await;
        let steps = vec![Step::WaitForSpeech, Step::HangUp];
        let report = place(&desk, &to, "completed", steps).await;
        assert_eq!(report.verb_names()[0], verb, "{some:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preview_is_what_the_webhook_does() {
    let desk = Desk::open(talkative()).await;
    let key = key(&desk).await;
    for (n, (some, _)) in plans(&desk).await.into_iter().enumerate() {
        let to = format!("+1555020{n:04}");
        plan(&desk, &to, &some).await;
        for from in [FROM, "+15550100002", ""] {
            let stops = preview(&desk, &key, &to, from).await["stops"].clone();
            let call_sid = format!("CA{n}-{}", from.trim_start_matches('+'));
            let mut form = form_to(&call_sid, &to, &[]);
            set(
                &mut form,
                "From",
                if from.is_empty() { "anonymous" } else { from },
            );
            let xml = ask(&desk, "twiml/inbound", &form).await;
            assert_same(&stops[0], &xml);
            let call_sid = call_sid.parse().unwrap();
            let kept = kept_route(&desk.store, &call_sid).await;
            let kept: Vec<_> = kept.stops.iter().map(StopText::from).collect();
            assert_eq!(serde_json::to_value(kept).unwrap(), stops);
        }
    }
    let both = people(&desk).await(Strategy::AtOnce);
    for (n, (open, from, kinds)) in (0..).zip([
        // The policy does not allow the country.
        (forward("+442079460958", ring(None)), FROM, vec!["message"]),
        // Who rings would ring themselves: alone, and beside a colleague.
        (forward(PARTNER, ring(None)), PARTNER, vec!["message"]),
        (both, "+15550300003", vec!["ring", "message"]),
    ]) {
        let to = format!("+1555021{n:04}");
        let some = Plan {
            fallback: vec![message("Call again.")],
            ..with(open)
        };
        plan(&desk, &to, &some).await;
        let shown = preview(&desk, &key, &to, from).await;
        let mut why = shown["steps"].as_array().unwrap().iter();
        assert!(why.any(|step| step["code"] == "dial.refused"), "{shown}");
        let stops = shown["stops"].as_array().unwrap();
        let found = stops
            .iter()
            .map(|stop| stop.as_object().unwrap().keys().next().unwrap());
        assert_eq!(found.collect::<Vec<_>>(), kinds, "{shown}");
        let mut form = form_to(&format!("CA-refused-{n}"), &to, &[]);
        set(&mut form, "From", from);
        let xml = ask(&desk, "twiml/inbound", &form).await;
        assert_same(&stops[0], &xml);
        assert!(!xml.contains(&format!(">{from}<")), "{xml}");
    }
}

/// The route of a call, once it is written down.
async fn kept_route(store: &Store, call_sid: &CallSid) -> Route {
    let kept = async {
        loop {
            let kept = call_routes::find_by_sid(store, call_sid).await;
            match kept.expect("the database answers") {
                Some(kept) => return kept.route,
                None => tokio::task::yield_now().await,
            }
        }
    };
    let kept = timeout(ms(8_000), kept).await;
    kept.expect("the call is written down")
}

/// The TwiML does what the stop of the preview says.
#[track_caller]
fn assert_same(stop: &Value, xml: &str) {
    let (kind, detail) = stop.as_object().unwrap().iter().next().unwrap();
    let signs: Vec<String> = match kind.as_str() {
        "ai" => vec!["<Connect".to_owned()],
        "ring" => {
            let numbers = detail["phone_numbers"].as_array().unwrap().iter();
            let numbers = numbers.map(|one| format!(">{}</Number>", one.as_str().unwrap()));
            let in_turn = detail["is_in_turn"] == true;
            assert_eq!(xml.contains("sequential=\"true\""), in_turn);
            numbers.chain(["<Dial".to_owned()]).collect()
        }
        "voicemail" => vec!["<Record".to_owned()],
        "message" => vec!["<Say".to_owned(), "<Hangup".to_owned()],
        "reject" => vec![format!("<Reject reason={detail}/>")],
        other => panic!("{other}"),
    };
    for sign in signs {
        assert!(xml.contains(&sign), "{stop}: {sign} is not in {xml}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn w1_the_same_request_gets_the_same_twiml_whatever_is_changed_meanwhile() {
    let desk = Desk::open(talkative()).await;
    plan(&desk, TO, &with(forward(PARTNER, ring(None)))).await;
    let form = form_to("CA1", TO, &[]);
    let first = ask(&desk, "twiml/inbound", &form).await;
    assert!(first.contains(PARTNER), "{first}");
    plan(&desk, TO, &with(message("We have moved."))).await;
    let again = join_all((0..8).map(|_| ask(&desk, "twiml/inbound", &form))).await;
    assert!(again.iter().all(|xml| *xml == first), "{again:?}");
    // Eight at the same moment agree as well.
    let form = form_to("CA2", TO, &[]);
    let eight = join_all((0..8).map(|_| ask(&desk, "twiml/inbound", &form))).await;
    assert!(eight.iter().all(|xml| *xml == eight[0]), "{eight:?}");
    // What comes next is repeated, not gone on from.
    let unanswered = form_to("CA1", TO, &[("DialCallStatus", "no-answer")]);
    let next = ask(&desk, "dial-status?stop=0", &unanswered).await;
    assert!(next.contains("<Record"), "{next}");
    assert_eq!(ask(&desk, "dial-status?stop=0", &unanswered).await, next);
}

#[tokio::test(flavor = "multi_thread")]
async fn w3_a_request_from_the_past_leads_nowhere_and_dials_nobody() {
    let desk = Desk::open(talkative()).await;
    let people_then_agent = Plan {
        open: forward(PARTNER, ring(None)),
        fallback: vec![ai()],
        ..Plan::default()
    };
    plan(&desk, TO, &people_then_agent).await;
    let inbound = form_to("CA1", TO, &[]);
    let unanswered = form_to("CA1", TO, &[("DialCallStatus", "no-answer")]);
    ask(&desk, "twiml/inbound", &inbound).await;
    let mut completed = form_to("CA1", TO, &[]);
    set(&mut completed, "CallStatus", "completed");
    let status = post(&desk, STATUS, &completed).await;
    assert_eq!(status.status, 204);
    for _ in 0..3 {
        for (path, form) in [
            ("twiml/inbound", &inbound),
            ("dial-status?stop=0", &unanswered),
            ("stream-ended?stop=0", &inbound),
            (
                "queue/left?stop=0",
                &form_to("CA1", TO, &[("QueueResult", "error")]),
            ),
        ] {
            let xml = ask(&desk, path, form).await;
            assert!(
                xml.contains("<Response><Hangup/></Response>"),
                "{path}: {xml}"
            );
        }
    }
    assert_eq!(desk.model.accepted(), 0);
    let call = calls::find_by_sid(&desk.store, &"CA1".parse().unwrap()).await;
    assert!(call.unwrap().unwrap().status.is_terminal());
}

#[tokio::test(flavor = "multi_thread")]
async fn t11_for_a_caller_who_hung_up_while_it_rang_no_agent_is_dialled() {
    let desk = Desk::open(talkative()).await;
    let people_then_agent = Plan {
        open: forward(PARTNER, ring(None)),
        fallback: vec![ai()],
        ..Plan::default()
    };
    plan(&desk, TO, &people_then_agent).await;
    ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    for (status, dialled) in [("completed", "no-answer"), ("in-progress", "canceled")] {
        let mut gone = form_to("CA1", TO, &[("DialCallStatus", dialled)]);
        set(&mut gone, "CallStatus", status);
        let xml = ask(&desk, "dial-status?stop=0", &gone).await;
        assert!(xml.contains("<Response><Hangup/></Response>"), "{xml}");
    }
    assert_eq!(desk.model.accepted(), 0);
    // Who is still there is answered by the receptionist.
    let waiting = form_to("CA1", TO, &[("DialCallStatus", "no-answer")]);
    let xml = ask(&desk, "dial-status?stop=0", &waiting).await;
    assert!(
        xml.contains("<Connect") && xml.contains("stream-ended?stop=1"),
        "{xml}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_along_its_route_with_another_process() {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("shared.db").display());
    let open = async |url: String| {
        let desk = Desk::with(talkative(), |plan| plan.database_url = Secret::new(url));
        desk.await
    };
    let first = open(url.clone()).await;
    let office = Plan {
        open: forward(PARTNER, ring(None)),
        fallback: vec![message("Nobody is here.")],
        ..Plan::default()
    };
    plan(&first, TO, &office).await;
    ask(&first, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    plan(&first, TO, &Plan::default()).await;
    let second = open(url).await;
    let unanswered = form_to("CA1", TO, &[("DialCallStatus", "busy")]);
    let next = ask(&second, "dial-status?stop=0", &unanswered).await;
    assert!(next.contains("Nobody is here."), "{next}");
    // A call that nobody has placed is told so, and is not left in silence.
    let unknown = form_to("CA9", TO, &[("DialCallStatus", "busy")]);
    let next = ask(&second, "dial-status?stop=0", &unknown).await;
    assert!(next.contains("We are sorry"), "{next}");
    // And beyond the last stop there is nothing but that.
    let next = ask(&second, "dial-status?stop=99", &unanswered).await;
    assert!(next.contains("We are sorry"), "{next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goodbye_at_another_process_is_a_goodbye() {
    let desk = Desk::open(talkative()).await;
    for (sid, end_reason, goes_on) in [
        ("CA1", EndReason::ReceptionistHungUp, false),
        ("CA2", EndReason::AgentUnavailable, true),
    ] {
        // It rang there; here nobody has heard of it.
        let (tenant_id, receptionist_id) = tenant(&desk).await;
        let new = NewCall {
            id: Clock::system().new_id(),
            tenant_id,
            call_sid: sid.parse().unwrap(),
            direction: Direction::Inbound,
            from: Party::Anonymous,
            to: TO.parse().unwrap(),
            receptionist_id: Some(receptionist_id),
            status: CallStatus::InProgress,
            created_at: Clock::system().now(),
        };
        calls::find_or_create(&desk.store, &new).await.unwrap();
        let stop = |text: &str| Stop::Message {
            text: text.to_owned(),
        };
        let route = Route {
            stops: vec![stop("The receptionist."), stop("Nobody is here.")],
            open_state: OpenState::Open,
            language: None,
            steps: Vec::new(),
        };
        let at = Clock::system().now();
        call_routes::insert(&desk.store, (tenant_id, new.id), &route, at)
            .await
            .unwrap();
        let finished = Finished {
            end_reason,
            ended_at: at,
            usage: Usage::default(),
            cost: None,
        };
        calls::finish(&desk.store, tenant_id, new.id, &finished)
            .await
            .unwrap();
        let next = ask(&desk, "stream-ended?stop=0", &form_to(sid, TO, &[])).await;
        assert_eq!(next.contains("Nobody is here."), goes_on, "{next}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t1_a_caller_whose_stream_never_came_is_led_on_and_holds_no_place() {
    let desk = Desk::open(talkative()).await;
    let office = Plan {
        fallback: vec![message("Nobody is here.")],
        ..Plan::default()
    };
    plan(&desk, TO, &office).await;
    let sid = "CA1";
    let xml = ask(&desk, "twiml/inbound", &form_to(sid, TO, &[])).await;
    assert!(xml.contains("<Connect"), "{xml}");
    assert_eq!(desk.bridge.counts().live, 1);
    let next = ask(&desk, "stream-ended?stop=0", &form_to(sid, TO, &[])).await;
    assert!(next.contains("Nobody is here."), "{next}");
    assert_eq!(desk.bridge.counts().live, 0);
    let outcome = desk.bridge.outcome(&sid.parse().unwrap());
    assert_eq!(outcome, Some(EndReason::CarrierLost));
}

#[tokio::test(flavor = "multi_thread")]
async fn t1_a_caller_who_is_still_there_when_their_stream_was_given_up_is_led_on() {
    let desk = Desk::open(talkative()).await;
    let office = Plan {
        fallback: vec![message("Nobody is here.")],
        ..Plan::default()
    };
    plan(&desk, TO, &office).await;
    let sid: CallSid = "CA1".parse().unwrap();
    let inbound = form_to(sid.as_str(), TO, &[]);
    ask(&desk, "twiml/inbound", &inbound).await;
    // As after a minute without a stream.
    desk.bridge.hang_up(&sid, EndReason::StreamNeverStarted);
    desk.is_empty().await;
    let next = ask(&desk, "stream-ended?stop=0", &inbound).await;
    assert!(next.contains("Nobody is here."), "{next}");
    let mut gone = inbound;
    set(&mut gone, "CallStatus", "completed");
    let next = ask(&desk, "stream-ended?stop=0", &gone).await;
    assert!(next.contains("<Response><Hangup/></Response>"), "{next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn w5_without_a_database_a_caller_takes_the_route_that_was_known() {
    let desk = Desk::open(talkative()).await;
    let office = Plan {
        open: forward(PARTNER, ring(None)),
        fallback: vec![message("Nobody is here.")],
        ..Plan::default()
    };
    let reception = "+15550200002";
    plan(&desk, TO, &office).await;
    plan(&desk, reception, &Plan::default()).await;
    for to in [TO, reception] {
        place(
            &desk,
            to,
            "completed",
            vec![Step::WaitForSpeech, Step::HangUp],
        )
        .await;
    }
    desk.is_empty().await;
    desk.store.close().await;
    let began = Instant::now();
    let first = ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    assert!(first.contains(PARTNER), "{first}");
    let unanswered = form_to("CA1", TO, &[("DialCallStatus", "no-answer")]);
    let next = ask(&desk, "dial-status?stop=0", &unanswered).await;
    assert!(next.contains("Nobody is here."), "{next}");
    assert!(began.elapsed() < ms(1_000), "{:?}", began.elapsed());
    // The receptionist answers as well.
    let steps = [Step::WaitForSpeech, Step::HangUp];
    let report = carrier(&desk, reception, "completed")
        .place_call(&Script::new(steps))
        .await;
    assert!(report.stream().expect("a stream").played_ms > 0);
    // Of a number that nobody has called yet nothing is known.
    let unknown = ask(&desk, "twiml/inbound", &form_to("CA3", "+15550200009", &[])).await;
    assert!(unknown.contains("We are sorry"), "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn w5_a_database_that_hangs_keeps_no_caller_waiting_and_hears_of_the_call_later() {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("slow.db").display());
    let database_url = Secret::new(url.clone());
    let desk = Desk::with(talkative(), |plan| {
        plan.database_url = database_url;
        plan.patience = Patience::default();
    })
    .await;
    plan(
        &desk,
        TO,
        &Plan {
            open: forward(PARTNER, ring(None)),
            ..Plan::default()
        },
    )
    .await;
    let reception = "+15550200002";
    plan(&desk, reception, &Plan::default()).await;
    for to in [TO, reception] {
        place(&desk, to, "completed", vec![Step::HangUp]).await;
    }
    let mut other = AnyConnection::connect(&url).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    for (to, call_sid, verb) in [(TO, "CA1", PARTNER), (reception, "CA2", "<Stream")] {
        let began = Instant::now();
        let xml = ask(&desk, "twiml/inbound", &form_to(call_sid, to, &[])).await;
        assert!(xml.contains(verb), "{xml}");
        // Twice what the database is waited for, and a busy machine.
        assert!(began.elapsed() < ms(250), "{:?}", began.elapsed());
    }
    other.execute("COMMIT").await.unwrap();
    kept_route(&desk.store, &"CA1".parse().unwrap()).await;
    let rows = Store::connect(&url).await.unwrap();
    let call = calls::find_by_sid(&rows, &"CA1".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(call.unwrap().to.to_text(), TO);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_picks_up_is_told_who_is_there_and_may_decline() {
    let desk = Desk::open(talkative()).await;
    let careful = Plan {
        open: forward(
            PARTNER,
            Ring {
                asks_to_accept: true,
                detects_machines: true,
                ..ring(Some("A call from the website."))
            },
        ),
        ..Plan::default()
    };
    plan(&desk, TO, &careful).await;
    let dial = ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    let url = r#"url="https://desk.example.com/api/voice/webhooks/whisper?stop=0&amp;call=CA1""#;
    assert!(
        dial.contains(url) && dial.contains(r#"machineDetection="Enable""#),
        "{dial}"
    );
    let whisper = "whisper?stop=0&call=CA1";
    let rung = form_to("CA2", PARTNER, &[]);
    let asked = ask(&desk, whisper, &rung).await;
    assert!(
        asked.contains("A call from the website.") && asked.contains("Press 1"),
        "{asked}"
    );
    let accepted = "accepted?stop=0&call=CA1";
    let xml = ask(
        &desk,
        accepted,
        &form_to("CA2", PARTNER, &[("Digits", "1")]),
    )
    .await;
    assert!(!xml.contains("Hangup"), "{xml}");
    for keys in ["2", "", "11"] {
        let xml = ask(
            &desk,
            accepted,
            &form_to("CA2", PARTNER, &[("Digits", keys)]),
        )
        .await;
        assert!(xml.contains("<Hangup/>"), "{keys}: {xml}");
    }
    // Who declined was never connected: the caller goes on.
    let ended = |bridged| {
        let extra = [("DialCallStatus", "completed"), ("DialBridged", bridged)];
        form_to("CA1", TO, &extra)
    };
    let declined = ask(&desk, "dial-status?stop=0", &ended("false")).await;
    assert!(declined.contains("<Record"), "{declined}");
    let spoken = ask(&desk, "dial-status?stop=0", &ended("true")).await;
    assert!(
        spoken.contains("<Response><Hangup/></Response>"),
        "{spoken}"
    );
}

/// Events of that kind of the call, as they were written down; waits for one.
async fn refusals(desk: &Desk, call_sid: &str) -> Vec<Value> {
    let sid: CallSid = call_sid.parse().unwrap();
    let found = async {
        loop {
            let call = calls::find_by_sid(&desk.store, &sid).await.unwrap();
            let call = call.expect("it is written down");
            let events = call_events::list(&desk.store, call.tenant_id, call.id).await;
            let events = events.unwrap().into_iter();
            let refused = events.filter(|event| event.kind == "dial.refused");
            let details: Vec<Value> = refused
                .map(|event| serde_json::from_str(event.detail.expose()).unwrap())
                .collect();
            if !details.is_empty() {
                return details;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(ms(5_000), found).await.expect("it is written down")
}

/// What the tenant allows from here on.
async fn allow(desk: &Desk, policy: &DialPolicy) {
    let now = Clock::system().now();
    let put = dials::put_policy(&desk.store, tenant(desk).await.0, policy, now).await;
    put.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn i11_a_caller_is_not_sent_where_the_policy_lets_nobody_be_rung() {
    let desk = Desk::open(talkative()).await;
    let office = Plan {
        open: forward(PARTNER, ring(None)),
        fallback: vec![message("Nobody is here.")],
        ..Plan::default()
    };
    plan(&desk, TO, &office).await;
    let dialled = ask(&desk, "twiml/inbound", &form_to("CA0", TO, &[])).await;
    assert!(dialled.contains(PARTNER), "{dialled}");
    assert!(dialled.contains(r#"timeLimit="3600""#), "{dialled}");
    let chosen = DialPolicy {
        countries: ["US".parse().unwrap()].into(),
        denied_prefixes: ["+1202555".parse().unwrap()].into(),
        ..DialPolicy::default()
    };
    for (n, policy, why) in [
        (1, DialPolicy::default(), "country_not_allowed"),
        (2, chosen, "prefix_denied"),
    ] {
        allow(&desk, &policy).await;
        let call_sid = format!("CA{n}");
        let xml = ask(&desk, "twiml/inbound", &form_to(&call_sid, TO, &[])).await;
        assert!(
            xml.contains("Nobody is here.") && !xml.contains("<Dial"),
            "{xml}"
        );
        let told = refusals(&desk, &call_sid).await;
        assert_eq!(told[0]["why"], serde_json::json!([why]));
        assert_eq!(told[0]["stop"], 0);
        assert!(
            !told[0].to_string().contains("2025550160"),
            "it names no number"
        );
    }
    let key = key(&desk).await;
    let shown = preview(&desk, &key, TO, FROM).await;
    let steps = shown["steps"].to_string();
    assert!(
        steps.contains("the outbound policy denies numbers"),
        "{steps}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn i11_a_call_is_not_sent_back_to_where_it_came_from() {
    let desk = Desk::open(talkative()).await;
    let ours = "+12025550100";
    let office = |number: &str| Plan {
        open: forward(number, ring(None)),
        fallback: vec![message("Nobody is here.")],
        ..Plan::default()
    };
    plan(&desk, TO, &office(PARTNER)).await;
    plan(&desk, ours, &office(PARTNER)).await;
    // Somebody has forwarded their telephone to us, and rings there again.
    let forwarded = form_to("CA1", TO, &[("ForwardedFrom", PARTNER)]);
    let mut own = form_to("CA2", TO, &[]);
    set(&mut own, "From", PARTNER);
    for (call_sid, form) in [("CA1", forwarded), ("CA2", own)] {
        let xml = ask(&desk, "twiml/inbound", &form).await;
        assert!(xml.contains("Nobody is here."), "{xml}");
        let why = &refusals(&desk, call_sid).await[0]["why"];
        assert_eq!(why, &serde_json::json!(["leads_back"]));
    }
    // A number of ours is answered here, whoever's it is.
    let ada = member(&desk, ours).await;
    let people = Target::Users(Users {
        user_ids: vec![ada],
        strategy: Strategy::AtOnce,
        ring: ring(None),
    });
    let to_ada = Plan {
        open: people,
        ..office(PARTNER)
    };
    for (n, plan_of_it) in [(3, office(ours)), (4, to_ada)] {
        plan(&desk, TO, &plan_of_it).await;
        let call_sid = format!("CA{n}");
        let xml = ask(&desk, "twiml/inbound", &form_to(&call_sid, TO, &[])).await;
        assert!(xml.contains("Nobody is here."), "{xml}");
        let why = &refusals(&desk, &call_sid).await[0]["why"];
        assert_eq!(why, &serde_json::json!(["leads_back"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn i11_who_goes_on_with_another_process_goes_through_the_same_gate() {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("shared.db").display());
    let open = async |url: String| {
        let desk = Desk::with(talkative(), |plan| plan.database_url = Secret::new(url));
        desk.await
    };
    let first = open(url.clone()).await;
    let office = Plan {
        open: ai(),
        fallback: vec![forward(PARTNER, ring(None)), message("Nobody is here.")],
        ..Plan::default()
    };
    plan(&first, TO, &office).await;
    for n in [1, 2] {
        ask(
            &first,
            "twiml/inbound",
            &form_to(&format!("CA{n}"), TO, &[]),
        )
        .await;
    }
    let second = open(url).await;
    let busy = |call_sid: &str| form_to(call_sid, TO, &[("DialCallStatus", "busy")]);
    let next = ask(&second, "dial-status?stop=0", &busy("CA1")).await;
    assert!(next.contains(PARTNER), "{next}");
    assert!(next.contains(r#"timeLimit="3600""#), "{next}");
    allow(&second, &DialPolicy::default()).await;
    let next = ask(&second, "dial-status?stop=0", &busy("CA2")).await;
    assert!(next.contains("Nobody is here."), "{next}");
    refusals(&second, "CA2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i11_a_call_that_goes_round_and_round_is_stopped() {
    let desk = Desk::open(talkative()).await;
    let office = Plan {
        open: forward(PARTNER, ring(None)),
        fallback: vec![message("Nobody is here.")],
        ..Plan::default()
    };
    plan(&desk, TO, &office).await;
    // The partner has forwarded their telephone to us, and nobody says so.
    let mut dialled = 0;
    for n in 0..20 {
        let form = form_to(&format!("CA{n}"), TO, &[]);
        let xml = ask(&desk, "twiml/inbound", &form).await;
        if !xml.contains("<Dial") {
            break;
        }
        dialled += 1;
    }
    assert_eq!(dialled, 8);
    let why = &refusals(&desk, "CA8").await[0]["why"];
    assert_eq!(why, &serde_json::json!(["leads_back"]));
    // Who rings from elsewhere is connected, and so is everybody once they are over.
    let mut other = form_to("CA30", TO, &[]);
    set(&mut other, "From", "+15550100077");
    let xml = ask(&desk, "twiml/inbound", &other).await;
    assert!(xml.contains("<Dial"), "{xml}");
    for n in 0..9 {
        let mut over = form_to(&format!("CA{n}"), TO, &[]);
        set(&mut over, "CallStatus", "completed");
        post(&desk, STATUS, &over).await;
    }
    let xml = ask(&desk, "twiml/inbound", &form_to("CA31", TO, &[])).await;
    assert!(xml.contains("<Dial"), "{xml}");
}

//! Warm transfers: the caller hears music until somebody takes the call, or nobody does.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use frontdesk::clock::Clock;
use frontdesk::domain::{
    AnsweredBy, CallLog, CallStatus, Direction, EndReason, OpenState, Place as At, Purpose, Secret,
    SettingKey, TransferMode, UserId,
};
use frontdesk::rehearsal::Spoken;
use frontdesk::rehearsal::carrier::{
    CallReport, Callee, Carrier, CarrierOptions, Opening, Script, Step, stream_on,
};
use frontdesk::rehearsal::model::{Line, ModelOptions};
use frontdesk::rehearsal::rest::{RestCall, RestFault};
use frontdesk::routing::{AiStop, Ring, RingStop, Route, Stop, Telephone, Voice};
use frontdesk::store::call_legs;
use frontdesk::store::calls::NewCall;
use frontdesk::store::warm_transfers::{self, Place, Standing};
use frontdesk::store::{call_routes, calls};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::desk::{Desk, ms, talkative};
use super::routed::{
    ask, form_to, logged, member, phone, put_setting, set, show_to_oracle, tenant,
};
use super::tools::{a_wish, after_a_word, equip, kit, to};
use super::visitor::{Form, RawStream, STREAM_SID, post};
use crate::support::rest_account::RestAccount;
use crate::support::until::until;

/// Who rings, the number that they ring, and a member's telephone.
const CALLER: &str = "+15550100001";
const OURS: &str = "+15550100000";
/// The call of somebody who waits.
const WAITING: &str = "CA00000000000000000000000000000001";
const ADAS: &str = "+12025550131";
const BOBS: &str = "+12025550132";

/// A house whose receptionist hands callers on to Ada, and Ada's telephone.
struct Scene {
    desk: Desk,
    account: RestAccount,
    ada: UserId,
    legs: mpsc::UnboundedReceiver<CallReport>,
    options: CarrierOptions,
}

impl Scene {
    async fn with(callee: Callee) -> Self {
        let wish = json!({"destination": "ada", "reason": "An <order> & a refund",
            "caller_name": "Grace"});
        let model = after_a_word(Line::call("transfer_call", wish.to_string()));
        Self::of(model, callee).await
    }

    async fn of(model: ModelOptions, callee: Callee) -> Self {
        Self::answering(model, move |_| callee.clone()).await
    }

    /// The same, where everybody does something else by their number.
    async fn answering(
        model: ModelOptions,
        callee: impl Fn(&str) -> Callee + Send + 'static,
    ) -> Self {
        let account = RestAccount::open(&[]).await;
        account.own(OURS);
        let client = account.client();
        let desk = Desk::with(model, |plan| plan.carrier = Some(client)).await;
        let ada = member(&desk, ADAS).await;
        let mut toolkit = kit(vec![to("ada", At::User(ada), TransferMode::Warm)]);
        toolkit.person.destination = Some("ada".to_owned());
        equip(&desk, toolkit).await;
        let options = CarrierOptions {
            exchange: Some(account.exchange()),
            ..desk.carrier_options()
        };
        let legs = rung(&account, &options, callee);
        Self {
            desk,
            account,
            ada,
            legs,
            options,
        }
    }

    async fn call(&self, then: Vec<Step>) -> CallReport {
        let script = Script::new(a_wish(then));
        self.place(&script).await
    }

    async fn place(&self, script: &Script) -> CallReport {
        let carrier = Carrier::new(self.options.clone()).expect("the addresses are good");
        let report = carrier.place_call(script).await;
        assert_eq!(report.all_violations(), Vec::<String>::new());
        assert_eq!(self.desk.model.violations(), Vec::<String>::new());
        for request in report.requests.iter().filter(|one| one.status == Some(200)) {
            show_to_oracle(&request.url, &request.body);
        }
        report
    }

    /// What became of the call to the telephone.
    async fn leg(&mut self) -> CallReport {
        let leg = timeout(Duration::from_secs(20), self.legs.recv()).await;
        let leg = leg
            .expect("the call to the telephone ends")
            .expect("it rang");
        assert_eq!(leg.all_violations(), Vec::<String>::new());
        for request in leg.requests.iter().filter(|one| one.status == Some(200)) {
            show_to_oracle(&request.url, &request.body);
        }
        leg
    }

    /// The calls that were made to the telephone.
    fn rung(&self) -> Vec<RestCall> {
        let calls = self.account.calls().into_iter();
        calls
            .filter(|call| call.direction == "outbound-api")
            .collect()
    }

    /// The carrier keeps no queue of a caller who waits no longer.
    async fn no_queue_is_left(&self) {
        let queues = || self.account.exchange().queues();
        until(async || queues().is_empty().then_some(())).await;
    }
}

/// Rings whomever the account is told to ring.
fn rung(
    account: &RestAccount,
    options: &CarrierOptions,
    callee: impl Fn(&str) -> Callee + Send + 'static,
) -> mpsc::UnboundedReceiver<CallReport> {
    let (sender, legs) = mpsc::unbounded_channel();
    let mut made = account.exchange().calls_made();
    let carrier = Carrier::new(options.clone()).expect("the addresses are good");
    tokio::spawn(async move {
        while let Some(call) = made.recv().await {
            let (carrier, sender, callee) = (carrier.clone(), sender.clone(), callee(&call.to));
            tokio::spawn(async move {
                let report = carrier.ring(&call, &callee).await;
                // The test may be over.
                let _ = sender.send(report.expect("the addresses are good"));
            });
        }
    });
    legs
}

fn person(steps: Vec<Step>) -> Callee {
    Callee::Answers(ms(100), Script::new(steps))
}

/// What a caller hears who comes back.
fn back() -> Vec<Step> {
    vec![
        Step::StayUntilEnd,
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(400)),
        Step::HangUp,
    ]
}

fn told<'a>(call: &'a RestCall, name: &str) -> Option<&'a str> {
    let found = call.told[0].iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str())
}

/// The verbs without the tunes.
fn verbs(report: &CallReport) -> Vec<&str> {
    let mut names = report.verb_names();
    names.retain(|name| *name != "Play");
    names
}

/// The caller was with music and is with the receptionist again, who knows that nobody came.
async fn is_back(scene: &Scene, report: &CallReport) -> CallLog {
    assert_eq!(report.streams.len(), 2, "{:?}", report.verb_names());
    let names = verbs(report);
    assert!(
        names == ["Connect", "Enqueue", "Connect"]
            || names == ["Connect", "Enqueue", "Leave", "Connect"],
        "{names:?}"
    );
    assert!(report.verb_names().contains(&"Play"), "there is music");
    let session = scene.desk.session(1).await;
    let config: Value = serde_json::from_str(&session.client_log[0]).unwrap();
    let instructions = config["session"]["instructions"].as_str().unwrap();
    assert!(
        instructions.contains("nobody has taken the call"),
        "{instructions}"
    );
    let log = scene.desk.log(report).await;
    assert_eq!(log.answered_by, Some(AnsweredBy::Ai));
    assert_eq!(log.end_reason.unwrap().as_str(), "caller.hung_up");
    scene.no_queue_is_left().await;
    log
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_hears_music_until_somebody_takes_the_call() {
    let thinks = vec![Step::Wait(ms(600)), Step::Digit('1')];
    let mut scene = Scene::with(person(thinks)).await;
    let report = scene.call(vec![Step::StayUntilEnd]).await;
    assert_eq!(verbs(&report), ["Connect", "Enqueue", "Say", "Hangup"]);
    assert_eq!(report.said(), ["We are connecting you now."]);
    let music = report
        .verbs
        .iter()
        .filter(|verb| verb.name == "Play")
        .count();
    assert!(music > 1, "it goes on until then");
    let [call] = &scene.rung()[..] else {
        panic!("one telephone rings");
    };
    assert_eq!((call.to.as_str(), call.from.as_str()), (ADAS, CALLER));
    assert!(
        told(call, "CallToken").is_some(),
        "the caller's number may be shown"
    );
    assert_eq!(told(call, "Timeout"), Some("20"));
    assert_eq!(told(call, "MachineDetection"), Some("Enable"));
    let leg = scene.leg().await;
    assert_eq!(leg.verb_names(), ["Gather", "Dial", "Hangup"]);
    let asked = &leg.verbs[0].leaf_texts();
    assert_eq!(
        asked[..],
        ["Grace. An <order> & a refund", "Press 1 to take the call."]
    );
    let dial = &leg.verbs[1];
    assert_eq!(dial.attribute("timeLimit"), Some("3600"));
    assert_eq!(dial.attribute("record"), None, "nobody is recorded here");
    let log = scene.desk.log(&report).await;
    assert_eq!(log.answered_by, Some(AnsweredBy::Person));
    assert_eq!(log.user_id, Some(scene.ada));
    assert_eq!(log.end_reason.unwrap().as_str(), "transferred");
    scene.no_queue_is_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_of_a_team_who_takes_the_call_has_it() {
    for somebody in [true, false] {
        let wish = json!({"destination": "team", "reason": "A refund."});
        let model = after_a_word(Line::call("transfer_call", wish.to_string()));
        let mut scene = Scene::answering(model, move |number| match (number, somebody) {
            (BOBS, true) => person(vec![Step::Wait(ms(400)), Step::Digit('1')]),
            (_, true) => Callee::NoAnswer(Duration::from_mins(1)),
            (BOBS, false) => person(vec![Step::Digit('2')]),
            (_, false) => Callee::NoAnswer(ms(600)),
        })
        .await;
        let bob = member(&scene.desk, BOBS).await;
        let team = At::Team(vec![scene.ada, bob]);
        equip(&scene.desk, kit(vec![to("team", team, TransferMode::Warm)])).await;
        let report = scene
            .call(if somebody {
                vec![Step::StayUntilEnd]
            } else {
                back()
            })
            .await;
        let ends = [scene.leg().await, scene.leg().await];
        let mut ends = ends.map(|leg| leg.final_status);
        ends.sort();
        if somebody {
            assert_eq!(ends, ["canceled", "completed"], "nobody else is rung on");
            let log = scene.desk.log(&report).await;
            assert_eq!(
                (log.answered_by, log.user_id),
                (Some(AnsweredBy::Person), Some(bob))
            );
        } else {
            assert_eq!(ends, ["completed", "no-answer"]);
            is_back(&scene, &report).await;
        }
        assert_eq!(scene.rung().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t11_whoever_declines_sends_the_caller_back_to_the_receptionist() {
    for keys in [vec![Step::Digit('2')], vec![Step::Wait(ms(300))]] {
        let mut scene = Scene::with(person(keys)).await;
        let report = scene.call(back()).await;
        is_back(&scene, &report).await;
        let leg = scene.leg().await;
        assert!(
            !leg.verb_names().contains(&"Dial"),
            "{:?}",
            leg.verb_names()
        );
        assert_eq!(scene.rung().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t11_a_caller_comes_back_from_a_line_that_nobody_answers() {
    for (callee, ended) in [
        (Callee::Busy, "busy"),
        (Callee::NoAnswer(ms(500)), "no-answer"),
        // It would listen for longer, and is hung up.
        (Callee::Machine(Duration::from_secs(15)), "completed"),
    ] {
        let mut scene = Scene::with(callee).await;
        let report = scene.call(back()).await;
        is_back(&scene, &report).await;
        assert_eq!(scene.leg().await.final_status, ended);
        assert_eq!(scene.rung().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_comes_back_where_the_carrier_does_not_ring_anybody() {
    let mut scene = Scene::with(Callee::Busy).await;
    // A caller who hides the number is shown as a number of ours, which is not ours any more.
    scene.options.from = "anonymous".to_owned();
    scene.account.disown(OURS);
    let report = scene.call(back()).await;
    is_back(&scene, &report).await;
    assert_eq!(scene.rung(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_ours_is_shown_where_the_callers_may_not_be() {
    let mut scene = Scene::with(person(vec![Step::Digit('1')])).await;
    scene.options.from = "anonymous".to_owned();
    let report = scene.call(vec![Step::StayUntilEnd]).await;
    assert_eq!(verbs(&report), ["Connect", "Enqueue", "Say", "Hangup"]);
    assert_eq!(scene.rung()[0].from, OURS);
    assert_eq!(told(&scene.rung()[0], "CallToken"), None);
    scene.leg().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w7_a_lost_answer_rings_nobody_twice() {
    let mut scene = Scene::with(person(vec![Step::Wait(ms(500)), Step::Digit('1')])).await;
    scene.account.fail_next([RestFault::AnswerLost]);
    let report = scene.call(vec![Step::StayUntilEnd]).await;
    assert_eq!(verbs(&report), ["Connect", "Enqueue", "Say", "Hangup"]);
    assert_eq!(scene.rung().len(), 1);
    scene.leg().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w7_a_caller_does_not_wait_for_a_call_that_was_never_made() {
    let mut scene = Scene::with(Callee::Busy).await;
    scene.options.tune_counts = Duration::from_secs(10);
    scene.account.fail_next([RestFault::Failure(500)]);
    let report = scene.call(back()).await;
    is_back(&scene, &report).await;
    assert!(
        report.verb_names().contains(&"Leave"),
        "{:?}",
        report.verb_names()
    );
    assert_eq!(scene.rung(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn t11_a_caller_is_led_on_also_where_the_account_does_not_listen() {
    let mut scene = Scene::with(Callee::NoAnswer(Duration::from_mins(1))).await;
    scene.options.tune_counts = Duration::from_secs(30);
    let report = scene.call(back()).await;
    is_back(&scene, &report).await;
    assert!(
        report.verb_names().contains(&"Leave"),
        "{:?}",
        report.verb_names()
    );
    assert_eq!(
        scene.leg().await.final_status,
        "canceled",
        "it does not ring on"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn t11_nobody_is_rung_on_for_a_caller_who_has_hung_up() {
    let thinks = vec![Step::Wait(Duration::from_mins(1)), Step::Digit('1')];
    for (callee, ended) in [
        (Callee::NoAnswer(Duration::from_mins(1)), "canceled"),
        (person(thinks), "completed"),
    ] {
        let mut scene = Scene::with(callee).await;
        let report = scene.call(vec![Step::HangUpInQueue(ms(700))]).await;
        assert_eq!(verbs(&report), ["Connect", "Enqueue"]);
        let leg = scene.leg().await;
        assert_eq!(leg.final_status, ended);
        assert!(!leg.verb_names().contains(&"Dial"));
        let log = scene.desk.log(&report).await;
        assert_eq!(log.answered_by, Some(AnsweredBy::Ai));
        assert_eq!(log.end_reason.unwrap().as_str(), "transferred");
        scene.no_queue_is_left().await;
        // A key that comes too late connects nobody.
        let sid = &report.call_sid;
        let first = leg.requests.iter().find(|one| one.url.contains("/warm/"));
        let query = first.unwrap().url.split_once('?').unwrap().1.to_owned();
        let pressed = form_to(&leg.call_sid, ADAS, &[("Digits", "1")]);
        let xml = ask(&scene.desk, &format!("warm/accepted?{query}"), &pressed).await;
        assert!(query.contains(&format!("call={sid}")), "{query}");
        assert!(
            xml.contains("no longer waiting") && !xml.contains("<Dial"),
            "{xml}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_asked_for_a_person_goes_to_the_voicemail_and_not_back() {
    let say = |text: &str| Line::say(Spoken::babble(text, ms(300)));
    let model = ModelOptions {
        lines: vec![say("Hello.")],
        ..talkative()
    };
    let mut scene = Scene::of(model, Callee::Busy).await;
    let press = vec![
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(300)),
        Step::Digit('0'),
        Step::StayUntilEnd,
    ];
    let report = scene.place(&Script::new(press)).await;
    let names = verbs(&report);
    assert_eq!(names[..2], ["Connect", "Enqueue"]);
    assert!(
        names.contains(&"Record") && report.streams.len() == 1,
        "{names:?}"
    );
    scene.leg().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_and_asks_for_a_person_again_has_asked_twice() {
    let wish = json!({"destination": "ada", "reason": "A refund."});
    let mut line = Line::call("transfer_call", wish.to_string());
    // The words are written down before it asks.
    line.think = Some(ms(800));
    let model = ModelOptions {
        caller_transcripts: vec!["Operator, please.".to_owned()],
        ..after_a_word(line)
    };
    let mut scene = Scene::of(model, Callee::Busy).await;
    let mut asks = a_wish(vec![Step::StayUntilEnd]);
    asks.extend(asks.clone());
    let report = scene.place(&Script::new(asks)).await;
    let names = verbs(&report);
    assert!(
        names.contains(&"Record") && report.streams.len() == 2,
        "{names:?}"
    );
    scene.leg().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_two_say_is_recorded_as_the_caller_was_told() {
    let mut scene = Scene::with(person(vec![Step::Digit('1')])).await;
    put_setting(&scene.desk, SettingKey::AutoRecordCalls, true).await;
    scene.call(vec![Step::StayUntilEnd]).await;
    let leg = scene.leg().await;
    let dial = leg.verbs.iter().find(|verb| verb.name == "Dial").unwrap();
    assert_eq!(dial.attribute("record"), Some("record-from-answer-dual"));
    let callback = dial.attribute("recordingStatusCallback").unwrap();
    assert!(
        callback.contains("asked=announce&answer=told"),
        "{callback}"
    );
}

/// A call that another process has led to somebody whom it rings, and nothing of it is
/// remembered here.
async fn led_there(desk: &Desk, account: &RestAccount) -> UserId {
    account.own(OURS);
    let ada = member(desk, ADAS).await;
    let (tenant_id, receptionist_id) = tenant(desk).await;
    let now = Clock::system().now();
    let new = NewCall {
        id: Clock::system().new_id(),
        tenant_id,
        call_sid: WAITING.parse().unwrap(),
        direction: Direction::Inbound,
        from: CALLER.parse().unwrap(),
        to: OURS.parse().unwrap(),
        receptionist_id: Some(receptionist_id),
        status: CallStatus::InProgress,
        created_at: now,
    };
    calls::find_or_create(&desk.store, &new).await.unwrap();
    let ring = Ring {
        whisper: Some("Grace.".to_owned()),
        asks_to_accept: true,
        detects_machines: true,
        ..Ring::default()
    };
    let stops = vec![
        Stop::Ring(RingStop {
            telephones: vec![Telephone::of_member(phone(ADAS), ada)],
            whose: Purpose::Member,
            is_in_turn: false,
            longest: None,
            is_warm: true,
            ring,
        }),
        Stop::Ai(AiStop {
            receptionist_id,
            voice: Voice::default(),
            back_from: Some("ada".to_owned()),
        }),
    ];
    let route = Route {
        stops,
        open_state: OpenState::Open,
        language: None,
        steps: Vec::new(),
    };
    let kept = call_routes::insert(&desk.store, (tenant_id, new.id), &route, now).await;
    kept.unwrap();
    account.put_call(RestCall::new(WAITING, (CALLER, OURS), "in-progress"));
    ada
}

/// One of those processes that have one database and one account.
async fn process(account: &RestAccount, folder: &TempDir, model: ModelOptions) -> Desk {
    let url = format!("sqlite://{}", folder.path().join("shared.db").display());
    let client = account.client();
    Desk::with(model, |plan| {
        plan.carrier = Some(client);
        plan.database_url = Secret::new(url);
    })
    .await
}

/// Two of them.
async fn processes(account: &RestAccount, folder: &TempDir) -> [Desk; 2] {
    let open = async || process(account, folder, talkative()).await;
    [open().await, open().await]
}

fn waits(seconds: &str) -> Form {
    form_to(WAITING, OURS, &[("QueueTime", seconds)])
}

/// The path and query of a webhook that the newest call was given.
fn given(account: &RestAccount, name: &str) -> String {
    let call = account.calls().pop().expect("a call was made");
    let url = told(&call, name).expect("it was told so");
    let (_, path) = url.split_once("/webhooks/").expect("it is ours");
    path.to_owned()
}

/// Waits until the account was asked for so many calls and changes of them.
async fn asked(account: &RestAccount, count: usize) {
    until(async || (account.exchanges().len() >= count).then_some(())).await;
}

fn of_leg(account: &RestAccount, extra: &[(&str, &str)]) -> Form {
    let call = account.calls().pop().expect("a call was made");
    let mut form = form_to(&call.sid, ADAS, extra);
    set(&mut form, "Direction", "outbound-api");
    form
}

#[tokio::test(flavor = "multi_thread")]
async fn p2_another_process_connects_a_caller_who_waits() {
    let (account, folder) = (RestAccount::open(&[]).await, TempDir::new().unwrap());
    let [first, second] = processes(&account, &folder).await;
    let ada = led_there(&first, &account).await;
    let heard = ask(&first, "warm/wait?stop=0", &waits("0")).await;
    assert!(heard.contains("hold-music.wav</Play>"), "{heard}");
    asked(&account, 1).await;
    // The first is gone. Whatever is asked twice rings nobody twice.
    for process in [&second, &first, &second] {
        let heard = ask(process, "warm/wait?stop=0", &waits("10")).await;
        assert!(heard.contains("<Play>"), "{heard}");
    }
    let answered = given(&account, "Url");
    let question = ask(&second, &answered, &of_leg(&account, &[])).await;
    assert!(
        question.contains("Grace.") && question.contains("<Gather"),
        "{question}"
    );
    // Another call to the same telephone is nobody's.
    let mut other = of_leg(&account, &[]);
    set(&mut other, "CallSid", "CA0123456789abcdef0123456789abcdef");
    let xml = ask(&second, &answered, &other).await;
    assert!(xml.contains("<Response><Hangup/></Response>"), "{xml}");
    let accepted = answered.replace("warm/answered", "warm/accepted");
    let one = of_leg(&account, &[("Digits", "1")]);
    for process in [&second, &first] {
        let dial = ask(process, &accepted, &one).await;
        assert!(
            dial.contains("-0</Queue>") && dial.contains("<Dial"),
            "{dial}"
        );
    }
    let heard = ask(&second, "warm/wait?stop=0", &waits("19")).await;
    assert!(
        heard.contains("<Play>"),
        "who is being connected waits on: {heard}"
    );
    let connecting = answered.replace("warm/answered", "warm/connecting");
    let heard = ask(&second, &connecting, &waits("19")).await;
    assert!(heard.contains("We are connecting you now."), "{heard}");
    let log = logged(&second, WAITING, |call| call.user_id.is_some()).await;
    assert_eq!(
        (log.answered_by, log.user_id),
        (Some(AnsweredBy::Person), Some(ada))
    );
    can_be_held((&first, &second), &account, &log).await;
    // Whoever has pressed a key is no machine, whatever the carrier finds.
    let machine = answered.replace("warm/answered", "warm/machine");
    let path = format!("/api/voice/webhooks/{machine}");
    let found = of_leg(&account, &[("AnsweredBy", "machine_start")]);
    assert_eq!(post(&second, &path, &found).await.status, 204);
    let done = answered.replace("warm/answered", "warm/done");
    let spoke = [("DialCallStatus", "completed"), ("DialBridged", "true")];
    let xml = ask(&second, &done, &of_leg(&account, &spoke)).await;
    assert!(xml.contains("<Response><Hangup/></Response>"), "{xml}");
    let told = account.calls().pop().expect("a call was made").told;
    let count = account.calls().len();
    assert_eq!(
        (count, told.len()),
        (2, 1),
        "one call is made, and nobody ends it"
    );
}

/// It is known by which call somebody has the caller, who follows them into a conference.
async fn can_be_held((one, other): (&Desk, &Desk), account: &RestAccount, log: &CallLog) {
    let of = (log.tenant_id, log.id);
    let leg = until(async || call_legs::current(&other.store, of).await.unwrap()).await;
    let call = account.calls().pop().expect("a call was made");
    assert_eq!((leg.leg_sid.as_str(), leg.is_logged), (&*call.sid, false));
    let left = form_to(WAITING, OURS, &[("QueueResult", "bridged")]);
    let xml = ask(other, "warm/left?stop=0", &left).await;
    assert!(xml.contains("<Response><Hangup/></Response>"), "{xml}");
    account.put_call(RestCall {
        status: "in-progress".to_owned(),
        ..call
    });
    let now = Clock::system().now();
    assert!(call_legs::ask(&other.store, &leg, now).await.unwrap());
    let xml = ask(one, "warm/left?stop=0", &left).await;
    assert!(xml.contains("</Conference>"), "{xml}");
}

/// Waits until the call to the telephone is written down by the carrier's name.
async fn named(desk: &Desk) -> Place {
    let call = logged(desk, WAITING, |_| true).await;
    let place = Place {
        tenant_id: call.tenant_id,
        call_id: call.id,
        stop: 0,
    };
    until(async || {
        let found = warm_transfers::find(&desk.store, place).await.unwrap();
        let is_named = found.is_some_and(|found| found.legs[0].call_sid.is_some());
        is_named.then_some(place)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn p2_a_caller_is_led_on_though_nobody_was_told_that_the_ringing_is_over() {
    let (account, folder) = (RestAccount::open(&[]).await, TempDir::new().unwrap());
    let [first, second] = processes(&account, &folder).await;
    led_there(&first, &account).await;
    ask(&first, "warm/wait?stop=0", &waits("0")).await;
    asked(&account, 1).await;
    named(&first).await;
    let mut leg = account.calls().pop().expect("a call was made");
    "no-answer".clone_into(&mut leg.status);
    account.put_call(leg);
    let heard = ask(&second, "warm/wait?stop=0", &waits("21")).await;
    assert!(
        heard.contains("<Play>"),
        "the carrier is asked first: {heard}"
    );
    asked(&account, 3).await;
    assert_eq!(
        led(&account),
        ["https://desk.example.com/api/voice/webhooks/warm/back?stop=0"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn t11_nobody_is_rung_on_for_a_caller_who_was_led_elsewhere() {
    let (account, folder) = (RestAccount::open(&[]).await, TempDir::new().unwrap());
    let [first, second] = processes(&account, &folder).await;
    led_there(&first, &account).await;
    ask(&first, "warm/wait?stop=0", &waits("0")).await;
    asked(&account, 1).await;
    let place = named(&first).await;
    let left = form_to(
        WAITING,
        OURS,
        &[("QueueResult", "redirected"), ("QueueTime", "4")],
    );
    let xml = ask(&second, "warm/left?stop=0", &left).await;
    assert!(xml.contains("<Response><Hangup/></Response>"), "{xml}");
    asked(&account, 2).await;
    let leg = account.calls().pop().expect("a call was made");
    assert_eq!(leg.status, "completed");
    let found = warm_transfers::find(&first.store, place).await.unwrap();
    assert_eq!(found.unwrap().standing, Standing::Left);
    assert_eq!(led(&account), [""; 0], "where the caller is, they stay");
}

/// Where the caller was led by the account, in order.
fn led(account: &RestAccount) -> Vec<String> {
    let asked = account.exchanges().into_iter();
    let of_caller = asked.filter(|one| {
        one.request
            .path
            .ends_with(&format!("/Calls/{WAITING}.json"))
    });
    of_caller
        .flat_map(|one| one.request.form)
        .filter(|(name, _)| name == "Url")
        .map(|(_, url)| url)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn p2_another_process_leads_a_caller_on_and_one_alone_does() {
    let (account, folder) = (RestAccount::open(&[]).await, TempDir::new().unwrap());
    let [first, second] = processes(&account, &folder).await;
    led_there(&first, &account).await;
    ask(&first, "warm/wait?stop=0", &waits("0")).await;
    asked(&account, 1).await;
    let answered = given(&account, "Url");
    let told_of = answered.replace("warm/answered", "warm/stands");
    let mut busy = of_leg(&account, &[]);
    set(&mut busy, "CallStatus", "busy");
    for process in [&second, &first] {
        let path = format!("/api/voice/webhooks/{told_of}");
        assert_eq!(post(process, &path, &busy).await.status, 204);
    }
    asked(&account, 2).await;
    // Whoever asks meanwhile does not lead the caller on a second time.
    let heard = ask(&first, "warm/wait?stop=0", &waits("10")).await;
    assert!(heard.contains("<Play>"), "{heard}");
    assert_eq!(
        led(&account),
        ["https://desk.example.com/api/voice/webhooks/warm/back?stop=0"]
    );
    let next = ask(&second, "warm/back?stop=0", &form_to(WAITING, OURS, &[])).await;
    assert!(
        next.contains("<Stream"),
        "the receptionist has them again: {next}"
    );
    // The one who picks up all the same is told so.
    let xml = ask(&first, &answered, &of_leg(&account, &[])).await;
    assert!(xml.contains("no longer waiting"), "{xml}");
}

/// A process with a caller who waits, for whom a telephone rings.
async fn waiting(account: &RestAccount) -> Desk {
    let client = account.client();
    let desk = Desk::with(talkative(), |plan| plan.carrier = Some(client)).await;
    led_there(&desk, account).await;
    let heard = ask(&desk, "warm/wait?stop=0", &waits("0")).await;
    assert!(heard.contains("<Play>"), "{heard}");
    asked(account, 1).await;
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn p1_who_waits_with_music_hears_something_before_the_house_closes() {
    let account = RestAccount::open(&[]).await;
    let desk = waiting(&account).await;
    named(&desk).await;
    desk.shutdown.drain.cancel();
    desk.shutdown.hurry.cancel();
    until(async || {
        let heard = ask(&desk, "warm/wait?stop=0", &waits("10")).await;
        heard.contains("<Leave/>").then_some(())
    })
    .await;
    let left = [("QueueResult", "leave"), ("QueueTime", "10")];
    let left = form_to(WAITING, OURS, &left);
    let next = ask(&desk, "warm/left?stop=0", &left).await;
    assert!(next.contains("Please call again"), "{next}");
    until(async || {
        let leg = account.calls().pop().expect("a call was made");
        (leg.status == "completed").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_who_waits_for_nobody_is_led_on_though_the_database_is_away() {
    let account = RestAccount::open(&[]).await;
    let client = account.client();
    let desk = Desk::with(talkative(), |plan| plan.carrier = Some(client)).await;
    let ada = led_there(&desk, &account).await;
    // Whatever is asked of the call has it remembered.
    let whisper = format!("whisper?stop=0&call={WAITING}&user={ada}");
    ask(&desk, &whisper, &form_to("CA7", ADAS, &[])).await;
    desk.store.close().await;
    for (waited, verb) in [("0", "<Play>"), ("10", "<Leave/>")] {
        let heard = ask(&desk, "warm/wait?stop=0", &waits(waited)).await;
        assert!(heard.contains(verb), "after {waited} s: {heard}");
    }
    assert_eq!(account.calls().len(), 1, "nobody is rung");
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_who_is_rung_for_may_be_waited_for_without_a_database() {
    let account = RestAccount::open(&[]).await;
    let desk = waiting(&account).await;
    desk.store.close().await;
    for (waited, verb) in [("10", "<Play>"), ("79", "<Play>"), ("81", "<Leave/>")] {
        let heard = ask(&desk, "warm/wait?stop=0", &waits(waited)).await;
        assert!(heard.contains(verb), "after {waited} s: {heard}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn w6_a_telephone_that_rings_late_does_not_ring_on_once_somebody_has_the_call() {
    let wish = json!({"destination": "team", "reason": "A refund."});
    let model = after_a_word(Line::call("transfer_call", wish.to_string()));
    let rung = AtomicUsize::new(0);
    let mut scene = Scene::answering(model, move |_| match rung.fetch_add(1, Ordering::Relaxed) {
        0 => person(vec![Step::Wait(ms(400)), Step::Digit('1')]),
        _ => Callee::NoAnswer(Duration::from_mins(1)),
    })
    .await;
    let bob = member(&scene.desk, BOBS).await;
    let team = At::Team(vec![scene.ada, bob]);
    equip(&scene.desk, kit(vec![to("team", team, TransferMode::Warm)])).await;
    let busy = RestFault::Busy {
        retry_after: Some(2),
    };
    scene.account.fail_next([busy]);
    let report = scene.call(vec![Step::StayUntilEnd]).await;
    assert_eq!(verbs(&report), ["Connect", "Enqueue", "Say", "Hangup"]);
    let ends = [scene.leg().await, scene.leg().await];
    let mut ends = ends.map(|leg| leg.final_status);
    ends.sort();
    assert_eq!(ends, ["canceled", "completed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_picks_up_after_somebody_else_has_taken_the_call_is_asked_nothing() {
    let account = RestAccount::open(&[]).await;
    let desk = Desk::open(talkative()).await;
    led_there(&desk, &account).await;
    let call = logged(&desk, WAITING, |_| true).await;
    let place = Place {
        tenant_id: call.tenant_id,
        call_id: call.id,
        stop: 0,
    };
    let now = Clock::system().now();
    let begun = warm_transfers::begin(&desk.store, place, 2, now).await;
    assert!(begun.unwrap());
    let taken = warm_transfers::accept(&desk.store, (place, 0), now).await;
    assert!(taken.unwrap());
    for (leg, words) in [(0, "<Gather"), (1, "no longer waiting")] {
        let answered = format!("warm/answered?stop=0&call={WAITING}&leg={leg}");
        let picks_up = form_to(&format!("CA7{leg}"), ADAS, &[]);
        let xml = ask(&desk, &answered, &picks_up).await;
        assert!(xml.contains(words), "{leg}: {xml}");
    }
}

/// A receptionist who hands on to Ada whoever has spoken.
fn handing_on() -> ModelOptions {
    let wish = json!({"destination": "ada", "reason": "A refund."});
    after_a_word(Line::call("transfer_call", wish.to_string()))
}

/// The stop that the address of that webhook names in TwiML.
fn stop_in(xml: &str, webhook: &str) -> usize {
    let found = xml.split_once(&format!("/{webhook}?stop="));
    let (_, rest) = found.unwrap_or_else(|| panic!("{webhook} is not named: {xml}"));
    let digits = rest.split(|one: char| !one.is_ascii_digit()).next();
    let stop = digits.and_then(|digits| digits.parse().ok());
    stop.expect("a stop is a number")
}

/// The caller is led to a receptionist of that process, and stays as long as `steps` say; at
/// which stop of the route.
async fn speaks(desk: &Desk, webhook: &str, steps: Vec<Step>) -> usize {
    let path = format!("/api/voice/webhooks/{webhook}");
    let answer = post(desk, &path, &form_to(WAITING, OURS, &[])).await;
    let stop = stop_in(&answer.body, "stream-ended");
    let opening = Opening {
        call_sid: WAITING.to_owned(),
        stream_sid: STREAM_SID.to_owned(),
        token: answer.token(),
    };
    let (socket, script) = (RawStream::open(desk).await.socket, Script::new(steps));
    let report = stream_on(socket, &desk.carrier_options(), &opening, &script).await;
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!(desk.model.violations(), Vec::<String>::new());
    stop
}

/// How it is written down that a receptionist's part of the call has ended.
async fn has_ended(desk: &Desk, end_reason: EndReason) {
    logged(desk, WAITING, |call| call.end_reason == Some(end_reason)).await;
}

/// What comes next, by that process, where the stream ended at that stop.
async fn after(desk: &Desk, stop: usize) -> String {
    let ended = format!("stream-ended?stop={stop}");
    ask(desk, &ended, &form_to(WAITING, OURS, &[])).await
}

/// Hands the caller on at the one process, and leads them back at the other, where they stay
/// as long as `steps` say; at which stop of the route.
async fn back_at((one, other): (&Desk, &Desk), steps: Vec<Step>) -> usize {
    let ada = member(one, ADAS).await;
    equip(one, kit(vec![to("ada", At::User(ada), TransferMode::Warm)])).await;
    let stop = speaks(one, "twiml/inbound", a_wish(vec![Step::StayUntilEnd])).await;
    let waits = stop_in(&after(one, stop).await, "warm/left");
    has_ended(one, EndReason::Transferred).await;
    // Nobody takes the call.
    speaks(other, &format!("warm/back?stop={waits}"), steps).await
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_a_goodbye_to_who_came_back_is_one_also_where_they_were_handed_on_before() {
    let (account, folder) = (RestAccount::open(&[]).await, TempDir::new().unwrap());
    let goodbye = Line::say(Spoken::babble("Goodbye.", ms(400))).then_call("end_call", "{}");
    let parting = ModelOptions {
        lines: vec![goodbye],
        ..talkative()
    };
    let first = process(&account, &folder, handing_on()).await;
    let second = process(&account, &folder, parting).await;
    let stop = back_at((&first, &second), vec![Step::StayUntilEnd]).await;
    has_ended(&second, EndReason::ReceptionistHungUp).await;
    let next = after(&first, stop).await;
    assert!(next.contains("<Response><Hangup/></Response>"), "{next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_who_is_handed_on_again_goes_there_also_by_the_process_that_did_so_before() {
    let (account, folder) = (RestAccount::open(&[]).await, TempDir::new().unwrap());
    let first = process(&account, &folder, handing_on()).await;
    let second = process(&account, &folder, handing_on()).await;
    let steps = a_wish(vec![Step::StayUntilEnd]);
    let stop = back_at((&first, &second), steps).await;
    has_ended(&second, EndReason::Transferred).await;
    let next = after(&first, stop).await;
    assert!(stop_in(&next, "warm/left") > stop, "{next}");
}

//! Every place taken, and the house closing: who is in stays, who comes is told.

use std::time::Duration;

use frontdesk::bridge::Happening;
use frontdesk::clock::Clock;
use frontdesk::domain::EndReason;
use frontdesk::rehearsal::carrier::{CallReport, Carrier, EndedBy, Script, Step};
use frontdesk::rehearsal::model::{ModelServer, SessionRecord};
use frontdesk::rehearsal::{CALLER, Keep};
use frontdesk::routing::{Plan, Ring};
use frontdesk::store::{Store, calls, page, processes};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::desk::{Desk, ms, spoken, talkative};
use super::routed::{ai, forward, plan};
use crate::support::process::Serving;
use crate::support::wanted::calls_or;

/// Longer than any machine is slow.
const LONG: Duration = Duration::from_secs(30);

/// A call that goes on while the test does something else.
async fn place(desk: &Desk, steps: Vec<Step>) -> JoinHandle<CallReport> {
    let carrier = desk.carrier();
    let call = tokio::spawn(async move { carrier.place_call(&Script::new(steps)).await });
    let is_greeting =
        |all: &[SessionRecord]| all.iter().any(|session| !session.responses.is_empty());
    let greeting = desk.model.wait_for(ms(5_000), is_greeting).await;
    greeting.expect("the caller is greeted");
    call
}

async fn ask(desk: &Desk) -> CallReport {
    let script = Script::new([Step::StayUntilEnd]);
    desk.carrier().place_call(&script).await
}

fn assert_told(report: &CallReport, words: &str) {
    assert_eq!(report.all_violations(), Vec::<String>::new());
    assert_eq!(report.verb_names(), ["Say", "Hangup"]);
    assert!(report.said()[0].starts_with(words), "{:?}", report.said());
    assert!(report.streams.is_empty());
}

pub(super) async fn is_closed(desk: Desk) {
    let Desk { bridge, open, .. } = desk;
    // Whoever holds the bridge may still have notes to write.
    drop(bridge);
    let closed = timeout(LONG, open).await;
    closed
        .expect("the house closes")
        .expect("and not by a panic");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_too_many_hears_that_the_lines_are_busy() {
    let desk = Desk::with(talkative(), |plan| plan.max_calls = 1).await;
    let first = place(&desk, vec![Step::WaitForQuiet(ms(400)), Step::HangUp]).await;
    let second = ask(&desk).await;
    assert_told(&second, "All our lines are busy");
    assert_eq!(desk.model.accepted(), 1);
    let first = first.await.unwrap();
    assert_eq!(first.all_violations(), Vec::<String>::new());
    desk.is_empty().await;
    // The place is free again.
    let third = place(&desk, vec![Step::WaitForSpeech, Step::HangUp]).await;
    assert!(third.await.unwrap().stream().unwrap().played_ms > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn p1_a_house_that_closes_lets_its_calls_end() {
    let desk = Desk::open(talkative()).await;
    let steps = vec![
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(400)),
        Step::Speak(spoken(&CALLER[3])),
        Step::WaitForSpeech,
        Step::HangUp,
    ];
    let call = place(&desk, steps).await;
    desk.shutdown.drain.cancel();
    let is_draining = async {
        while !desk.bridge.counts().is_draining {
            tokio::task::yield_now().await;
        }
    };
    timeout(ms(1_000), is_draining).await.unwrap();
    assert_told(&ask(&desk).await, "We are sorry");
    assert_eq!(desk.model.accepted(), 1);

    let report = call.await.unwrap();
    assert_eq!(report.all_violations(), Vec::<String>::new());
    assert_eq!(report.gave_up_at, None);
    assert_eq!(report.final_status, "completed");
    assert_eq!(desk.model.sessions()[0].responses.len(), 2);
    is_closed(desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p1_a_house_in_a_hurry_apologizes_to_its_callers() {
    let desk = Desk::open(talkative()).await;
    let call = place(&desk, vec![Step::StayUntilEnd]).await;
    let mut watched = desk.bridge.watch();
    desk.shutdown.drain.cancel();
    desk.shutdown.abort.cancel();
    let report = timeout(LONG, call).await.unwrap().unwrap();
    let ended = async {
        loop {
            let event = watched.recv().await.unwrap();
            if let Happening::Ended(end_reason) = event.what {
                return end_reason;
            }
        }
    };
    assert_eq!(timeout(ms(1_000), ended).await, Ok(EndReason::Shutdown));
    assert_eq!(report.verb_names(), ["Connect", "Say", "Say", "Hangup"]);
    assert!(report.said()[0].starts_with("We are sorry, we are interrupted"));
    assert!(report.said()[1].starts_with("Please call again"));
    assert_eq!(report.stream().unwrap().close_code, Some(1000));
    is_closed(desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p1_the_last_answer_rings_whom_it_can_and_needs_nobody_who_is_asked() {
    let desk = Desk::with(talkative(), |plan| plan.drain_timeout = ms(300)).await;
    let led = Plan {
        open: ai(),
        fallback: vec![
            forward("+12025550140", whispering()),
            forward("+12025550141", Ring::default()),
        ],
        ..Plan::default()
    };
    plan(&desk, "+15550100000", &led).await;
    let call = place(&desk, vec![Step::StayUntilEnd]).await;
    desk.shutdown.drain.cancel();
    let report = timeout(LONG, call).await.unwrap().unwrap();
    assert_eq!(report.all_violations(), Vec::<String>::new());
    let last = &report
        .requests
        .iter()
        .rfind(|asked| asked.body.contains("<Dial"));
    let last = &last.unwrap().body;
    assert!(
        last.contains("interrupted") && last.contains("+12025550140"),
        "{last}"
    );
    assert!(
        !last.contains("http") && !last.contains("action="),
        "{last}"
    );
    assert!(
        !last.contains("+12025550141"),
        "who has spoken is not rung on: {last}"
    );
    assert!(
        last.contains("If you have not spoken with anybody"),
        "{last}"
    );
    is_closed(desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i12_who_comes_while_the_house_closes_goes_along_the_route_without_the_ai() {
    let desk = Desk::open(talkative()).await;
    let led = Plan {
        open: ai(),
        fallback: vec![forward("+12025550140", Ring::default())],
        ..Plan::default()
    };
    plan(&desk, "+15550100000", &led).await;
    let quiet = vec![Step::WaitForQuiet(ms(1_500)), Step::HangUp];
    let call = place(&desk, quiet).await;
    desk.shutdown.drain.cancel();
    while !desk.bridge.counts().is_draining {
        tokio::task::yield_now().await;
    }
    let late = ask(&desk).await;
    assert_eq!(late.verb_names()[0], "Dial");
    assert!(late.streams.is_empty(), "no new stream is asked for");
    assert_eq!(desk.model.accepted(), 1);
    let report = call.await.unwrap();
    assert_eq!(report.stream().unwrap().ended_by, EndedBy::Caller);
    is_closed(desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p1_of_the_live_calls_none_is_cut_by_a_signal_to_end() {
    // `FRONTDESK_CALLS=50 cargo test --release live_calls` wants a machine of its own.
    let most = calls_or(10);
    let model = ModelServer::start(talkative()).await.unwrap();
    let folder = TempDir::new().unwrap();
    let mut serving = Serving::start(folder.path(), &model.url());
    let place = || {
        let mut options = serving.carrier_options();
        options.patience = Duration::from_mins(2);
        options.keep = Keep::Counts;
        let steps = [Step::WaitForSpeech, Step::Wait(ms(6_000)), Step::HangUp];
        let carrier = Carrier::new(options).unwrap();
        tokio::spawn(async move { carrier.place_call(&Script::new(steps)).await })
    };
    let greeted = async |most: usize| {
        // Those that say sentences beforehand have no caller.
        let is_greeted =
            |one: &&SessionRecord| !one.responses.is_empty() && one.appended.total_bytes > 0;
        let are_there = |all: &[SessionRecord]| all.iter().filter(is_greeted).count() >= most;
        let there = model.wait_for(Duration::from_mins(1), are_there).await;
        let sessions = model.sessions();
        let found = sessions.iter().filter(is_greeted).count();
        assert!(there.is_ok(), "{found} of {} are greeted", sessions.len());
    };
    // Who is first has the house learn how the number is answered.
    let mut calls = vec![place()];
    greeted(1).await;
    calls.extend((1..most).map(|_| place()));
    greeted(most).await;
    assert!(model.live() > 0);
    serving.signal("TERM");
    while serving.status("/readyz").await != 503 {
        tokio::task::yield_now().await;
    }
    let late = Carrier::new(serving.carrier_options()).unwrap();
    let late = late.place_call(&Script::new([Step::StayUntilEnd])).await;
    assert_told(&late, "We are sorry");
    for call in calls {
        let report = call.await.unwrap();
        assert_eq!(report.failures, Vec::<String>::new());
        assert_eq!(report.gave_up_at, None);
        assert_eq!(report.stream().unwrap().ended_by, EndedBy::Caller);
    }
    assert_eq!(serving.ended().await.code(), Some(0));
    let url = format!("sqlite://{}", folder.path().join("frontdesk.db").display());
    let store = Store::connect(&url).await.unwrap();
    let later = Clock::system().now().plus_ms(60_000);
    let open = calls::list_open(&store, later, None, page::Limit::longest()).await;
    assert_eq!(open.unwrap(), []);
    assert_eq!(processes::list(&store).await.unwrap(), []);
}

fn whispering() -> Ring {
    Ring {
        whisper: Some("Somebody rings.".to_owned()),
        asks_to_accept: true,
        ..Ring::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p1_the_deadline_ends_what_does_not_end_by_itself() {
    let desk = Desk::with(talkative(), |plan| plan.drain_timeout = ms(300)).await;
    let call = place(&desk, vec![Step::StayUntilEnd]).await;
    desk.shutdown.drain.cancel();
    let report = timeout(LONG, call).await.unwrap().unwrap();
    assert!(report.said()[0].starts_with("We are sorry"));
    assert_eq!(report.stream().unwrap().close_code, Some(1000));
    is_closed(desk).await;
}

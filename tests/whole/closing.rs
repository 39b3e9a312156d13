//! Every place taken, and the house closing: who is in stays, who comes is told.

use frontdesk::bridge::Happening;
use frontdesk::domain::EndReason;
use frontdesk::rehearsal::CALLER;
use frontdesk::rehearsal::carrier::{CallReport, Script, Step};
use frontdesk::rehearsal::model::SessionRecord;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::desk::{Desk, ms, spoken, talkative};

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

async fn is_closed(desk: Desk) {
    let Desk { bridge, open, .. } = desk;
    // Whoever holds the bridge may still have notes to write.
    drop(bridge);
    let closed = timeout(ms(5_000), open).await;
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
    let report = timeout(ms(5_000), call).await.unwrap().unwrap();
    let ended = async {
        loop {
            if let Happening::Ended(end_reason) = watched.recv().await.unwrap().what {
                return end_reason;
            }
        }
    };
    assert_eq!(timeout(ms(1_000), ended).await, Ok(EndReason::Shutdown));
    assert_eq!(report.verb_names(), ["Connect", "Say", "Hangup"]);
    assert!(report.said()[0].starts_with("We are sorry"));
    assert_eq!(report.stream().unwrap().close_code, Some(1000));
    is_closed(desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p1_the_deadline_ends_what_does_not_end_by_itself() {
    let desk = Desk::with(talkative(), |plan| plan.drain_timeout = ms(300)).await;
    let call = place(&desk, vec![Step::StayUntilEnd]).await;
    desk.shutdown.drain.cancel();
    let report = timeout(ms(5_000), call).await.unwrap().unwrap();
    assert!(report.said()[0].starts_with("We are sorry"));
    assert_eq!(report.stream().unwrap().close_code, Some(1000));
    is_closed(desk).await;
}

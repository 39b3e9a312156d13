//! How a call ends when one of its two ends fails: in words, and without a rest.

use std::time::Duration;

use frontdesk::domain::{EndReason, SilencePolicy};
use frontdesk::rehearsal::Spoken;
use frontdesk::rehearsal::carrier::{CallReport, Script, Step};
use frontdesk::rehearsal::model::{Failure, Line, ModelOptions, ModelServer};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

use super::desk::{Desk, ms, talkative};
use super::routed::republish;
use super::visitor::{INBOUND, RawStream, STATUS, STREAM_SID, form, post, start};

fn failing(failure: Failure) -> ModelOptions {
    ModelOptions {
        failures: vec![failure],
        ..talkative()
    }
}

pub(super) async fn stay(desk: &Desk) -> CallReport {
    let script = Script::new([Step::StayUntilEnd]);
    let report = desk.carrier().place_call(&script).await;
    assert_eq!(report.all_violations(), Vec::<String>::new());
    assert_eq!(report.gave_up_at, None, "nobody hangs");
    report
}

pub(super) fn assert_apology(report: &CallReport) {
    let said = report.said();
    let is_apology = said.len() == 1 && said[0].starts_with("We are sorry");
    assert!(is_apology, "{said:?}");
    assert_eq!(report.verb_names(), ["Connect", "Say", "Hangup"]);
    let stream = report.stream().expect("there was a stream");
    assert_eq!(stream.close_code, Some(1000));
}

async fn assert_unavailable(desk: &Desk, within: Duration) -> CallReport {
    let report = stay(desk).await;
    assert_apology(&report);
    let took = report.ended_at - report.placed_at;
    assert!(took < within, "{took:?}");
    let log = desk.log(&report).await;
    assert_eq!(log.end_reason, Some(EndReason::AgentUnavailable));
    desk.is_empty().await;
    report
}

/// A port where agents are, who do nothing by themselves.
async fn silent_agents() -> (Desk, TcpListener) {
    let model = ModelServer::start(talkative())
        .await
        .expect("a port is free");
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port is free");
    let address = listener.local_addr().expect("it listens");
    let url = format!("ws://{address}/v1/realtime");
    (Desk::open_at(model, &url).await, listener)
}

/// Reads until the other side is gone.
async fn is_gone(socket: &mut TcpStream) {
    let mut bytes = Vec::new();
    let gone = timeout(ms(1_000), socket.read_to_end(&mut bytes)).await;
    // A reset is an end as well.
    let _ = gone.expect("1 s after the call no model socket is left");
}

/// Nobody is left in silence for longer, not even while nobody answers.
pub(super) fn assert_first_sound(report: &CallReport, within: Duration) {
    let stream = report.stream().expect("there was a stream");
    let after = stream.first_audio_after().expect("something is heard");
    assert!(after < within, "{after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_nobody_listens_where_the_agents_should_be() {
    let (desk, listener) = silent_agents().await;
    drop(listener);
    let report = assert_unavailable(&desk, ms(5_500)).await;
    assert_first_sound(&report, ms(1_500));
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_who_refuses_the_connection_for_a_moment_is_reached_all_the_same() {
    let desk = Desk::open(failing(Failure::RefuseUpgrade(503))).await;
    let steps = vec![Step::WaitForSpeech, Step::HangUp];
    let report = desk.carrier().place_call(&Script::new(steps)).await;
    assert_first_sound(&report, ms(1_100));
    assert_eq!(desk.model.accepted(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn o2_an_agent_that_never_answers_is_given_up() {
    let never = vec![Failure::NeverAnswerUpgrade; 4];
    let desk = Desk::open(ModelOptions {
        failures: never,
        ..talkative()
    })
    .await;
    let report = assert_unavailable(&desk, ms(5_500)).await;
    assert_first_sound(&report, ms(1_500));
}

#[tokio::test(flavor = "multi_thread")]
async fn o2_where_one_never_answers_the_next_is_asked() {
    let desk = Desk::open(failing(Failure::NeverAnswerUpgrade)).await;
    // What is heard first is ours.
    let script = Script::new([Step::Wait(ms(4_500)), Step::HangUp]);
    let report = desk.carrier().place_call(&script).await;
    let log = desk.log(&report).await;
    assert_eq!(log.end_reason, Some(EndReason::CallerHungUp));
    assert_eq!(desk.model.accepted(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn o3_an_agent_that_refuses_us_for_good_is_not_asked_again() {
    for status in [401, 403, 404] {
        let desk = Desk::open(failing(Failure::RefuseUpgrade(status))).await;
        assert_unavailable(&desk, ms(2_500)).await;
        assert_eq!(desk.model.accepted(), 1, "{status}");
        // Nor by the next call, for a while.
        assert_unavailable(&desk, ms(2_500)).await;
        assert_eq!(desk.model.accepted(), 1, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_hangs_up_during_the_dialling_leaves_nothing() {
    let (desk, agents) = silent_agents().await;
    let (report, ()) = tokio::join!(
        async {
            let script = Script::new([Step::Wait(ms(200)), Step::HangUp]);
            let report = desk.carrier().place_call(&script).await;
            desk.is_empty().await;
            report
        },
        async {
            let (mut socket, _) = agents.accept().await.unwrap();
            let began = Instant::now();
            // The caller is gone after 200 ms.
            let mut bytes = Vec::new();
            let gone = timeout(ms(2_000), socket.read_to_end(&mut bytes)).await;
            assert!(gone.is_ok(), "the dialling goes on after the call");
            assert!(began.elapsed() < ms(1_500));
        }
    );
    assert_eq!(report.all_violations(), Vec::<String>::new());
    let log = desk.log(&report).await;
    assert_eq!(log.end_reason, Some(EndReason::CallerHungUp));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_ends_before_its_stream_lets_go_of_the_agent() {
    let desk = Desk::open(talkative()).await;
    post(&desk, INBOUND, &form("CA1", "ringing")).await;
    let is_there = |all: &[_]| !all.is_empty();
    desk.model.wait_for(ms(2_000), is_there).await.unwrap();
    post(&desk, STATUS, &form("CA1", "completed")).await;
    desk.is_empty().await;

    // Also while it is still being dialled.
    let (desk, agents) = silent_agents().await;
    post(&desk, INBOUND, &form("CA1", "ringing")).await;
    let (mut socket, _) = agents.accept().await.unwrap();
    post(&desk, STATUS, &form("CA1", "canceled")).await;
    is_gone(&mut socket).await;
    desk.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t1_a_stream_that_breaks_off_ends_the_call_within_1_s() {
    let desk = Desk::open(talkative()).await;
    let script = Script::new([Step::WaitForSpeech, Step::DropSocket]);
    let report = desk.carrier().place_call(&script).await;
    desk.is_empty().await;
    let log = desk.log(&report).await;
    assert_eq!(log.end_reason, Some(EndReason::CarrierLost));
}

#[tokio::test(flavor = "multi_thread")]
async fn t12_a_second_stream_with_a_token_of_its_own_takes_the_calls_place() {
    let desk = Desk::open(talkative()).await;
    let asked = form("CA1", "ringing");
    let first = post(&desk, INBOUND, &asked).await.token();
    let second = post(&desk, INBOUND, &asked).await.token();
    let mut old = RawStream::start(&desk, "CA1", &first).await;
    old.wait_for(|message| message["event"] == "media").await;

    let mut new = RawStream::open(&desk).await;
    let mut hello = start("CA1", Some(&second));
    let new_sid = STREAM_SID.replace('1', "2");
    hello["streamSid"] = new_sid.clone().into();
    hello["start"]["streamSid"] = new_sid.clone().into();
    new.json(&hello).await;
    assert_eq!(old.close_code().await, Some(4000));
    let media = new.wait_for(|message| message["event"] == "media").await;
    assert_eq!(media["streamSid"], new_sid);
    assert_eq!(desk.bridge.counts().live, 1);
    assert_eq!(desk.model.accepted(), 1);

    // The end of the old one was not the end of the call.
    drop(old);
    assert!(new.is_alive().await);
    drop(new);
    desk.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_says_nothing_is_asked_and_then_let_go() {
    let say = |text: &str| Line::say(Spoken::babble(text, ms(300)));
    let lines = ["Hello.", "Are you there?", "Still there?", "Goodbye."];
    let desk = Desk::open(ModelOptions {
        lines: lines.map(say).into(),
        ..talkative()
    })
    .await;
    let silence = SilencePolicy {
        prompt_after: ms(1_000),
        prompts: 2,
    };
    let version = republish(&desk, |receptionist| receptionist.silence = silence).await;
    assert_eq!(version, 2);

    let report = stay(&desk).await;
    assert_eq!(report.verb_names(), ["Connect", "Hangup"]);
    let played = report.stream().unwrap().played_ms;
    assert!((1_150..=1_220).contains(&played), "{played} ms");
    let session = desk.session(0).await;
    assert_eq!(session.responses.len(), 4);
    assert_eq!(session.violations, Vec::<String>::new());
    let log = desk.log(&report).await;
    assert_eq!(log.end_reason, Some(EndReason::Silence));
}

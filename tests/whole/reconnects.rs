//! An agent that is lost in the middle of a call is replaced, and the caller goes on speaking.

use std::time::Duration;

use frontdesk::domain::{EndReason, Secret};
use frontdesk::realtime::{Endpoint, connection};
use frontdesk::rehearsal::carrier::{CallReport, Script, Step};
use frontdesk::rehearsal::model::{
    Failure, Garbage, Line, ModelOptions, ModelServer, SessionRecord,
};
use frontdesk::rehearsal::{CALLER, Keep, RECEPTIONIST, Spoken};
use frontdesk::store::utterances;
use futures::future::join_all;
use tokio::time::{sleep, timeout};

use super::desk::{Desk, ms, spoken, talkative};
use super::endings::{assert_apology, stay};
use super::tools::{equip, kit};
use crate::support::wanted::calls_or;

/// A desk whose agents fail in this order.
async fn desk_of(failures: Vec<Failure>) -> Desk {
    Desk::open(ModelOptions {
        failures,
        ..talkative()
    })
    .await
}

async fn place(desk: &Desk, steps: Vec<Step>) -> CallReport {
    let report = desk.carrier().place_call(&Script::new(steps)).await;
    assert_eq!(report.all_violations(), Vec::<String>::new());
    assert_eq!(report.gave_up_at, None, "nobody hangs");
    assert_eq!(desk.model.violations(), Vec::<String>::new());
    report
}

async fn assert_hung_up(desk: &Desk, report: &CallReport) {
    let log = desk.log(report).await;
    assert_eq!(log.end_reason, Some(EndReason::CallerHungUp));
    desk.is_empty().await;
}

fn cut_after(deltas: usize, code: Option<u16>) -> Failure {
    Failure::CloseAfterDeltas { deltas, code }
}

/// The instructions of the responses that were asked for.
fn asked(session: &SessionRecord) -> Vec<String> {
    let events = session.client_log.iter();
    let events = events.filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let asked = events.filter(|event| event["type"] == "response.create");
    asked
        .map(|event| event["response"]["instructions"].to_string())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn o5_an_agent_lost_in_mid_sentence_is_replaced_and_the_next_one_knows_what_was_said() {
    for code in [Some(1011), Some(1001), Some(1000), None] {
        let desk = desk_of(vec![cut_after(6, code)]).await;
        let steps = vec![
            Step::WaitForSpeech,
            Step::WaitForQuiet(ms(1_500)),
            Step::HangUp,
        ];
        let report = place(&desk, steps).await;
        let stream = report.stream().unwrap();
        assert!(stream.clears.is_empty(), "{code:?}: what was sent is heard");
        assert_eq!(desk.model.accepted(), 2, "{code:?}");
        let second = desk.session(1).await;
        let (role, text) = &second.messages[0];
        assert_eq!(role, "assistant", "{code:?}");
        assert!(RECEPTIONIST[0].text.starts_with(text.trim()), "{text}");
        let asked = asked(&second);
        assert_eq!(asked.len(), 1);
        assert!(asked[0].contains("broken for a moment"), "{asked:?}");
        assert_hung_up(&desk, &report).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o5_wherever_the_line_is_cut_the_conversation_goes_on() {
    for deltas in [1, 2, 5, 9] {
        let desk = desk_of(vec![cut_after(deltas, None)]).await;
        let steps = vec![
            Step::WaitForSpeech,
            Step::WaitForQuiet(ms(1_500)),
            Step::Speak(spoken(&CALLER[1])),
            Step::WaitForSpeech,
            Step::WaitForQuiet(ms(600)),
            Step::HangUp,
        ];
        let report = place(&desk, steps).await;
        assert_eq!(desk.model.accepted(), 2, "after {deltas}");
        let second = desk.session(1).await;
        assert_eq!(second.turns.len(), 1, "after {deltas}: the caller is heard");
        assert_eq!(second.responses.len(), 2, "after {deltas}");
        assert_hung_up(&desk, &report).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o5_an_agent_that_is_lost_while_nobody_speaks_is_replaced_without_a_word() {
    let desk = Desk::open(talkative()).await;
    let losing = async {
        let quiet = |all: &[SessionRecord]| {
            all.first()
                .is_some_and(|one| one.responses.iter().any(|r| r.status == "completed"))
        };
        desk.model.wait_for(ms(10_000), quiet).await.unwrap();
        desk.model.disconnect(0, None).await;
        let is_back = |all: &[SessionRecord]| all.get(1).is_some_and(|one| one.is_configured);
        desk.model.wait_for(ms(2_000), is_back).await.unwrap();
    };
    let steps = vec![
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(1_500)),
        Step::HangUp,
    ];
    let (report, ()) = tokio::join!(place(&desk, steps), losing);
    let second = desk.session(1).await;
    assert_eq!(asked(&second), Vec::<String>::new());
    assert_eq!(second.messages[0].1, RECEPTIONIST[0].text);
    assert_hung_up(&desk, &report).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o5_an_agent_that_is_lost_after_a_tool_is_replaced_by_one_that_knows_of_it() {
    // Every session begins with its first line.
    let desk = Desk::open(ModelOptions {
        lines: vec![
            Line::say(Spoken::babble("Hello.", ms(300))),
            Line::call("take_message", r#"{"caller_name":"Ada","reason":"x"}"#),
            Line {
                think: Some(ms(5_000)),
                ..Line::default()
            },
        ],
        ..talkative()
    })
    .await;
    equip(&desk, kit(Vec::new())).await;
    let losing = async {
        let is_told =
            |all: &[SessionRecord]| all.first().is_some_and(|one| !one.tool_outputs.is_empty());
        desk.model.wait_for(ms(10_000), is_told).await.unwrap();
        desk.model.disconnect(0, None).await;
        let is_back = |all: &[SessionRecord]| {
            all.get(1)
                .is_some_and(|one| one.responses.iter().any(|r| r.status == "completed"))
        };
        desk.model.wait_for(ms(3_000), is_back).await.unwrap();
    };
    let steps = vec![
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(300)),
        Step::Speak(spoken(&CALLER[0])),
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(400)),
        Step::HangUp,
    ];
    let (report, ()) = tokio::join!(place(&desk, steps), losing);
    let (first, second) = (desk.session(0).await, desk.session(1).await);
    assert_eq!(first.tool_outputs.len(), 1);
    let outputs = |one: &SessionRecord| one.tool_outputs[0].1.clone();
    assert_eq!(outputs(&second), outputs(&first));
    let recalled = |line: &&String| line.contains("\"function_call\"");
    let recalled = second.client_log.iter().find(recalled).unwrap();
    assert!(recalled.contains("take_message"), "{recalled}");
    assert!(asked(&second)[0].contains("broken for a moment"));
    assert_hung_up(&desk, &report).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o5_an_agent_that_is_lost_again_and_again_gives_way_to_somebody_else() {
    let failures = vec![cut_after(3, None); 5];
    let desk = desk_of(failures).await;
    let report = stay(&desk).await;
    assert_apology(&report);
    assert_eq!(
        desk.model.accepted(),
        3,
        "twice within a minute, and no more"
    );
    let log = desk.log(&report).await;
    assert_eq!(log.end_reason, Some(EndReason::AgentLost));
    desk.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o16_where_nobody_can_be_reached_any_more_the_caller_is_with_somebody_else_in_5_s() {
    let mut failures = vec![cut_after(3, None)];
    failures.resize(12, Failure::RefuseUpgrade(503));
    let desk = desk_of(failures).await;
    let report = stay(&desk).await;
    assert_apology(&report);
    let stream = report.stream().unwrap();
    let lost = desk.session(0).await.closed_at.unwrap();
    // What had been sent is heard first: three deltas of 200 ms.
    let handed_on = stream.ended_at.unwrap() - lost;
    assert!(handed_on < ms(5_600), "{handed_on:?}");
    let silence = stream.gaps.iter().map(|gap| gap.lasting).max();
    assert!(silence < Some(ms(1_600)), "{silence:?}");
}

/// Calls that go on while the model behind them is restarted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o16_a_model_that_is_restarted_loses_no_call() {
    restart(ms(0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o16_a_model_that_is_away_for_half_a_second_loses_no_call() {
    restart(ms(500)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o16_a_model_that_is_away_for_a_second_and_a_half_loses_no_call() {
    restart(ms(1_500)).await;
}

async fn restart(away: Duration) {
    // `FRONTDESK_CALLS=300 cargo test --release restarted` wants a machine of its own.
    let most = calls_or(24);
    let talkative = || ModelOptions {
        keep: Keep::Counts,
        ..talkative()
    };
    let mut desk = Desk::with(talkative(), |plan| plan.max_calls = most).await;
    let port = desk.model.port();
    // The last are greeted, lose their agent and have another one before the first go.
    let stay = Step::Wait(ms(5_000 + 50 * u64::try_from(most).unwrap()));
    let steps = [Step::WaitForSpeech, stay, Step::HangUp];
    let calls: Vec<_> = (0..most)
        .map(|_| {
            let carrier = desk.carrier();
            let script = Script::new(steps.clone());
            tokio::spawn(async move { carrier.place_call(&script).await })
        })
        .collect();
    let is_up = |all: &[SessionRecord]| {
        let greeted = all.iter().filter(|one| !one.responses.is_empty());
        greeted.count() >= most
    };
    desk.model.wait_for(ms(20_000), is_up).await.unwrap();
    let fresh = ModelOptions {
        port,
        ..talkative()
    };
    // The old one is gone before the new one takes its port.
    desk.model = ModelServer::start(ModelOptions::default()).await.unwrap();
    sleep(away).await;
    let restarted = async {
        loop {
            match ModelServer::start(fresh.clone()).await {
                Ok(model) => return model,
                Err(_) => sleep(ms(20)).await,
            }
        }
    };
    let restarted = timeout(ms(2_000), restarted).await.unwrap();
    for report in join_all(calls).await {
        let report = report.unwrap();
        assert_eq!(report.all_violations(), Vec::<String>::new());
        assert_eq!(report.verb_names(), ["Connect"], "the caller hung up");
        let log = desk.log(&report).await;
        assert_eq!(log.end_reason, Some(EndReason::CallerHungUp));
    }
    assert_eq!(restarted.violations(), Vec::<String>::new());
    let sessions = restarted.sessions();
    assert!(sessions.len() >= most, "{}", sessions.len());
    assert_spread(&sessions);
}

/// They come back over seconds: half of them in one of these, or a hundred, and fifty more
/// in the first.
fn assert_spread(sessions: &[SessionRecord]) {
    let mut opened: Vec<_> = sessions.iter().map(|one| one.opened_at).collect();
    opened.sort();
    let most = 50 + (opened.len() / 2).max(100) + 10;
    for (n, from) in opened.iter().enumerate() {
        let within = opened[n..].iter().take_while(|at| **at - *from < ms(1_000));
        let count = within.count();
        assert!(count <= most, "{count} of {} at once", opened.len());
    }
}

/// A desk whose agents are first looked for there.
async fn desk_behind(first: &ModelServer) -> Desk {
    Desk::with(talkative(), |plan| {
        let mut broken = Endpoint::new(first.url(), "gpt-realtime-2.1");
        broken.api_key = Some(Secret::new("sk-secret-key-of-the-test".to_owned()));
        plan.agents.insert(0, broken);
    })
    .await
}

/// A second place where agents are answers the same call.
async fn second_answers(failure: Failure, within: Duration) {
    let first = ModelServer::start(ModelOptions {
        failures: vec![failure; 12],
        ..talkative()
    });
    let first = first.await.unwrap();
    let desk = desk_behind(&first).await;
    let placed = tokio::time::Instant::now();
    let report = place(&desk, vec![Step::Wait(within), Step::HangUp]).await;
    let session = desk.session(0).await;
    assert_eq!(session.responses.len(), 1, "it greets");
    let after = session.opened_at - placed;
    assert!(after < within, "{after:?}");
    assert_hung_up(&desk, &report).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o3_who_is_refused_at_the_first_endpoint_is_answered_by_the_second() {
    second_answers(Failure::RefuseUpgrade(401), ms(1_000)).await;
}

/// The first place where agents are says in the middle of a call that it is of
/// no use any more: the second goes on, and has the next call as well.
async fn second_goes_on(news: &str) {
    let first = ModelServer::start(talkative()).await.unwrap();
    let desk = Desk::with(talkative(), |plan| {
        let mut spent = Endpoint::new(first.url(), "gpt-realtime-2.1");
        spent.api_key = Some(Secret::new("sk-secret-key-of-the-test".to_owned()));
        plan.agents.insert(0, spent);
    })
    .await;
    let telling = async {
        let quiet = |all: &[SessionRecord]| {
            all.first()
                .is_some_and(|one| one.responses.iter().any(|r| r.status == "completed"))
        };
        first.wait_for(ms(10_000), quiet).await.unwrap();
        first.inject(0, news).await;
        let is_taken = |all: &[SessionRecord]| all.first().is_some_and(|one| one.is_configured);
        let taken = desk.model.wait_for(ms(2_000), is_taken).await;
        taken.expect("the second is dialled");
    };
    let steps = vec![
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(1_500)),
        Step::HangUp,
    ];
    let (report, ()) = tokio::join!(place(&desk, steps), telling);
    assert_eq!(desk.session(0).await.messages[0].1, RECEPTIONIST[0].text);
    assert_hung_up(&desk, &report).await;
    let report = place(&desk, vec![Step::WaitForSpeech, Step::HangUp]).await;
    assert_hung_up(&desk, &report).await;
    assert_eq!((first.accepted(), desk.model.accepted()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn o3_whoever_says_that_our_money_is_spent_is_left_for_another() {
    let error = r#"{"type":"insufficient_quota","code":"insufficient_quota","message":"Spent."}"#;
    second_goes_on(&format!(
        r#"{{"type":"error","event_id":"event_1","error":{error}}}"#
    ))
    .await;
    // Most say so of a response.
    second_goes_on(&format!(
        r#"{{"type":"response.done","event_id":"event_1","response":{{"id":"resp_1","status":"failed","status_details":{{"type":"failed","error":{error}}}}}}}"#
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_who_is_not_answered_at_the_first_endpoint_is_answered_by_the_second() {
    second_answers(Failure::NeverAnswerUpgrade, ms(3_500)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o16_who_takes_the_connection_and_hangs_up_is_not_preferred_to_the_second_endpoint() {
    for code in [1011, 1013] {
        second_answers(Failure::CloseAfterHello(code), ms(1_000)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_who_takes_the_connection_and_says_nothing_is_not_preferred_to_the_second_endpoint() {
    for but_hello in [false, true] {
        second_answers(Failure::SayNothing { but_hello }, ms(3_500)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o5_who_loses_a_call_in_the_middle_of_it_does_not_have_it_again() {
    let first = ModelServer::start(ModelOptions {
        failures: vec![cut_after(3, Some(1011)); 12],
        ..talkative()
    });
    let first = first.await.unwrap();
    let desk = desk_behind(&first).await;
    let steps = vec![
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(1_500)),
        Step::HangUp,
    ];
    for calls in [1, 2] {
        let report = place(&desk, steps.clone()).await;
        assert_hung_up(&desk, &report).await;
        // Whoever rings soon after is spared.
        assert_eq!((first.accepted(), desk.model.accepted()), (1, calls));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o11_a_session_that_expires_is_followed_by_another() {
    let desk = desk_of(vec![Failure::ExpireAfter(ms(2_500))]).await;
    let steps = vec![
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(2_500)),
        Step::Speak(spoken(&CALLER[1])),
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(600)),
        Step::HangUp,
    ];
    let report = place(&desk, steps).await;
    assert_eq!(desk.model.accepted(), 2);
    assert_hung_up(&desk, &report).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o6_what_a_waiting_caller_hears_was_said_beforehand_in_the_same_voice() {
    const MOMENT: &str = "One moment, please.";
    let mut folder = None;
    // Every session begins with its first line, also those that nobody hears.
    let slow = Line {
        think: Some(ms(2_500)),
        ..Line::say(Spoken::babble("At five.", ms(300)))
    };
    let model = ModelOptions {
        lines: vec![Line::say(Spoken::babble(MOMENT, ms(300))), slow],
        ..talkative()
    };
    let desk = Desk::with(model, |plan| {
        plan.speaks_ahead = true;
        folder = Some(plan.storage.join("phrases"));
    })
    .await;
    let steps = vec![
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(400)),
        Step::Speak(spoken(&CALLER[0])),
        Step::Wait(ms(3_500)),
        Step::HangUp,
    ];
    let report = place(&desk, steps).await;
    let log = desk.log(&report).await;
    let said = utterances::list(&desk.store, log.tenant_id, log.id).await;
    let said: Vec<_> = said
        .unwrap()
        .iter()
        .map(|said| said.text.expose().clone())
        .collect();
    assert_eq!(said, [MOMENT, CALLER[0].text, MOMENT, "At five."]);
    // The other sentence was said in other words, and is not kept.
    let files: Vec<_> = std::fs::read_dir(folder.unwrap()).unwrap().collect();
    let [Ok(file)] = &files[..] else {
        panic!("{files:?}");
    };
    assert_eq!(file.metadata().unwrap().len(), 300 * 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_callers_hear_while_nobody_answers_is_said_before_the_first_one_rings() {
    let moment = Line::say(Spoken::babble("One moment, please.", ms(300)));
    let model = ModelOptions {
        lines: vec![moment],
        ..talkative()
    };
    let mut folder = None;
    let desk = Desk::with(model, |plan| {
        plan.speaks_ahead = true;
        folder = Some(plan.storage.join("phrases"));
    })
    .await;
    let folder = folder.unwrap();
    let is_said = async {
        while !std::fs::read_dir(&folder).is_ok_and(|mut files| files.next().is_some()) {
            sleep(ms(10)).await;
        }
    };
    timeout(ms(10_000), is_said).await.expect("it is said");
    // One after the other: the next one is asked when the first has hung up.
    let two = |all: &[SessionRecord]| all.len() == 2;
    desk.model
        .wait_for(ms(10_000), two)
        .await
        .expect("both are asked for");
    let sessions = desk.model.sessions();
    assert!(
        sessions[0]
            .closed_at
            .is_some_and(|at| at <= sessions[1].opened_at)
    );
    assert!(sessions.iter().all(|one| one.appended.total_bytes == 0));
    assert_eq!(desk.bridge.counts().live, 0);
}

/// The AI says that in the middle of an answer; what becomes of its sessions.
async fn said_amid_an_answer(messages: Vec<Garbage>) -> Vec<SessionRecord> {
    let garbage = Failure::GarbageAfterDeltas {
        deltas: 3,
        messages,
    };
    let desk = desk_of(vec![garbage]).await;
    let steps = vec![
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(1_500)),
        Step::HangUp,
    ];
    let report = place(&desk, steps).await;
    assert_hung_up(&desk, &report).await;
    assert_eq!(report.failures, Vec::<String>::new());
    desk.model.sessions()
}

#[tokio::test(flavor = "multi_thread")]
async fn o9_five_malformed_messages_are_borne_and_the_sixth_is_one_too_many() {
    let text = Garbage::Text("{\"type\":".to_owned());
    let binary = Garbage::Binary(vec![0xFF; 960]);
    for garbage in [text, binary] {
        for (count, sessions) in [(5, 1), (6, 2)] {
            let said = said_amid_an_answer(vec![garbage.clone(); count]).await;
            assert_eq!(said.len(), sessions, "{count} of {garbage:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o9_who_sends_more_than_a_mebibyte_at_once_is_told_so_and_replaced() {
    let huge = Garbage::Text("x".repeat(connection::MAX_MESSAGE + 1));
    let said = said_amid_an_answer(vec![huge]).await;
    let codes: Vec<_> = said.iter().map(|one| one.close_code).collect();
    assert_eq!(codes, [Some(1009), Some(1000)]);
}

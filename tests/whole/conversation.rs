//! A caller and the receptionist talk.

use std::time::Duration;

use frontdesk::domain::{CallStatus, EndReason, ModelPrice, Secret, Speaker};
use frontdesk::rehearsal::carrier::{Script, Step};
use frontdesk::rehearsal::model::{Line, ModelOptions};
use frontdesk::rehearsal::{CALLER, RECEPTIONIST};
use frontdesk::store::{turns, utterances};

use crate::support::database::on_each_bare_database;

use super::desk::{Desk, ms, spoken, talkative};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_answered_and_written_down() {
    on_each_bare_database(async |database| {
        let url = Secret::new(database.url.clone());
        let desk = Desk::with(talkative(), |plan| plan.database_url = url).await;
        is_answered_and_written_down(&desk).await;
    })
    .await;
}

async fn is_answered_and_written_down(desk: &Desk) {
    let (report, session) = desk
        .call(vec![
            Step::WaitForSpeech,
            Step::WaitForQuiet(ms(400)),
            Step::Speak(spoken(&CALLER[0])),
            Step::WaitForSpeech,
            Step::WaitForQuiet(ms(400)),
            Step::HangUp,
        ])
        .await;
    desk.is_empty().await;
    assert_eq!(session.turns.len(), 1);
    assert_eq!(session.responses.len(), 2, "a greeting and an answer");

    let log = desk.log(&report).await;
    assert_eq!(log.status, CallStatus::Completed);
    assert_eq!(log.end_reason, Some(EndReason::CallerHungUp));
    assert!(log.answered_at.is_some() && log.ended_at.is_some());
    // The tokens, and what the caller said, which was written down.
    let spoken = i64::try_from(CALLER[0].duration().as_millis()).unwrap();
    let transcribed = log.usage.transcribed_ms;
    assert!(
        (spoken / 2..spoken * 2).contains(&transcribed),
        "{transcribed} of {spoken} ms"
    );
    let price = ModelPrice::of("gpt-realtime-2.1").unwrap();
    let (tokens, all) = (price, price.transcribed_by("gpt-transcribe"));
    assert_eq!(log.cost, Some(all.cost(&log.usage, log.created_at)));
    assert!(log.cost.unwrap().micros > tokens.cost(&log.usage, log.created_at).micros);

    let said = utterances::list(&desk.store, log.tenant_id, log.id)
        .await
        .unwrap();
    let said: Vec<_> = said
        .iter()
        .map(|one| (one.speaker, one.text.expose().as_str()))
        .collect();
    let expected = [
        (Speaker::Receptionist, RECEPTIONIST[0].text),
        (Speaker::Caller, CALLER[0].text),
        (Speaker::Receptionist, RECEPTIONIST[2].text),
    ];
    assert_eq!(said, expected);

    let latencies = turns::list(&desk.store, log.tenant_id, log.id)
        .await
        .unwrap();
    assert_eq!(latencies.len(), 1);
    let heard = latencies[0].heard.unwrap();
    assert!(
        latencies[0].sent <= heard && heard < Duration::from_secs(2),
        "{latencies:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_words_reach_a_model_that_takes_2_s_to_accept() {
    let desk = Desk::open(ModelOptions {
        accept_delay: ms(2_000),
        ..talkative()
    })
    .await;
    // The caller speaks at once, while nobody is there to hear it.
    let steps = vec![
        Step::Speak(spoken(&CALLER[1])),
        Step::WaitForSpeech,
        Step::HangUp,
    ];
    let (report, session) = desk.call(steps).await;
    let spoken = &report.stream().unwrap().spoken;
    let heard = session.appended.mulaw();
    let missing = spoken.len().saturating_sub(heard.len());
    assert!(
        missing <= 1_600,
        "{missing} of {} samples never arrived",
        spoken.len()
    );
    assert_eq!(session.turns.len(), 1, "the model heard them speak");
}

#[tokio::test(flavor = "multi_thread")]
async fn digits_reach_the_model_as_words() {
    let desk = Desk::open(talkative()).await;
    let (_, session) = desk
        .call(vec![
            Step::WaitForSpeech,
            Step::WaitForQuiet(ms(300)),
            Step::Digit('4'),
            Step::Digit('2'),
            Step::Digit('#'),
            Step::WaitForSpeech,
            Step::HangUp,
        ])
        .await;
    let entry = session.messages.iter().find(|(role, _)| role == "user");
    assert!(
        entry.is_some_and(|(_, text)| text.contains("4 2")),
        "{:?}",
        session.messages
    );
    assert_eq!(session.responses.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receptionist_hangs_up_once_its_goodbye_was_heard() {
    let goodbye = Line::say(spoken(&RECEPTIONIST[2])).then_call("end_call", "{}");
    let lines = vec![Line::say(spoken(&RECEPTIONIST[0])), goodbye];
    let desk = Desk::open(ModelOptions {
        lines,
        ..talkative()
    })
    .await;
    let steps = vec![
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(300)),
        Step::Speak(spoken(&CALLER[1])),
        Step::StayUntilEnd,
    ];
    let (report, session) = desk.call(steps).await;
    let stream = report.stream().unwrap();
    let said = RECEPTIONIST[0].duration() + RECEPTIONIST[2].duration();
    let heard = Duration::from_millis(stream.played_ms);
    assert!(heard + ms(60) >= said, "{heard:?} of {said:?} was heard");
    assert_eq!(stream.close_code, Some(1000));
    assert_eq!(report.verb_names().last(), Some(&"Hangup"));
    assert_eq!(session.tool_outputs.len(), 1);
    let log = desk.log(&report).await;
    assert_eq!(log.end_reason, Some(EndReason::ReceptionistHungUp));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_does_not_exist_is_answered_and_the_talk_goes_on() {
    let lines = vec![
        Line::say(spoken(&RECEPTIONIST[0])),
        Line::call("launch_rocket", "{\"to\":\"moon\"}"),
        Line::say(spoken(&RECEPTIONIST[2])),
    ];
    let desk = Desk::open(ModelOptions {
        lines,
        ..talkative()
    })
    .await;
    let steps = vec![
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(300)),
        Step::Speak(spoken(&CALLER[1])),
        Step::WaitForSpeech,
        Step::HangUp,
    ];
    let (_, session) = desk.call(steps).await;
    assert_eq!(session.tool_outputs.len(), 1);
    assert_eq!(session.responses.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_calls_at_once_go_without_a_fault() {
    let desk = Desk::open(talkative()).await;
    let script = Script::new(vec![
        Step::WaitForSpeech,
        Step::Speak(spoken(&CALLER[1])),
        Step::WaitForSpeech,
        Step::HangUp,
    ]);
    let carrier = desk.carrier();
    let calls = (0..20).map(|_| carrier.place_call(&script));
    let reports = futures::future::join_all(calls).await;
    for report in &reports {
        assert_eq!(report.all_violations(), Vec::<String>::new());
        assert_eq!(report.failures, Vec::<String>::new());
        assert!(report.stream().unwrap().played_ms > 0);
    }
    assert_eq!(desk.model.violations(), Vec::<String>::new());
    assert_eq!(desk.model.accepted(), 20);
    desk.is_empty().await;
}

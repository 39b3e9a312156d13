//! More callers than places: those who are in notice nothing, the others go on at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use frontdesk::domain::AudioFormat;
use frontdesk::rehearsal::carrier::{Carrier, Script, Step, StreamReport};
use frontdesk::rehearsal::model::SessionRecord;
use frontdesk::rehearsal::{CALLER, RECEPTIONIST};
use frontdesk::routing::{Plan, Ring};
use futures::future::join_all;
use serde_json::Value;

use super::desk::{Desk, ms, spoken, talkative};
use super::routed::{ai, forward, plan, republish, set};
use super::visitor::{INBOUND, form, post};

const OURS: &str = "+15550100000";
const ELSEWHERE: &str = "+12025550140";

/// A house of so many places, whose number rings somebody else when the AI has no time.
async fn house(places: usize) -> Desk {
    let desk = Desk::with(talkative(), |plan| plan.max_calls = places).await;
    let led = Plan {
        open: ai(),
        fallback: vec![forward(ELSEWHERE, Ring::default())],
        ..Plan::default()
    };
    plan(&desk, OURS, &led).await;
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn w8_a_caller_too_many_goes_on_along_the_route_of_the_number_at_once() {
    let desk = house(1).await;
    let carrier = desk.carrier();
    let script = Script::new([
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(600)),
        Step::Speak(spoken(&CALLER[3])),
        Step::WaitForSpeech,
        Step::HangUp,
    ]);
    let first = tokio::spawn(async move { carrier.place_call(&script).await });
    while desk.bridge.counts().live == 0 {
        tokio::task::yield_now().await;
    }
    let stay = Script::new([Step::StayUntilEnd]);
    let second = desk.carrier().place_call(&stay).await;
    assert_eq!(second.all_violations(), Vec::<String>::new());
    assert_eq!(second.verb_names()[0], "Dial");
    assert!(second.requests[0].body.contains(ELSEWHERE));
    let first = first.await.unwrap();
    assert_eq!(first.all_violations(), Vec::<String>::new());
    assert_eq!(first.final_status, "completed");
    assert_eq!(desk.model.accepted(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn p8_of_five_hundred_at_once_as_many_are_let_in_as_there_are_places() {
    const PLACES: usize = 20;
    let desk = house(PLACES).await;
    let answers = join_all((0..500).map(|n| {
        let desk = &desk;
        async move {
            let mut form = form(&format!("CA{n:032x}"), "ringing");
            set(&mut form, "From", &format!("+1555{n:07}"));
            post(desk, INBOUND, &form).await
        }
    }));
    let answers = answers.await;
    let count = |wanted: &dyn Fn(&str) -> bool| {
        let bodies = answers.iter().map(|answer| answer.body.as_str());
        bodies.filter(|body| wanted(body)).count()
    };
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(count(&|body| body.contains("<Stream")), PLACES);
    let is_led_on = |body: &str| body.contains("<Dial") && body.contains(ELSEWHERE);
    assert_eq!(count(&is_led_on), 500 - PLACES);
    assert_eq!(desk.bridge.counts().live, PLACES);
    let dialled = desk
        .model
        .wait_for(Duration::from_secs(20), |all| all.len() >= PLACES);
    dialled.await.unwrap();
    assert_eq!(
        desk.model.accepted(),
        PLACES,
        "nobody is dialled for those outside"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn p8_of_a_hundred_at_once_each_hears_the_receptionist_or_goes_on() {
    const PLACES: usize = 8;
    let desk = house(PLACES).await;
    let script = Script::new([
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(300)),
        Step::HangUp,
    ]);
    let calls = join_all((0..100).map(|n| {
        let mut options = desk.carrier_options();
        options.from = format!("+1555{n:07}");
        let carrier = Carrier::new(options).unwrap();
        let script = &script;
        async move { carrier.place_call(script).await }
    }));
    let reports = calls.await;
    let (mut heard, mut led_on) = (0, 0);
    for report in &reports {
        assert_eq!(report.all_violations(), Vec::<String>::new());
        assert_eq!(report.failures, Vec::<String>::new(), "{report:#?}");
        if let Some(stream) = report.stream() {
            assert!(stream.received_ms > 0, "{report:#?}");
            heard += 1;
        } else {
            assert_eq!(report.verb_names()[0], "Dial");
            led_on += 1;
        }
    }
    // Who hangs up makes room for another.
    assert!(
        heard >= PLACES && led_on > 0,
        "{heard} heard, {led_on} led on"
    );
    assert_eq!(desk.model.accepted(), heard);
    assert_eq!(desk.model.violations(), Vec::<String>::new());
}

/// Callers come and come, all of them too many; how many have been led on.
async fn storm(desk: &Desk, led_on: &AtomicUsize) {
    loop {
        let first = led_on.load(Ordering::Relaxed);
        let answers = join_all((first..first + 10).map(|n| async move {
            let mut form = form(&format!("CA9{n:031x}"), "ringing");
            set(&mut form, "From", &format!("+1555{n:07}"));
            post(desk, INBOUND, &form).await
        }));
        for answer in answers.await {
            let is_led_on = answer.body.contains("<Dial") && answer.body.contains(ELSEWHERE);
            assert!(answer.status == 200 && is_led_on, "{answer:?}");
            led_on.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The sound that the gateway has sent.
fn sent(stream: &StreamReport) -> Vec<u8> {
    let messages = stream.messages.iter();
    let messages = messages.map(|(_, text)| serde_json::from_str::<Value>(text).unwrap());
    let media = messages.filter(|message| message["event"] == "media");
    media
        .flat_map(|message| {
            let payload = message["media"]["payload"].as_str().unwrap();
            STANDARD.decode(payload).unwrap()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn w8_while_callers_are_turned_away_the_one_who_is_in_loses_no_frame() {
    let desk = house(1).await;
    // The AI hears and speaks as the carrier does, so that every byte can be found again.
    republish(&desk, |receptionist| {
        receptionist.format = AudioFormat::Pcmu;
    })
    .await;
    let carrier = desk.carrier();
    let script = Script::new([
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(300)),
        Step::Speak(spoken(&CALLER[3])),
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(300)),
        Step::HangUp,
    ]);
    let call = tokio::spawn(async move { carrier.place_call(&script).await });
    while desk.bridge.counts().live == 0 {
        tokio::task::yield_now().await;
    }
    let led_on = AtomicUsize::new(0);
    let has_answered =
        |all: &[SessionRecord]| all.first().is_some_and(|one| one.responses.len() == 2);
    let answered = desk.model.wait_for(Duration::from_mins(1), has_answered);
    tokio::select! {
        answered = answered => answered.expect("the caller is heard and answered"),
        () = storm(&desk, &led_on) => {}
    }
    let report = call.await.unwrap();
    assert_eq!(report.all_violations(), Vec::<String>::new());
    assert!(led_on.into_inner() >= 10, "it was a storm");
    let (stream, session) = (report.stream().unwrap(), desk.session(0).await);
    assert_eq!(desk.model.accepted(), 1);
    let (spoken, heard) = (&stream.spoken, &session.appended.bytes);
    assert!(spoken.starts_with(heard), "every frame, and in order");
    assert!(spoken.len() - heard.len() <= 1_600, "to the end");
    let (sent, greeting) = (sent(stream), RECEPTIONIST[0].mulaw);
    let has_greeting = sent.windows(greeting.len()).any(|part| part == greeting);
    assert!(has_greeting, "nothing is left out of what it is sent");
}

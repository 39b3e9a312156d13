//! More callers than places: those who are in notice nothing, the others go on at once.

use std::time::Duration;

use frontdesk::bridge::{Admission, Refusal};
use frontdesk::domain::AudioFormat;
use frontdesk::rehearsal::CALLER;
use frontdesk::rehearsal::carrier::{Script, Step};
use frontdesk::routing::{Plan, Ring};
use futures::future::join_all;
use tokio::time::Instant;

use super::desk::{Desk, ms, spoken, talkative};
use super::routed::{ai, forward, plan, set};
use super::visitor::{INBOUND, form, post};
use crate::support::memory_call::{MemoryCall, admission, client, media};

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

#[tokio::test(start_paused = true)]
async fn w8_while_callers_are_turned_away_no_frame_waits() {
    let mut call = MemoryCall::begin(AudioFormat::Pcmu).await;
    for n in 0..50 {
        for storm in 0..10 {
            let sid = format!("CA9{n}{storm}");
            let stranger = Admission {
                call_sid: sid.parse().unwrap(),
                ..admission(AudioFormat::Pcmu)
            };
            assert_eq!(call.bridge.admit(stranger).err(), Some(Refusal::Full));
        }
        let said_at = Instant::now();
        call.carrier.say(&client(&media(n, &[0x55; 160]))).await;
        assert!(
            call.model
                .hear()
                .await
                .contains("input_audio_buffer.append")
        );
        assert_eq!(said_at.elapsed(), Duration::ZERO, "frame {n}");
        tokio::time::advance(Duration::from_millis(20)).await;
    }
}

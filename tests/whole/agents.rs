//! Agents that do what they should not, and lines that break under a caller.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use frontdesk::audio::g711::decode_mulaw;
use frontdesk::domain::EndReason;
use frontdesk::rehearsal::carrier::{Script, Step};
use frontdesk::rehearsal::model::{Failure, Garbage, Line, ModelOptions};
use frontdesk::rehearsal::{CALLER, RECEPTIONIST};
use serde_json::json;

use super::desk::{Desk, ms, spoken, talkative};
use super::routed::republish;

/// Loudness of sound, silence left out.
fn loudness(mulaw: &[u8]) -> f64 {
    let samples = mulaw.iter().map(|code| f64::from(decode_mulaw(*code)));
    let loud: Vec<f64> = samples.filter(|sample| sample.abs() > 100.0).collect();
    let count = u32::try_from(loud.len().max(1)).expect("a short recording");
    (loud.iter().map(|sample| sample * sample).sum::<f64>() / f64::from(count)).sqrt()
}

#[tokio::test(flavor = "multi_thread")]
async fn o10_half_a_sample_does_not_turn_what_follows_into_noise() {
    let odd = json!({
        "type": "response.output_audio.delta", "event_id": "event_odd",
        "response_id": "resp_odd", "item_id": "item_odd",
        "output_index": 0, "content_index": 0, "delta": STANDARD.encode([0; 7]),
    });
    let desk = Desk::open(ModelOptions {
        failures: vec![Failure::GarbageAfterDeltas {
            deltas: 3,
            messages: vec![Garbage::Text(odd.to_string())],
        }],
        ..talkative()
    })
    .await;
    let steps = [
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(400)),
        Step::HangUp,
    ];
    let report = desk.carrier().place_call(&Script::new(steps)).await;
    let heard = loudness(&report.stream().unwrap().heard);
    let said = loudness(RECEPTIONIST[0].mulaw);
    assert!(heard < said * 1.3, "{said} was said, {heard} was heard");
}

#[tokio::test(flavor = "multi_thread")]
async fn o12_an_agent_that_may_not_hang_up_does_not() {
    let lines = vec![
        Line::say(spoken(&RECEPTIONIST[0])).then_call("end_call", "{}"),
        Line::say(spoken(&RECEPTIONIST[4])),
    ];
    let desk = Desk::open(ModelOptions {
        lines,
        ..talkative()
    })
    .await;
    let version = republish(&desk, |receptionist| receptionist.tools.clear()).await;
    assert_eq!(version, 2);
    let steps = [
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(400)),
        Step::Wait(ms(200)),
        Step::HangUp,
    ];
    let report = desk.carrier().place_call(&Script::new(steps)).await;
    let session = desk.session(0).await;
    let log = desk.log(&report).await;
    assert_eq!(log.end_reason, Some(EndReason::CallerHungUp));
    assert_eq!(session.tool_outputs.len(), 1);
    assert_eq!(session.responses.len(), 2, "it is asked to go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_words_reach_a_model_that_is_ready_after_3_s() {
    let desk = Desk::open(ModelOptions {
        ready_delay: ms(3_000),
        ..talkative()
    })
    .await;
    let steps = [
        Step::Speak(spoken(&CALLER[1])),
        Step::Wait(ms(3_500)),
        Step::HangUp,
    ];
    let report = desk.carrier().place_call(&Script::new(steps)).await;
    let session = desk.session(0).await;
    let log = desk.log(&report).await;
    assert_eq!(log.end_reason, Some(EndReason::CallerHungUp));
    let sent = report.stream().unwrap().spoken.len();
    let missing = sent.saturating_sub(session.appended.mulaw().len());
    assert!(
        missing <= 1_600,
        "{missing} of {sent} samples never arrived"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn t1_a_caller_whose_stream_is_closed_and_not_stopped_has_not_hung_up() {
    let desk = Desk::open(talkative()).await;
    let script = Script::new([Step::WaitForSpeech, Step::CloseSocket]);
    let report = desk.carrier().place_call(&script).await;
    assert_eq!(report.verb_names(), ["Connect", "Say", "Hangup"]);
    let log = desk.log(&report).await;
    assert_eq!(log.end_reason, Some(EndReason::CarrierLost));
}

#[tokio::test(flavor = "multi_thread")]
async fn t1_a_caller_whose_stream_stopped_and_who_is_still_there_is_led_on() {
    let desk = Desk::open(talkative()).await;
    let stop = json!({"event": "stop", "sequenceNumber": "2", "stop": {}});
    let steps = [
        Step::WaitForSpeech,
        Step::Send(stop.to_string()),
        Step::StayUntilEnd,
    ];
    let report = desk.carrier().place_call(&Script::new(steps)).await;
    assert_eq!(report.verb_names(), ["Connect", "Say", "Hangup"]);
    let log = desk.log(&report).await;
    assert_eq!(log.end_reason, Some(EndReason::CallerHungUp));
}

#[tokio::test(flavor = "multi_thread")]
async fn t1_a_caller_whose_stream_broke_off_is_told() {
    let desk = Desk::open(talkative()).await;
    let script = Script::new([Step::WaitForSpeech, Step::DropSocket]);
    let report = desk.carrier().place_call(&script).await;
    assert_eq!(report.verb_names(), ["Connect", "Say", "Hangup"]);
    let log = desk.log(&report).await;
    assert_eq!(log.end_reason, Some(EndReason::CarrierLost));
}

//! Both simulators at once, with a bridge of sixty lines between them.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use frontdesk::rehearsal::carrier::{Script, Step};
use frontdesk::rehearsal::model::{Line as Said, ModelOptions, ModelServer};
use frontdesk::rehearsal::{Spoken, truncation_error};
use serde_json::json;

use super::gateway::{Gateway, Line, connect};
use super::model_client::{Client, quick};

#[tokio::test]
async fn a_caller_is_greeted_answered_and_interrupts() {
    let ms = Duration::from_millis;
    let say = |text: &str, lasting| Said::say(Spoken::babble(text, lasting));
    let options = ModelOptions {
        lines: vec![
            say("Hello.", ms(400)),
            say("A long answer.", ms(3000)),
            say("Yes?", ms(300)),
        ],
        delta: ms(40),
        speed: 3.0,
        ..quick()
    };
    let server = Arc::new(ModelServer::start(options).await.unwrap());
    let model = Arc::clone(&server);
    let gateway = Gateway::start(connect, move |line| {
        let model = Arc::clone(&model);
        async move { bridge(line, Client::connect(&model).await).await }
    })
    .await;
    let steps = [
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(200)),
        Step::Speak(Spoken::babble("What are your hours?", ms(500))),
        Step::WaitForSpeech,
        Step::SpeakOver {
            spoken: Spoken::babble("Stop.", ms(300)),
            after: ms(500),
        },
        Step::WaitForQuiet(ms(400)),
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(200)),
        Step::HangUp,
    ];
    let report = gateway.carrier().place_call(&Script::new(steps)).await;

    assert_eq!(report.all_violations(), [""; 0]);
    assert_eq!(server.violations(), [""; 0]);
    assert_eq!(report.gave_up_at, None);
    let stream = report.stream().unwrap();
    let session = &server.sessions()[0];
    let statuses: Vec<&str> = session
        .responses
        .iter()
        .map(|r| r.status.as_str())
        .collect();
    assert_eq!(statuses, ["completed", "cancelled", "completed"]);
    let times = report.response_times();
    assert_eq!(times.len(), 2);
    // 200 ms of silence for the detector, and little else.
    assert!(times[0] > ms(180) && times[0] < ms(400), "{times:?}");
    assert!(
        report.barge_in_times()[0] < ms(300),
        "{:?}",
        report.barge_in_times()
    );
    let [error] = &truncation_error(stream, session)[..] else {
        panic!("one truncation")
    };
    assert!((-80..=20).contains(&error.error_ms()), "{error:?}");
    assert!(error.heard_ms > 400, "{error:?}");
    // The model heard what the caller said, sample by sample.
    assert!(stream.spoken.starts_with(&session.appended.bytes));
    assert_eq!(stream.underrun(ms(100)), Duration::ZERO);
}

/// Passes mu-law through; on barge-in counts what the marks say was heard.
async fn bridge(mut line: Line, mut model: Client) {
    let sid = line.start().await;
    let turn_detection = json!({"type": "server_vad", "silence_duration_ms": 200});
    let format = json!({"type": "audio/pcmu"});
    let input = json!({"format": format, "turn_detection": turn_detection});
    model
        .update(json!({"audio": {"input": input, "output": {"format": format}}}))
        .await;
    model.send(json!({"type": "response.create"})).await;
    let (mut item, mut sent_ms, mut heard_ms) = (String::new(), 0, 0);
    loop {
        tokio::select! {
            message = line.next() => {
                let Some(message) = message else { return };
                if message["event"] == "media" {
                    let audio = &message["media"]["payload"];
                    model.send(json!({"type": "input_audio_buffer.append", "audio": audio})).await;
                } else if message["event"] == "mark" {
                    let name = message["mark"]["name"].as_str().expect("a mark has a name");
                    let (of, ms) = name.split_once(' ').expect("a mark of ours has two parts");
                    if of == item {
                        heard_ms = ms.parse::<usize>().expect("we wrote a number");
                    }
                } else if message["event"] == "stop" {
                    return line.close().await;
                }
            }
            event = model.next() => {
                if event["type"] == "response.output_audio.delta" {
                    let of = event["item_id"].as_str().expect("a delta has an item");
                    if of != item {
                        (item, sent_ms, heard_ms) = (of.to_owned(), 0, 0);
                    }
                    let delta = event["delta"].as_str().expect("a delta has sound");
                    let mulaw = STANDARD.decode(delta).expect("a delta is base64");
                    sent_ms += mulaw.len() / 8;
                    line.play(&sid, &mulaw).await;
                    line.mark(&sid, &format!("{item} {sent_ms}")).await;
                } else if event["type"] == "input_audio_buffer.speech_started" && heard_ms < sent_ms {
                    line.clear(&sid).await;
                    let truncate = json!({"type": "conversation.item.truncate", "item_id": item,
                        "content_index": 0, "audio_end_ms": heard_ms});
                    model.send(truncate).await;
                    // What clear gives back was not heard.
                    item.clear();
                }
            }
        }
    }
}

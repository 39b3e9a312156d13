//! The simulated carrier's media streams, message by message.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use frontdesk::domain::Secret;
use frontdesk::rehearsal::Spoken;
use frontdesk::rehearsal::carrier::{
    CallReport, Carrier, CarrierOptions, EndedBy, Fault, Opening, Script, Step, stream_on,
};
use futures::{SinkExt as _, StreamExt as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha1::Sha1;
use tokio::io::duplex;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::gateway::{Gateway, Line, TOKEN, connect};

pub(super) fn hmac(text: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(TOKEN.as_bytes()).expect("any key will do");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Places a call to a gateway whose stream does `play`; gives also what the carrier sent.
async fn call<F>(script: Script, play: fn(Line, String) -> F) -> (CallReport, Vec<Value>)
where
    F: Future<Output = Line> + Send + 'static,
{
    let log: Arc<Mutex<Vec<Value>>> = Arc::default();
    let kept = Arc::clone(&log);
    let gateway = Gateway::start(connect, move |mut line| {
        let kept = Arc::clone(&kept);
        async move {
            let sid = line.start().await;
            let mut line = play(line, sid).await;
            let seen = std::mem::take(&mut line.log);
            line.close().await;
            kept.lock().expect("nobody panicked").extend(seen);
        }
    })
    .await;
    let report = gateway.carrier().place_call(&script).await;
    let log = log.lock().expect("nobody panicked").clone();
    (report, log)
}

/// Reads until the carrier is gone.
async fn listen(mut line: Line, _sid: String) -> Line {
    while line.next().await.is_some() {}
    line
}

fn of<'a>(log: &'a [Value], event: &str) -> Vec<&'a Value> {
    log.iter()
        .filter(|message| message["event"] == event)
        .collect()
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

#[tokio::test]
async fn the_stream_speaks_the_documented_messages() {
    let spoken = Spoken::babble("hello", ms(100));
    let steps = [
        Step::Wait(ms(60)),
        Step::Speak(spoken.clone()),
        Step::Digit('5'),
        Step::Wait(ms(40)),
    ];
    let (report, log) = call(Script::new(steps), listen).await;
    assert_eq!(report.all_violations(), [""; 0]);
    assert_eq!(
        log[0],
        json!({"event": "connected", "protocol": "Call", "version": "1.0.0"})
    );
    let stream = report.stream().unwrap();
    let start = &log[1];
    assert_eq!(start["sequenceNumber"], "1");
    assert_eq!(
        start["start"]["customParameters"],
        json!({"token": "secret"})
    );
    assert_eq!(start["start"]["callSid"], json!(report.call_sid));
    assert_eq!(start["start"]["tracks"], json!(["inbound"]));
    let format = json!({"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1});
    assert_eq!(start["start"]["mediaFormat"], format);
    for (at, message) in log[1..].iter().enumerate() {
        assert_eq!(message["sequenceNumber"], json!((at + 1).to_string()));
        assert_eq!(message["streamSid"], json!(stream.stream_sid));
    }
    let media = of(&log, "media");
    let sent: Vec<u8> = media
        .iter()
        .flat_map(|message| {
            assert_eq!(
                keys(&message["media"]),
                ["chunk", "payload", "timestamp", "track"]
            );
            STANDARD
                .decode(message["media"]["payload"].as_str().unwrap())
                .unwrap()
        })
        .collect();
    assert!(sent == stream.spoken);
    assert!(sent[480..480 + 800] == spoken.mulaw[..]);
    assert!(sent[..480].iter().all(|&byte| byte == 0xFF));
    assert_eq!(media[2]["media"]["chunk"], "3");
    assert_eq!(media[2]["media"]["timestamp"], "40");
    assert_eq!(
        of(&log, "dtmf")[0]["dtmf"],
        json!({"track": "inbound_track", "digit": "5"})
    );
    let stop = log.last().unwrap();
    assert_eq!(keys(&stop["stop"]), ["accountSid", "callSid"]);
    assert_eq!(stream.ended_by, EndedBy::Caller);
    assert!(stream.to_wav().starts_with(b"RIFF"));
    assert_eq!(stream.to_wav().len(), 58 + 2 * sent.len());
}

#[tokio::test]
async fn the_upgrade_is_signed_as_the_url_is_written() {
    async fn check(line: Line, _sid: String) -> Line {
        let headers = &line.upgrade.headers;
        assert_eq!(
            headers["x-twilio-signature"],
            hmac("wss://desk.example/media-stream")
        );
        assert_eq!(
            (line.upgrade.path.as_str(), headers["host"].as_str()),
            ("/media-stream", "desk.example")
        );
        assert!(
            !headers.contains_key("origin") && !headers.contains_key("sec-websocket-extensions")
        );
        line
    }
    let (report, _) = call(Script::new([Step::StayUntilEnd]), check).await;
    assert_eq!(report.stream().unwrap().ended_by, EndedBy::Gateway);
    assert_eq!(report.all_violations(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_a_gateway_said_before_it_went_is_heard() {
    let (near, far) = duplex(16 * 1024);
    let gateway = async {
        let mut socket = WebSocketStream::from_raw_socket(near, Role::Server, None).await;
        socket.next().await;
        socket.next().await;
        for message in [
            // It comes back at once, and finds nobody.
            json!({"event": "mark", "streamSid": "MZ1", "mark": {"name": "early"}}),
            json!({"event": "media", "streamSid": "MZ1", "media": {"payload": "f39/fw=="}}),
            json!({"event": "mark", "streamSid": "MZ1", "mark": {"name": "late"}}),
        ] {
            let message = Message::text(message.to_string());
            socket.feed(message).await.unwrap();
        }
        socket.flush().await.unwrap();
    };
    let options = CarrierOptions::new("http://gateway", Secret::new(String::new()));
    let opening = Opening {
        call_sid: "CA1".to_owned(),
        stream_sid: "MZ1".to_owned(),
        token: "a token".to_owned(),
    };
    let script = Script::new([Step::StayUntilEnd]);
    let stream = stream_on(far, &options, &opening, &script);
    let (report, ()) = tokio::join!(stream, gateway);
    assert_eq!((report.media_count, report.marks.len()), (1, 2));
    assert_eq!(report.ended_by, EndedBy::Gateway);
}

#[tokio::test]
async fn messages_that_the_carrier_does_not_know_are_warned_of_and_ignored() {
    async fn misbehave(mut line: Line, sid: String) -> Line {
        line.send(json!({"event": "clear", "streamSid": sid, "extra": 1}))
            .await;
        line.send(json!({"event": "clear", "streamSid": "MZother"}))
            .await;
        line.send(json!({"event": "media", "streamSid": sid, "media": {"payload": "UklGRg=="}}))
            .await;
        line.send(json!({"event": "stop", "streamSid": sid})).await;
        let _ = line.socket.send(Message::binary(vec![0_u8])).await;
        let _ = line.socket.send(Message::text("hello")).await;
        line.mark(&sid, "end").await;
        line.until("mark").await;
        line
    }
    let (report, _) = call(Script::new([Step::StayUntilEnd]), misbehave).await;
    let stream = report.stream().unwrap();
    let codes: Vec<&str> = stream
        .violations
        .iter()
        .map(|warning| &warning[..5])
        .collect();
    assert_eq!(
        codes,
        ["31951", "31951", "31951", "31951", "31950", "31950"]
    );
    assert_eq!((stream.clears.len(), stream.received_ms), (0, 0));
}

#[tokio::test]
async fn marks_come_back_when_the_sound_before_them_is_out() {
    async fn play(mut line: Line, sid: String) -> Line {
        line.mark(&sid, "empty").await;
        line.play(&sid, &[0x20; 8 * 200]).await;
        line.mark(&sid, "first").await;
        line.play(&sid, &[0x20; 8 * 100]).await;
        line.mark(&sid, "second").await;
        for _ in 0..3 {
            line.until("mark").await;
        }
        line
    }
    let (report, _) = call(Script::new([Step::StayUntilEnd]), play).await;
    let stream = report.stream().unwrap();
    let waits: Vec<Duration> = stream
        .marks
        .iter()
        .map(|mark| mark.returned_at.unwrap().duration_since(mark.received_at))
        .collect();
    assert!(waits[0] < ms(20));
    assert!(waits[1] >= ms(199) && waits[1] < ms(300), "{waits:?}");
    assert!(waits[2] >= ms(299) && waits[2] < ms(400), "{waits:?}");
    assert_eq!(stream.played_ms, 300);
    assert!(
        stream
            .heard
            .windows(8 * 300)
            .any(|window| window == [0x20; 8 * 300])
    );
    assert_eq!(stream.gaps, []);
}

#[tokio::test]
async fn a_clear_drops_the_rest_and_sends_all_marks_back() {
    async fn play(mut line: Line, sid: String) -> Line {
        line.play(&sid, &[0x20; 8 * 1000]).await;
        line.mark(&sid, "a").await;
        line.mark(&sid, "b").await;
        for _ in 0..10 {
            line.until("media").await;
        }
        line.clear(&sid).await;
        line.until("mark").await;
        line.until("mark").await;
        line.play(&sid, &[0x20; 8 * 60]).await;
        line.mark(&sid, "c").await;
        line.until("mark").await;
        line
    }
    let (report, _) = call(Script::new([Step::StayUntilEnd]), play).await;
    let stream = report.stream().unwrap();
    let [clear] = stream.clears[..] else {
        panic!("one clear: {:?}", stream.clears)
    };
    assert_eq!(clear.received_ms_total, 1000);
    assert_eq!(clear.played_ms_since_last_clear + clear.dropped_ms, 1000);
    assert!(
        (160..=260).contains(&clear.played_ms_since_last_clear),
        "{clear:?}"
    );
    let cleared: Vec<bool> = stream.marks.iter().map(|mark| mark.is_cleared).collect();
    assert_eq!(cleared, [true, true, false]);
    assert_eq!(stream.played_ms, clear.played_ms_since_last_clear + 60);
    assert!(stream.gaps.iter().all(|gap| gap.is_after_clear));
    assert_eq!(stream.underrun(ms(400)), Duration::ZERO);
}

#[tokio::test]
async fn the_caller_barges_in_and_is_told_apart_from_the_receptionist() {
    async fn play(mut line: Line, sid: String) -> Line {
        let speech = Spoken::babble("", ms(1000));
        for frame in speech.mulaw.chunks(160) {
            line.play(&sid, frame).await;
        }
        loop {
            let Some(message) = line.next().await else {
                return line;
            };
            let payload = message["media"]["payload"].as_str().unwrap_or_default();
            if STANDARD
                .decode(payload)
                .unwrap()
                .iter()
                .any(|&byte| byte != 0xFF)
            {
                break;
            }
        }
        line.clear(&sid).await;
        for _ in 0..30 {
            line.until("media").await;
        }
        line
    }
    let spoken = Spoken::babble("wait", ms(200));
    let script = Script::new([
        Step::SpeakOver {
            spoken,
            after: ms(300),
        },
        Step::StayUntilEnd,
    ]);
    let (report, _) = call(script, play).await;
    let stream = report.stream().unwrap();
    let played = stream.clears[0].played_ms_since_last_clear;
    assert!((300..=420).contains(&played), "{played}");
    let [reaction] = report.barge_in_times()[..] else {
        panic!("{:?}", report.events)
    };
    assert!(reaction < ms(100), "{reaction:?}");
}

#[tokio::test]
async fn lost_packets_leave_a_gap_in_the_timestamps() {
    let steps = [
        Step::Wait(ms(40)),
        Step::StopFrames(ms(100)),
        Step::Wait(ms(40)),
    ];
    let (report, log) = call(Script::new(steps), listen).await;
    let times: Vec<u64> = of(&log, "media")
        .iter()
        .map(|message| {
            message["media"]["timestamp"]
                .as_str()
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect();
    assert_eq!(times[..3], [0, 20, 140]);
    assert_eq!(of(&log, "media")[2]["media"]["chunk"], "3");
    assert_eq!(
        report.stream().unwrap().spoken.len(),
        report.stream().unwrap().heard.len()
    );
}

#[tokio::test]
async fn a_socket_that_drops_says_no_stop_and_the_call_goes_on() {
    let steps = [Step::Wait(ms(40)), Step::DropSocket];
    let (report, log) = call(Script::new(steps), listen).await;
    assert!(of(&log, "stop").is_empty());
    assert_eq!(report.stream().unwrap().ended_by, EndedBy::Break);
    let action = &report.requests[1];
    assert!(
        action
            .form
            .contains(&("CallStatus".to_owned(), "in-progress".to_owned()))
    );
}

#[tokio::test]
async fn marks_may_be_late_or_lost() {
    async fn play(mut line: Line, sid: String) -> Line {
        line.play(&sid, &[0x20; 160]).await;
        line.mark(&sid, "a").await;
        for _ in 0..10 {
            line.until("media").await;
        }
        line
    }
    let script = || Script::new([Step::StayUntilEnd]);
    let (report, log) = call(script().with(Fault::MarksNever), play).await;
    assert!(of(&log, "mark").is_empty());
    assert_eq!(report.stream().unwrap().marks[0].returned_at, None);
    let (report, _) = call(script().with(Fault::MarksLate(ms(100))), play).await;
    let mark = &report.stream().unwrap().marks[0];
    assert!(mark.returned_at.unwrap().duration_since(mark.received_at) >= ms(110));
}

#[tokio::test]
async fn a_slow_reader_reads_nothing_for_a_while() {
    async fn play(mut line: Line, sid: String) -> Line {
        for _ in 0..30 {
            line.play(&sid, &[0x20; 160]).await;
            line.until("media").await;
        }
        line
    }
    let slow = Fault::SlowReader {
        after: ms(100),
        lasting: ms(300),
    };
    let script = Script::new([Step::StayUntilEnd]).with(slow);
    let (report, _) = call(script, play).await;
    let times: Vec<_> = report
        .stream()
        .unwrap()
        .messages
        .iter()
        .map(|(at, _)| *at)
        .collect();
    let longest = times
        .windows(2)
        .map(|two| two[1].duration_since(two[0]))
        .max()
        .unwrap();
    assert!(longest >= ms(250), "{longest:?}");
}

#[tokio::test]
async fn a_line_that_hisses_carries_noise_and_no_silence() {
    let script = Script::new([Step::Wait(ms(100))]).with(Fault::ComfortNoise(-50.0));
    let (report, _) = call(script, listen).await;
    let spoken = &report.stream().unwrap().spoken;
    assert!(
        spoken
            .chunks(160)
            .all(|frame| frame.iter().any(|&byte| byte & 0x7F < 0x7F))
    );
}

#[tokio::test]
async fn strangers_come_with_forged_replayed_or_wrong_credentials() {
    async fn look(line: Line, _sid: String) -> Line {
        assert_ne!(
            line.upgrade.headers.get("x-twilio-signature"),
            Some(&hmac("wss://desk.example/media-stream"))
        );
        line
    }
    let script = || Script::new([Step::StayUntilEnd]);
    for fault in [Fault::ForgedStreamSignature, Fault::NoStreamSignature] {
        let (report, _) = call(script().with(fault), look).await;
        assert_eq!(report.stream().unwrap().upgrade_status, Some(101));
    }
    let wrong = script().with(Fault::WrongToken("guess".to_owned()));
    let (_, log) = call(wrong, |line, _| async { line }).await;
    assert_eq!(log[1]["start"]["customParameters"]["token"], "guess");
    let (report, log) = call(
        Script::new([Step::Wait(ms(500))]).with(Fault::ReplayedStream),
        |mut line, _sid| async {
            for _ in 0..20 {
                line.next().await;
            }
            line
        },
    )
    .await;
    let replay = report.replay.unwrap();
    assert_eq!(
        (replay.upgrade_status, replay.close_code),
        (Some(101), None)
    );
    assert_eq!(of(&log, "start").len(), 2);
}

#[tokio::test]
async fn a_stream_without_start_and_a_caller_without_patience_end() {
    let log: Arc<Mutex<Vec<Value>>> = Arc::default();
    let kept = Arc::clone(&log);
    let gateway = Gateway::start(connect, move |mut line| {
        let kept = Arc::clone(&kept);
        async move {
            while line.next().await.is_some() {}
            kept.lock().expect("nobody panicked").append(&mut line.log);
        }
    })
    .await;
    let options = CarrierOptions {
        patience: ms(200),
        ..gateway.options()
    };
    let carrier = Carrier::new(options).unwrap();
    let silent = carrier
        .place_call(&Script::default().with(Fault::NeverStart))
        .await;
    assert!(silent.stream().unwrap().started_at.is_none());
    assert_eq!(log.lock().unwrap().len(), 1);
    let waiting = carrier
        .place_call(&Script::new([Step::WaitForSpeech]))
        .await;
    assert_eq!(waiting.gave_up_at.as_deref(), Some("WaitForSpeech"));
    assert_eq!(of(&log.lock().unwrap(), "stop").len(), 1);
}

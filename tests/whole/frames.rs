//! Frames and messages that no carrier should send, before a stream has started and after.

use std::time::Duration;

use frontdesk::domain::{CallSid, EndReason};
use frontdesk::rehearsal::carrier::{Script, Step};
use frontdesk::store::calls;
use serde_json::{Value, json};
use socket2::SockRef;

use super::desk::{Desk, ms, talkative};
use super::visitor::{INBOUND, RawStream, STREAM_SID, connected, form, frame, post, start, stop};

/// Bytes that break RFC 6455, and the code that the peer is told.
fn broken_frames() -> Vec<(&'static str, Vec<u8>, u16)> {
    let long = vec![b' '; 70 * 1024];
    let mut unfinished = frame(0x01, b"{");
    unfinished.extend(frame(0x81, b"}"));
    let mut fragments = frame(0x01, &long[..40 * 1024]);
    fragments.extend(frame(0x80, &long[..40 * 1024]));
    let mut lying = vec![0x81, 0xFF];
    lying.extend(u64::MAX.to_be_bytes());
    lying.extend([0; 4]);
    vec![
        ("unmasked", vec![0x81, 2, b'{', b'}'], 1002),
        ("reserved bit 1", frame(0xC1, b"{}"), 1002),
        ("reserved bit 2", frame(0xA1, b"{}"), 1002),
        ("reserved bit 3", frame(0x91, b"{}"), 1002),
        ("unknown data frame", frame(0x83, b"{}"), 1002),
        ("unknown control frame", frame(0x8B, b""), 1002),
        ("fragmented ping", frame(0x09, b""), 1002),
        ("fragmented close", frame(0x08, &[3, 232]), 1002),
        ("ping of 126 bytes", frame(0x89, &long[..126]), 1002),
        ("close of 126 bytes", frame(0x88, &[3; 126]), 1002),
        ("continuation of nothing", frame(0x80, b"{}"), 1002),
        ("text within a text", unfinished, 1002),
        ("invalid UTF-8", frame(0x81, &[0xC3, 0x28]), 1007),
        ("a surrogate", frame(0x81, &[0xED, 0xA0, 0x80]), 1007),
        (
            "a text that ends too soon",
            frame(0x81, &[0xE2, 0x82]),
            1007,
        ),
        ("70 KiB", frame(0x81, &long), 1009),
        ("80 KiB in two", fragments, 1009),
        ("16 EiB, they say", lying, 1009),
    ]
}

/// Goodbyes, some of them not well said, and how they are answered; the call
/// is over in any case. 0 is an answer without a code.
fn goodbyes() -> Vec<(&'static str, Vec<u8>, u16)> {
    vec![
        ("close code 1000", frame(0x88, &[3, 232]), 1000),
        ("close code 4999", frame(0x88, &[19, 135]), 4999),
        ("close without a code", frame(0x88, b""), 0),
        ("close code 999", frame(0x88, &[3, 231]), 1002),
        ("close code 1005", frame(0x88, &[3, 237]), 1002),
        ("close code 1006", frame(0x88, &[3, 238]), 1002),
        ("close of 1 byte", frame(0x88, &[3]), 1002),
        (
            "close reason not UTF-8",
            frame(0x88, &[3, 232, 0xC3, 0x28]),
            1007,
        ),
    ]
}

async fn begin(desk: &Desk, call_sid: &str) -> RawStream {
    let token = post(desk, INBOUND, &form(call_sid, "ringing"))
        .await
        .token();
    let mut stream = RawStream::start(desk, call_sid, &token).await;
    assert!(stream.is_alive().await);
    stream
}

async fn end_reason(desk: &Desk, call_sid: &str) -> EndReason {
    let call_sid: CallSid = call_sid.parse().expect("a SID");
    let written = async {
        loop {
            let found = calls::find_by_sid(&desk.store, &call_sid).await;
            let row = found.expect("the database answers");
            if let Some(end_reason) = row.and_then(|row| row.end_reason) {
                return end_reason;
            }
            tokio::task::yield_now().await;
        }
    };
    let written = tokio::time::timeout(ms(5_000), written).await;
    written.expect("the end is written down")
}

/// The house answers as if nothing had been.
async fn is_well(desk: &Desk) {
    desk.is_empty().await;
    let script = Script::new([Step::WaitForSpeech, Step::HangUp]);
    let report = desk.carrier().place_call(&script).await;
    assert_eq!(report.all_violations(), Vec::<String>::new());
    assert_eq!(desk.model.violations(), Vec::<String>::new());
    desk.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t5_broken_frames_before_the_start_are_told_so() {
    let desk = Desk::open(talkative()).await;
    for (what, bytes, code) in broken_frames().into_iter().chain(goodbyes()) {
        let mut stream = RawStream::open(&desk).await;
        stream.send(&bytes).await;
        assert_eq!(stream.close_code().await, Some(code), "{what}");
    }
    assert_eq!(desk.model.accepted(), 0);
    is_well(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t5_broken_frames_in_a_call_end_it_and_are_told_so() {
    let desk = Desk::open(talkative()).await;
    for (n, (what, bytes, code)) in broken_frames().into_iter().enumerate() {
        let call_sid = format!("CA{n}");
        let mut stream = begin(&desk, &call_sid).await;
        stream.send(&bytes).await;
        assert_eq!(stream.close_code().await, Some(code), "{what}");
        let ended = end_reason(&desk, &call_sid).await;
        assert_eq!(ended, EndReason::CarrierLost, "{what}");
    }
    for (n, (what, bytes, code)) in goodbyes().into_iter().enumerate() {
        let call_sid = format!("CB{n}");
        let mut stream = begin(&desk, &call_sid).await;
        stream.send(&bytes).await;
        assert_eq!(stream.close_code().await, Some(code), "{what}");
        end_reason(&desk, &call_sid).await;
    }
    is_well(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t5_half_a_frame_and_a_reset_leave_nothing() {
    let desk = Desk::open(talkative()).await;
    let whole = frame(0x81, connected().to_string().as_bytes());
    for cut in [0, 1, 2, 5, 6, 20] {
        let mut early = RawStream::open(&desk).await;
        early.send(&whole[..cut]).await;
        reset(early);
        let call_sid = format!("CA{cut}");
        let mut stream = begin(&desk, &call_sid).await;
        stream.send(&whole[..cut]).await;
        reset(stream);
        let ended = end_reason(&desk, &call_sid).await;
        assert_eq!(ended, EndReason::CarrierLost, "cut at {cut}");
    }
    is_well(&desk).await;
}

/// RST instead of FIN.
fn reset(stream: RawStream) {
    let RawStream { socket } = stream;
    let lingering = SockRef::from(&socket).set_linger(Some(Duration::ZERO));
    lingering.expect("the socket is open");
}

/// Messages that are no start, and the code that the peer is told.
fn false_starts() -> Vec<(&'static str, Value, u16)> {
    let mut pcm = start("CA-none", Some("token"));
    pcm["start"]["mediaFormat"]["encoding"] = json!("audio/l16");
    let mut fast = start("CA-none", Some("token"));
    fast["start"]["mediaFormat"]["sampleRate"] = json!(16_000);
    let mut two_sids = start("CA-none", Some("token"));
    two_sids["streamSid"] = json!("MZ-other");
    let mut no_call = start("CA-none", Some("token"));
    no_call["start"]["callSid"] = json!(null);
    let mut long_call = start("CA-none", Some("token"));
    long_call["start"]["callSid"] = json!("CA".repeat(5_000));
    vec![
        ("media first", media("//8="), 1002),
        ("mark first", mark("r1"), 1002),
        ("stop first", stop(), 1002),
        ("a list", json!([]), 1002),
        ("a number", json!(7), 1002),
        ("a start without a body", json!({"event": "start"}), 1002),
        ("another codec", pcm, 1003),
        ("another rate", fast, 1003),
        ("two stream SIDs", two_sids, 1002),
        ("no call SID", no_call, 1002),
        ("a call SID without end", long_call, 1002),
        ("an unknown call", start("CA-none", Some("token")), 1008),
        ("no token", start("CA-none", None), 1008),
    ]
}

fn media(payload: &str) -> Value {
    let media = json!({"track": "inbound", "chunk": "2", "timestamp": "5", "payload": payload});
    json!({"event": "media", "sequenceNumber": "3", "streamSid": STREAM_SID, "media": media})
}

fn mark(name: &str) -> Value {
    json!({"event": "mark", "streamSid": STREAM_SID, "mark": {"name": name}})
}

#[tokio::test(flavor = "multi_thread")]
async fn t4_what_is_no_start_closes_the_stream() {
    let desk = Desk::open(talkative()).await;
    for (what, message, code) in false_starts() {
        let mut stream = RawStream::open(&desk).await;
        stream.json(&connected()).await;
        stream.json(&message).await;
        assert_eq!(stream.close_code().await, Some(code), "{what}");
    }
    let deep = "[".repeat(60_000);
    for (what, text) in [("no JSON", "{\"event\":"), ("nothing", ""), ("deep", &deep)] {
        let mut stream = RawStream::open(&desk).await;
        stream.text(text).await;
        assert_eq!(stream.close_code().await, Some(1002), "{what}");
    }
    let mut stream = RawStream::open(&desk).await;
    stream.send(&frame(0x82, b"{}")).await;
    assert_eq!(stream.close_code().await, Some(1002), "binary");
    // Events that nobody knows are permitted, but not without end.
    let mut stream = RawStream::open(&desk).await;
    for _ in 0..64 {
        stream.json(&json!({"event": "future"})).await;
    }
    assert_eq!(stream.close_code().await, Some(1002), "events without end");
    assert_eq!(desk.model.accepted(), 0);
    is_well(&desk).await;
}

/// Messages that mean nothing, of which a call survives up to 32.
fn nonsense() -> Vec<String> {
    let mut other_sid = media("//8=");
    other_sid["streamSid"] = json!("MZ-other");
    let mut huge = media("//8=");
    huge["media"]["timestamp"] = json!("9".repeat(400));
    huge["media"]["chunk"] = json!(-1.5e300);
    huge["sequenceNumber"] = json!("18446744073709551616");
    let mut last = media("//8=");
    last["media"]["timestamp"] = json!(u64::MAX.to_string());
    let messages = [
        json!({"event": "media", "streamSid": STREAM_SID}),
        json!({"event": "media", "streamSid": STREAM_SID, "media": {}}),
        json!({"event": "media", "streamSid": STREAM_SID, "media": [1, 2]}),
        media("not base64"),
        media("A"),
        media("===="),
        media("//8"),
        media(""),
        media("/w=="),
        media(&"/".repeat(40_000)),
        other_sid,
        huge,
        last,
        start("CA-other", Some("token")),
        connected(),
        json!({"event": "dtmf", "streamSid": STREAM_SID, "dtmf": {"digit": "12"}}),
        json!({"event": "dtmf", "streamSid": STREAM_SID, "dtmf": {"digit": ""}}),
        json!({"event": "dtmf", "streamSid": STREAM_SID}),
        mark("not ours"),
        mark(&"9".repeat(400)),
        mark("r18446744073709551616"),
        json!({"event": "mark", "streamSid": STREAM_SID}),
        json!({"event": "\u{0}"}),
        json!({"event": null}),
        json!({}),
        json!(null),
    ];
    let mut texts: Vec<String> = messages.iter().map(Value::to_string).collect();
    texts.extend(["", "{", "\u{feff}{}"].map(str::to_owned));
    texts
}

#[tokio::test(flavor = "multi_thread")]
async fn t4_t5_nonsense_in_a_call_does_not_end_it() {
    let desk = Desk::open(talkative()).await;
    let mut stream = begin(&desk, "CA1").await;
    for text in nonsense() {
        stream.text(&text).await;
        assert!(stream.is_alive().await, "after {text:.80}");
    }
    stream.send(&frame(0x82, &[0; 160])).await;
    assert!(stream.is_alive().await, "after a binary message");
    assert_eq!(desk.bridge.counts().live, 1);
    stream.json(&stop()).await;
    assert_eq!(stream.close_code().await, Some(1000));
    assert_eq!(end_reason(&desk, "CA1").await, EndReason::CallerHungUp);
    is_well(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t5_nonsense_without_end_ends_the_call() {
    let desk = Desk::open(talkative()).await;
    let mut stream = begin(&desk, "CA1").await;
    for _ in 0..40 {
        stream.text("{").await;
    }
    assert_eq!(stream.close_code().await, Some(1008));
    assert_eq!(end_reason(&desk, "CA1").await, EndReason::CarrierLost);
    is_well(&desk).await;
}

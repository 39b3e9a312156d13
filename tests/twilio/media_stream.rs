//! Media stream messages: recorded lines, hostile lines, and what we write.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use proptest::prelude::*;
use serde::Deserialize;

use frontdesk::domain::StreamSid;
use frontdesk::twilio::media_stream::{
    Error, Inbound, Message, parse, parse_message, write_clear, write_mark, write_media,
};

const STREAM: &str = include_str!("../../fixtures/twilio/stream.jsonl");
const NUMBERS: &str = include_str!("../../fixtures/twilio/numbers.jsonl");
const UNKNOWN: &str = include_str!("../../fixtures/twilio/unknown.jsonl");
const SID: &str = "MZ18ad3ab5a668481ce02b83e7395059f0";

#[test]
fn a_stream_of_twilios_is_read_from_end_to_end() {
    let seen = tell(STREAM);
    assert_eq!(
        seen,
        [
            "- - connected",
            &format!("{SID} 1 start CA8b1c2d3e4f5061728394a5b6c7d8e9f0 [Inbound] true"),
            &format!("{SID} 2 media Inbound Some(5) Some(1) 160"),
            &format!("{SID} 3 media Inbound Some(25) Some(2) 160"),
            &format!("{SID} 4 dtmf 1"),
            &format!("{SID} 5 mark g1:item_abc:4"),
            &format!("{SID} 6 stop"),
        ]
    );
}

#[test]
fn a_carrier_that_sends_numbers_and_underscores_is_understood() {
    let seen = tell(NUMBERS);
    assert_eq!(
        seen,
        [
            "- - connected",
            "stream-7 1 start call.42:a [Inbound] true",
            "stream-7 2 media Inbound Some(0) Some(1) 158",
            "stream-7 3 media Outbound Some(20) Some(2) 160",
            "stream-7 4 dtmf 5",
            "stream-7 5 mark 17",
            "stream-7 - stop",
        ]
    );
}

#[test]
fn t4_unknown_events_and_fields_are_no_error() {
    let seen = tell(UNKNOWN);
    assert_eq!(
        seen,
        [
            "- - connected",
            &format!("{SID} 1 start CA8b1c2d3e4f5061728394a5b6c7d8e9f0 [Inbound] true"),
            &format!("{SID} - unknown captions"),
            &format!("{SID} - media Other None None 0"),
            &format!("{SID} - unknown "),
            "- - stop",
        ]
    );
}

#[test]
fn the_parameters_of_a_stream_arrive_as_text() {
    let Inbound::Start(start) = parse(STREAM.lines().nth(1).unwrap()).unwrap() else {
        panic!("the second line starts the stream");
    };
    assert_eq!(start.custom_parameters["greeting"], "Grüße \"you\"");
    assert_eq!(start.account_sid, "AC0123456789abcdef0123456789abcdef");
    let Inbound::Start(start) = parse(NUMBERS.lines().nth(1).unwrap()).unwrap() else {
        panic!("the second line starts the stream");
    };
    let parameters: Vec<_> = start.custom_parameters.into_iter().collect();
    let expected = [("retries", "3"), ("token", "t"), ("vip", "true")];
    assert_eq!(
        parameters,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[test]
fn a_format_that_we_do_not_speak_is_told_apart() {
    for (format, ours) in [
        (
            r#"{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}"#,
            true,
        ),
        (
            r#"{"encoding":"audio/x-mulaw;rate=8000","sampleRate":"8000","channels":"1"}"#,
            true,
        ),
        (
            r#"{"encoding":"audio/x-mulaw","sampleRate":16000,"channels":1}"#,
            false,
        ),
        (
            r#"{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":2}"#,
            false,
        ),
        (
            r#"{"encoding":"audio/x-l16","sampleRate":8000,"channels":1}"#,
            false,
        ),
        (r#"{"encoding":"OPUS","sampleRate":48000}"#, false),
    ] {
        let text = format!(
            r#"{{"event":"start","start":{{"streamSid":"MZ1","callSid":"CA1","mediaFormat":{format}}}}}"#
        );
        let Ok(Inbound::Start(start)) = parse(&text) else {
            panic!("{text}");
        };
        assert_eq!(start.media_format.is_mulaw_8k(), ours, "{format}");
    }
}

#[test]
fn a_frame_without_escapes_is_read_without_copying() {
    let line = STREAM.lines().nth(2).unwrap();
    let Inbound::Media(media) = parse(line).unwrap() else {
        panic!("the third line is a frame");
    };
    let borrowed = |text: &str| line.as_bytes().as_ptr_range().contains(&text.as_ptr());
    assert!(borrowed(&media.payload) && borrowed(media.stream_sid.as_ref().unwrap()));
    let escaped = r#"{"event":"media","media":{"payload":"\/\/8="}}"#;
    let Inbound::Media(media) = parse(escaped).unwrap() else {
        panic!("a frame");
    };
    let mut samples = vec![7; 9];
    media.decode(&mut samples).unwrap();
    assert_eq!(samples, [0xff, 0xff]);
}

#[test]
fn t5_a_payload_that_is_not_base64_is_an_error_and_leaves_nothing() {
    for payload in [
        "!!!!",
        "AAA*",
        "A",
        "//8=A",
        "//\u{fe0f}",
        "=",
        "////=",
        "\\u0000AAA",
    ] {
        let text = format!(r#"{{"event":"media","media":{{"payload":"{payload}"}}}}"#);
        let Ok(Inbound::Media(media)) = parse(&text) else {
            panic!("{text}");
        };
        let mut samples = vec![1, 2, 3];
        assert_eq!(media.decode(&mut samples), Err(Error::Payload), "{payload}");
        assert!(samples.is_empty());
    }
}

#[test]
fn t5_frames_of_any_size_are_decoded() {
    for size in [0, 1, 2, 3, 159, 160, 161, 65_536, 1 << 20] {
        let sound: Vec<u8> = (0..=u8::MAX).cycle().take(size).collect();
        let text = format!(
            r#"{{"event":"media","media":{{"payload":"{}"}}}}"#,
            STANDARD.encode(&sound)
        );
        let Ok(Inbound::Media(media)) = parse(&text) else {
            panic!("a frame of {size}");
        };
        let mut samples = Vec::new();
        media.decode(&mut samples).unwrap();
        assert_eq!(samples, sound);
    }
}

#[test]
fn messages_with_wrong_fields_are_errors_that_name_them() {
    let missing = |field| Error::Missing { field };
    for (text, field) in [
        (r#"{"event":"start"}"#, missing("start")),
        (r#"{"event":"start","start":null}"#, missing("start")),
        (
            r#"{"event":"start","start":{"callSid":"CA1"}}"#,
            missing("start.streamSid"),
        ),
        (
            r#"{"event":"start","start":{"streamSid":"MZ1"}}"#,
            missing("start.callSid"),
        ),
        (r#"{"event":"media","streamSid":"MZ1"}"#, missing("media")),
        (
            r#"{"event":"media","media":{"track":"inbound"}}"#,
            missing("media.payload"),
        ),
        (r#"{"event":"mark","mark":{}}"#, missing("mark.name")),
        (r#"{"event":"dtmf","dtmf":{}}"#, missing("dtmf.digit")),
    ] {
        assert_eq!(parse(text), Err(field), "{text}");
    }
    for (text, wrong) in [
        (
            r#"{"event":"media","media":["inbound","1","1","AAAA"]}"#,
            "media",
        ),
        (r#"{"event":"media","media":{"payload":{}}}"#, "media"),
        (r#"{"event":"dtmf","dtmf":{"digit":""}}"#, "dtmf.digit"),
        (r#"{"event":"dtmf","dtmf":{"digit":"12"}}"#, "dtmf.digit"),
        (r#"{"event":"dtmf","dtmf":{"digit":"x"}}"#, "dtmf.digit"),
        (
            r#"{"event":"start","start":{"streamSid":"","callSid":"CA1"}}"#,
            "start.streamSid",
        ),
        (
            r#"{"event":"start","start":{"streamSid":"MZ1","callSid":"C\"A"}}"#,
            "start.callSid",
        ),
        (
            r#"{"event":"start","streamSid":"MZ2","start":{"streamSid":"MZ1","callSid":"CA1"}}"#,
            "start.streamSid",
        ),
    ] {
        let error = parse(text).unwrap_err();
        assert!(
            matches!(error, Error::Invalid { field, .. } if field == wrong),
            "{text}: {error}"
        );
    }
}

#[test]
fn what_is_no_message_is_an_error_that_says_where() {
    let deep = format!(r#"{{"event":"x","media":{}"#, "[".repeat(100_000));
    for text in [
        "",
        "null",
        "[]",
        "{}",
        "\"media\"",
        r#"["stop",null,null,null,null,null,null]"#,
        "{\"event\":",
        r#"{"event":{}}"#,
        r#"{"event":"a","event":"b"}"#,
        r#"{"event":"stop"} x"#,
        "\u{feff}{\"event\":\"stop\"}",
        &deep,
    ] {
        let error = parse(text).unwrap_err();
        assert!(matches!(error, Error::NotAMessage { .. }), "{error}");
    }
}

#[test]
fn debugging_shows_neither_token_nor_speech() {
    let start = parse(STREAM.lines().nth(1).unwrap()).unwrap();
    let media = parse(STREAM.lines().nth(3).unwrap()).unwrap();
    let shown = format!("{start:?} {media:?}");
    assert!(
        shown.contains("token") && !shown.contains("t0ken"),
        "{shown}"
    );
    assert!(shown.contains("216") && !shown.contains("AAEC"), "{shown}");
}

#[test]
fn what_we_write_has_exactly_the_documented_keys() {
    let sid: StreamSid = SID.parse().unwrap();
    let mut out = BytesMut::from("left over");
    write_media(&mut out, &sid, &[0xff, 0x7f, 0x00]);
    assert_eq!(
        out,
        format!(r#"{{"event":"media","streamSid":"{SID}","media":{{"payload":"/38A"}}}}"#)
    );
    write_mark(&mut out, &sid, "g1:item:4");
    assert_eq!(
        out,
        format!(r#"{{"event":"mark","streamSid":"{SID}","mark":{{"name":"g1:item:4"}}}}"#)
    );
    write_clear(&mut out, &sid);
    assert_eq!(out, format!(r#"{{"event":"clear","streamSid":"{SID}"}}"#));
}

#[test]
fn a_buffer_used_again_is_not_allocated_again() {
    let sid: StreamSid = SID.parse().unwrap();
    let mut out = BytesMut::new();
    write_media(&mut out, &sid, &[0xff; 160]);
    let (before, capacity) = (out.as_ptr(), out.capacity());
    for fill in 0..=u8::MAX {
        write_media(&mut out, &sid, &[fill; 160]);
    }
    assert_eq!((before, capacity), (out.as_ptr(), out.capacity()));
}

proptest! {
    #[test]
    fn sound_that_is_written_is_read_back(sound in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let sid: StreamSid = SID.parse().unwrap();
        let mut out = BytesMut::new();
        write_media(&mut out, &sid, &sound);
        let strict: Sent = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!((strict.event.as_str(), strict.stream_sid.as_str()), ("media", SID));
        let payload = strict.media.unwrap().payload;
        prop_assert_eq!(&STANDARD.decode(payload).unwrap(), &sound);
        // The two directions differ by what the reader ignores only.
        let Inbound::Media(media) = parse(text(&out)).unwrap() else {
            panic!("a frame");
        };
        let mut samples = Vec::new();
        media.decode(&mut samples).unwrap();
        prop_assert_eq!(samples, sound);
    }

    #[test]
    fn a_mark_of_any_name_comes_back(name in any::<String>()) {
        let sid: StreamSid = SID.parse().unwrap();
        let mut out = BytesMut::new();
        write_mark(&mut out, &sid, &name);
        let strict: Sent = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(&strict.mark.unwrap().name, &name);
        prop_assert_eq!(parse(text(&out)).unwrap(), Inbound::Mark { name: name.into() });
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn no_damage_makes_the_reader_panic(line in 0..7_usize, cut in any::<u16>(), noise in any::<String>()) {
        for fixture in [STREAM, NUMBERS] {
            let line = fixture.lines().nth(line).unwrap();
            let at = usize::from(cut) % line.len();
            if let (Some(head), Some(tail)) = (line.get(..at), line.get(at..)) {
                let _ = parse(&format!("{head}{noise}{tail}"));
                let _ = parse(head);
            }
            if let Ok(Inbound::Media(media)) = parse(line) {
                let _ = media.decode(&mut Vec::new());
            }
        }
    }
}

/// What Twilio accepts, to the letter: other keys make it ignore the message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Sent {
    event: String,
    stream_sid: String,
    media: Option<SentMedia>,
    mark: Option<SentMark>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SentMedia {
    payload: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SentMark {
    name: String,
}

fn text(out: &BytesMut) -> &str {
    std::str::from_utf8(out).expect("JSON is UTF-8")
}

fn tell(fixture: &str) -> Vec<String> {
    fixture
        .lines()
        .map(|line| tell_one(&parse_message(line).expect(line)))
        .collect()
}

fn tell_one(message: &Message<'_>) -> String {
    let told = match &message.inbound {
        Inbound::Connected => "connected".to_owned(),
        Inbound::Start(start) => {
            let sid = message.stream_sid.as_deref();
            assert_eq!(sid, Some(start.stream_sid.as_str()));
            let ours = start.media_format.is_mulaw_8k();
            format!("start {} {:?} {ours}", start.call_sid, start.tracks)
        }
        Inbound::Media(media) => {
            assert_eq!(media.stream_sid, message.stream_sid);
            let mut samples = Vec::new();
            media.decode(&mut samples).expect("base64");
            let (track, at, chunk) = (media.track, media.timestamp_ms, media.chunk);
            format!("media {track:?} {at:?} {chunk:?} {}", samples.len())
        }
        Inbound::Dtmf { digit } => format!("dtmf {digit}"),
        Inbound::Mark { name } => format!("mark {name}"),
        Inbound::Stop => "stop".to_owned(),
        Inbound::Unknown { event } => format!("unknown {event}"),
    };
    let sid = message.stream_sid.as_deref().unwrap_or("-");
    let number = message
        .sequence_number
        .map_or("-".to_owned(), |number| number.to_string());
    format!("{sid} {number} {told}")
}

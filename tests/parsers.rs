//! Every parser of foreign bytes, on what is nearly right: the targets of `fuzz/run`, for a
//! moment, and without looking which way the bytes take through the code.
//!
//! `FRONTDESK_CASES=100000 cargo test parsers::` looks longer.

use std::fs;
use std::path::Path;

use frontdesk::record::Shape;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;

use crate::support::wanted::wanted;

#[path = "../fuzz/parsers/admin_json.rs"]
mod admin_json;
#[path = "../fuzz/parsers/admin_words.rs"]
mod admin_words;
#[path = "../fuzz/parsers/carrier_message.rs"]
mod carrier_message;
#[path = "../fuzz/parsers/carrier_recording.rs"]
mod carrier_recording;
#[path = "../fuzz/parsers/carrier_request.rs"]
mod carrier_request;
#[path = "../fuzz/parsers/model_event.rs"]
mod model_event;
#[path = "../fuzz/parsers/spooled_recording.rs"]
mod spooled_recording;

/// Cases of each, where nobody wants more.
const CASES: u64 = 1_500;
/// The largest that is looked at.
const MOST: usize = 16_384;

/// What happens to bytes on their way.
#[derive(Clone, Debug)]
enum Damage {
    Put(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
    End(Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    const WORDS: [&str; 16] = [
        "\"",
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\\",
        "null",
        "-1",
        "1e999",
        "9223372036854775808",
        "%",
        "&",
        "\u{0}",
        "\u{1F600}",
    ];
    let word = select(WORDS.as_slice()).prop_map(|word| word.as_bytes().to_vec());
    let some = prop_oneof![word, prop::collection::vec(any::<u8>(), 1..9)];
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Put(at, byte)),
        (any::<Index>(), some).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (any::<Index>(), 1..64_usize).prop_map(|(at, len)| Damage::Remove(at, len)),
        (any::<Index>(), 1..256_usize).prop_map(|(at, len)| Damage::Repeat(at, len)),
        any::<Index>().prop_map(Damage::End),
    ]
}

fn damaged(mut bytes: Vec<u8>, damages: &[Damage]) -> Vec<u8> {
    for damage in damages {
        let at = |index: &Index| index.index(bytes.len() + 1);
        match damage {
            Damage::Put(index, byte) => {
                let at = at(index);
                if let Some(place) = bytes.get_mut(at) {
                    *place = *byte;
                }
            }
            Damage::Insert(index, some) => {
                let at = at(index);
                bytes.splice(at..at, some.iter().copied());
            }
            Damage::Remove(index, len) => {
                let at = at(index);
                bytes.drain(at..(at + len).min(bytes.len()));
            }
            Damage::Repeat(index, len) => {
                let at = at(index);
                bytes.extend_from_within(at..(at + len).min(bytes.len()));
            }
            Damage::End(index) => {
                let at = at(index);
                bytes.truncate(at);
            }
        }
    }
    bytes.truncate(MOST);
    bytes
}

/// Has a parser read each seed as it is, and many that are nearly one.
fn look(seeds: Vec<Vec<u8>>, read: impl Fn(&[u8])) {
    for seed in &seeds {
        read(seed);
    }
    let cases = wanted("FRONTDESK_CASES").unwrap_or(CASES);
    let config = ProptestConfig {
        cases: cases.try_into().unwrap_or(u32::MAX),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let near = (select(seeds), prop::collection::vec(damage(), 1..6));
    let near = near.prop_map(|(seed, damages)| damaged(seed, &damages));
    let looked = TestRunner::new(config).run(&near, |bytes| {
        read(&bytes);
        Ok(())
    });
    looked.unwrap_or_else(|error| panic!("{error}"));
}

/// The same for those that take text.
fn look_at_text(seeds: Vec<Vec<u8>>, read: impl Fn(&str)) {
    look(seeds, |bytes| read(&String::from_utf8_lossy(bytes)));
}

/// The messages of a folder of fixtures, a line each.
fn lines(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(folder);
    let files = fs::read_dir(&folder).expect("the fixtures are there");
    let files = files.map(|file| file.unwrap().path());
    let files = files.filter(|file| file.extension().is_some_and(|end| end == "jsonl"));
    let texts: Vec<String> = files
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let lines = texts.iter().flat_map(|text| text.lines());
    let lines = lines.filter(|line| line.len() <= MOST);
    let lines: Vec<_> = lines.map(|line| line.as_bytes().to_vec()).collect();
    assert!(!lines.is_empty(), "{}", folder.display());
    lines
}

fn these(seeds: &[&str]) -> Vec<Vec<u8>> {
    seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect()
}

#[test]
fn t5_nothing_that_a_carrier_sends_brings_its_reader_down() {
    let seeds = [lines("twilio"), lines("load")].concat();
    look_at_text(seeds, carrier_message::read);
}

#[test]
fn o9_nothing_that_a_model_sends_brings_its_reader_down() {
    let seeds = [lines("realtime"), lines("load")].concat();
    look_at_text(seeds, model_event::read);
}

#[test]
fn no_request_of_a_carrier_brings_its_reader_down() {
    let seeds = these(&[
        "CallStatus=completed&CallDuration=12&SequenceNumber=2&Timestamp=Mon%2C+30+Nov+2026",
        "DialCallStatus=no-answer&DialCallSid=CA0123456789abcdef0123456789abcdef&Digits=1",
        "RecordingSid=RE0123456789abcdef0123456789abcdef&RecordingDuration=3&RecordingUrl=https",
        "MessageSid=SM0123456789abcdef0123456789abcdef&Body=Hello%20%C3%BC&NumMedia=0",
        "TranscriptionStatus=completed&TranscriptionText=Hello&SpeechResult=two&Confidence=0.5",
    ]);
    look(seeds, carrier_request::read);
}

#[test]
fn no_sound_file_of_a_carrier_brings_its_reader_down() {
    let mut head = b"fmt \x10\0\0\0\x01\0\x02\0\x40\x1f\0\0\0\x7d\0\0\x04\0\x10\0".to_vec();
    head.extend(b"LIST\x04\0\0\0INFOdata\x40\0\0\0");
    head.extend((0..64).map(|n| n * 3));
    look(vec![head, b"data".to_vec()], carrier_recording::read);
}

#[test]
fn d5_no_spool_brings_its_reader_down() {
    let mut seed = Vec::new();
    let shape = Shape::new(17, 4_096);
    for (kind, body) in [(b'T', &b"{}"[..]), (b'C', &[0x55; 160]), (b'E', &[])] {
        let mut head = [0; 17];
        head[0] = kind;
        shape.write(&mut seed, &head, body);
    }
    look(vec![seed, vec![0; 64]], spooled_recording::read);
}

#[test]
fn nothing_that_admins_write_brings_its_reader_down() {
    let seeds = these(&[
        r#"{"hours_id":"hrs_01ARZ3NDEKTSV4RRFFQ69G5FAV","open":{"ai":{}},"fallback":[{"voicemail":{}}]}"#,
        r#"{"name":"Office","time_zone":"Europe/Berlin","week":{"monday":["09:00-12:00"]}}"#,
        r#"{"nodes":[{"id":"a","hang_up":{}}],"edges":[{"from":"a","exit":"next","to":"b"}]}"#,
        r#"{"countries":["US","DE"],"prefixes":["+1900"],"calls_an_hour":10}"#,
    ]);
    look_at_text(seeds, admin_json::read);
    let seeds = these(&[
        "+15550100000",
        "sip:ada@example.com",
        "calls:read",
        "ada@example.com",
        "2026-11-30",
        "09:00-17:30",
        "https://example.com/a.mp3",
        "fd_live_0123456789_abc",
        "Europe/Berlin",
        "1763717400000_call_01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "find_order",
    ]);
    look_at_text(seeds, admin_words::read);
}

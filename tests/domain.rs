//! Values: parsed once, printed with care.

use std::collections::BTreeSet;
use std::time::Duration;

use frontdesk::domain::{
    CallId, CallSid, CallStatus, ModelPrice, Party, PhoneNumber, Pii, Timestamp,
    TranscriptionPrice, Usage,
};

#[test]
fn a_phone_number_is_e164_or_nothing() {
    for good in ["+15551234567", "+4930123456", "+12"] {
        assert_eq!(good.parse::<PhoneNumber>().unwrap().as_str(), good);
    }
    for bad in [
        "",
        "+",
        "15551234567",
        "+0155",
        "+1 555",
        "+1234567890123456",
        "+1５",
    ] {
        assert!(bad.parse::<PhoneNumber>().is_err(), "{bad}");
    }
}

#[test]
fn a_party_reads_every_spelling_of_a_caller() {
    for text in [
        "+15551234567",
        "client:alice",
        "sip:bob@example.com",
        "anonymous",
        "73787",
    ] {
        assert_eq!(text.parse::<Party>().unwrap().to_text(), text);
    }
    assert_eq!("Restricted".parse::<Party>().unwrap(), Party::Anonymous);
}

#[test]
fn a_caller_who_is_withheld_in_keys_is_nobody_in_particular() {
    for (word, keys) in [
        ("ANONYMOUS", "266696687"),
        ("RESTRICTED", "7378742833"),
        ("BLOCKED", "2562533"),
        ("UNKNOWN", "8656696"),
        ("UNAVAILABLE", "86282452253"),
    ] {
        for keyed in [keys.to_owned(), format!("+{keys}")] {
            assert_eq!(keyed.parse::<Party>().unwrap(), Party::Anonymous, "{word}");
        }
        // Such a number with one digit more or less is somebody's.
        for other in [format!("+{keys}1"), format!("+{}", &keys[..keys.len() - 1])] {
            let party: Party = other.parse().unwrap();
            assert_eq!(party.to_text(), other, "{word}");
            assert!(party.number().is_some(), "{word}");
        }
    }
}

#[test]
fn personal_data_prints_as_dots() {
    let number: PhoneNumber = "+15551234567".parse().unwrap();
    let party: Party = "sip:bob@example.com".parse().unwrap();
    let shown = format!(
        "{number:?} {party:?} {:?} {}",
        Pii::new("a word"),
        Pii::new("a word")
    );
    for secret in ["555", "bob", "word"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn ids_print_and_parse_and_sort_by_time() {
    let early = CallId::from_parts(Timestamp::from_ms(1_000), 7);
    let late = CallId::from_parts(Timestamp::from_ms(2_000), 1);
    assert!(early < late);
    assert!(early.to_string().starts_with("call_"));
    assert_eq!(early.to_string().parse::<CallId>().unwrap(), early);
    assert!("key_00000000000000000000000000".parse::<CallId>().is_err());
    assert!("CA 1".parse::<CallSid>().is_err());
}

#[test]
fn d2_whoever_hears_of_a_call_of_the_carriers_gives_it_the_same_name() {
    let id_of = |sid: &str| CallId::of_sid(&sid.parse().unwrap());
    let sids = (0..1_000).map(|n| format!("CA{n:032x}"));
    let names: BTreeSet<CallId> = sids.map(|sid| id_of(&sid)).collect();
    assert_eq!(names.len(), 1_000);
    for name in &names {
        assert_eq!(name.to_string().parse::<CallId>().unwrap(), *name);
    }
    // Also a program of another time.
    assert_eq!(id_of("CA1").to_string(), "call_4BCECD11Z4G4HYG2X5KW2SJ1YF");
}

#[test]
fn w2_statuses_merge_to_the_same_end_in_every_order() {
    use CallStatus::{Completed, InProgress, Initiated, Ringing};
    let news = [Initiated, Ringing, InProgress, Completed];
    for a in news {
        for b in news {
            for c in news {
                let merged = a.merge(b).merge(c);
                assert_eq!(merged, c.merge(a).merge(b));
                assert_eq!(merged, merged.merge(a).merge(b).merge(c));
            }
        }
    }
}

#[test]
fn a_call_costs_what_the_price_list_says() {
    let price = ModelPrice::of("gpt-realtime-2.1").unwrap();
    let now = Timestamp::from_ms(1_795_253_400_000);
    let usage = Usage {
        input_text_tokens: 1_000,
        cached_text_tokens: 400,
        input_audio_tokens: 600,
        cached_audio_tokens: 100,
        output_text_tokens: 50,
        output_audio_tokens: 200,
        transcribed_ms: 90_000,
    };
    // 600*4 + 400*0.4 + 500*32 + 100*0.4 + 50*24 + 200*64 dollars a million.
    assert_eq!(
        price.cost(&usage, now).micros,
        2_400 + 160 + 16_000 + 40 + 1_200 + 12_800
    );
    assert_eq!(price.cost(&usage, now).to_string(), "0.032600 USD");
    assert!(ModelPrice::of("something-else").is_none());
    // A minute and a half at 0.0045, and at 0.017 dollars a minute; what is paid by the
    // token costs nothing that is counted.
    for (model, micros) in [
        ("gpt-transcribe", 6_750),
        ("gpt-live-transcribe", 25_500),
        ("gpt-realtime-whisper", 25_500),
        ("whisper-1", 9_000),
        ("gpt-4o-transcribe", 0),
    ] {
        let cost = price.transcribed_by(model).cost(&usage, now);
        assert_eq!(cost.micros, 32_600 + micros, "{model}");
    }
}

#[test]
fn what_is_written_down_costs_by_its_length_and_each_micro_that_has_begun() {
    let now = Timestamp::from_ms(1_795_253_400_000);
    let price = TranscriptionPrice::of("gpt-live-transcribe").unwrap();
    for (ms, micros) in [(0, 0), (1, 1), (1_000, 284), (60_000, 17_000)] {
        let cost = price.cost(Duration::from_millis(ms), now);
        assert_eq!(cost.micros, micros, "{ms} ms");
    }
    assert!(TranscriptionPrice::of("gpt-4o-mini-transcribe").is_none());
}

#[test]
fn a_timestamp_prints_as_rfc_3339() {
    assert_eq!(
        Timestamp::from_ms(1_763_717_400_005).to_string(),
        "2025-11-21T09:30:00.005Z"
    );
}

//! Forms as Twilio posts them.

use std::time::Duration;

use proptest::prelude::*;

use frontdesk::domain::{CallStatus, Direction, Party, Timestamp};
use frontdesk::twilio::webhook::{
    AnsweredBy, DialResult, DialStatus, EnqueueResult, Error, FallbackRequest, GatherResult,
    MessageRequest, MessageState, MessageStatus, OptOut, QueueOutcome, RecordResult,
    RecordingState, RecordingStatus, StatusCallback, StreamEnded, StreamEvent, StreamStatus,
    TranscriptionEvent, TranscriptionResult, TranscriptionUpdate, VoiceRequest, parse_form,
};

const VOICE: &str = "CallSid=CA1&AccountSid=AC1&From=%2B14155550100&To=%2B18005550100\
    &CallStatus=ringing&ApiVersion=2010-04-01&Direction=inbound";

#[test]
fn a_form_is_decoded_as_twilios_validators_do() {
    let decoded = parse_form("a=1+2&b=%C3%A9+%26%2B%25&c=&d&=e&&f= x &g=%zz&h=%ff&a=é".as_bytes());
    let expected = [
        ("a", "1 2"),
        ("b", "é &+%"),
        ("c", ""),
        ("d", ""),
        ("", "e"),
        ("f", " x "),
        ("g", "%zz"),
        ("h", "\u{fffd}"),
        ("a", "é"),
    ];
    assert_eq!(
        decoded,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    assert!(parse_form(b"").is_empty());
}

#[test]
fn a_voice_request_reads_all_that_it_knows_and_ignores_the_rest() {
    let body = format!(
        "{VOICE}&ForwardedFrom=%2B12025550100&CallerName=JANE+DOE&ParentCallSid=CA0\
         &StirVerstat=TN-Validation-Passed-A&CallToken=%7B%7D&FromCity=BERLIN&FromCountry=DE\
         &ToZip=10115&Called=x&SomethingNew=1"
    );
    let request = VoiceRequest::from_pairs(&parse_form(body.as_bytes())).unwrap();
    assert_eq!(request.call_sid.as_str(), "CA1");
    assert_eq!(request.account_sid, "AC1");
    assert_eq!(request.from.to_text(), "+14155550100");
    assert_eq!(request.to.to_text(), "+18005550100");
    assert_eq!(request.status, CallStatus::Ringing);
    assert_eq!(request.direction, Direction::Inbound);
    assert_eq!(
        request.forwarded_from.as_ref().unwrap().to_text(),
        "+12025550100"
    );
    assert_eq!(request.caller_name.as_ref().unwrap().expose(), "JANE DOE");
    assert_eq!(request.parent_call_sid.as_ref().unwrap().as_str(), "CA0");
    assert_eq!(
        request.stir_verstat.as_deref(),
        Some("TN-Validation-Passed-A")
    );
    assert_eq!(request.from_place.city.as_ref().unwrap().expose(), "BERLIN");
    assert_eq!(request.from_place.country.as_deref(), Some("DE"));
    assert_eq!(request.to_place.zip.as_ref().unwrap().expose(), "10115");
    let shown = format!("{request:?}");
    for secret in ["415", "JANE", "{}", "BERLIN", "10115"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn a_caller_without_a_number_is_anonymous_and_no_error() {
    for from in ["", "&From=", "&From=anonymous", "&From=Restricted"] {
        let body =
            format!("CallSid=CA1&AccountSid=AC1&To=x&CallStatus=ringing&Direction=inbound{from}");
        let request = VoiceRequest::from_pairs(&parse_form(body.as_bytes())).unwrap();
        assert_eq!(request.from, Party::Anonymous, "{from}");
    }
    let body = VOICE.replace("%2B14155550100", "client%3Aalice");
    let request = VoiceRequest::from_pairs(&parse_form(body.as_bytes())).unwrap();
    assert_eq!(request.from.to_text(), "client:alice");
}

#[test]
fn an_error_names_the_parameter() {
    for field in ["CallSid", "AccountSid", "To", "CallStatus", "Direction"] {
        let mut form = parse_form(VOICE.as_bytes());
        form.retain(|(name, _)| name != field);
        assert_eq!(
            VoiceRequest::from_pairs(&form),
            Err(Error::Missing { field })
        );
    }
    for (field, value) in [
        ("CallSid", "CA 1"),
        ("CallStatus", "lost"),
        ("Direction", "up"),
    ] {
        let mut form = parse_form(VOICE.as_bytes());
        form.insert(0, (field.to_owned(), value.to_owned()));
        let error = VoiceRequest::from_pairs(&form).unwrap_err();
        assert!(matches!(error, Error::Invalid { field: named, .. } if named == field));
        assert!(error.to_string().contains(field) && !error.to_string().contains(value));
    }
}

#[test]
fn a_status_callback_tells_when_and_how() {
    let body = format!(
        "{VOICE}&CallDuration=61&Timestamp=Tue%2C+31+Aug+2010+20%3A36%3A28+%2B0000\
         &SequenceNumber=3&SipResponseCode=200&AnsweredBy=machine_end_beep&ErrorCode=31005\
         &CallbackSource=call-progress-events"
    );
    let status = StatusCallback::from_pairs(&parse_form(body.as_bytes())).unwrap();
    assert_eq!(status.duration, Some(Duration::from_secs(61)));
    assert_eq!(
        status.timestamp,
        Some(Timestamp::from_ms(1_283_286_988_000))
    );
    assert_eq!(status.sequence_number, Some(3));
    assert_eq!(status.sip_response_code, Some(200));
    assert_eq!(status.answered_by, Some(AnsweredBy::MachineEndBeep));
    assert_eq!(status.error_code, Some(31_005));
    // What is optional and unreadable counts as absent: the status matters more.
    let body = format!("{VOICE}&CallDuration=-1&Timestamp=soon&AnsweredBy=ghost&SequenceNumber=");
    let status = StatusCallback::from_pairs(&parse_form(body.as_bytes())).unwrap();
    assert_eq!(
        (status.duration, status.timestamp, status.answered_by),
        (None, None, None)
    );
}

#[test]
fn a_stream_tells_how_it_fares() {
    let body = "AccountSid=AC1&CallSid=CA1&StreamSid=MZ1&StreamName=MZ1&StreamEvent=stream-error\
        &StreamError=handshake&Timestamp=2026-11-20T10%3A00%3A00.500Z";
    let status = StreamStatus::from_pairs(&parse_form(body.as_bytes())).unwrap();
    assert_eq!(status.event, StreamEvent::Error);
    assert_eq!(status.error.as_deref(), Some("handshake"));
    assert_eq!(
        status.timestamp.unwrap().to_string(),
        "2026-11-20T10:00:00.500Z"
    );
    let body = format!("{VOICE}&StreamSid=MZ1");
    let ended = StreamEnded::from_pairs(&parse_form(body.as_bytes())).unwrap();
    assert_eq!(ended.stream_sid.unwrap().as_str(), "MZ1");
}

#[test]
fn a_dial_tells_how_it_ended() {
    let body = format!(
        "{VOICE}&DialCallStatus=no-answer&DialCallSid=CA2&DialCallDuration=7&DialBridged=false\
         &RecordingUrl=https%3A%2F%2Fapi%2FRE1"
    );
    let result = DialResult::from_pairs(&parse_form(body.as_bytes())).unwrap();
    assert_eq!(result.status, DialStatus::NoAnswer);
    assert_eq!(result.dial_call_sid.unwrap().as_str(), "CA2");
    assert_eq!(result.duration, Some(Duration::from_secs(7)));
    assert_eq!(result.bridged, Some(false));
    assert_eq!(result.recording_url.as_deref(), Some("https://api/RE1"));
    let error = DialResult::from_pairs(&parse_form(VOICE.as_bytes())).unwrap_err();
    assert_eq!(error.to_string(), "parameter DialCallStatus is missing");
}

#[test]
fn the_other_verbs_tell_how_they_ended() {
    let read = |more: &str| parse_form(format!("{VOICE}&{more}").as_bytes());
    let gather = GatherResult::from_pairs(&read("Digits=12&SpeechResult=yes&Confidence=0.5"));
    let gather = gather.unwrap();
    assert_eq!(gather.digits.unwrap().expose(), "12");
    assert_eq!(gather.speech.unwrap().expose(), "yes");
    assert_eq!(gather.confidence, Some(0.5));
    let odd = GatherResult::from_pairs(&read("Confidence=NaN")).unwrap();
    assert_eq!((odd.digits, odd.confidence), (None, None));
    let enqueue = EnqueueResult::from_pairs(&read("QueueResult=queue-full&QueueTime=5")).unwrap();
    assert_eq!(enqueue.outcome, QueueOutcome::QueueFull);
    assert_eq!(enqueue.waited, Some(Duration::from_secs(5)));
    let record = "RecordingUrl=u&RecordingSid=RE1&RecordingDuration=9&Digits=hangup";
    let record = RecordResult::from_pairs(&read(record)).unwrap();
    assert_eq!(record.duration, Some(Duration::from_secs(9)));
    assert_eq!(record.ended_by.as_deref(), Some("hangup"));
    let fallback = FallbackRequest::from_pairs(&read("ErrorCode=11200&ErrorUrl=u")).unwrap();
    assert_eq!(fallback.error_code, Some(11_200));
    assert_eq!(fallback.error_url.as_deref(), Some("u"));
}

#[test]
fn recordings_and_their_words_are_told() {
    let body = "AccountSid=AC1&CallSid=CA1&RecordingSid=RE1&RecordingUrl=u\
        &RecordingStatus=completed&RecordingDuration=12&RecordingChannels=2\
        &RecordingStartTime=Tue%2C+31+Aug+2010+20%3A36%3A28+%2B0000\
        &RecordingSource=DialVerb&RecordingTrack=both";
    let status = RecordingStatus::from_pairs(&parse_form(body.as_bytes())).unwrap();
    assert_eq!(status.state, RecordingState::Completed);
    assert_eq!(
        (status.channels, status.duration),
        (Some(2), Some(Duration::from_secs(12)))
    );
    assert_eq!(
        status.started_at,
        Some(Timestamp::from_ms(1_283_286_988_000))
    );
    let body = "CallSid=CA1&RecordingSid=RE1&TranscriptionSid=TR1&TranscriptionText=hello\
        &TranscriptionStatus=completed";
    let result = TranscriptionResult::from_pairs(&parse_form(body.as_bytes())).unwrap();
    assert!(result.is_completed);
    assert_eq!(result.text.unwrap().expose(), "hello");
    let body = "CallSid=CA1&TranscriptionEvent=transcription-content&SequenceId=2&Final=true\
        &Track=inbound_track&TranscriptionData=%7B%22transcript%22%3A%22hi%22%2C%22confidence%22%3A0.9%7D";
    let update = TranscriptionUpdate::from_pairs(&parse_form(body.as_bytes())).unwrap();
    assert_eq!(update.event, TranscriptionEvent::Content);
    assert_eq!(update.transcript.unwrap().expose(), "hi");
    assert!(update.is_final && update.confidence == Some(0.9));
}

#[test]
fn messages_come_with_their_media() {
    let body = "MessageSid=SM1&AccountSid=AC1&From=%2B14155550100&To=%2B18005550100&Body=hi\
        &NumMedia=2&MediaUrl0=a&MediaContentType0=image%2Fpng&MediaUrl1=b&OptOutType=STOP";
    let message = MessageRequest::from_pairs(&parse_form(body.as_bytes())).unwrap();
    assert_eq!(message.body.expose(), "hi");
    let media = [
        ("a".to_owned(), Some("image/png".to_owned())),
        ("b".to_owned(), None),
    ];
    assert_eq!(message.media, media);
    assert_eq!(message.opt_out, Some(OptOut::Stop));
    let boastful = body.replace("NumMedia=2", "NumMedia=18446744073709551615");
    let message = MessageRequest::from_pairs(&parse_form(boastful.as_bytes())).unwrap();
    assert_eq!(message.media.len(), 2);
    let body =
        "MessageSid=SM1&AccountSid=AC1&MessageStatus=undelivered&ErrorCode=30003&To=%2B1&From=x";
    let status = MessageStatus::from_pairs(&parse_form(body.as_bytes())).unwrap();
    assert_eq!(
        (status.state, status.error_code),
        (MessageState::Undelivered, Some(30_003))
    );
}

proptest! {
    #[test]
    fn no_form_makes_a_reader_panic(body in any::<Vec<u8>>(), field in "[A-Za-z]{1,12}", value in any::<String>()) {
        let mut form = parse_form(VOICE.as_bytes());
        form.extend(parse_form(&body));
        form.insert(0, (field, value));
        let _ = (VoiceRequest::from_pairs(&form), StatusCallback::from_pairs(&form));
        let _ = (DialResult::from_pairs(&form), RecordingStatus::from_pairs(&form));
        let _ = (MessageRequest::from_pairs(&form), TranscriptionUpdate::from_pairs(&form));
    }
}

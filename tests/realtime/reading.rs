//! What the model answers, read.

use std::borrow::Cow;
use std::time::Duration;

use bytes::BytesMut;
use frontdesk::domain::{self, AudioFormat, Pii, Timestamp};
use frontdesk::realtime::client_event::write_append;
use frontdesk::realtime::server_event::{Problem, parse};
use frontdesk::realtime::{
    ContentPart, InvalidAudio, ItemBody, ResponseReason, ResponseStatus, Role, ServerEvent,
    SpeechStarted, TranscriptionUsage,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const FULL_TURN: &str = include_str!("../../fixtures/realtime/full_turn.jsonl");
const BARGE_IN: &str = include_str!("../../fixtures/realtime/barge_in.jsonl");
const TOOL_CALL: &str = include_str!("../../fixtures/realtime/tool_call.jsonl");
const MCP_CALL: &str = include_str!("../../fixtures/realtime/mcp_call.jsonl");
const COMPATIBLE: &str = include_str!("../../fixtures/realtime/compatible.jsonl");

#[test]
fn a_full_turn_is_read_event_by_event() {
    let events = events(FULL_TURN);
    let ServerEvent::SessionCreated(session) = &events[0] else {
        panic!("{:?}", events[0]);
    };
    assert_eq!(session.id.as_deref(), Some("sess_001"));
    assert_eq!(session.model.as_deref(), Some("gpt-realtime-2.1"));
    assert_eq!(
        session.expires_at,
        Some(Timestamp::from_ms(1_795_255_200_000))
    );
    assert_eq!(session.input_format, Some(AudioFormat::Pcm24));
    assert_eq!(session.output_format, Some(AudioFormat::Pcm24));
    assert_eq!(
        names(&events),
        "SessionCreated Unused SessionUpdated SpeechStarted SpeechStopped \
         InputBufferCommitted ItemAdded ItemDone ResponseCreated OutputItemAdded ItemAdded \
         Unused OutputAudioTranscriptDelta InputTranscriptionDelta OutputAudioDelta \
         InputTranscriptionDelta OutputAudioTranscriptDelta OutputAudioDelta \
         InputTranscriptionCompleted OutputAudioDone OutputAudioTranscriptDone Unused \
         OutputItemDone ItemDone ResponseDone RateLimitsUpdated"
    );
    assert_eq!(
        events[3],
        ServerEvent::SpeechStarted(SpeechStarted {
            item_id: Some("item_001".into()),
            audio_start_ms: Some(1_240),
        })
    );
    let ServerEvent::InputTranscriptionCompleted(said) = &events[18] else {
        panic!("{:?}", events[18]);
    };
    assert_eq!(said.transcript.expose(), "When do you open?");
    assert_eq!(
        said.usage,
        TranscriptionUsage::Tokens {
            input_text_tokens: 0,
            input_audio_tokens: 28,
            output_tokens: 6,
        }
    );
    let ServerEvent::RateLimitsUpdated(limits) = &events[25] else {
        panic!("{:?}", events[25]);
    };
    assert_eq!(limits[1].remaining, Some(49_680));
    assert_eq!(limits[1].reset, Duration::from_millis(384));
}

#[test]
fn an_audio_delta_borrows_and_decodes_behind_what_is_there() {
    let line = FULL_TURN.lines().nth(14).unwrap();
    let ServerEvent::OutputAudioDelta(delta) = parse(line).unwrap() else {
        panic!("{line}");
    };
    assert_eq!(delta.response_id, "resp_001");
    assert_eq!(delta.item_id, "item_002");
    assert!(matches!(delta.item_id, Cow::Borrowed(_)));
    assert!(matches!(delta.delta.expose(), Cow::Borrowed(_)));
    let mut audio = vec![9];
    delta.decode(&mut audio).unwrap();
    assert_eq!(audio, [9, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0]);
}

#[test]
fn o10_garbage_instead_of_base64_leaves_the_buffer_as_it_was() {
    for garbage in ["#", "AAAA#", "A", "AAAAA", "AA=A", &"?".repeat(4_000)] {
        let line = json!({"type": "response.output_audio.delta", "response_id": "r",
            "item_id": "i", "delta": garbage})
        .to_string();
        let ServerEvent::OutputAudioDelta(delta) = parse(&line).unwrap() else {
            panic!("{line}");
        };
        let mut audio = vec![1, 2, 3];
        assert_eq!(delta.decode(&mut audio), Err(InvalidAudio), "{garbage}");
        assert_eq!(audio, [1, 2, 3]);
    }
}

#[test]
fn a_barge_in_tells_what_was_cut_and_why() {
    let events = events(BARGE_IN);
    assert_eq!(
        names(&events),
        "ResponseCreated OutputItemAdded ItemAdded OutputAudioDelta \
         OutputAudioTranscriptDelta SpeechStarted OutputAudioDone OutputAudioTranscriptDone \
         OutputItemDone ItemDone ResponseDone ItemTruncated Error SpeechStopped \
         InputBufferCommitted InputTranscriptionFailed TimeoutTriggered"
    );
    let ServerEvent::ResponseDone(response) = &events[10] else {
        panic!("{:?}", events[10]);
    };
    assert_eq!(response.status, Some(ResponseStatus::Cancelled));
    let details = response.status_details.clone().unwrap();
    assert_eq!(details.reason, Some(ResponseReason::TurnDetected));
    assert!(!response.output[0].is_complete());
    let ServerEvent::ItemTruncated(cut) = &events[11] else {
        panic!("{:?}", events[11]);
    };
    assert_eq!(
        (cut.item_id.as_ref(), cut.audio_end_ms),
        ("item_101", 1_480)
    );
    let ServerEvent::Error(error) = &events[12] else {
        panic!("{:?}", events[12]);
    };
    assert_eq!(error.event_id.as_deref(), Some("ours_7"));
    assert!(error.is_harmless() && !error.is_fatal());
    let ServerEvent::InputTranscriptionFailed(failed) = &events[15] else {
        panic!("{:?}", events[15]);
    };
    assert_eq!(failed.error.code.as_deref(), Some("audio_unintelligible"));
}

#[test]
fn a_tool_call_is_told_twice_with_the_same_words() {
    let events = events(TOOL_CALL);
    let arguments = r#"{"reason":"caller said goodbye"}"#;
    let ServerEvent::FunctionCallArgumentsDone(done) = &events[5] else {
        panic!("{:?}", events[5]);
    };
    assert_eq!(done.call_id, "call_201");
    assert_eq!(done.name.as_deref(), Some("end_call"));
    assert_eq!(done.arguments.expose(), arguments);
    let ServerEvent::OutputItemDone(done) = &events[6] else {
        panic!("{:?}", events[6]);
    };
    assert!(done.item.is_complete());
    assert_eq!(
        done.item.body,
        ItemBody::FunctionCall {
            call_id: "call_201".to_owned(),
            name: "end_call".to_owned(),
            arguments: Pii::new(arguments.to_owned()),
        }
    );
    let ServerEvent::ResponseDone(response) = &events[8] else {
        panic!("{:?}", events[8]);
    };
    assert_eq!(response.metadata.as_ref().unwrap()["purpose"], "goodbye");
    let ServerEvent::ResponseDone(failed) = &events[15] else {
        panic!("{:?}", events[15]);
    };
    assert_eq!(failed.status, Some(ResponseStatus::Failed));
    let error = failed.status_details.clone().unwrap().error.unwrap();
    assert_eq!(error.code.as_deref(), Some("rate_limit_exceeded"));
}

#[test]
fn what_the_model_does_at_a_server_of_tools_is_read_from_beginning_to_end() {
    let events = events(MCP_CALL);
    assert_eq!(
        names(&events),
        "ItemAdded Unused Unused ItemDone OutputItemAdded Unused McpCallArgumentsDone ItemDone \
         McpCallInProgress McpCallCompleted OutputItemDone McpCallFailed ItemDone Unused"
    );
    let ServerEvent::McpCallArgumentsDone(done) = &events[6] else {
        panic!("{:?}", events[6]);
    };
    assert_eq!(done.item_id, "mcp_301");
    assert_eq!(done.arguments.expose(), r#"{"day":"friday"}"#);
    let ends = [4, 10, 12].map(|at| {
        if let ServerEvent::OutputItemAdded(output) | ServerEvent::OutputItemDone(output) =
            &events[at]
        {
            output.item.body.clone()
        } else if let ServerEvent::ItemDone(placed) = &events[at] {
            placed.item.body.clone()
        } else {
            panic!("{:?}", events[at]);
        }
    });
    let found = Pii::new("Ten o'clock.".to_owned());
    let error = r#"{"type":"http_error","code":503,"message":"Unavailable"}"#;
    let error: Value = serde_json::from_str(error).unwrap();
    let error = Pii::new(error.to_string());
    let call = |end| ItemBody::McpCall {
        name: "find_slot".to_owned(),
        end,
    };
    assert_eq!(
        ends,
        [call(None), call(Some(Ok(found))), call(Some(Err(error)))]
    );
    let ServerEvent::ItemDone(asked) = &events[7] else {
        panic!("{:?}", events[7]);
    };
    assert_eq!(
        asked.item.body,
        ItemBody::McpApprovalRequest {
            server_label: "calendar".to_owned(),
            name: "find_slot".to_owned(),
        }
    );
}

#[test]
fn compatible_servers_are_understood() {
    let events = events(COMPATIBLE);
    assert_eq!(
        names(&events),
        "SessionCreated ItemAdded OutputAudioDelta OutputAudioDone \
         OutputAudioTranscriptDelta OutputAudioTranscriptDone OutputTextDelta OutputTextDone \
         SpeechStarted SpeechStopped FunctionCallArgumentsDone ResponseDone ResponseDone \
         RateLimitsUpdated InputTranscriptionCompleted InputTranscriptionCompleted Unused \
         Unknown SessionUpdated Error Error"
    );
    let ServerEvent::ItemAdded(added) = &events[1] else {
        panic!("{:?}", events[1]);
    };
    assert_eq!(added.previous_item_id, None);
    let hello = || Pii::new("Hello".to_owned());
    assert_eq!(
        added.item.body,
        ItemBody::Message {
            role: Some(Role::Assistant),
            content: vec![
                ContentPart::Audio {
                    transcript: Some(hello())
                },
                ContentPart::Text(hello()),
                ContentPart::Other {
                    kind: "hologram".to_owned()
                },
            ],
        }
    );
    let ServerEvent::OutputAudioDelta(delta) = &events[2] else {
        panic!("{:?}", events[2]);
    };
    let mut audio = Vec::new();
    delta.decode(&mut audio).unwrap();
    assert_eq!(audio, [0, 0, 1, 255]);
    let ServerEvent::OutputAudioTranscriptDelta(words) = &events[4] else {
        panic!("{:?}", events[4]);
    };
    assert_eq!(words.text.expose(), "Grüß");
    let ServerEvent::SpeechStopped(stopped) = &events[9] else {
        panic!("{:?}", events[9]);
    };
    assert_eq!(stopped.audio_end_ms, Some(1_200));
    let ServerEvent::FunctionCallArgumentsDone(call) = &events[10] else {
        panic!("{:?}", events[10]);
    };
    assert_eq!(call.arguments.expose(), r#"{"reason":"done"}"#);
    assert_eq!(
        events[17],
        ServerEvent::Unknown {
            kind: "localai.progress".into()
        }
    );
    let ServerEvent::Error(error) = &events[20] else {
        panic!("{:?}", events[20]);
    };
    assert!(error.is_permanent());
}

#[test]
fn the_end_of_a_response_is_read_whatever_else_is_in_it() {
    let line = json!({"type": "response.done", "response": {"id": "resp_1", "status": "failed",
        "status_details": "tired", "usage": "much", "metadata": {"n": 1}, "conversation_id": 7}})
    .to_string();
    let ServerEvent::ResponseDone(response) = parse(&line).unwrap() else {
        panic!("{line}");
    };
    assert_eq!(response.id, "resp_1");
    assert_eq!(response.status, Some(ResponseStatus::Failed));
    assert_eq!((response.usage, response.status_details), (None, None));
}

#[test]
fn a_sessions_end_is_fatal_and_a_wrong_key_permanent() {
    let with = |code: &str| {
        let line = json!({"type": "error", "event_id": "e",
            "error": {"type": "invalid_request_error", "code": code, "message": "no"}})
        .to_string();
        let ServerEvent::Error(error) = parse(&line).unwrap() else {
            panic!("{line}");
        };
        (error.is_fatal(), error.is_permanent())
    };
    assert_eq!(with("session_expired"), (true, false));
    for permanent in [
        "invalid_api_key",
        "insufficient_quota",
        "model_not_found",
        "account_deactivated",
        "billing_hard_limit_reached",
    ] {
        assert_eq!(with(permanent), (true, true), "{permanent}");
    }
    assert_eq!(with("invalid_value"), (false, false));
}

#[test]
fn usage_is_counted_by_kind_and_never_too_cheaply() {
    let usage = |line: &str| {
        let ServerEvent::ResponseDone(response) = parse(line).unwrap() else {
            panic!("{line}");
        };
        domain::Usage::from(&response.usage.unwrap())
    };
    assert_eq!(
        usage(FULL_TURN.lines().nth(24).unwrap()),
        domain::Usage {
            input_text_tokens: 119,
            input_audio_tokens: 13,
            cached_text_tokens: 60,
            cached_audio_tokens: 4,
            output_text_tokens: 30,
            output_audio_tokens: 91,
            transcribed_ms: 0,
        }
    );
    assert_eq!(
        usage(COMPATIBLE.lines().nth(11).unwrap()),
        domain::Usage {
            input_text_tokens: 10,
            output_text_tokens: 4,
            ..domain::Usage::default()
        }
    );
    let unsplit_cache = r#"{"type":"response.done","response":{"usage":{"input_tokens":50,
        "input_token_details":{"text_tokens":20,"audio_tokens":30,"cached_tokens":40}}}}"#;
    assert_eq!(usage(unsplit_cache).cached_text_tokens, 20);
    assert_eq!(usage(unsplit_cache).cached_audio_tokens, 0);
}

#[test]
fn o9_malformed_messages_are_errors_that_repeat_nothing() {
    let cases = [
        ("", None, Problem::Truncated),
        ("nonsense", None, Problem::Syntax),
        ("[]", None, Problem::Shape),
        ("{}", None, Problem::Shape),
        (r#"{"type":7}"#, None, Problem::Shape),
        (r#"{"type":"ping"} trailing"#, None, Problem::Syntax),
        (r#"{"type":"My name is Ann","#, None, Problem::Truncated),
        (
            r#"{"type":"response.output_audio.delta","item_id":"i","delta":"AAAA"}"#,
            Some("response.output_audio.delta"),
            Problem::Shape,
        ),
        (
            r#"{"type":"conversation.item.truncated","item_id":["Ann"]}"#,
            Some("conversation.item.truncated"),
            Problem::Shape,
        ),
    ];
    for (text, kind, problem) in cases {
        let error = parse(text).unwrap_err();
        assert_eq!(error.kind.as_deref(), kind, "{text}");
        assert_eq!(error.problem, problem, "{text}");
        assert!(!format!("{error} {error:?}").contains("Ann"), "{error:?}");
    }
}

#[test]
fn words_spoken_are_not_printed() {
    for line in FULL_TURN
        .lines()
        .chain(BARGE_IN.lines())
        .chain(TOOL_CALL.lines())
    {
        let shown = format!("{:?}", parse(line).unwrap());
        for word in [
            "open",
            "opening",
            "nine",
            "goodbye\\",
            "AAAB",
            "transcribed",
        ] {
            assert!(!shown.contains(word), "{shown}");
        }
    }
}

#[test]
fn the_place_of_the_type_changes_nothing() {
    for line in [FULL_TURN, BARGE_IN, TOOL_CALL].concat().lines() {
        let Value::Object(mut members) = serde_json::from_str(line).unwrap() else {
            panic!("{line}");
        };
        let kind = members.remove("type").unwrap();
        let rest = Value::Object(members).to_string();
        let late = format!("{},\"type\":{kind}}}", rest.strip_suffix('}').unwrap());
        assert_eq!(parse(&late).unwrap(), parse(line).unwrap());
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn no_mutation_of_a_true_event_makes_the_parser_panic(
        line in 0_usize..82,
        cut in any::<prop::sample::Index>(),
        length in 0_usize..40,
        put in prop::sample::select(vec![
            "", "null", "-1", "1e999", "99999999999999999999", "{}", "[]", "\"", "\\", "\"\\ud800\"",
            "{\"type\":\"response.done\"}", "\u{0}", "🦀", ",", ":", "[[[[[[[[", "true",
        ]),
    ) {
        let lines = [FULL_TURN, BARGE_IN, TOOL_CALL, COMPATIBLE].concat();
        let line = lines.lines().nth(line).unwrap();
        let start = cut.index(line.len());
        let end = (start + length).min(line.len());
        let mut mutated = line.as_bytes()[..start].to_vec();
        mutated.extend_from_slice(put.as_bytes());
        mutated.extend_from_slice(&line.as_bytes()[end..]);
        if let Ok(ServerEvent::OutputAudioDelta(delta)) = parse(&String::from_utf8_lossy(&mutated)) {
            let _ = delta.decode(&mut Vec::new());
        }
    }

    #[test]
    fn no_value_in_place_of_a_true_one_makes_the_parser_panic(
        line in 0_usize..82,
        place in any::<prop::sample::Index>(),
        value in json_value(),
    ) {
        let lines = [FULL_TURN, BARGE_IN, TOOL_CALL, COMPATIBLE].concat();
        let mut event: Value = serde_json::from_str(lines.lines().nth(line).unwrap()).unwrap();
        let mut paths = Vec::new();
        collect_paths(&event, "", &mut paths);
        *event.pointer_mut(&paths[place.index(paths.len())]).unwrap() = value;
        let text = event.to_string();
        if let Ok(ServerEvent::ResponseDone(response)) = parse(&text)
            && let Some(usage) = &response.usage
        {
            let usage = domain::Usage::from(usage);
            prop_assert!(usage.cached_text_tokens <= usage.input_text_tokens);
        }
    }

    #[test]
    fn audio_comes_back_as_it_went(audio in prop::collection::vec(any::<u8>(), 0..3_000)) {
        let mut out = BytesMut::new();
        write_append(&mut out, &audio);
        let sent: Value = serde_json::from_slice(&out).unwrap();
        let line = json!({"type": "response.output_audio.delta", "response_id": "r",
            "item_id": "i", "delta": sent["audio"]}).to_string();
        let Ok(ServerEvent::OutputAudioDelta(delta)) = parse(&line) else {
            return Err(TestCaseError::fail(line));
        };
        let mut back = Vec::new();
        delta.decode(&mut back).unwrap();
        prop_assert_eq!(back, audio);
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("type|id|item|text|[a-z]{1,4}", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn collect_paths(value: &Value, path: &str, paths: &mut Vec<String>) {
    paths.push(path.to_owned());
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                collect_paths(member, &format!("{path}/{name}"), paths);
            }
        }
        Value::Array(members) => {
            for (index, member) in members.iter().enumerate() {
                collect_paths(member, &format!("{path}/{index}"), paths);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn events(lines: &str) -> Vec<ServerEvent<'_>> {
    lines.lines().map(|line| parse(line).expect(line)).collect()
}

fn names(events: &[ServerEvent<'_>]) -> String {
    let names: Vec<String> = events
        .iter()
        .map(|event| {
            let shown = format!("{event:?}");
            shown
                .split(['(', ' '])
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    names.join(" ")
}

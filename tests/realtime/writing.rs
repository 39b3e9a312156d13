//! What the gateway says to the model, written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use bytes::BytesMut;
use frontdesk::domain::{
    self, AudioFormat, Credential, Destination, Eagerness, Limits, McpServer, Place, Receptionist,
    ReceptionistId, Secret, SilencePolicy, TenantId, TextRecipient, Timestamp, ToolName, Toolkit,
    TransferMode,
};
use frontdesk::realtime::client_event::write_append;
use frontdesk::realtime::{
    AssistantContent, AudioConfig, AudioInput, ClientEvent, Conversation, Effort, Format,
    ItemReference, ItemStatus, MaxOutputTokens, Modality, NewItem, NewItemBody, NewMessage,
    NoiseReduction, NoiseReductionKind, Reasoning, ResponseAudio, ResponseInput, ResponseOptions,
    ResponseVoice, ServerVad, SessionConfig, SessionOptions, Tool, ToolChoice, Transcription,
    Truncation, TurnDetection, UserContent, Voice, merge_patch,
};
use serde_json::{Value, json};

#[test]
fn a_receptionist_becomes_a_session() {
    let session = SessionConfig::for_receptionist(&receptionist(), &SessionOptions::default());
    assert_eq!(
        session.to_json(),
        json!({
            "type": "realtime",
            "instructions": "You answer the telephone of Green Dental.",
            "output_modalities": ["audio"],
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "transcription": {"model": "gpt-transcribe", "language": "en"},
                    "turn_detection": {
                        "type": "server_vad",
                        "threshold": 0.5,
                        "prefix_padding_ms": 300,
                        "silence_duration_ms": 500,
                        "create_response": true,
                        "interrupt_response": true,
                    },
                },
                "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "marin"},
            },
            "tools": [{
                "type": "function",
                "name": "end_call",
                "description": json!(Tool::from(ToolName::EndCall))["description"],
                "parameters": {
                    "type": "object",
                    "properties": {"reason": {
                        "type": "string",
                        "description": "Why the call ends, in a few words for the call log.",
                    }},
                    "additionalProperties": false,
                },
            }],
            "tool_choice": "auto",
        })
    );
}

#[test]
fn a_mu_law_receptionist_names_no_rate_and_a_made_voice_goes_by_id() {
    let receptionist = Receptionist {
        format: AudioFormat::Pcmu,
        voice: "voice_123".to_owned(),
        turn_detection: domain::TurnDetection::SemanticVad {
            eagerness: Eagerness::High,
        },
        tools: BTreeSet::new(),
        ..receptionist()
    };
    let session = SessionConfig::for_receptionist(&receptionist, &SessionOptions::default());
    let session = session.to_json();
    assert_eq!(
        session["audio"]["input"]["format"],
        json!({"type": "audio/pcmu"})
    );
    assert_eq!(
        session["audio"]["output"]["format"],
        json!({"type": "audio/pcmu"})
    );
    assert_eq!(
        session["audio"]["output"]["voice"],
        json!({"id": "voice_123"})
    );
    assert_eq!(session["tools"], json!([]));
    assert_eq!(
        session["audio"]["input"]["turn_detection"],
        json!({"type": "semantic_vad", "eagerness": "high", "create_response": true,
            "interrupt_response": true})
    );
}

#[test]
fn only_a_two_letter_language_is_told_to_the_transcriber() {
    for (tag, code) in [
        ("en-US", Some("en")),
        ("de", Some("de")),
        ("PT_br", Some("pt")),
        ("haw-US", None),
        ("", None),
        ("é", None),
    ] {
        assert_eq!(Transcription::language_code(tag).as_deref(), code, "{tag}");
    }
}

#[test]
fn an_overlay_has_the_last_word() {
    let options = SessionOptions {
        transcription: None,
        overlay: Some(json!({
            "type": null,
            "voice": "eve",
            "audio": {"output": {"voice": null}, "input": {"turn_detection": null}},
            "tools": "none",
        })),
        ..SessionOptions::default()
    };
    let session = SessionConfig::for_receptionist(&receptionist(), &options);
    let sent = written(&ClientEvent::SessionUpdate { session: &session });
    assert_eq!(sent["type"], "session.update");
    let session = &sent["session"];
    assert_eq!(session["voice"], "eve");
    assert_eq!(session["tools"], "none");
    assert!(session.get("type").is_none());
    assert!(session["audio"]["output"].get("voice").is_none());
    assert!(session["audio"]["input"].get("transcription").is_none());
    assert!(session["audio"]["input"].get("turn_detection").is_none());
    assert_eq!(session["audio"]["input"]["format"]["rate"], 24_000);
}

#[test]
fn the_overlay_has_the_last_word_on_who_writes_the_caller_down() {
    let overlay = |input: Value| Some(json!({"audio": {"input": input}}));
    for (overlay, model) in [
        (None, Some("gpt-transcribe")),
        (overlay(json!({})), Some("gpt-transcribe")),
        (
            overlay(json!({"transcription": {"language": "de"}})),
            Some("gpt-transcribe"),
        ),
        (
            overlay(json!({"transcription": {"model": "whisper-1"}})),
            Some("whisper-1"),
        ),
        (overlay(json!({"transcription": null})), None),
    ] {
        let options = SessionOptions {
            overlay: overlay.clone(),
            ..SessionOptions::default()
        };
        assert_eq!(options.transcriber(), model, "{overlay:?}");
        let session = SessionConfig::for_receptionist(&receptionist(), &options);
        let sent = session.to_json();
        let sent = &sent["audio"]["input"]["transcription"]["model"];
        assert_eq!(sent.as_str(), model, "{overlay:?}");
    }
}

#[test]
fn merge_patch_does_what_rfc_7396_shows() {
    let cases = [
        (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"a":null}"#, r"{}"),
        (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
        (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
        (
            r#"{"a":{"b":"c"}}"#,
            r#"{"a":{"b":"d","c":null}}"#,
            r#"{"a":{"b":"d"}}"#,
        ),
        (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
        (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
        (r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#),
        (r#"{"a":"foo"}"#, "null", "null"),
        (r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#),
        (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
        ("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
        ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
    ];
    for (original, patch, result) in cases {
        let mut target: Value = serde_json::from_str(original).unwrap();
        merge_patch(&mut target, &serde_json::from_str(patch).unwrap());
        let result: Value = serde_json::from_str(result).unwrap();
        assert_eq!(target, result, "{original} {patch}");
    }
}

#[test]
fn an_append_is_written_into_the_same_buffer() {
    let mut out = BytesMut::new();
    write_append(&mut out, &[0xff; 960]);
    let (capacity, place) = (out.capacity(), out.as_ptr());
    write_append(&mut out, &[0, 1, 2]);
    assert_eq!(
        out,
        r#"{"type":"input_audio_buffer.append","audio":"AAEC"}"#
    );
    write_append(&mut out, &[0x7f; 960]);
    assert_eq!((out.capacity(), out.as_ptr()), (capacity, place));
    ClientEvent::InputAudioAppend { audio: &[] }.write(&mut out);
    assert_eq!(out, r#"{"type":"input_audio_buffer.append","audio":""}"#);
}

#[test]
fn an_event_replaces_what_the_buffer_held_and_may_carry_an_id() {
    let cut = ClientEvent::ItemTruncate {
        item_id: "item_1",
        content_index: 0,
        audio_end_ms: 1_480,
    };
    let old = "something old and much longer than what follows".repeat(9);
    let mut out = BytesMut::from(old.as_str());
    cut.write(&mut out);
    assert_eq!(
        out,
        r#"{"type":"conversation.item.truncate","item_id":"item_1","content_index":0,"audio_end_ms":1480}"#
    );
    cut.write_with_id("ours_1", &mut out);
    let sent: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(sent["event_id"], "ours_1");
    assert_eq!(sent["audio_end_ms"], 1_480);
}

#[test]
fn a_turn_may_be_ended_by_hand() {
    let session = SessionConfig {
        audio: Some(AudioConfig {
            input: Some(AudioInput {
                turn_detection: Some(TurnDetection::Manual),
                ..AudioInput::default()
            }),
            output: None,
        }),
        ..SessionConfig::default()
    };
    assert_eq!(
        session.to_json(),
        json!({"type": "realtime", "audio": {"input": {"turn_detection": null}}})
    );
}

#[test]
fn a_client_event_prints_its_name_only() {
    let event = ClientEvent::ItemCreate {
        item: NewItem::user("My number is 555"),
        previous_item_id: None,
    };
    assert_eq!(
        format!("{event:?}"),
        "ClientEvent(conversation.item.create)"
    );
}

/// The lines are judged by `tests/oracles/realtime.py`.
#[test]
fn every_client_event_is_json_of_its_type() {
    let sessions = sessions();
    let tools = [Tool::from(ToolName::EndCall)];
    let mut lines = String::new();
    let mut line = BytesMut::new();
    for event in client_events(&sessions, &tools) {
        event.write(&mut line);
        let sent: Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(sent["type"], event.kind());
        assert!(!line.contains(&b'\n'));
        lines.extend([text(&line), "\n"]);
        event.write_with_id("ours_1", &mut line);
        let mut identified: Value = serde_json::from_slice(&line).unwrap();
        let id = identified.as_object_mut().unwrap().remove("event_id");
        assert_eq!((identified, id), (sent, Some("ours_1".into())));
        lines.extend([text(&line), "\n"]);
    }
    if let Some(directory) = std::env::var_os("FRONTDESK_ORACLE_DIR") {
        let directory = PathBuf::from(directory);
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("client_events.jsonl"), lines).unwrap();
    }
}

fn client_events<'a>(sessions: &'a [SessionConfig], tools: &'a [Tool]) -> Vec<ClientEvent<'a>> {
    let mut events: Vec<ClientEvent<'a>> = sessions
        .iter()
        .map(|session| ClientEvent::SessionUpdate { session })
        .collect();
    events.extend([
        ClientEvent::InputAudioAppend { audio: &[0; 960] },
        ClientEvent::InputAudioCommit,
        ClientEvent::InputAudioClear,
        ClientEvent::ItemRetrieve { item_id: "item_1" },
        ClientEvent::ItemDelete { item_id: "item_1" },
        ClientEvent::ItemTruncate {
            item_id: "item_1",
            content_index: 0,
            audio_end_ms: 1_480,
        },
        ClientEvent::ResponseCancel { response_id: None },
        ClientEvent::ResponseCancel {
            response_id: Some("resp_1"),
        },
        ClientEvent::ResponseCreate { response: None },
        ClientEvent::ResponseCreate {
            response: Some(ResponseOptions::default()),
        },
        ClientEvent::ResponseCreate {
            response: Some(every_option(tools)),
        },
    ]);
    events.extend(items().into_iter().map(|item| ClientEvent::ItemCreate {
        item,
        previous_item_id: None,
    }));
    events.extend(items().into_iter().map(|item| {
        ClientEvent::ItemCreate {
            item: NewItem {
                // An answer to whoever asks for leave has none.
                status: (!matches!(item.body, NewItemBody::McpApprovalResponse { .. }))
                    .then_some(ItemStatus::Completed),
                ..item.with_id("item_of_ours")
            },
            previous_item_id: Some("root"),
        }
    }));
    events
}

fn items() -> Vec<NewItem<'static>> {
    let user = NewMessage::User {
        content: vec![
            UserContent::InputText { text: "Hello" },
            UserContent::InputAudio {
                audio: &[0; 4],
                transcript: None,
            },
            UserContent::InputAudio {
                audio: &[0; 4],
                transcript: Some("Hello"),
            },
        ],
    };
    let assistant = NewMessage::Assistant {
        content: vec![
            AssistantContent::OutputText { text: "Hello" },
            AssistantContent::OutputAudio {
                transcript: "Hello",
            },
        ],
    };
    vec![
        NewItem::system("The caller has called before."),
        NewItem::user("Hello \"there\"\n\u{1f980}"),
        NewItem::assistant("Green Dental, good morning."),
        NewItemBody::Message(user).into(),
        NewItemBody::Message(assistant).into(),
        NewItem::function_call("call_1", "end_call", "{}"),
        NewItem::function_call_output("call_1", r#"{"ok":true}"#),
        NewItem::mcp_approval_response("mcpr_1", false).with_id("leave_1"),
    ]
}

fn every_option(tools: &[Tool]) -> ResponseOptions<'_> {
    let mut input: Vec<ResponseInput<'_>> = items().into_iter().map(ResponseInput::Item).collect();
    input.push(ResponseInput::Reference(ItemReference { id: "item_1" }));
    ResponseOptions {
        audio: Some(ResponseAudio {
            output: ResponseVoice {
                format: Some(Format::Pcmu),
                voice: Some(Voice::from("cedar")),
            },
        }),
        conversation: Some(Conversation::None),
        input: Some(input),
        instructions: Some("Greet the caller."),
        max_output_tokens: Some(MaxOutputTokens::Tokens(500)),
        metadata: BTreeMap::from([("purpose", "greeting")]),
        output_modalities: Some([Modality::Audio]),
        parallel_tool_calls: Some(false),
        reasoning: Some(Reasoning {
            effort: Effort::Minimal,
        }),
        tool_choice: Some(ToolChoice::Function("end_call".to_owned())),
        tools: Some(tools),
    }
}

fn sessions() -> Vec<SessionConfig> {
    let mu_law = Receptionist {
        format: AudioFormat::Pcmu,
        voice: "voice_123".to_owned(),
        tools: BTreeSet::new(),
        ..receptionist()
    };
    let mut receptionists = vec![receptionist(), mu_law];
    for eagerness in [
        Eagerness::Low,
        Eagerness::Medium,
        Eagerness::High,
        Eagerness::Auto,
    ] {
        receptionists.push(Receptionist {
            turn_detection: domain::TurnDetection::SemanticVad { eagerness },
            language: "haw-US".to_owned(),
            ..receptionist()
        });
    }
    let mut sessions = vec![SessionConfig::default(), every_field()];
    for receptionist in &receptionists {
        for options in [SessionOptions::default(), every_session_option()] {
            sessions.push(SessionConfig::for_receptionist(receptionist, &options));
        }
    }
    sessions.extend(
        [Truncation::Auto, Truncation::Disabled].map(|truncation| SessionConfig {
            truncation: Some(truncation),
            ..SessionConfig::default()
        }),
    );
    sessions.extend(
        [ToolChoice::None, ToolChoice::Required].map(|choice| SessionConfig {
            tool_choice: Some(choice),
            ..SessionConfig::default()
        }),
    );
    sessions
}

fn every_session_option() -> SessionOptions {
    SessionOptions {
        transcription: Some(Transcription {
            model: "gpt-live-transcribe".to_owned(),
            language: Some("de".to_owned()),
            prompt: Some("A dentist's telephone.".to_owned()),
            keywords: vec!["Invisalign".to_owned()],
        }),
        noise_reduction: Some(NoiseReduction {
            kind: NoiseReductionKind::FarField,
            strength: Some(0.5),
        }),
        speed: Some(1.1),
        reasoning: Some(Reasoning {
            effort: Effort::Low,
        }),
        max_output_tokens: Some(MaxOutputTokens::Tokens(4_096)),
        overlay: Some(json!({"tracing": "auto"})),
        ..SessionOptions::default()
    }
}

fn every_field() -> SessionConfig {
    SessionConfig {
        model: Some("gpt-realtime-2.1".to_owned()),
        instructions: Some(String::new()),
        output_modalities: Some([Modality::Text]),
        audio: Some(AudioConfig {
            input: Some(AudioInput {
                turn_detection: Some(TurnDetection::ServerVad(ServerVad {
                    threshold: 0.7,
                    prefix_padding_ms: 200,
                    silence_duration_ms: 400,
                    idle_timeout_ms: Some(8_000),
                })),
                noise_reduction: Some(NoiseReduction {
                    kind: NoiseReductionKind::NearField,
                    strength: None,
                }),
                ..AudioInput::default()
            }),
            output: None,
        }),
        tools: Some(vec![Tool::from(ToolName::EndCall)]),
        tool_choice: Some(ToolChoice::Function("end_call".to_owned())),
        parallel_tool_calls: Some(true),
        reasoning: Some(Reasoning {
            effort: Effort::Xhigh,
        }),
        max_output_tokens: Some(MaxOutputTokens::Unlimited),
        truncation: Some(Truncation::RetentionRatio(0.8)),
        overlay: None,
    }
}

#[test]
fn a_receptionist_with_a_toolkit_offers_keys_functions_and_servers() {
    let voicemail = |key: &str| Destination {
        key: key.to_owned(),
        description: format!("For {key}."),
        place: Place::Number("+12025550123".parse().expect("E.164")),
        mode: TransferMode::Blind,
    };
    let mut one = receptionist();
    one.tools = ToolName::ALL.into();
    assert_eq!(
        Tool::all_of(&one).len(),
        5,
        "nobody is handed on where there is no place to go"
    );
    one.toolkit.destinations = vec![voicemail("sales"), voicemail("repairs")];
    one.toolkit.mcp = vec![McpServer {
        label: "calendar".to_owned(),
        url: "https://mcp.example.com/".to_owned(),
        allowed_tools: vec!["free_slots".to_owned()],
        authorization: Some(Credential::Given(Secret::new("key of the test".to_owned()))),
    }];
    let tools = Tool::all_of(&one);
    let written = json!(tools);
    let transfer = &written[1];
    assert_eq!(transfer["name"], "transfer_call");
    let destination = &transfer["parameters"]["properties"]["destination"];
    assert_eq!(destination["enum"], json!(["sales", "repairs"]));
    let text = |tools: &[Tool]| json!(tools)[3]["parameters"]["properties"]["to"].clone();
    assert_eq!(written[3]["name"], "send_sms");
    assert_eq!(text(&tools), Value::Null, "the caller, and nobody else");
    one.toolkit.text_recipients = vec![TextRecipient {
        key: "on_duty".to_owned(),
        description: "At night.".to_owned(),
        number: "+12025550123".parse().expect("E.164"),
    }];
    let both = Tool::all_of(&one);
    assert_eq!(text(&both)["enum"], json!(["caller", "on_duty"]));
    assert!(!json!(both).to_string().contains("2025550123"));
    assert!(
        !written.to_string().contains("2025550123"),
        "a key, and no number"
    );
    assert_eq!(
        written[6],
        json!({
            "type": "mcp",
            "server_label": "calendar",
            "server_url": "https://mcp.example.com/",
            "allowed_tools": ["free_slots"],
            "authorization": "key of the test",
            "require_approval": "never",
        })
    );
    assert!(!format!("{tools:?}").contains("key of the test"));
}

fn receptionist() -> Receptionist {
    Receptionist {
        id: ReceptionistId::from_parts(Timestamp::from_ms(1), 1),
        tenant_id: TenantId::from_parts(Timestamp::from_ms(1), 1),
        name: "Front desk".to_owned(),
        greeting: "Green Dental, good morning.".to_owned(),
        instructions: "You answer the telephone of Green Dental.".to_owned(),
        voice: "marin".to_owned(),
        language: "en-US".to_owned(),
        format: AudioFormat::Pcm24,
        turn_detection: domain::TurnDetection::ServerVad {
            threshold: 0.5,
            prefix_padding: Duration::from_millis(300),
            silence_duration: Duration::from_millis(500),
        },
        tools: BTreeSet::from([ToolName::EndCall]),
        toolkit: Toolkit::default(),
        silence: SilencePolicy::default(),
        limits: Limits::default(),
    }
}

fn text(out: &BytesMut) -> &str {
    std::str::from_utf8(out).expect("JSON is UTF-8")
}

fn written(event: &ClientEvent<'_>) -> Value {
    let mut out = BytesMut::new();
    event.write(&mut out);
    serde_json::from_slice(&out).expect("an event is JSON")
}

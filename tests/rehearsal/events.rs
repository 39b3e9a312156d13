//! The simulated model: turns, responses, items and tools, event by event.

use std::collections::HashSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use frontdesk::rehearsal::model::{Line, ModelOptions, ModelServer};
use frontdesk::rehearsal::{CALLER, Spoken};
use serde_json::{Value, json};

use super::model_client::{Client, PATIENCE, audio_ms, quick};

fn types(events: &[Value]) -> Vec<&str> {
    let mut types: Vec<&str> = events
        .iter()
        .filter_map(|event| event["type"].as_str())
        .collect();
    types.dedup();
    types
}

/// A session on the telephone line that has been told how the caller is understood.
async fn line_session(server: &ModelServer) -> Client {
    let mut client = Client::connect(server).await;
    let format = json!({"type": "audio/pcmu"});
    let transcription = json!({"model": "gpt-transcribe"});
    client
        .update(json!({"audio": {
            "input": {"format": format, "transcription": transcription},
            "output": {"format": format},
        }}))
        .await;
    client
}

/// The documented order; the transcript comes while the answer is thought about.
const TURN: [&str; 20] = [
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
    "response.created",
    "conversation.item.input_audio_transcription.delta",
    "conversation.item.input_audio_transcription.completed",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
    "rate_limits.updated",
];

#[tokio::test]
async fn a_turn_of_the_caller_is_answered_in_the_documented_order() {
    let lines = vec![Line::say(Spoken::babble(
        "Hello there",
        Duration::from_millis(100),
    ))];
    let caller_transcripts = vec!["Hi".to_owned()];
    let think = Duration::from_millis(60);
    let options = ModelOptions {
        lines,
        caller_transcripts,
        think,
        ..quick()
    };
    let server = ModelServer::start(options).await.unwrap();
    let mut client = line_session(&server).await;
    client.speak(600, 600).await;
    let events = client.all_until("rate_limits.updated").await;
    assert_eq!(types(&events), TURN);
    let find = |kind: &str| events.iter().find(|event| event["type"] == kind).unwrap();
    let started = find("input_audio_buffer.speech_started");
    assert_eq!(started["audio_start_ms"], 0);
    let stopped = find("input_audio_buffer.speech_stopped");
    assert_eq!(stopped["audio_end_ms"], 1100);
    let item_id = &started["item_id"];
    assert_eq!(&find("input_audio_buffer.committed")["item_id"], item_id);
    let heard = find("conversation.item.input_audio_transcription.completed");
    assert_eq!(
        (&heard["item_id"], &heard["transcript"]),
        (item_id, &json!("Hi"))
    );
    let paid = json!({"type": "duration", "seconds": 1.1});
    assert_eq!(heard["usage"], paid);
    let answer = events
        .iter()
        .rfind(|event| event["type"] == "conversation.item.added")
        .unwrap();
    assert_eq!(&answer["previous_item_id"], item_id);
    let response = &find("response.done")["response"];
    assert_eq!(response["status"], "completed");
    assert_eq!(
        response["output"][0]["content"][0]["transcript"],
        "Hello there"
    );
    assert_eq!(response["usage"]["output_token_details"]["audio_tokens"], 2);
    assert_eq!(response["usage"]["input_token_details"]["audio_tokens"], 11);
    let ids: HashSet<&str> = events
        .iter()
        .filter_map(|e| e["event_id"].as_str())
        .collect();
    assert_eq!(ids.len(), events.len());
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn the_caller_interrupts_and_the_item_is_truncated() {
    let options = ModelOptions {
        speed: 1.0,
        ..quick()
    };
    let server = ModelServer::start(options).await.unwrap();
    let mut client = line_session(&server).await;
    client.send(json!({"type": "response.create"})).await;
    for _ in 0..3 {
        client.until("response.output_audio.delta").await;
    }
    client.speak(200, 0).await;
    let events = client.all_until("response.done").await;
    let response = &events.last().unwrap()["response"];
    assert_eq!(response["status"], "cancelled");
    assert_eq!(response["status_details"]["reason"], "turn_detected");
    assert_eq!(response["output"][0]["status"], "incomplete");
    let item_id = &response["output"][0]["id"];
    let generated = server.sessions()[0].items[0].generated_ms;
    assert_eq!(
        generated,
        300 + u64::try_from(audio_ms(&events, 8)).unwrap()
    );

    let truncate = |ms: u64| {
        json!({"type": "conversation.item.truncate", "item_id": item_id,
            "content_index": 0, "audio_end_ms": ms})
    };
    let error = client.refused(truncate(generated + 1)).await;
    assert_eq!(error["code"], "invalid_value");
    let message = format!(
        "Audio content of {generated}ms is already shorter than {}ms",
        generated + 1
    );
    assert_eq!(error["message"], Value::from(message));
    client.send(truncate(240)).await;
    assert_eq!(
        client.until("conversation.item.truncated").await["audio_end_ms"],
        240
    );
    let error = client.refused(truncate(241)).await;
    assert_eq!(
        error["message"],
        "Audio content of 240ms is already shorter than 241ms"
    );
    client
        .send(json!({"type": "conversation.item.retrieve", "item_id": item_id}))
        .await;
    let item = client.until("conversation.item.retrieved").await["item"].clone();
    assert_eq!(item["content"][0]["transcript"], "");

    let session = &server.sessions()[0];
    let accepted: Vec<bool> = session
        .truncations
        .iter()
        .map(|cut| cut.is_accepted)
        .collect();
    assert_eq!(accepted, [false, true, false]);
    assert_eq!(session.violations.len(), 2);
    assert_eq!(
        session.responses[0].reason.as_deref(),
        Some("turn_detected")
    );
}

#[tokio::test]
async fn only_what_the_model_said_can_be_truncated() {
    let think = Duration::from_secs(1);
    let server = ModelServer::start(ModelOptions { think, ..quick() })
        .await
        .unwrap();
    let mut client = line_session(&server).await;
    let truncate = |item_id: &Value| {
        json!({"type": "conversation.item.truncate", "item_id": item_id,
            "content_index": 0, "audio_end_ms": 0})
    };
    let error = client.refused(truncate(&json!("item_of_nobody"))).await;
    assert_eq!(error["code"], "item_truncate_invalid_item_id");
    let content = json!([{"type": "input_text", "text": "hello"}]);
    let item = json!({"type": "message", "role": "user", "content": content});
    client
        .send(json!({"type": "conversation.item.create", "item": item}))
        .await;
    let item_id = client.until("conversation.item.added").await["item"]["id"].clone();
    let error = client.refused(truncate(&item_id)).await;
    assert_eq!(
        error["message"],
        "Only model output audio messages can be truncated"
    );
    let delete = json!({"type": "conversation.item.delete", "item_id": item_id});
    client.send(delete.clone()).await;
    assert_eq!(
        client.until("conversation.item.deleted").await["item_id"],
        item_id
    );
    assert_eq!(
        client.refused(delete).await["code"],
        "item_delete_invalid_item_id"
    );
}

#[tokio::test]
async fn one_response_at_a_time() {
    let server = ModelServer::start(ModelOptions {
        speed: 1.0,
        ..quick()
    })
    .await
    .unwrap();
    let mut client = line_session(&server).await;
    let error = client.refused(json!({"type": "response.cancel"})).await;
    assert_eq!(error["code"], "response_cancel_not_active");
    client.send(json!({"type": "response.create"})).await;
    let id = client.until("response.created").await["response"]["id"].clone();
    let error = client.refused(json!({"type": "response.create"})).await;
    assert_eq!(error["code"], "conversation_already_has_active_response");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains(id.as_str().unwrap())
    );
    let aside = json!({"conversation": "none", "output_modalities": ["text"]});
    client
        .send(json!({"type": "response.create", "response": aside}))
        .await;
    let done = client.until("response.done").await["response"].clone();
    assert_eq!(
        (&done["status"], &done["conversation_id"]),
        (&json!("completed"), &Value::Null)
    );
    client
        .send(json!({"type": "response.cancel", "response_id": id}))
        .await;
    let done = client.until("response.done").await["response"].clone();
    assert_eq!(done["status_details"]["reason"], "client_cancelled");
    assert_eq!(server.violations().len(), 2);
    // A cancel that met the end of the response on the way is nobody's fault.
    assert_eq!(
        client.refused(json!({"type": "response.cancel"})).await["code"],
        "response_cancel_not_active"
    );
    assert_eq!(server.violations().len(), 2);
    assert!(server.sessions()[0].refusals.last().unwrap().is_crossing);
}

#[tokio::test]
async fn a_tool_is_called_and_its_answer_must_name_the_call() {
    let said = Spoken::babble("One moment.", Duration::from_millis(200));
    let arguments = r#"{"name":"Ann","reason":"a lease"}"#;
    let lines = vec![
        Line::say(said.clone()).then_call("take_message", arguments),
        Line::say(Spoken::babble("Done.", Duration::from_millis(200))),
    ];
    let server = ModelServer::start(ModelOptions { lines, ..quick() })
        .await
        .unwrap();
    let mut client = line_session(&server).await;
    client.send(json!({"type": "response.create"})).await;
    let events = client.all_until("response.done").await;
    let pieces = events
        .iter()
        .filter(|e| e["type"] == "response.function_call_arguments.delta");
    let joined: String = pieces.filter_map(|event| event["delta"].as_str()).collect();
    assert_eq!(joined, arguments);
    let output = &events.last().unwrap()["response"]["output"];
    assert_eq!(
        (&output[0]["type"], &output[1]["type"]),
        (&json!("message"), &json!("function_call"))
    );
    assert_eq!(output[1]["arguments"], arguments);
    let answer = |call_id: &Value| {
        let item = json!({"type": "function_call_output", "call_id": call_id, "output": "{}"});
        json!({"type": "conversation.item.create", "item": item})
    };
    let error = client.refused(answer(&json!("call_unknown"))).await;
    assert_eq!(error["code"], "invalid_tool_call_id");
    assert_eq!(
        error["message"],
        "Tool call ID 'call_unknown' not found in conversation."
    );
    client.send(answer(&output[1]["call_id"])).await;
    client.send(json!({"type": "response.create"})).await;
    let done = client.until("response.done").await["response"].clone();
    assert_eq!(done["output"][0]["content"][0]["transcript"], "Done.");
    assert_eq!(server.sessions()[0].tool_outputs.len(), 1);
}

#[tokio::test]
async fn items_go_where_the_client_says() {
    let server = ModelServer::start(quick()).await.unwrap();
    let mut client = line_session(&server).await;
    let create = |id: &str, role: &str, kind: &str, previous: Value| {
        let content = json!([{"type": kind, "text": "hello"}]);
        let item = json!({"type": "message", "id": id, "role": role, "content": content});
        json!({"type": "conversation.item.create", "item": item, "previous_item_id": previous})
    };
    client
        .send(create("a", "user", "input_text", Value::Null))
        .await;
    client
        .send(create("b", "assistant", "output_text", json!("a")))
        .await;
    client
        .send(create("c", "system", "input_text", json!("root")))
        .await;
    let mut previous = Vec::new();
    for _ in 0..3 {
        previous.push(client.until("conversation.item.done").await["previous_item_id"].clone());
    }
    assert_eq!(previous, [Value::Null, json!("a"), Value::Null]);
    for (event, code) in [
        (
            create("a", "user", "input_text", Value::Null),
            "item_create_duplicate_item_id",
        ),
        (create("d", "user", "text", Value::Null), "invalid_value"),
        (
            create("d", "assistant", "input_text", Value::Null),
            "invalid_value",
        ),
        (
            create("d", "user", "input_text", json!("z")),
            "item_create_invalid_previous_item_id",
        ),
        (
            create(&"d".repeat(33), "user", "input_text", Value::Null),
            "invalid_value",
        ),
    ] {
        assert_eq!(client.refused(event).await["code"], code);
    }
    let messages = &server.sessions()[0].messages;
    assert_eq!(messages[1], ("assistant".to_owned(), "hello".to_owned()));
}

#[tokio::test]
async fn the_input_buffer_takes_sound_and_nothing_else() {
    let server = ModelServer::start(quick()).await.unwrap();
    let mut client = line_session(&server).await;
    client
        .update(json!({"audio": {"input": {"turn_detection": null}}}))
        .await;
    let append = |audio: &str| json!({"type": "input_audio_buffer.append", "audio": audio});
    assert_eq!(
        client.refused(append("not base64!")).await["code"],
        "invalid_value"
    );
    assert_eq!(client.refused(append("")).await["code"], "invalid_value");
    let commit = json!({"type": "input_audio_buffer.commit"});
    let error = client.refused(commit.clone()).await;
    assert_eq!(error["code"], "input_audio_buffer_commit_empty");
    client.speak(500, 600).await;
    client.send(commit.clone()).await;
    let events = client.all_until("conversation.item.done").await;
    assert_eq!(types(&events)[0], "input_audio_buffer.committed");
    client.speak(500, 0).await;
    client
        .send(json!({"type": "input_audio_buffer.clear"}))
        .await;
    client.until("input_audio_buffer.cleared").await;
    assert_eq!(
        client.refused(commit).await["code"],
        "input_audio_buffer_commit_empty"
    );
}

#[tokio::test]
async fn the_voice_stays_once_it_was_heard() {
    let server = ModelServer::start(quick()).await.unwrap();
    let mut client = line_session(&server).await;
    let voice = |voice: &str| json!({"audio": {"output": {"voice": voice}}});
    client.update(voice("marin")).await;
    client.send(json!({"type": "response.create"})).await;
    client.until("response.done").await;
    let mut session = voice("cedar");
    session["type"] = json!("realtime");
    let error = client
        .refused(json!({"type": "session.update", "session": session}))
        .await;
    assert_eq!(error["code"], "cannot_update_voice");
    assert_eq!(
        client.update(voice("marin")).await["session"]["audio"]["output"]["voice"],
        "marin"
    );
}

#[tokio::test]
async fn recorded_callers_are_heard_as_one_turn_each() {
    let server = ModelServer::start(quick()).await.unwrap();
    let mut client = line_session(&server).await;
    for clip in CALLER {
        client.append(clip.mulaw, 700).await;
        client.until("input_audio_buffer.committed").await;
    }
    client.until("response.created").await;
    assert_eq!(server.sessions()[0].turns.len(), CALLER.len());
    assert!(
        server.sessions()[0]
            .appended
            .mulaw()
            .starts_with(CALLER[0].mulaw)
    );
}

#[tokio::test]
async fn silence_can_be_answered_too() {
    let lines = vec![Line::say(Spoken::babble(
        "Hello?",
        Duration::from_millis(300),
    ))];
    let server = ModelServer::start(ModelOptions { lines, ..quick() })
        .await
        .unwrap();
    let mut client = line_session(&server).await;
    let detection = json!({"type": "server_vad", "idle_timeout_ms": 100});
    client
        .update(json!({"audio": {"input": {"turn_detection": detection}}}))
        .await;
    client.send(json!({"type": "response.create"})).await;
    client.until("response.done").await;
    let events = client.all_until("response.created").await;
    assert!(types(&events).contains(&"input_audio_buffer.timeout_triggered"));
}

#[tokio::test]
async fn a_response_that_is_not_to_be_interrupted_goes_on() {
    let server = ModelServer::start(ModelOptions {
        speed: 4.0,
        ..quick()
    })
    .await
    .unwrap();
    let mut client = line_session(&server).await;
    let detection = json!({"type": "server_vad", "interrupt_response": false});
    client
        .update(json!({"audio": {"input": {"turn_detection": detection}}}))
        .await;
    client.send(json!({"type": "response.create"})).await;
    client.until("response.output_audio.delta").await;
    client.speak(300, 600).await;
    let error = client.until("error").await["error"].clone();
    assert_eq!(error["code"], "conversation_already_has_active_response");
    assert_eq!(
        client.until("response.done").await["response"]["status"],
        "completed"
    );
    assert_eq!(server.violations(), [""; 0]);
}

/// With `FRONTDESK_ORACLE_DIR` set, leaves one of each event for the official types to judge.
#[tokio::test]
async fn every_kind_of_event_can_be_shown_to_the_official_types() {
    let spoken = Spoken::babble("One moment, please.", Duration::from_millis(300));
    let lines = vec![
        Line::say(spoken.clone()).then_call("take_message", "{}"),
        Line::say(spoken),
    ];
    let caller_transcripts = vec!["Good morning".to_owned()];
    let options = ModelOptions {
        lines,
        caller_transcripts,
        speed: 2.0,
        ..quick()
    };
    let server = ModelServer::start(options).await.unwrap();
    let mut client = line_session(&server).await;
    client.speak(400, 600).await;
    client.until("response.done").await;
    client.send(json!({"type": "response.create"})).await;
    client.until("response.output_audio.delta").await;
    client.speak(200, 0).await;
    let done = client.until("response.done").await;
    let item_id = &done["response"]["output"][0]["id"];
    let cut = json!({"item_id": item_id, "content_index": 0, "audio_end_ms": 50});
    for (kind, body) in [
        ("conversation.item.truncate", cut),
        ("conversation.item.retrieve", json!({"item_id": item_id})),
        ("conversation.item.delete", json!({"item_id": item_id})),
        ("input_audio_buffer.clear", json!({})),
        ("response.cancel", json!({"response_id": "resp_of_nobody"})),
        (
            "response.create",
            json!({"response": {"output_modalities": ["text"]}}),
        ),
    ] {
        let mut event = body;
        event["type"] = json!(kind);
        client.send(event).await;
    }
    client.until("response.done").await;
    let has_all = |all: &[frontdesk::rehearsal::model::SessionRecord]| {
        all[0].count_sent("response.done") == 3
    };
    server.wait_for(PATIENCE, has_all).await.unwrap();
    if let Some(folder) = std::env::var_os("FRONTDESK_ORACLE_DIR") {
        let path = Path::new(&folder).join("model_events.jsonl");
        let mut file = fs::File::create(path).unwrap();
        for line in &server.sessions()[0].server_log {
            writeln!(file, "{line}").unwrap();
        }
    }
}

//! The simulated model: how sessions begin, go on and break.

use std::time::Duration;

use frontdesk::rehearsal::model::{
    Ending, Failure, Garbage, Line, ModelOptions, ModelServer, Stall,
};
use frontdesk::rehearsal::{Spoken, WireFormat};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::model_client::{Client, PATIENCE, audio_ms, quick};

async fn status_of(server: &ModelServer, query: &str, key: &'static str) -> u16 {
    match Client::dial(server, query, &[("authorization", key)]).await {
        Err(Error::Http(response)) => response.status().as_u16(),
        _ => 101,
    }
}

#[tokio::test]
async fn an_upgrade_needs_a_key_and_a_model() {
    let options = ModelOptions {
        required_key: Some("sk-right".to_owned()),
        failures: vec![Failure::RefuseUpgrade(429)],
        ..quick()
    };
    let server = ModelServer::start(options).await.unwrap();
    assert_eq!(status_of(&server, "?model=m", "Bearer sk-right").await, 429);
    assert_eq!(status_of(&server, "?model=m", "Bearer sk-wrong").await, 401);
    assert_eq!(status_of(&server, "?model=m", "Bearer ").await, 401);
    assert_eq!(status_of(&server, "", "Bearer sk-right").await, 400);
    assert_eq!(
        status_of(&server, "/more?model=m", "Bearer sk-right").await,
        404
    );
    assert_eq!(status_of(&server, "?model=m", "Bearer sk-right").await, 101);
    assert_eq!(server.accepted(), 6);
    assert_eq!(server.violations().len(), 4);
}

#[tokio::test]
async fn the_beta_interface_is_gone() {
    let server = ModelServer::start(quick()).await.unwrap();
    let headers = [
        ("authorization", "Bearer k"),
        ("openai-beta", "realtime=v1"),
    ];
    let mut client = Client::dial(&server, "?model=m", &headers).await.unwrap();
    assert_eq!(
        client.next().await["error"]["code"],
        "beta_api_shape_disabled"
    );
    assert_eq!(client.end().await, Some(4000));
    assert_eq!(server.violations().len(), 1);
}

#[tokio::test]
async fn a_session_is_shown_whole_and_changed_in_part() {
    let server = ModelServer::start(quick()).await.unwrap();
    let mut client = Client::connect(&server).await;
    let turn_detection = json!({"type": "server_vad", "silence_duration_ms": 200});
    let session = client
        .update(json!({
            "instructions": "Be brief.",
            "audio": {"input": {"format": {"type": "audio/pcmu"}, "turn_detection": turn_detection}},
        }))
        .await["session"]
        .clone();
    assert_eq!(session["instructions"], "Be brief.");
    assert_eq!(session["model"], "gpt-realtime-2.1");
    let input = &session["audio"]["input"];
    assert_eq!(input["format"], json!({"type": "audio/pcmu"}));
    assert_eq!(input["turn_detection"]["silence_duration_ms"], 200);
    assert_eq!(input["turn_detection"]["threshold"], 0.5);
    let output = &session["audio"]["output"];
    assert_eq!(
        output["format"],
        json!({"type": "audio/pcm", "rate": 24000})
    );
    assert_eq!(server.violations(), [""; 0]);
}

fn impossible_sessions() -> Vec<(Value, &'static str)> {
    vec![
        (
            json!({"input_audio_format": "g711_ulaw"}),
            "unknown_parameter",
        ),
        (json!({"modalities": ["audio"]}), "unknown_parameter"),
        (json!({"temperature": 0.8}), "unknown_parameter"),
        (
            json!({"output_modalities": ["audio", "text"]}),
            "invalid_value",
        ),
        (
            json!({"audio": {"output": {"voice": "bob"}}}),
            "invalid_value",
        ),
        (
            json!({"audio": {"output": {"speed": 2.0}}}),
            "invalid_value",
        ),
        (
            json!({"audio": {"output": {"format": "pcm16"}}}),
            "invalid_type",
        ),
        (
            json!({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 8000}}}}),
            "invalid_value",
        ),
        (
            json!({"audio": {"input": {"turn_detection": {"type": "vad"}}}}),
            "invalid_value",
        ),
        (
            json!({"audio": {"input": {"transcription": {"model": "whisper-9"}}}}),
            "invalid_value",
        ),
        (json!({"max_output_tokens": 5000}), "invalid_value"),
        (json!({"model": "gpt-realtime-1.5"}), "invalid_value"),
        (
            json!({"tools": [{"type": "function", "function": {"name": "x"}}]}),
            "unknown_parameter",
        ),
        (
            json!({"tools": [{"type": "function", "name": "a b"}]}),
            "invalid_value",
        ),
        (json!({"tool_choice": "any"}), "invalid_value"),
    ]
}

#[tokio::test]
async fn what_a_session_cannot_be_is_refused_by_its_path() {
    let server = ModelServer::start(quick()).await.unwrap();
    let mut client = Client::connect(&server).await;
    let cases = impossible_sessions();
    for (mut session, code) in cases.clone() {
        session["type"] = json!("realtime");
        let error = client
            .refused(json!({"type": "session.update", "session": session}))
            .await;
        assert_eq!(error["code"], code, "{session} {error}");
        assert_eq!(error["type"], "invalid_request_error");
    }
    let untyped = client
        .refused(json!({"type": "session.update", "session": {}}))
        .await;
    assert_eq!(untyped["param"], "session.type");
    assert_eq!(server.violations().len(), cases.len() + 1);
    assert_eq!(
        client.update(json!({})).await["session"]["audio"]["output"]["voice"],
        "alloy"
    );
}

#[tokio::test]
async fn a_delay_before_the_first_update_holds_everything_back() {
    let options = ModelOptions {
        ready_delay: Duration::from_millis(150),
        ..quick()
    };
    let server = ModelServer::start(options).await.unwrap();
    let mut client = Client::connect(&server).await;
    let begun = Instant::now();
    client
        .send(json!({"type": "session.update", "session": {"type": "realtime"}}))
        .await;
    client.send(json!({"type": "response.create"})).await;
    assert_eq!(client.next().await["type"], "session.updated");
    assert!(begun.elapsed() >= Duration::from_millis(150));
    assert_eq!(client.next().await["type"], "response.created");
}

#[tokio::test]
async fn a_stall_leaves_a_hole_in_the_response() {
    let stall = Stall {
        after_audio: Duration::from_millis(200),
        lasting: Duration::from_millis(300),
    };
    let server = ModelServer::start(ModelOptions {
        stall: Some(stall),
        ..quick()
    })
    .await
    .unwrap();
    let mut client = Client::connect(&server).await;
    client.send(json!({"type": "response.create"})).await;
    for _ in 0..2 {
        client.until("response.output_audio.delta").await;
    }
    let begun = Instant::now();
    client.until("response.output_audio.delta").await;
    assert!(begun.elapsed() >= Duration::from_millis(290));
}

#[tokio::test]
async fn a_session_breaks_as_it_is_told() {
    let failures = vec![
        Failure::CloseAfterDeltas {
            deltas: 2,
            code: Some(1011),
        },
        Failure::CloseAfterDeltas {
            deltas: 1,
            code: None,
        },
        Failure::ExpireAfter(Duration::from_millis(50)),
        Failure::GarbageAfterDeltas {
            deltas: 1,
            messages: vec![Garbage::Text("{nonsense".to_owned())],
        },
        Failure::Healthy,
    ];
    let server = ModelServer::start(ModelOptions {
        failures,
        ..quick()
    })
    .await
    .unwrap();
    let create = json!({"type": "response.create"});

    let mut client = Client::connect(&server).await;
    client.send(create.clone()).await;
    assert_eq!(client.end().await, Some(1011));
    let mut client = Client::connect(&server).await;
    client.send(create.clone()).await;
    assert_eq!(client.end().await, None);
    let mut client = Client::connect(&server).await;
    assert_eq!(client.next().await["error"]["code"], "session_expired");
    assert_eq!(client.end().await, Some(1001));
    let mut client = Client::connect(&server).await;
    client.send(create.clone()).await;
    while client.next_message().await != Message::text("{nonsense") {}
    client.until("response.done").await;
    let mut client = Client::connect(&server).await;
    server.inject(4, r#"{"type":"hello.world"}"#).await;
    assert_eq!(client.next().await["type"], "hello.world");
    server.disconnect(4, Some(1001)).await;
    assert_eq!(client.end().await, Some(1001));

    let counts: Vec<usize> = server.look(|sessions| {
        let delta = "response.output_audio.delta";
        sessions
            .iter()
            .map(|session| session.count_sent(delta))
            .collect()
    });
    assert_eq!(counts, [2, 1, 0, 20, 0]);
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn an_upgrade_may_be_late_or_never_come() {
    let failures = vec![Failure::NeverAnswerUpgrade, Failure::Healthy];
    let accept_delay = Duration::from_millis(100);
    let options = ModelOptions {
        failures,
        accept_delay,
        ..quick()
    };
    let server = ModelServer::start(options).await.unwrap();
    let headers = [("authorization", "Bearer k")];
    let never = Client::dial(&server, "?model=m", &headers);
    assert!(
        tokio::time::timeout(Duration::from_millis(300), never)
            .await
            .is_err()
    );
    let begun = Instant::now();
    Client::connect(&server).await;
    assert!(begun.elapsed() >= accept_delay);
    assert_eq!((server.accepted(), server.sessions().len()), (2, 1));
}

#[tokio::test]
async fn a_frozen_session_says_nothing_and_stays_open() {
    let failures = vec![Failure::FreezeAfterDeltas(1)];
    let server = ModelServer::start(ModelOptions {
        failures,
        ..quick()
    })
    .await
    .unwrap();
    let mut client = Client::connect(&server).await;
    client.send(json!({"type": "response.create"})).await;
    client.until("response.output_audio.delta").await;
    let next = client.next();
    assert!(
        tokio::time::timeout(Duration::from_millis(200), next)
            .await
            .is_err()
    );
    assert_eq!(server.live(), 1);
}

#[tokio::test]
async fn a_server_that_is_dropped_takes_its_sessions_along() {
    let server = ModelServer::start(quick()).await.unwrap();
    let mut client = Client::connect(&server).await;
    assert_eq!(server.live(), 1);
    drop(server);
    assert_eq!(client.end().await, None);
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed() {
    let server = ModelServer::start(quick()).await.unwrap();
    drop(Client::connect(&server).await);
    let is_gone = |all: &[_]| all.len() == 1;
    server.wait_for(PATIENCE, is_gone).await.unwrap();
    server
        .wait_for(PATIENCE, |all| all[0].closed_at.is_some())
        .await
        .unwrap();
    assert_eq!(server.live(), 0);
    let never = server.wait_for(Duration::from_millis(10), |_| false).await;
    assert!(never.is_err());
}

#[tokio::test]
async fn a_response_may_fail_or_say_nothing() {
    let ending = Ending::Failed {
        code: "rate_limit_exceeded".to_owned(),
        message: "Rate limit reached.".to_owned(),
    };
    let lines = vec![
        Line {
            ending,
            ..Line::default()
        },
        Line::default(),
    ];
    let server = ModelServer::start(ModelOptions { lines, ..quick() })
        .await
        .unwrap();
    let mut client = Client::connect(&server).await;
    client.send(json!({"type": "response.create"})).await;
    let failed = client.until("response.done").await["response"].clone();
    assert_eq!(failed["status"], "failed");
    assert_eq!(
        failed["status_details"]["error"]["code"],
        "rate_limit_exceeded"
    );
    client.send(json!({"type": "response.create"})).await;
    let silent = client.until("response.done").await["response"].clone();
    assert_eq!(
        (&silent["status"], &silent["output"]),
        (&json!("completed"), &json!([]))
    );
}

#[tokio::test]
async fn sound_travels_in_each_format_at_its_own_length() {
    for (format, wire, bytes_per_ms) in [
        (
            json!({"type": "audio/pcm", "rate": 24000}),
            WireFormat::Pcm24,
            48,
        ),
        (json!({"type": "audio/pcmu"}), WireFormat::Pcmu, 8),
        (json!({"type": "audio/pcma"}), WireFormat::Pcma, 8),
    ] {
        let spoken = Spoken::babble("one two three", Duration::from_millis(450));
        let lines = vec![Line::say(spoken)];
        let server = ModelServer::start(ModelOptions { lines, ..quick() })
            .await
            .unwrap();
        let mut client = Client::connect(&server).await;
        let audio = json!({"input": {"format": format}, "output": {"format": format}});
        client.update(json!({"audio": audio})).await;
        client.speak(240, 0).await;
        client.send(json!({"type": "response.create"})).await;
        let events = client.all_until("response.done").await;
        assert_eq!(audio_ms(&events, bytes_per_ms), 450);
        let session = &server.sessions()[0];
        assert_eq!(session.appended.format, wire);
        assert_eq!(session.appended.total_bytes, 240 * 8);
        assert_eq!(session.appended.arrivals.len(), 12);
        assert_eq!(session.items[0].generated_ms, 450);
        assert_eq!(session.items[0].text, "one two three");
    }
}

#[tokio::test]
async fn text_is_written_when_no_sound_is_wanted() {
    let server = ModelServer::start(quick()).await.unwrap();
    let mut client = Client::connect(&server).await;
    client.update(json!({"output_modalities": ["text"]})).await;
    client.send(json!({"type": "response.create"})).await;
    let events = client.all_until("response.done").await;
    let deltas = events
        .iter()
        .filter(|event| event["type"] == "response.output_text.delta");
    let text: String = deltas.filter_map(|event| event["delta"].as_str()).collect();
    let done = events
        .iter()
        .find(|event| event["type"] == "response.output_text.done")
        .unwrap();
    assert_eq!(done["text"], Value::from(text));
    assert_eq!(audio_ms(&events, 48), 0);
}

//! A hand-written client of the simulated model, which knows none of its types.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use frontdesk::rehearsal::Spoken;
use frontdesk::rehearsal::model::{Line, ModelOptions, ModelServer};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// A model that thinks fast, so that tests are quick.
pub(super) fn quick() -> ModelOptions {
    let line = |text: &str| Line::say(Spoken::babble(text, Duration::from_secs(2)));
    ModelOptions {
        lines: vec![
            line("Hello, how can I help?"),
            line("Of course. Anything else?"),
        ],
        think: Duration::from_millis(10),
        delta: Duration::from_millis(100),
        speed: 20.0,
        transcription_delay: Duration::from_millis(10),
        ..ModelOptions::default()
    }
}

pub(super) struct Client {
    socket: WebSocketStream<TcpStream>,
}

impl Client {
    /// Connects with a key and a model, and takes `session.created`.
    pub(super) async fn connect(server: &ModelServer) -> Self {
        let headers = [("authorization", "Bearer sk-test")];
        let mut client = Self::dial(server, "?model=gpt-realtime-2.1", &headers)
            .await
            .expect("a healthy server takes a healthy client");
        assert_eq!(client.next().await["type"], "session.created");
        client
    }

    pub(super) async fn dial(
        server: &ModelServer,
        query: &str,
        headers: &[(&'static str, &'static str)],
    ) -> Result<Self, Error> {
        let mut request = format!("{}{query}", server.url()).into_client_request()?;
        for (name, value) in headers {
            request
                .headers_mut()
                .insert(*name, HeaderValue::from_static(value));
        }
        let stream = TcpStream::connect(("127.0.0.1", server.port())).await?;
        client_async(request, stream)
            .await
            .map(|(socket, _)| Self { socket })
    }

    pub(super) async fn send(&mut self, event: Value) {
        self.socket
            .send(Message::text(event.to_string()))
            .await
            .expect("the server is there");
    }

    /// Changes the session and takes `session.updated`.
    pub(super) async fn update(&mut self, mut session: Value) -> Value {
        session["type"] = json!("realtime");
        self.send(json!({"type": "session.update", "session": session}))
            .await;
        self.until("session.updated").await
    }

    /// Appends speech of this length and then silence, all at once.
    pub(super) async fn speak(&mut self, speech_ms: u64, silence_ms: usize) {
        let spoken = Spoken::babble("", Duration::from_millis(speech_ms));
        self.append(&spoken.mulaw, silence_ms).await;
    }

    /// Appends mu-law and then silence, all at once.
    pub(super) async fn append(&mut self, mulaw: &[u8], silence_ms: usize) {
        let mut sound = mulaw.to_vec();
        sound.resize(sound.len() + silence_ms * 8, 0xFF);
        for frame in sound.chunks(160) {
            let audio = STANDARD.encode(frame);
            self.send(json!({"type": "input_audio_buffer.append", "audio": audio}))
                .await;
        }
    }

    pub(super) async fn next_message(&mut self) -> Message {
        let message = timeout(PATIENCE, self.socket.next())
            .await
            .expect("the server answers");
        message
            .expect("the socket is open")
            .expect("the socket is whole")
    }

    pub(super) async fn next(&mut self) -> Value {
        let message = self.next_message().await;
        let text = message.to_text().expect("the server sends text");
        serde_json::from_str(text).expect("the server sends JSON")
    }

    /// The next event of this type; those before it are let go.
    pub(super) async fn until(&mut self, event_type: &str) -> Value {
        loop {
            let event = self.next().await;
            if event["type"] == event_type {
                return event;
            }
        }
    }

    /// All events up to the next of this type.
    pub(super) async fn all_until(&mut self, event_type: &str) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = self.next().await;
            let is_last = event["type"] == event_type;
            events.push(event);
            if is_last {
                return events;
            }
        }
    }

    /// Sends `event` and takes the `error` that it deserves.
    pub(super) async fn refused(&mut self, mut event: Value) -> Value {
        event["event_id"] = json!("mine");
        self.send(event).await;
        let error = self.until("error").await["error"].clone();
        assert_eq!(error["event_id"], "mine");
        error
    }

    /// How the socket ends: the close code, or none for a drop.
    pub(super) async fn end(&mut self) -> Option<u16> {
        loop {
            let message = timeout(PATIENCE, self.socket.next())
                .await
                .expect("the server ends it");
            match message {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| u16::from(frame.code)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}

/// Milliseconds of sound in the deltas among `events`, at 24 kHz or as mu-law.
pub(super) fn audio_ms(events: &[Value], bytes_per_ms: usize) -> usize {
    let deltas = events
        .iter()
        .filter(|event| event["type"] == "response.output_audio.delta");
    let bytes = deltas.map(|event| {
        let delta = event["delta"].as_str().expect("a delta has text");
        STANDARD.decode(delta).expect("a delta is base64").len()
    });
    bytes.sum::<usize>() / bytes_per_ms
}

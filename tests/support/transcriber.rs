//! A simulated transcriber, as strict as the real one, on a real socket.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use frontdesk::audio::wav;
use frontdesk::domain::Secret;
use frontdesk::egress;
use frontdesk::transcribe::Transcriber;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const KEY: &str = "sk-of-the-transcriber";
pub(crate) const MODEL: &str = "gpt-transcribe";

/// What it says to the next request.
#[derive(Clone, Debug)]
pub(crate) enum Saying {
    Words(&'static str),
    /// Words, and not how much sound that was.
    Uncounted(&'static str),
    Status(u16),
    Busy(u32),
    Garbage,
}

/// What it was asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Asked {
    pub(crate) bytes: usize,
    pub(crate) language: Option<String>,
}

#[derive(Default)]
struct Desk {
    sayings: Vec<Saying>,
    asked: Vec<Asked>,
    complaints: Vec<String>,
}

type Shared = Arc<Mutex<Desk>>;

/// Dropping it checks that nobody asked what the real one would refuse.
pub(crate) struct TranscriberServer {
    pub(crate) base: String,
    desk: Shared,
    task: JoinHandle<()>,
}

impl TranscriberServer {
    /// Says this, in order; after that it has no more to say.
    pub(crate) async fn open(sayings: &[Saying]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let desk = Shared::default();
        desk.lock().unwrap().sayings = sayings.iter().rev().cloned().collect();
        let router = Router::new()
            .route("/v1/audio/transcriptions", post(transcribe))
            .layer(DefaultBodyLimit::max(26 * 1024 * 1024))
            .with_state(Arc::clone(&desk));
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        Self { base, desk, task }
    }

    pub(crate) fn client(&self) -> Transcriber {
        let base = self.base.parse().expect("a URL");
        Transcriber::new(egress::client(), &base, Secret::new(KEY.to_owned()), MODEL)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.desk.lock().unwrap().asked.clone()
    }
}

impl Drop for TranscriberServer {
    fn drop(&mut self) {
        self.task.abort();
        if !std::thread::panicking() {
            assert_eq!(self.desk.lock().unwrap().complaints, Vec::<String>::new());
        }
    }
}

async fn transcribe(
    State(desk): State<Shared>,
    headers: HeaderMap,
    mut form: Multipart,
) -> Response {
    let complain = |what: String| desk.lock().unwrap().complaints.push(what);
    if headers
        .get("authorization")
        .is_none_or(|value| value != &format!("Bearer {KEY}"))
    {
        complain("the key is not there".to_owned());
    }
    let mut seconds = 3.0;
    let (mut asked, mut has_file, mut model) = (
        Asked {
            bytes: 0,
            language: None,
        },
        false,
        None,
    );
    while let Some(field) = form.next_field().await.expect("a form of several parts") {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "file" => {
                // The kind of sound is told by the ending.
                if field.file_name() != Some("recording.wav") {
                    complain(format!("the file is called {:?}", field.file_name()));
                }
                let bytes = field.bytes().await.expect("bytes");
                if !bytes.starts_with(b"RIFF") {
                    complain("the file is no WAV".to_owned());
                }
                if let Some(head) = wav::Head::read(&bytes, bytes.len() as u64) {
                    seconds = head.duration().as_secs_f64();
                }
                (asked.bytes, has_file) = (bytes.len(), true);
            }
            "model" => model = Some(field.text().await.expect("text")),
            "language" => asked.language = Some(field.text().await.expect("text")),
            "response_format" => assert_eq!(field.text().await.expect("text"), "json"),
            _ => complain(format!("there is no parameter {name}")),
        }
    }
    if !has_file || model.as_deref() != Some(MODEL) {
        complain("a file and a model are needed".to_owned());
    }
    if asked.language.as_ref().is_some_and(|code| code.len() != 2) {
        complain("a language has two letters".to_owned());
    }
    desk.lock().unwrap().asked.push(asked);
    let saying = desk.lock().unwrap().sayings.pop();
    said(saying.as_ref(), seconds)
}

fn said(saying: Option<&Saying>, seconds: f64) -> Response {
    match saying {
        Some(Saying::Words(words)) => {
            let usage = json!({"type": "duration", "seconds": seconds});
            axum::Json(json!({"text": *words, "usage": usage})).into_response()
        }
        Some(Saying::Uncounted(words)) => axum::Json(json!({"text": *words})).into_response(),
        Some(Saying::Status(status)) => {
            let status = StatusCode::from_u16(*status).expect("a status");
            let error = json!({"error": {"message": "no", "type": "invalid_request_error",
                "param": null, "code": "invalid_value"}});
            (status, axum::Json(error)).into_response()
        }
        Some(Saying::Busy(seconds)) => {
            let headers = [("retry-after", seconds.to_string())];
            (StatusCode::TOO_MANY_REQUESTS, headers, "{}").into_response()
        }
        Some(Saying::Garbage) => "<html>".into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

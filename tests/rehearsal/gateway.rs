//! A hand-written gateway for the simulated carrier to call: one port, no framework.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use frontdesk::domain::Secret;
use frontdesk::rehearsal::carrier::{Carrier, CarrierOptions};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

pub(super) const TOKEN: &str = "12345";

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Received {
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) form: BTreeMap<String, String>,
}

/// What is answered: status, content type, body.
pub(super) type Answer = (u16, &'static str, String);
type Answers = dyn Fn(&Received) -> Answer + Send + Sync;
type StreamFuture = Pin<Box<dyn Future<Output = ()> + Send>>;
type Streams = dyn Fn(Line) -> StreamFuture + Send + Sync;

/// The carrier's socket, seen from the gateway.
pub(super) struct Line {
    pub(super) socket: WebSocketStream<TcpStream>,
    pub(super) upgrade: Received,
    /// All that the carrier has sent.
    pub(super) log: Vec<Value>,
}

impl Line {
    pub(super) async fn next(&mut self) -> Option<Value> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let value: Value = serde_json::from_str(&text).expect("the carrier sends JSON");
                    self.log.push(value.clone());
                    return Some(value);
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    pub(super) async fn until(&mut self, event: &str) -> Option<Value> {
        loop {
            let message = self.next().await?;
            if message["event"] == event {
                return Some(message);
            }
        }
    }

    /// Takes `connected` and `start`; gives the streamSid.
    pub(super) async fn start(&mut self) -> String {
        let start = self.until("start").await.expect("a stream starts");
        start["streamSid"]
            .as_str()
            .expect("a stream has a name")
            .to_owned()
    }

    pub(super) async fn send(&mut self, message: Value) {
        let _ = self.socket.send(Message::text(message.to_string())).await;
    }

    /// Sends so many milliseconds of sound.
    pub(super) async fn play(&mut self, sid: &str, mulaw: &[u8]) {
        use base64::Engine as _;
        let payload = base64::engine::general_purpose::STANDARD.encode(mulaw);
        self.send(json!({"event": "media", "streamSid": sid, "media": {"payload": payload}}))
            .await;
    }

    pub(super) async fn mark(&mut self, sid: &str, name: &str) {
        self.send(json!({"event": "mark", "streamSid": sid, "mark": {"name": name}}))
            .await;
    }

    pub(super) async fn clear(&mut self, sid: &str) {
        self.send(json!({"event": "clear", "streamSid": sid})).await;
    }

    pub(super) async fn close(mut self) {
        let _ = self.socket.close(None).await;
        while self.next().await.is_some() {}
    }
}

/// The gateway, and what it was asked.
pub(super) struct Gateway {
    base_url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Gateway {
    pub(super) async fn start<F>(
        answers: impl Fn(&Received) -> Answer + Send + Sync + 'static,
        streams: impl Fn(Line) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let log = Arc::clone(&received);
        let answers: Arc<Answers> = Arc::new(answers);
        let streams: Arc<Streams> = Arc::new(move |line| Box::pin(streams(line)));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, answers, streams) =
                    (Arc::clone(&log), Arc::clone(&answers), Arc::clone(&streams));
                tokio::spawn(serve(stream, log, answers, streams));
            }
        });
        Self {
            base_url: format!("http://{address}"),
            received,
        }
    }

    /// A carrier that calls this gateway as `https://desk.example`.
    pub(super) fn carrier(&self) -> Carrier {
        Carrier::new(self.options()).expect("the URL is one")
    }

    pub(super) fn options(&self) -> CarrierOptions {
        CarrierOptions {
            public_url: "https://desk.example".to_owned(),
            ..CarrierOptions::new(&self.base_url, Secret::new(TOKEN.to_owned()))
        }
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().expect("nobody panicked").clone()
    }
}

pub(super) fn xml(body: &str) -> Answer {
    (
        200,
        "text/xml",
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{body}</Response>"),
    )
}

/// `<Connect><Stream>` for the inbound webhook, nothing for all others.
pub(super) fn connect(request: &Received) -> Answer {
    if request.path == "/api/voice/webhooks/twiml/inbound" {
        xml(
            "<Connect action=\"/ended\"><Stream url=\"wss://desk.example/media-stream\">\
            <Parameter name=\"token\" value=\"secret\"/></Stream></Connect>",
        )
    } else {
        xml("")
    }
}

#[expect(
    clippy::result_large_err,
    reason = "the shape of the callback is tungstenite's"
)]
async fn serve(
    mut stream: TcpStream,
    log: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Answers>,
    streams: Arc<Streams>,
) {
    let mut first = [0; 4];
    while stream.peek(&mut first).await.is_ok_and(|read| read < 4) {}
    if first == *b"GET " {
        let mut upgrade = Received::default();
        let callback = |request: &Request, response: Response| {
            request.uri().path().clone_into(&mut upgrade.path);
            for (name, value) in request.headers() {
                let value = value.to_str().unwrap_or_default().to_owned();
                upgrade.headers.insert(name.to_string(), value);
            }
            Ok(response)
        };
        if let Ok(socket) = accept_hdr_async(stream, callback).await {
            streams(Line {
                socket,
                upgrade,
                log: Vec::new(),
            })
            .await;
        }
        return;
    }
    while let Some(request) = read_request(&mut stream).await {
        let (status, content_type, body) = answers(&request);
        log.lock().expect("nobody panicked").push(request);
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all((head + &body).as_bytes()).await;
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let head_len = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_len].to_vec()).ok()?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ').map(str::to_owned);
    let mut request = Received {
        path: first.nth(1)?,
        ..Received::default()
    };
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        request
            .headers
            .insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length: usize = request.headers.get("content-length")?.parse().ok()?;
    while bytes.len() < head_len + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    request.form = serde_urlencoded::from_bytes(&bytes[head_len..]).ok()?;
    Some(request)
}

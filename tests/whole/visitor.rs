//! A visitor who speaks HTTP and WebSocket byte by byte, with or without the carrier's signature.

use frontdesk::domain::Secret;
use frontdesk::twilio::signature::sign;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::form_urlencoded;

use super::desk::{Desk, PUBLIC_URL, TOKEN, ms};

/// Somebody rings.
pub(super) const INBOUND: &str = "/api/voice/webhooks/twiml/inbound";
/// The stream is over.
pub(super) const STREAM_ENDED: &str = "/api/voice/webhooks/stream-ended";
/// How a call stands.
pub(super) const STATUS: &str = "/api/voice/webhooks/status";
/// Our answer was of no use.
pub(super) const FALLBACK: &str = "/api/voice/webhooks/fallback";
/// The name that every stream here goes by.
pub(super) const STREAM_SID: &str = "MZ00000000000000000000000000000001";

/// Names and values in their order.
pub(super) type Form = Vec<(String, String)>;

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn is_apology(&self) -> bool {
        let is_xml = self.head.contains("content-type: text/xml");
        self.status == 200 && is_xml && self.body.contains("We are sorry")
    }

    pub(super) fn is_hangup(&self) -> bool {
        self.status == 200 && self.body.contains("<Response><Hangup/></Response>")
    }

    /// The token in the TwiML of a call that was let in.
    pub(super) fn token(&self) -> String {
        let found = self.body.split_once(r#"name="token" value=""#);
        let token = found.and_then(|(_, rest)| rest.split('"').next());
        token.expect("the TwiML holds a token").to_owned()
    }
}

/// The form of a request about a call.
pub(super) fn form(call_sid: &str, status: &str) -> Form {
    let pairs = [
        ("AccountSid", "AC00000000000000000000000000000001"),
        ("CallSid", call_sid),
        ("CallStatus", status),
        ("Direction", "inbound"),
        ("From", "+15550100001"),
        ("To", "+15550100000"),
        ("FromCity", "COEUR D'ALÈNE"),
    ];
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// The signature of the carrier.
pub(super) fn signature(url: &str, form: &[(String, String)]) -> String {
    sign(&Secret::new(TOKEN.to_owned()), url, form)
}

/// A webhook as the carrier sends it.
pub(super) async fn post(desk: &Desk, path: &str, form: &[(String, String)]) -> Answer {
    let signature = signature(&format!("{PUBLIC_URL}{path}"), form);
    post_as(desk, path, form, Some(&signature)).await
}

/// A webhook with this signature, or none.
pub(super) async fn post_as(
    desk: &Desk,
    path: &str,
    form: &[(String, String)],
    signature: Option<&str>,
) -> Answer {
    let body = encode(form);
    let signature = signature_line(signature);
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n{signature}\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    exchange(desk, &request).await
}

/// The same by GET, as a number may be configured.
pub(super) async fn get(desk: &Desk, path: &str, form: &[(String, String)]) -> Answer {
    let path = format!("{path}?{}", encode(form));
    let signature = signature(&format!("{PUBLIC_URL}{path}"), &[]);
    get_as(desk, &path, Some(&signature)).await
}

/// A GET with this signature, or none.
pub(super) async fn get_as(desk: &Desk, path: &str, signature: Option<&str>) -> Answer {
    let signature = signature_line(signature);
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n{signature}\r\n");
    exchange(desk, &request).await
}

fn encode(form: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish()
}

fn signature_line(signature: Option<&str>) -> String {
    signature.map_or_else(String::new, |signature| {
        format!("X-Twilio-Signature: {signature}\r\n")
    })
}

/// A request as it stands, and its answer.
pub(super) async fn exchange(desk: &Desk, request: &str) -> Answer {
    let mut socket = connect(desk).await;
    socket
        .write_all(request.as_bytes())
        .await
        .expect("it reads");
    let mut answer = String::new();
    let read = timeout(ms(5_000), socket.read_to_string(&mut answer)).await;
    read.expect("it answers in time").expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    Answer {
        status: status(head),
        head: head.to_lowercase(),
        body: body.to_owned(),
    }
}

fn status(head: &str) -> u16 {
    let word = head.split(' ').nth(1).expect("an answer has a status");
    word.parse().expect("a status is a number")
}

async fn connect(desk: &Desk) -> TcpStream {
    let address = desk.base_url.trim_start_matches("http://");
    let socket = TcpStream::connect(address).await.expect("it listens");
    socket.set_nodelay(true).expect("the socket is open");
    socket
}

/// A media stream of which every byte can be chosen.
#[derive(Debug)]
pub(super) struct RawStream {
    pub(super) socket: TcpStream,
}

impl RawStream {
    /// An upgrade with this signature, or none; the status where it is refused.
    pub(super) async fn ask(desk: &Desk, signature: Option<&str>) -> Result<Self, u16> {
        let mut socket = connect(desk).await;
        let signature = signature_line(signature);
        let request = format!(
            "GET /media-stream HTTP/1.1\r\nHost: desk\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{signature}\r\n"
        );
        socket
            .write_all(request.as_bytes())
            .await
            .expect("it reads");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await.expect("it answers"));
        }
        match status(&String::from_utf8_lossy(&head)) {
            101 => Ok(Self { socket }),
            refused => Err(refused),
        }
    }

    /// A socket that the carrier has signed, and nothing said on it.
    pub(super) async fn open(desk: &Desk) -> Self {
        let url = format!("{}/media-stream", PUBLIC_URL.replacen("http", "ws", 1));
        let opened = Self::ask(desk, Some(&signature(&url, &[]))).await;
        opened.expect("the upgrade is granted")
    }

    /// A stream that has said whose it is.
    pub(super) async fn start(desk: &Desk, call_sid: &str, token: &str) -> Self {
        let mut stream = Self::open(desk).await;
        stream.json(&connected()).await;
        stream.json(&start(call_sid, Some(token))).await;
        stream
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        // A peer that has closed already is what many a test expects.
        let _ = self.socket.write_all(bytes).await;
    }

    pub(super) async fn json(&mut self, message: &Value) {
        self.text(&message.to_string()).await;
    }

    pub(super) async fn text(&mut self, text: &str) {
        self.send(&frame(0x81, text.as_bytes())).await;
    }

    /// The next frame: its first byte and its payload; none at the end.
    pub(super) async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let first = self.socket.read_u8().await.ok()?;
        let length = match self.socket.read_u8().await.ok()? {
            126 => u64::from(self.socket.read_u16().await.ok()?),
            127 => self.socket.read_u64().await.ok()?,
            short => u64::from(short),
        };
        let length = usize::try_from(length).expect("a frame fits into memory");
        let mut payload = vec![0; length];
        self.socket.read_exact(&mut payload).await.ok()?;
        Some((first, payload))
    }

    /// The next message that `wanted` takes; panics at the end of the stream.
    pub(super) async fn wait_for(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = async {
            loop {
                let (_, payload) = self.next().await.expect("the stream goes on");
                let message = serde_json::from_slice(&payload).unwrap_or(Value::Null);
                if wanted(&message) {
                    return message;
                }
            }
        };
        let found = timeout(ms(5_000), found).await;
        found.expect("the message comes")
    }

    /// Whether a ping still comes back.
    pub(super) async fn is_alive(&mut self) -> bool {
        self.send(&frame(0x89, b"there?")).await;
        while let Some((first, payload)) = self.next().await {
            if first == 0x8A {
                return payload == b"there?";
            }
        }
        false
    }

    /// Waits for the goodbye and answers it; 0 without a code, none without a goodbye.
    pub(super) async fn close_code(&mut self) -> Option<u16> {
        let goodbye = async {
            loop {
                let (first, payload) = self.next().await?;
                if first == 0x88 {
                    self.send(&frame(0x88, &payload)).await;
                    return Some(match payload[..] {
                        [high, low, ..] => u16::from_be_bytes([high, low]),
                        _ => 0,
                    });
                }
            }
        };
        let goodbye = timeout(ms(8_000), goodbye).await;
        goodbye.expect("the stream ends in time")
    }
}

/// A masked frame with this first byte.
pub(super) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xFA, 0x21, 0x3D];
    let mut bytes = vec![first];
    match u16::try_from(payload.len()) {
        Ok(short @ 0..126) => bytes.push(0x80 | short.to_be_bytes()[1]),
        Ok(length) => {
            bytes.push(0xFE);
            bytes.extend(length.to_be_bytes());
        }
        Err(_) => {
            bytes.push(0xFF);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}

/// The first message of every stream.
pub(super) fn connected() -> Value {
    json!({"event": "connected", "protocol": "Call", "version": "1.0.0"})
}

/// The message that says whose a stream is.
pub(super) fn start(call_sid: &str, token: Option<&str>) -> Value {
    let parameters = token.map_or(json!({}), |token| json!({"token": token}));
    json!({
        "event": "start",
        "sequenceNumber": "1",
        "streamSid": STREAM_SID,
        "start": {
            "streamSid": STREAM_SID,
            "accountSid": "AC00000000000000000000000000000001",
            "callSid": call_sid,
            "tracks": ["inbound"],
            "customParameters": parameters,
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        },
    })
}

/// The message that ends a stream.
pub(super) fn stop() -> Value {
    json!({"event": "stop", "sequenceNumber": "9", "streamSid": STREAM_SID, "stop": {}})
}

//! The line to the model, over loopback.

use std::io::{self, Read as _};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::thread;

use bytes::BytesMut;
use frontdesk::domain::Secret;
use frontdesk::realtime::connection::{
    CONNECT_BUDGET, Error, Line, MAX_MESSAGE, MAX_UNSENT, connect,
};
use frontdesk::realtime::{Auth, ClientEvent, Endpoint, ServerEvent, Trust, server_event};
use futures::{SinkExt as _, StreamExt as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderMap, Uri};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

const KEY: &str = "sk-do-not-print-me";

/// The line as it is.
async fn dial(endpoint: &Endpoint) -> Result<WebSocketStream<Line>, Error> {
    connect(endpoint, |line| line).await
}

#[test]
fn the_model_joins_the_query_unless_it_is_there() {
    let url = |url: &str, model: &str| {
        let endpoint = Endpoint::new(url, model);
        endpoint.request_url().unwrap().to_string()
    };
    let model = "gpt-realtime-2.1";
    for (given, dialled) in [
        (
            "wss://api.openai.com/v1/realtime",
            "wss://api.openai.com/v1/realtime?model=gpt-realtime-2.1",
        ),
        (
            " wss://api.x.ai/v1/realtime?model=grok#top\n",
            "wss://api.x.ai/v1/realtime?model=grok",
        ),
        (
            "ws://localhost:8080/v1/realtime?intent=conversation&language=en",
            "ws://localhost:8080/v1/realtime?intent=conversation&language=en&model=gpt-realtime-2.1",
        ),
        (
            "wss://api.openai.com/v1/realtime?call_id=rtc_1",
            "wss://api.openai.com/v1/realtime?call_id=rtc_1",
        ),
        (
            "wss://desk.openai.azure.com/openai/realtime?deployment=voice&api-version=1",
            "wss://desk.openai.azure.com/openai/realtime?deployment=voice&api-version=1",
        ),
    ] {
        assert_eq!(url(given, model), dialled);
    }
    assert_eq!(
        url(
            "wss://desk.openai.azure.com/openai/v1/realtime",
            "our voice/1"
        ),
        "wss://desk.openai.azure.com/openai/v1/realtime?model=our+voice%2F1"
    );
    assert_eq!(url("ws://[::1]:4640/x", ""), "ws://[::1]:4640/x");
}

#[tokio::test]
async fn an_address_that_is_none_says_what_is_wrong_with_it() {
    for (given, hint) in [
        ("", "is not a URL"),
        ("api.openai.com/v1/realtime", "is not a URL"),
        (
            "https://api.openai.com/v1/realtime",
            "must begin with wss://",
        ),
        (
            "wss://ann:secret@host/",
            "must not hold a user or a password",
        ),
    ] {
        let error = dial(&Endpoint::new(given, "m")).await.unwrap_err();
        let shown = error.to_string();
        assert!(shown.starts_with("OPENAI_REALTIME_URL "), "{shown}");
        assert!(shown.contains(hint), "{shown}");
        assert!(error.is_permanent());
        assert!(!shown.contains("ann"), "{shown}");
    }
}

#[tokio::test]
async fn an_endpoint_shows_its_key_to_the_server_and_to_nobody_else() {
    let (mut endpoint, server) = serve().await;
    endpoint.url.push_str("?language=en");
    endpoint.api_key = Some(Secret::new(format!("{KEY}\n")));
    endpoint.headers = vec![
        (
            "OpenAI-Organization".to_owned(),
            Secret::new("org_1".to_owned()),
        ),
        (
            "OpenAI-Beta".to_owned(),
            Secret::new("realtime=v1".to_owned()),
        ),
        (
            "Sec-WebSocket-Key".to_owned(),
            Secret::new("mine".to_owned()),
        ),
    ];
    let socket = dial(&endpoint).await.unwrap();
    let (uri, headers, _) = server.await.unwrap();
    assert_eq!(uri.query(), Some("language=en&model=gpt-realtime-2.1"));
    assert_eq!(headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(headers["openai-organization"], "org_1");
    assert_ne!(headers["sec-websocket-key"], "mine");
    for absent in [
        "openai-beta",
        "api-key",
        "origin",
        "sec-websocket-extensions",
    ] {
        assert!(!headers.contains_key(absent), "{absent}");
    }
    endpoint.url = "wss://h/x?key=hidden".to_owned();
    let shown = format!("{endpoint:?}");
    assert!(!shown.contains(KEY) && !shown.contains("hidden") && !shown.contains("org_1"));
    drop(socket);
}

#[tokio::test]
async fn azure_is_shown_the_key_in_a_header_of_its_own() {
    let (mut endpoint, server) = serve().await;
    endpoint.api_key = Some(Secret::new(KEY.to_owned()));
    endpoint.auth = Auth::ApiKeyHeader;
    let socket = dial(&endpoint).await.unwrap();
    let (_, headers, _) = server.await.unwrap();
    assert_eq!(headers["api-key"], KEY);
    assert!(!headers.contains_key("authorization"));
    drop(socket);
}

#[tokio::test]
async fn a_server_at_home_needs_no_key() {
    let (endpoint, server) = serve().await;
    // In a task of its own, as calls are.
    let dialled = tokio::spawn(async move { dial(&endpoint).await });
    let socket = dialled.await.unwrap().unwrap();
    let (_, headers, _) = server.await.unwrap();
    assert!(!headers.contains_key("authorization") && !headers.contains_key("api-key"));
    drop(socket);
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_named_and_not_repeated() {
    let mut endpoint = Endpoint::new("ws://127.0.0.1:9", "m");
    endpoint.api_key = Some(Secret::new(format!("{KEY}\nX-Evil: 1")));
    let error = dial(&endpoint).await.unwrap_err();
    assert_eq!(error, Error::InvalidHeader("authorization".to_owned()));
    assert!(error.is_permanent() && !error.to_string().contains("sk-"));
    endpoint.api_key = None;
    endpoint.headers = vec![("not a header".to_owned(), Secret::default())];
    let error = dial(&endpoint).await.unwrap_err();
    assert_eq!(error, Error::InvalidHeader("not a header".to_owned()));
}

#[tokio::test]
async fn events_go_both_ways() {
    let (endpoint, server) = serve().await;
    let mut socket = dial(&endpoint).await.unwrap();
    let (_, _, mut theirs) = server.await.unwrap();
    let created = include_str!("../../fixtures/realtime/full_turn.jsonl")
        .lines()
        .next();
    theirs.send(Message::text(created.unwrap())).await.unwrap();
    let message = socket.next().await.unwrap().unwrap();
    let event = server_event::parse(message.to_text().unwrap()).unwrap();
    assert!(matches!(event, ServerEvent::SessionCreated(_)));
    let mut out = BytesMut::new();
    ClientEvent::InputAudioCommit.write(&mut out);
    let text = std::str::from_utf8(&out).unwrap();
    socket.send(Message::text(text)).await.unwrap();
    assert_eq!(
        theirs.next().await.unwrap().unwrap().to_text().unwrap(),
        r#"{"type":"input_audio_buffer.commit"}"#
    );
}

#[tokio::test]
async fn m2_a_message_beyond_the_limit_is_refused() {
    let (endpoint, server) = serve().await;
    let mut socket = dial(&endpoint).await.unwrap();
    let (_, _, mut theirs) = server.await.unwrap();
    let send = tokio::spawn(async move {
        for size in [MAX_MESSAGE, MAX_MESSAGE + 1] {
            theirs.send(Message::text("a".repeat(size))).await?;
        }
        Ok::<_, tungstenite::Error>(())
    });
    assert_eq!(socket.next().await.unwrap().unwrap().len(), MAX_MESSAGE);
    let error = socket.next().await.unwrap().unwrap_err();
    assert!(matches!(error, tungstenite::Error::Capacity(_)), "{error}");
    drop(socket);
    let _ = send.await.unwrap();
}

#[tokio::test]
async fn m3_little_waits_for_a_server_that_has_stopped_reading() {
    let (endpoint, server) = serve().await;
    let socket = dial(&endpoint).await.unwrap();
    let Line::Plain(stream) = socket.get_ref() else {
        panic!("ws:// is not encrypted");
    };
    assert!(stream.nodelay().unwrap());
    // Linux doubles what it is asked for, to hold its own records.
    let kept = socket2::SockRef::from(stream).send_buffer_size().unwrap();
    assert!(kept <= 128 * 1024, "{kept}");
    let config = socket.get_config();
    assert_eq!(config.max_write_buffer_size, MAX_UNSENT);
    assert_eq!(
        (config.read_buffer_size, config.write_buffer_size),
        (4_096, 0)
    );
    drop(server);
}

#[tokio::test]
async fn o3_a_wrong_key_is_permanent_and_says_what_to_check() {
    for (status, permanent, hint) in [
        (401, true, "OPENAI_API_KEY"),
        (403, true, "OPENAI_API_KEY"),
        (404, true, "OPENAI_REALTIME_MODEL"),
        (302, false, "OPENAI_REALTIME_URL"),
        (429, false, "limits"),
        (503, false, "trouble"),
    ] {
        let body = r#"{"error":{"message":"Incorrect API key provided: sk-do-not-print-me"}}"#;
        let length = body.len();
        let mut endpoint = answer_once(format!(
            "HTTP/1.1 {status} No\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await;
        endpoint.api_key = Some(Secret::new(KEY.to_owned()));
        let error = dial(&endpoint).await.unwrap_err();
        assert_eq!(error, Error::Status(status));
        assert_eq!(error.is_permanent(), permanent, "{status}");
        assert!(error.to_string().contains(hint), "{error}");
        assert!(!format!("{error} {error:?}").contains("sk-"), "{error}");
    }
}

#[tokio::test]
async fn what_does_not_speak_web_socket_is_told_apart() {
    for answer in [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "",
        "HTTP/1.1 101 Yes\r\n\r\n",
    ] {
        let endpoint = answer_once(answer.to_owned()).await;
        let error = dial(&endpoint).await.unwrap_err();
        assert!(matches!(error, Error::Protocol(_)), "{error:?}");
        assert!(!error.is_permanent());
    }
}

#[tokio::test]
async fn o1_nobody_at_the_address_is_refused() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = dial(&Endpoint::new(format!("ws://127.0.0.1:{port}"), "m")).await;
    let error = error.unwrap_err();
    assert_eq!(error, Error::Refused(io::ErrorKind::ConnectionRefused));
    assert!(!error.is_permanent());
}

#[tokio::test]
async fn o1_a_name_that_nobody_has_is_a_matter_of_dns() {
    // Too long for a label: refused before anybody is asked.
    let url = format!("ws://{}.invalid/", "a".repeat(70));
    let error = dial(&Endpoint::new(url, "m")).await.unwrap_err();
    assert_eq!(error, Error::Dns);
}

#[tokio::test]
async fn every_address_of_a_name_is_tried() {
    // Often ::1 first, where nobody listens.
    let (mut endpoint, server) = serve().await;
    endpoint.url = endpoint.url.replace("127.0.0.1", "localhost");
    let socket = dial(&endpoint).await.unwrap();
    drop((socket, server));
}

#[tokio::test(start_paused = true)]
async fn o2_a_server_that_never_answers_costs_the_budget_and_no_more() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let endpoint = Endpoint::new(format!("ws://{}", listener.local_addr().unwrap()), "m");
    let before = Instant::now();
    assert_eq!(dial(&endpoint).await.unwrap_err(), Error::Timeout);
    let waited = before.elapsed();
    assert!(
        waited >= CONNECT_BUDGET && waited < CONNECT_BUDGET * 2,
        "{waited:?}"
    );
}

#[tokio::test]
async fn a_certificate_is_believed_only_if_its_authority_is() {
    let (authority, port) = serve_tls();
    let mut endpoint = Endpoint::new(format!("wss://localhost:{port}/v1/realtime"), "m");
    let error = dial(&endpoint).await.unwrap_err();
    assert!(matches!(error, Error::Tls(_)), "{error:?}");
    assert!(error.to_string().contains("certificate"), "{error}");
    endpoint.trust = Trust::with_authorities(authority.as_bytes()).unwrap();
    let mut socket = dial(&endpoint).await.unwrap();
    assert_eq!(
        socket.next().await.unwrap().unwrap().to_text().unwrap(),
        "hello"
    );
    assert_eq!(
        Trust::with_authorities(b"no certificate").unwrap_err(),
        Error::InvalidAuthority
    );
}

#[tokio::test]
async fn a_server_without_tls_is_told_apart() {
    let mut endpoint = answer_once("HTTP/1.1 400 Bad Request\r\n\r\n".to_owned()).await;
    endpoint.url = endpoint.url.replace("ws://", "wss://");
    let error = dial(&endpoint).await.unwrap_err();
    assert!(matches!(error, Error::Tls(_)), "{error:?}");
}

type Accepted = (Uri, HeaderMap, WebSocketStream<TcpStream>);

/// A server that takes one call and tells how it was called.
async fn serve() -> (Endpoint, JoinHandle<Accepted>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    let endpoint = Endpoint::new(format!("ws://{address}/v1/realtime"), "gpt-realtime-2.1");
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("somebody calls");
        let mut seen = (Uri::default(), HeaderMap::new());
        #[expect(
            clippy::result_large_err,
            reason = "the callback's type is the library's"
        )]
        let note = |request: &Request, response: Response| {
            seen = (request.uri().clone(), request.headers().clone());
            Ok(response)
        };
        let socket = accept_hdr_async(stream, note)
            .await
            .expect("the upgrade is sound");
        (seen.0, seen.1, socket)
    });
    (endpoint, server)
}

/// A server that answers whatever it is asked with `answer`, and hangs up.
async fn answer_once(answer: String) -> Endpoint {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("somebody calls");
        let mut request = [0; 4_096];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(answer.as_bytes()).await;
    });
    Endpoint::new(format!("ws://{address}/v1/realtime"), "gpt-realtime-2.1")
}

/// A server with a certificate of its own making; says hello to whoever
/// believes it. Its authority in PEM, and its port.
fn serve_tls() -> (String, u16) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("it is made");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("it is a key");
    let chain: Vec<CertificateDer<'static>> = vec![made.cert.der().clone()];
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("key and certificate belong together");
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        for _ in 0..2 {
            let (stream, _) = listener.accept().expect("somebody calls");
            let connection = rustls::ServerConnection::new(Arc::clone(&config));
            let connection = connection.expect("the configuration is sound");
            let stream = rustls::StreamOwned::new(connection, stream);
            if let Ok(mut socket) = tungstenite::accept(stream) {
                let _ = socket.send(Message::text("hello"));
                let _ = socket.get_mut().sock.read(&mut [0]);
            }
        }
    });
    (made.cert.pem(), port)
}

//! The line to the model: a WebSocket that is cheap to keep and quick to fail.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use url::{Host, Url};

use super::line::Line;
use super::tls::TlsStream;
use crate::realtime::{Auth, Endpoint};

/// From the first name looked up to the upgraded socket. A caller is listening
/// to silence meanwhile.
pub const CONNECT_BUDGET: Duration = Duration::from_millis(2_500);

/// The largest message taken from the model. Pieces of speech are some tens of
/// kilobytes; larger things end the connection with close code 1009.
pub const MAX_MESSAGE: usize = 1024 * 1024;

/// The most that the WebSocket itself keeps for a server which has stopped
/// reading: a goodbye, and answers to pings. Whoever sends more equips the line
/// with room for it.
pub const MAX_UNSENT: usize = 4 * 1024;

/// Why there is no line. Messages name what to look at, and hold neither keys
/// nor anything that the server said.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// The address is no address.
    #[error("OPENAI_REALTIME_URL {0}")]
    InvalidUrl(&'static str),
    /// A header cannot be sent.
    #[error("the header {0} cannot be sent; look for line breaks and spaces in its value")]
    InvalidHeader(String),
    /// An additional certificate authority is none.
    #[error("the additional certificate authorities are not certificates in PEM")]
    InvalidAuthority,
    /// The host has no address.
    #[error("the host of OPENAI_REALTIME_URL has no address; check its name and the DNS")]
    Dns,
    /// Nobody answers at any address of the host.
    #[error("nobody answers at OPENAI_REALTIME_URL ({0}); check host, port and firewall")]
    Refused(io::ErrorKind),
    /// No encrypted line: not the server we think it is, or no TLS at all.
    #[error("no TLS with the realtime server ({0}); check the certificate and the clock")]
    Tls(String),
    /// Not within [`CONNECT_BUDGET`].
    #[error("the realtime server did not answer in time")]
    Timeout,
    /// The server answered the upgrade with this HTTP status.
    #[error("the realtime server answered HTTP {0}; {advice}", advice = advice(*.0))]
    Status(u16),
    /// What answers does not speak WebSocket, or hung up halfway.
    #[error("no WebSocket with the realtime server ({0}); check the path of OPENAI_REALTIME_URL")]
    Protocol(String),
}

impl Error {
    /// What it is counted under.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::InvalidUrl(_) | Self::InvalidHeader(_) | Self::InvalidAuthority => {
                "agent.misconfigured"
            }
            Self::Dns => "agent.dns",
            Self::Refused(_) => "agent.unreachable",
            Self::Tls(_) => "agent.tls",
            Self::Timeout => "agent.timeout",
            Self::Status(_) => "agent.refused",
            Self::Protocol(_) => "agent.protocol",
        }
    }

    /// Whether it is useless to try again before somebody has changed a
    /// setting or paid a bill.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::InvalidUrl(_) | Self::InvalidHeader(_) | Self::InvalidAuthority => true,
            Self::Status(status) => matches!(status, 401 | 403 | 404),
            Self::Dns | Self::Refused(_) | Self::Tls(_) | Self::Timeout | Self::Protocol(_) => {
                false
            }
        }
    }
}

/// Dials `endpoint`, within [`CONNECT_BUDGET`].
///
/// The socket sends without delay, keeps little unsent in the kernel, so that
/// nothing queues behind a server that has stopped reading, and costs some six
/// kilobytes beside what TLS takes. It runs on what `equip` makes of the line.
pub async fn connect<S>(
    endpoint: &Endpoint,
    equip: impl FnOnce(Line) -> S,
) -> Result<WebSocketStream<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match timeout(CONNECT_BUDGET, Box::pin(dial(endpoint, equip))).await {
        Ok(dialled) => dialled,
        Err(_) => Err(Error::Timeout),
    }
}

async fn dial<S>(
    endpoint: &Endpoint,
    equip: impl FnOnce(Line) -> S,
) -> Result<WebSocketStream<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let url = endpoint.request_url()?;
    let request = request(endpoint, &url)?;
    let stream = reach(&url).await?;
    let line = match url.scheme() {
        "wss" => Line::Encrypted(encrypt(endpoint, &url, stream).await?),
        _ => Line::Plain(stream),
    };
    let upgraded = client_async_with_config(request, equip(line), Some(web_socket_config()));
    let (socket, _) = upgraded.await.map_err(upgrade_error)?;
    Ok(socket)
}

async fn encrypt(
    endpoint: &Endpoint,
    url: &Url,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, Error> {
    // The brackets of an IPv6 address are the URL's.
    let host = url.host_str().unwrap_or_default();
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
        .map_err(|_| Error::Tls("the host is no DNS name".to_owned()))?;
    let encrypted = TlsStream::connect(stream, endpoint.trust.client_config(), name).await;
    encrypted.map_err(|error| line_error(&error))
}

/// How the line is kept: small buffers, and a bound for each that can grow.
pub fn web_socket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4096)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_UNSENT)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
}

fn request(endpoint: &Endpoint, url: &Url) -> Result<Request, Error> {
    let mut request = url
        .as_str()
        .into_client_request()
        .map_err(|_| Error::InvalidUrl("holds characters that HTTP does not allow"))?;
    let headers = request.headers_mut();
    if let Some(key) = &endpoint.api_key {
        let key = key.expose().trim();
        match endpoint.auth {
            Auth::Bearer => {
                let value = format!("Bearer {key}");
                headers.insert(AUTHORIZATION, sensitive(AUTHORIZATION.as_str(), &value)?)
            }
            Auth::ApiKeyHeader => {
                let name = HeaderName::from_static("api-key");
                headers.insert(name, sensitive("api-key", key)?)
            }
        };
    }
    for (name, value) in &endpoint.headers {
        let invalid = |_| Error::InvalidHeader(name.clone());
        let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(invalid)?;
        if !WITHHELD.contains(&parsed.as_str()) {
            headers.insert(parsed, sensitive(name, value.expose().trim())?);
        }
    }
    Ok(request)
}

fn sensitive(name: &str, value: &str) -> Result<HeaderValue, Error> {
    let value = HeaderValue::from_str(value);
    let mut value = value.map_err(|_| Error::InvalidHeader(name.to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Tries every address of the host, each a moment after the one before it or
/// as soon as that has failed; the first to answer wins (RFC 8305).
async fn reach(url: &Url) -> Result<TcpStream, Error> {
    let mut addresses = alternate(resolve(url).await?).into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut failure = Error::Dns;
    loop {
        match addresses.next() {
            Some(address) => attempts.push(open(address)),
            None if attempts.is_empty() => return Err(failure),
            None => {}
        }
        match timeout(HEAD_START, attempts.next()).await {
            Ok(Some(Ok(stream))) => return Ok(stream),
            Ok(Some(Err(refusal))) => failure = Error::Refused(refusal.kind()),
            Ok(None) | Err(_) => {}
        }
    }
}

async fn resolve(url: &Url) -> Result<Vec<SocketAddr>, Error> {
    let encrypted = url.scheme() == "wss";
    let port = url.port().unwrap_or(if encrypted { 443 } else { 80 });
    match url.host() {
        Some(Host::Ipv4(address)) => Ok(vec![(address, port).into()]),
        Some(Host::Ipv6(address)) => Ok(vec![(address, port).into()]),
        Some(Host::Domain(name)) => {
            let found = lookup_host((name, port)).await.map_err(|_| Error::Dns)?;
            Ok(found.collect())
        }
        None => Err(Error::InvalidUrl("names no host")),
    }
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_nodelay(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.connect(address).await
}

/// One address of each family in turn, so that a family which leads nowhere
/// costs one head start.
fn alternate(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let prefers_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == prefers_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turns = Vec::with_capacity(first.len() + second.len());
    while first.len() + second.len() > 0 {
        turns.extend(first.next());
        turns.extend(second.next());
    }
    turns
}

fn upgrade_error(error: tungstenite::Error) -> Error {
    use tungstenite::Error as E;
    match error {
        E::Http(response) => Error::Status(response.status().as_u16()),
        E::Tls(error) => Error::Tls(error.to_string()),
        E::Io(error) => line_error(&error),
        E::Protocol(error) => Error::Protocol(error.to_string()),
        E::Capacity(error) => Error::Protocol(error.to_string()),
        // The rest may quote what was sent or received.
        E::ConnectionClosed
        | E::AlreadyClosed
        | E::WriteBufferFull(_)
        | E::Utf8(_)
        | E::AttackAttempt
        | E::Url(_)
        | E::HttpFormat(_) => Error::Protocol("unexpected answer".to_owned()),
    }
}

fn line_error(error: &io::Error) -> Error {
    let of_tls = error.get_ref().and_then(|error| error.downcast_ref());
    match of_tls {
        Some(error) => Error::Tls(rustls::Error::to_string(error)),
        None => Error::Protocol(error.kind().to_string()),
    }
}

fn advice(status: u16) -> &'static str {
    match status {
        300..400 => "it lives elsewhere now, set OPENAI_REALTIME_URL to its new address",
        400 => "check OPENAI_REALTIME_MODEL and the query of OPENAI_REALTIME_URL",
        401 => "check OPENAI_API_KEY",
        402 => "check the billing of the account behind OPENAI_API_KEY",
        403 => "the owner of OPENAI_API_KEY may not use this model or call from this country",
        404 => "check OPENAI_REALTIME_MODEL and the path of OPENAI_REALTIME_URL",
        429 => "it has had enough of us for now, check the account's limits and balance",
        500.. => "it is in trouble itself, try again",
        _ => "check that OPENAI_REALTIME_URL is a realtime endpoint",
    }
}

// Measured: with more, seconds of audio wait in the kernel where nothing can
// take them back.
const SEND_BUFFER: u32 = 64 * 1024;

// As RFC 8305 § 5 recommends.
const HEAD_START: Duration = Duration::from_millis(250);

// The handshake's own, and what closes the connection.
const WITHHELD: [&str; 6] = [
    "connection",
    "openai-beta",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-version",
    "upgrade",
];

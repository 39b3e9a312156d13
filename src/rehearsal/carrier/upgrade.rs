//! Opens a media stream's socket as the carrier does.

use std::io;

use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Result as SocketResult};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use url::Url;

use super::options::{CarrierOptions, Fault};
use super::signature::sign;

/// A stream's socket.
pub(in crate::rehearsal) type StreamSocket = WebSocketStream<TcpStream>;

/// Says what is wrong with the URL of a `<Stream>`; an error is fatal.
pub(super) fn check_url(options: &CarrierOptions, text: &str) -> Result<Vec<String>, String> {
    let url = Url::parse(text).map_err(|error| format!("31923: stream URL '{text}': {error}"))?;
    let mut warnings = Vec::new();
    let is_plain = url.scheme() == "ws" && options.public_url.starts_with("http://");
    if url.scheme() != "wss" && !is_plain {
        return Err(format!("31922: scheme of stream URL '{text}' is not wss"));
    }
    if url.query().is_some() {
        warnings.push(format!(
            "31923: the query string of stream URL '{text}' is not sent"
        ));
    }
    Ok(warnings)
}

/// Connects to the gateway itself and asks for the upgrade that was written in TwiML.
pub(super) async fn open(
    options: &CarrierOptions,
    faults: &[Fault],
    url: &str,
) -> SocketResult<StreamSocket> {
    let is_slow = faults
        .iter()
        .any(|fault| matches!(fault, Fault::SlowReader { .. }));
    let stream = connect(&options.base_url, is_slow).await?;
    stream.set_nodelay(true)?;
    let request = request(options, faults, url)?;
    let config = WebSocketConfig::default()
        .read_buffer_size(8 * 1024)
        .write_buffer_size(0);
    let (socket, _) = client_async_with_config(request, stream, Some(config)).await?;
    Ok(socket)
}

fn request(options: &CarrierOptions, faults: &[Fault], url: &str) -> SocketResult<Request> {
    let without_query = url.split('?').next().unwrap_or(url);
    let mut request = without_query.into_client_request()?;
    let headers = request.headers_mut();
    headers.insert("user-agent", HeaderValue::from_static("Twilio.TmeWs/1.0"));
    if !faults.contains(&Fault::NoStreamSignature) {
        let is_forged = faults.contains(&Fault::ForgedStreamSignature);
        let token = if is_forged {
            "not the token"
        } else {
            options.auth_token.expose().as_str()
        };
        let signature = HeaderValue::from_str(&sign(token, url, &[]))
            .map_err(|error| Error::HttpFormat(error.into()))?;
        headers.insert("x-twilio-signature", signature);
    }
    Ok(request)
}

async fn connect(base_url: &str, is_slow: bool) -> io::Result<TcpStream> {
    let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidInput, what);
    let url = Url::parse(base_url).map_err(|error| invalid(error.to_string()))?;
    let (host, port) = (url.host_str(), url.port_or_known_default());
    let (Some(host), Some(port)) = (host, port) else {
        return Err(invalid(format!("no host and port in {base_url}")));
    };
    if !is_slow {
        return TcpStream::connect((host, port)).await;
    }
    let address = lookup_host((host, port)).await?.next();
    let address = address.ok_or_else(|| invalid(format!("no address of {host}")))?;
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // Little room, so that a reader that stops is felt soon.
    socket.set_recv_buffer_size(4096)?;
    socket.connect(address).await
}

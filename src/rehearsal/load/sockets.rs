//! The sockets of a load: the model's door, and sending without waiting.

use std::cell::RefCell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures::{Sink, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes, protocol::WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, accept_async_with_config};

/// A socket, encrypted or not.
pub(super) trait Line: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Line for S {}

/// A WebSocket of the simulated model.
pub(super) type ModelSocket = WebSocketStream<Box<dyn Line>>;

/// Where the gateway finds the model.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) address: SocketAddr,
    /// Sockets in the order of their arrival.
    pub(super) arrivals: mpsc::UnboundedReceiver<ModelSocket>,
}

impl Door {
    /// Listens on loopback, with TLS if there is an acceptor. Must be called
    /// within a [`tokio::task::LocalSet`].
    pub(super) async fn open(tls: Option<TlsAcceptor>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (sender, arrivals) = mpsc::unbounded_channel();
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A gateway that breaks off is missed by the call it breaks.
                if let Some(socket) = welcome(stream, tls.as_ref()).await
                    && sender.send(socket).is_err()
                {
                    break;
                }
            }
        });
        Ok(Self { address, arrivals })
    }
}

async fn welcome(stream: TcpStream, tls: Option<&TlsAcceptor>) -> Option<ModelSocket> {
    stream.set_nodelay(true).ok()?;
    let stream: Box<dyn Line> = match tls {
        Some(tls) => Box::new(tls.accept(stream).await.ok()?),
        None => Box::new(stream),
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(8 * 1024)
        .write_buffer_size(0);
    accept_async_with_config(stream, Some(config)).await.ok()
}

/// Sends a message, as far as the peer takes it; the rest leaves with the next.
/// A failure shows in reading.
pub(super) fn send<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &RefCell<WebSocketStream<S>>,
    message: String,
) {
    let mut socket = socket.borrow_mut();
    let mut socket = Pin::new(&mut *socket);
    let mut cx = Context::from_waker(Waker::noop());
    if socket.as_mut().start_send(Message::text(message)).is_ok() {
        let _ = socket.poll_flush(&mut cx);
    }
}

/// Sends messages as long as the peer takes them, none beyond that. How many it took.
pub(super) fn offer<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &RefCell<WebSocketStream<S>>,
    messages: impl Iterator<Item = Utf8Bytes>,
) -> u64 {
    let mut socket = socket.borrow_mut();
    let mut socket = Pin::new(&mut *socket);
    let mut cx = Context::from_waker(Waker::noop());
    let mut taken = 0;
    for message in messages {
        if !matches!(socket.as_mut().poll_flush(&mut cx), Poll::Ready(Ok(())))
            || socket.as_mut().start_send(Message::Text(message)).is_err()
        {
            break;
        }
        taken += 1;
    }
    let _ = socket.poll_flush(&mut cx);
    taken
}

/// The next text; none at the end.
pub(super) async fn next<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &RefCell<WebSocketStream<S>>,
) -> Option<Utf8Bytes> {
    loop {
        let message = std::future::poll_fn(|cx| socket.borrow_mut().poll_next_unpin(cx)).await;
        match message?.ok()? {
            Message::Text(text) => return Some(text),
            Message::Binary(_) | Message::Close(_) => return None,
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}

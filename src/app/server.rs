//! The accept loop: HTTP/1 with upgrades, and nobody may dawdle at the door.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics::{counter, gauge};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::connections::{Connections, Place, is_private};

/// How patient the server is, and with how many.
#[derive(Clone, Copy, Debug)]
pub struct ServerOptions {
    /// How long a connection may say nothing at all before it is closed;
    /// hyper's own header time-out begins only at the first byte.
    pub first_byte_timeout: Duration,
    /// How long a request's headers may take, and a kept connection idle.
    pub header_timeout: Duration,
    /// Connections at one time; more wait in the kernel's queue. A connection
    /// that was upgraded to a WebSocket counts no longer: calls have a limit
    /// of their own.
    pub max_connections: usize,
    /// Connections of one address at one time; more are closed.
    pub max_connections_per_ip: usize,
    /// The addresses that `max_connections_per_ip` does not concern.
    pub is_exempt: fn(IpAddr) -> bool,
    /// How long requests in flight may take once the end has come.
    pub shutdown_timeout: Duration,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            first_byte_timeout: Duration::from_secs(5),
            header_timeout: Duration::from_secs(5),
            max_connections: 4_096,
            max_connections_per_ip: 256,
            is_exempt: is_private,
            shutdown_timeout: Duration::from_secs(10),
        }
    }
}

/// Serves `router` on `listener` until `shutdown`, then lets the requests in
/// flight finish.
///
/// Sockets that were upgraded and taken over by their handlers go on after that: they
/// belong to their tasks. Handlers find the peer in
/// [`ConnectInfo<SocketAddr>`](ConnectInfo).
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: ServerOptions,
    shutdown: impl Future<Output = ()>,
) {
    let mut shutdown = pin!(shutdown);
    let house = House::new(router, options);
    loop {
        let guest = tokio::select! {
            biased;
            () = &mut shutdown => break,
            guest = house.next_guest(&listener) => guest,
        };
        if let Some(guest) = guest {
            house.tasks.spawn(Arc::clone(&house.host).entertain(guest));
        }
    }
    drop(listener);
    house.close().await;
}

struct House {
    host: Arc<Host>,
    places: Arc<Semaphore>,
    connections: Connections,
    tasks: TaskTracker,
}

/// What every connection shares.
struct Host {
    router: Router,
    http: http1::Builder,
    options: ServerOptions,
    /// Finish what is in flight.
    closing: CancellationToken,
    /// Leave at once.
    closed: CancellationToken,
}

/// A connection with its claim to be served.
struct Guest {
    stream: TcpStream,
    peer: SocketAddr,
    _place: OwnedSemaphorePermit,
    _place_of_ip: Place,
}

impl House {
    fn new(router: Router, options: ServerOptions) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(options.header_timeout)
            .max_header_size(MAX_HEADER_BYTES);
        let (closing, closed) = (CancellationToken::new(), CancellationToken::new());
        let is_exempt = options.is_exempt;
        Self {
            host: Arc::new(Host {
                router,
                http,
                options,
                closing,
                closed,
            }),
            places: Arc::new(Semaphore::new(options.max_connections)),
            connections: Connections::new(options.max_connections_per_ip, is_exempt),
            tasks: TaskTracker::new(),
        }
    }

    /// The next connection that may come in, or none if it was sent away.
    async fn next_guest(&self, listener: &TcpListener) -> Option<Guest> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.expect("the places are never closed");
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                let pause = pause_after(&error)?;
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(pause).await;
                return None;
            }
        };
        let Some(place_of_ip) = self.connections.take(peer.ip()) else {
            counter!("frontdesk_http_connections_refused_total", "reason" => "per_ip").increment(1);
            return None;
        };
        Some(Guest {
            stream,
            peer,
            _place: place,
            _place_of_ip: place_of_ip,
        })
    }

    async fn close(self) {
        self.host.closing.cancel();
        self.tasks.close();
        let patience = self.host.options.shutdown_timeout;
        if timeout(patience, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                http.connections = self.tasks.len(),
                "requests were cut short"
            );
            self.host.closed.cancel();
            self.tasks.wait().await;
        }
    }
}

impl Host {
    async fn entertain(self: Arc<Self>, guest: Guest) {
        gauge!("frontdesk_http_connections").increment(1);
        let closed = self.closed.clone();
        closed.run_until_cancelled(self.converse(guest)).await;
        gauge!("frontdesk_http_connections").decrement(1);
    }

    async fn converse(&self, guest: Guest) {
        let Guest { stream, peer, .. } = &guest;
        prepare(stream);
        let mut byte = [0];
        let first_byte = timeout(self.options.first_byte_timeout, stream.peek(&mut byte));
        match self.closing.run_until_cancelled(first_byte).await {
            Some(Ok(Ok(1..))) => {}
            Some(Err(_)) => {
                counter!("frontdesk_http_connections_refused_total", "reason" => "silent")
                    .increment(1);
                return;
            }
            // Gone before they said anything, or too late.
            Some(Ok(Ok(0) | Err(_))) | None => return,
        }
        let (router, peer) = (&self.router, *peer);
        let service = service_fn(move |request| answer(router.clone(), request, peer));
        let io = TokioIo::new(guest.stream);
        let mut conversation = pin!(self.http.serve_connection(io, service).with_upgrades());
        tokio::select! {
            ended = conversation.as_mut() => return note(ended),
            () = self.closing.cancelled() => conversation.as_mut().graceful_shutdown(),
        }
        note(conversation.await);
    }
}

async fn answer(
    router: Router,
    mut request: Request<Incoming>,
    peer: SocketAddr,
) -> Result<Response, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    router.oneshot(request.map(Body::new)).await
}

/// A client that breaks off or breaks the rules is its own affair.
fn note(ended: Result<(), hyper::Error>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended early");
    }
}

/// Audio is small and must not wait: neither for more of it, nor behind
/// seconds of it in the kernel, where a barge-in could not take it back.
fn prepare(stream: &TcpStream) {
    let prepared = stream
        .set_nodelay(true)
        .and_then(|()| SockRef::from(stream).set_send_buffer_size(SEND_BUFFER_BYTES));
    if let Err(error) = prepared {
        tracing::debug!(%error, "a socket option was refused");
    }
}

/// How long not to accept after `error`; not at all where only the one
/// connection is concerned.
///
/// Without the pause, a process that has no file descriptor left would spin:
/// the connection stays in the queue and the listener stays ready.
fn pause_after(error: &io::Error) -> Option<Duration> {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    let theirs = [ConnectionAborted, ConnectionRefused, ConnectionReset];
    (!theirs.contains(&error.kind())).then_some(Duration::from_millis(250))
}

/// About 7 s of audio, measured; the bridge keeps its lead far below.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// Request line and headers together.
const MAX_HEADER_BYTES: usize = 32 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p4_only_an_error_of_our_own_makes_us_pause() {
        assert!(pause_after(&io::ErrorKind::ConnectionAborted.into()).is_none());
        let too_many_open_files = io::Error::from_raw_os_error(24);
        assert!(pause_after(&too_many_open_files).is_some());
    }
}

//! The simulated model as a server: start it, look at it, drop it.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::connection::{Host, Intrusion, serve};
use super::options::{Failure, ModelOptions};
use super::record::SessionRecord;
use crate::clock::Clock;

/// A simulated realtime model on a loopback port. Dropping it ends all sessions.
#[derive(Debug)]
pub struct ModelServer {
    address: SocketAddr,
    reception: Reception,
}

/// Who lets connections in.
#[derive(Clone, Debug)]
struct Reception {
    host: Host,
    doors: Doors,
    stop: CancellationToken,
}

/// A condition did not come true in time.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the condition did not come true in {0:?}")]
pub struct TimedOut(pub Duration);

impl ModelServer {
    /// Binds 127.0.0.1 and serves from a task of its own.
    pub async fn start(options: ModelOptions) -> io::Result<Self> {
        Self::start_at(options, Clock::system()).await
    }

    /// The same, by another clock.
    pub async fn start_at(options: ModelOptions, clock: Clock) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let reception = Reception {
            host: Host {
                options: Arc::new(options),
                ledger: Arc::default(),
                clock,
            },
            doors: Doors::default(),
            stop: CancellationToken::new(),
        };
        tokio::spawn(listen(listener, reception.clone()));
        Ok(Self { address, reception })
    }

    /// Serves a connection that did not come through the port: a line of memory,
    /// say. It counts as accepted.
    pub fn serve(&self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        self.reception.serve(stream);
    }

    /// Where to connect: `ws://127.0.0.1:PORT/v1/realtime`.
    pub fn url(&self) -> String {
        format!("ws://{}/v1/realtime", self.address)
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What was seen of each session, in the order of their upgrades.
    pub fn sessions(&self) -> Vec<SessionRecord> {
        self.reception
            .host
            .ledger
            .look(|state| state.sessions.clone())
    }

    /// Looks at the records without copying them.
    pub fn look<R>(&self, look: impl FnOnce(&[SessionRecord]) -> R) -> R {
        self.reception
            .host
            .ledger
            .look(|state| look(&state.sessions))
    }

    /// Sessions that are open.
    pub fn live(&self) -> usize {
        self.look(|all| {
            all.iter()
                .filter(|session| session.closed_at.is_none())
                .count()
        })
    }

    /// TCP connections accepted so far, whatever became of them.
    pub fn accepted(&self) -> usize {
        self.reception.host.ledger.look(|state| state.accepted)
    }

    /// All that clients did wrong, in all sessions and upgrades.
    pub fn violations(&self) -> Vec<String> {
        self.reception.host.ledger.look(|state| {
            let upgrades = state.upgrade_violations.iter().cloned();
            upgrades
                .chain(state.sessions.iter().flat_map(|s| s.violations.clone()))
                .collect()
        })
    }

    /// Waits until `is_so` of the records.
    pub async fn wait_for(
        &self,
        within: Duration,
        mut is_so: impl FnMut(&[SessionRecord]) -> bool,
    ) -> Result<(), TimedOut> {
        let wait = async {
            loop {
                let mut changed = std::pin::pin!(self.reception.host.ledger.changed());
                changed.as_mut().enable();
                if self.look(&mut is_so) {
                    return;
                }
                changed.await;
            }
        };
        timeout(within, wait).await.map_err(|_| TimedOut(within))
    }

    /// Sends `message` to a session as it is, whatever it may be.
    pub async fn inject(&self, session: usize, message: impl Into<String>) {
        self.intrude(session, Intrusion::Send(message.into())).await;
    }

    /// Ends a session: with this close code, or without a word.
    pub async fn disconnect(&self, session: usize, code: Option<u16>) {
        self.intrude(session, Intrusion::Close(code)).await;
    }

    async fn intrude(&self, session: usize, intrusion: Intrusion) {
        if let Some(door) = self.reception.doors.find(session) {
            // A session that is gone cannot be disturbed any more.
            let _ = door.send(intrusion).await;
        }
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.reception.stop.cancel();
    }
}

/// Ways into the sessions that are open.
#[derive(Clone, Debug, Default)]
struct Doors(Arc<Mutex<HashMap<usize, mpsc::Sender<Intrusion>>>>);

impl Doors {
    fn open(&self, session: usize) -> mpsc::Receiver<Intrusion> {
        let (door, room) = mpsc::channel(16);
        let mut doors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        doors.retain(|_, door| !door.is_closed());
        doors.insert(session, door);
        room
    }

    fn find(&self, session: usize) -> Option<mpsc::Sender<Intrusion>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&session)
            .cloned()
    }
}

async fn listen(listener: TcpListener, reception: Reception) {
    loop {
        let accepted = tokio::select! {
            () = reception.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of descriptors, mostly: it passes.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        // Small deltas must not wait for company.
        let _ = stream.set_nodelay(true);
        reception.serve(stream);
    }
}

impl Reception {
    fn serve(&self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let Self { host, doors, stop } = self.clone();
        let number = host.ledger.change(|state| {
            state.accepted += 1;
            state.accepted - 1
        });
        let failure = host.options.failures.get(number).cloned();
        let failure = failure.unwrap_or(Failure::Healthy);
        tokio::spawn(async move {
            let ledger = Arc::clone(&host.ledger);
            let mut session = None;
            let open = |index| {
                session = Some(index);
                doors.open(index)
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = serve(host, stream, failure, open) => {}
            }
            let now = tokio::time::Instant::now();
            ledger.change(|state| {
                let record = session.and_then(|index| state.sessions.get_mut(index));
                record.map(|record| record.closed_at.get_or_insert(now));
            });
        });
    }
}

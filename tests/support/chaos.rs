//! A line that is no better than it should be: a TCP proxy that delays, cuts and corrupts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::database::{postgres_at, postgres_of};

/// Which way bytes go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    /// From whoever connected.
    There,
    /// To whoever connected.
    Back,
}

/// What happens to a connection, once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    /// Both ends hear that the other has closed.
    Cut,
    /// Both ends are told by a reset.
    Reset,
    /// Nothing more goes this way; the other way goes on.
    HalfClose,
    /// Nothing more goes this way, and nobody is told.
    Stall,
    /// The next byte is a wrong one.
    Corrupt,
}

/// How the line treats what is sent on it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manners {
    /// How long everything is under way.
    pub(crate) delay: Duration,
    /// How much longer some of it is.
    pub(crate) jitter: Duration,
    /// Bytes that go one way in a second, if there is a limit.
    pub(crate) rate: Option<u32>,
    /// What happens after so many bytes of a connection went this way: to the
    /// first that comes so far, unless it happens again.
    pub(crate) trouble: Option<(Way, usize, Trouble)>,
    /// It happens to every connection.
    pub(crate) happens_again: bool,
}

/// A proxy on a port of its own. Its manners may be changed at any time.
pub(crate) struct Chaos {
    address: SocketAddr,
    manners: Arc<watch::Sender<Manners>>,
    stop: CancellationToken,
}

impl Chaos {
    /// A line to `target`, which is well behaved until it is told otherwise.
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port is free");
        let chaos = Self {
            address: listener.local_addr().expect("it listens"),
            manners: Arc::default(),
            stop: CancellationToken::new(),
        };
        let (manners, stop) = (Arc::clone(&chaos.manners), chaos.stop.clone());
        tokio::spawn(async move {
            while let Some(Ok((near, _))) = stop.run_until_cancelled(listener.accept()).await {
                let (manners, stop) = (Arc::clone(&manners), stop.child_token());
                tokio::spawn(async move { join(near, target, &manners, &stop).await });
            }
        });
        chaos
    }

    /// A line to the database of that URL, and the URL at its other end.
    pub(crate) async fn to_database(url: &str) -> (Self, String) {
        let chaos = Self::to(postgres_of(url)).await;
        let url = postgres_at(url, chaos.address);
        (chaos, url)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on, also on connections that are open.
    pub(crate) fn behave(&self, manners: Manners) {
        self.manners.send_replace(manners);
    }
}

impl Drop for Chaos {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn join(
    near: TcpStream,
    target: SocketAddr,
    manners: &watch::Sender<Manners>,
    stop: &CancellationToken,
) {
    // Nobody at the other end is an end like any other.
    let Ok(far) = TcpStream::connect(target).await else {
        return;
    };
    for socket in [&near, &far] {
        // What is delayed is delayed here.
        socket.set_nodelay(true).expect("the socket is open");
    }
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    let there = carry((near_in, far_out), Way::There, manners, stop);
    let back = carry((far_in, near_out), Way::Back, manners, stop);
    stop.run_until_cancelled(async { tokio::join!(there, back) })
        .await;
}

/// Carries one way, until whoever sends is done.
async fn carry(
    (mut from, to): (OwnedReadHalf, OwnedWriteHalf),
    way: Way,
    manners: &watch::Sender<Manners>,
    stop: &CancellationToken,
) {
    let (sender, pieces) = mpsc::channel(1_024);
    let reading = async {
        let mut bytes = vec![0; 4_096];
        let mut count = 0_u32;
        while let Ok(len @ 1..) = from.read(&mut bytes).await {
            let Manners { delay, jitter, .. } = *manners.borrow();
            count = count.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let due = Instant::now() + delay + jitter * (count >> 24) / 256;
            if sender.send((due, bytes[..len].to_vec())).await.is_err() {
                break;
            }
        }
        drop(sender);
        from
    };
    let writing = write(pieces, to, way, (manners, stop));
    tokio::join!(reading, writing);
}

async fn write(
    mut pieces: mpsc::Receiver<(Instant, Vec<u8>)>,
    mut to: OwnedWriteHalf,
    way: Way,
    (manners, stop): (&watch::Sender<Manners>, &CancellationToken),
) {
    let mut passed = 0;
    while let Some((due, mut piece)) = pieces.recv().await {
        sleep_until(due).await;
        let Manners {
            rate,
            trouble,
            happens_again,
            ..
        } = *manners.borrow();
        let here = trouble.filter(|(where_to, at, _)| *where_to == way && *at >= passed);
        let here = here.filter(|(_, at, _)| *at < passed + piece.len());
        if let Some((_, at, trouble)) = here {
            let at = at - passed;
            if !happens_again {
                manners.send_modify(|manners| manners.trouble = None);
            }
            if trouble == Trouble::Corrupt {
                piece[at] ^= 0x15;
            } else {
                // Whoever is gone misses the rest anyway.
                let _ = to.write_all(&piece[..at]).await;
                return suffer(trouble, to, &mut pieces, stop).await;
            }
        }
        passed += piece.len();
        if to.write_all(&piece).await.is_err() {
            return;
        }
        if let Some(rate) = rate {
            let millis = piece.len() * 1_000 / usize::try_from(rate).unwrap_or(1).max(1);
            sleep(Duration::from_millis(millis as u64)).await;
        }
    }
    let _ = to.shutdown().await;
}

async fn suffer(
    trouble: Trouble,
    mut to: OwnedWriteHalf,
    pieces: &mut mpsc::Receiver<(Instant, Vec<u8>)>,
    stop: &CancellationToken,
) {
    match trouble {
        Trouble::Cut => stop.cancel(),
        Trouble::Reset => {
            let linger = SockRef::from(to.as_ref()).set_linger(Some(Duration::ZERO));
            linger.expect("the socket is open");
            stop.cancel();
        }
        Trouble::HalfClose => {
            let _ = to.shutdown().await;
            while pieces.recv().await.is_some() {}
        }
        Trouble::Stall | Trouble::Corrupt => {
            while pieces.recv().await.is_some() {}
            stop.cancelled().await;
        }
    }
}

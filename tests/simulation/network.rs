//! A network of memory, with the weather that a seed makes.
//!
//! What is written arrives later, in order, in other pieces; lines stall, end
//! at one side, are cut, are reset, and carry a wrong byte now and then.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::chance::Chance;

/// More wake-ups than this at one and the same moment are a spin.
const SPIN: u32 = 20_000;

/// What one line is like.
#[derive(Clone, Debug)]
pub(super) struct Weather {
    /// How long everything is under way.
    pub(super) latency: Duration,
    /// How much longer some of it is.
    pub(super) jitter: Duration,
    /// The longest piece that arrives at once.
    pub(super) chunk: usize,
    /// So much may be under way one way before whoever writes has to wait.
    pub(super) window: usize,
    /// What happens, and how long after the line was opened.
    pub(super) troubles: Vec<(Duration, Trouble)>,
}

/// Which way the bytes go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    /// From the gateway to its peer.
    Out,
    /// From the peer to the gateway.
    In,
}

/// Something that goes wrong with a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Trouble {
    /// Nothing arrives for so long, and then everything.
    Stall(Duration),
    /// Nothing ever arrives any more, and nobody is told.
    BlackHole(Way),
    /// Both hear that the other is gone.
    Cut,
    /// Both are told by an error.
    Reset,
    /// Who writes this way is not heard any more; the other way goes on.
    HalfClose(Way),
    /// The next byte that arrives is a wrong one.
    Corrupt(Way),
}

/// All lines of a simulation.
#[derive(Clone, Debug, Default)]
pub(super) struct Network {
    near: Arc<AtomicUsize>,
    spins: Arc<AtomicUsize>,
}

impl Network {
    /// A line: the gateway's end, and the peer's.
    pub(super) fn open(&self, weather: &Weather, chance: Chance) -> (End, End) {
        let way = || Lane::new(weather);
        let line = Arc::new(Mutex::new(Line {
            lanes: [way(), way()],
            chance,
        }));
        for (after, trouble) in weather.troubles.clone() {
            let (line, at) = (Arc::downgrade(&line), Instant::now() + after);
            tokio::spawn(async move {
                sleep_until(at).await;
                if let Some(line) = line.upgrade() {
                    locked(&line).suffer(trouble);
                }
            });
        }
        self.near.fetch_add(1, Ordering::Relaxed);
        let end = |side| End {
            line: Arc::clone(&line),
            side,
            timer: Box::pin(sleep_until(Instant::now())),
            network: self.clone(),
            polled: (Instant::now(), 0),
        };
        (end(0), end(1))
    }

    /// Ends that the gateway holds.
    pub(super) fn held(&self) -> usize {
        self.near.load(Ordering::Relaxed)
    }

    /// How often the gateway asked again and again for nothing.
    pub(super) fn spins(&self) -> usize {
        self.spins.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
struct Line {
    /// From the gateway, and to it.
    lanes: [Lane; 2],
    chance: Chance,
}

#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "any of them may be so beside any other"
)]
struct Lane {
    weather: Weather,
    pieces: VecDeque<(Instant, Vec<u8>)>,
    waiting: usize,
    last: Instant,
    held_until: Option<Instant>,
    is_black: bool,
    is_corrupt: bool,
    /// Nothing more is written.
    is_ended: bool,
    /// Nobody reads any more.
    is_deaf: bool,
    is_reset: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Lane {
    fn new(weather: &Weather) -> Self {
        Self {
            weather: weather.clone(),
            pieces: VecDeque::new(),
            waiting: 0,
            last: Instant::now(),
            held_until: None,
            is_black: false,
            is_corrupt: false,
            is_ended: false,
            is_deaf: false,
            is_reset: false,
            reader: None,
            writer: None,
        }
    }

    fn wake(&mut self) {
        let wakers = [self.reader.take(), self.writer.take()];
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    fn write(&mut self, bytes: &[u8], chance: &mut Chance) -> usize {
        let room = self.weather.window - self.waiting;
        let piece = 1 + chance.within(0..self.weather.chunk as u64);
        let len = bytes.len().min(room).min(piece.try_into().unwrap_or(room));
        let jitter = chance.up_to(self.weather.jitter);
        self.last = self
            .last
            .max(Instant::now() + self.weather.latency + jitter);
        self.waiting += len;
        if self.is_deaf || self.is_ended {
            self.waiting -= len;
        } else {
            self.pieces.push_back((self.last, bytes[..len].to_vec()));
        }
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        len
    }

    /// What has arrived; else when to ask again.
    fn read(&mut self, buf: &mut ReadBuf<'_>, now: Instant) -> Result<bool, Option<Instant>> {
        if self.is_black {
            // Whoever asks long enough learns that nobody is there any more.
            return if self.is_ended { Ok(false) } else { Err(None) };
        }
        if let Some(until) = self.held_until.filter(|until| *until > now) {
            return Err(Some(until));
        }
        let Some((due, piece)) = self.pieces.front_mut() else {
            return if self.is_ended { Ok(false) } else { Err(None) };
        };
        if *due > now {
            return Err(Some(*due));
        }
        let len = piece.len().min(buf.remaining());
        if std::mem::take(&mut self.is_corrupt) {
            piece[0] ^= 0x15;
        }
        buf.put_slice(&piece[..len]);
        piece.drain(..len);
        self.waiting -= len;
        if piece.is_empty() {
            self.pieces.pop_front();
        }
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
        Ok(true)
    }
}

impl Line {
    fn suffer(&mut self, trouble: Trouble) {
        let lane = |way| usize::from(way == Way::In);
        match trouble {
            Trouble::Stall(lasting) => {
                let until = Instant::now() + lasting;
                for lane in &mut self.lanes {
                    lane.held_until = Some(until);
                }
            }
            Trouble::BlackHole(way) => self.lanes[lane(way)].is_black = true,
            Trouble::Cut => {
                for lane in &mut self.lanes {
                    lane.is_ended = true;
                    lane.is_deaf = true;
                }
            }
            Trouble::Reset => {
                for lane in &mut self.lanes {
                    lane.is_reset = true;
                }
            }
            Trouble::HalfClose(way) => self.lanes[lane(way)].is_ended = true,
            Trouble::Corrupt(way) => self.lanes[lane(way)].is_corrupt = true,
        }
        self.lanes.iter_mut().for_each(Lane::wake);
    }
}

fn locked(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One end of a line.
#[derive(Debug)]
pub(super) struct End {
    line: Arc<Mutex<Line>>,
    side: usize,
    timer: Pin<Box<Sleep>>,
    network: Network,
    /// When it was last asked, and how often at that moment.
    polled: (Instant, u32),
}

impl End {
    /// Whoever asks without end while no time passes is broken off.
    fn count(&mut self, now: Instant) -> io::Result<()> {
        let (at, times) = &mut self.polled;
        *times = if *at == now { *times + 1 } else { 0 };
        *at = now;
        if *times < SPIN || self.side == 1 {
            return Ok(());
        }
        self.network.spins.fetch_add(1, Ordering::Relaxed);
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

impl AsyncRead for End {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            let now = Instant::now();
            this.count(now)?;
            let again = {
                let mut both = locked(&this.line);
                let lane = &mut both.lanes[1 - this.side];
                if lane.is_reset {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
                }
                match lane.read(buf, now) {
                    Ok(_) => return Poll::Ready(Ok(())),
                    Err(again) => {
                        lane.reader = Some(cx.waker().clone());
                        again
                    }
                }
            };
            let Some(again) = again else {
                return Poll::Pending;
            };
            this.timer.as_mut().reset(again);
            ready!(this.timer.as_mut().poll(cx));
        }
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.count(Instant::now())?;
        let mut both = locked(&this.line);
        let Line { lanes, chance } = &mut *both;
        let lane = &mut lanes[this.side];
        if lane.is_reset || lane.is_deaf {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if lane.waiting >= lane.weather.window {
            lane.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(lane.write(bytes, chance)))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut both = locked(&self.line);
        let lane = &mut both.lanes[self.side];
        lane.is_ended = true;
        lane.wake();
        Poll::Ready(Ok(()))
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let mut line = locked(&self.line);
        line.lanes[self.side].is_ended = true;
        line.lanes[1 - self.side].is_deaf = true;
        line.lanes.iter_mut().for_each(Lane::wake);
        if self.side == 0 {
            self.network.near.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

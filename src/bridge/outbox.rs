//! What waits to be sent on a line, and how it is put into frames.
//!
//! The WebSocket library keeps room for the largest message that it ever
//! sent. A call sends a few kilobytes at its beginning and one frame of sound
//! at a time from then on, so messages are put into frames here, and the room
//! belongs to the thread: a call has some of its own only while its peer does
//! not keep up. What the library itself has to send, a goodbye and answers to
//! pings, it writes into the same room, whole, so that no frame is cut by another.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::wire::MAX_KEPT;

/// A thread's room is at first for so much: a second of sound for the carrier, a quarter of
/// one for the agent.
const FIRST: usize = 16 * 1024;
/// So many a thread has: a call has something to say on two lines in one turn, or on three.
const MAX_ROOMS: usize = 4;
/// So much may wait for an agent: the whole of a long conversation, told to another one.
const MAX_FOR_AGENT: usize = 1024 * 1024;
/// And for a carrier, which is never sent so far ahead.
const MAX_FOR_CARRIER: usize = 256 * 1024;
/// While so much waits, no ping is answered.
const MAX_UNANSWERED: usize = 64 * 1024;
/// Masks that are fetched from the operating system at a time.
const MASKS: usize = 64;

/// The key of a frame that a client masks (RFC 6455, section 5.3).
type Mask = [u8; 4];

thread_local! {
    /// The rooms that no call needs.
    static ROOMS: RefCell<Vec<Vec<u8>>> =
        RefCell::new((0..MAX_ROOMS).map(|_| Vec::with_capacity(FIRST)).collect());
    /// Masks that nobody has used, and how many.
    static POOL: RefCell<([Mask; MASKS], usize)> = const { RefCell::new(([[0; 4]; MASKS], 0)) };
}

/// There is no room for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Full;

/// A line on which what is written waits until it is flushed.
#[derive(Debug)]
pub struct Outbox<S> {
    line: S,
    waiting: Vec<u8>,
    /// How much of it has left.
    sent: usize,
}

impl<S> Outbox<S> {
    /// Nothing waits.
    pub fn new(line: S) -> Self {
        Self {
            line,
            waiting: Vec::new(),
            sent: 0,
        }
    }

    /// Bytes that have not left.
    pub(super) fn len(&self) -> usize {
        self.waiting.len() - self.sent
    }

    /// Puts a text message behind what waits, in one frame.
    pub(super) fn put(&mut self, text: &[u8], role: Role) -> Result<(), Full> {
        self.put_frame(OpCode::Data(Data::Text), text, role)
    }

    /// Puts a ping behind what waits.
    pub(super) fn ping(&mut self, role: Role) -> Result<(), Full> {
        self.put_frame(OpCode::Control(Control::Ping), &[], role)
    }

    fn put_frame(&mut self, opcode: OpCode, text: &[u8], role: Role) -> Result<(), Full> {
        let most = match role {
            Role::Client => MAX_FOR_AGENT,
            Role::Server => MAX_FOR_CARRIER,
        };
        if self.len() + text.len() > most {
            return Err(Full);
        }
        let header = FrameHeader {
            opcode,
            mask: (role == Role::Client).then(fresh_mask),
            ..FrameHeader::default()
        };
        let len = text.len() as u64;
        self.make_room(header.len(len) + text.len());
        // Nothing is too much for a vector.
        let _ = header.format(len, &mut self.waiting);
        let start = self.waiting.len();
        self.waiting.extend_from_slice(text);
        if let Some(mask) = header.mask {
            apply(mask, &mut self.waiting[start..]);
        }
        Ok(())
    }

    fn make_room(&mut self, len: usize) {
        if self.waiting.capacity() == 0 {
            let room = ROOMS.with_borrow_mut(Vec::pop);
            self.waiting = room.unwrap_or_else(|| Vec::with_capacity(FIRST));
        }
        if self.sent > 0 && self.waiting.len() + len > self.waiting.capacity() {
            // A peer that is never quite up to date must not make it grow.
            self.waiting.drain(..self.sent);
            self.sent = 0;
        }
        let free = self.waiting.capacity() - self.waiting.len();
        if free < len {
            // Doubled, the room of a peer that takes nothing would be half empty.
            let more = len.max(self.waiting.len() / 4);
            self.waiting.reserve_exact(more);
        }
    }

    /// Everything has left.
    fn give_back(&mut self) {
        self.sent = 0;
        self.waiting.clear();
        let room = std::mem::take(&mut self.waiting);
        if room.capacity() <= MAX_KEPT {
            ROOMS.with_borrow_mut(|rooms| {
                if rooms.len() < MAX_ROOMS {
                    rooms.push(room);
                }
            });
        }
    }
}

impl<S: AsyncWrite + Unpin> Outbox<S> {
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.waiting.len() {
            let rest = &self.waiting[self.sent..];
            match ready!(Pin::new(&mut self.line).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => self.sent += sent,
            }
        }
        if !self.waiting.is_empty() {
            self.give_back();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Outbox<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.line).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Outbox<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.len() >= MAX_UNANSWERED {
            ready!(self.poll_send(cx))?;
        }
        self.make_room(bytes.len());
        self.waiting.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.line).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.line).poll_shutdown(cx)
    }
}

/// A mask that nobody can foretell.
///
/// # Panics
///
/// If the operating system has no randomness to give: its masks are what keeps
/// a client from being made to say something else to a proxy.
fn fresh_mask() -> Mask {
    POOL.with_borrow_mut(|(masks, left)| {
        if *left == 0 {
            let filled = getrandom::fill(masks.as_flattened_mut());
            filled.expect("the operating system gives random bytes");
            *left = MASKS;
        }
        *left -= 1;
        masks[*left]
    })
}

fn apply(mask: Mask, text: &mut [u8]) {
    let (words, rest) = text.as_chunks_mut();
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use bytes::Bytes;
    use futures::future::join;
    use futures::{SinkExt as _, StreamExt as _};
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::time::{Duration, timeout};
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::Message;

    use super::super::wire::wire_config;
    use super::*;

    /// A WebSocket on an outbox, and the other end of its line.
    pub(in crate::bridge) async fn sockets(
        role: Role,
        room: usize,
    ) -> (
        WebSocketStream<Outbox<DuplexStream>>,
        WebSocketStream<DuplexStream>,
    ) {
        let (near, far) = duplex(room);
        let config = wire_config(1024 * 1024);
        let other = if role == Role::Client {
            Role::Server
        } else {
            Role::Client
        };
        (
            WebSocketStream::from_raw_socket(Outbox::new(near), role, Some(config)).await,
            WebSocketStream::from_raw_socket(far, other, Some(config)).await,
        )
    }

    fn runtime() -> tokio::runtime::Runtime {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap()
    }

    /// A text of that length in which no part is like another.
    fn text(len: usize) -> String {
        let numbers = (0..=len / 6).map(|number| format!("{number:06}"));
        let mut text = numbers.collect::<Vec<_>>().concat();
        text.truncate(len);
        text
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Put(usize),
        Ping,
        Send,
        Read,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..200_usize).prop_map(Step::Put),
            (1_000..2_000_usize).prop_map(Step::Put),
            (65_000..66_000_usize).prop_map(Step::Put),
            Just(Step::Ping),
            Just(Step::Send),
            Just(Step::Read),
        ]
    }

    fn read(message: Message, arrived: &mut Vec<String>) {
        match message {
            Message::Text(text) => arrived.push(text.as_str().to_owned()),
            Message::Ping(_) => arrived.push("ping".to_owned()),
            Message::Close(_) => arrived.push("goodbye".to_owned()),
            other @ (Message::Binary(_) | Message::Pong(_) | Message::Frame(_)) => {
                panic!("{other}")
            }
        }
    }

    /// What is said and what arrives when `steps` are done, each as far as it comes at once,
    /// and a goodbye. What finds no room is not said.
    async fn converse(steps: &[Step], role: Role, room: usize) -> (Vec<String>, Vec<String>) {
        let (mut near, mut far) = sockets(role, room).await;
        let (mut said, mut arrived) = (Vec::new(), Vec::new());
        let mut cx = Context::from_waker(std::task::Waker::noop());
        for step in steps {
            match *step {
                Step::Put(len) => match near.get_mut().put(text(len).as_bytes(), role) {
                    Ok(()) => said.push(text(len)),
                    Err(Full) => assert!(near.get_ref().len() + len > MAX_FOR_CARRIER),
                },
                Step::Ping => {
                    let ping = Message::Ping(Bytes::new());
                    near.start_send_unpin(ping).unwrap();
                    said.push("ping".to_owned());
                }
                Step::Send => {
                    let _ = near.poll_flush_unpin(&mut cx);
                }
                Step::Read => {
                    if let Poll::Ready(message) = far.poll_next_unpin(&mut cx) {
                        read(message.unwrap().unwrap(), &mut arrived);
                    }
                }
            }
        }
        let leave = async move {
            near.close(None).await.unwrap();
            while near.next().await.is_some() {}
        };
        let hear = async move {
            while let Some(message) = far.next().await {
                read(message.unwrap(), &mut arrived);
            }
            arrived
        };
        said.push("goodbye".to_owned());
        (said, join(leave, hear).await.1)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn what_is_put_in_arrives_whole_and_in_order_among_pings_and_a_goodbye(
            steps in prop::collection::vec(step(), 1..10),
            is_client: bool,
            room in prop_oneof![100..3_000_usize, Just(64 * 1024)],
        ) {
            let role = if is_client { Role::Client } else { Role::Server };
            let (said, arrived) = runtime().block_on(converse(&steps, role, room));
            // A ping waits where much does, and others are not kept waiting for it.
            let is_ping = |said: &String| said == "ping";
            let (pings, rest): (Vec<_>, Vec<_>) = arrived.into_iter().partition(is_ping);
            let (sent, said): (Vec<_>, Vec<_>) = said.into_iter().partition(is_ping);
            prop_assert_eq!(pings.len(), sent.len());
            prop_assert!(rest == said, "{:?}", steps);
        }
    }

    #[tokio::test]
    async fn a_call_has_room_of_its_own_only_while_its_peer_does_not_keep_up() {
        let (mut near, mut far) = sockets(Role::Client, 1_024).await;
        let long = text(4_000);
        near.get_mut().put(long.as_bytes(), Role::Client).unwrap();
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let outbox = near.get_mut();
        assert!(Pin::new(&mut *outbox).poll_flush(&mut cx).is_pending());
        assert_eq!(outbox.len(), 4_000 + 8 - 1_024);
        let (flushed, heard) = join(near.flush(), far.next()).await;
        flushed.unwrap();
        assert_eq!(heard.unwrap().unwrap(), Message::text(long));
        assert_eq!(
            (near.get_ref().len(), near.get_ref().waiting.capacity()),
            (0, 0)
        );
    }

    #[test]
    fn t8_a_peer_that_takes_nothing_has_the_room_filled_and_no_more() {
        let (near, _far) = duplex(16);
        let mut outbox = Outbox::new(near);
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let pong = [0; 127];
        for _ in 0..2 * MAX_UNANSWERED / pong.len() {
            if let Poll::Ready(written) = Pin::new(&mut outbox).poll_write(&mut cx, &pong) {
                written.unwrap();
            }
        }
        assert!(
            outbox.len() < MAX_UNANSWERED + pong.len(),
            "{}",
            outbox.len()
        );
        for (role, most) in [
            (Role::Server, MAX_FOR_CARRIER),
            (Role::Client, MAX_FOR_AGENT),
        ] {
            while outbox.put(&[0; 4_000], role) != Err(Full) {}
            let room = outbox.waiting.capacity();
            assert!(
                (most - 4_000..most * 5 / 4 + 8_000).contains(&room),
                "{role:?}: {room}"
            );
        }
    }

    #[tokio::test]
    async fn t8_what_a_slow_peer_has_taken_takes_no_room() {
        let (near, mut far) = duplex(1_000);
        let mut outbox = Outbox::new(near);
        let mut taken = [0; 1_000];
        outbox.put(&[b'a'; 3_000], Role::Server).unwrap();
        for _ in 0..1_000 {
            outbox.put(&[b'a'; 1_000], Role::Server).unwrap();
            // It takes nearly as much as is put in, and is never up to date.
            let _ = join(
                timeout(Duration::ZERO, outbox.flush()),
                far.read(&mut taken),
            )
            .await;
            assert!(outbox.len() > 1_000);
        }
        let room = outbox.waiting.capacity();
        assert!(room < 64 * 1024, "{room}");
    }

    #[test]
    fn no_two_masks_are_alike() {
        let masks: std::collections::BTreeSet<_> = (0..1_000).map(|_| fresh_mask()).collect();
        assert!(masks.len() > 990, "{}", masks.len());
    }
}

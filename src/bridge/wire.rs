//! A WebSocket in the form that the loop wants: polled, buffered, bounded.
//!
//! Messages are queued without waiting and leave together at the end of a
//! turn of the loop: one system call for all of them. A peer that does not
//! read fills the [outbox](super::outbox), and a full one breaks the wire;
//! nothing grows.

use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use futures::{Sink, SinkExt, Stream, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, copy, sink};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::outbox::{Full, Outbox};

/// How long a peer may take to answer our goodbye.
const CLOSE_BUDGET: Duration = Duration::from_millis(500);

/// Small buffers, a read's of five frames: the library clears it before every
/// read, so that its default of 128 KiB costs five times the instructions.
pub(super) fn wire_config(max_message: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(2 * 1024)
        .write_buffer_size(0)
        // A goodbye, and answers to pings; the rest waits in the outbox.
        .max_write_buffer_size(4 * 1024)
        .max_message_size(Some(max_message))
        .max_frame_size(Some(max_message))
}

/// So much may wait to be sent before what can wait elsewhere does so.
const ROOM: usize = 16 * 1024;
/// Room for so much is kept from one message to the next by a thread: half a second of an
/// agent's sound.
pub(super) const MAX_KEPT: usize = 24 * 1024;
/// And by a call: half a second of the carrier's.
pub(super) const MAX_KEPT_BY_CALL: usize = 4 * 1024;

/// So many messages are read before what they say is answered.
pub(super) const MAX_MESSAGES: usize = 8;

/// Empties a buffer that is used again, and keeps so much of its room; what only a burst
/// needed is given back.
pub(super) fn empty(buffer: &mut Vec<u8>, kept: usize) {
    buffer.clear();
    buffer.shrink_to(kept);
}

thread_local! {
    /// Where messages are written, one after the other. A thread has one: in
    /// a call of its own it would lie idle nearly all the time.
    static TEXT: RefCell<BytesMut> = RefCell::default();
}

/// What came in.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message, which none of our peers may send.
    Binary,
    /// The peer said goodbye.
    Closed,
    /// The wire broke, or the peer broke the protocol.
    Broken,
}

/// How a wire stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Open,
    /// The peer has said goodbye; only our own may follow it.
    Closing,
    /// Nothing can be sent any more; what the peer sent before is still read.
    Mute,
    /// Nothing can be read any more either.
    Broken,
}

/// One WebSocket.
#[derive(Debug)]
pub(super) struct Wire<S> {
    socket: WebSocketStream<Outbox<S>>,
    /// As which we speak: a client masks what it says.
    role: Role,
    is_dirty: bool,
    /// Bytes of text queued since everything was last sent.
    unsent: usize,
    state: State,
    /// Pings since the peer last said anything.
    unheard: u32,
    /// The close code that names the peer's fault.
    fault: Option<CloseCode>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// A socket whose handshake is done.
    pub(super) fn new(socket: WebSocketStream<Outbox<S>>, role: Role) -> Self {
        Self {
            socket,
            role,
            is_dirty: false,
            unsent: 0,
            state: State::Open,
            unheard: 0,
            fault: None,
        }
    }

    /// The next message. Pings are answered by the library.
    pub(super) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        loop {
            if self.state == State::Broken {
                return Poll::Ready(Incoming::Broken);
            }
            let next = futures::ready!(Pin::new(&mut self.socket).poll_next(cx));
            self.unheard = 0;
            let incoming = match next {
                Some(Ok(Message::Text(text))) => Incoming::Text(text),
                Some(Ok(Message::Binary(_))) => Incoming::Binary,
                Some(Ok(Message::Close(_)) | Err(Error::ConnectionClosed)) | None => {
                    if self.state == State::Open {
                        self.state = State::Closing;
                    }
                    Incoming::Closed
                }
                Some(Ok(Message::Ping(_))) => {
                    self.is_dirty = true;
                    continue;
                }
                Some(Ok(Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Err(error)) => {
                    tracing::debug!(%error, "wire.broken");
                    self.state = State::Broken;
                    self.fault = fault(&error);
                    Incoming::Broken
                }
            };
            return Poll::Ready(incoming);
        }
    }

    /// Puts the text message that `write` writes behind those that wait.
    pub(super) fn queue(&mut self, write: impl FnOnce(&mut BytesMut)) {
        if self.state != State::Open {
            return;
        }
        TEXT.with_borrow_mut(|text| {
            text.clear();
            write(text);
            let put = self.socket.get_mut().put(text, self.role);
            self.unsent += text.len();
            self.note(put);
            if text.capacity() > MAX_KEPT {
                *text = BytesMut::new();
            }
        });
    }

    /// Something waits to be sent, or there was no room for it.
    fn note(&mut self, put: Result<(), Full>) {
        self.is_dirty = true;
        if put.is_err() {
            tracing::debug!("wire.full");
            self.state = State::Broken;
        }
    }

    /// Asks whether the peer is still there. One that has said nothing since it
    /// was last asked is given up: its line is open at our end only.
    pub(super) fn queue_ping(&mut self) {
        if self.unheard > 0 {
            tracing::debug!("wire.unheard");
            self.state = State::Broken;
        }
        self.unheard += 1;
        if self.state != State::Open {
            return;
        }
        let put = self.socket.get_mut().ping(self.role);
        self.note(put);
    }

    /// Sends what waits, as far as the peer takes it. A failure shows in
    /// [`poll_message`](Self::poll_message), after what the peer sent before.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) {
        if self.state == State::Broken {
            // Who reads next learns it.
            cx.waker().wake_by_ref();
            return;
        }
        if !self.is_dirty || self.state == State::Mute {
            return;
        }
        let flushed = Pin::new(&mut self.socket).poll_flush(cx);
        match flushed.map_ok(|()| self.socket.get_ref().len()) {
            // Once the peer has said goodbye, the library flushes nothing.
            Poll::Ready(Ok(1..)) => {
                let outbox = Pin::new(self.socket.get_mut());
                if let Poll::Ready(Err(_)) = outbox.poll_flush(cx) {
                    self.state = State::Mute;
                }
            }
            Poll::Ready(Ok(0)) => {
                self.is_dirty = false;
                self.unsent = 0;
            }
            Poll::Ready(Err(_)) => self.state = State::Mute,
            Poll::Pending => {}
        }
    }

    /// Whether something waits that the peer has not taken.
    pub(super) fn is_dirty(&self) -> bool {
        self.is_dirty && self.state != State::Mute
    }

    /// Bytes of text that the peer has not taken.
    pub(super) fn unsent(&self) -> usize {
        self.unsent
    }

    /// Whether nothing can be sent any more.
    pub(super) fn is_deaf(&self) -> bool {
        matches!(self.state, State::Mute | State::Broken)
    }

    /// Whether the peer keeps up, so that more may be queued.
    pub(super) fn has_room(&self) -> bool {
        self.unsent < ROOM
    }

    /// Gives up a peer that does not keep up.
    pub(super) fn give_up(&mut self) {
        self.state = State::Broken;
    }

    /// Says goodbye, waits a moment for the answer, and is gone.
    ///
    /// A peer that broke the protocol is told how, whatever `code` says.
    pub(super) async fn close(mut self, code: u16) {
        let is_broken = self.state == State::Broken;
        if self.state == State::Mute || (is_broken && self.fault.is_none()) {
            return;
        }
        let code = self.fault.unwrap_or(CloseCode::from(code));
        let goodbye = async {
            let frame = CloseFrame {
                code,
                reason: Utf8Bytes::default(),
            };
            if self.socket.close(Some(frame)).await.is_err() {
                // The peer was first, and the answer to its goodbye waits.
                let _ = self.socket.flush().await;
                let _ = self.socket.get_mut().flush().await;
            } else if is_broken {
                // Unread bytes would make the kernel reset the line, and the
                // goodbye might be lost.
                let _ = copy(self.socket.get_mut(), &mut sink()).await;
            } else {
                while let Some(Ok(_)) = self.socket.next().await {}
            }
        };
        // A peer that does not answer is left without an answer.
        let _ = timeout(CLOSE_BUDGET, goodbye).await;
    }
}

/// The close code for what the peer did wrong, if it is the peer's wrong.
fn fault(error: &Error) -> Option<CloseCode> {
    let is_cut = matches!(
        error,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)
    );
    if matches!(error, Error::Protocol(_)) && !is_cut {
        Some(CloseCode::Protocol)
    } else if matches!(error, Error::Capacity(_)) {
        Some(CloseCode::Size)
    } else if matches!(error, Error::Utf8(_)) {
        Some(CloseCode::Invalid)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures::future::join;
    use futures::{SinkExt as _, StreamExt as _};
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::super::outbox::tests::sockets;
    use super::{Incoming, Wire};

    /// What comes in after two pings, to a peer that reads or does not.
    async fn after_two_pings(answers: bool) -> Option<Incoming> {
        let (near, mut far) = sockets(Role::Client, 16 * 1024).await;
        let mut wire = Wire::new(near, Role::Client);
        for _ in 0..2 {
            wire.queue_ping();
            poll_fn(|cx| {
                wire.poll_flush(cx);
                std::task::Poll::Ready(())
            })
            .await;
            if answers {
                far.next().await.unwrap().unwrap();
                far.flush().await.unwrap();
            }
            let incoming = poll_fn(|cx| match wire.poll_message(cx) {
                std::task::Poll::Ready(incoming) => std::task::Poll::Ready(Some(incoming)),
                std::task::Poll::Pending => std::task::Poll::Ready(None),
            });
            if let Some(incoming) = incoming.await {
                return Some(incoming);
            }
        }
        None
    }

    #[tokio::test]
    async fn o17_a_peer_that_leaves_a_ping_unanswered_until_the_next_is_gone() {
        let incoming = after_two_pings(false).await;
        assert!(matches!(incoming, Some(Incoming::Broken)), "{incoming:?}");
    }

    #[tokio::test]
    async fn o17_a_peer_that_answers_pings_may_say_nothing_else() {
        assert!(after_two_pings(true).await.is_none());
    }

    #[tokio::test]
    async fn t5_who_says_goodbye_first_has_all_that_waited_and_an_answer() {
        for role in [Role::Client, Role::Server] {
            let (near, mut far) = sockets(role, 1_024).await;
            let mut wire = Wire::new(near, role);
            wire.queue(|text| text.extend_from_slice(&[b'a'; 5_000]));
            poll_fn(|cx| {
                wire.poll_flush(cx);
                std::task::Poll::Ready(())
            })
            .await;
            far.send(Message::Close(None)).await.unwrap();
            let incoming = poll_fn(|cx| wire.poll_message(cx)).await;
            assert!(matches!(incoming, Incoming::Closed), "{incoming:?}");
            let hear = async {
                let text = far.next().await.unwrap().unwrap();
                let goodbye = far.next().await.unwrap().unwrap();
                (text.len(), goodbye.is_close())
            };
            let (heard, ()) = join(hear, wire.close(1_000)).await;
            assert_eq!(heard, (5_000, true), "{role:?}");
        }
    }
}

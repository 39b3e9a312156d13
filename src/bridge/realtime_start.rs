//! How the leg of an agent begins: it is worth something once the agent has
//! accepted its configuration.

use std::future::poll_fn;
use std::mem;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite};

use super::agent_leg::DialError;
use super::line::is_end;
use super::realtime_leg::RealtimeLeg;
use crate::call::Event;

impl<S: AsyncRead + AsyncWrite + Unpin> RealtimeLeg<S> {
    /// Waits until the agent accepts its configuration. All that happens
    /// meanwhile is told as soon as somebody asks.
    pub(super) async fn settle(&mut self) -> Result<(), DialError> {
        poll_fn(|cx| self.poll_settled(cx)).await
    }

    fn poll_settled(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        self.wire.poll_flush(cx);
        let mut events = mem::take(&mut self.early);
        let mut polled = Poll::Ready(());
        while polled.is_ready() && !self.is_ready && !events.iter().any(is_end) {
            polled = self.poll_messages(cx, &mut events);
        }
        // It may have been asked for something.
        self.wire.poll_flush(cx);
        if let Some(end) = events.iter().find(|event| is_end(event)) {
            return Poll::Ready(Err(DialError {
                reason: "the realtime server took the connection, and then did not want us"
                    .to_owned(),
                is_final: matches!(end, Event::AgentFailed { is_final: true }),
            }));
        }
        self.early = events;
        if self.is_ready {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }
}

//! The line to a call's agents: the one that speaks, and the one that takes over.

use std::collections::VecDeque;
use std::mem;
use std::task::{Context, Poll};

use futures::future::BoxFuture;

use super::agent_leg::{AgentLeg, DialError};
use crate::call::{AgentAction, Event};

/// An agent that is being reached for.
pub(super) type Dialing = BoxFuture<'static, Result<Box<dyn AgentLeg>, DialError>>;

/// Reaches for the call's next agent.
pub(super) type Dial = Box<dyn FnMut() -> Dialing + Send>;

enum Agent {
    Dialing(Dialing),
    Up(Box<dyn AgentLeg>),
    Gone,
}

impl Agent {
    /// Asks whether somebody was reached. Why not, if that is certain now.
    fn poll_dialing(&mut self, cx: &mut Context<'_>) -> Option<DialError> {
        let Self::Dialing(dialing) = self else {
            return None;
        };
        match dialing.as_mut().poll(cx) {
            Poll::Ready(Ok(leg)) => {
                *self = Self::Up(leg);
                None
            }
            Poll::Ready(Err(error)) => {
                *self = Self::Gone;
                Some(error)
            }
            Poll::Pending => None,
        }
    }
}

/// The line of one call.
pub(super) struct Line {
    dial: Dial,
    agent: Agent,
    spare: Agent,
    /// Somebody is being reached for who has not been asked yet.
    is_fresh: bool,
    /// Why agents could not be reached, for the log.
    failures: Vec<DialError>,
}

impl Line {
    /// A line on which the first agent is reached for at once.
    pub(super) fn new(mut dial: Dial) -> Self {
        let agent = Agent::Dialing(dial());
        Self {
            dial,
            agent,
            spare: Agent::Gone,
            is_fresh: true,
            failures: Vec::new(),
        }
    }

    /// Reaches for an agent anew; any other is let go, also the one that was to
    /// take over: nobody waits for it any more.
    pub(super) fn dial(&mut self) {
        if let Agent::Up(leg) = &mut self.agent {
            leg.give_up();
        }
        let_go(mem::replace(&mut self.spare, Agent::Gone));
        let dialing = Agent::Dialing((self.dial)());
        self.is_fresh = true;
        let_go(mem::replace(&mut self.agent, dialing));
    }

    /// Reaches for the agent that will take over.
    pub(super) fn dial_spare(&mut self) {
        let dialing = Agent::Dialing((self.dial)());
        self.is_fresh = true;
        let_go(mem::replace(&mut self.spare, dialing));
    }

    /// The one that was to take over takes over.
    pub(super) fn swap(&mut self) {
        let spare = mem::replace(&mut self.spare, Agent::Gone);
        let_go(mem::replace(&mut self.agent, spare));
    }

    /// Whether somebody is being reached for who has not been asked yet.
    pub(super) fn take_fresh(&mut self) -> bool {
        mem::take(&mut self.is_fresh)
    }

    /// Puts what the agents did into `events`. Pending when they do no more.
    pub(super) fn poll_events(
        &mut self,
        cx: &mut Context<'_>,
        events: &mut VecDeque<Event>,
    ) -> Poll<()> {
        self.is_fresh = false;
        self.poll_spare(cx, events);
        if let Some(error) = self.agent.poll_dialing(cx) {
            let is_final = error.is_final;
            events.push_back(Event::AgentFailed { is_final });
            self.failures.push(error);
        }
        let Agent::Up(leg) = &mut self.agent else {
            return Poll::Pending;
        };
        let before = events.len();
        let polled = leg.poll_events(cx, events);
        if let Some(at) = events.iter().skip(before).position(is_end) {
            // Who is gone says nothing more.
            events.truncate(before + at + 1);
            let_go(mem::replace(&mut self.agent, Agent::Gone));
        }
        polled
    }

    /// The one that will take over says that it is ready, or that it is gone;
    /// nobody has asked it anything yet.
    fn poll_spare(&mut self, cx: &mut Context<'_>, events: &mut VecDeque<Event>) {
        if let Some(error) = self.spare.poll_dialing(cx) {
            events.push_back(Event::SpareFailed);
            self.failures.push(error);
        }
        let Agent::Up(leg) = &mut self.spare else {
            return;
        };
        let mut said = VecDeque::new();
        while leg.poll_events(cx, &mut said).is_ready() && !said.iter().any(is_end) {}
        if said.iter().any(is_end) {
            let_go(mem::replace(&mut self.spare, Agent::Gone));
            events.push_back(Event::SpareFailed);
        } else if said.contains(&Event::AgentReady) {
            events.push_back(Event::SpareReady);
        }
    }

    pub(super) fn perform(&mut self, action: AgentAction) {
        if let Agent::Up(leg) = &mut self.agent {
            leg.perform(action);
        }
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) {
        for agent in [&mut self.agent, &mut self.spare] {
            if let Agent::Up(leg) = agent {
                leg.poll_flush(cx);
            }
        }
    }

    pub(super) fn ping(&mut self) {
        for agent in [&mut self.agent, &mut self.spare] {
            if let Agent::Up(leg) = agent {
                leg.ping();
            }
        }
    }

    /// Why agents could not be reached since this was last asked.
    pub(super) fn take_failures(&mut self) -> Vec<DialError> {
        mem::take(&mut self.failures)
    }

    /// Hangs up, within a second.
    pub(super) async fn close(self) {
        let_go(self.spare);
        if let Agent::Up(leg) = self.agent {
            leg.close().await;
        }
    }
}

/// Whether the agent is gone with it.
pub(super) fn is_end(event: &Event) -> bool {
    matches!(event, Event::AgentFailed { .. } | Event::AgentClosed)
}

/// Its goodbye is answered while the call goes on.
fn let_go(agent: Agent) {
    if let Agent::Up(leg) = agent {
        tokio::spawn(leg.close());
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Waker;

    use futures::FutureExt as _;

    use super::*;

    #[derive(Default)]
    struct Counts {
        given_up: AtomicU32,
        closed: AtomicU32,
    }

    /// An agent that says nothing.
    struct Silent(Arc<Counts>);

    impl AgentLeg for Silent {
        fn poll_events(&mut self, _: &mut Context<'_>, _: &mut VecDeque<Event>) -> Poll<()> {
            Poll::Pending
        }

        fn perform(&mut self, _: AgentAction) {}

        fn poll_flush(&mut self, _: &mut Context<'_>) {}

        fn ping(&mut self) {}

        fn give_up(&mut self) {
            self.0.given_up.fetch_add(1, Ordering::Relaxed);
        }

        fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
            self.0.closed.fetch_add(1, Ordering::Relaxed);
            async {}.boxed()
        }
    }

    fn poll(line: &mut Line) {
        let mut cx = Context::from_waker(Waker::noop());
        let _ = line.poll_events(&mut cx, &mut VecDeque::new());
    }

    #[tokio::test]
    async fn o5_a_spare_that_comes_too_late_is_let_go_with_the_agent_that_fell_silent() {
        let counts = Arc::<Counts>::default();
        let mut left = 2;
        let there = Arc::clone(&counts);
        let dial = move || -> Dialing {
            if left == 0 {
                return pending().boxed();
            }
            left -= 1;
            let leg: Box<dyn AgentLeg> = Box::new(Silent(Arc::clone(&there)));
            async { Ok(leg) }.boxed()
        };
        let mut line = Line::new(Box::new(dial));
        poll(&mut line);
        line.dial_spare();
        poll(&mut line);
        assert_eq!(counts.closed.load(Ordering::Relaxed), 0);
        line.dial();
        poll(&mut line);
        tokio::task::yield_now().await;
        assert_eq!(counts.given_up.load(Ordering::Relaxed), 1);
        assert_eq!(counts.closed.load(Ordering::Relaxed), 2);
    }
}

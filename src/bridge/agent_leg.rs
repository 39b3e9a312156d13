//! The agent's half of a call, whoever the agent is.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;

use crate::call::{AgentAction, Event, Interruption};
use crate::domain::{ModelPrice, Receptionist};

/// A connection to an agent that can hold a conversation.
///
/// It does not presume how an interruption is settled: what the machine does
/// about one is chosen by [`Dialer::interruption`]. A leg that needs no
/// truncation is never asked for one.
pub trait AgentLeg: Send {
    /// Puts what the agent did into `events`; pending once it does no more for
    /// now. Ready after a bounded number of them: ask again.
    ///
    /// A leg that has failed says so by an event, [`Event::AgentFailed`] or
    /// [`Event::AgentClosed`], and is then not polled again.
    fn poll_events(&mut self, cx: &mut Context<'_>, events: &mut VecDeque<Event>) -> Poll<()>;

    /// Does what the machine asks for. Nothing waits: what cannot be sent yet
    /// is queued within bounds.
    fn perform(&mut self, action: AgentAction);

    /// Sends what is queued, as far as the agent takes it.
    fn poll_flush(&mut self, cx: &mut Context<'_>);

    /// Asks whether the agent is still there.
    fn ping(&mut self);

    /// It does not do what it is asked for: another one is reached for.
    fn give_up(&mut self) {}

    /// Hangs up, within a second.
    fn close(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// Reaches agents.
pub trait Dialer: Send + Sync {
    /// Connects to an agent and hands it the receptionist's configuration.
    ///
    /// The call's agents are counted from 0; what a later one does is known by
    /// greater keys. The future may be dropped at any time; then no connection
    /// is left.
    fn dial(
        &self,
        receptionist: &Arc<Receptionist>,
        ordinal: u32,
    ) -> BoxFuture<'static, Result<Box<dyn AgentLeg>, DialError>>;

    /// What its agents need from us when the caller breaks in.
    fn interruption(&self) -> Interruption;

    /// After how long another agent takes over: a session may end in the middle of a word.
    fn renew_after(&self) -> Duration {
        Duration::from_mins(55)
    }

    /// Which model its agents are, if known.
    fn model(&self) -> Option<&str>;

    /// Tells whoever measures how the places stand where its agents are: also
    /// while nobody is dialled.
    fn tell(&self) {}

    /// Which model writes down what callers say to them, if one does and it is known.
    fn transcriber(&self) -> Option<&str> {
        None
    }

    /// What its agents cost, if known.
    fn price(&self) -> Option<ModelPrice> {
        let price = ModelPrice::of(self.model()?)?;
        let transcribed = |model| price.transcribed_by(model);
        Some(self.transcriber().map_or(price, transcribed))
    }
}

/// Why an agent could not be reached.
#[derive(Debug)]
pub struct DialError {
    /// For the log; no secrets.
    pub reason: String,
    /// Whether it is useless to try again soon.
    pub is_final: bool,
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

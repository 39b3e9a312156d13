//! The carrier's exchange: the lines of live calls, the queues in which callers wait, and what
//! either is told over REST.
//!
//! Calls of one [`Carrier`](super::carrier::Carrier) and the account of a
//! [`RestServer`](super::rest::RestServer) that share an exchange are one carrier: a call that
//! is made over REST can be rung, and a call that goes on can be led elsewhere.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::names::carrier_name;
use super::rest::RestCall;

/// What calls and an account share. Cheap to clone; clones are one exchange.
#[derive(Clone, Debug, Default)]
pub struct Exchange(Arc<Mutex<Switchboard>>);

#[derive(Debug, Default)]
struct Switchboard {
    lines: BTreeMap<String, Line>,
    queues: Vec<Queue>,
    listener: Option<mpsc::UnboundedSender<RestCall>>,
}

#[derive(Debug)]
struct Line {
    /// As it stands; its own side has opened it, if it is there.
    call: Option<RestCall>,
    orders: mpsc::UnboundedSender<LineOrder>,
    /// Kept for whoever opens the line.
    inbox: Option<Orders>,
}

/// What a line is told, in order.
pub(super) type Orders = mpsc::UnboundedReceiver<LineOrder>;

/// What a line is told over REST.
#[derive(Debug)]
pub(super) enum LineOrder {
    /// Do instead what is said there.
    Goto(String),
    /// Hang up.
    End,
}

#[derive(Debug)]
struct Queue {
    sid: String,
    name: String,
    waiting: VecDeque<(u64, oneshot::Sender<Summons>)>,
    count: u64,
}

/// Whoever waits longest in a queue is to be connected.
#[derive(Debug)]
pub(super) struct Summons {
    /// What they hear first.
    pub(super) url: Option<String>,
    /// The two are connected.
    pub(super) is_connected: oneshot::Sender<()>,
    /// Dropped when they have spoken.
    pub(super) is_over: oneshot::Receiver<()>,
}

/// A place in a queue, left when it is dropped.
#[derive(Debug)]
pub(super) struct Waiter {
    exchange: Exchange,
    ticket: u64,
    /// The queue.
    pub(super) queue_sid: String,
    pub(super) summons: oneshot::Receiver<Summons>,
}

impl Exchange {
    /// Hears of every call that is made over REST, from now on.
    pub fn calls_made(&self) -> mpsc::UnboundedReceiver<RestCall> {
        let (listener, calls) = mpsc::unbounded_channel();
        self.with(|board| board.listener = Some(listener));
        calls
    }

    /// The queues that the carrier keeps, by name.
    pub fn queues(&self) -> Vec<String> {
        let name = |queue: &Queue| queue.name.clone();
        self.with(|board| board.queues.iter().map(name).collect())
    }

    /// Keeps a queue of that name in which nobody waits; its SID.
    pub fn keep_queue(&self, name: &str) -> String {
        self.with(|board| board.queue(name).sid.clone())
    }

    /// A call was made over REST, and somebody is to be rung.
    pub(super) fn made(&self, call: &RestCall) {
        self.with(|board| {
            board.lines.insert(call.sid.clone(), Line::new());
            if let Some(listener) = &board.listener {
                // Nobody has to listen.
                let _ = listener.send(call.clone());
            }
        });
    }

    /// The line of a call begins to live. What it was told before is not lost.
    pub(super) fn open_line(&self, call: RestCall) -> Orders {
        self.with(|board| {
            let line = board
                .lines
                .entry(call.sid.clone())
                .or_insert_with(Line::new);
            line.call = Some(call);
            line.inbox.take().unwrap_or_else(|| {
                let (orders, inbox) = mpsc::unbounded_channel();
                line.orders = orders;
                inbox
            })
        })
    }

    /// How the call of a line stands now.
    pub(super) fn stands(&self, call_sid: &str, status: &str) {
        self.with(|board| {
            let line = board.lines.get_mut(call_sid);
            if let Some(call) = line.and_then(|line| line.call.as_mut()) {
                status.clone_into(&mut call.status);
            }
        });
    }

    /// All calls whose lines were opened, as they stand.
    pub(super) fn calls(&self) -> Vec<RestCall> {
        self.with(|board| {
            let lines = board.lines.values();
            lines.filter_map(|line| line.call.clone()).collect()
        })
    }

    /// Tells a line something; one that is gone does not hear it.
    pub(super) fn tell(&self, call_sid: &str, order: LineOrder) {
        self.with(|board| {
            if let Some(line) = board.lines.get(call_sid) {
                let _ = line.orders.send(order);
            }
        });
    }

    /// Waits in a queue, which is made for the first who does.
    pub(super) fn enter(&self, name: &str) -> Waiter {
        let (sender, summons) = oneshot::channel();
        self.with(|board| {
            let queue = board.queue(name);
            queue.count += 1;
            queue.waiting.push_back((queue.count, sender));
            Waiter {
                exchange: self.clone(),
                ticket: queue.count,
                queue_sid: queue.sid.clone(),
                summons,
            }
        })
    }

    /// Summons whoever waits longest; the answer comes when they are connected. The sender
    /// is dropped when the two have spoken.
    pub(super) fn summon(
        &self,
        name: &str,
        url: Option<String>,
    ) -> Option<(oneshot::Receiver<()>, oneshot::Sender<()>)> {
        let (is_connected, connected) = oneshot::channel();
        let (over, is_over) = oneshot::channel();
        let mut summons = Summons {
            url,
            is_connected,
            is_over,
        };
        self.with(|board| {
            let queue = board.queues.iter_mut().find(|queue| queue.name == name)?;
            while let Some((_, waiter)) = queue.waiting.pop_front() {
                match waiter.send(summons) {
                    Ok(()) => return Some((connected, over)),
                    Err(unsent) => summons = unsent,
                }
            }
            None
        })
    }

    /// Takes a queue away: none if there is no such queue, false if somebody waits in it.
    pub(super) fn delete_queue(&self, sid: &str) -> Option<bool> {
        self.with(|board| {
            let at = board.queues.iter().position(|queue| queue.sid == sid)?;
            let is_empty = board.queues[at].waiting.is_empty();
            if is_empty {
                board.queues.remove(at);
            }
            Some(is_empty)
        })
    }

    fn with<R>(&self, act: impl FnOnce(&mut Switchboard) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Switchboard {
    fn queue(&mut self, name: &str) -> &mut Queue {
        let at = self.queues.iter().position(|queue| queue.name == name);
        let at = at.unwrap_or_else(|| {
            self.queues.push(Queue {
                sid: carrier_name("QU"),
                name: name.to_owned(),
                waiting: VecDeque::new(),
                count: 0,
            });
            self.queues.len() - 1
        });
        &mut self.queues[at]
    }
}

impl Line {
    fn new() -> Self {
        let (orders, inbox) = mpsc::unbounded_channel();
        Self {
            call: None,
            orders,
            inbox: Some(inbox),
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.exchange.with(|board| {
            let mut queues = board.queues.iter_mut();
            if let Some(queue) = queues.find(|queue| queue.sid == self.queue_sid) {
                queue.waiting.retain(|(ticket, _)| *ticket != self.ticket);
            }
        });
    }
}

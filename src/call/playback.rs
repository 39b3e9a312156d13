//! What the agent said, what of it was sent to the carrier, what was heard.
//!
//! Agents speak faster than real time. What is more than [`MAX_LEAD`] ahead of
//! the caller's ear waits here, so that an interruption throws it away and a
//! `clear` has little to do.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::playhead::{Playhead, duration, samples};
use super::{CarrierAction, ItemKey, Mark};
use crate::audio::Frame;

/// How far ahead of what is being played the carrier's buffer is filled.
pub const MAX_LEAD: Duration = Duration::from_secs(2);
/// How far the lead may shrink before more is sent: wake-ups are few.
const REFILL: Duration = Duration::from_millis(400);
/// A mark at least so often; between marks the clock tells where we are.
const MARK_EVERY: u64 = 1_600;
/// The longest backlog, five minutes of speech: no receptionist says more.
const MAX_BACKLOG: usize = 15_000;
/// Frames of backlog that room is kept for.
const KEPT_BACKLOG: usize = 32;
/// So long after a clear nothing is sent, so that nothing is to be cleared again: an
/// agent that hears the caller begin ten times a second makes no storm of it.
const CALM: Duration = Duration::from_millis(150);
/// Items remembered; older ones have long been heard.
const MAX_ITEMS: usize = 64;

/// One item of the agent.
#[derive(Debug)]
struct Ledger {
    item: ItemKey,
    /// Samples that came from the agent.
    received: u64,
    /// Samples that were heard before the last clear, or whole items.
    heard: u64,
    /// No more will come.
    is_done: bool,
}

impl Ledger {
    /// Whether it was heard to its end.
    fn is_heard(&self) -> bool {
        self.is_done && self.heard >= self.received
    }
}

/// A run of one item in the carrier's buffer.
#[derive(Debug)]
struct Span {
    item: ItemKey,
    end: u64,
    len: u64,
}

/// How much of an item was heard when everything was thrown away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Cut {
    pub(super) item: ItemKey,
    pub(super) heard: Duration,
    pub(super) received: Duration,
    /// It was heard to its end.
    pub(super) is_whole: bool,
}

/// The ledger of everything said to the caller.
#[derive(Debug, Default)]
pub(super) struct Playback {
    items: VecDeque<Ledger>,
    backlog: VecDeque<(ItemKey, Frame)>,
    /// Samples in it.
    waiting: u64,
    spans: VecDeque<Span>,
    playhead: Playhead,
    generation: u32,
    next_mark: u32,
    /// Where the last mark of this generation stands.
    marked: u64,
    /// The agent's item that was sent last, if nothing has been cleared since.
    sounding: Option<ItemKey>,
    /// Nothing is sent before.
    calm_until: Option<Instant>,
}

impl Playback {
    /// Takes a frame of an item. False if there is no room left for it.
    pub(super) fn receive(&mut self, item: ItemKey, frame: Frame) -> bool {
        if self.backlog.len() >= MAX_BACKLOG {
            return false;
        }
        let ledger = self.ledger(item);
        ledger.received += frame.len() as u64;
        if self.backlog.len() == self.backlog.capacity() {
            // Doubled, the room would be half empty.
            let more = KEPT_BACKLOG.max(self.backlog.len() / 4);
            self.backlog.reserve_exact(more);
        }
        self.waiting += frame.len() as u64;
        self.backlog.push_back((item, frame));
        true
    }

    /// Every item has all its audio: the response is over.
    pub(super) fn finish_all(&mut self) {
        for ledger in &mut self.items {
            ledger.is_done = true;
        }
    }

    /// The item has all its audio.
    pub(super) fn finish(&mut self, item: ItemKey) {
        if let Some(ledger) = self.items.iter_mut().find(|ledger| ledger.item == item) {
            ledger.is_done = true;
        }
    }

    /// Sends what the lead allows. `send` gets each action in order, and the
    /// item that it belongs to, if it is sound. For how long the caller heard
    /// nothing in the middle of an item, because the rest of it came late.
    pub(super) fn pump(
        &mut self,
        now: Instant,
        mut send: impl FnMut(CarrierAction, Option<ItemKey>),
    ) -> Duration {
        let mut dry = Duration::ZERO;
        let is_calm = self.calm_until.is_none_or(|until| until <= now);
        let has_room = is_calm && self.lead(now) + REFILL <= MAX_LEAD;
        while has_room && self.lead(now) < MAX_LEAD {
            let Some((item, frame)) = self.backlog.pop_front() else {
                break;
            };
            self.waiting -= frame.len() as u64;
            let was_quiet = self.playhead.position(now) >= self.playhead.sent();
            if self.is_rest(item) && was_quiet {
                let since = self.playhead.quiet_at().unwrap_or(now);
                dry += now.saturating_duration_since(since);
            }
            self.playhead.send(frame.len() as u64, now);
            self.note(item, frame.len() as u64);
            send(CarrierAction::Play(frame), Some(item));
            if was_quiet || self.playhead.sent() - self.marked >= MARK_EVERY {
                send(CarrierAction::Mark(self.mark()), None);
            }
        }
        self.give_back();
        let is_done = self.items.iter().all(|ledger| ledger.is_done);
        if self.backlog.is_empty() && is_done && self.marked < self.playhead.sent() {
            send(CarrierAction::Mark(self.mark()), None);
        }
        dry
    }

    /// When to pump again, if there is anything to send.
    pub(super) fn next_pump(&self, now: Instant) -> Option<Instant> {
        let wait = (self.lead(now) + REFILL).saturating_sub(MAX_LEAD);
        let again = now + wait.max(Duration::from_millis(20));
        let calm = self.calm_until.filter(|until| *until > now);
        (!self.backlog.is_empty()).then(|| calm.unwrap_or(again).max(now + wait))
    }

    /// The carrier has taken all that was sent but so much.
    pub(super) fn carrier_leaves(&mut self, untaken: Duration, now: Instant) {
        self.playhead.leave(samples(untaken), now);
    }

    /// A mark came back. False if it tells nothing: cleared, unknown, or twice.
    pub(super) fn mark_played(&mut self, mark: Mark, now: Instant) -> bool {
        let is_news =
            mark.generation == self.generation && self.playhead.mark_played(mark.sequence, now);
        if is_news {
            self.settle(now);
        }
        is_news
    }

    /// Throws away everything not heard, and tells of each item that nobody has
    /// [taken](Self::take_heard) yet how much of it was.
    ///
    /// Returns also whether the carrier has anything left to clear.
    pub(super) fn interrupt(&mut self, now: Instant) -> (bool, Vec<Cut>) {
        self.settle(now);
        let must_clear =
            self.playhead.position(now) < self.playhead.sent() || !self.playhead.is_confirmed();
        let position = self.playhead.position(now);
        if let Some(span) = self.spans.front() {
            let heard = position.saturating_sub(span.end - span.len);
            let item = span.item;
            self.ledger(item).heard += heard;
        }
        let cuts = self.items.iter().map(|ledger| Cut {
            item: ledger.item,
            heard: duration(ledger.heard.min(ledger.received)),
            received: duration(ledger.received),
            is_whole: ledger.is_heard(),
        });
        let cuts = cuts.collect();
        self.items.clear();
        self.backlog.clear();
        self.waiting = 0;
        self.give_back();
        self.spans.clear();
        self.playhead = Playhead::default();
        self.generation = self.generation.wrapping_add(1);
        self.marked = 0;
        self.sounding = None;
        if must_clear {
            self.calm_until = Some(now + CALM);
        }
        (must_clear, cuts)
    }

    /// Takes the items that have been heard to their end, in order.
    pub(super) fn take_heard(&mut self, now: Instant) -> Option<ItemKey> {
        self.settle(now);
        let first = self.items.pop_front_if(|first| first.is_heard())?;
        Some(first.item)
    }

    /// Nothing waits, and by the clock everything has been played.
    pub(super) fn is_quiet(&self, now: Instant) -> bool {
        self.backlog.is_empty() && self.playhead.position(now) >= self.playhead.sent()
    }

    /// Nothing waits, and the carrier has returned the mark behind the last.
    pub(super) fn is_confirmed(&self) -> bool {
        self.backlog.is_empty()
            && self.marked == self.playhead.sent()
            && self.playhead.is_confirmed()
    }

    /// Whether anything waits to be sent.
    pub(super) fn has_unsent(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// When the last that waits or was sent will have been played.
    pub(super) fn quiet_at(&self) -> Option<Instant> {
        Some(self.playhead.quiet_at()? + duration(self.waiting))
    }

    /// Whether what sounds next is the rest of what sounded last, or is heard
    /// in its place because that is late.
    fn is_rest(&mut self, item: ItemKey) -> bool {
        if item.is_own() {
            let is_late = |ledger: &Ledger| Some(ledger.item) == self.sounding && !ledger.is_done;
            self.items.iter().any(is_late)
        } else {
            self.sounding.replace(item) == Some(item)
        }
    }

    /// A long answer takes megabytes, and a call is mostly short ones.
    fn give_back(&mut self) {
        if self.backlog.is_empty() {
            self.backlog.shrink_to(KEPT_BACKLOG);
        }
    }

    /// Sent but not yet played.
    pub(super) fn lead(&self, now: Instant) -> Duration {
        duration(self.playhead.sent() - self.playhead.position(now))
    }

    fn mark(&mut self) -> Mark {
        let mark = Mark {
            generation: self.generation,
            sequence: self.next_mark,
        };
        self.next_mark = self.next_mark.wrapping_add(1);
        self.playhead.mark(mark.sequence);
        self.marked = self.playhead.sent();
        mark
    }

    /// Writes down that `len` samples of `item` lie in the carrier's buffer.
    fn note(&mut self, item: ItemKey, len: u64) {
        let end = self.playhead.sent();
        match self.spans.back_mut() {
            Some(span) if span.item == item => {
                span.end = end;
                span.len += len;
            }
            _ => self.spans.push_back(Span { item, end, len }),
        }
    }

    /// Moves spans that have been played whole from sent to heard.
    fn settle(&mut self, now: Instant) {
        let position = self.playhead.position(now);
        while let Some(span) = self.spans.pop_front_if(|span| span.end <= position) {
            self.ledger(span.item).heard += span.len;
        }
    }

    fn ledger(&mut self, item: ItemKey) -> &mut Ledger {
        if let Some(found) = self.items.iter().position(|ledger| ledger.item == item) {
            return &mut self.items[found];
        }
        if self.items.len() == MAX_ITEMS {
            self.items.pop_front();
        }
        self.items.push_back(Ledger {
            item,
            received: 0,
            heard: 0,
            is_done: false,
        });
        let last = self.items.len() - 1;
        &mut self.items[last]
    }
}

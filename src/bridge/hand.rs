//! What the writer has in hand: a note that nobody has taken yet, and those behind it that
//! are written with it.
//!
//! A call that goes on has much to write down, a row at a time. What comes within a moment
//! is written in one transaction: a database has the most work with the end of each, and
//! one that is a network away would be behind the calls of a full house.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::note::Note;
use super::note_entry::Entry;

/// So long a note waits for others to be written with it: as much as the end of the process
/// may take of what was recorded.
const GATHER: Duration = Duration::from_millis(200);
/// Notes that are written together at most.
pub(super) const TOGETHER: usize = 64;

/// The note that nobody has taken yet.
pub(super) struct Hand {
    pub(super) entry: Entry,
    pub(super) since: Instant,
    /// When it is to be written.
    pub(super) write_at: Instant,
    /// What the disk says to it, once it was asked.
    pub(super) journaled: Option<oneshot::Receiver<io::Result<()>>>,
    /// When it is to be asked.
    pub(super) ask_disk_at: Instant,
    /// Whether it did not take the note.
    pub(super) is_refused: bool,
}

impl Hand {
    /// A note that is written, and that the disk is asked to take where it could not be for
    /// so long; at once, if there is no patience with the database.
    pub(super) fn new(entry: Entry, patience: Option<Duration>) -> Self {
        let now = Instant::now();
        let gathers = if entry.note.is_light() {
            GATHER
        } else {
            Duration::ZERO
        };
        let write_at = entry.since + gathers;
        Self {
            since: now,
            write_at: patience.map_or(now, |_| write_at),
            // What waits for its turn has waited as well.
            ask_disk_at: patience.map_or(now, |patience| write_at + patience),
            entry,
            journaled: None,
            is_refused: false,
        }
    }

    /// Whether it still waits for others.
    pub(super) fn waits(&self, now: Instant) -> bool {
        now < self.write_at && self.journaled.is_none()
    }

    /// Whether the disk has it. A disk that has not taken it by now does not.
    pub(super) fn is_journaled(&mut self) -> bool {
        self.journaled.as_mut().is_some_and(|told| {
            told.close();
            matches!(told.try_recv(), Ok(Ok(())))
        })
    }
}

/// Notes behind the one in hand.
pub(super) struct Batch {
    /// These are written with it.
    rest: VecDeque<Entry>,
    /// This one is not, and came last.
    next: Option<Entry>,
    /// So many are written at the next attempt, and the one in hand is of them.
    most: usize,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            rest: VecDeque::new(),
            next: None,
            most: TOGETHER,
        }
    }
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty() && self.next.is_none()
    }

    /// Whether nothing is written with the others that comes now.
    pub(super) fn is_full(&self) -> bool {
        self.next.is_some() || self.rest.len() + 1 >= TOGETHER
    }

    /// Takes what has come behind the others. There must be room.
    pub(super) fn push(&mut self, entry: Entry) {
        if entry.note.is_light() {
            self.rest.push_back(entry);
        } else {
            self.next = Some(entry);
        }
    }

    /// The oldest, once the one in hand is.
    pub(super) fn pop(&mut self) -> Option<Entry> {
        self.rest.pop_front().or_else(|| self.next.take())
    }

    /// What is written with `first`, and it.
    pub(super) fn with(&self, first: &Entry) -> Vec<Arc<Note>> {
        let all = std::iter::once(first).chain(&self.rest);
        let all = all.map(|entry| Arc::clone(&entry.note));
        all.take(self.most).collect()
    }

    /// The one at that place cannot be written with the others: those before it are written
    /// next, or it by itself.
    pub(super) fn part(&mut self, at: usize) {
        self.most = at.max(1);
    }

    /// So many of them are kept.
    pub(super) fn let_go(&mut self, count: usize) {
        self.rest.drain(..count).for_each(Entry::let_go);
        self.most = TOGETHER;
    }
}

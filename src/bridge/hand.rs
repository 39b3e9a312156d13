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
    /// A note that the disk is asked to take at that time, if the database has not.
    pub(super) fn new(entry: Entry, ask_disk_at: Instant) -> Self {
        let now = Instant::now();
        let waits = entry.note.is_light() && ask_disk_at > now;
        Self {
            since: now,
            write_at: if waits { entry.since + GATHER } else { now },
            entry,
            journaled: None,
            ask_disk_at,
            is_refused: false,
        }
    }

    /// Whether it still waits for others.
    pub(super) fn waits(&self, now: Instant) -> bool {
        now < self.write_at && self.journaled.is_none()
    }
}

/// Notes behind the one in hand.
#[derive(Default)]
pub(super) struct Batch {
    /// These are written with it.
    rest: VecDeque<Entry>,
    /// This one is not, and came last.
    next: Option<Entry>,
    /// One of them is not taken: each is written by itself.
    is_apart: bool,
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
        let entry = self.rest.pop_front().or_else(|| self.next.take());
        self.is_apart &= !self.rest.is_empty();
        entry
    }

    /// What is written with `first`, and it.
    pub(super) fn with(&self, first: &Entry) -> Vec<Arc<Note>> {
        let rest = self.rest.iter().filter(|_| !self.is_apart);
        let all = std::iter::once(first).chain(rest);
        all.map(|entry| Arc::clone(&entry.note)).collect()
    }

    /// They cannot be written together.
    pub(super) fn part(&mut self) {
        self.is_apart = true;
    }

    /// So many of them are kept.
    pub(super) fn let_go(&mut self, count: usize) {
        self.rest.drain(..count).for_each(Entry::let_go);
    }
}

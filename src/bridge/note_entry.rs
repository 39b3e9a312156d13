//! A note on its way to the writer, and what else that is asked for.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::note::Note;

/// A note on its way, and who wants to know that it is kept.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) note: Arc<Note>,
    pub(super) kept: Option<oneshot::Sender<()>>,
    /// Since when it is in memory alone.
    pub(super) since: Instant,
}

impl Entry {
    fn new(note: Note, kept: Option<oneshot::Sender<()>>) -> Self {
        Self {
            note: Arc::new(note),
            kept,
            since: Instant::now(),
        }
    }

    /// The note is kept.
    pub(super) fn let_go(self) {
        if let Some(kept) = self.kept {
            // Who has lost patience hears of it no more.
            let _ = kept.send(());
        }
    }
}

/// What the writer is asked for.
#[derive(Debug)]
pub(super) enum Errand {
    /// A note is to be kept.
    Keep(Entry),
    /// Nothing more is to come.
    Last,
}

impl Errand {
    /// The same as from a note, and who hears when it is kept.
    pub(super) fn awaited(note: Note) -> (Self, oneshot::Receiver<()>) {
        let (kept, told_so) = oneshot::channel();
        (Self::Keep(Entry::new(note, Some(kept))), told_so)
    }
}

impl From<Note> for Errand {
    fn from(note: Note) -> Self {
        Self::Keep(Entry::new(note, None))
    }
}

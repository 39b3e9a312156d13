//! Hands to the store what is worth keeping, and never makes audio wait for it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::feed::Feed;
use super::note::{Finished, Note};
use super::note_entry::Errand;
use super::registry::Bridge;
use super::told::{DIRECTLY, NotTaken, Told};
use super::writer::Writer;
use crate::clock::Clock;
use crate::domain::{CallId, Consent, EndReason, ProcessId, TenantId, Timestamp, Usage};
use crate::journal::Journal;
use crate::recordings::Spool;
use crate::store::{self, Store};

/// Notes that may wait for the writer.
const WAITING: usize = 4_096;
/// So long a call that nobody hears any more waits for room for its notes.
const ROOM: Duration = Duration::from_secs(30);
/// So long the carrier waits until what it tells is kept; it waits 15 s in all.
const KEPT: Duration = Duration::from_secs(3);
/// So long a caller waits until their call is.
const SAFELY: Duration = Duration::from_millis(50);

/// How it stands with what is to be written down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Keeping {
    /// The database takes everything.
    Written,
    /// It does not, or has not taken all yet; the disk does.
    Journaled,
    /// Neither does. What has no more room is lost.
    Held,
}

/// Shows how it stands, without asking the writer.
#[derive(Debug, Default)]
pub(super) struct Standing(AtomicU8);

impl Standing {
    pub(super) fn show(&self, keeping: Keeping) {
        let code = match keeping {
            Keeping::Written => 0,
            Keeping::Journaled => 1,
            Keeping::Held => 2,
        };
        self.0.store(code, Ordering::Release);
    }

    fn keeping(&self) -> Keeping {
        match self.0.load(Ordering::Acquire) {
            0 => Keeping::Written,
            1 => Keeping::Journaled,
            _ => Keeping::Held,
        }
    }
}

impl Finished {
    /// The end of a call that failed before anybody could say more of it.
    pub(super) fn unknown(of: (TenantId, CallId), keeper: &Keeper) -> Self {
        Self {
            of: of.into(),
            note_id: keeper.new_id(),
            at: keeper.now(),
            end_reason: EndReason::Internal,
            usage: Usage::default(),
            cost: None,
            first_turn: 0,
            utterances: Vec::new(),
            latencies: Vec::new(),
        }
    }
}

/// Takes notes for the store.
#[derive(Clone)]
pub struct Keeper {
    notes: mpsc::Sender<Errand>,
    clock: Clock,
    store: Store,
    journal: Option<Journal>,
    feed: Feed,
    standing: Arc<Standing>,
    spool: Option<Spool>,
    process: Option<ProcessId>,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").finish_non_exhaustive()
    }
}

impl Keeper {
    /// Starts the one task that writes. It ends once the [last](Self::close)
    /// note is written, or is in the journal.
    pub fn start(store: Store, clock: Clock, journal: Option<Journal>) -> (Self, JoinHandle<()>) {
        let (notes, inbox) = mpsc::channel(WAITING);
        let standing = Arc::<Standing>::default();
        let shown = Arc::clone(&standing);
        let feed = Feed::new();
        let books = (store.clone(), journal.clone(), feed.clone());
        let writer = Writer::new(books, inbox, shown);
        let keeper = Self {
            notes,
            clock,
            store,
            journal,
            feed,
            standing,
            spool: None,
            process: None,
        };
        (keeper, tokio::spawn(writer.run()))
    }

    /// Lets calls be recorded there.
    #[must_use]
    pub fn recording_to(self, spool: Spool) -> Self {
        Self {
            spool: Some(spool),
            ..self
        }
    }

    /// Says which process has the calls.
    #[must_use]
    pub fn of_process(self, process: ProcessId) -> Self {
        Self {
            process: Some(process),
            ..self
        }
    }

    /// Which process has the calls, where that is known.
    pub(super) fn process(&self) -> Option<ProcessId> {
        self.process
    }

    /// Where it is told what is written down of a call that others watch.
    pub(super) fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Where calls are recorded, if they are.
    pub(super) fn spool(&self) -> Option<&Spool> {
        self.spool.as_ref()
    }

    /// A name for something that is kept.
    pub(super) fn new_id<T: From<(Timestamp, u128)>>(&self) -> T {
        self.clock.new_id()
    }

    /// The time of day.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Every call is over: the writer ends when it has written all of them.
    pub async fn close(&self) {
        // A writer that is gone has no more to write.
        let _ = self.notes.send(Errand::Last).await;
    }

    /// Notes that wait to be written.
    pub(super) fn waiting(&self) -> usize {
        self.notes.max_capacity() - self.notes.capacity()
    }

    /// Takes a note that is worth less than the sound of a call: if too many
    /// wait it is left out, and counted.
    pub(super) fn note(&self, note: Note) {
        if self.notes.try_send(Errand::from(note)).is_err() {
            count_lost();
        }
    }

    /// The same, and waits for a moment until it is kept somewhere: whoever is killed after
    /// that has not lost it.
    pub(super) async fn note_safely(&self, note: Note) {
        let (errand, told_so) = Errand::awaited(note);
        if self.notes.try_send(errand).is_err() {
            count_lost();
            return;
        }
        // It is kept all the same, later.
        let _ = timeout(SAFELY, told_so).await;
    }

    /// Takes the note that a call is over, waiting for room: by now nobody
    /// hears the call.
    pub(super) async fn finish(&self, finished: Finished) {
        self.tell(Note::Finished(Box::new(finished))).await;
    }

    /// Takes a note of a call that nobody hears any more, waiting for room, though
    /// not for ever: what waits is in memory.
    pub(super) async fn tell(&self, note: Note) {
        let sent = timeout(ROOM, self.notes.send(Errand::from(note))).await;
        if !matches!(sent, Ok(Ok(()))) {
            count_lost();
        }
    }

    /// Writes down what the carrier tells, or has it kept.
    pub(super) async fn keep(&self, told: Told) -> Result<(), NotTaken> {
        // What is known of the call here comes first, and may be in the journal.
        if self.standing.keeping() == Keeping::Written
            && let Some(done) = self.write_directly(&told).await
        {
            return done;
        }
        self.keep_behind(Note::Told(Box::new(told))).await
    }

    /// Has a note kept behind all that came before it.
    pub(super) async fn keep_behind(&self, note: Note) -> Result<(), NotTaken> {
        let (errand, told_so) = Errand::awaited(note);
        let kept = async {
            let sent = self.notes.send(errand).await;
            sent.is_ok() && told_so.await.is_ok()
        };
        match timeout(KEPT, kept).await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(NotTaken),
        }
    }

    /// Writes down what the carrier has told before its call was known; whether it is by
    /// now.
    pub(super) async fn tell_again(&self, told: &Told) -> Result<bool, store::Error> {
        told.apply(&self.store, &self.feed).await
    }

    /// What became of it; none where the database is away.
    async fn write_directly(&self, told: &Told) -> Option<Result<(), NotTaken>> {
        match timeout(DIRECTLY, told.write(&self.store, &self.feed)).await {
            Ok(Ok(()) | Err(store::Error::Forgotten)) => Some(Ok(())),
            Ok(Err(error)) if error.is_outage() => {
                tracing::warn!(%error, "told.not_written");
                None
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "told.refused");
                Some(Err(NotTaken))
            }
            Err(_) => {
                tracing::warn!("told.not_written: the database did not answer in time");
                None
            }
        }
    }
}

impl Bridge {
    /// Keeps what whoever is on the line has said to being recorded, in the database or,
    /// while that is away, on the disk.
    ///
    /// # Errors
    ///
    /// If neither takes it in time.
    pub async fn keep_consent(
        &self,
        of: (TenantId, CallId),
        consent: Consent,
    ) -> Result<(), NotTaken> {
        let consented = Note::Consented {
            of: of.into(),
            consent: Box::new(consent),
        };
        self.keeper().keep_behind(consented).await
    }

    /// How it stands with what is to be written down, and how many notes wait on the
    /// disk.
    pub fn keeping(&self) -> (Keeping, u64) {
        let keeper = self.keeper();
        let waiting = keeper.journal.as_ref().map_or(0, Journal::waiting);
        (keeper.standing.keeping(), waiting)
    }
}

/// A note is lost.
pub(super) fn count_lost() {
    metrics::counter!("frontdesk_notes_lost_total").increment(1);
}

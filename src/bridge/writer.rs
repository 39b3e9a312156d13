//! The one task that writes notes down: into the database, or into the journal until it can.
//!
//! Notes come one at a time into its hand, and some [gather](super::hand) behind it. While
//! the database takes them the journal is empty. What the database does not take in time
//! goes into the journal, and so does all that comes after it, until the journal is empty
//! again: so notes are written in the order in which they came, however often
//! the database comes and goes. What neither takes stays in the hand.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, pending};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::attempt::{Outcome, attempt_all, catch_up};
use super::feed::Feed;
use super::hand::{Batch, Hand};
use super::keeper::{Keeping, Standing, count_lost};
use super::note::Note;
use super::note_entry::{Entry, Errand};
use super::note_form;
use crate::journal::Journal;
use crate::store::{Error, Store};

/// A database that has not taken a note so long after it came is away.
const PATIENCE: Duration = Duration::from_millis(500);
/// A note that was in nobody's hand but ours for so long is held.
const HELD: Duration = Duration::from_secs(2);
/// The first pause after a failure; it doubles with each further one.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A disk that has refused a note is asked again after this.
const DISK_PAUSE: Duration = Duration::from_secs(1);
/// How often a note is tried that the database refuses though it is well.
const ATTEMPTS: u32 = 8;

/// Whence the note is that is being written.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Source {
    /// From the hand.
    Hand,
    /// From the hand, and it is in the journal by now.
    Late,
    /// The oldest of the journal.
    Journal,
}

/// Something happened.
enum Happened {
    Came(Option<Errand>),
    Tried(Outcome),
    Journaled(io::Result<()>),
    /// It is time for something.
    Due,
}

/// The task.
pub(super) struct Writer {
    store: Store,
    journal: Option<Journal>,
    feed: Feed,
    inbox: mpsc::Receiver<Errand>,
    standing: Arc<Standing>,
    hand: Option<Hand>,
    batch: Batch,
    /// How many of the batch are being written with what was in hand.
    together: usize,
    writing: Option<(Source, BoxFuture<'static, Outcome>)>,
    /// When the database is tried again.
    try_at: Instant,
    pause: Duration,
    /// How often the database, though well, has refused the note at the front.
    refusals: u32,
    /// The note at the front of the journal is of use to nobody.
    sets_aside: bool,
    is_closing: bool,
}

impl Writer {
    pub(super) fn new(
        (store, journal, feed): (Store, Option<Journal>, Feed),
        inbox: mpsc::Receiver<Errand>,
        standing: Arc<Standing>,
    ) -> Self {
        Self {
            store,
            journal,
            feed,
            inbox,
            standing,
            hand: None,
            batch: Batch::default(),
            together: 0,
            writing: None,
            try_at: Instant::now(),
            pause: PAUSE,
            refusals: 0,
            sets_aside: false,
            is_closing: false,
        }
    }

    /// Writes until it is told that there is no more.
    pub(super) async fn run(mut self) {
        while !self.is_done() {
            self.begin();
            let happened = self.wait().await;
            self.heed(happened);
            self.show();
        }
        if let Some(journal) = &self.journal {
            journal.close().await;
        }
    }

    /// What is in the journal is for the next process, if the database is away.
    fn is_done(&self) -> bool {
        let is_stuck = self.pause > PAUSE;
        let is_idle = self.hand.is_none() && self.batch.is_empty() && self.writing.is_none();
        self.is_closing && is_idle && (is_stuck || !self.is_behind())
    }

    fn is_behind(&self) -> bool {
        let waiting = self.journal.as_ref().map_or(0, Journal::waiting);
        waiting > 0
    }

    /// Begins what can be begun.
    fn begin(&mut self) {
        if self.hand.is_none()
            && let Some(entry) = self.batch.pop()
        {
            self.take(entry);
        }
        let now = Instant::now();
        if self.writing.is_none() && now >= self.try_at && !self.gathers(now) {
            self.take_along();
            self.writing = self.next_write();
        }
        if let Some(hand) = &mut self.hand
            && let Some(journal) = &self.journal
            && hand.journaled.is_none()
            && now >= hand.ask_disk_at
        {
            let text = note_form::write(&hand.entry.note);
            hand.journaled = Some(journal.append(text));
        }
    }

    /// Takes what has come meanwhile and is written with what is in hand.
    fn take_along(&mut self) {
        let is_light = |hand: &Hand| hand.entry.note.is_light();
        let takes = !self.is_behind() && self.hand.as_ref().is_some_and(is_light);
        while takes
            && !self.batch.is_full()
            && let Ok(errand) = self.inbox.try_recv()
        {
            self.heed(Happened::Came(Some(errand)));
        }
    }

    /// Whether what comes now is to be written with what is in hand.
    fn gathers(&self, now: Instant) -> bool {
        let waits = self.hand.as_ref().is_some_and(|hand| hand.waits(now));
        waits && !self.is_closing && !self.is_behind() && !self.batch.is_full()
    }

    fn next_write(&mut self) -> Option<(Source, BoxFuture<'static, Outcome>)> {
        let (store, feed) = (self.store.clone(), self.feed.clone());
        if let Some(journal) = &self.journal
            && self.is_behind()
        {
            let caught_up = catch_up((store, feed), journal.clone(), self.sets_aside);
            return Some((Source::Journal, caught_up.boxed()));
        }
        let notes = self.batch.with(&self.hand.as_ref()?.entry);
        self.together = notes.len() - 1;
        let tried = async move { attempt_all((&store, &feed), &notes).await };
        Some((Source::Hand, tried.boxed()))
    }

    async fn wait(&mut self) -> Happened {
        if self.is_done() {
            // What the disk had still to take was taken back just now: nobody wakes us.
            return Happened::Due;
        }
        let gathers = self.writing.is_none() && self.gathers(Instant::now());
        let takes = (self.hand.is_none() || gathers) && !self.is_closing;
        let wake_at = self.wakes_at();
        let asked = self.hand.as_mut().and_then(|hand| hand.journaled.as_mut());
        let journal = self.journal.as_ref();
        tokio::select! {
            errand = self.inbox.recv(), if takes => Happened::Came(errand),
            outcome = outcome(&mut self.writing) => Happened::Tried(outcome),
            journaled = answer(asked) => Happened::Journaled(journaled),
            () = found(journal) => Happened::Due,
            () = at(wake_at) => Happened::Due,
        }
    }

    /// When there is something to begin, or to show.
    fn wakes_at(&self) -> Option<Instant> {
        let hand = self.hand.as_ref();
        let write_at = if self.is_behind() {
            Some(self.try_at)
        } else {
            hand.map(|hand| hand.write_at.max(self.try_at))
        };
        let write = write_at.filter(|_| self.writing.is_none());
        let asks = hand.filter(|hand| self.journal.is_some() && hand.journaled.is_none());
        let now = Instant::now();
        let shows = hand.map(|hand| hand.since + HELD).filter(|at| *at > now);
        let asks = asks.map(|hand| hand.ask_disk_at);
        [write, asks, shows].into_iter().flatten().min()
    }

    fn heed(&mut self, happened: Happened) {
        match happened {
            Happened::Came(Some(Errand::Keep(entry))) if self.hand.is_none() => self.take(entry),
            Happened::Came(Some(Errand::Keep(entry))) => self.batch.push(entry),
            Happened::Came(Some(Errand::Last) | None) => self.is_closing = true,
            Happened::Tried(outcome) => self.note_outcome(outcome),
            Happened::Journaled(Ok(())) => self.note_journaled(),
            Happened::Journaled(Err(_)) => {
                // The journal has told why.
                if let Some(hand) = &mut self.hand {
                    hand.journaled = None;
                    hand.is_refused = true;
                    hand.ask_disk_at = Instant::now() + DISK_PAUSE;
                }
            }
            Happened::Due => {}
        }
    }

    fn take(&mut self, entry: Entry) {
        // Who writes down a call afterwards knows that the database does not answer.
        let is_late = matches!(*entry.note, Note::Opened(_));
        let is_well = !is_late && !self.is_behind() && self.writing.is_none();
        // A database that is too slow for all that comes is as good as away.
        self.hand = Some(Hand::new(entry, is_well.then_some(PATIENCE)));
    }

    fn note_journaled(&mut self) {
        metrics::counter!("frontdesk_notes_journaled_total").increment(1);
        // Who hears that it is kept, and tells more, tells it behind this.
        self.standing.show(Keeping::Journaled);
        self.let_go();
        if let Some((source, _)) = &mut self.writing
            && *source == Source::Hand
        {
            *source = Source::Late;
        }
    }

    fn note_outcome(&mut self, outcome: Outcome) {
        let Some((source, _)) = self.writing.take() else {
            return;
        };
        match outcome {
            Outcome::Written => {
                self.be_well();
                if source == Source::Hand {
                    // What the disk has is written again: then so are those behind it.
                    let is_journaled = self.hand.as_mut().is_some_and(Hand::is_journaled);
                    self.let_go();
                    let together = if is_journaled { 0 } else { self.together };
                    self.batch.let_go(together);
                }
            }
            Outcome::Nothing => self.be_well(),
            Outcome::Apart(at) => {
                self.batch.part(at);
                self.be_well();
            }
            Outcome::Unreadable => {
                tracing::error!("note.unreadable: it is set aside beside the journal");
                self.give_up(source);
            }
            Outcome::Refused(error) => self.note_refusal(source, &error),
            Outcome::Away(error) => {
                tracing::warn!(%error, "note.retried: the database is away");
                self.pause();
            }
            Outcome::Silent => {
                tracing::warn!("note.retried: the database does not answer");
                self.batch.part(1);
                self.pause();
            }
            Outcome::DiskFailed(error) => {
                tracing::error!(%error, "journal.not_read");
                self.pause();
            }
        }
    }

    fn note_refusal(&mut self, source: Source, error: &Error) {
        self.refusals += u32::from(source != Source::Late);
        if self.refusals >= ATTEMPTS {
            tracing::error!(%error, "note.refused: the database is well, and does not take it");
            self.give_up(source);
        } else {
            tracing::warn!(%error, attempt = self.refusals, "note.retried");
            self.pause();
        }
    }

    /// The note is lost to the database. What was in the journal stays on the disk.
    fn give_up(&mut self, source: Source) {
        count_lost();
        self.be_well();
        match source {
            Source::Journal => self.sets_aside = true,
            Source::Hand => self.hand = None,
            Source::Late => {}
        }
    }

    fn be_well(&mut self) {
        self.pause = PAUSE;
        self.try_at = Instant::now();
        self.refusals = 0;
        self.sets_aside = false;
    }

    fn pause(&mut self) {
        let now = Instant::now();
        self.try_at = now + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        if let Some(hand) = &mut self.hand
            && !hand.is_refused
        {
            hand.ask_disk_at = now;
        }
    }

    /// The note is kept.
    fn let_go(&mut self) {
        if let Some(hand) = self.hand.take() {
            hand.entry.let_go();
        }
    }

    fn show(&self) {
        let now = Instant::now();
        let is_held = |hand: &Hand| now >= hand.since + HELD;
        let keeping = if self.hand.as_ref().is_some_and(is_held) {
            Keeping::Held
        } else if self.is_behind() {
            Keeping::Journaled
        } else {
            Keeping::Written
        };
        self.standing.show(keeping);
    }
}

async fn outcome(writing: &mut Option<(Source, BoxFuture<'static, Outcome>)>) -> Outcome {
    match writing {
        Some((_, writing)) => writing.await,
        None => pending().await,
    }
}

async fn answer(asked: Option<&mut oneshot::Receiver<io::Result<()>>>) -> io::Result<()> {
    match asked {
        // A disk that has no time has failed.
        Some(asked) => asked
            .await
            .unwrap_or_else(|_| Err(ErrorKind::ResourceBusy.into())),
        None => pending().await,
    }
}

async fn found(journal: Option<&Journal>) {
    match journal {
        Some(journal) => journal.found().await,
        None => pending().await,
    }
}

async fn at(wake_at: Option<Instant>) {
    match wake_at {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}

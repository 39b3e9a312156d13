//! What calls hand over to be written, without ever waiting for a disk.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::time::sleep;

use super::headroom::Headroom;
use super::spool_thread;
use crate::call::{Piece, Snippet};
use crate::domain::{RecordingFault, RecordingTitle};

/// Pieces of all calls that may wait for the disk: a second of a thousand calls.
const WAITING: usize = 16_384;

/// What is no sound and may wait for room, of one recording.
const MAX_OWED: usize = 256;
/// So often whoever closes the spool looks whether it is.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What the thread is asked for.
pub(super) enum Errand {
    /// A recording begins.
    Begin(Arc<Ledger>, Box<RecordingTitle>),
    /// It goes on.
    Keep(u64, Snippet),
    /// So many samples of it could not be handed over.
    Lost(u64, u64),
    /// It is over.
    Close(u64),
    /// The house closes.
    Last,
}

/// What a call and the thread know of one spool.
#[derive(Debug)]
pub(super) struct Ledger {
    /// Its number in this process.
    pub(super) number: u64,
    fault: AtomicU8,
    /// What the call had to leave behind, for there was no room for it.
    left: Mutex<(u64, VecDeque<Snippet>)>,
}

impl Ledger {
    pub(super) fn new(number: u64) -> Self {
        Self {
            number,
            fault: AtomicU8::new(0),
            left: Mutex::default(),
        }
    }

    /// What the call has left behind: samples that are lost, and what is no sound.
    pub(super) fn take_left(&self) -> (u64, VecDeque<Snippet>) {
        mem::take(&mut *self.left.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Nothing more is written. What failed first is the reason.
    pub(super) fn fail(&self, fault: RecordingFault) {
        let place = RecordingFault::ALL.iter().position(|one| *one == fault);
        let code = place.and_then(|place| u8::try_from(place + 1).ok());
        let (code, order) = (code.unwrap_or_default(), Ordering::Relaxed);
        // A reason that was there before stays.
        let _ = self.fault.compare_exchange(0, code, order, order);
    }

    fn fault(&self) -> Option<RecordingFault> {
        let code = usize::from(self.fault.load(Ordering::Relaxed));
        let place = code.checked_sub(1)?;
        RecordingFault::ALL.get(place).copied()
    }
}

/// The spool of all calls of this process.
#[derive(Clone)]
pub struct Spool {
    shared: Arc<Shared>,
}

struct Shared {
    folder: PathBuf,
    errands: SyncSender<Errand>,
    thread: JoinHandle<()>,
    next: AtomicU64,
}

impl fmt::Debug for Spool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spool")
            .field("folder", &self.shared.folder)
            .finish_non_exhaustive()
    }
}

impl Spool {
    /// A spool in `folder`, which is made when it is needed, and its thread.
    ///
    /// # Errors
    ///
    /// If the system gives us no thread.
    pub fn start(folder: impl Into<PathBuf>) -> io::Result<Self> {
        Self::within(folder, Headroom::default())
    }

    /// The same for a disk that somebody watches: a recording that finds no room ends.
    ///
    /// # Errors
    ///
    /// If the system gives us no thread.
    pub fn within(folder: impl Into<PathBuf>, headroom: Headroom) -> io::Result<Self> {
        let folder = folder.into();
        let (errands, inbox) = sync_channel(WAITING);
        let at = folder.clone();
        let thread = thread::Builder::new().name("spool".to_owned());
        let thread = thread.spawn(move || spool_thread::run(&at, headroom, &inbox))?;
        let shared = Shared {
            folder,
            errands,
            thread,
            next: AtomicU64::new(1),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Where it writes.
    pub fn folder(&self) -> &Path {
        &self.shared.folder
    }

    /// Begins a recording. None if so much waits for the disk that there is no
    /// room for it.
    pub fn begin(&self, title: RecordingTitle) -> Option<SpoolWriter> {
        let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let ledger = Arc::new(Ledger::new(number));
        let errand = Errand::Begin(Arc::clone(&ledger), Box::new(title));
        let errands = self.shared.errands.clone();
        errands.try_send(errand).ok()?;
        Some(SpoolWriter {
            ledger,
            errands,
            owed: VecDeque::new(),
            lost: 0,
        })
    }

    /// Has all written that waits, and waits for it. Nothing is taken any more.
    pub async fn close(&self) {
        while matches!(
            self.shared.errands.try_send(Errand::Last),
            Err(TrySendError::Full(_))
        ) {
            sleep(LOOK_EVERY).await;
        }
        // Whoever loses patience leaves the thread to itself.
        while !self.shared.thread.is_finished() {
            sleep(LOOK_EVERY).await;
        }
    }
}

/// The way of one recording to the disk.
#[derive(Debug)]
pub struct SpoolWriter {
    ledger: Arc<Ledger>,
    errands: SyncSender<Errand>,
    /// What is no sound and found no room. It goes before everything else: nobody
    /// is to hear what the caller did not, or what was to be kept out.
    owed: VecDeque<Snippet>,
    /// Samples that found no room.
    lost: u64,
}

impl SpoolWriter {
    /// Hands over a part of the recording. Sound that finds no room is left out,
    /// and counted: both tracks keep their time without it.
    pub fn keep(&mut self, snippet: Snippet) {
        while let Some(owed) = self.owed.pop_front() {
            if let Err(owed) = self.hand_over(owed) {
                self.owed.push_front(owed);
                break;
            }
        }
        let refused = if self.owed.is_empty() {
            self.hand_over(snippet)
        } else {
            Err(snippet)
        };
        let Err(refused) = refused else { return };
        metrics::counter!("frontdesk_recording_pieces_dropped_total").increment(1);
        match samples_of(&refused) {
            0 if self.owed.len() < MAX_OWED => self.owed.push_back(refused),
            0 => self.ledger.fail(RecordingFault::DiskFailed),
            samples => self.lost += samples,
        }
    }

    /// Why nothing of it is written any more, if that is so.
    pub fn fault(&self) -> Option<RecordingFault> {
        self.ledger.fault()
    }

    fn hand_over(&mut self, snippet: Snippet) -> Result<(), Snippet> {
        let number = self.ledger.number;
        if self.lost > 0
            && self
                .errands
                .try_send(Errand::Lost(number, self.lost))
                .is_ok()
        {
            self.lost = 0;
        }
        let (errand, is_gone) = match self.errands.try_send(Errand::Keep(number, snippet)) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Full(errand)) => (errand, false),
            Err(TrySendError::Disconnected(errand)) => (errand, true),
        };
        if is_gone {
            self.ledger.fail(RecordingFault::DiskFailed);
        }
        match errand {
            Errand::Keep(_, snippet) => Err(snippet),
            Errand::Begin(..) | Errand::Lost(..) | Errand::Close(_) | Errand::Last => Ok(()),
        }
    }
}

fn samples_of(snippet: &Snippet) -> u64 {
    match &snippet.what {
        Piece::Sound(_, sound) => sound.len() as u64,
        Piece::Cleared | Piece::Paused | Piece::Resumed | Piece::End => 0,
    }
}

impl Drop for SpoolWriter {
    /// The thread closes the file; where there is no room to tell it, it finds
    /// out by itself that nobody holds the other end, and what they have left behind.
    fn drop(&mut self) {
        if self.lost > 0 || !self.owed.is_empty() {
            let left = (self.lost, mem::take(&mut self.owed));
            *self
                .ledger
                .left
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = left;
        }
        let _ = self.errands.try_send(Errand::Close(self.ledger.number));
    }
}

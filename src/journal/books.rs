//! What the journal is asked for, without ever waiting for a disk in anybody's way.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::sleep;

use super::shelf::{self, Answer, Errand};

/// Errands that may wait for the disk; whoever keeps a journal has few at a time.
const WAITING: usize = 64;
/// So often whoever closes the journal looks whether it is.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What the thread tells without being asked.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Records that are not struck yet.
    pub(super) waiting: AtomicU64,
    /// Rings when there are some that were not appended here.
    pub(super) found: Notify,
}

/// The journal of this process. Cloning it is cheap; it is one journal.
#[derive(Clone)]
pub struct Journal {
    shared: Arc<Shared>,
}

struct Shared {
    errands: SyncSender<Errand>,
    thread: JoinHandle<()>,
    news: Arc<News>,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").finish_non_exhaustive()
    }
}

impl Journal {
    /// A journal in `folder`, which is made when it is needed, and its thread.
    ///
    /// # Errors
    ///
    /// If the system gives us no thread.
    pub fn start(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        let (errands, inbox) = sync_channel(WAITING);
        let news = Arc::<News>::default();
        let told = Arc::clone(&news);
        let thread = thread::Builder::new().name("journal".to_owned());
        let thread = thread.spawn(move || shelf::run(folder, &inbox, told))?;
        let shared = Shared {
            errands,
            thread,
            news,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// How many records wait. What is left by others counts as soon as it is
    /// [found](Self::found).
    pub fn waiting(&self) -> u64 {
        self.shared.news.waiting.load(Ordering::Acquire)
    }

    /// Waits until records are found that somebody else has left.
    pub async fn found(&self) {
        self.shared.news.found.notified().await;
    }

    /// Has a record kept. Once that is told, the end of the process does not take
    /// it. What nobody waits for any more before it is told is not kept.
    pub fn append(&self, record: Vec<u8>) -> oneshot::Receiver<io::Result<()>> {
        self.ask(|answer| Errand::Append(record, answer))
    }

    /// The oldest records, `most` at most and one at least; none where none waits.
    ///
    /// # Errors
    ///
    /// If the disk fails.
    pub async fn oldest(&self, most: usize) -> io::Result<Vec<Vec<u8>>> {
        answer(self.ask(|answer| Errand::Oldest(most, answer))).await
    }

    /// So many of the [oldest](Self::oldest) that were handed out last are no longer needed.
    ///
    /// # Errors
    ///
    /// If the disk fails.
    pub async fn strike(&self, count: usize) -> io::Result<()> {
        answer(self.ask(|answer| Errand::Strike(count, answer))).await
    }

    /// The oldest record is put aside in a file, for a person to look at.
    ///
    /// # Errors
    ///
    /// If the disk fails.
    pub async fn set_aside(&self) -> io::Result<()> {
        answer(self.ask(Errand::SetAside)).await
    }

    /// Waits until all is done that was asked for. Nothing is taken any more.
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

    fn ask<T>(&self, errand: impl FnOnce(Answer<T>) -> Errand) -> oneshot::Receiver<io::Result<T>> {
        let (answer, told) = oneshot::channel();
        // An errand that finds no room is dropped, and its answer with it.
        let _ = self.shared.errands.try_send(errand(answer));
        told
    }
}

/// What came of it; a disk that has no time has failed.
async fn answer<T>(told: oneshot::Receiver<io::Result<T>>) -> io::Result<T> {
    told.await
        .unwrap_or_else(|_| Err(ErrorKind::ResourceBusy.into()))
}

//! The thread of the journal, and the files that it has.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::books::News;
use super::segment::{Segment, numbers};

/// Whoever asked, and waits for what came of it.
pub(super) type Answer<T> = oneshot::Sender<io::Result<T>>;

/// What the thread is asked for.
pub(super) enum Errand {
    /// A record is to be kept. Whoever does not wait any more does not want it.
    Append(Vec<u8>, Answer<()>),
    /// The oldest records are wanted, so many at most.
    Oldest(usize, Answer<Vec<Vec<u8>>>),
    /// So many of them are no longer needed.
    Strike(usize, Answer<()>),
    /// The oldest is of no use to anybody but a person.
    SetAside(Answer<()>),
    /// The house closes.
    Last,
}

/// A file that is so long gets no more.
const FULL: u64 = 1024 * 1024;
/// So often a file is brought to the disk itself.
const SYNC_EVERY: Duration = Duration::from_millis(200);
/// So often it looks for what other processes have left.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Other processes may take numbers at the same time, so many at most.
const MAX_TAKEN: u64 = 1_000;

/// Does errands until it is told that there are no more, or nobody is left.
pub(super) fn run(folder: PathBuf, inbox: &Receiver<Errand>, news: Arc<News>) {
    let mut shelf = Shelf {
        folder,
        segments: VecDeque::new(),
        is_open: false,
        lent: None,
        news,
        synced_at: now(),
        looked_at: now(),
    };
    shelf.look();
    loop {
        match inbox.recv_timeout(SYNC_EVERY) {
            Ok(Errand::Last) | Err(RecvTimeoutError::Disconnected) => break,
            Ok(errand) => shelf.do_errand(errand),
            Err(RecvTimeoutError::Timeout) => {}
        }
        shelf.tidy();
    }
    shelf.sync();
}

struct Shelf {
    folder: PathBuf,
    /// From the oldest to the newest.
    segments: VecDeque<Segment>,
    /// Whether the newest gets more.
    is_open: bool,
    /// The file whose oldest records were handed out last. One that is taken over may be older.
    lent: Option<u64>,
    news: Arc<News>,
    synced_at: Instant,
    looked_at: Instant,
}

impl Shelf {
    fn do_errand(&mut self, errand: Errand) {
        match errand {
            Errand::Append(body, answer) => self.keep(&body, answer),
            Errand::Oldest(most, answer) => {
                let oldest = self.oldest(most);
                self.answer(answer, oldest);
            }
            Errand::Strike(count, answer) => {
                let struck = self.at_lent(|segment| segment.strike(count));
                self.answer(answer, struck);
            }
            Errand::SetAside(answer) => {
                count_fault("set_aside");
                let set_aside = self.at_lent(Segment::set_oldest_aside);
                self.answer(answer, set_aside);
            }
            Errand::Last => {}
        }
    }

    /// How much waits is known by then.
    fn answer<T>(&self, answer: Answer<T>, what: io::Result<T>) {
        self.tell();
        // Whoever asked may have gone.
        let _ = answer.send(what);
    }

    fn keep(&mut self, body: &[u8], answer: Answer<()>) {
        if answer.is_closed() {
            return;
        }
        let kept = self.append(body);
        if let Err(error) = &kept {
            count_fault("refused");
            tracing::error!(%error, "journal.not_written: see STORAGE_URL");
        }
        self.tell();
        if let Err(Ok(())) = answer.send(kept) {
            self.take_back(body.len());
        }
    }

    /// Nobody waits for the newest record any more.
    fn take_back(&mut self, body: usize) {
        let segment = self.segments.back_mut();
        let taken_back = segment.map_or(Ok(()), |segment| segment.take_back(body));
        if let Err(error) = taken_back {
            // It is written down twice, which is to be borne.
            tracing::warn!(%error, "journal.not_taken_back");
            self.is_open = false;
        }
        self.sweep();
        self.tell();
    }

    fn append(&mut self, body: &[u8]) -> io::Result<()> {
        let is_full = |segment: &Segment| segment.len() >= FULL;
        if !self.is_open || self.segments.back().is_none_or(is_full) {
            let segment = self.create()?;
            self.segments.push_back(segment);
            self.is_open = true;
        }
        let segment = self.segments.back_mut();
        let appended = segment.map_or(Ok(()), |segment| segment.append(body));
        self.is_open = appended.is_ok();
        if appended.is_err() {
            self.drop_empty();
        }
        self.sweep();
        appended
    }

    /// A disk that refuses all records would be left with a file for each.
    fn drop_empty(&mut self) {
        if let Some(newest) = self.segments.pop_back_if(|newest| newest.unread == 0) {
            remove(newest);
        }
    }

    fn create(&self) -> io::Result<Segment> {
        fs::create_dir_all(&self.folder)?;
        let known = self.segments.back().map(|segment| segment.number);
        let there = numbers(&self.folder)?.last().copied();
        let first = known.max(there).map_or(1, |last| last + 1);
        for number in first..first + MAX_TAKEN {
            if let Some(segment) = Segment::create(&self.folder, number)? {
                return Ok(segment);
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    fn oldest(&mut self, most: usize) -> io::Result<Vec<Vec<u8>>> {
        loop {
            self.sweep();
            let Some(front) = self.segments.front() else {
                return Ok(Vec::new());
            };
            self.lent = Some(front.number);
            match front.oldest(most) {
                Ok(bodies) => return Ok(bodies),
                Err(error) if is_damage(&error) => self.set_front_aside(),
                Err(error) => return Err(error),
            }
        }
    }

    /// A file that was good has gone bad since.
    fn set_front_aside(&mut self) {
        let Some(front) = self.segments.pop_front() else {
            return;
        };
        self.is_open &= !self.segments.is_empty();
        count_fault("torn");
        tracing::error!(segment = front.number, "journal.torn: a part is set aside");
        if let Err(error) = front.set_aside() {
            tracing::error!(%error, "journal.not_set_aside");
        }
    }

    /// Does it with the records that were handed out last, once.
    fn at_lent(&mut self, what: impl FnOnce(&mut Segment) -> io::Result<()>) -> io::Result<()> {
        let lent = self.lent.take();
        let mut segments = self.segments.iter_mut();
        let segment = segments.find(|segment| Some(segment.number) == lent);
        let done = segment.map_or(Ok(()), what);
        self.sweep();
        done
    }

    /// Removes the files of which all is struck.
    fn sweep(&mut self) {
        let is_done = |segment: &Segment| segment.unread == 0;
        while self.segments.front().is_some_and(is_done) {
            let Some(front) = self.segments.pop_front() else {
                return;
            };
            self.is_open &= !self.segments.is_empty();
            remove(front);
        }
    }

    /// Takes over what dead processes have left.
    fn look(&mut self) {
        self.looked_at = now();
        let numbers = match numbers(&self.folder) {
            Ok(numbers) => numbers,
            Err(error) => {
                tracing::error!(%error, "journal.not_looked_for");
                return;
            }
        };
        for number in numbers {
            if self.segments.iter().any(|segment| segment.number == number) {
                continue;
            }
            match Segment::take_over(&self.folder, number) {
                Ok(Some((segment, tail))) => self.adopt(segment, &tail),
                Ok(None) => {}
                Err(error) => tracing::error!(%error, number, "journal.not_taken_over"),
            }
        }
        self.sweep();
        self.tell();
        if !self.segments.is_empty() {
            self.news.found.notify_one();
        }
    }

    fn adopt(&mut self, segment: Segment, tail: &[u8]) {
        if !tail.is_empty() {
            count_fault("torn");
            let (segment_number, bytes) = (segment.number, tail.len());
            tracing::error!(
                segment = segment_number,
                bytes,
                "journal.torn: a part is set aside"
            );
            if let Err(error) = segment.set_tail_aside(tail) {
                tracing::error!(%error, "journal.not_set_aside");
            }
        }
        tracing::info!(records = segment.unread, "journal.taken_over");
        // What is added from now on comes behind it.
        self.is_open = false;
        self.segments.push_back(segment);
        let order = |segment: &Segment| segment.number;
        self.segments.make_contiguous().sort_by_key(order);
    }

    fn tidy(&mut self) {
        if now().duration_since(self.synced_at) >= SYNC_EVERY {
            self.sync();
            // A disk that takes long for it is not asked again at once.
            self.synced_at = now();
        }
        if now().duration_since(self.looked_at) >= LOOK_EVERY {
            self.look();
        }
    }

    fn sync(&mut self) {
        for segment in &mut self.segments {
            if let Err(error) = segment.sync() {
                count_fault("refused");
                tracing::error!(%error, "journal.not_synced: see STORAGE_URL");
            }
        }
    }

    fn tell(&self) {
        let waiting: u64 = self.segments.iter().map(|segment| segment.unread).sum();
        self.news.waiting.store(waiting, Ordering::Release);
        let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
        metrics::gauge!("frontdesk_journal_waiting").set(waiting);
    }
}

fn remove(segment: Segment) {
    if let Err(error) = segment.remove() {
        // Its records are written down twice, which is to be borne.
        tracing::warn!(%error, "journal.not_removed");
    }
}

fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof
    )
}

/// What can go wrong with a journal.
pub const FAULTS: [&str; 3] = ["refused", "set_aside", "torn"];

fn count_fault(what: &'static str) {
    metrics::counter!("frontdesk_journal_faults_total", "what" => what).increment(1);
}

/// The thread has no runtime, and so no clock that a test could stop.
#[expect(clippy::disallowed_methods, reason = "a thread beside the runtime")]
fn now() -> Instant {
    Instant::now()
}

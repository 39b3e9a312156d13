//! The one thread that writes the recordings of all calls while they go on.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::headroom::Headroom;
use super::spool::{Errand, Ledger};
use super::spool_record::{write_lost, write_snippet, write_title};
use super::spooled::SPOOL_SUFFIX;
use crate::domain::{RecordingFault, RecordingTitle};

/// So often one file is brought to the disk itself; the end of the process
/// takes nothing that was written, only a loss of power does.
const SYNC_EVERY: Duration = Duration::from_millis(200);
/// So often it looks for files whose calls are gone.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// While something is recorded it gathers for so long what calls hand over:
/// nobody pays for waking it, and both tracks of a call go in one write.
const GATHER: Duration = Duration::from_millis(30);
/// So much of one recording is written at once, and a record more.
const MOST: usize = 64 * 1024;

/// Writes until it is told that there is no more, or nobody is left.
pub(super) fn run(folder: &Path, headroom: Headroom, inbox: &Receiver<Errand>) {
    let mut shelf = Shelf::new(folder.to_owned(), headroom);
    loop {
        let first = if shelf.files.is_empty() {
            inbox.recv().map_err(|_| TryRecvError::Disconnected)
        } else {
            sleep(GATHER);
            inbox.try_recv()
        };
        let goes_on = shelf.do_all(first, inbox);
        shelf.write_out();
        if !goes_on {
            break;
        }
        shelf.tidy();
    }
    shelf.close_all();
}

/// The files that are being written.
struct Shelf {
    folder: PathBuf,
    headroom: Headroom,
    files: HashMap<u64, Open>,
    /// Records that are not written yet, all of one file.
    records: Vec<u8>,
    /// Whose they are.
    owner: u64,
    synced_at: Instant,
    swept_at: Instant,
}

struct Open {
    ledger: Arc<Ledger>,
    file: File,
    /// How much of it is whole.
    length: u64,
    /// How much of it was on the disk itself the last time.
    synced: u64,
    /// Whether its call was gone when somebody looked the last time.
    is_left: bool,
}

impl Drop for Open {
    /// Gives it free at once, whoever has a copy of the descriptor.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

impl Shelf {
    fn new(folder: PathBuf, headroom: Headroom) -> Self {
        Self {
            folder,
            headroom,
            files: HashMap::new(),
            records: Vec::new(),
            owner: 0,
            synced_at: now(),
            swept_at: now(),
        }
    }

    /// Does all that waits; whether there may be more later.
    fn do_all(&mut self, mut next: Result<Errand, TryRecvError>, inbox: &Receiver<Errand>) -> bool {
        let mut is_last = false;
        loop {
            match next {
                // What was handed over before the end is written too.
                Ok(Errand::Last) => is_last = true,
                Ok(errand) => self.do_errand(errand),
                Err(TryRecvError::Empty) => return !is_last,
                Err(TryRecvError::Disconnected) => return false,
            }
            next = inbox.try_recv();
        }
    }

    fn do_errand(&mut self, errand: Errand) {
        match errand {
            Errand::Begin(ledger, title) => self.begin(ledger, &title),
            Errand::Keep(number, snippet) => write_snippet(self.records_of(number), &snippet),
            Errand::Lost(number, samples) => write_lost(self.records_of(number), samples),
            Errand::Close(number) => self.close(number),
            Errand::Last => {}
        }
    }

    fn begin(&mut self, ledger: Arc<Ledger>, title: &RecordingTitle) {
        let path = self.folder.join(format!("{}.{SPOOL_SUFFIX}", title.id));
        let created = self.headroom.check().and_then(|()| create(&path));
        match created {
            Ok(file) => {
                let number = ledger.number;
                let open = Open {
                    ledger,
                    file,
                    length: 0,
                    synced: 0,
                    is_left: false,
                };
                self.files.insert(number, open);
                write_title(self.records_of(number), title);
            }
            Err(error) => fail(&ledger, &error),
        }
    }

    /// Where the next record of that file goes.
    fn records_of(&mut self, number: u64) -> &mut Vec<u8> {
        if self.owner != number || self.records.len() > MOST {
            self.write_out();
            self.owner = number;
        }
        &mut self.records
    }

    /// Writes the records behind what is whole. A file that cannot be written any
    /// more ends where it is whole.
    fn write_out(&mut self) {
        if let Some(open) = self.files.get_mut(&self.owner) {
            let has_room = self.headroom.check();
            match has_room.and_then(|()| open.file.write_all(&self.records)) {
                Ok(()) => open.length += self.records.len() as u64,
                Err(error) => {
                    fail(&open.ledger, &error);
                    // Whoever reads it stops at a torn record anyway.
                    let _ = open.file.set_len(open.length);
                    self.files.remove(&self.owner);
                }
            }
        }
        self.records.clear();
    }

    fn close(&mut self, number: u64) {
        let left = self.files.get(&number).map(|open| open.ledger.take_left());
        let (lost, owed) = left.unwrap_or_default();
        if lost > 0 {
            write_lost(self.records_of(number), lost);
        }
        for snippet in owed {
            write_snippet(self.records_of(number), &snippet);
        }
        self.write_out();
        if let Some(open) = self.files.remove(&number)
            && let Err(error) = open.file.sync_data()
        {
            fail(&open.ledger, &error);
        }
    }

    /// Now and then: brings one file to the disk itself, and closes those whose
    /// calls are gone and could not say so.
    fn tidy(&mut self) {
        let now = now();
        if now.duration_since(self.synced_at) >= SYNC_EVERY {
            self.sync_one();
            // A disk that takes long for it is not asked again at once.
            self.synced_at = self::now();
        }
        if now.duration_since(self.swept_at) >= SWEEP_EVERY {
            self.swept_at = now;
            self.sweep();
        }
    }

    /// Closes those whose calls were gone already the last time: what a call has handed
    /// over at its end has come by then.
    fn sweep(&mut self) {
        let mut gone = Vec::new();
        for (number, open) in &mut self.files {
            let is_left = Arc::strong_count(&open.ledger) == 1;
            if is_left && open.is_left {
                gone.push(*number);
            }
            open.is_left = is_left;
        }
        for number in gone {
            self.close(number);
        }
    }

    /// The one of which most would be lost without power.
    fn sync_one(&mut self) {
        let files = self.files.values_mut();
        let Some(open) = files.max_by_key(|open| open.length - open.synced) else {
            return;
        };
        if open.length == open.synced {
            return;
        }
        match open.file.sync_data() {
            Ok(()) => open.synced = open.length,
            Err(error) => fail(&open.ledger, &error),
        }
    }

    fn close_all(&mut self) {
        for number in self.files.keys().copied().collect::<Vec<_>>() {
            self.close(number);
        }
    }
}

/// A file of our own, which nobody else takes for left behind while we hold it:
/// it has its name only once it is held.
fn create(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // What callers say is for nobody else on this machine.
    let mut options = OpenOptions::new();
    let unnamed = path.with_extension("new");
    let file = options
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&unnamed)?;
    file.lock()?;
    fs::rename(&unnamed, path)?;
    Ok(file)
}

fn fail(ledger: &Ledger, error: &io::Error) {
    let is_full = [
        ErrorKind::StorageFull,
        ErrorKind::QuotaExceeded,
        ErrorKind::FileTooLarge,
    ];
    let fault = if is_full.contains(&error.kind()) {
        RecordingFault::DiskFull
    } else {
        RecordingFault::DiskFailed
    };
    metrics::counter!("frontdesk_recording_faults_total", "why" => fault.as_str()).increment(1);
    tracing::error!(%error, "recording.not_written: see STORAGE_URL");
    ledger.fail(fault);
}

/// The thread has no runtime, and so no clock that a test could stop.
#[expect(clippy::disallowed_methods, reason = "a thread beside the runtime")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::super::spooled::{Opened, Spooled};
    use super::*;
    use crate::call::{Piece, Snippet};
    use crate::domain::{Consent, ConsentAnswer, ConsentPolicy, Timestamp};

    #[test]
    fn i6_a_file_whose_call_is_gone_takes_what_was_handed_over_before() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut shelf = Shelf::new(folder.path().to_owned(), Headroom::default());
        let at = Timestamp::from_ms(1_763_717_400_000);
        let title = RecordingTitle {
            id: "rcd_00000000000000000000000000".parse().unwrap(),
            tenant_id: "ten_00000000000000000000000000".parse().unwrap(),
            call_id: "call_00000000000000000000000000".parse().unwrap(),
            started_at: at,
            consent: Consent {
                policy: ConsentPolicy::None,
                answer: ConsentAnswer::NotAsked,
                words: None,
                at,
            },
        };
        let ledger = Arc::new(Ledger::new(1));
        shelf.do_errand(Errand::Begin(Arc::clone(&ledger), Box::new(title.clone())));
        // As a child has one that is being started.
        let _copy = shelf.files[&1].file.try_clone().unwrap();
        // The call ends while somebody looks: the rest waits to be taken.
        drop(ledger);
        shelf.sweep();
        let end = Snippet {
            at: 800,
            clock: 800,
            what: Piece::End,
        };
        shelf.do_errand(Errand::Keep(1, end));
        shelf.write_out();
        shelf.sweep();
        assert!(shelf.files.is_empty(), "nobody waits for it any more");
        let Opened::Left(spooled) = Spooled::open(folder.path(), title.id).unwrap() else {
            panic!("nobody left it");
        };
        assert!(spooled.summary().unwrap().is_ended);
    }
}

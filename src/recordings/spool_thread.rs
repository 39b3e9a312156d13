//! The one thread that writes the recordings of all calls while they go on.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::spool::{Errand, Ledger};
use super::spool_record::{write_lost, write_snippet, write_title};
use super::spooled::SPOOL_SUFFIX;
use crate::domain::{RecordingFault, RecordingTitle};

/// So often one file is brought to the disk itself; the end of the process
/// takes nothing that was written, only a loss of power does.
const SYNC_EVERY: Duration = Duration::from_millis(200);
/// So often it looks for files whose calls are gone.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// Writes until it is told that there is no more, or nobody is left.
pub(super) fn run(folder: &Path, inbox: &Receiver<Errand>) {
    let mut shelf = Shelf::new(folder.to_owned());
    loop {
        match inbox.recv_timeout(SYNC_EVERY) {
            Ok(Errand::Last) | Err(RecvTimeoutError::Disconnected) => break,
            Ok(errand) => shelf.do_errand(errand),
            Err(RecvTimeoutError::Timeout) => {}
        }
        shelf.tidy();
    }
    // What was handed over before the end is written too.
    while let Ok(errand) = inbox.try_recv() {
        shelf.do_errand(errand);
    }
    shelf.close_all();
}

/// The files that are being written.
struct Shelf {
    folder: PathBuf,
    files: HashMap<u64, Open>,
    /// What is being written, kept for its room.
    record: Vec<u8>,
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
}

impl Shelf {
    fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            files: HashMap::new(),
            record: Vec::new(),
            synced_at: now(),
            swept_at: now(),
        }
    }

    fn do_errand(&mut self, errand: Errand) {
        self.record.clear();
        match errand {
            Errand::Begin(ledger, title) => self.begin(ledger, &title),
            Errand::Keep(number, snippet) => {
                write_snippet(&mut self.record, &snippet);
                self.append(number);
            }
            Errand::Lost(number, samples) => {
                write_lost(&mut self.record, samples);
                self.append(number);
            }
            Errand::Close(number) => self.close(number),
            Errand::Last => {}
        }
    }

    fn begin(&mut self, ledger: Arc<Ledger>, title: &RecordingTitle) {
        write_title(&mut self.record, title);
        let path = self.folder.join(format!("{}.{SPOOL_SUFFIX}", title.id));
        match create(&path) {
            Ok(file) => {
                let number = ledger.number;
                let open = Open {
                    ledger,
                    file,
                    length: 0,
                    synced: 0,
                };
                self.files.insert(number, open);
                self.append(number);
            }
            Err(error) => fail(&ledger, &error),
        }
    }

    /// Writes the record behind what is whole. A file that cannot be written any
    /// more ends where it is whole.
    fn append(&mut self, number: u64) {
        let Some(open) = self.files.get_mut(&number) else {
            return;
        };
        match open.file.write_all(&self.record) {
            Ok(()) => open.length += self.record.len() as u64,
            Err(error) => {
                fail(&open.ledger, &error);
                // Whoever reads it stops at a torn record anyway.
                let _ = open.file.set_len(open.length);
                self.files.remove(&number);
            }
        }
    }

    fn close(&mut self, number: u64) {
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
            let is_left = |open: &Open| Arc::strong_count(&open.ledger) == 1;
            let left = self.files.iter().filter(|(_, open)| is_left(open));
            for number in left.map(|(number, _)| *number).collect::<Vec<_>>() {
                self.close(number);
            }
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

/// A file of our own, which nobody else takes for left behind while we hold it.
fn create(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // What callers say is for nobody else on this machine.
    let mut options = OpenOptions::new();
    let file = options.create(true).append(true).mode(0o600).open(path)?;
    file.lock()?;
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

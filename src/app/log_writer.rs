//! Lines of the log on their way to whoever reads them, who may be slow, or asleep.

use std::cell::RefCell;
use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// Bytes that may wait: some thousand lines.
const ROOM: usize = 1024 * 1024;
/// Room that is kept when all is read.
const KEPT: usize = 64 * 1024;
/// Whoever ends waits so long for the last lines to be read.
const PATIENCE: Duration = Duration::from_secs(2);

thread_local! {
    /// What the thread that writes has to tell itself; no other thread has this.
    static OWN: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Takes lines and never waits: a thread of its own does.
///
/// Lines that find no room are left out and counted; how many is told once,
/// where they would have stood.
#[derive(Clone, Debug)]
pub(super) struct LogWriter {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    has_lines: Condvar,
    is_empty: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<u8>,
    is_writing: bool,
    /// Lines left out of which nobody has been told.
    dropped: u64,
}

impl LogWriter {
    /// A writer to `sink`, and its thread, which ends with the process.
    pub(super) fn to(sink: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let thread = thread::Builder::new().name("log".to_owned());
        let theirs = Arc::clone(&shared);
        thread.spawn(move || theirs.write_all_to(sink))?;
        Ok(Self { shared })
    }

    fn take(&self, line: &[u8]) {
        let is_own = OWN.with_borrow_mut(|own| {
            let own = own.as_mut().map(|own| own.extend_from_slice(line));
            own.is_some()
        });
        if is_own {
            return;
        }
        let mut queue = self.shared.queue();
        // Where one line is missing all are, up to where that is told.
        if queue.dropped == 0 && queue.waiting.len() + line.len() <= ROOM {
            queue.waiting.extend_from_slice(line);
            self.shared.has_lines.notify_one();
        } else {
            queue.dropped += 1;
            drop(queue);
            metrics::counter!("frontdesk_log_lines_dropped_total").increment(1);
        }
    }
}

impl Shared {
    /// Writes what comes, for ever.
    fn write_all_to(&self, mut sink: impl Write) {
        OWN.set(Some(Vec::new()));
        let mut lines = Vec::new();
        loop {
            let dropped = self.next(&mut lines);
            if dropped > 0 {
                tracing::warn!(lines = dropped, "log.dropped");
                let own = OWN.replace(Some(Vec::new()));
                lines.extend(own.unwrap_or_default());
            }
            // A sink that is gone can be told nothing.
            let _ = sink.write_all(&lines).and_then(|()| sink.flush());
            lines.clear();
            lines.shrink_to(KEPT);
        }
    }

    /// Waits for lines and takes all of them. How many were left out behind
    /// them.
    fn next(&self, lines: &mut Vec<u8>) -> u64 {
        let mut queue = self.queue();
        queue.is_writing = false;
        while queue.waiting.is_empty() {
            self.is_empty.notify_all();
            let woken = self.has_lines.wait(queue);
            queue = woken.unwrap_or_else(PoisonError::into_inner);
        }
        queue.is_writing = true;
        mem::swap(lines, &mut queue.waiting);
        mem::take(&mut queue.dropped)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for &LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.take(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

/// Waits, when it is dropped, until the last lines are written, but not long
/// for a reader who is asleep.
#[derive(Debug)]
pub struct LastLines(Arc<Shared>);

impl LastLines {
    pub(super) fn of(writer: &LogWriter) -> Self {
        Self(Arc::clone(&writer.shared))
    }
}

impl Drop for LastLines {
    fn drop(&mut self) {
        let queue = self.0.queue();
        let is_busy = |queue: &mut Queue| queue.is_writing || !queue.waiting.is_empty();
        let _ = self.0.is_empty.wait_timeout_while(queue, PATIENCE, is_busy);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A reader who takes a piece only when told to, and tells what it was.
    struct Sleeper {
        woken: Receiver<()>,
        read: Sender<Vec<u8>>,
    }

    impl Write for Sleeper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // A test that is over wakes nobody.
            let _ = self.woken.recv();
            let _ = self.read.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn asleep() -> (LogWriter, Sender<()>, Receiver<Vec<u8>>) {
        let (wake, woken) = channel();
        let (read, reads) = channel();
        let writer = LogWriter::to(Sleeper { woken, read }).unwrap();
        (writer, wake, reads)
    }

    fn read(reads: &Receiver<Vec<u8>>) -> String {
        String::from_utf8(reads.recv_timeout(Duration::from_mins(1)).unwrap()).unwrap()
    }

    #[test]
    fn p11_who_logs_waits_for_nobody_and_what_finds_no_room_is_left_out() {
        let (writer, wake, reads) = asleep();
        let line = [b"x".repeat(999), b"\n".to_vec()].concat();
        for _ in 0..5_000 {
            (&writer).write_all(&line).unwrap();
        }
        let held = writer.shared.queue().waiting.len();
        assert!(held <= ROOM, "{held} bytes wait");
        let mut lines = 0;
        drop(wake);
        while lines < ROOM / line.len() {
            lines += read(&reads).lines().count();
        }
        assert!(lines < 5_000, "{lines} lines were kept");
    }

    #[test]
    fn p11_lines_come_in_their_order_and_the_end_waits_for_them() {
        let (writer, wake, reads) = asleep();
        let last_lines = LastLines::of(&writer);
        for number in 0..3 {
            (&writer)
                .write_all(format!("{number}\n").as_bytes())
                .unwrap();
        }
        drop(wake);
        drop(last_lines);
        let mut all = String::new();
        while let Ok(piece) = reads.try_recv() {
            all.push_str(&String::from_utf8(piece).unwrap());
        }
        assert_eq!(all, "0\n1\n2\n");
    }
}

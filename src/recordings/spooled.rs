//! What was spooled, read again as far as it is good: whole or torn.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read as _, Seek as _};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::spool_record::{Record, read};
use crate::audio::SILENCE;
use crate::call::{Piece, Snippet, Track};
use crate::domain::{Pause, RecordingId, RecordingTitle};

/// What the names of spools end with.
pub(super) const SPOOL_SUFFIX: &str = "spool";
/// Pieces may come so much later than their place, in samples: half a minute.
const WINDOW: usize = 240_000;
/// As soon as so much more is there, the oldest is handed on.
const STEP: usize = 24_000;
const RATE_PER_MS: u64 = 8;

/// A spool that nobody writes any more. While it is held, nobody else reads it.
#[derive(Debug)]
pub struct Spooled {
    path: PathBuf,
    file: File,
}

/// What became of opening a spool.
#[derive(Debug)]
pub enum Opened {
    /// It is there, and complete as far as it will ever be.
    Left(Spooled),
    /// Somebody writes it, or reads it.
    InUse,
    /// There is none.
    Missing,
}

/// What a spool holds beside its sound.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Summary {
    /// Which recording it is; none where not even that can be read.
    pub title: Option<RecordingTitle>,
    /// How long it is, in samples.
    pub length: u64,
    /// What was kept out of it.
    pub pauses: Vec<Pause>,
    /// Samples that could not be written in time.
    pub lost: u64,
    /// Whether its end is there; else the process ended, or the disk was full.
    pub is_ended: bool,
    /// How many bytes behind the last good record are none.
    pub torn: u64,
}

impl Spooled {
    /// Opens the spool of that recording in `folder`.
    pub fn open(folder: &Path, id: RecordingId) -> io::Result<Opened> {
        let path = folder.join(format!("{id}.{SPOOL_SUFFIX}"));
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if is_absence(&error) => return Ok(Opened::Missing),
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            Ok(()) => Ok(Opened::Left(Self { path, file })),
            Err(TryLockError::WouldBlock) => Ok(Opened::InUse),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// The recordings that have a spool in `folder`, in use or left.
    pub fn list(folder: &Path) -> io::Result<Vec<RecordingId>> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if is_absence(&error) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut ids = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            let stem = name.strip_suffix(SPOOL_SUFFIX);
            let stem = stem.and_then(|stem| stem.strip_suffix('.'));
            ids.extend(stem.and_then(|stem| stem.parse::<RecordingId>().ok()));
        }
        Ok(ids)
    }

    /// Which recording it is; none where not even that can be read.
    pub fn title(&self) -> io::Result<Option<RecordingTitle>> {
        let mut file = &self.file;
        file.rewind()?;
        let mut bytes = Vec::new();
        file.take(CHUNK as u64).read_to_end(&mut bytes)?;
        Ok(match read(&bytes) {
            Some((Record::Title(title), _)) => Some(title),
            Some((Record::Snippet(_) | Record::Lost(_), _)) | None => None,
        })
    }

    /// Reads what is beside the sound.
    pub fn summary(&self) -> io::Result<Summary> {
        let mut summary = Summary {
            title: None,
            length: 0,
            pauses: Vec::new(),
            lost: 0,
            is_ended: false,
            torn: 0,
        };
        let (mut paused_at, mut room) = (None, Room::take());
        let good = self.read(&mut room.bytes, |record| {
            match record {
                Record::Title(title) => summary.title = Some(title),
                Record::Lost(samples) => summary.lost += samples,
                Record::Snippet(snippet) => {
                    summary.length = summary.length.max(snippet.clock);
                    summary.is_ended |= snippet.what == Piece::End;
                    note_pause(&mut summary.pauses, &mut paused_at, &snippet);
                }
            }
            Ok(())
        })?;
        room.keep();
        summary.torn = self.file.metadata()?.len().saturating_sub(good);
        let end_ms = summary.length / RATE_PER_MS;
        summary.pauses.extend(paused_at.map(|from_ms| Pause {
            from_ms,
            until_ms: end_ms,
        }));
        Ok(summary)
    }

    /// Hands on both tracks from the beginning to the end, a piece of equal length
    /// of each at a time. `length` is that of the [summary](Self::summary).
    pub fn tracks(
        &self,
        length: u64,
        mut hand_on: impl FnMut(&[u8], &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut room = Room::take();
        let mut desk = Desk::new(length, mem::take(&mut room.tracks));
        self.read(&mut room.bytes, |record| match record {
            Record::Snippet(snippet) => desk.lay(&snippet, &mut hand_on),
            Record::Title(_) | Record::Lost(_) => Ok(()),
        })?;
        room.tracks = desk.finish(&mut hand_on)?;
        room.keep();
        Ok(())
    }

    /// Removes it.
    pub fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }

    /// Puts it where nobody takes it for a spool, for somebody to look at.
    pub fn set_aside(&self) -> io::Result<()> {
        fs::rename(&self.path, self.path.with_extension("torn"))
    }

    /// Reads the records until the first that is not whole; how many bytes were.
    fn read(
        &self,
        bytes: &mut Vec<u8>,
        mut take: impl FnMut(Record) -> io::Result<()>,
    ) -> io::Result<u64> {
        let mut file = &self.file;
        file.rewind()?;
        bytes.clear();
        let mut good = 0;
        loop {
            let (begin, mut done) = (bytes.len(), 0);
            bytes.resize(begin + CHUNK, 0);
            let count = file.read(&mut bytes[begin..])?;
            bytes.truncate(begin + count);
            while let Some((record, len)) = read(&bytes[done..]) {
                take(record)?;
                done += len;
            }
            bytes.drain(..done);
            good += done as u64;
            // What is longer than any record and still none is torn.
            if count == 0 || bytes.len() > CHUNK {
                return Ok(good);
            }
        }
    }
}

impl Drop for Spooled {
    /// Gives it free at once: a child that is being started has a copy of every descriptor
    /// until it runs its own program, and would hold it for as long.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

const CHUNK: usize = 65_536;

/// Where there is no folder there is no spool.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn note_pause(pauses: &mut Vec<Pause>, paused_at: &mut Option<u64>, snippet: &Snippet) {
    let at_ms = snippet.at / RATE_PER_MS;
    match snippet.what {
        Piece::Paused => *paused_at = Some(at_ms),
        Piece::Resumed => pauses.extend(paused_at.take().map(|from_ms| Pause {
            from_ms,
            until_ms: at_ms,
        })),
        Piece::Sound(..) | Piece::Cleared | Piece::End => {}
    }
}

/// Room for reading a spool: half a megabyte. One is kept for the next spool, whose turn
/// comes on another thread: an allocator with an arena for each thread would end up with
/// as much in every arena.
#[derive(Default)]
struct Room {
    tracks: [Vec<u8>; 2],
    bytes: Vec<u8>,
}

static KEPT: Mutex<Option<Room>> = Mutex::new(None);

impl Room {
    /// The one that was kept, or a new one while another reader has that.
    fn take() -> Self {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        kept.take().unwrap_or_default()
    }

    fn keep(self) {
        *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = Some(self);
    }
}

/// The part of both tracks that may still change.
struct Desk {
    /// Where it begins.
    at: u64,
    /// Where both tracks end.
    length: u64,
    tracks: [Vec<u8>; 2],
}

impl Desk {
    fn new(length: u64, mut tracks: [Vec<u8>; 2]) -> Self {
        for track in &mut tracks {
            track.clear();
            track.resize(WINDOW + STEP, SILENCE);
        }
        let at = 0;
        Self { at, length, tracks }
    }

    fn lay(
        &mut self,
        snippet: &Snippet,
        hand_on: &mut impl FnMut(&[u8], &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        // What comes may be for a place as far ahead as it is long.
        let reach = snippet.at.max(snippet.clock).min(self.length);
        while self.at + (WINDOW as u64) < reach {
            self.hand_on(STEP, hand_on)?;
        }
        let Some(begin) = self.place(snippet.at) else {
            return Ok(());
        };
        match &snippet.what {
            Piece::Sound(track, sound) => {
                let room = self.tracks[*track as usize].get_mut(begin..);
                for (slot, byte) in room.unwrap_or_default().iter_mut().zip(sound) {
                    *slot = *byte;
                }
            }
            Piece::Cleared => {
                let unheard = self.tracks[Track::Receptionist as usize].get_mut(begin..);
                unheard.unwrap_or_default().fill(SILENCE);
            }
            Piece::Paused | Piece::Resumed | Piece::End => {}
        }
        Ok(())
    }

    /// Where that is on the desk; none where it has been handed on.
    fn place(&self, at: u64) -> Option<usize> {
        usize::try_from(at.checked_sub(self.at)?).ok()
    }

    fn hand_on(
        &mut self,
        count: usize,
        hand_on: &mut impl FnMut(&[u8], &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let [caller, receptionist] = &mut self.tracks;
        hand_on(&caller[..count], &receptionist[..count])?;
        for track in [caller, receptionist] {
            track.drain(..count);
            track.resize(WINDOW + STEP, SILENCE);
        }
        self.at += count as u64;
        Ok(())
    }

    /// Hands on what is left. The room for another.
    fn finish(
        mut self,
        hand_on: &mut impl FnMut(&[u8], &[u8]) -> io::Result<()>,
    ) -> io::Result<[Vec<u8>; 2]> {
        while self.at < self.length {
            let left = usize::try_from(self.length - self.at).unwrap_or(STEP);
            self.hand_on(left.min(STEP), hand_on)?;
        }
        Ok(self.tracks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p2_a_spool_that_was_read_is_free_at_once_whoever_has_a_copy_of_it() {
        let folder = tempfile::TempDir::new().unwrap();
        let id = "rcd_00000000000000000000000000".parse().unwrap();
        fs::write(folder.path().join(format!("{id}.{SPOOL_SUFFIX}")), b"").unwrap();
        let open = || Spooled::open(folder.path(), id).unwrap();
        let Opened::Left(spooled) = open() else {
            panic!("nobody has it");
        };
        let _copy = spooled.file.try_clone().unwrap();
        assert!(matches!(open(), Opened::InUse));
        drop(spooled);
        assert!(matches!(open(), Opened::Left(_)));
    }
}

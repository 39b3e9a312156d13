//! A file of the journal: read from its front while more is added behind.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::record::Shape;

/// A record has no head; the longest is of 16 MiB, more than is kept of any call.
const SHAPE: Shape = Shape::new(0, 16 * 1024 * 1024);
/// What the names of the files end with.
const SUFFIX: &str = "journal";

/// A file that nobody else reads or writes while it is held.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    /// Records that are not struck yet.
    pub(super) unread: u64,
    path: PathBuf,
    file: File,
    /// How much of it is whole.
    length: u64,
    /// Where the oldest record begins that is not struck.
    front: u64,
    synced: u64,
}

impl Segment {
    /// A new one; none if there is one of that number.
    pub(super) fn create(folder: &Path, number: u64) -> io::Result<Option<Self>> {
        let path = path(folder, number);
        let mut options = OpenOptions::new();
        // What callers say is for nobody else on this machine.
        options.read(true).append(true).create_new(true).mode(0o600);
        let file = match options.open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(None),
            Err(error) => return Err(error),
        };
        if !is_ours(&file, &path)? {
            return Ok(None);
        }
        File::open(folder)?.sync_all()?;
        Ok(Some(Self::of(number, path, file)))
    }

    /// One that a dead process has left, and what follows its last good record;
    /// none if somebody has it.
    pub(super) fn take_over(folder: &Path, number: u64) -> io::Result<Option<(Self, Vec<u8>)>> {
        let path = path(folder, number);
        let file = match OpenOptions::new().read(true).append(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if !is_ours(&file, &path)? {
            return Ok(None);
        }
        let mut segment = Self::of(number, path, file);
        let mut bytes = Vec::new();
        segment.file.read_to_end(&mut bytes)?;
        let mut good = 0;
        while let Some(whole) = SHAPE.read(&bytes[good..]) {
            good += whole.len;
            segment.unread += 1;
        }
        segment.length = good as u64;
        Ok(Some((segment, bytes.split_off(good))))
    }

    fn of(number: u64, path: PathBuf, file: File) -> Self {
        Self {
            number,
            unread: 0,
            path,
            file,
            length: 0,
            front: 0,
            synced: 0,
        }
    }

    /// How many bytes it has.
    pub(super) fn len(&self) -> u64 {
        self.length
    }

    /// Adds a record. Where that fails the file ends where it is whole.
    pub(super) fn append(&mut self, body: &[u8]) -> io::Result<()> {
        if !SHAPE.fits(body.len()) {
            return Err(ErrorKind::FileTooLarge.into());
        }
        let mut record = Vec::with_capacity(body.len() + 8);
        SHAPE.write(&mut record, &[], body);
        if let Err(error) = self.file.write_all(&record) {
            // Whoever reads it stops at a torn record anyway.
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += record.len() as u64;
        self.unread += 1;
        Ok(())
    }

    /// Takes the last record back, whose body is so long.
    pub(super) fn take_back(&mut self, body: usize) -> io::Result<()> {
        let length = self.length.saturating_sub(body as u64 + 8);
        self.file.set_len(length)?;
        self.length = length;
        self.unread -= 1;
        Ok(())
    }

    /// The oldest records that are not struck, `most` at most. Behind the first they end
    /// before one that is not whole.
    pub(super) fn oldest(&self, most: usize) -> io::Result<Vec<Vec<u8>>> {
        let (mut bodies, mut at) = (Vec::new(), self.front);
        for _ in (0..self.unread).take(most) {
            match self.read(at) {
                Ok((body, len)) => {
                    bodies.push(body);
                    at += len;
                }
                Err(error) if bodies.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        Ok(bodies)
    }

    /// Strikes so many of them.
    pub(super) fn strike(&mut self, count: usize) -> io::Result<()> {
        for _ in (0..self.unread).take(count) {
            self.front += self.len_at(self.front)? as u64;
            self.unread -= 1;
        }
        Ok(())
    }

    /// The record at that place, and how long it is there.
    fn read(&self, at: u64) -> io::Result<(Vec<u8>, u64)> {
        let mut record = vec![0; self.len_at(at)?];
        self.file.read_exact_at(&mut record, at)?;
        let whole = SHAPE.read(&record).ok_or(ErrorKind::InvalidData)?;
        Ok((whole.body.to_vec(), record.len() as u64))
    }

    fn len_at(&self, at: u64) -> io::Result<usize> {
        let mut begin = [0; 4];
        self.file.read_exact_at(&mut begin, at)?;
        let len = SHAPE.len(begin);
        len.ok_or_else(|| ErrorKind::InvalidData.into())
    }

    /// Brings it to the disk itself.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        if self.synced < self.length {
            self.file.sync_data()?;
            self.synced = self.length;
        }
        Ok(())
    }

    /// Removes it.
    pub(super) fn remove(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }

    /// Puts all of it where nobody takes it for a part of the journal, for
    /// somebody to look at.
    pub(super) fn set_aside(self) -> io::Result<()> {
        fs::rename(&self.path, self.path.with_extension("torn"))
    }

    /// Puts these bytes there that belong to it, and ends it where it is whole.
    pub(super) fn set_tail_aside(&self, tail: &[u8]) -> io::Result<()> {
        write_aside(&self.path.with_extension("torn"), tail)?;
        self.file.set_len(self.length)
    }

    /// Puts the oldest record there, by itself, and strikes it.
    pub(super) fn set_oldest_aside(&mut self) -> io::Result<()> {
        let (body, _) = self.read(self.front)?;
        let name = format!("{}.refused", self.front);
        write_aside(&self.path.with_extension(name), &body)?;
        self.strike(1)
    }
}

impl Drop for Segment {
    /// Gives it free at once: a child that is being started has a copy of every descriptor
    /// until it runs its own program, and would hold it for as long.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

/// The numbers of the files in `folder`, from the oldest on.
pub(super) fn numbers(folder: &Path) -> io::Result<Vec<u64>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        let stem = name.strip_suffix(SUFFIX);
        let stem = stem.and_then(|stem| stem.strip_suffix('.'));
        numbers.extend(stem.and_then(|stem| stem.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:012}.{SUFFIX}"))
}

/// Whether nobody else has the file, and it is still the one of that name: whoever
/// had it before may have removed it.
fn is_ours(file: &File, path: &Path) -> io::Result<bool> {
    if file.try_lock().is_err() {
        return Ok(false);
    }
    match fs::metadata(path) {
        Ok(there) => Ok(there.ino() == file.metadata()?.ino()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn write_aside(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.create(true).append(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d3_a_full_disk_takes_nothing_and_leaves_what_was_there_whole() {
        let full = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let mut segment = Segment::of(1, PathBuf::from("/dev/full"), full);
        let refused = segment.append(b"a record").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::StorageFull);
        assert_eq!((segment.unread, segment.len()), (0, 0));
    }

    #[test]
    fn i1_a_record_that_is_taken_back_was_never_there() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut segment = Segment::create(folder.path(), 1).unwrap().unwrap();
        for body in [b"one".as_slice(), b"another", b"the last"] {
            segment.append(body).unwrap();
            if body == b"another" {
                segment.take_back(body.len()).unwrap();
            }
        }
        assert_eq!(segment.unread, 2);
        drop(segment);
        let (mut segment, tail) = Segment::take_over(folder.path(), 1).unwrap().unwrap();
        assert_eq!((segment.unread, tail.len()), (2, 0));
        assert_eq!(segment.oldest(1).unwrap(), [b"one"]);
        segment.strike(1).unwrap();
        assert_eq!(segment.oldest(1).unwrap(), [b"the last"]);
    }

    #[test]
    fn p2_a_segment_is_free_at_once_whoever_has_a_copy_of_it() {
        let folder = tempfile::TempDir::new().unwrap();
        let segment = Segment::create(folder.path(), 1).unwrap().unwrap();
        let _copy = segment.file.try_clone().unwrap();
        assert!(Segment::take_over(folder.path(), 1).unwrap().is_none());
        drop(segment);
        assert!(Segment::take_over(folder.path(), 1).unwrap().is_some());
    }

    #[test]
    fn what_is_longer_than_any_record_is_refused_and_not_written() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut segment = Segment::create(folder.path(), 1).unwrap().unwrap();
        let refused = segment.append(&vec![0; 16 * 1024 * 1024 + 1]).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::FileTooLarge);
        assert_eq!((segment.unread, segment.len()), (0, 0));
        segment.append(b"a record").unwrap();
        assert_eq!(segment.oldest(1).unwrap(), [b"a record"]);
    }
}

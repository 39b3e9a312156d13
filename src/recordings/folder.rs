//! A folder for sound: files that are there whole or not at all.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{BufWriter, Error, ErrorKind, Result};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use tokio::fs;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::spawn_blocking;

use super::headroom::{Headroom, Reserve};
use crate::audio::wav;
use crate::domain::Timestamp;

/// Numbers the files that are being written.
static PARTS: AtomicU64 = AtomicU64::new(0);
/// What their names end with.
const PART: &str = "part";

/// A folder for sound. Names are of our making: parts of letters, digits, `_`,
/// `-` and full stops, with slashes between them.
#[derive(Clone, Debug)]
pub struct Recordings {
    root: PathBuf,
    headroom: Headroom,
}

impl Recordings {
    /// The recordings below `root`, which is made when it is needed.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            headroom: Headroom::default(),
        }
    }

    /// Whether there is room for more.
    pub fn headroom(&self) -> &Headroom {
        &self.headroom
    }

    /// Room beside the recordings for when the disk is full, if somebody keeps it.
    pub fn reserve(&self) -> Reserve {
        Reserve::new(&self.root, self.headroom.clone())
    }

    /// Keeps `bytes` under `name`. Whoever reads meanwhile finds what was there
    /// before, or all of it; so does whoever starts after a loss of power.
    pub async fn put(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path(name)?;
        self.headroom.check()?;
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).await?;
        let part = part_of(&path);
        let written = write_through(&part, bytes).await;
        let kept = match written {
            Ok(()) => fs::rename(&part, &path).await,
            Err(error) => Err(error),
        };
        if kept.is_err() {
            // What is left of it is of no use; that it is left is not news.
            let _ = fs::remove_file(&part).await;
        }
        kept
    }

    /// Keeps under `name` what `write` writes, which may take as long as it wants;
    /// how many bytes that are. Otherwise the same as [`put`](Self::put).
    pub async fn put_written(
        &self,
        name: &str,
        write: impl FnOnce(&mut BufWriter<File>) -> Result<()> + Send + 'static,
    ) -> Result<u64> {
        let path = self.path(name)?;
        self.headroom.check()?;
        let part = part_of(&path);
        let task = spawn_blocking(move || {
            let written = write_file(&part, write);
            let kept = written.and_then(|bytes| std::fs::rename(&part, &path).map(|()| bytes));
            if kept.is_err() {
                // What is left of it is of no use.
                let _ = std::fs::remove_file(&part);
            }
            kept
        });
        task.await.map_err(Error::other)?
    }

    /// Opens what is kept under `name`, and says how long it is; none if nothing
    /// is.
    pub async fn open(&self, name: &str) -> Result<Option<(fs::File, u64)>> {
        let Some(file) = absent_is_none(fs::File::open(self.path(name)?).await)? else {
            return Ok(None);
        };
        let length = file.metadata().await?.len();
        Ok(Some((file, length)))
    }

    /// The same for a WAV file, and what it says of its sound; none if that is no sound.
    pub async fn open_wav(&self, name: &str) -> Result<Option<(fs::File, Option<wav::Head>)>> {
        let Some((mut file, length)) = self.open(name).await? else {
            return Ok(None);
        };
        let mut head = Vec::new();
        (&mut file).take(wav::HEAD).read_to_end(&mut head).await?;
        Ok(Some((file, wav::Head::read(&head, length))))
    }

    /// Where the recordings of calls that go on are spooled: among the others, so
    /// that whoever keeps the one folder keeps both.
    pub fn spool_folder(&self) -> PathBuf {
        self.root.join("spool")
    }

    /// Where what cannot be written into the database is kept until it can, for the
    /// same reason.
    pub fn journal_folder(&self) -> PathBuf {
        self.root.join("journal")
    }

    /// What is kept under `name`; none if nothing is.
    pub async fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        absent_is_none(fs::read(self.path(name)?).await)
    }

    /// Whether something is kept under `name`.
    pub async fn has(&self, name: &str) -> Result<bool> {
        fs::try_exists(self.path(name)?).await
    }

    /// Removes what is kept under `name`, if anything is.
    pub async fn delete(&self, name: &str) -> Result<()> {
        let removed = fs::remove_file(self.path(name)?).await;
        absent_is_none(removed).map(drop)
    }

    /// Removes what was begun before that moment and never became a file: whoever wrote it
    /// has died. How many there were.
    pub async fn remove_parts(&self, before: Timestamp) -> Result<usize> {
        let root = self.root.clone();
        let task = spawn_blocking(move || remove_parts(&root, before));
        task.await.map_err(Error::other)?
    }

    fn path(&self, name: &str) -> Result<PathBuf> {
        let is_sign = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
        let is_part =
            |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_sign);
        if name.split('/').all(is_part) {
            Ok(self.root.join(name))
        } else {
            Err(Error::from(ErrorKind::InvalidInput))
        }
    }
}

/// Who writes the same at the same time has a file of their own.
fn part_of(path: &Path) -> PathBuf {
    let turn = PARTS.fetch_add(1, Ordering::Relaxed);
    path.with_extension(format!("{}-{turn}.{PART}", std::process::id()))
}

fn remove_parts(folder: &Path, before: Timestamp) -> Result<usize> {
    let entries = absent_is_none(std::fs::read_dir(folder))?;
    let mut count = 0;
    for entry in entries.into_iter().flatten() {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            count += remove_parts(&path, before)?;
        } else if path.extension().is_some_and(|suffix| suffix == PART)
            && is_older(&entry.metadata()?, before)?
        {
            // Somebody else may have been faster.
            absent_is_none(std::fs::remove_file(&path))?;
            count += 1;
        }
    }
    Ok(count)
}

fn is_older(file: &Metadata, before: Timestamp) -> Result<bool> {
    let since = file.modified()?.duration_since(UNIX_EPOCH);
    let since = since.unwrap_or_default().as_millis();
    Ok(i64::try_from(since).is_ok_and(|since| since < before.as_ms()))
}

fn write_file(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> Result<()>) -> Result<u64> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut out = BufWriter::new(for_us(path)?);
    write(&mut out)?;
    let file = out
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

/// A new file: what callers say is for nobody else on this machine.
fn for_us(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    let options = options.create(true).write(true).truncate(true);
    options.mode(0o600).open(path)
}

async fn write_through(path: &Path, bytes: &[u8]) -> Result<()> {
    let path = path.to_owned();
    let made = spawn_blocking(move || for_us(&path)).await;
    let mut file = fs::File::from_std(made.map_err(Error::other)??);
    file.write_all(bytes).await?;
    file.sync_all().await
}

fn absent_is_none<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Write as _};
    use std::os::unix::fs::PermissionsExt as _;

    use super::Recordings;
    use crate::domain::Timestamp;

    #[tokio::test]
    async fn what_is_kept_is_read_until_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let recordings = Recordings::at(folder.path().join("not/there/yet"));
        assert_eq!(recordings.read("a/b.wav").await.unwrap(), None);
        assert!(!recordings.has("a/b.wav").await.unwrap());
        for bytes in [b"one".as_slice(), b"another"] {
            recordings.put("a/b.wav", bytes).await.unwrap();
            assert_eq!(recordings.read("a/b.wav").await.unwrap().unwrap(), bytes);
        }
        assert!(recordings.has("a/b.wav").await.unwrap());
        recordings.delete("a/b.wav").await.unwrap();
        recordings.delete("a/b.wav").await.unwrap();
        assert_eq!(recordings.read("a/b.wav").await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_callers_say_is_for_nobody_else_on_the_machine() {
        let folder = tempfile::tempdir().unwrap();
        let recordings = Recordings::at(folder.path());
        recordings.put("put.wav", b"sound").await.unwrap();
        let written = recordings.put_written("written.wav", |out| out.write_all(b"sound"));
        assert_eq!(written.await.unwrap(), 5);
        for name in ["put.wav", "written.wav"] {
            let told = std::fs::metadata(folder.path().join(name)).unwrap();
            assert_eq!(told.permissions().mode() & 0o777, 0o600, "{name}");
        }
    }

    #[tokio::test]
    async fn no_name_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let recordings = Recordings::at(folder.path().join("inside"));
        std::fs::write(folder.path().join("secret"), "x").unwrap();
        for name in [
            "../secret",
            "a/../../secret",
            "/etc/passwd",
            "",
            "a//b",
            ".",
            "a\\b",
            "ü",
        ] {
            for error in [
                recordings.read(name).await.unwrap_err(),
                recordings.put(name, b"x").await.unwrap_err(),
                recordings.delete(name).await.unwrap_err(),
            ] {
                assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
            }
        }
    }

    #[tokio::test]
    async fn d3_a_file_that_cannot_be_written_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let recordings = Recordings::at(folder.path());
        recordings.put("a.wav", b"whole").await.unwrap();
        // A file stands where the folder of the new one would be.
        assert!(recordings.put("a.wav/b.wav", b"torn").await.is_err());
        // A folder stands where the new file would be.
        std::fs::create_dir(folder.path().join("c.wav")).unwrap();
        assert!(recordings.put("c.wav", b"torn").await.is_err());
        let left = std::fs::read_dir(folder.path()).unwrap();
        assert_eq!(left.count(), 2, "what was written of it is gone");
        assert_eq!(recordings.read("a.wav").await.unwrap().unwrap(), b"whole");
    }

    #[tokio::test]
    async fn p2_what_was_being_written_when_a_process_died_does_not_stay() {
        let folder = tempfile::tempdir().unwrap();
        let recordings = Recordings::at(folder.path());
        recordings.put("a/b.wav", b"sound").await.unwrap();
        let part = folder.path().join("a/b.17-4.part");
        std::fs::write(&part, b"half a").unwrap();
        let (before, after) = (Timestamp::from_ms(0), Timestamp::from_ms(i64::MAX));
        assert_eq!(recordings.remove_parts(before).await.unwrap(), 0);
        assert_eq!(recordings.remove_parts(after).await.unwrap(), 1);
        assert!(!part.exists());
        assert!(recordings.has("a/b.wav").await.unwrap());
        let nowhere = Recordings::at(folder.path().join("not/there/yet"));
        assert_eq!(nowhere.remove_parts(after).await.unwrap(), 0);
    }
}

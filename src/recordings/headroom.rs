//! Room on the disk: how much there is, and some that is set aside for when there is none.
//!
//! The facts about calls are worth more than their sound. Before the disk is full nobody is
//! recorded any more, and what was set aside is given back, so that what goes on can still
//! be written down: into the journal, which lies beside the recordings, and into a database
//! on the same disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::fcntl::posix_fallocate;
use nix::sys::statvfs::statvfs;

/// Whether there is room for sound. Cloning it is cheap; all clones tell the same.
#[derive(Clone, Debug, Default)]
pub struct Headroom(Arc<AtomicBool>);

impl Headroom {
    /// `StorageFull` where no sound is to be written.
    ///
    /// # Errors
    ///
    /// See above.
    pub fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::Relaxed) {
            Err(ErrorKind::StorageFull.into())
        } else {
            Ok(())
        }
    }

    /// Says that there is none, or that there is again.
    fn set(&self, is_scarce: bool) {
        let was_scarce = self.0.swap(is_scarce, Ordering::Relaxed);
        if is_scarce && !was_scarce {
            tracing::error!("disk.full: nobody is recorded until there is room; see STORAGE_URL");
        } else if was_scarce && !is_scarce {
            tracing::info!("disk.has_room");
        }
    }
}

/// How a disk stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Disk {
    /// What we may still write, in bytes.
    pub free: u64,
    /// All it holds, in bytes.
    pub size: u64,
}

impl Disk {
    /// The disk on which `folder` lies.
    ///
    /// # Errors
    ///
    /// As the system does, such as where there is no such folder.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let told = statvfs(folder)?;
        Ok(Self {
            free: told.blocks_available().saturating_mul(told.fragment_size()),
            size: told.blocks().saturating_mul(told.fragment_size()),
        })
    }
}

/// Room that is set aside: a file with nothing in it.
#[derive(Clone, Debug)]
pub struct Reserve {
    path: PathBuf,
    headroom: Headroom,
}

impl Reserve {
    /// One in `folder`, for those who look at `headroom`.
    pub(super) fn new(folder: &Path, headroom: Headroom) -> Self {
        Self {
            path: folder.join("reserve"),
            headroom,
        }
    }

    /// Looks at the disk and does what is to be done. Blocks.
    ///
    /// # Errors
    ///
    /// If the disk cannot be looked at, or the room not be set aside: then who is
    /// recorded is, as long as that goes.
    pub fn keep(&self) -> io::Result<Disk> {
        let folder = self.path.parent().unwrap_or(&self.path);
        fs::create_dir_all(folder)?;
        let disk = Disk::of(folder)?;
        self.keep_on(disk)?;
        Ok(disk)
    }

    fn keep_on(&self, disk: Disk) -> io::Result<()> {
        // A small disk has less to spare.
        let room = ROOM.min(disk.size / 16);
        if disk.free < room {
            self.headroom.set(true);
            return self.give_back();
        }
        let held = self.held()?;
        let is_scarce = self.headroom.check().is_err();
        if is_scarce && disk.free < 3 * room {
            // Not at every turn: what is given back, and what is set aside again.
            return Ok(());
        }
        self.headroom.set(false);
        if held < room && disk.free >= 2 * room {
            self.set_aside(room)?;
        }
        Ok(())
    }

    fn held(&self) -> io::Result<u64> {
        match fs::metadata(&self.path) {
            Ok(file) => Ok(file.len()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    fn set_aside(&self, room: u64) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let file = options.create(true).write(true).truncate(true).mode(0o600);
        let file = file.open(&self.path)?;
        let taken = allocate(&file, room);
        if taken.is_err() {
            // Half of it would be taken for all.
            let _ = self.give_back();
        }
        taken
    }

    fn give_back(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// The blocks themselves, not only their number.
fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    let bytes = i64::try_from(bytes).map_err(io::Error::other)?;
    loop {
        match posix_fallocate(file, 0, bytes) {
            Err(Errno::EINTR) => {}
            done => return done.map_err(io::Error::from),
        }
    }
}

/// What is set aside, and below which no sound is written: 64 MiB.
const ROOM: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn disk(free_mib: u64) -> Disk {
        Disk {
            free: free_mib * MIB,
            size: 160 * MIB,
        }
    }

    #[test]
    fn d3_room_is_set_aside_and_given_back_before_the_disk_is_full() {
        let folder = TempDir::new().unwrap();
        let headroom = Headroom::default();
        let reserve = Reserve::new(folder.path(), headroom.clone());
        let held = || reserve.held().unwrap() / MIB;
        // A sixteenth of a small disk, and only if as much is left then.
        for (free, has_room, held_after) in [
            (19, true, 0),
            (20, true, 10),
            (10, true, 10),
            (9, false, 0),
            (19, false, 0),
            (29, false, 0),
            (30, true, 10),
            (12, true, 10),
            (0, false, 0),
            (160, true, 10),
        ] {
            reserve.keep_on(disk(free)).unwrap();
            let stands = (headroom.check().is_ok(), held());
            assert_eq!(stands, (has_room, held_after), "{free} MiB are free");
        }
    }

    #[test]
    fn what_is_set_aside_is_room_indeed() {
        use std::os::unix::fs::MetadataExt as _;

        let folder = TempDir::new().unwrap();
        let reserve = Reserve::new(folder.path(), Headroom::default());
        reserve.keep_on(disk(100)).unwrap();
        let blocks = fs::metadata(folder.path().join("reserve"))
            .unwrap()
            .blocks();
        assert!(
            blocks * 512 >= 10 * MIB,
            "{blocks} blocks are no file of holes"
        );
        let disk = Disk::of(folder.path()).unwrap();
        assert!(disk.free <= disk.size && disk.size > 0);
    }
}

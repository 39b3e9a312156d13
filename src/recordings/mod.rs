//! Sound on disk: files that are there whole or not at all, and calls as they are recorded.
//!
//! A call's recording is spooled while the call goes on: [`spool`] has one
//! thread that writes for all calls what their tapes hand on, in the records of
//! [`spool_record`]. After the call, or when the next process finds what a dead
//! one has left, [`spooled`] reads them again, as far as they are good, and
//! [`sound_file`] makes one file of both tracks. [`Recordings`] keeps it.
//!
//! **Invariant:** no call waits for a disk. What cannot be written in time is
//! left out, is silence in the file, and is counted; both tracks keep their time. And no
//! sound takes the last room of a disk: see [`headroom`].

mod folder;
mod headroom;
mod sound_file;
mod spool;
mod spool_record;
mod spool_thread;
mod spooled;

pub use folder::Recordings;
pub use headroom::{Disk, Headroom, Reserve};
pub use sound_file::{CONTENT_TYPE, write_sound};
pub use spool::{Spool, SpoolWriter};
pub use spooled::{Opened, Spooled, Summary};

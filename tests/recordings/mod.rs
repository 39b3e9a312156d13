//! Recordings: what goes on the tape, and what of it the disk gives back.

mod full_disk;
mod killed;
mod spool;
mod tape;

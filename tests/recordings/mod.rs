//! Recordings: what goes on the tape, and what of it the disk gives back.

mod killed;
mod spool;
mod tape;

//! Recordings: what goes on the tape, and what of it the disk gives back.

pub(crate) mod killed;
mod spool;
mod tape;

//! One attempt to write a note down, and what came of it.

use std::io;

use tokio::time::timeout;

use super::feed::Feed;
use super::note::Note;
use super::{note_form, note_writing};
use crate::journal::Journal;
use crate::store::{Error, LONGEST_SILENCE, Store};

/// What came of trying to write a note.
pub(super) enum Outcome {
    /// It is written, or is of a call that is to stay forgotten.
    Written,
    /// There was nothing to write.
    Nothing,
    /// The database is away.
    Away(Error),
    /// It does not answer.
    Silent,
    /// It is there, and refuses this note.
    Refused(Error),
    /// What stands in the journal is none that we know.
    Unreadable,
    /// The journal cannot be read now.
    DiskFailed(io::Error),
}

/// Tries to write it down.
pub(super) async fn attempt((store, feed): (&Store, &Feed), note: &Note) -> Outcome {
    match timeout(LONGEST_SILENCE, note_writing::write((store, feed), note)).await {
        Ok(Ok(())) => Outcome::Written,
        // Somebody had the call forgotten, and forgotten it stays.
        Ok(Err(Error::Dangling | Error::Forgotten)) => {
            tracing::info!("note.forgotten");
            Outcome::Written
        }
        Ok(Err(error)) if error.is_outage() => Outcome::Away(error),
        Ok(Err(error)) => Outcome::Refused(error),
        Err(_) => Outcome::Silent,
    }
}

/// Writes the oldest note of the journal down and strikes it, or sets it aside.
pub(super) async fn catch_up(
    (store, feed): (Store, Feed),
    journal: Journal,
    sets_aside: bool,
) -> Outcome {
    let caught_up = async {
        if sets_aside {
            journal.set_aside().await?;
            return Ok(Outcome::Nothing);
        }
        let Some(text) = journal.oldest().await? else {
            return Ok(Outcome::Nothing);
        };
        let Some(note) = note_form::read(&text) else {
            return Ok(Outcome::Unreadable);
        };
        let outcome = attempt((&store, &feed), &note).await;
        if matches!(outcome, Outcome::Written) {
            journal.strike().await?;
        }
        Ok(outcome)
    };
    caught_up.await.unwrap_or_else(Outcome::DiskFailed)
}

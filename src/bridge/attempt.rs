//! One attempt to write a note down, and what came of it.

use std::io;
use std::sync::Arc;

use tokio::time::timeout;

use super::feed::Feed;
use super::hand::TOGETHER;
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
    /// None is written: the one at that place is not to be with the others.
    Apart(usize),
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

/// The same of several, of which all are written or none.
pub(super) async fn attempt_all((store, feed): (&Store, &Feed), notes: &[Arc<Note>]) -> Outcome {
    if let [note] = notes {
        return attempt((store, feed), note).await;
    }
    match timeout(LONGEST_SILENCE, note_writing::write_together(store, notes)).await {
        Ok(Ok(None)) => Outcome::Written,
        Ok(Ok(Some(at))) => Outcome::Apart(at),
        Ok(Err(error)) if error.is_outage() => Outcome::Away(error),
        Ok(Err(_)) => Outcome::Apart(1),
        Err(_) => Outcome::Silent,
    }
}

/// Writes the oldest notes of the journal down and strikes them, or sets the oldest aside.
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
        let Some(text) = journal.oldest(1).await?.pop() else {
            return Ok(Outcome::Nothing);
        };
        let Some(first) = note_form::read(&text) else {
            return Ok(Outcome::Unreadable);
        };
        let mut notes = vec![Arc::new(first)];
        if notes[0].is_light() {
            // Others may have left older ones meanwhile.
            notes = light(&journal.oldest(TOGETHER).await?);
        }
        let mut outcome = attempt_all((&store, &feed), &notes).await;
        if let Outcome::Apart(at) = outcome {
            notes.truncate(at.max(1));
            outcome = attempt_all((&store, &feed), &notes).await;
        }
        if matches!(outcome, Outcome::Written) {
            journal.strike(notes.len()).await?;
        }
        Ok(outcome)
    };
    caught_up.await.unwrap_or_else(Outcome::DiskFailed)
}

/// Those at the front that are written together.
fn light(texts: &[Vec<u8>]) -> Vec<Arc<Note>> {
    let notes = texts.iter().map_while(|text| note_form::read(text));
    let light = notes.take_while(Note::is_light);
    light.map(Arc::new).collect()
}

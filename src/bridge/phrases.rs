//! Sentences that need no agent: rendered before anybody waits for them.

use std::sync::{Arc, LazyLock};

use crate::audio::chime;
use crate::call::Phrase;
use crate::domain::Pii;

/// The sentences of one receptionist.
#[derive(Clone, Debug, Default)]
pub(super) struct Phrases {}

impl Phrases {
    /// The sentence, and its sound in the caller's code. Where it has not been
    /// rendered it is two soft notes, and nothing is said.
    pub(super) fn sentence(&self, _phrase: Phrase) -> (Pii<String>, Arc<[u8]>) {
        (Pii::new(String::new()), Arc::clone(&NOTES))
    }
}

static NOTES: LazyLock<Arc<[u8]>> = LazyLock::new(|| {
    let frames = chime();
    frames.flat_map(|frame| frame.bytes().to_vec()).collect()
});

//! What the carrier tells of a call before the database has heard of it: it waits there.
//!
//! A call that came while the database was away is known to one process at first, and
//! after its death perhaps to its disk alone. What another process is told of it meanwhile
//! is not lost, and does not keep what comes behind it from its turn.

use super::note::Note;
use super::note_form;
use super::registry::Bridge;
use super::told::Told;
use crate::domain::JobKind;
use crate::store::jobs::{self, NewJob};
use crate::store::{self, Store};

impl Told {
    /// Has a job [tell it again](Bridge::tell_again) until its call is known.
    pub(super) async fn wait(&self, store: &Store) -> Result<(), store::Error> {
        let (of, tenant, at) = match self {
            Self::Message(news) => (news.id.to_string(), None, news.at),
            Self::Recorded(recorded) => {
                let title = &recorded.title;
                (title.id.to_string(), Some(title.tenant_id), recorded.at)
            }
            // Makes its call known by itself, or is of none.
            Self::Stands(_) | Self::Text(_) | Self::TextStands(_) => return Ok(()),
        };
        // There may be more news of the same.
        let key = format!("{of}/{}", at.as_ms());
        let text = note_form::write(&Note::Told(Box::new(self.clone())));
        let job = NewJob {
            kind: JobKind::EarlyNews,
            key: &key,
            tenant,
            payload: &String::from_utf8_lossy(&text),
            run_at: at,
        };
        let mut tx = store.begin().await?;
        let is_new = jobs::enqueue(&mut tx, &job, at).await?;
        tx.commit().await?;
        if is_new {
            tracing::warn!(job.key = key, "told.early: it waits for its call");
        }
        Ok(())
    }
}

impl Bridge {
    /// Writes down what has waited for its call, as the job has it; false as long as nobody
    /// knows the call.
    ///
    /// # Errors
    ///
    /// If the database does not take it.
    pub async fn tell_again(&self, text: &str) -> Result<bool, store::Error> {
        let Some(Note::Told(told)) = note_form::read(text.as_bytes()) else {
            tracing::warn!("told.unreadable: a newer program may read it");
            return Ok(false);
        };
        self.keeper().tell_again(&told).await
    }
}

//! What became of a recording, on its way to the store.

use crate::domain::{Pii, RecordingFault, RecordingTitle, Timestamp};
use crate::store::call_events::{self, NewEvent};
use crate::store::{self, Store, call_consents, call_recordings};

/// Something that became of a recording.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct RecordingNews {
    pub(super) title: RecordingTitle,
    pub(super) what: News,
    pub(super) at: Timestamp,
}

/// What.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum News {
    /// It goes on.
    Began,
    /// It keeps nothing, or again what is said.
    Paused(bool),
    /// It is over, for this reason if the call did not end it, nor somebody.
    Ended(Option<RecordingFault>),
}

/// Writes it down with the recording and its call; written to be run twice.
pub(super) async fn write(store: &Store, news: &RecordingNews) -> Result<(), store::Error> {
    let (title, at) = (&news.title, news.at);
    let (tenant, call, id) = (title.tenant_id, title.call_id, title.id);
    let mut tx = store.begin().await?;
    let kind = match news.what {
        News::Began => {
            call_recordings::begin(&mut tx, title).await?;
            call_consents::note(&mut tx, (tenant, call), &title.consent).await?;
            "recording.started"
        }
        News::Paused(is_on) => {
            call_recordings::pause(&mut tx, (tenant, id), is_on).await?;
            if is_on {
                "recording.paused"
            } else {
                "recording.resumed"
            }
        }
        News::Ended(fault) => {
            call_recordings::end(&mut tx, title, fault, at).await?;
            "recording.stopped"
        }
    };
    let why = match news.what {
        News::Ended(Some(fault)) => format!(r#","reason":"{}""#, fault.as_str()),
        News::Began | News::Paused(_) | News::Ended(None) => String::new(),
    };
    let detail = format!(r#"{{"recording_id":"{id}"{why}}}"#);
    let event = NewEvent {
        kind,
        detail: Pii::new(&detail),
        at,
        key: Some(&format!("{kind}/{id}/{}", at.as_ms())),
    };
    call_events::append(&mut tx, tenant, call, &event).await?;
    tx.commit().await
}

//! Spools that nobody writes and nobody has asked for: what a dead process has left.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::house::JobHouse;
use super::spooled_recording::blocking;
use super::worker::Failure;
use crate::domain::{RecordingId, RecordingTitle};
use crate::recordings::{Opened, Spooled};
use crate::store::{call_recordings, calls};

/// How often this process looks through its folder.
const EVERY: Duration = Duration::from_mins(1);
/// Recordings without an end that are looked at in one turn.
const AT_A_TIME: u32 = 100;
/// A call whose entry is not there by then was forgotten.
const GRACE_MS: i64 = 10 * 60_000;

impl JobHouse {
    /// Looks through the folder of spools now, and every minute until `stop`.
    pub async fn watch_spools(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.take_up_left_spools().await {
                tracing::warn!(?error, "recording.not_looked_for");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(EVERY) => {}
            }
        }
    }

    /// Has a job make the file of every recording whose spool was left behind.
    ///
    /// # Errors
    ///
    /// If the folder or the database cannot be read; the next look may go well.
    pub async fn take_up_left_spools(&self) -> Result<(), Failure> {
        let folder = self.recordings.spool_folder();
        for id in blocking(move || Spooled::list(&folder)).await? {
            self.take_up(id).await?;
        }
        self.end_stale().await
    }

    /// A process may die before anything of a recording was written.
    async fn end_stale(&self) -> Result<(), Failure> {
        let now = self.clock.now();
        let before = now.plus_ms(-GRACE_MS);
        for stale in call_recordings::list_stale(&self.store, before, AT_A_TIME).await? {
            let mut tx = self.store.begin().await?;
            call_recordings::end(&mut tx, &stale.title, None, now).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn take_up(&self, id: RecordingId) -> Result<(), Failure> {
        let folder = self.recordings.spool_folder();
        let Opened::Left(spooled) = blocking(move || Spooled::open(&folder, id)).await? else {
            return Ok(());
        };
        let spooled = Arc::new(spooled);
        let reader = Arc::clone(&spooled);
        match blocking(move || reader.summary()).await?.title {
            Some(title) => self.ask_for(title, spooled).await,
            // Nothing of it can be heard, nor whose it is.
            None => blocking(move || spooled.set_aside()).await,
        }
    }

    async fn ask_for(&self, title: RecordingTitle, spooled: Arc<Spooled>) -> Result<(), Failure> {
        let now = self.clock.now();
        let call = calls::find(&self.store, title.tenant_id, title.call_id).await?;
        if call.is_none() {
            let is_forgotten = title.started_at.plus_ms(GRACE_MS) < now;
            if is_forgotten {
                blocking(move || spooled.remove()).await?;
            }
            return Ok(());
        }
        // Whoever does the job opens it.
        drop(spooled);
        let mut tx = self.store.begin().await?;
        call_recordings::end(&mut tx, &title, None, now).await?;
        Ok(tx.commit().await?)
    }
}

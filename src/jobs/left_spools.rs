//! Spools that nobody writes and nobody has asked for: what a dead process has left.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use futures::future::join;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::house::JobHouse;
use super::retention::kept_since;
use super::spooled_recording::{blocking, settle};
use super::worker::Failure;
use crate::domain::{DAY_MS, RecordingId, RecordingTitle, SettingKey};
use crate::recordings::{Opened, Spooled};
use crate::store::{call_recordings, calls, forgotten_calls, settings};

/// How often this process looks through its folder.
const EVERY: Duration = Duration::from_mins(1);
/// How long a look at one spool may take: as long as a job.
const PATIENCE: Duration = Duration::from_mins(4);
/// Recordings without an end that are looked at in one turn.
const AT_A_TIME: u32 = 100;
/// What nobody has told of a call by then is told late, or never.
const GRACE_MS: i64 = 10 * 60_000;
/// Nobody writes a file for so long.
const PART_MS: i64 = DAY_MS;

impl JobHouse {
    /// Looks through the folder of spools now, and every minute until `stop`; and once for
    /// files that a dead process has not finished.
    pub async fn watch_spools(self, stop: CancellationToken) {
        // No recording waits until all folders have been looked through.
        join(self.remove_parts(), self.look_for_spools(&stop)).await;
    }

    async fn remove_parts(&self) {
        let before = self.clock.now().plus_ms(-PART_MS);
        if let Err(error) = self.recordings.remove_parts(before).await {
            tracing::warn!(%error, "recording.parts_not_removed");
        }
    }

    async fn look_for_spools(&self, stop: &CancellationToken) {
        let mut known = 0;
        while !stop.is_cancelled() {
            match self.take_up_left_spools().await {
                Ok(count) if count > known => {
                    tracing::error!(count, "recording.unclaimed: nobody knows its call");
                    known = count;
                }
                Ok(count) => known = count,
                Err(error) => tracing::warn!(?error, "recording.not_looked_for"),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(EVERY) => {}
            }
        }
    }

    /// Has a job make the file of every recording whose spool was left behind. How many
    /// belong to a call that nobody knows: they stay where they are, for as long as
    /// recordings are kept, and are taken up when somebody has told of it after all.
    ///
    /// **Invariant:** nothing is removed of a call that may be known somewhere yet: not
    /// while facts about calls wait for the database, and before its time has come only
    /// what the database says is forgotten.
    ///
    /// # Errors
    ///
    /// If the folder or the database cannot be read; the next look may go well.
    pub async fn take_up_left_spools(&self) -> Result<u32, Failure> {
        let folder = self.recordings.spool_folder();
        let mut unclaimed = 0;
        for id in blocking(move || Spooled::list(&folder)).await? {
            unclaimed += u32::from(in_patience(self.take_up(id)).await? == Claim::Nobody);
        }
        metrics::gauge!("frontdesk_recordings_unclaimed").set(unclaimed);
        in_patience(self.end_stale()).await?;
        Ok(unclaimed)
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

    async fn take_up(&self, id: RecordingId) -> Result<Claim, Failure> {
        let folder = self.recordings.spool_folder();
        let Opened::Left(spooled) = blocking(move || Spooled::open(&folder, id)).await? else {
            return Ok(Claim::Somebody);
        };
        let spooled = Arc::new(spooled);
        let reader = Arc::clone(&spooled);
        let Some(title) = blocking(move || reader.title()).await? else {
            // Nothing of it can be heard, nor whose it is.
            blocking(move || spooled.set_aside()).await?;
            return Ok(Claim::Somebody);
        };
        self.ask_for(title, spooled).await
    }

    async fn ask_for(
        &self,
        title: RecordingTitle,
        spooled: Arc<Spooled>,
    ) -> Result<Claim, Failure> {
        let (now, of) = (self.clock.now(), (title.tenant_id, title.call_id));
        if calls::find(&self.store, of.0, of.1).await?.is_none() {
            return self.spare(&title, spooled).await;
        }
        let row = call_recordings::find(&self.store, of.0, title.id).await?;
        if let Some(row) = row.filter(|row| row.state.is_settled()) {
            // Another process, which does not have it, has done the job.
            if let Err(error) = settle(self, spooled, Some(&row)).await {
                tracing::warn!(?error, "recording.not_settled");
            }
            return Ok(Claim::Somebody);
        }
        // Whoever does the job opens it.
        drop(spooled);
        let mut tx = self.store.begin().await?;
        call_recordings::end(&mut tx, &title, None, now).await?;
        tx.commit().await?;
        Ok(Claim::Somebody)
    }

    /// The database has no such call: it was forgotten, or is not known there yet.
    async fn spare(&self, title: &RecordingTitle, spooled: Arc<Spooled>) -> Result<Claim, Failure> {
        let of = (title.tenant_id, title.call_id);
        let now = self.clock.now();
        if (self.is_behind)() {
            return Ok(Claim::Somebody);
        }
        let settings = settings::of_tenant(&self.store, of.0, None).await?;
        let since = kept_since(&settings, SettingKey::RecordingRetentionDays, now);
        if title.started_at < since || forgotten_calls::is_forgotten(&self.store, of).await? {
            blocking(move || spooled.remove()).await?;
            return Ok(Claim::Somebody);
        }
        let is_late = title.started_at.plus_ms(GRACE_MS) < now;
        Ok(if is_late {
            Claim::Nobody
        } else {
            Claim::Somebody
        })
    }
}

/// What was looked at, unless the database or the storage never lets it end.
async fn in_patience<T>(looked: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let looked = timeout(PATIENCE, looked).await;
    looked.unwrap_or_else(|_| Err(Failure::Retry(anyhow!("it took too long"))))
}

/// Whether a spool belongs to anybody.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Claim {
    /// It does, or may do, or is gone.
    Somebody,
    /// Its call should be known by now, and is not.
    Nobody,
}

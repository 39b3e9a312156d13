//! Deletes what every tenant has kept for as long as it wants to.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::house::JobHouse;
use super::worker::{Failure, Next, bear};
use crate::domain::{DAY_MS, JobKind, RecordingFault, SettingKey, Settings, TenantId, Timestamp};
use crate::store::{
    self, Store, call_recordings as recordings, jobs, page, retention, settings, tenants,
    voicemail_messages as messages,
};

/// A call has a hundred rows or so; this many are gone in some milliseconds.
const AT_A_TIME: u32 = 25;
/// Whoever waits for the writer has it between two batches.
const BREATH: Duration = Duration::from_millis(5);
/// After so long the rest is left for another turn, soon.
const STINT: Duration = Duration::from_mins(2);
/// Answers are given again for a day; one more is for clocks that differ.
const ANSWERS_FOR_MS: i64 = 2 * DAY_MS;
/// Where a call was in a flow, for who is asked once more after its end.
const STATES_FOR_MS: i64 = DAY_MS;
/// That a call was deleted: nobody at the carrier tells of it after that, nor asks again.
const FORGOTTEN_FOR_MS: i64 = 30 * DAY_MS;
/// Jobs that are over, so that nobody asks for them again.
const JOBS_FOR_MS: i64 = 7 * DAY_MS;

/// Deletes for two minutes at most, and goes on soon where that is not enough.
pub(super) async fn run(house: &JobHouse) -> Result<Next, Failure> {
    let now = house.clock.now();
    let sweep = Sweep {
        store: house.store.clone(),
        until: Instant::now() + STINT,
    };
    let is_done = sweep.of_house(now).await? && sweep.of_tenants(now).await?;
    if is_done {
        return Ok(Next::InTurn);
    }
    Ok(Next::Again(house.clock.now().plus_ms(1_000)))
}

struct Sweep {
    store: Store,
    until: Instant,
}

impl Sweep {
    /// What belongs to nobody in particular; whether all of it is gone.
    async fn of_house(&self, now: Timestamp) -> Result<bool, store::Error> {
        let answers = Heap::Answers(now.plus_ms(-ANSWERS_FOR_MS));
        let jobs = Heap::Jobs(now.plus_ms(-JOBS_FOR_MS));
        let calls = Heap::ForgottenCalls(now.plus_ms(-FORGOTTEN_FOR_MS));
        let states = Heap::FlowStates(now.plus_ms(-STATES_FOR_MS));
        let is_done = self.all(&answers).await? && self.all(&jobs).await?;
        Ok(is_done && self.all(&calls).await? && self.all(&states).await?)
    }

    async fn of_tenants(&self, now: Timestamp) -> Result<bool, store::Error> {
        let mut request = page::Request::default();
        loop {
            let page = tenants::list(&self.store, &request).await?;
            for tenant in page.items {
                match self.of_tenant(tenant.id, now).await {
                    Ok(true) => {}
                    Ok(false) => return Ok(false),
                    Err(error) => bear(JobKind::Retention, error)?,
                }
            }
            if page.next.is_none() {
                return Ok(true);
            }
            request.after = page.next;
        }
    }

    /// Messages and recordings before calls: a call stays as long as any of it does.
    async fn of_tenant(&self, tenant: TenantId, now: Timestamp) -> Result<bool, store::Error> {
        let settings = settings::of_tenant(&self.store, tenant, None).await?;
        let since = |key| kept_since(&settings, key, now);
        let messages = (since(SettingKey::VoicemailRetentionDays), now);
        let messages = Heap::Messages(tenant, messages);
        let calls = Heap::Calls(tenant, (since(SettingKey::CallRetentionDays), now));
        let texts = Heap::Texts(tenant, (since(SettingKey::SmsRetentionDays), now));
        let recordings = (since(SettingKey::RecordingRetentionDays), now);
        let recordings = Heap::Recordings(tenant, recordings);
        let is_done = self.all(&messages).await? && self.all(&texts).await?;
        let is_done = is_done && self.all(&recordings).await? && self.all(&calls).await?;
        recordings::forget_callless(&self.store, tenant).await?;
        Ok(is_done)
    }

    /// Takes the heap away, a little at a time; whether nothing of it is left.
    async fn all(&self, heap: &Heap) -> Result<bool, store::Error> {
        let mut sum = 0;
        let is_done = loop {
            let count = self.some(heap).await?;
            sum += count;
            if count < u64::from(AT_A_TIME) {
                break true;
            }
            if Instant::now() > self.until {
                break false;
            }
            sleep(BREATH).await;
        };
        if sum > 0 {
            let what = heap.as_str();
            metrics::counter!("frontdesk_deleted_total", "what" => what).increment(sum);
            tracing::info!(what, count = sum, "retention.deleted");
        }
        Ok(is_done)
    }

    /// A job deletes the sound of each.
    async fn some_messages(
        &self,
        tenant: TenantId,
        (before, now): (Timestamp, Timestamp),
    ) -> Result<u64, store::Error> {
        let old = messages::list_older(&self.store, tenant, before, AT_A_TIME).await?;
        let mut tx = self.store.begin().await?;
        for message in &old {
            messages::delete(&mut tx, message, now).await?;
        }
        tx.commit().await?;
        Ok(u64::try_from(old.len()).unwrap_or(u64::MAX))
    }

    /// A job deletes the file of each.
    async fn some_recordings(
        &self,
        tenant: TenantId,
        (before, now): (Timestamp, Timestamp),
    ) -> Result<u64, store::Error> {
        let old = recordings::list_done(&self.store, tenant, before, AT_A_TIME).await?;
        let mut tx = self.store.begin().await?;
        for recording in &old {
            recordings::delete(&mut tx, recording, RecordingFault::Expired, now).await?;
        }
        tx.commit().await?;
        Ok(u64::try_from(old.len()).unwrap_or(u64::MAX))
    }

    async fn some(&self, heap: &Heap) -> Result<u64, store::Error> {
        let (store, limit) = (&self.store, AT_A_TIME);
        match heap {
            Heap::Answers(before) => {
                retention::delete_idempotency_keys(store, *before, limit).await
            }
            Heap::Jobs(before) => jobs::forget_finished(store, *before, limit).await,
            Heap::Texts(tenant, span) => retention::empty_texts(store, *tenant, *span, limit).await,
            Heap::Messages(tenant, span) => self.some_messages(*tenant, *span).await,
            Heap::Recordings(tenant, span) => self.some_recordings(*tenant, *span).await,
            Heap::ForgottenCalls(before) => {
                retention::delete_forgotten_calls(store, *before, limit).await
            }
            Heap::FlowStates(before) => retention::delete_flow_states(store, *before, limit).await,
            Heap::Calls(tenant, span) => {
                retention::delete_calls(store, *tenant, *span, limit).await
            }
        }
    }
}

/// What there may be too much of: whose, and from before when.
enum Heap {
    Answers(Timestamp),
    Jobs(Timestamp),
    ForgottenCalls(Timestamp),
    FlowStates(Timestamp),
    /// With the time that it is.
    Texts(TenantId, (Timestamp, Timestamp)),
    Messages(TenantId, (Timestamp, Timestamp)),
    Recordings(TenantId, (Timestamp, Timestamp)),
    Calls(TenantId, (Timestamp, Timestamp)),
}

impl Heap {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Answers(_) => "idempotency_keys",
            Self::Jobs(_) => "jobs",
            Self::ForgottenCalls(_) => "forgotten_calls",
            Self::FlowStates(_) => "flow_states",
            Self::Texts(..) => "texts",
            Self::Messages(..) => "messages",
            Self::Recordings(..) => "recordings",
            Self::Calls(..) => "calls",
        }
    }
}

/// What began before is not kept. A setting that says nothing keeps everything.
pub(super) fn kept_since(settings: &Settings, key: SettingKey, now: Timestamp) -> Timestamp {
    let days = settings
        .whole(key)
        .and_then(|days| i64::try_from(days).ok());
    let ms = days.and_then(|days| days.checked_mul(DAY_MS));
    now.plus_ms(-ms.unwrap_or(i64::MAX))
}

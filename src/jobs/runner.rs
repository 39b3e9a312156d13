//! Takes the jobs that are due, a few at a time, and settles what came of them.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use futures::FutureExt as _;
use futures::future::join_all;
use metrics::{counter, gauge};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::worker::{Failure, Next, Worker};
use crate::clock::{Clock, random_bytes};
use crate::domain::{JobKind, Timestamp};
use crate::store::jobs::{self, ClaimedJob, NewJob};
use crate::store::{self, Store, in_time};

/// Jobs that are done at one time.
const AT_ONCE: usize = 6;
/// How long a job may take.
const PATIENCE: Duration = Duration::from_mins(4);
/// Longer than a job may take: who has not told by then has died.
const LEASE: Duration = Duration::from_mins(5);
/// Another process does not wake this one; so often it looks by itself.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Somebody else was faster, or the clock runs ahead of the database's.
const SHORTEST_WAIT: Duration = Duration::from_millis(50);
/// How often what waits is counted.
const COUNT_EVERY: Duration = Duration::from_secs(15);
/// How often a job is tried before it is buried: for two days and more, so that
/// who is away for a night is waited for.
const ATTEMPTS: u32 = 72;
/// The pause after the first failure; it doubles with each further one.
const PAUSE_MS: i64 = 30_000;
/// The longest of these pauses.
const LONGEST_PAUSE_MS: i64 = 3_600_000;
/// The key of a job that is there once.
const ONLY: &str = "all";

/// Does jobs for as long as the process lives.
#[derive(Clone)]
pub struct Runner {
    store: Store,
    clock: Clock,
    worker: Arc<dyn Worker>,
}

impl Runner {
    /// A runner that has not begun.
    pub fn new(store: Store, clock: Clock, worker: Arc<dyn Worker>) -> Self {
        Self {
            store,
            clock,
            worker,
        }
    }

    /// Does what is due until `stop`, and then ends what it has begun.
    pub async fn run(self, stop: CancellationToken) {
        let mut running = Running::default();
        let (mut is_ready, mut counted_at) = (false, None::<Instant>);
        let mut latest = self.clock.now();
        while !stop.is_cancelled() {
            // Somebody has set the clock back: all is done anew that was made by it.
            let now = self.clock.now();
            is_ready &= now >= latest;
            latest = now;
            if counted_at.is_none_or(|at| at.elapsed() >= COUNT_EVERY) {
                self.count_waiting().await;
                counted_at = Some(Instant::now());
            }
            let begun = async {
                if !is_ready {
                    self.ask_for_recurring().await?;
                }
                self.begin(&mut running).await
            };
            let wait = match in_time(begun).await {
                Ok(wait) => {
                    is_ready = true;
                    wait
                }
                Err(error) => {
                    tracing::warn!(%error, "jobs.not_found");
                    LOOK_EVERY
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.store.work_asked_for() => {}
                () = running.one_ends() => {}
                () = sleep(wait) => {}
            }
        }
        while running.tasks.join_next().await.is_some() {}
    }

    /// Does what is due at this moment, and what that makes due at once; how
    /// many jobs that were.
    pub async fn run_due(&self) -> Result<usize, store::Error> {
        self.ask_for_recurring().await?;
        let mut count = 0;
        loop {
            let jobs = self.claim(self.worker.kinds(), AT_ONCE).await?;
            if jobs.is_empty() {
                return Ok(count);
            }
            count += jobs.len();
            join_all(jobs.into_iter().map(|job| self.clone().work(job))).await;
        }
    }

    async fn ask_for_recurring(&self) -> Result<(), store::Error> {
        let now = self.clock.now();
        jobs::rein_in(&self.store, self.worker.kinds(), (now, LEASE)).await?;
        let mut tx = self.store.begin().await?;
        for kind in self
            .worker
            .kinds()
            .iter()
            .filter(|kind| kind.is_recurring())
        {
            let job = NewJob {
                kind: *kind,
                key: ONLY,
                tenant: None,
                payload: "",
                run_at: now,
            };
            jobs::enqueue(&mut tx, &job, now).await?;
        }
        tx.commit().await
    }

    /// Begins what is due, and says when to look again.
    async fn begin(&self, running: &mut Running) -> Result<Duration, store::Error> {
        let mut kinds = running.free(self.worker.kinds());
        while !kinds.is_empty() {
            let Some(job) = self.claim(&kinds, 1).await?.pop() else {
                break;
            };
            running.begin(self.clone(), job);
            kinds = running.free(self.worker.kinds());
        }
        if kinds.is_empty() {
            return Ok(LOOK_EVERY);
        }
        let next = jobs::next_at(&self.store, &kinds).await?;
        Ok(next.map_or(LOOK_EVERY, |next| {
            let ms = next.as_ms() - self.clock.now().as_ms();
            let wait = Duration::from_millis(u64::try_from(ms).unwrap_or_default());
            wait.clamp(SHORTEST_WAIT, LOOK_EVERY)
        }))
    }

    async fn claim(
        &self,
        kinds: &[JobKind],
        limit: usize,
    ) -> Result<Vec<ClaimedJob>, store::Error> {
        let now = self.clock.now();
        jobs::claim(&self.store, kinds, (now, LEASE), limit).await
    }

    /// Does one job, whatever it does.
    async fn work(self, job: ClaimedJob) {
        let kind = job.kind.as_str();
        let busy = gauge!("frontdesk_jobs_running", "kind" => kind);
        busy.increment(1);
        let done = AssertUnwindSafe(self.worker.run(job.clone())).catch_unwind();
        let outcome = match timeout(PATIENCE, done).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Failure::Retry(anyhow!("it panicked"))),
            Err(_) => Err(Failure::Retry(anyhow!("it took too long"))),
        };
        busy.decrement(1);
        let verdict = self.judge(&job, outcome);
        counter!("frontdesk_jobs_total", "kind" => kind, "outcome" => verdict.as_str())
            .increment(1);
        // What is not written down is done again, as if this process had died.
        let mut pause = SHORTEST_WAIT;
        while let Err(error) = in_time(self.settle(&job, &verdict)).await {
            tracing::warn!(job.kind = kind, %error, "job.not_settled");
            if !error.is_transient() || pause > LOOK_EVERY {
                return;
            }
            sleep(pause).await;
            pause *= 2;
        }
    }

    fn judge(&self, job: &ClaimedJob, outcome: Result<Next, Failure>) -> Verdict {
        let kind = job.kind.as_str();
        let (error, is_hopeless) = match outcome {
            Ok(Next::Done) => return Verdict::Done,
            Ok(Next::Again(at)) => return Verdict::Again(at),
            Ok(Next::InTurn) => {
                let every = job.kind.every_ms();
                let at = every.map(|every| self.clock.now().plus_ms(every));
                return at.map_or(Verdict::Done, Verdict::Again);
            }
            Err(Failure::Retry(error)) => (error, job.attempts >= ATTEMPTS),
            Err(Failure::GiveUp(error)) => (error, true),
        };
        let error = format!("{error:#}");
        if is_hopeless && !job.kind.is_recurring() {
            tracing::error!(job.kind = kind, job.key, error, "job.buried");
            return Verdict::Buried(error);
        }
        tracing::warn!(job.kind = kind, job.attempts, error, "job.failed");
        let pause = pause_ms(job.attempts, u16::from_le_bytes(random_bytes()));
        // What recurs is not done more seldom because it went wrong.
        let every = job.kind.every_ms().unwrap_or(i64::MAX);
        let pause = pause.min(every);
        Verdict::Failed(self.clock.now().plus_ms(pause), error)
    }

    async fn settle(&self, job: &ClaimedJob, verdict: &Verdict) -> Result<(), store::Error> {
        let (store, now) = (&self.store, self.clock.now());
        let was_ours = match verdict {
            Verdict::Done => jobs::finish(store, job, now).await?,
            Verdict::Again(at) => jobs::again(store, job, *at).await?,
            Verdict::Failed(at, error) => jobs::retry(store, job, *at, error).await?,
            Verdict::Buried(error) => jobs::bury(store, job, now, error).await?,
        };
        if !was_ours {
            tracing::warn!(job.kind = job.kind.as_str(), "job.lost");
        }
        Ok(())
    }

    /// Tells how much waits, and for how long the oldest has been due.
    async fn count_waiting(&self) {
        let waiting = match in_time(jobs::waiting(&self.store)).await {
            Ok(waiting) => waiting,
            Err(error) => {
                tracing::warn!(%error, "jobs.not_counted");
                return;
            }
        };
        let now = self.clock.now();
        for kind in self.worker.kinds() {
            let found = waiting.iter().find(|one| one.kind == *kind);
            let (jobs, age_ms) =
                found.map_or((0, 0), |one| (one.jobs, now.as_ms() - one.oldest.as_ms()));
            let name = kind.as_str();
            gauge!("frontdesk_jobs_waiting", "kind" => name).set(as_gauge(jobs));
            gauge!("frontdesk_jobs_oldest_seconds", "kind" => name)
                .set(as_gauge(age_ms.max(0) / 1_000));
        }
    }
}

/// The jobs that are being done, and how many there are of a kind.
#[derive(Default)]
struct Running {
    tasks: JoinSet<JobKind>,
    busy: BTreeMap<JobKind, usize>,
}

impl Running {
    /// Of these kinds, those of which another may be begun.
    fn free(&self, kinds: &[JobKind]) -> Vec<JobKind> {
        if self.tasks.len() >= AT_ONCE {
            return Vec::new();
        }
        let is_free = |kind: &JobKind| {
            let busy = self.busy.get(kind).copied().unwrap_or_default();
            busy < kind.lanes()
        };
        kinds.iter().copied().filter(is_free).collect()
    }

    fn begin(&mut self, runner: Runner, job: ClaimedJob) {
        let kind = job.kind;
        *self.busy.entry(kind).or_default() += 1;
        self.tasks.spawn(async move {
            runner.work(job).await;
            kind
        });
    }

    /// Waits until one is over; for ever, where there is none.
    async fn one_ends(&mut self) {
        match self.tasks.join_next().await {
            Some(Ok(kind)) => {
                let busy = self.busy.entry(kind).or_default();
                *busy = busy.saturating_sub(1);
            }
            // It did not come to its end: nobody knows whose place it had.
            Some(Err(_)) => self.busy.clear(),
            None => std::future::pending().await,
        }
    }
}

/// What becomes of a job.
enum Verdict {
    Done,
    Again(Timestamp),
    Failed(Timestamp, String),
    Buried(String),
}

impl Verdict {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Again(_) => "again",
            Self::Failed(..) => "failed",
            Self::Buried(_) => "buried",
        }
    }
}

/// After so many attempts; by chance up to a half is taken off, so that not all
/// who failed together come back together.
fn pause_ms(attempts: u32, chance: u16) -> i64 {
    let doubled = PAUSE_MS.saturating_mul(1_i64 << attempts.saturating_sub(1).min(16));
    let pause = doubled.min(LONGEST_PAUSE_MS);
    pause - pause / 2 * i64::from(chance) / i64::from(u16::MAX)
}

fn as_gauge(count: i64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_and_chance_takes_half_at_most() {
        let longest = [1, 2, 3, 7, 8, 200].map(|attempts| pause_ms(attempts, 0));
        let hour = LONGEST_PAUSE_MS;
        assert_eq!(longest, [30_000, 60_000, 120_000, 1_920_000, hour, hour]);
        assert_eq!(pause_ms(1, u16::MAX), 15_000);
        assert!((1..20).all(|n| pause_ms(n, 40_000) < pause_ms(n, 20_000)));
    }

    #[test]
    fn a_lease_outlives_the_job() {
        assert!(LEASE > PATIENCE + LOOK_EVERY * 2);
    }
}

//! The runner with a worker of the test's: once, at one place, and again after a crash.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use frontdesk::clock::Clock;
use frontdesk::domain::{JobKind, Timestamp};
use frontdesk::jobs::{Failure, Next, Runner, Worker};
use frontdesk::store::Store;
use frontdesk::store::jobs::{self, ClaimedJob, NewJob};
use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::support::database::{Database, on_each_database};

const KIND: JobKind = JobKind::CarrierPrice;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(1_763_717_400_000).plus_ms(ms)
}

/// What a job is to come to, by its payload; what was done is written down.
#[derive(Default)]
struct Scribe {
    kinds: Vec<JobKind>,
    begun: Mutex<Vec<String>>,
    /// Jobs that somebody does at this moment, by key, with the most there were.
    busy: Mutex<BTreeMap<String, (u32, u32)>>,
    clock: Clock,
    told: Notify,
}

impl Scribe {
    fn of(kinds: &[JobKind], clock: &Clock) -> Arc<Self> {
        Arc::new(Self {
            kinds: kinds.to_vec(),
            clock: clock.clone(),
            ..Self::default()
        })
    }

    fn begun(&self) -> Vec<String> {
        let mut begun = self.begun.lock().unwrap().clone();
        begun.sort();
        begun
    }

    fn change(&self, key: &str, by: i32) {
        let mut busy = self.busy.lock().unwrap();
        let (now, most) = busy.entry(key.to_owned()).or_default();
        *now = now.checked_add_signed(by).unwrap();
        *most = (*most).max(*now);
    }
}

/// A worker who shares a scribe with others.
struct Hand(Arc<Scribe>);

impl Worker for Hand {
    fn kinds(&self) -> &[JobKind] {
        &self.0.kinds
    }

    fn run(&self, job: ClaimedJob) -> BoxFuture<'static, Result<Next, Failure>> {
        let scribe = Arc::clone(&self.0);
        async move {
            scribe.begun.lock().unwrap().push(job.key.clone());
            scribe.told.notify_one();
            scribe.change(&job.key, 1);
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            scribe.change(&job.key, -1);
            match job.payload.as_str() {
                "again" => Ok(Next::Again(scribe.clock.now().plus_ms(60_000))),
                "fail" => Err(Failure::Retry(anyhow::anyhow!("not today"))),
                "hopeless" => Err(Failure::GiveUp(anyhow::anyhow!("never"))),
                "panic" => panic!("the test wants it"),
                _ => Ok(Next::Done),
            }
        }
        .boxed()
    }
}

async fn ask(store: &Store, key: &str, payload: &str, run_at: Timestamp) -> bool {
    let job = NewJob {
        kind: KIND,
        key,
        tenant: None,
        payload,
        run_at,
    };
    let mut tx = store.begin().await.unwrap();
    let is_new = jobs::enqueue(&mut tx, &job, at(0)).await.unwrap();
    tx.commit().await.unwrap();
    is_new
}

fn runner(db: &Database, clock: &Clock, scribe: &Arc<Scribe>) -> Runner {
    let worker = Arc::new(Hand(Arc::clone(scribe)));
    Runner::new(db.store.clone(), clock.clone(), worker)
}

#[tokio::test]
async fn a_job_is_done_once_however_often_it_is_asked_for() {
    on_each_database(async |db| {
        let clock = Clock::manual(at(0));
        let scribe = Scribe::of(&[KIND], &clock);
        let runner = runner(db, &clock, &scribe);
        assert!(ask(&db.store, "a", "", at(0)).await);
        assert!(!ask(&db.store, "a", "", at(0)).await);
        assert!(ask(&db.store, "later", "", at(1_000)).await);
        assert_eq!(runner.run_due().await.unwrap(), 1);
        assert!(
            !ask(&db.store, "a", "", at(0)).await,
            "not after it is done"
        );
        assert_eq!(runner.run_due().await.unwrap(), 0);
        clock.advance_ms(1_000);
        assert_eq!(runner.run_due().await.unwrap(), 1);
        assert_eq!(scribe.begun(), ["a", "later"]);
        let left = jobs::forget_finished(&db.store, at(2_000), 10).await;
        assert_eq!(left.unwrap(), 2);
        assert!(ask(&db.store, "a", "", at(0)).await, "once it is forgotten");
    })
    .await;
}

#[tokio::test]
async fn work_of_a_change_that_was_undone_is_not_asked_for() {
    on_each_database(async |db| {
        let job = NewJob {
            kind: KIND,
            key: "a",
            tenant: None,
            payload: "",
            run_at: at(0),
        };
        let mut tx = db.store.begin().await.unwrap();
        assert!(jobs::enqueue(&mut tx, &job, at(0)).await.unwrap());
        drop(tx);
        assert_eq!(jobs::waiting(&db.store).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn what_fails_is_tried_again_later_and_later_and_buried_in_the_end() {
    on_each_database(async |db| {
        let clock = Clock::manual(at(0));
        let scribe = Scribe::of(&[KIND], &clock);
        let runner = runner(db, &clock, &scribe);
        for payload in ["fail", "panic", "hopeless", "again"] {
            assert!(ask(&db.store, payload, payload, at(0)).await);
        }
        assert_eq!(runner.run_due().await.unwrap(), 4);
        assert_eq!(runner.run_due().await.unwrap(), 0, "none is due at once");
        let buried = "SELECT COUNT(*) FROM jobs WHERE is_buried = 1";
        assert_eq!(db.number(buried).await, 1, "what is hopeless");
        let mut tries = 1;
        for _ in 0..100 {
            clock.advance_ms(3_600_000);
            runner.run_due().await.unwrap();
            tries += 1;
        }
        let count = |key: &str| scribe.begun().iter().filter(|one| *one == key).count();
        let counts = ["fail", "panic", "hopeless", "again"].map(count);
        assert_eq!(counts, [72, 72, 1, tries]);
        assert_eq!(db.number(buried).await, 3);
        let why = db
            .text("SELECT last_error FROM jobs WHERE job_key = 'fail'")
            .await;
        assert_eq!(why, "not today");
    })
    .await;
}

#[tokio::test]
async fn what_a_job_was_told_goes_when_it_is_done_and_stays_with_what_is_buried() {
    on_each_database(async |db| {
        let clock = Clock::manual(at(0));
        let scribe = Scribe::of(&[KIND], &clock);
        for payload in ["what somebody said", "hopeless"] {
            assert!(ask(&db.store, payload, payload, at(0)).await);
        }
        runner(db, &clock, &scribe).run_due().await.unwrap();
        let kept = "SELECT payload FROM jobs ORDER BY is_buried";
        assert_eq!(db.text(kept).await, "");
        let kept = "SELECT payload FROM jobs ORDER BY is_buried DESC";
        assert_eq!(db.text(kept).await, "hopeless");
    })
    .await;
}

#[tokio::test]
async fn p6_two_processes_never_do_a_job_at_the_same_time() {
    on_each_database(async |db| {
        let clock = Clock::manual(at(0));
        let scribe = Scribe::of(&[KIND], &clock);
        for n in 0..60 {
            assert!(ask(&db.store, &format!("{n:02}"), "", at(0)).await);
        }
        let mut runners = Vec::new();
        for _ in 0..4 {
            let store = Store::connect(&db.url).await.unwrap();
            let worker = Arc::new(Hand(Arc::clone(&scribe)));
            let runner = Runner::new(store, clock.clone(), worker);
            runners.push(tokio::spawn(async move { runner.run_due().await }));
        }
        let done = join_all(runners).await;
        // Who loses a race for the last ones may leave; somebody has them.
        let done: usize = done.into_iter().map(|one| one.unwrap().unwrap_or(0)).sum();
        let rest = runner(db, &clock, &scribe).run_due().await.unwrap();
        assert_eq!(done + rest, 60);
        assert_eq!(scribe.begun().len(), 60);
        let busy = scribe.busy.lock().unwrap();
        assert!(busy.values().all(|(_, most)| *most == 1));
    })
    .await;
}

#[tokio::test]
async fn p2_a_job_whose_process_died_is_done_again_and_the_dead_have_no_say() {
    on_each_database(async |db| {
        let clock = Clock::manual(at(0));
        let scribe = Scribe::of(&[KIND], &clock);
        let runner = runner(db, &clock, &scribe);
        assert!(ask(&db.store, "a", "", at(0)).await);
        let lease = Duration::from_mins(5);
        let of_the_dead = jobs::claim(&db.store, &[KIND], (at(0), lease), 9).await;
        let of_the_dead = of_the_dead.unwrap();
        assert_eq!(of_the_dead.len(), 1);
        clock.advance_ms(299_999);
        assert_eq!(runner.run_due().await.unwrap(), 0, "it may be alive");
        assert_eq!(
            jobs::next_at(&db.store, &[KIND]).await.unwrap(),
            Some(at(300_000))
        );
        clock.advance_ms(1);
        assert_eq!(runner.run_due().await.unwrap(), 1);
        let late = jobs::retry(&db.store, &of_the_dead[0], at(0), "late").await;
        assert!(!late.unwrap());
        assert_eq!(runner.run_due().await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn p5_a_clock_that_is_set_back_keeps_no_work_waiting_for_the_day_that_was() {
    on_each_database(async |db| {
        const DAY: i64 = 86_400_000;
        let clock = Clock::manual(at(0));
        let kinds = [JobKind::OpenCalls, KIND];
        let scribe = Scribe::of(&kinds, &clock);
        let runner = runner(db, &clock, &scribe);
        let in_turn = NewJob {
            kind: JobKind::OpenCalls,
            key: "again",
            tenant: None,
            payload: "again",
            run_at: at(0),
        };
        let mut tx = db.store.begin().await.unwrap();
        assert!(jobs::enqueue(&mut tx, &in_turn, at(0)).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(runner.run_due().await.unwrap(), 2);
        assert!(ask(&db.store, "a", "", at(0)).await);
        let lease = Duration::from_mins(5);
        let of_the_dead = jobs::claim(&db.store, &[KIND], (at(0), lease), 9).await;
        assert_eq!(of_the_dead.unwrap().len(), 1);
        clock.advance_ms(-DAY);
        assert_eq!(runner.run_due().await.unwrap(), 0);
        clock.advance_ms(60_000);
        assert_eq!(
            runner.run_due().await.unwrap(),
            1,
            "its turn comes every minute"
        );
        db.execute("UPDATE jobs SET run_at_ms = 0 WHERE job_key = 'a'")
            .await;
        clock.advance_ms(240_000);
        assert_eq!(
            runner.run_due().await.unwrap(),
            2,
            "the dead has it no more"
        );
        clock.advance_ms(DAY);
        assert_eq!(runner.run_due().await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn p7_work_that_only_a_newer_program_knows_waits_for_it() {
    on_each_database(async |db| {
        let clock = Clock::manual(at(0));
        let scribe = Scribe::of(&[KIND], &clock);
        let runner = runner(db, &clock, &scribe);
        db.execute(
            "INSERT INTO jobs (kind, job_key, payload, run_at_ms, created_at_ms)
            VALUES ('tomorrow', 'a', '', 0, 0)",
        )
        .await;
        assert_eq!(runner.run_due().await.unwrap(), 0);
        assert_eq!(jobs::waiting(&db.store).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_recurring_job_is_there_once_and_never_given_up() {
    on_each_database(async |db| {
        let clock = Clock::manual(at(0));
        let kinds = [JobKind::Retention, KIND];
        let scribe = Scribe::of(&kinds, &clock);
        let runner = runner(db, &clock, &scribe);
        assert_eq!(runner.run_due().await.unwrap(), 1);
        // Its worker knows no better than that it is done; here it fails.
        db.execute(
            "UPDATE jobs SET finished_at_ms = NULL, locked_until_ms = 0, payload = 'hopeless'",
        )
        .await;
        for _ in 0..30 {
            clock.advance_ms(3_600_000);
            assert_eq!(runner.run_due().await.unwrap(), 1);
        }
        assert_eq!(db.number("SELECT COUNT(*) FROM jobs").await, 1);
    })
    .await;
}

#[tokio::test]
async fn what_recurs_is_done_as_often_as_ever_however_often_it_went_wrong() {
    on_each_database(async |db| {
        let clock = Clock::manual(at(0));
        let kinds = [JobKind::OpenCalls];
        let scribe = Scribe::of(&kinds, &clock);
        let runner = runner(db, &clock, &scribe);
        assert_eq!(runner.run_due().await.unwrap(), 1);
        db.execute(
            "UPDATE jobs SET finished_at_ms = NULL, locked_until_ms = 0, payload = 'hopeless'",
        )
        .await;
        for _ in 0..12 {
            clock.advance_ms(60_000);
            assert_eq!(runner.run_due().await.unwrap(), 1, "it is its turn");
        }
    })
    .await;
}

#[tokio::test]
async fn p1_a_runner_wakes_when_it_is_asked_and_ends_what_it_has_begun() {
    on_each_database(async |db| {
        let clock = Clock::manual(at(0));
        let scribe = Scribe::of(&[KIND], &clock);
        let stop = CancellationToken::new();
        let running = tokio::spawn(runner(db, &clock, &scribe).run(stop.clone()));
        for key in ["a", "b"] {
            assert!(ask(&db.store, key, "", at(0)).await);
            let begun = timeout(Duration::from_secs(2), scribe.told.notified()).await;
            begun.expect("it did not wait for its turn to look");
        }
        stop.cancel();
        let ended = timeout(Duration::from_secs(5), running).await;
        ended.unwrap().unwrap();
        let left = "SELECT COUNT(*) FROM jobs WHERE finished_at_ms IS NULL";
        assert_eq!(db.number(left).await, 0);
    })
    .await;
}

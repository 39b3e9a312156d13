//! A house without doors: a database, a clock, perhaps an account, and the jobs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use frontdesk::clock::Clock;
use frontdesk::domain::{
    CallId, CallLog, CallSid, CallStatus, Direction, Party, Tenant, TenantId, Timestamp,
};
use frontdesk::jobs::{JobHouse, Process, Runner};
use frontdesk::recordings::Recordings;
use frontdesk::rehearsal::rest::RestCall;
use frontdesk::store::calls::{self, NewCall, StatusNews};
use frontdesk::store::{Store, forgotten_calls, tenants};
use frontdesk::transcribe::Transcriber;
use frontdesk::twilio::rest::Client;
use futures::FutureExt as _;
use futures::future::ready;

use crate::support::database::Database;
use crate::support::rest_account::RestAccount;
use crate::support::transcriber::TranscriberServer;
use tempfile::TempDir;

/// So many milliseconds after 2026-11-21T09:30:00Z.
pub(super) fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(1_795_253_400_000).plus_ms(ms)
}

pub(super) const SECOND: i64 = 1_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// A house without doors.
pub(super) struct Desk {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) tenant: TenantId,
    pub(super) jobs: Runner,
    pub(super) house: JobHouse,
    /// Where sound is kept.
    pub(super) folder: TempDir,
    /// The calls that go on here.
    pub(super) live: Arc<Mutex<Vec<CallSid>>>,
    /// The calls that were told to be over.
    pub(super) closed: Arc<Mutex<Vec<CallLog>>>,
    /// What was told once more.
    pub(super) told_again: Arc<Mutex<Vec<String>>>,
    /// Whether facts about calls wait for the database.
    pub(super) is_behind: Arc<AtomicBool>,
}

impl Desk {
    pub(super) async fn open(db: &Database, account: Option<&RestAccount>) -> Self {
        Self::hearing(db, account, None).await
    }

    /// The same, for whom a carrier that says nothing is never silent for too long.
    pub(super) async fn patient(db: &Database, account: &RestAccount) -> Self {
        Self::with(db, (Some(account.patient_client()), None)).await
    }

    /// The same with somebody who writes down what is said.
    pub(super) async fn hearing(
        db: &Database,
        account: Option<&RestAccount>,
        transcriber: Option<&TranscriberServer>,
    ) -> Self {
        let transcriber = transcriber.map(TranscriberServer::client);
        Self::with(db, (account.map(RestAccount::client), transcriber)).await
    }

    async fn with(
        db: &Database,
        (carrier, transcriber): (Option<Client>, Option<Transcriber>),
    ) -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Clock::manual(at(0));
        let live: Arc<Mutex<Vec<CallSid>>> = Arc::default();
        let closed: Arc<Mutex<Vec<CallLog>>> = Arc::default();
        let told_again: Arc<Mutex<Vec<String>>> = Arc::default();
        let is_behind: Arc<AtomicBool> = Arc::default();
        let house = JobHouse {
            store: db.store.clone(),
            clock: clock.clone(),
            recordings: Recordings::at(folder.path()),
            carrier,
            transcriber,
            public_url: Some("https://desk.example.com".into()),
            process: Process::new(clock.new_id()),
            is_live: Arc::new({
                let live = Arc::clone(&live);
                move |call_sid| live.lock().unwrap().contains(call_sid)
            }),
            tell_closed: Arc::new({
                let closed = Arc::clone(&closed);
                move |call| closed.lock().unwrap().push(call.clone())
            }),
            tell_again: Arc::new({
                let told_again = Arc::clone(&told_again);
                move |text: String| {
                    let mut told = told_again.lock().unwrap();
                    told.push(text);
                    // By the third time somebody has told of the call.
                    ready(Ok(told.len() == 3)).boxed()
                }
            }),
            is_behind: Arc::new({
                let is_behind = Arc::clone(&is_behind);
                move || is_behind.load(Ordering::Relaxed)
            }),
        };
        let desk = Self {
            store: db.store.clone(),
            jobs: Runner::new(db.store.clone(), clock.clone(), Arc::new(house.clone())),
            house,
            tenant: clock.new_id(),
            clock,
            live,
            closed,
            told_again,
            is_behind,
            folder,
        };
        desk.add_tenant(desk.tenant, "Europe/Zurich").await;
        desk
    }

    pub(super) async fn add_tenant(&self, id: TenantId, time_zone: &str) {
        let tenant = Tenant {
            id,
            name: "Tenant".to_owned(),
            time_zone: time_zone.to_owned(),
            default_receptionist: None,
        };
        let added = tenants::insert(&self.store, &tenant, at(0)).await;
        added.unwrap();
    }

    pub(super) fn new_call(&self, n: u32) -> NewCall {
        NewCall {
            id: self.clock.new_id(),
            tenant_id: self.tenant,
            call_sid: sid(n).parse().unwrap(),
            direction: Direction::Inbound,
            from: Party::Anonymous,
            to: "+15550001111".parse().unwrap(),
            receptionist_id: None,
            status: CallStatus::Ringing,
            created_at: self.clock.now(),
        }
    }

    /// The `n`th call begins.
    pub(super) async fn call(&self, n: u32) -> NewCall {
        let new = self.new_call(n);
        let (_, is_new) = calls::find_or_create(&self.store, &new).await.unwrap();
        assert!(is_new);
        new
    }

    /// A call is over, after so many seconds by the carrier's count.
    pub(super) async fn ended(&self, call: &NewCall, seconds: i64) {
        let news = StatusNews {
            status: CallStatus::Completed,
            sequence: None,
            duration_s: Some(seconds),
            at: self.clock.now(),
        };
        let told = calls::apply_status(&self.store, &call.call_sid, &news).await;
        assert!(told.unwrap().is_some());
    }

    /// The call is deleted; whether it could be.
    pub(super) async fn forget(&self, id: CallId) -> bool {
        let mut tx = self.store.begin().await.unwrap();
        let now = self.clock.now();
        let gone = forgotten_calls::forget(&mut tx, self.tenant, id, now).await;
        tx.commit().await.unwrap();
        gone.unwrap()
    }

    pub(super) async fn log(&self, id: CallId) -> CallLog {
        let found = calls::find(&self.store, self.tenant, id).await;
        found.unwrap().unwrap()
    }

    /// So much later, what is due is done.
    pub(super) async fn after(&self, ms: i64) {
        self.clock.advance_ms(ms);
        self.jobs.run_due().await.unwrap();
    }
}

/// The carrier's name for the `n`th call.
pub(super) fn sid(n: u32) -> String {
    format!("CA{n:032x}")
}

/// The `n`th call as the carrier's account has it.
pub(super) fn at_carrier(n: u32, status: &str) -> RestCall {
    RestCall::new(&sid(n), ("+15550002222", "+15550001111"), status)
}

/// The same after its end: seconds, price and its unit.
pub(super) fn rated(call: RestCall, seconds: &str, price: &str, unit: &str) -> RestCall {
    let rating = (seconds.to_owned(), price.to_owned(), unit.to_owned());
    RestCall {
        rating: Some(rating),
        ..call
    }
}

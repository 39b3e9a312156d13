//! Whatever is away, what is known of calls reaches the database: in order, and once.

use std::sync::Arc;
use std::time::Duration;

use frontdesk::bridge::{
    Bridge, CallRecorded, CallStands, Happening, Keeper, Keeping, LiveEvent, MessageNews, NotTaken,
    Placing, TextCame, Told,
};
use frontdesk::clock::Clock;
use frontdesk::domain::{
    AnsweredBy, CallId, CallLog, CallSid, CallStatus, Consent, ConsentAnswer, ConsentPolicy,
    Direction, JobKind, MessageSound, OpenState, ProcessId, TenantId, Timestamp, Wish,
};
use frontdesk::journal::Journal;
use frontdesk::routing::{Route, Step, Stop};
use frontdesk::store::calls::{self, NewCall, StatusNews};
use frontdesk::store::jobs::{self, ClaimedJob};
use frontdesk::store::{
    Store, Tx, call_consents, call_events, call_owners, call_recordings, call_routes,
    forgotten_calls, page, processes, sms_opt_outs, tenants, voicemail_messages,
};
use futures::future::join_all;
use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, Connection, Executor};
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::journal::hang;
use crate::support::announced::announced;
use crate::support::cable::Cable;
use crate::support::chaos::{Chaos, Manners};
use crate::support::database::{Database, on_each_database, on_postgres_alone};
use crate::support::nobody::NobodyThere;
use crate::support::until::until;

/// Longer than anything here takes on the slowest machine.
const LONG: Duration = Duration::from_mins(1);

/// A process that writes down what it is told.
struct Desk {
    bridge: Bridge,
    keeper: Keeper,
    writing: JoinHandle<()>,
    clock: Clock,
    process: ProcessId,
    tenant: TenantId,
}

impl Desk {
    async fn open(store: &Store, folder: &TempDir) -> Self {
        Self::of(store, folder, tenant(store).await)
    }

    fn of(store: &Store, folder: &TempDir, tenant: TenantId) -> Self {
        let clock = Clock::system();
        let journal = Journal::start(folder.path()).unwrap();
        let (keeper, writing) = Keeper::start(store.clone(), clock.clone(), Some(journal));
        let process = clock.new_id();
        let keeper = keeper.of_process(process);
        Self {
            bridge: Bridge::new(1, Arc::new(NobodyThere), keeper.clone()),
            keeper,
            writing,
            clock,
            process,
            tenant,
        }
    }

    /// A call that was placed while the database was away.
    async fn place(&self, n: usize) -> CallId {
        let id = CallId::of_sid(&sid(n));
        let new = NewCall {
            id,
            tenant_id: self.tenant,
            call_sid: sid(n),
            direction: Direction::Inbound,
            from: "+15550100001".parse().unwrap(),
            to: "+15550100000".parse().unwrap(),
            receptionist_id: None,
            status: CallStatus::Ringing,
            created_at: self.clock.now(),
        };
        self.bridge.write_down(new, route()).await;
        id
    }

    /// The carrier tells of a call that was placed here.
    async fn stands(&self, n: usize, id: CallId, sequence: i64) -> Result<(), NotTaken> {
        let mut stands = stands(n, sequence);
        stands.placed = Placing::Here {
            tenant_id: self.tenant,
            call_id: id,
        };
        let told = Told::Stands(stands);
        timeout(LONG, self.bridge.take_down(told)).await.unwrap()
    }

    /// The whole life of a call, in which somebody else answers.
    async fn live(&self, n: usize) -> CallId {
        let id = self.place(n).await;
        for sequence in 0..3 {
            self.stands(n, id, sequence).await.unwrap();
            if sequence == 1 {
                let now = self.clock.now();
                self.bridge
                    .note_answer((self.tenant, id), (AnsweredBy::Person, None), now);
            }
        }
        id
    }

    async fn is(&self, keeping: Keeping) {
        let is = async {
            while self.bridge.keeping().0 != keeping {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LONG, is).await.unwrap();
    }

    async fn close(self) {
        self.keeper.close().await;
        timeout(LONG, self.writing).await.unwrap().unwrap();
    }
}

async fn tenant(store: &Store) -> TenantId {
    store.seed_defaults(Timestamp::from_ms(0)).await.unwrap();
    let tenant = tenants::default_tenant(store).await.unwrap();
    tenant.unwrap().id
}

fn sid(n: usize) -> CallSid {
    format!("CA{n}").parse().unwrap()
}

fn route() -> Route {
    Route {
        stops: vec![Stop::Apology],
        open_state: OpenState::Open,
        language: None,
        steps: vec![Step {
            code: "target.chosen".into(),
            text: "Because.".to_owned(),
        }],
    }
}

const STATUSES: [CallStatus; 3] = [
    CallStatus::Ringing,
    CallStatus::InProgress,
    CallStatus::Completed,
];

fn stands(n: usize, sequence: i64) -> CallStands {
    let status = STATUSES[usize::try_from(sequence).unwrap()];
    let at = Timestamp::from_ms(1_763_717_400_000 + sequence);
    CallStands {
        own: None,
        call_sid: sid(n),
        placed: Placing::Unknown {
            call_id: CallId::of_sid(&sid(n)),
        },
        direction: Direction::Inbound,
        from: "+15550100001".parse().unwrap(),
        to: "+15550100000".parse().unwrap(),
        news: StatusNews {
            status,
            sequence: Some(sequence),
            duration_s: Some(sequence),
            at,
        },
        at,
    }
}

async fn call(store: &Store, n: usize) -> CallLog {
    let call = calls::find_by_sid(store, &sid(n)).await.unwrap();
    call.unwrap_or_else(|| panic!("call {n} is lost"))
}

/// Each of these calls is there as it was, once.
async fn are_whole(database: &Database, lives: &[(usize, CallId)]) {
    for (n, id) in lives {
        let call = call(&database.store, *n).await;
        assert_eq!(call.id, *id, "what was known here came first");
        assert_eq!(call.status, CallStatus::Completed);
        assert_eq!(call.duration_s, Some(2));
        assert_eq!(call.answered_by, Some(AnsweredBy::Person));
        let ended_at = call.ended_at.map(Timestamp::as_ms);
        assert_eq!(ended_at, Some(1_763_717_400_002));
        let of = (call.tenant_id, call.id);
        let events = call_events::list(&database.store, of.0, of.1).await;
        let events = events.unwrap().into_iter();
        let sequences: Vec<_> = events.map(|event| event.detail.expose().clone()).collect();
        assert_eq!(sequences.len(), 3, "{sequences:?}");
        for (n, detail) in sequences.iter().enumerate() {
            assert!(detail.contains(&format!(r#""sequence":{n}"#)), "{detail}");
        }
        let kept = call_routes::find(&database.store, of.0, of.1).await;
        assert_eq!(kept.unwrap().unwrap().stops, [Stop::Apology]);
    }
    let count = i64::try_from(lives.len()).unwrap();
    assert_eq!(database.number("SELECT COUNT(*) FROM calls").await, count);
    let why = database.text("SELECT MIN(steps) FROM call_routes").await;
    assert!(why.contains("target.chosen"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_a_writer_that_holds_the_database_is_waited_for_on_the_disk() {
    on_each_database(async |database| {
        if !database.is_sqlite() {
            return;
        }
        let folder = TempDir::new().unwrap();
        let desk = Desk::open(&database.store, &folder).await;
        install_default_drivers();
        let mut other = AnyConnection::connect(&database.url).await.unwrap();
        other.execute("BEGIN IMMEDIATE").await.unwrap();
        let mut watched = desk.bridge.watch();
        let first = desk.live(1).await;
        desk.is(Keeping::Journaled).await;
        // Longer than SQLite itself waits for another writer.
        sleep(Duration::from_millis(5_500)).await;
        let second = desk.live(2).await;
        assert!(desk.bridge.keeping().1 >= 5);
        other.execute("COMMIT").await.unwrap();
        desk.is(Keeping::Written).await;
        are_whole(database, &[(1, first), (2, second)]).await;
        // The carrier tells the end again, and those who watch hear it no second time.
        desk.stands(1, first, 2).await.unwrap();
        assert_eq!(closed(&mut watched), [first, second]);
        desk.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_a_database_that_comes_and_goes_hears_everything_in_order_and_once() {
    on_postgres_alone(async |database| {
        let folder = TempDir::new().unwrap();
        let cable = Cable::to(&database.url).await;
        let store = Store::connect(&cable.url).await.unwrap();
        let desk = Desk::open(&store, &folder).await;
        let mut watched = desk.bridge.watch();
        let mut lives = Vec::new();
        for n in 0..12 {
            match n % 4 {
                1 => cable.pull(),
                3 => cable.plug_in(),
                _ => {}
            }
            lives.push((n, desk.live(n).await));
        }
        cable.plug_in();
        desk.is(Keeping::Written).await;
        are_whole(database, &lives).await;
        let ids: Vec<_> = lives.iter().map(|(_, id)| *id).collect();
        assert_eq!(closed(&mut watched), ids);
        desk.close().await;
        store.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_what_waits_for_a_database_that_is_slow_is_on_the_disk() {
    on_postgres_alone(async |database| {
        let folder = TempDir::new().unwrap();
        let (chaos, url) = Chaos::to_database(&database.url).await;
        let store = Store::connect(&url).await.unwrap();
        let desk = Desk::open(&store, &folder).await;
        let id = desk.place(1).await;
        desk.stands(1, id, 0).await.unwrap();
        desk.is(Keeping::Written).await;
        // Each note by itself is written in time.
        chaos.behave(Manners {
            delay: Duration::from_millis(15),
            ..Manners::default()
        });
        let now = desk.clock.now();
        for _ in 0..200 {
            desk.bridge
                .note_answer((desk.tenant, id), (AnsweredBy::Person, None), now);
        }
        desk.is(Keeping::Journaled).await;
        until(async || (desk.bridge.keeping().1 >= 100).then_some(())).await;
        chaos.behave(Manners::default());
        desk.is(Keeping::Written).await;
        desk.close().await;
        store.close().await;
    })
    .await;
}

/// So many calls that the database knows.
async fn placed(desk: &Desk, database: &Database, count: usize) -> Vec<CallId> {
    let mut ids = Vec::new();
    for n in 0..count {
        ids.push(desk.place(n).await);
        until(async || calls::find_by_sid(&database.store, &sid(n)).await.unwrap()).await;
    }
    ids
}

const STOPPED: &str = "SELECT COUNT(*) FROM call_events WHERE kind = 'quota.stopped'";

#[tokio::test]
async fn what_many_calls_have_to_write_at_one_time_is_written_in_few_pieces() {
    on_postgres_alone(async |database| {
        let folder = TempDir::new().unwrap();
        let desk = Desk::open(&database.store, &folder).await;
        let ids = placed(&desk, database, 60).await;
        // Some directly, and some from the disk.
        for (ids, is_away) in [(&ids[..30], false), (&ids[30..], true)] {
            let taken = connections(database, is_away).await;
            for id in ids {
                let now = desk.clock.now();
                desk.bridge.note_stopped((desk.tenant, *id), now);
            }
            if is_away {
                until(async || (desk.bridge.keeping().1 >= 30).then_some(())).await;
            }
            drop(taken);
        }
        until(async || (database.number(STOPPED).await == 60).then_some(())).await;
        let pieces = "SELECT COUNT(DISTINCT xmin::text) FROM call_events
            WHERE kind = 'quota.stopped'";
        let pieces = database.number(pieces).await;
        assert!(pieces <= 10, "{pieces}");
        desk.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_that_cannot_be_written_takes_none_of_the_others_with_it() {
    on_each_database(async |database| {
        let (store, folder) = (&database.store, TempDir::new().unwrap());
        let desk = Desk::open(store, &folder).await;
        let ids = placed(&desk, database, 9).await;
        desk.stands(4, ids[4], 2).await.unwrap();
        until(async || (call(store, 4).await.status == CallStatus::Completed).then_some(())).await;
        forget(&desk, store, ids[4]).await;
        let now = desk.clock.now();
        // Some while the database takes them, and some behind the disk.
        for (some, is_away) in [(&ids[..6], false), (&ids[3..], true)] {
            let taken = connections(database, is_away).await;
            for id in some {
                desk.bridge.note_stopped((desk.tenant, *id), now);
            }
            let person = (AnsweredBy::Person, None);
            desk.bridge.note_answer((desk.tenant, some[0]), person, now);
            if is_away {
                desk.is(Keeping::Journaled).await;
                until(async || (desk.bridge.keeping().1 > 6).then_some(())).await;
            }
            drop(taken);
            desk.is(Keeping::Written).await;
        }
        desk.close().await;
        assert_eq!(database.number(STOPPED).await, 8);
        for n in [0, 3] {
            assert_eq!(call(store, n).await.answered_by, Some(AnsweredBy::Person));
        }
    })
    .await;
}

/// The calls of which whoever watches was told that they are over.
fn closed(watched: &mut Receiver<Arc<LiveEvent>>) -> Vec<CallId> {
    let mut closed = Vec::new();
    while let Ok(event) = watched.try_recv() {
        if matches!(event.what, Happening::Closed(_)) {
            closed.push(event.call_id);
        }
    }
    closed
}

/// The call is deleted.
async fn forget(desk: &Desk, store: &Store, call: CallId) {
    let mut tx = store.begin().await.unwrap();
    let now = desk.clock.now();
    let gone = forgotten_calls::forget(&mut tx, desk.tenant, call, now).await;
    assert!(gone.unwrap());
    tx.commit().await.unwrap();
}

/// All of them if the database is to be away, else none.
async fn connections(database: &Database, is_away: bool) -> Vec<Tx> {
    if is_away {
        all_connections(database).await
    } else {
        Vec::new()
    }
}

/// Leaves nobody a connection to write with.
async fn all_connections(database: &Database) -> Vec<Tx> {
    let busy = if database.is_sqlite() { 1 } else { 10 };
    let taken = join_all((0..busy).map(|_| database.store.begin())).await;
    taken.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_a_database_with_no_connection_to_spare_hears_of_it_later() {
    on_each_database(async |database| {
        let folder = TempDir::new().unwrap();
        let desk = Desk::open(&database.store, &folder).await;
        let taken = all_connections(database).await;
        let id = desk.live(1).await;
        desk.is(Keeping::Journaled).await;
        drop(taken);
        desk.is(Keeping::Written).await;
        are_whole(database, &[(1, id)]).await;
        desk.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i1_a_call_that_came_without_a_database_is_on_the_disk_at_once() {
    on_each_database(async |database| {
        let folder = TempDir::new().unwrap();
        let desk = Desk::open(&database.store, &folder).await;
        let taken = all_connections(database).await;
        let began = Instant::now();
        desk.place(1).await;
        while desk.bridge.keeping().1 == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        // A note that can wait is tried at the database for longer.
        assert!(began.elapsed() < Duration::from_millis(400));
        drop(taken);
        desk.is(Keeping::Written).await;
        desk.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i1_what_a_process_could_not_write_the_next_one_writes() {
    on_each_database(async |database| {
        let folder = TempDir::new().unwrap();
        let tenant = tenant(&database.store).await;
        // Of PostgreSQL everything may be read, and nothing written.
        let option = "%20-cdefault_transaction_read_only%3Don";
        let url = format!("{}{option}", database.url);
        let url = if database.is_sqlite() {
            &database.url
        } else {
            &url
        };
        let store = Store::connect(url).await.unwrap();
        if database.is_sqlite() {
            store.close().await;
        }
        let desk = Desk::of(&store, &folder, tenant);
        let mut lives = Vec::new();
        for n in 0..3 {
            lives.push((n, desk.live(n).await));
        }
        desk.is(Keeping::Journaled).await;
        // It closes all the same, and nothing is lost.
        desk.close().await;
        store.close().await;
        assert_eq!(database.number("SELECT COUNT(*) FROM calls").await, 0);
        let next = Desk::of(&database.store, &folder, tenant);
        let written = async {
            while calls::find_by_sid(&database.store, &sid(2))
                .await
                .unwrap()
                .is_none()
            {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LONG, written).await.unwrap();
        next.is(Keeping::Written).await;
        are_whole(database, &lives).await;
        next.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p2_a_call_that_came_without_a_database_is_with_its_process_once_there_is_one() {
    on_each_database(async |database| {
        let folder = TempDir::new().unwrap();
        let desk = Desk::open(&database.store, &folder).await;
        let taken = all_connections(database).await;
        let dead = desk.process;
        let id = desk.place(1).await;
        desk.is(Keeping::Journaled).await;
        // It dies, and the others have forgotten it when its journal is found.
        desk.close().await;
        drop(taken);
        let next = Desk::open(&database.store, &folder).await;
        let written = async {
            while calls::find_by_sid(&database.store, &sid(1))
                .await
                .unwrap()
                .is_none()
            {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LONG, written).await.unwrap();
        let limit = page::Limit::longest();
        let open = call_owners::list_open(&database.store, dead, limit).await;
        let open: Vec<CallId> = open.unwrap().iter().map(|call| call.id).collect();
        assert_eq!(open, [id]);
        let known = processes::list(&database.store).await.unwrap();
        assert!(known.iter().any(|pulse| pulse.id == dead), "{known:?}");
        next.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_without_database_and_disk_the_carrier_is_told_to_tell_again() {
    on_each_database(async |database| {
        let folder = TempDir::new().unwrap();
        let desk = Desk::open(&database.store, &folder).await;
        // A file in the place of the folder.
        folder_becomes_a_file(&folder);
        let taken = all_connections(database).await;
        let id = desk.clock.new_id();
        assert_eq!(desk.stands(1, id, 2).await, Err(NotTaken));
        desk.is(Keeping::Held).await;
        drop(taken);
        desk.is(Keeping::Written).await;
        // What was in its hand is written all the same.
        assert_eq!(call(&database.store, 1).await.status, CallStatus::Completed);
        desk.close().await;
    })
    .await;
}

fn folder_becomes_a_file(folder: &TempDir) {
    std::fs::remove_dir(folder.path()).unwrap();
    std::fs::write(folder.path(), "").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_a_disk_that_hangs_is_not_missed_while_the_database_is_there() {
    on_each_database(async |database| {
        let folder = TempDir::new().unwrap();
        hang(folder.path());
        let desk = Desk::open(&database.store, &folder).await;
        let id = desk.live(1).await;
        desk.is(Keeping::Written).await;
        let answered = async {
            while call(&database.store, 1).await.answered_by.is_none() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LONG, answered).await.unwrap();
        are_whole(database, &[(1, id)]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w9_a_stop_that_comes_without_a_database_is_heeded_as_soon_as_there_is_one() {
    on_each_database(async |database| {
        let folder = TempDir::new().unwrap();
        let desk = Desk::open(&database.store, &folder).await;
        let taken = all_connections(database).await;
        let text = TextCame {
            id: desk.clock.new_id(),
            message_sid: "SM1".to_owned(),
            from: "+15550100001".parse().unwrap(),
            to: "+15550100000".parse().unwrap(),
            body: "STOP".to_owned().into(),
            media: Vec::new(),
            wish: Some(Wish::Stop),
            at: desk.clock.now(),
        };
        for _ in 0..2 {
            let told = Told::Text(text.clone());
            assert_eq!(desk.bridge.take_down(told).await, Ok(()));
        }
        drop(taken);
        desk.is(Keeping::Written).await;
        let number = "+15550100001".parse().unwrap();
        let stopped = sms_opt_outs::find(&database.store, desk.tenant, &number).await;
        assert!(stopped.unwrap().is_some());
        let count = database.number("SELECT COUNT(*) FROM sms_messages").await;
        assert_eq!(count, 1);
        desk.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_what_a_caller_said_to_being_recorded_is_kept_without_a_database_and_once() {
    on_each_database(async |database| {
        let folder = TempDir::new().unwrap();
        let desk = Desk::open(&database.store, &folder).await;
        let taken = all_connections(database).await;
        let of = (desk.tenant, desk.place(1).await);
        let refused = Consent {
            policy: ConsentPolicy::Keypress,
            answer: ConsentAnswer::Refused,
            words: Some("2".to_owned().into()),
            at: Timestamp::from_ms(1_763_717_400_000),
        };
        for _ in 0..2 {
            let kept = desk.bridge.keep_consent(of, refused.clone());
            assert_eq!(timeout(LONG, kept).await.unwrap(), Ok(()));
        }
        desk.is(Keeping::Journaled).await;
        drop(taken);
        desk.is(Keeping::Written).await;
        let kept = call_consents::find(&database.store, of).await;
        assert_eq!(kept.unwrap(), Some(refused));
        let events = call_events::list(&database.store, of.0, of.1).await;
        assert_eq!(events.unwrap().len(), 1);
        desk.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_a_call_of_which_another_process_was_told_first_is_whole_and_with_the_one_that_has_it() {
    on_each_database(async |database| {
        let (folder, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let desk = Desk::open(&database.store, &folder).await;
        let elsewhere = Desk::of(&database.store, &other, desk.tenant);
        let told = Told::Stands(stands(1, 1));
        assert_eq!(elsewhere.bridge.take_down(told).await, Ok(()));
        let heard_of = call(&database.store, 1).await;
        let id = desk.place(1).await;
        assert_eq!(heard_of.id, id);
        let now = desk.clock.now();
        desk.bridge
            .note_answer((desk.tenant, id), (AnsweredBy::Person, None), now);
        let answered_by = async || call(&database.store, 1).await.answered_by;
        assert_eq!(until(answered_by).await, AnsweredBy::Person);
        let kept = call_routes::find(&database.store, desk.tenant, id).await;
        assert_eq!(kept.unwrap().unwrap().stops, [Stop::Apology]);
        let limit = page::Limit::longest();
        let open = call_owners::list_open(&database.store, desk.process, limit).await;
        let open: Vec<CallId> = open.unwrap().iter().map(|call| call.id).collect();
        assert_eq!(open, [id]);
        desk.close().await;
        elsewhere.close().await;
    })
    .await;
}

/// What is to be done of that kind.
async fn asked_for(store: &Store, kind: JobKind) -> Vec<ClaimedJob> {
    let span = (Clock::system().now(), Duration::from_millis(1));
    jobs::claim(store, &[kind], span, 10).await.unwrap()
}

/// The carrier has recorded the `n`th call.
fn recorded(desk: &Desk, n: usize) -> Told {
    let now = desk.clock.now();
    let of = (desk.tenant, CallId::of_sid(&sid(n)));
    Told::Recorded(CallRecorded {
        title: announced(desk.clock.new_id(), of, now),
        recording_sid: format!("RE{n}"),
        leg_sid: Some(sid(n)),
        has_failed: false,
        at: now,
    })
}

/// Somebody has left a message in the `n`th call.
fn left(desk: &Desk, n: usize) -> Told {
    Told::Message(MessageNews {
        id: desk.clock.new_id(),
        call_sid: sid(n),
        recording_sid: format!("RE{n}1"),
        user: None,
        sound: MessageSound::Recorded,
        duration_s: Some(7),
        url: None,
        words: None,
        at: desk.clock.now(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_what_is_told_of_a_call_that_the_database_does_not_know_waits_for_it() {
    on_each_database(async |database| {
        let (store, folder) = (&database.store, TempDir::new().unwrap());
        let desk = Desk::open(store, &folder).await;
        let news = [recorded(&desk, 1), left(&desk, 1)];
        for told in news.iter().chain(&news) {
            assert_eq!(desk.bridge.take_down(told.clone()).await, Ok(()));
        }
        let gone = asked_for(store, JobKind::ForgottenMessage).await;
        assert_eq!(gone, [], "nothing is deleted at the carrier");
        let early = asked_for(store, JobKind::EarlyNews).await;
        assert_eq!(early.len(), news.len());
        for is_known in [false, true] {
            for job in &early {
                let told = desk.bridge.tell_again(&job.payload).await;
                assert_eq!(told.unwrap(), is_known, "{}", job.payload);
            }
            // Somebody finds what a process has left of it on its disk.
            desk.place(1).await;
            let found = async || calls::find_by_sid(store, &sid(1)).await.unwrap();
            until(found).await;
        }
        let of = (desk.tenant, CallId::of_sid(&sid(1)));
        let recordings = call_recordings::list_of_call(store, of.0, of.1).await;
        assert_eq!(recordings.unwrap().len(), 1);
        let messages = voicemail_messages::list_of_call(store, of.0, of.1).await;
        assert_eq!(messages.unwrap().len(), 1);
        assert_eq!(asked_for(store, JobKind::ForgottenMessage).await, []);
        desk.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_what_is_told_of_a_call_that_is_forgotten_waits_for_nothing_and_goes() {
    on_each_database(async |database| {
        let (store, folder) = (&database.store, TempDir::new().unwrap());
        let desk = Desk::open(store, &folder).await;
        let id = CallId::of_sid(&sid(1));
        desk.stands(1, id, 2).await.unwrap();
        forget(&desk, store, id).await;
        for told in [recorded(&desk, 1), left(&desk, 1)] {
            assert_eq!(desk.bridge.take_down(told).await, Ok(()));
        }
        assert_eq!(asked_for(store, JobKind::EarlyNews).await, []);
        assert_eq!(asked_for(store, JobKind::ForgottenMessage).await.len(), 2);
        desk.close().await;
    })
    .await;
}

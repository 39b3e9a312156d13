//! What simulations of one thread share: a database, a spool, and their runtime.

use std::cell::{Cell, RefCell};

use frontdesk::bridge::Keeper;
use frontdesk::clock::Clock;
use frontdesk::domain::{ReceptionistId, Secret, TenantId, Timestamp};
use frontdesk::recordings::Spool;
use frontdesk::rehearsal::carrier::CarrierOptions;
use frontdesk::store::{Store, tenants};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

pub(super) struct House {
    /// Runs only while no simulation does.
    runtime: Runtime,
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) options: CarrierOptions,
    pub(super) tenant_id: TenantId,
    pub(super) receptionist_id: ReceptionistId,
    spool: Spool,
    writer: RefCell<Option<JoinHandle<()>>>,
    numbers: Cell<u64>,
    _folder: TempDir,
}

impl House {
    pub(super) fn open() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime can be had");
        let clock = Clock::manual(Timestamp::from_ms(1_790_000_000_000));
        let store = runtime.block_on(async {
            let store = Store::connect("sqlite::memory:").await?;
            store.migrate().await?;
            store.seed_defaults(clock.now()).await?;
            Ok::<_, frontdesk::store::Error>(store)
        });
        let store = store.expect("memory can be had");
        let tenant = runtime.block_on(tenants::default_tenant(&store));
        let tenant = tenant.expect("memory answers").expect("it is seeded");
        let folder = TempDir::new().expect("a temporary folder");
        Self {
            spool: Spool::start(folder.path().join("spool")).expect("a thread can be had"),
            runtime,
            store,
            options: CarrierOptions::new("http://gateway", Secret::new(String::new())),
            tenant_id: tenant.id,
            receptionist_id: tenant.default_receptionist.expect("it is seeded"),
            clock,
            writer: RefCell::new(None),
            numbers: Cell::new(0),
            _folder: folder,
        }
    }

    /// Takes notes, and writes nothing down before [`House::finish`].
    pub(super) fn keeper(&self, is_recording: bool) -> Keeper {
        let (store, clock) = (self.store.clone(), self.clock.clone());
        let (keeper, writer) = self
            .runtime
            .block_on(async { Keeper::start(store, clock, None) });
        self.writer.replace(Some(writer));
        if is_recording {
            keeper.recording_to(self.spool.clone())
        } else {
            keeper
        }
    }

    /// The database is back: everything is written down.
    pub(super) fn finish(&self, keeper: &Keeper) {
        self.block_on(async {
            keeper.close().await;
            if let Some(writer) = self.writer.take() {
                writer.await.expect("the writer does not panic");
            }
        });
    }

    /// A number that nobody had before.
    pub(super) fn next_number(&self) -> u64 {
        self.numbers.replace(self.numbers.get() + 1)
    }

    /// Asks the database.
    pub(super) fn block_on<T>(&self, ask: impl Future<Output = T>) -> T {
        self.runtime.block_on(ask)
    }
}

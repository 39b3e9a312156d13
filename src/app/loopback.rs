//! A house on this machine that answers simulated calls: real, but for rent.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

use super::house::{House, HousePlan};
use super::server::ServerOptions;
use super::shutdown::Shutdown;
use crate::api::TokenRules;
use crate::bridge::LiveEvent;
use crate::clock::{Clock, random_bytes};
use crate::domain::{AudioFormat, Secret};
use crate::egress::Outside;
use crate::realtime::{Endpoint, SessionOptions};
use crate::store::receptionist_versions::{Publication, publish};
use crate::store::{MasterKey, Seals, Store, receptionists, tenants};
use crate::webhooks::Patience;

/// How the simulated carrier believes to reach us; it signs this.
pub(super) const PUBLIC_URL: &str = "https://rehearsal.frontdesk.example";

/// An open house on a port of loopback, with an SQLite in a temporary folder.
pub(super) struct Loopback {
    pub(super) base_url: String,
    pub(super) token: Secret<String>,
    watch: broadcast::Receiver<Arc<LiveEvent>>,
    shutdown: Shutdown,
    open: JoinHandle<()>,
    folder: PathBuf,
}

impl Loopback {
    /// Opens a house for `calls` at one time, whose agents are at `agent` and
    /// speak `format`.
    pub(super) async fn open(
        agent: Endpoint,
        format: AudioFormat,
        calls: usize,
    ) -> anyhow::Result<Self> {
        let name = format!(
            "frontdesk-loopback-{:016x}",
            u64::from_le_bytes(random_bytes())
        );
        let folder = std::env::temp_dir().join(name);
        let token = Secret::new(format!("{:032x}", u128::from_le_bytes(random_bytes())));
        let database = format!("sqlite://{}", folder.join("frontdesk.db").display());
        let plan = HousePlan {
            database_url: Secret::new(database),
            seals: Seals::new([&MasterKey::random()]),
            storage: folder.join("recordings"),
            public_url: PUBLIC_URL.to_owned(),
            carrier_tokens: vec![token.clone()],
            carrier: None,
            transcriber: None,
            agents: vec![agent],
            speaks_ahead: false,
            session: SessionOptions::default(),
            tokens: TokenRules::default(),
            max_calls: calls,
            drain_timeout: Duration::from_secs(10),
            server: ServerOptions::default(),
            outside: Outside::guarded(),
            patience: Patience::default(),
            spans: None,
        };
        let house = House::build(plan, Clock::system(), Arc::new(String::new)).await?;
        speak(house.store(), format).await?;
        let watch = house.bridge().watch();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let shutdown = Shutdown::default();
        let open = tokio::spawn(house.open(listener, shutdown.clone()));
        Ok(Self {
            base_url,
            token,
            watch,
            shutdown,
            open,
            folder,
        })
    }

    /// What happens in the calls.
    pub(super) fn events(&self) -> broadcast::Receiver<Arc<LiveEvent>> {
        self.watch.resubscribe()
    }

    /// Closes the house and takes everything down again.
    pub(super) async fn strike(self) {
        self.shutdown.drain.cancel();
        // A house that has panicked has said so.
        let _ = self.open.await;
        // What the system will not remove it will remove some day by itself.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn speak(store: &Store, format: AudioFormat) -> anyhow::Result<()> {
    let tenant = tenants::default_tenant(store).await?;
    let tenant = tenant.context("a fresh database has a tenant")?;
    let id = tenant
        .default_receptionist
        .context("a fresh database has a receptionist")?;
    let draft = receptionists::find(store, tenant.id, id).await?;
    let mut receptionist = draft
        .context("a fresh database has a receptionist")?
        .receptionist;
    receptionist.format = format;
    let now = Clock::system().now();
    receptionists::update(store, &receptionist, now).await?;
    publish(store, tenant.id, id, &Publication::by_the_house(now)).await?;
    Ok(())
}

//! The floors, put together, opened and taken down.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use futures::FutureExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::manners::Manners;
use super::migrate;
use super::server::{ServerOptions, serve};
use super::setting::PublicUrl;
use super::shutdown::Shutdown;
use crate::api::{self, ApiState, Rendering, TokenRules};
use crate::bridge::{
    Bridge, Dialer, Equipment, Keeper, Keeping, Phrasebook, RealtimeDialer, SpanSink, Toolbox,
};
use crate::clock::Clock;
use crate::domain::{CallLog, CallSid, Secret};
use crate::egress::Outside;
use crate::jobs::{JobHouse, Process, Runner, TellAgain, Watch};
use crate::journal::Journal;
use crate::realtime::{Endpoint, SessionOptions};
use crate::recordings::{Recordings, Reserve, Spool};
use crate::store::{Seals, Store, in_time, kept_secrets, routing_facts};
use crate::transcribe::Transcriber;
use crate::twilio::rest::Client;
use crate::twilio::signature::Verifier;
use crate::webhooks::{self, Callers, Memory, Patience, Webhooks};

/// What a house is built from.
#[derive(Debug)]
pub struct HousePlan {
    /// `sqlite://…` or `postgres://…`; created and brought up to date.
    pub database_url: Secret<String>,
    /// What seals the secrets of tenants.
    pub seals: Seals,
    /// The folder in which sound is kept.
    pub storage: PathBuf,
    /// Our address as the carrier sees it, without a slash at its end.
    pub public_url: String,
    /// The carrier's tokens: one, or two while one replaces the other.
    pub carrier_tokens: Vec<Secret<String>>,
    /// The way to the carrier's account, if there is one.
    pub carrier: Option<Client>,
    /// Who writes down what was said, if anybody does.
    pub transcriber: Option<Transcriber>,
    /// Where the agents are: the first that can be reached answers.
    pub agents: Vec<Endpoint>,
    /// Whether agents say beforehand what callers hear while nobody answers.
    pub speaks_ahead: bool,
    /// What holds for every session with an agent.
    pub session: SessionOptions,
    /// Whose tokens the admin interface believes.
    pub tokens: TokenRules,
    /// Calls that are taken at one time.
    pub max_calls: usize,
    /// How long calls may go on after the end has been asked for.
    pub drain_timeout: Duration,
    /// How patient the server is, and with how many.
    pub server: ServerOptions,
    /// The way to whom flows ask.
    pub outside: Outside,
    /// How long a caller waits for the database where something else will do.
    pub patience: Patience,
    /// Who collects traces of calls, if anybody does.
    pub spans: Option<Arc<dyn SpanSink>>,
}

/// Everything that answers a call.
pub struct House {
    bridge: Bridge,
    store: Store,
    router: Router,
    keeper: Keeper,
    writing: JoinHandle<()>,
    jobs: Runner,
    spools: JobHouse,
    callers: Callers,
    memory: Memory,
    spool: Spool,
    server: ServerOptions,
    drain_timeout: Duration,
}

/// Jobs that were begun are given this long to end; the others wait for the next
/// process.
const LAST_JOBS: Duration = Duration::from_secs(10);

/// The last notes are given this long to reach the database, or the disk.
const LAST_NOTES: Duration = Duration::from_secs(20);

impl House {
    /// Builds it; the database is brought up to date and seeded.
    ///
    /// # Errors
    ///
    /// If the database cannot be opened.
    pub async fn build(
        plan: HousePlan,
        clock: Clock,
        rendering: Rendering,
    ) -> anyhow::Result<Self> {
        let store = store(&plan.database_url, plan.seals.clone(), &clock).await?;
        let house = Self::on(store, plan, (clock, rendering))?;
        house.appear().await?;
        Ok(house)
    }

    /// Puts it together on a database that was opened; it is to [appear](Self::appear)
    /// before it has a call.
    pub(super) fn on(
        store: Store,
        plan: HousePlan,
        (clock, rendering): (Clock, Rendering),
    ) -> anyhow::Result<Self> {
        let recordings = Recordings::at(plan.storage);
        let process = Process::new(clock.new_id());
        let (keeper, writing, spool) = keeper(&store, (&clock, &process), &recordings)?;
        let dialer = dialer(plan.agents, plan.session);
        let ways = (plan.speaks_ahead, &plan.outside, &plan.carrier, plan.spans);
        let equipment = equipment(ways, &dialer, (&store, &clock, &recordings));
        let bridge = Bridge::equipped(plan.max_calls, dialer, keeper.clone(), equipment);
        let ways = (plan.carrier.clone(), plan.transcriber);
        let kept = (&store, &clock, &recordings);
        let spools = job_house(&bridge, process, ways, reachable(&plan.public_url), kept);
        let webhooks = Webhooks {
            bridge: bridge.clone(),
            store: store.clone(),
            recordings: recordings.clone(),
            clock: clock.clone(),
            verifier: Arc::new(Verifier::new(plan.carrier_tokens)),
            public_url: plan.public_url.as_str().into(),
            memory: Memory::default(),
            trails: webhooks::Trails::default(),
            carrier: plan.carrier.clone(),
            outside: plan.outside,
            process: spools.process.clone(),
            callers: Callers::default(),
            strangers: webhooks::Strangers::default(),
            patience: plan.patience,
        };
        let api = ApiState {
            store: store.clone(),
            recordings,
            clock: clock.clone(),
            tokens: Arc::new(plan.tokens),
            carrier: plan.carrier,
            public_url: spools.public_url.clone(),
            started_at: clock.now(),
            bridge: bridge.clone(),
            rendering,
            simulator: webhooks::simulator(webhooks.clone()),
        };
        Ok(Self {
            callers: webhooks.callers.clone(),
            memory: webhooks.memory.clone(),
            router: router(api, webhooks, &clock),
            jobs: Runner::new(store.clone(), clock, Arc::new(spools.clone())),
            bridge,
            store,
            keeper,
            writing,
            spools,
            spool,
            server: plan.server,
            drain_timeout: plan.drain_timeout,
        })
    }

    /// Before it has a call, the others know that it is there; or soon, if the database is
    /// away just now.
    pub(super) async fn appear(&self) -> anyhow::Result<()> {
        match self.spools.beat().await {
            Err(error) if error.is_of_absence() => tracing::warn!(%error, "process.not_told"),
            told => told.context("the database takes nothing")?,
        }
        Ok(())
    }

    /// The live calls.
    pub fn bridge(&self) -> &Bridge {
        &self.bridge
    }

    /// Room on the disk of the recordings, for when there is none.
    pub(super) fn reserve(&self) -> Reserve {
        self.spools.recordings.reserve()
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Answers until told to stop, lets the calls in progress end, and leaves
    /// when the last note is written.
    pub async fn open(self, listener: TcpListener, shutdown: Shutdown) {
        let bridge = self.bridge;
        let no_more_jobs = CancellationToken::new();
        let mut jobs = tokio::spawn(self.jobs.run(no_more_jobs.clone()));
        tokio::spawn(self.spools.clone().watch_spools(no_more_jobs.clone()));
        let ahead = say_ahead(bridge.clone(), self.store.clone());
        tokio::spawn(no_more_jobs.clone().run_until_cancelled_owned(ahead));
        let ahead = webhooks::learn_ahead(self.memory, self.store.clone());
        tokio::spawn(no_more_jobs.clone().run_until_cancelled_owned(ahead));
        let watch = Watch::new(self.spools.clone());
        let watching = tokio::spawn(watch.keep(no_more_jobs.clone()));
        // While calls go on the carrier has questions, and gets answers.
        let empty = async {
            shutdown.drain.cancelled().await;
            let last_calls = async {
                shutdown.last_calls(self.drain_timeout).await;
                bridge.leave_soon();
            };
            let deadline = shutdown.deadline(self.drain_timeout);
            let mut drained = pin!(bridge.drain(self.callers.gone(), deadline));
            tokio::select! {
                () = drained.as_mut() => {}
                () = last_calls => drained.await,
            }
        };
        serve(listener, self.router, self.server, empty).await;
        let written = async {
            self.keeper.close().await;
            self.writing.await
        };
        // Every call is over: what was recorded of it is written.
        if timeout(LAST_NOTES, self.spool.close()).await.is_err() {
            tracing::error!("the disk did not take the last of the recordings in time");
        }
        no_more_jobs.cancel();
        if timeout(LAST_JOBS, &mut jobs).await.is_err() {
            tracing::warn!("jobs were cut short; they are done again");
            jobs.abort();
        }
        if timeout(LAST_NOTES, written).await.is_err() {
            tracing::error!("the database did not take the last notes in time");
        }
        // Who is still asked about somebody else's calls asks no more.
        let _ = timeout(LAST_JOBS, watching).await;
        match timeout(LAST_JOBS, self.spools.leave()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "process.not_told"),
            Err(_) => tracing::warn!("process.not_told: the database does not answer"),
        }
        if timeout(LAST_JOBS, self.store.close()).await.is_err() {
            tracing::warn!("the database was left without a goodbye");
        }
    }
}

/// Has what callers hear while nobody answers said before there are any, in every voice
/// that a number leads to.
async fn say_ahead(bridge: Bridge, store: Store) {
    match in_time(routing_facts::receptionists_in_use(&store, MAX_AHEAD)).await {
        Ok(receptionists) => bridge.say_ahead(&receptionists).await,
        Err(error) => tracing::warn!(%error, "phrases.not_said"),
    }
}

/// So many receptionists at most; the others say it when they are first rung.
const MAX_AHEAD: u32 = 64;

/// Every door to the street.
fn router(api: ApiState, webhooks: Webhooks, clock: &Clock) -> Router {
    let router = api::router(api).merge(webhooks::router(webhooks));
    Manners::new(clock.clone(), webhooks::apology).teach(router)
}

/// What keeps the facts about calls, and the sound of those that are recorded.
fn keeper(
    store: &Store,
    (clock, process): (&Clock, &Process),
    recordings: &Recordings,
) -> std::io::Result<(Keeper, JoinHandle<()>, Spool)> {
    let spool = Spool::within(recordings.spool_folder(), recordings.headroom().clone())?;
    let journal = Journal::start(recordings.journal_folder())?;
    let (keeper, writing) = Keeper::start(store.clone(), clock.clone(), Some(journal));
    let keeper = keeper.of_process(process.id()).recording_to(spool.clone());
    Ok((keeper, writing, spool))
}

/// The way to the agents.
fn dialer(agents: Vec<Endpoint>, session: SessionOptions) -> Arc<dyn Dialer> {
    Arc::new(RealtimeDialer::in_order(agents, session))
}

/// What calls have beside the line.
fn equipment(
    (speaks_ahead, outside, carrier, spans): (
        bool,
        &Outside,
        &Option<Client>,
        Option<Arc<dyn SpanSink>>,
    ),
    dialer: &Arc<dyn Dialer>,
    (store, clock, recordings): (&Store, &Clock, &Recordings),
) -> Equipment {
    let phrasebook = speaks_ahead.then(|| Phrasebook::new(Arc::clone(dialer), recordings.clone()));
    let toolbox = Toolbox {
        store: store.clone(),
        clock: clock.clone(),
        outside: outside.clone(),
        has_carrier: carrier.is_some(),
    };
    Equipment {
        phrasebook,
        toolbox: Some(toolbox),
        spans,
    }
}

/// What the jobs need.
fn job_house(
    bridge: &Bridge,
    process: Process,
    (carrier, transcriber): (Option<Client>, Option<Transcriber>),
    public_url: Option<Arc<str>>,
    (store, clock, recordings): (&Store, &Clock, &Recordings),
) -> JobHouse {
    JobHouse {
        store: store.clone(),
        clock: clock.clone(),
        recordings: recordings.clone(),
        carrier,
        transcriber,
        public_url,
        process,
        is_live: liveness(bridge.clone()),
        tell_closed: teller(bridge.clone()),
        tell_again: reteller(bridge.clone()),
        is_behind: arrears(bridge.clone()),
    }
}

/// Whether a call goes on here.
fn liveness(bridge: Bridge) -> Arc<dyn Fn(&CallSid) -> bool + Send + Sync> {
    Arc::new(move |call_sid| bridge.has(call_sid))
}

/// Tells whoever watches that a call is over.
fn teller(bridge: Bridge) -> Arc<dyn Fn(&CallLog) + Send + Sync> {
    Arc::new(move |call| bridge.tell_closed(call))
}

/// Tells once more what was told of a call too early.
fn reteller(bridge: Bridge) -> TellAgain {
    Arc::new(move |text: String| {
        let bridge = bridge.clone();
        async move { bridge.tell_again(&text).await }.boxed()
    })
}

/// Whether facts about calls wait here for the database.
fn arrears(bridge: Bridge) -> Arc<dyn Fn() -> bool + Send + Sync> {
    Arc::new(move || bridge.keeping() != (Keeping::Written, 0))
}

/// The database, with every secret in it sealed.
pub(super) async fn store(
    url: &Secret<String>,
    seals: Seals,
    clock: &Clock,
) -> anyhow::Result<Store> {
    let store = migrate::open(url, clock).await?.with_seals(seals);
    let sealed = kept_secrets::seal_all(&store).await;
    let sealed = sealed.context("the secrets of tenants cannot be sealed")?;
    if sealed > 0 {
        tracing::info!(rows = sealed, "secrets from before are sealed now");
    }
    Ok(store)
}

/// The address, if a carrier can reach it.
fn reachable(public_url: &str) -> Option<Arc<str>> {
    let url: Option<PublicUrl> = public_url.parse().ok();
    url.filter(PublicUrl::is_public)
        .map(|url| url.as_str().into())
}

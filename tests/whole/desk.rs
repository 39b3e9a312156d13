//! A gateway that listens on loopback, with a simulated model behind it.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use frontdesk::api::TokenRules;
use frontdesk::app::{House, HousePlan, ServerOptions, Shutdown};
use frontdesk::bridge::Bridge;
use frontdesk::clock::Clock;
use frontdesk::domain::{
    CallLog, CallSid, Entry, Lock, Secret, SettingKey, SettingValue, Timestamp,
};
use frontdesk::egress::Outside;
use frontdesk::realtime::{Endpoint, SessionOptions};
use frontdesk::rehearsal::Spoken;
use frontdesk::rehearsal::carrier::{CallReport, Carrier, CarrierOptions, Script, Step};
use frontdesk::rehearsal::model::{Line, ModelOptions, ModelServer, SessionRecord};
use frontdesk::rehearsal::{CALLER, Clip, RECEPTIONIST};
use frontdesk::store::{MasterKey, Seals, Store, calls, settings};
use frontdesk::webhooks::Patience;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What the carrier believes our address to be.
pub(super) const PUBLIC_URL: &str = "https://desk.example.com";
/// The carrier's token.
pub(super) const TOKEN: &str = "8f1c7d0a5b2e4963";

/// A gateway, its model and its database, gone when it is dropped.
pub(super) struct Desk {
    pub(super) model: ModelServer,
    pub(super) bridge: Bridge,
    pub(super) store: Store,
    pub(super) base_url: String,
    pub(super) shutdown: Shutdown,
    pub(super) open: JoinHandle<()>,
    _folder: TempDir,
}

impl Desk {
    /// A gateway whose agents are at a model with these options.
    pub(super) async fn open(model: ModelOptions) -> Self {
        let model = ModelServer::start(model).await.expect("a port is free");
        let url = model.url();
        Self::open_at(model, &url).await
    }

    /// The same, with the agents somewhere else.
    pub(super) async fn open_at(model: ModelServer, agent_url: &str) -> Self {
        Self::build(model, agent_url, |_| {}).await
    }

    /// The same as [`Desk::open`], with something changed in the plan.
    pub(super) async fn with(model: ModelOptions, change: impl FnOnce(&mut HousePlan)) -> Self {
        let model = ModelServer::start(model).await.expect("a port is free");
        let url = model.url();
        Self::build(model, &url, change).await
    }

    /// The same as [`Desk::open_at`], with something changed in the plan.
    pub(super) async fn build(
        model: ModelServer,
        agent_url: &str,
        change: impl FnOnce(&mut HousePlan),
    ) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let database = format!("sqlite://{}", folder.path().join("desk.db").display());
        let mut agent = Endpoint::new(agent_url, "gpt-realtime-2.1");
        agent.api_key = Some(Secret::new("sk-secret-key-of-the-test".to_owned()));
        let mut plan = HousePlan {
            database_url: Secret::new(database),
            seals: Seals::new([&MasterKey::random()]),
            storage: folder.path().join("recordings"),
            public_url: PUBLIC_URL.to_owned(),
            carrier_tokens: vec![Secret::new(TOKEN.to_owned())],
            carrier: None,
            transcriber: None,
            agents: vec![agent],
            speaks_ahead: false,
            session: SessionOptions::default(),
            tokens: TokenRules::default(),
            max_calls: 50,
            drain_timeout: Duration::from_secs(20),
            server: ServerOptions::default(),
            outside: Outside::guarded(),
            // Whoever wants to see a caller lose patience says so.
            patience: Patience::of(Duration::from_secs(2)),
            spans: None,
        };
        change(&mut plan);
        let house = House::build(plan, Clock::system(), Arc::new(String::new));
        let house = house.await.expect("the house is built");
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let address = listener.local_addr().expect("it listens");
        let (bridge, store) = (house.bridge().clone(), house.store().clone());
        record_nobody(&store).await;
        let shutdown = Shutdown::default();
        let open = tokio::spawn(house.open(listener, shutdown.clone()));
        let base_url = format!("http://{address}");
        Self {
            model,
            bridge,
            store,
            base_url,
            shutdown,
            open,
            _folder: folder,
        }
    }

    /// A carrier that knows this gateway.
    pub(super) fn carrier(&self) -> Carrier {
        Carrier::new(self.carrier_options()).expect("the addresses are good")
    }

    pub(super) fn carrier_options(&self) -> CarrierOptions {
        let token = Secret::new(TOKEN.to_owned());
        let mut options = CarrierOptions::new(self.base_url.clone(), token);
        PUBLIC_URL.clone_into(&mut options.public_url);
        options
    }

    /// One call; it must go without a violation on either side.
    pub(super) async fn call(&self, steps: Vec<Step>) -> (CallReport, SessionRecord) {
        let report = self.carrier().place_call(&Script::new(steps)).await;
        assert_eq!(report.all_violations(), Vec::<String>::new());
        assert_eq!(report.failures, Vec::<String>::new());
        assert_eq!(self.model.violations(), Vec::<String>::new());
        let session = self.session(0).await;
        (report, session)
    }

    /// The record of a session once it is closed, which is soon after the call.
    pub(super) async fn session(&self, index: usize) -> SessionRecord {
        let is_closed =
            |all: &[SessionRecord]| all.get(index).is_some_and(|one| one.closed_at.is_some());
        let closed = self.model.wait_for(Duration::from_secs(1), is_closed).await;
        closed.expect("1 s after the call no model socket is left");
        let session = self.model.sessions().swap_remove(index);
        show_to_oracle(&session);
        session
    }

    /// The entry of a call once it is written to its end.
    pub(super) async fn log(&self, report: &CallReport) -> CallLog {
        let call_sid: CallSid = report.call_sid.parse().expect("a SID of the carrier's");
        let written = async {
            loop {
                let found = calls::find_by_sid(&self.store, &call_sid).await;
                match found.expect("the database answers") {
                    Some(log) if log.end_reason.is_some() && log.status.is_terminal() => {
                        return log;
                    }
                    _ => tokio::task::yield_now().await,
                }
            }
        };
        let written = tokio::time::timeout(Duration::from_secs(20), written).await;
        written.expect("the call is written to its end")
    }

    /// Waits until nothing of any call is left, a second at most.
    pub(super) async fn is_empty(&self) {
        let empty = async {
            while self.bridge.counts().live > 0 || self.model.live() > 0 {
                tokio::task::yield_now().await;
            }
        };
        let empty = tokio::time::timeout(Duration::from_secs(1), empty).await;
        empty.expect("1 s after the call no task and no model socket is left");
    }
}

/// Nobody is recorded, nor told so, where the test does not want it.
pub(super) async fn record_nobody(store: &Store) {
    let entry = Entry {
        value: SettingValue::Truth(false),
        lock: Lock::Unlocked,
    };
    let (key, at) = (SettingKey::AutoRecordCalls, Timestamp::from_ms(0));
    let set = settings::put_platform(store, key, &entry, at).await;
    set.expect("the database takes it");
}

/// Keeps what the gateway really said, for OpenAI's own library to judge.
fn show_to_oracle(session: &SessionRecord) {
    let Some(folder) = std::env::var_os("FRONTDESK_ORACLE_DIR") else {
        return;
    };
    let path = std::path::Path::new(&folder).join("gateway_events.jsonl");
    let file = OpenOptions::new().create(true).append(true).open(path);
    let mut lines = session.client_log.join("\n");
    lines.push('\n');
    file.and_then(|mut file| file.write_all(lines.as_bytes()))
        .expect("the oracle's folder is there");
}

/// A recording as something said.
pub(super) fn spoken(clip: &Clip) -> Spoken {
    Spoken::new(clip.text, clip.mulaw)
}

/// What the receptionist says, in the order of its turns.
pub(super) fn lines(clips: &[usize]) -> Vec<Line> {
    clips
        .iter()
        .map(|clip| Line::say(spoken(&RECEPTIONIST[*clip])))
        .collect()
}

/// A model that speaks recorded speech and understands the caller.
pub(super) fn talkative() -> ModelOptions {
    ModelOptions {
        lines: lines(&[0, 2, 1]),
        caller_transcripts: CALLER.iter().map(|clip| clip.text.to_owned()).collect(),
        ..ModelOptions::default()
    }
}

/// Milliseconds, for short.
pub(super) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

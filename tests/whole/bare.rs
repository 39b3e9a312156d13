//! The webhooks and the bridge alone, with a clock and agents of the test's own.

use std::future::pending;
use std::sync::Arc;

use frontdesk::app::{Manners, ServerOptions, serve};
use frontdesk::bridge::{Bridge, Dialer, Keeper, RealtimeDialer};
use frontdesk::clock::Clock;
use frontdesk::domain::{CallLog, CallSid, Secret};
use frontdesk::egress::Outside;
use frontdesk::jobs::Process;
use frontdesk::realtime::{Endpoint, SessionOptions};
use frontdesk::recordings::Recordings;
use frontdesk::rehearsal::carrier::{CallReport, Carrier, CarrierOptions, Script, Step};
use frontdesk::rehearsal::model::{ModelOptions, ModelServer};
use frontdesk::store::{Store, calls};
use frontdesk::twilio::signature::Verifier;
use frontdesk::webhooks::{self, Callers, Memory, Patience, Strangers, Trails, Webhooks};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::desk::{PUBLIC_URL, TOKEN, ms, record_nobody};

/// A door, a bridge and a database.
pub(super) struct Bare {
    _model: ModelServer,
    pub(super) bridge: Bridge,
    pub(super) store: Store,
    base_url: String,
    _folder: TempDir,
}

impl Bare {
    /// Agents are reached by what `dialer` makes of the usual way to the model.
    pub(super) async fn open(
        model: ModelOptions,
        clock: Clock,
        dialer: impl FnOnce(RealtimeDialer) -> Arc<dyn Dialer>,
    ) -> Self {
        let model = ModelServer::start(model).await.unwrap();
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite://{}", folder.path().join("desk.db").display());
        let store = Store::connect(&url).await.unwrap();
        store.migrate().await.unwrap();
        store.seed_defaults(clock.now()).await.unwrap();
        record_nobody(&store).await;
        let mut endpoint = Endpoint::new(model.url(), "gpt-realtime-2.1");
        endpoint.api_key = Some(Secret::new("sk-secret-key-of-the-test".to_owned()));
        let dialer = dialer(RealtimeDialer::new(endpoint, SessionOptions::default()));
        let (keeper, _) = Keeper::start(store.clone(), clock.clone(), None);
        let bridge = Bridge::new(10, dialer, keeper);
        let router = webhooks::router(Webhooks {
            bridge: bridge.clone(),
            store: store.clone(),
            recordings: Recordings::at(folder.path()),
            clock: clock.clone(),
            verifier: Arc::new(Verifier::new([Secret::new(TOKEN.to_owned())])),
            public_url: PUBLIC_URL.into(),
            memory: Memory::default(),
            trails: Trails::default(),
            carrier: None,
            outside: Outside::guarded(),
            process: Process::new(clock.new_id()),
            callers: Callers::default(),
            strangers: Strangers::default(),
            patience: Patience::of(ms(2_000)),
        });
        let router = Manners::new(clock, webhooks::apology).teach(router);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(serve(listener, router, ServerOptions::default(), pending()));
        Self {
            _model: model,
            bridge,
            store,
            base_url,
            _folder: folder,
        }
    }

    /// One call.
    pub(super) async fn call(&self, steps: Vec<Step>) -> CallReport {
        let token = Secret::new(TOKEN.to_owned());
        let mut options = CarrierOptions::new(self.base_url.clone(), token);
        PUBLIC_URL.clone_into(&mut options.public_url);
        let carrier = Carrier::new(options).unwrap();
        carrier.place_call(&Script::new(steps)).await
    }

    /// The entry of a call once its receptionist's part is written to its end.
    pub(super) async fn log(&self, report: &CallReport) -> CallLog {
        let call_sid: CallSid = report.call_sid.parse().unwrap();
        let written = async {
            loop {
                let found = calls::find_by_sid(&self.store, &call_sid).await.unwrap();
                match found {
                    Some(log) if log.end_reason.is_some() && log.ended_at.is_some() => return log,
                    _ => tokio::task::yield_now().await,
                }
            }
        };
        timeout(ms(20_000), written)
            .await
            .expect("it is written to its end")
    }
}

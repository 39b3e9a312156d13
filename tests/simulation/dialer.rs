//! Reaches for the simulated model over lines of memory.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use frontdesk::bridge::{AgentLeg, DialError, Dialer, Outbox, RealtimeDialer};
use frontdesk::call::Interruption;
use frontdesk::domain::{Receptionist, Secret};
use frontdesk::realtime::connection::{CONNECT_BUDGET, web_socket_config};
use frontdesk::realtime::{Endpoint, SessionOptions};
use frontdesk::rehearsal::model::ModelServer;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::time::timeout;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use super::chance::Chance;
use super::network::{Network, Weather};
use super::plan::{ModelLine, Plan};

const URL: &str = "ws://model.example.com/v1/realtime?model=gpt-realtime-2.1";

pub(super) struct SimulatedDialer {
    lines: Vec<ModelLine>,
    next: AtomicUsize,
    interruption: Interruption,
    network: Network,
    model: Arc<ModelServer>,
    legs: RealtimeDialer,
    chance: Mutex<Chance>,
}

impl SimulatedDialer {
    pub(super) fn new(plan: &Plan, network: Network, model: Arc<ModelServer>) -> Self {
        let endpoint = Endpoint::new(URL, "gpt-realtime-2.1");
        Self {
            lines: plan.model_lines.clone(),
            next: AtomicUsize::new(0),
            interruption: plan.interruption,
            network,
            model,
            legs: RealtimeDialer::new(endpoint, SessionOptions::default()),
            chance: Mutex::new(Chance::new(plan.seed ^ 0xD1A1)),
        }
    }

    fn reach(
        &self,
        weather: &Weather,
        receptionist: &Arc<Receptionist>,
        ordinal: u32,
    ) -> BoxFuture<'static, Result<Box<dyn AgentLeg>, DialError>> {
        let chance = self.chance.lock().expect("nobody panics").fork();
        let (network, model) = (self.network.clone(), Arc::clone(&self.model));
        let (weather, legs) = (weather.clone(), self.legs.clone());
        let receptionist = Arc::clone(receptionist);
        async move {
            let (near, far) = network.open(&weather, chance);
            let near = Outbox::new(near);
            model.serve(far);
            drop(model);
            let mut request = URL.into_client_request().expect("a good URL");
            let key = Secret::new("Bearer sk-of-the-simulation".to_owned());
            let key = HeaderValue::from_str(key.expose()).expect("a good header");
            request.headers_mut().insert("authorization", key);
            let upgraded = client_async_with_config(request, near, Some(web_socket_config()));
            let refused = |reason: String| DialError {
                reason,
                is_final: false,
            };
            match timeout(CONNECT_BUDGET, upgraded).await {
                Ok(Ok((socket, _))) => Ok(legs.leg_on(socket, &receptionist, ordinal)),
                Ok(Err(error)) => Err(refused(error.to_string())),
                Err(_) => Err(refused("too late".to_owned())),
            }
        }
        .boxed()
    }
}

impl Dialer for SimulatedDialer {
    fn dial(
        &self,
        receptionist: &Arc<Receptionist>,
        ordinal: u32,
    ) -> BoxFuture<'static, Result<Box<dyn AgentLeg>, DialError>> {
        let at = self.next.fetch_add(1, Ordering::Relaxed) % self.lines.len();
        match &self.lines[at] {
            ModelLine::Open(weather) => self.reach(weather, receptionist, ordinal),
            ModelLine::Refused { is_final } => {
                let is_final = *is_final;
                let reason = "nobody is there".to_owned();
                async move { Err(DialError { reason, is_final }) }.boxed()
            }
        }
    }

    fn interruption(&self) -> Interruption {
        self.interruption
    }

    fn model(&self) -> Option<&str> {
        None
    }
}

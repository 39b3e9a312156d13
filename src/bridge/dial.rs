//! Reaches agents that speak the Realtime protocol.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::agent_leg::{AgentLeg, DialError, Dialer};
use super::realtime_leg::RealtimeLeg;
use super::wire::Wire;
use crate::call::Interruption;
use crate::domain::{ModelPrice, Receptionist};
use crate::realtime::client_event::ClientEvent;
use crate::realtime::connection::connect;
use crate::realtime::{Endpoint, SessionConfig, SessionOptions};

/// Dials one endpoint for every call.
#[derive(Clone, Debug)]
pub struct RealtimeDialer {
    endpoint: Endpoint,
    options: SessionOptions,
}

impl RealtimeDialer {
    /// A dialer of `endpoint`; `options` hold for every receptionist.
    pub fn new(endpoint: Endpoint, options: SessionOptions) -> Self {
        Self { endpoint, options }
    }
}

impl Dialer for RealtimeDialer {
    fn dial(
        &self,
        receptionist: &Receptionist,
    ) -> BoxFuture<'static, Result<Box<dyn AgentLeg>, DialError>> {
        let endpoint = self.endpoint.clone();
        let session = SessionConfig::for_receptionist(receptionist, &self.options);
        let receptionist = receptionist.clone();
        async move {
            let socket = connect(&endpoint).await;
            let socket = socket.map_err(|error| DialError {
                reason: error.to_string(),
            })?;
            let update = ClientEvent::SessionUpdate { session: &session };
            let leg = RealtimeLeg::new(Wire::new(socket), &receptionist, &update);
            Ok(Box::new(leg) as Box<dyn AgentLeg>)
        }
        .boxed()
    }

    fn interruption(&self) -> Interruption {
        Interruption::Truncate
    }

    fn price(&self) -> Option<ModelPrice> {
        ModelPrice::of(&self.endpoint.model)
    }
}

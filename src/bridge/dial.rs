//! Reaches agents that speak the Realtime protocol.

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;

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

    /// A leg on a connection that is open, whatever carries it: a line of
    /// memory, say. It hands the agent its configuration at once.
    pub fn leg_on<S>(
        &self,
        socket: WebSocketStream<S>,
        receptionist: &Receptionist,
    ) -> Box<dyn AgentLeg>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let session = SessionConfig::for_receptionist(receptionist, &self.options);
        let update = ClientEvent::SessionUpdate { session: &session };
        Box::new(RealtimeLeg::new(Wire::new(socket), receptionist, &update))
    }
}

impl Dialer for RealtimeDialer {
    fn dial(
        &self,
        receptionist: &Receptionist,
    ) -> BoxFuture<'static, Result<Box<dyn AgentLeg>, DialError>> {
        let (dialer, receptionist) = (self.clone(), receptionist.clone());
        async move {
            let socket = connect(&dialer.endpoint).await;
            let socket = socket.map_err(|error| DialError {
                reason: error.to_string(),
            })?;
            Ok(dialer.leg_on(socket, &receptionist))
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

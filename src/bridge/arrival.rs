//! A stream on its way from the carrier's upgrade to its call.

use std::future::Future;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::carrier_leg::await_start;
use super::outbox::Outbox;
use super::registry::Bridge;
use super::wire::{Wire, wire_config};

/// The longest message that a carrier may send.
const MAX_MESSAGE: usize = 64 * 1024;

impl Bridge {
    /// Takes a socket whose upgrade has been granted. It must say within 5 s
    /// which call it belongs to and show that call's token; else it is closed
    /// with 1008, and no agent has been dialled for it.
    ///
    /// False if too many sockets are waiting to say so already.
    pub fn receive<S, E>(
        &self,
        upgraded: impl Future<Output = Result<S, E>> + Send + 'static,
    ) -> bool
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        E: std::fmt::Display + Send,
    {
        let Ok(seat) = Arc::clone(self.waiting_room()).try_acquire_owned() else {
            metrics::counter!("frontdesk_streams_refused_total", "why" => "crowd").increment(1);
            return false;
        };
        let bridge = self.clone();
        tokio::spawn(async move {
            let _seat = seat;
            match upgraded.await {
                Ok(socket) => bridge.welcome(socket).await,
                Err(error) => tracing::debug!(%error, "stream.upgrade_failed"),
            }
        });
        true
    }

    async fn welcome<S>(&self, socket: S)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let config = Some(wire_config(MAX_MESSAGE));
        let socket = Outbox::new(socket);
        let socket = WebSocketStream::from_raw_socket(socket, Role::Server, config).await;
        let refused = match await_start(Wire::new(socket, Role::Server)).await {
            Ok((start, wire)) => self
                .attach(start, wire)
                .await
                .err()
                .map(|error| error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = refused {
            metrics::counter!("frontdesk_streams_refused_total", "why" => "start").increment(1);
            tracing::warn!(why, "stream.refused");
        }
    }
}

//! The floors, put together and taken down.

use std::sync::Arc;

use anyhow::Context as _;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use tokio::net::TcpListener;

use super::config::{Config, HttpConfig};
use super::manners::Manners;
use super::migrate;
use super::server::serve;
use super::shutdown::Shutdown;
use super::telemetry::Metrics;
use crate::api::{self, ApiState, LiveCounts};
use crate::clock::Clock;

/// `frontdesk serve`: opens the house, and closes it when asked to.
pub(super) async fn open(config: Config) -> anyhow::Result<()> {
    let clock = Clock::system();
    let metrics = Metrics::install()?;
    let upkeep = tokio::spawn(metrics.clone().keep_up());
    let shutdown = Shutdown::on_signals().context("signals cannot be received")?;
    let store = migrate::open(&config.database, &clock).await?;
    let listener = listen(&config.http).await?;

    let capacity = config.calls.max_calls.get();
    let drain = shutdown.drain.clone();
    let state = ApiState {
        store: store.clone(),
        clock: clock.clone(),
        started_at: clock.now(),
        live: Arc::new(move || LiveCounts {
            live: 0,
            capacity,
            draining: drain.is_cancelled(),
        }),
        rendering: Arc::new(move || metrics.render()),
    };
    let apology = || StatusCode::SERVICE_UNAVAILABLE.into_response();
    let router = Manners::new(clock, apology).teach(api::router(state));
    let options = config.http.server_options();
    serve(listener, router, options, shutdown.drain.cancelled()).await;

    upkeep.abort();
    store.close().await;
    tracing::info!("closed");
    Ok(())
}

async fn listen(config: &HttpConfig) -> anyhow::Result<TcpListener> {
    let address = config.listen_address();
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| {
        format!("{address} cannot be listened on; PORT and HOST choose another")
    })?;
    let public_url = config.public_url();
    let address = listener.local_addr()?;
    tracing::info!(%address, public_url = public_url.as_str(), "open");
    if !public_url.is_public() {
        tracing::warn!(
            public_url = public_url.as_str(),
            "no carrier reaches this; PUBLIC_URL wants the https address of a tunnel or proxy"
        );
    }
    Ok(listener)
}

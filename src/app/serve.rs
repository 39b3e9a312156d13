//! `frontdesk serve`: answers calls until told to stop.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Handle;

use super::config::{AuthConfig, Config, HttpConfig, TwilioConfig};
use super::house::{House, HousePlan};
use super::measures::{Metrics, watch_agents, watch_disk, watch_lag};
use super::openai_config::{OpenAiConfig, RealtimeAuth};
use super::shutdown::Shutdown;
use super::traces::Traces;
use super::{gauge, master_key, unopened};
use crate::api::{Keyring, Rendering, TokenRules};
use crate::bridge::SpanSink;
use crate::clock::{Clock, random_bytes};
use crate::egress::{self, Outside};
use crate::realtime::{Auth, Endpoint, SessionOptions};
use crate::transcribe::Transcriber;
use crate::twilio::rest::Client;
use crate::webhooks::Patience;

/// Opens the house, and closes it when asked to.
pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    let metrics = Metrics::install()?;
    let upkeep = tokio::spawn(metrics.clone().keep_up());
    let watch = tokio::spawn(watch_lag());
    let shutdown = Shutdown::on_signals().context("signals cannot be received")?;
    let runtime = Handle::current();
    let rendering = Arc::new(move || {
        gauge::tell(&runtime);
        metrics.render()
    });
    let listener = listen(&config.http).await?;
    let traces = Traces::begin(&config.traces)?;
    let mut plan = plan(config)?;
    plan.spans = traces.clone().map(|traces| traces as Arc<dyn SpanSink>);
    if let Some((house, listener)) = build(plan, listener, (&shutdown, rendering)).await? {
        let disk = tokio::spawn(watch_disk(house.reserve()));
        let agents = tokio::spawn(watch_agents(house.bridge().clone()));
        house.open(listener, shutdown).await;
        disk.abort();
        agents.abort();
    }
    if let Some(traces) = traces {
        traces.close().await;
    }
    upkeep.abort();
    watch.abort();
    tracing::info!("closed");
    Ok(())
}

/// The house, as soon as its database is there; none if the end was asked for before.
async fn build(
    plan: HousePlan,
    listener: TcpListener,
    (shutdown, rendering): (&Shutdown, Rendering),
) -> anyhow::Result<Option<(House, TcpListener)>> {
    let clock = Clock::system();
    let closed = unopened::router(&clock, Arc::clone(&rendering));
    let opening = unopened::store(&plan, &clock, shutdown);
    let street = (listener, plan.server);
    let (store, listener) = unopened::answering(street, closed, opening).await?;
    let Some(store) = store? else {
        return Ok(None);
    };
    let house = House::on(store, plan, (clock, rendering))?;
    house.appear().await?;
    Ok(Some((house, listener)))
}

fn plan(config: Config) -> anyhow::Result<HousePlan> {
    let public_url = config
        .http
        .public_url()
        .as_str()
        .trim_end_matches('/')
        .to_owned();
    let server = config.http.server_options();
    let carrier = carrier(&config.twilio);
    let tokens = [
        Some(config.twilio.twilio_auth_token),
        config.twilio.twilio_auth_token_secondary,
    ];
    let transcriber = transcriber(&config.openai);
    let overlay = config.openai.openai_session_overlay.clone();
    let limit = config.openai.openai_session_limit;
    let seals = master_key::seals(&config.seal, &config.database.database_url)?;
    Ok(HousePlan {
        database_url: config.database.database_url,
        seals,
        storage: config.storage.storage_url.into_folder(),
        public_url,
        carrier_tokens: tokens.into_iter().flatten().collect(),
        carrier,
        transcriber,
        agents: endpoints(config.openai)?,
        speaks_ahead: true,
        session: SessionOptions {
            overlay: overlay.map(|overlay| Value::Object(overlay.into_map())),
            limit,
            ..SessionOptions::default()
        },
        tokens: token_rules(config.auth),
        max_calls: config.calls.max_calls.get(),
        drain_timeout: config.calls.drain_timeout,
        server,
        outside: Outside::guarded(),
        patience: Patience::default(),
        spans: None,
    })
}

fn carrier(config: &TwilioConfig) -> Option<Client> {
    let http = egress::patient_for(Duration::from_secs(2), Duration::from_secs(10));
    let base = config.twilio_api_base_url.clone();
    let jitter = || u32::from_le_bytes(random_bytes());
    let account = config.account()?;
    Some(Client::new(http, base, account, jitter))
}

fn transcriber(config: &OpenAiConfig) -> Option<Transcriber> {
    let http = egress::patient_for(Duration::from_secs(5), Duration::from_mins(2));
    let key = config.openai_api_key.clone();
    let base = config.api_base_url()?;
    let model = &config.openai_transcription_model;
    Some(Transcriber::new(http, &base, key, model))
}

fn token_rules(config: AuthConfig) -> TokenRules {
    let keyring = |url| Keyring::new(egress::client(), url);
    TokenRules {
        secret: config.jwt_secret,
        keyring: config.jwt_jwks_url.map(keyring),
        issuer: config.jwt_issuer,
        audience: config.jwt_audience,
    }
}

/// The endpoint, and the one that answers where it does not.
fn endpoints(config: OpenAiConfig) -> anyhow::Result<Vec<Endpoint>> {
    let second = config.second()?;
    let mut endpoints = vec![endpoint(config)];
    endpoints.extend(second.map(endpoint));
    Ok(endpoints)
}

fn endpoint(config: OpenAiConfig) -> Endpoint {
    let mut endpoint = Endpoint::new(
        config.openai_realtime_url.as_url().as_str(),
        config.openai_realtime_model,
    );
    endpoint.api_key = Some(config.openai_api_key);
    endpoint.auth = match config.openai_realtime_auth {
        RealtimeAuth::Bearer => Auth::Bearer,
        RealtimeAuth::ApiKey => Auth::ApiKeyHeader,
    };
    endpoint.headers = config
        .openai_realtime_headers
        .into_iter()
        .map(|header| (header.name, header.value))
        .collect();
    endpoint
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

//! The log on standard error, and the metrics that `/metrics` prints.

use std::io::{self, IsTerminal as _};
use std::panic;
use std::time::Duration;

use anyhow::Context as _;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use super::config::{LogConfig, LogFormat};

/// Begins to log, for the whole process; `usual` is logged where nothing is
/// said.
///
/// # Errors
///
/// If somebody else has begun already.
pub fn log(config: &LogConfig, usual: &str) -> anyhow::Result<()> {
    let filter = filter(config.rust_log.as_deref().unwrap_or(usual))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    let begun = match config.log_format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let message = panic.payload_as_str().unwrap_or_default();
        tracing::error!(
            panic.place = place,
            panic.message = message,
            "panicked: this is a bug"
        );
    }));
    begun.map_err(|error| anyhow::anyhow!("the log cannot begin: {error}"))
}

/// What is logged: as asked for, but for what no log may ever tell.
///
/// The WebSocket library writes whole requests, credentials and all, and what
/// people say at its finest level; it is not heard below `info`, whatever is
/// asked for.
///
/// # Errors
///
/// If `directives` make no filter.
pub fn filter(directives: &str) -> anyhow::Result<EnvFilter> {
    let mut filter = EnvFilter::try_new(directives).context("RUST_LOG")?;
    for target in [
        "tungstenite",
        "tokio_tungstenite",
        "hyper",
        "hyper_util",
        "reqwest",
        "rustls",
    ] {
        filter = filter.add_directive(format!("{target}=info").parse()?);
    }
    Ok(filter)
}

/// The metrics of this process.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Begins to count, for the whole process.
    ///
    /// # Errors
    ///
    /// If somebody else counts already.
    pub fn install() -> anyhow::Result<Self> {
        let handle = builder()?
            .install_recorder()
            .context("metrics cannot begin")?;
        describe();
        Ok(Self(handle))
    }

    /// Everything counted so far, in Prometheus' text format.
    ///
    /// <https://prometheus.io/docs/instrumenting/exposition_formats/>
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Folds what has been measured into buckets, for ever: a process that
    /// nobody scrapes would otherwise keep every single measurement.
    pub async fn keep_up(self) {
        let mut turns = tokio::time::interval(Duration::from_secs(5));
        loop {
            turns.tick().await;
            self.0.run_upkeep();
        }
    }
}

/// Seconds, from a database on the same machine to a model that thinks.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0,
];

fn builder() -> anyhow::Result<PrometheusBuilder> {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    PrometheusBuilder::new()
        .set_buckets_for_metric(seconds, SECONDS)
        .context("the buckets of the metrics")
}

fn describe() {
    describe_counter!("frontdesk_http_requests_total", "Requests answered.");
    describe_histogram!(
        "frontdesk_http_request_duration_seconds",
        Unit::Seconds,
        "From a request's headers to its answer's."
    );
    describe_counter!(
        "frontdesk_http_panics_total",
        "Handlers that panicked: bugs."
    );
    describe_gauge!("frontdesk_http_connections", "HTTP connections open.");
    describe_counter!(
        "frontdesk_http_connections_refused_total",
        "Connections closed unserved, by reason."
    );
    describe_gauge!("frontdesk_calls_live", "Calls in progress.");
    describe_gauge!(
        "frontdesk_calls_capacity",
        "Calls that are taken at one time."
    );
    describe_gauge!("frontdesk_draining", "1 while no new calls are taken.");
    describe_counter!(
        "frontdesk_calls_swept_total",
        "Calls whose end nobody told of: found at the carrier, or lost."
    );
    describe_counter!(
        "frontdesk_carrier_prices_missing_total",
        "Calls that the carrier had not rated after a day."
    );
    describe_counter!(
        "frontdesk_quota_alerts_total",
        "Limits of tenants that were come near to (soft) or reached (hard)."
    );
    describe_counter!(
        "frontdesk_quota_stops_total",
        "Calls that did not reach the AI because of a limit."
    );
    describe_counter!(
        "frontdesk_deleted_total",
        "What was kept long enough and deleted, by what it was."
    );
    describe_counter!(
        "frontdesk_jobs_total",
        "Jobs, by kind and by what came of them: done, again, failed, buried."
    );
    describe_gauge!("frontdesk_jobs_waiting", "Jobs that wait, by kind.");
    describe_gauge!(
        "frontdesk_jobs_oldest_seconds",
        Unit::Seconds,
        "For how long the oldest job has been due, by kind."
    );
}

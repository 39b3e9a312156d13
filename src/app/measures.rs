//! Everything that is counted and measured: what `/metrics` tells, and in which words.

use std::io;
use std::time::Duration;

use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use super::gauge::float;
use super::metric_list::METRICS;
use crate::bridge::Bridge;
use crate::domain::{JobKind, RecordingFault};
use crate::journal;
use crate::recordings::Reserve;

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
        for (name, kind, text) in METRICS {
            kind.describe(name, text);
        }
        begin_at_zero();
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

/// Counts from the beginning what an alert is about: whoever asks by how much a count has
/// grown does not see the first, if it appears with that.
fn begin_at_zero() {
    for name in FROM_ZERO {
        metrics::counter!(*name).increment(0);
    }
    for what in journal::FAULTS {
        metrics::counter!("frontdesk_journal_faults_total", "what" => what).increment(0);
    }
    for kind in JobKind::ALL {
        for outcome in ["done", "failed", "buried"] {
            let kind = kind.as_str();
            metrics::counter!("frontdesk_jobs_total", "kind" => kind, "outcome" => outcome)
                .increment(0);
        }
    }
    for fault in [RecordingFault::DiskFull, RecordingFault::DiskFailed] {
        let why = fault.as_str();
        metrics::counter!("frontdesk_recording_faults_total", "why" => why).increment(0);
    }
}

/// Without labels. `tests/measures.rs` holds them against the alerts.
const FROM_ZERO: &[&str] = &[
    "frontdesk_call_panics_total",
    "frontdesk_fallbacks_total",
    "frontdesk_http_panics_total",
    "frontdesk_log_lines_dropped_total",
    "frontdesk_notes_lost_total",
    "frontdesk_processes_lost_total",
    "frontdesk_recording_pieces_dropped_total",
    "frontdesk_routed_from_memory_total",
];

/// Measures, for ever, how late a task wakes up that has asked to be woken: so
/// late is everything else too.
pub(super) async fn watch_lag() {
    const EVERY: Duration = Duration::from_millis(100);
    let lag = metrics::histogram!("frontdesk_loop_lag_seconds");
    loop {
        let due = Instant::now() + EVERY;
        sleep(EVERY).await;
        lag.record(due.elapsed().as_secs_f64());
    }
}

/// Measures, for ever, how much room there is on the disk of the recordings, and keeps some
/// of it in reserve.
pub(super) async fn watch_disk(reserve: Reserve) {
    let (free, size) = (
        metrics::gauge!("frontdesk_disk_free_bytes"),
        metrics::gauge!("frontdesk_disk_size_bytes"),
    );
    let mut turns = tokio::time::interval(Duration::from_secs(5));
    let mut is_known = true;
    loop {
        turns.tick().await;
        let reserve = reserve.clone();
        let looked = spawn_blocking(move || reserve.keep()).await;
        match looked.map_err(io::Error::other).flatten() {
            Ok(disk) => {
                let bytes = |bytes| float(usize::try_from(bytes).unwrap_or(usize::MAX));
                free.set(bytes(disk.free));
                size.set(bytes(disk.size));
                is_known = true;
            }
            Err(error) => {
                // Once, and not every five seconds.
                if std::mem::take(&mut is_known) {
                    tracing::error!(%error, "disk.not_watched: see STORAGE_URL");
                }
            }
        }
    }
}

/// Measures, for ever, how the places stand where agents are.
pub(super) async fn watch_agents(bridge: Bridge) {
    let mut turns = tokio::time::interval(Duration::from_secs(5));
    loop {
        turns.tick().await;
        bridge.measure();
    }
}

/// Seconds, from the wake-up of a task to a model that thinks.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0,
];

/// Seconds of what should take less than a hundredth of one.
const REACTION: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.15, 0.5, 2.0, 10.0,
];

/// Bytes, from one frame of a caller to what breaks a line.
const BYTES: &[f64] = &[0.0, 300.0, 1_000.0, 4_000.0, 16_000.0, 64_000.0, 256_000.0];

fn builder() -> anyhow::Result<PrometheusBuilder> {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let bytes = Matcher::Suffix("_bytes".to_owned());
    let barge_in = Matcher::Full("frontdesk_barge_in_seconds".to_owned());
    PrometheusBuilder::new()
        .set_buckets_for_metric(seconds, SECONDS)
        .and_then(|builder| builder.set_buckets_for_metric(barge_in, REACTION))
        .and_then(|builder| builder.set_buckets_for_metric(bytes, BYTES))
        .context("the buckets of the metrics")
}

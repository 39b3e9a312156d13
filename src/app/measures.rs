//! Everything that is counted and measured: what `/metrics` tells, and in which words.

use std::time::Duration;

use anyhow::Context as _;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::time::{Instant, sleep};

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

/// Seconds, from the wake-up of a task to a model that thinks.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0,
];

fn builder() -> anyhow::Result<PrometheusBuilder> {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    PrometheusBuilder::new()
        .set_buckets_for_metric(seconds, SECONDS)
        .context("the buckets of the metrics")
}

/// How something is measured.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// It only grows.
    Count,
    /// It is so much now.
    Level,
    /// So many seconds now.
    Age,
    /// It takes so many seconds, each time.
    Seconds,
}

impl Kind {
    fn describe(self, name: &'static str, text: &'static str) {
        match self {
            Self::Count => describe_counter!(name, text),
            Self::Level => describe_gauge!(name, text),
            Self::Age => describe_gauge!(name, Unit::Seconds, text),
            Self::Seconds => describe_histogram!(name, Unit::Seconds, text),
        }
    }
}

/// All of them. `tests/measures.rs` holds this list against the code, and what is
/// under `deploy/` against this list.
const METRICS: &[(&str, Kind, &str)] = &[
    (
        "frontdesk_agent_endpoints_shut",
        Kind::Level,
        "Realtime endpoints that nobody is let through to for now.",
    ),
    (
        "frontdesk_agent_errors_total",
        Kind::Count,
        "Errors that agents told of.",
    ),
    (
        "frontdesk_agent_faults_total",
        Kind::Count,
        "Malformed messages of agents.",
    ),
    (
        "frontdesk_agent_outage_seconds",
        Kind::Seconds,
        "How long a call was without an agent before another took over.",
    ),
    (
        "frontdesk_agents_lost_total",
        Kind::Count,
        "Agents lost in the middle of a call.",
    ),
    (
        "frontdesk_call_panics_total",
        Kind::Count,
        "Calls that ended by a bug of ours; their callers went on along the route.",
    ),
    (
        "frontdesk_calls_capacity",
        Kind::Level,
        "Calls that the AI takes at one time.",
    ),
    (
        "frontdesk_calls_live",
        Kind::Level,
        "Calls that the AI has now.",
    ),
    (
        "frontdesk_calls_swept_total",
        Kind::Count,
        "Calls whose end nobody told of: found at the carrier, going on, or lost.",
    ),
    (
        "frontdesk_calls_total",
        Kind::Count,
        "Calls that the AI had, by how they ended.",
    ),
    (
        "frontdesk_carrier_faults_total",
        Kind::Count,
        "Messages of media streams that break the protocol, by what is wrong.",
    ),
    (
        "frontdesk_carrier_prices_missing_total",
        Kind::Count,
        "Calls that the carrier had not rated after a day.",
    ),
    (
        "frontdesk_consents_total",
        Kind::Count,
        "Answers to whether a call may be recorded, by answer.",
    ),
    (
        "frontdesk_deleted_total",
        Kind::Count,
        "What was kept long enough and deleted, by what it was.",
    ),
    (
        "frontdesk_dials_refused_total",
        Kind::Count,
        "Calls and texts that the policy did not let out, by reason.",
    ),
    (
        "frontdesk_draining",
        Kind::Level,
        "1 while no new calls are taken.",
    ),
    (
        "frontdesk_fallbacks_total",
        Kind::Count,
        "Callers who were led on because their way was blocked.",
    ),
    (
        "frontdesk_http_connections",
        Kind::Level,
        "HTTP connections open.",
    ),
    (
        "frontdesk_http_connections_refused_total",
        Kind::Count,
        "Connections closed unserved, by reason.",
    ),
    (
        "frontdesk_http_panics_total",
        Kind::Count,
        "Handlers that panicked: bugs.",
    ),
    (
        "frontdesk_http_request_duration_seconds",
        Kind::Seconds,
        "From a request's headers to its answer's.",
    ),
    (
        "frontdesk_http_requests_total",
        Kind::Count,
        "Requests answered.",
    ),
    (
        "frontdesk_interruptions_total",
        Kind::Count,
        "Answers that callers broke into.",
    ),
    (
        "frontdesk_ivr_questions_total",
        Kind::Count,
        "Requests that flows made of others, by outcome.",
    ),
    (
        "frontdesk_ivr_texts_total",
        Kind::Count,
        "Texts that flows sent, by outcome.",
    ),
    (
        "frontdesk_jobs_oldest_seconds",
        Kind::Age,
        "For how long the oldest job has been due, by kind.",
    ),
    (
        "frontdesk_jobs_total",
        Kind::Count,
        "Jobs, by kind and by what came of them: done, again, failed, buried.",
    ),
    (
        "frontdesk_jobs_waiting",
        Kind::Level,
        "Jobs that wait, by kind.",
    ),
    (
        "frontdesk_loop_lag_seconds",
        Kind::Seconds,
        "How late tasks wake up.",
    ),
    (
        "frontdesk_notes_lost_total",
        Kind::Count,
        "Facts about calls that could not be written down.",
    ),
    (
        "frontdesk_phrases_failed_total",
        Kind::Count,
        "Sentences that no agent could be got to say beforehand.",
    ),
    (
        "frontdesk_processes_lost_total",
        Kind::Count,
        "Processes of the house that ended without a word; their calls were seen to.",
    ),
    (
        "frontdesk_quota_alerts_total",
        Kind::Count,
        "Limits of tenants that were come near to (soft) or reached (hard).",
    ),
    (
        "frontdesk_quota_stops_total",
        Kind::Count,
        "Calls that did not reach the AI because of a limit.",
    ),
    (
        "frontdesk_recording_faults_total",
        Kind::Count,
        "Recordings that the disk refused, by reason.",
    ),
    (
        "frontdesk_recording_pieces_dropped_total",
        Kind::Count,
        "Pieces of recordings that the disk was too slow for.",
    ),
    (
        "frontdesk_recordings_total",
        Kind::Count,
        "Recordings, by what came of them: kept, kept in part, failed, deleted.",
    ),
    (
        "frontdesk_routed_from_memory_total",
        Kind::Count,
        "Calls that were routed while the database was away.",
    ),
    (
        "frontdesk_routes_total",
        Kind::Count,
        "Calls, by where they were led.",
    ),
    (
        "frontdesk_sms_total",
        Kind::Count,
        "Text messages, by what came of them.",
    ),
    (
        "frontdesk_streams_refused_total",
        Kind::Count,
        "Media streams that were not let in, by reason.",
    ),
    (
        "frontdesk_tool_questions_total",
        Kind::Count,
        "Requests that tools made of others, by outcome.",
    ),
    (
        "frontdesk_tools_total",
        Kind::Count,
        "Tools that receptionists wanted to use, by what came of it.",
    ),
    (
        "frontdesk_transcripts_total",
        Kind::Count,
        "Recordings written down, by outcome.",
    ),
    (
        "frontdesk_turn_latency_seconds",
        Kind::Seconds,
        "From the end of the caller's words to the answer: sent, and heard.",
    ),
    (
        "frontdesk_webhooks_refused_total",
        Kind::Count,
        "Webhooks that were not let in, by reason.",
    ),
];

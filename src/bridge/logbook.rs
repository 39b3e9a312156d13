//! What one call leaves behind: its reports on their way to keeper and watchers.

use std::time::Duration;

use tokio::sync::broadcast;
use tokio::time::Instant;

use super::agent_leg::DialError;
use super::keeper::{Finished, Keeper, Note};
use super::live::{Happening, LiveEvent};
use super::registry::Admission;
use crate::call::{Report, Session};
use crate::domain::{CallId, EndReason, ModelPrice, TenantId, TurnLatency};

/// Latencies kept of one call.
const MAX_LATENCIES: usize = 4_096;

/// The log of one call as it is written.
pub(super) struct Logbook {
    call_id: CallId,
    tenant_id: TenantId,
    keeper: Keeper,
    watchers: broadcast::Sender<LiveEvent>,
    price: Option<ModelPrice>,
    began: Instant,
    latencies: Vec<TurnLatency>,
}

impl Logbook {
    pub(super) fn new(
        admission: &Admission,
        keeper: Keeper,
        watchers: broadcast::Sender<LiveEvent>,
    ) -> Self {
        Self {
            call_id: admission.call_id,
            tenant_id: admission.tenant_id,
            keeper,
            watchers,
            price: None,
            began: Instant::now(),
            latencies: Vec::new(),
        }
    }

    /// What the agent costs.
    pub(super) fn priced(self, price: Option<ModelPrice>) -> Self {
        Self { price, ..self }
    }

    pub(super) fn admitted(&self) {
        tracing::info!(call.id = %self.call_id, tenant.id = %self.tenant_id, "call.admitted");
        self.tell(Happening::Admitted);
    }

    pub(super) fn answered(&self) {
        tracing::info!(call.id = %self.call_id, "call.answered");
        self.keeper.note(Note::Answered {
            tenant_id: self.tenant_id,
            call_id: self.call_id,
            at: self.keeper.now(),
        });
        self.tell(Happening::Answered);
    }

    pub(super) fn agent_failed(&self, error: &DialError) {
        tracing::warn!(call.id = %self.call_id, %error, "agent.unavailable");
    }

    pub(super) fn report(&mut self, report: Report) {
        match &report {
            Report::Latency(latency) => self.note_latency(*latency),
            Report::Interrupted { .. } => {
                metrics::counter!("frontdesk_interruptions_total").increment(1);
            }
            Report::Connected
            | Report::Speaking(_)
            | Report::Said(_)
            | Report::Digits(_)
            | Report::Used(_)
            | Report::Silence { .. } => {}
        }
        self.tell(Happening::Reported(report));
    }

    fn note_latency(&mut self, latency: TurnLatency) {
        metrics::histogram!("frontdesk_turn_latency_seconds", "at" => "sent")
            .record(latency.sent.as_secs_f64());
        if let Some(heard) = latency.heard {
            metrics::histogram!("frontdesk_turn_latency_seconds", "at" => "heard")
                .record(heard.as_secs_f64());
        }
        if self.latencies.len() < MAX_LATENCIES {
            self.latencies.push(latency);
        }
    }

    /// Hands the whole to the keeper; both sockets are closed by now.
    pub(super) async fn finish(self, session: &Session, end_reason: EndReason) {
        let outcome = end_reason.as_str();
        let duration = self.began.elapsed();
        tracing::info!(
            call.id = %self.call_id, outcome, duration_ms = duration.as_millis(), "call.ended"
        );
        metrics::counter!("frontdesk_calls_total", "outcome" => outcome).increment(1);
        let usage = session.usage();
        self.tell(Happening::Ended(end_reason));
        let finished = Finished {
            tenant_id: self.tenant_id,
            call_id: self.call_id,
            at: self.keeper.now(),
            end_reason,
            usage,
            cost: self.price.map(|price| price.cost(&usage)),
            utterances: session.transcript().collect(),
            latencies: self.latencies,
        };
        self.keeper.finish(finished).await;
    }

    fn tell(&self, what: Happening) {
        let at: Duration = self.began.elapsed();
        let event = LiveEvent {
            call_id: self.call_id,
            tenant_id: self.tenant_id,
            at,
            what,
        };
        // Nobody watching is no fault.
        let _ = self.watchers.send(event);
    }
}

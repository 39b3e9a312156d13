//! What one call leaves behind: its reports on their way to keeper and watchers.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::admission::Admission;
use super::agent_leg::DialError;
use super::discretion::Discretion;
use super::feed::Feed;
use super::keeper::Keeper;
use super::live::{Happening, LiveEvent};
use super::note::{Answered, Finished, Note, Of};
use super::past::Past;
use super::recorder::RecordOrder;
use super::span::SpanSink;
use super::standing::Standing;
use super::trace::{Beginning, Trace};
use crate::call::{Action, Event, Report, Session};
use crate::domain::{
    CallId, EndReason, ModelPrice, Money, ReceptionistId, RecordingState, TenantId, Timestamp,
    TurnLatency, Usage, Utterance,
};

/// What the agent has used is written down so often while the call goes on, so
/// that a tenant's limits hold, and the end of the process takes little with it.
const NOTE_EVERY: Duration = Duration::from_secs(10);
/// Tools written down of one call. It may use fewer: what an agent wishes beyond is
/// refused, and fills no log.
const MAX_TOOLS: u32 = 256;
/// Latencies kept of one call.
const MAX_LATENCIES: usize = 4_096;

/// The log of one call as it is written.
pub(super) struct Logbook {
    call_id: CallId,
    tenant_id: TenantId,
    receptionist_id: ReceptionistId,
    keeper: Keeper,
    feed: Feed,
    price: Option<ModelPrice>,
    began: Instant,
    began_at: Timestamp,
    used: Usage,
    noted_at: Instant,
    latencies: Vec<TurnLatency>,
    /// What was said since it began and is written down, in the order of its time.
    said: Vec<Utterance>,
    /// How often a tool was used.
    tools: u32,
    /// What was before, if the caller has come back.
    past: Option<Past>,
    standing: Standing,
    discretion: Discretion,
    trace: Trace,
}

impl Logbook {
    pub(super) fn new(admission: &Admission, keeper: Keeper, feed: Feed) -> Self {
        Self {
            call_id: admission.call_id,
            tenant_id: admission.tenant_id,
            receptionist_id: admission.receptionist.id,
            feed,
            price: None,
            began: Instant::now(),
            began_at: keeper.now(),
            used: admission
                .past
                .as_ref()
                .map_or_else(Usage::default, |past| past.usage),
            noted_at: Instant::now(),
            keeper,
            latencies: Vec::new(),
            said: Vec::new(),
            tools: 0,
            past: admission.past.clone(),
            standing: Standing::ringing(),
            discretion: Discretion::default(),
            trace: Trace::default(),
        }
    }

    /// Whose log it is.
    pub(super) fn call_id(&self) -> CallId {
        self.call_id
    }

    /// What the agent costs.
    pub(super) fn priced(self, price: Option<ModelPrice>) -> Self {
        Self { price, ..self }
    }

    /// The same, with a trace for `sink`.
    pub(super) fn traced(
        self,
        sink: Option<&Arc<dyn SpanSink>>,
        admission: &Admission,
        model: Option<&str>,
    ) -> Self {
        let beginning = Beginning {
            admission,
            model,
            price: self.price,
            at: self.began_at,
            began: self.began.into_std(),
        };
        let trace = Trace::begin(sink, &beginning);
        Self { trace, ..self }
    }

    /// This happened, and what it leads to comes next.
    pub(super) fn hear(&mut self, event: &Event, now: std::time::Instant) {
        self.discretion.hear(event, now);
        self.trace.hear(event, now);
    }

    /// The machine wants this done.
    pub(super) fn perform(&mut self, action: &Action, now: std::time::Instant) {
        self.trace.perform(action, now);
    }

    pub(super) fn admitted(&self) {
        tracing::info!(call.id = %self.call_id, tenant.id = %self.tenant_id, "call.admitted");
        self.tell(Happening::Admitted);
    }

    pub(super) fn answered(&mut self) {
        self.standing.answered();
        tracing::info!(call.id = %self.call_id, "call.answered");
        self.keeper.note(Note::Answered(Answered {
            of: self.of(),
            receptionist_id: Some(self.receptionist_id),
            at: self.now(),
        }));
        self.tell(Happening::Answered);
    }

    pub(super) fn agent_failed(&self, error: &DialError) {
        tracing::warn!(call.id = %self.call_id, %error, "agent.unavailable");
    }

    /// Somebody wants something of the recording, which may hold for words too.
    pub(super) fn heed(&mut self, order: &RecordOrder, now: std::time::Instant) {
        self.discretion.heed(order, now);
    }

    /// Whether nothing is kept of what the agent writes now.
    pub(super) fn is_discreet(&self, now: std::time::Instant) -> bool {
        self.discretion.is_on_at(now)
    }

    pub(super) fn recording(&self, state: Option<RecordingState>) {
        self.tell(Happening::Recording(state));
    }

    pub(super) fn report(&mut self, report: Report) {
        let report = self.discretion.veil(report, Instant::now().into_std());
        self.standing.note(&report);
        match &report {
            Report::Latency(latency) => self.note_latency(*latency),
            Report::Interrupted { .. } => {
                metrics::counter!("frontdesk_interruptions_total").increment(1);
            }
            Report::AgentLost => {
                metrics::counter!("frontdesk_agents_lost_total").increment(1);
                tracing::warn!(call.id = %self.call_id, "agent.lost");
            }
            Report::AgentBack { after } => {
                metrics::histogram!("frontdesk_agent_outage_seconds").record(after.as_secs_f64());
                let after_ms = after.as_millis();
                tracing::info!(call.id = %self.call_id, after_ms, "agent.back");
            }
            Report::Connected
            | Report::Speaking(_)
            | Report::Digits(_)
            | Report::Muted { .. }
            | Report::Held(_)
            | Report::Silence { .. } => {}
            Report::Said(utterance) => self.note_said(utterance),
            Report::RanDry { lasting } => {
                let ms = u64::try_from(lasting.as_millis()).unwrap_or(u64::MAX);
                metrics::counter!("frontdesk_underrun_ms_total").increment(ms);
                // It is counted, and nothing that whoever watches could act on.
                return;
            }
            Report::OutOfDate { lasting } => {
                let ms = u64::try_from(lasting.as_millis()).unwrap_or(u64::MAX);
                metrics::counter!("frontdesk_out_of_date_ms_total").increment(ms);
                tracing::warn!(call.id = %self.call_id, ms, "carrier.behind");
                return;
            }
            Report::Used(usage) => self.note_usage(*usage),
            Report::Tool { name, outcome } => self.note_tool(name.as_deref(), outcome),
        }
        self.tell(Happening::Reported(report));
    }

    /// The end of the process takes no more with it than the sentence that is being
    /// said. Words that are known late take their place among the others, which are
    /// written again behind them.
    fn note_said(&mut self, utterance: &Utterance) {
        let mut utterance = utterance.clone();
        utterance.started += self.before();
        let place = self
            .said
            .partition_point(|one| one.started <= utterance.started);
        self.said.insert(place, utterance);
        let before = self.past.as_ref().map_or(0, |past| past.utterances.len());
        self.keeper.note(Note::Said {
            of: self.of(),
            first: before + place,
            utterances: self.said[place..].to_vec(),
        });
    }

    fn note_tool(&mut self, name: Option<&str>, outcome: &'static str) {
        metrics::counter!("frontdesk_tools_total", "outcome" => outcome).increment(1);
        self.tools += 1;
        if self.tools > MAX_TOOLS {
            return;
        }
        self.keeper.note(Note::Tool {
            of: self.of(),
            detail: json!({"tool": name, "outcome": outcome}).to_string(),
            nth: self.tools,
            at: self.now(),
        });
    }

    fn note_usage(&mut self, usage: Usage) {
        self.used = self.used.plus(usage);
        if self.noted_at.elapsed() < NOTE_EVERY {
            return;
        }
        self.noted_at = Instant::now();
        self.keeper.note(Note::Used {
            of: self.of(),
            usage: self.used,
            cost: self.cost(&self.used),
        });
    }

    /// By the prices of the day on which the call began.
    fn cost(&self, usage: &Usage) -> Option<Money> {
        self.price.map(|price| price.cost(usage, self.began_at))
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
    pub(super) async fn finish(mut self, session: &Session, end_reason: EndReason) {
        let outcome = end_reason.as_str();
        let duration = self.began.elapsed();
        tracing::info!(
            call.id = %self.call_id, outcome, duration_ms = duration.as_millis(), "call.ended"
        );
        metrics::counter!("frontdesk_calls_total", "outcome" => outcome).increment(1);
        if end_reason == EndReason::StreamNeverStarted {
            let why = "carrier.no_stream";
            metrics::counter!("frontdesk_setup_failures_total", "why" => why).increment(1);
        }
        let used = session.usage();
        let now = Instant::now().into_std();
        self.trace.end(end_reason, (used, self.cost(&used)), now);
        let (usage, utterances) = (self.usage(session), self.utterances(session));
        self.tell(Happening::Ended(end_reason));
        let finished = Finished {
            of: self.of(),
            note_id: self.keeper.new_id(),
            at: self.now(),
            end_reason,
            usage,
            cost: self.cost(&usage),
            first_turn: self.past.map_or(0, |past| past.utterances.len()),
            utterances,
            latencies: self.latencies,
        };
        self.keeper.finish(finished).await;
    }

    /// All of it, should the caller come back.
    pub(super) fn past(&self, session: &Session) -> Past {
        Past {
            utterances: self.utterances(session),
            usage: self.usage(session),
            spent: session.spent(),
            began: self.past.as_ref().map_or(self.began, |past| past.began),
            leg: self.past.as_ref().map_or(0, |past| past.leg),
        }
    }

    fn usage(&self, session: &Session) -> Usage {
        let before = self.past.as_ref().map(|past| past.usage);
        before.unwrap_or_default().plus(session.usage())
    }

    /// What was said before, and now, by one clock, as far as it may be kept.
    fn utterances(&self, session: &Session) -> Vec<Utterance> {
        let now = session
            .transcript()
            .map(|said| self.discretion.reveal(said));
        let Some(past) = &self.past else {
            return now.collect();
        };
        let before = self.before();
        let now = now.map(|said| Utterance {
            started: said.started + before,
            ..said
        });
        past.utterances.iter().cloned().chain(now).collect()
    }

    /// How long the call had gone on when this part of it began.
    fn before(&self) -> Duration {
        let past = self.past.as_ref();
        past.map_or(Duration::ZERO, |past| {
            past.elapsed().saturating_sub(self.began.elapsed())
        })
    }

    fn of(&self) -> Of {
        Of::from((self.tenant_id, self.call_id))
    }

    /// The time of day, by the clock that the call began with: whoever sets it
    /// meanwhile makes no call longer or shorter.
    fn now(&self) -> Timestamp {
        let elapsed = i64::try_from(self.began.elapsed().as_millis());
        self.began_at.plus_ms(elapsed.unwrap_or_default())
    }

    fn tell(&self, what: Happening) {
        let at: Duration = self.began.elapsed();
        self.feed.tell(|id| LiveEvent {
            id,
            call_id: self.call_id,
            tenant_id: self.tenant_id,
            at,
            time: self.keeper.now(),
            what,
        });
    }
}

//! The trace of one call: a span for the whole, and for each dial, turn and tool.

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use super::admission::Admission;
use super::origin::{Origin, know_usage};
use super::span::{Span, SpanKind, SpanSink};
use super::turn_spans::TurnSpans;
use crate::call::{Action, AgentAction, Errand, Event, Report, ToolAction, ToolAnswer};
use crate::domain::{Direction, EndReason, ModelPrice, Money, Timestamp, ToolName, Usage};

/// Listens to one call, if anybody wants its trace; costs a look otherwise.
#[derive(Default)]
pub(super) struct Trace(Option<Box<Live>>);

/// What a call begins with.
pub(super) struct Beginning<'a> {
    pub(super) admission: &'a Admission,
    pub(super) direction: Direction,
    /// The model that is asked for, as far as it is known.
    pub(super) model: Option<&'a str>,
    pub(super) price: Option<ModelPrice>,
    /// The time of day, which is counted on from `began`.
    pub(super) at: Timestamp,
    pub(super) began: Instant,
}

struct Live {
    origin: Origin,
    root: Span,
    dials: u32,
    agent: Option<Span>,
    spare: Option<Span>,
    turns: TurnSpans,
    tools: ToolSpans,
}

/// The tools that run, and the one whose end was just told of.
#[derive(Default)]
struct ToolSpans {
    used: u32,
    running: Vec<(Errand, Span)>,
    ended: Option<(Span, &'static str)>,
}

impl Trace {
    /// The trace of a call that begins, if `sink` wants it.
    pub(super) fn begin(sink: Option<&Arc<dyn SpanSink>>, beginning: Beginning<'_>) -> Self {
        let trace_id = beginning.admission.call_id.number();
        let sink = sink.filter(|sink| sink.wants(trace_id));
        Self(sink.map(|sink| Box::new(Live::begin(sink, beginning))))
    }

    /// This happened, and what it leads to comes next.
    pub(super) fn hear(&mut self, event: &Event, now: Instant) {
        if let Some(live) = &mut self.0 {
            live.hear(event, now);
        }
    }

    /// The machine wants this done.
    pub(super) fn perform(&mut self, action: &Action, now: Instant) {
        if let Some(live) = &mut self.0 {
            live.perform(action, now);
        }
    }

    /// The call is over, and its agents have used and cost so much.
    pub(super) fn end(&mut self, why: EndReason, used: (Usage, Option<Money>), now: Instant) {
        if let Some(live) = self.0.take() {
            live.end(why, used, now);
        }
    }
}

impl Live {
    fn begin(sink: &Arc<dyn SpanSink>, beginning: Beginning<'_>) -> Self {
        let admission = beginning.admission;
        let (origin, root) = Origin::begin(sink, &beginning);
        let mut live = Self {
            origin,
            root,
            dials: 0,
            agent: None,
            spare: None,
            turns: TurnSpans::default(),
            tools: ToolSpans::default(),
        };
        live.origin.know_model(&mut live.root, "invoke_agent");
        let receptionist = admission.receptionist.id.to_string();
        live.root.know("gen_ai.agent.id", receptionist);
        let direction = beginning.direction.as_str();
        live.root.know("frontdesk.call.direction", direction);
        let leg = admission.past.as_ref().map_or(0, |past| past.leg);
        live.root.know("frontdesk.call.leg", leg);
        live.agent = Some(live.dial("agent", beginning.began));
        live
    }

    fn hear(&mut self, event: &Event, now: Instant) {
        self.told_of_tool(None);
        self.turns.hear(event, &self.origin, now);
        match event {
            Event::CarrierStarted => self.happened("answered", now),
            Event::AgentReady => self.dialled(false, None, now),
            Event::SpareReady => self.dialled(true, None, now),
            Event::AgentFailed { is_final: true } => self.dialled(false, Some("refused"), now),
            Event::AgentFailed { is_final: false } | Event::AgentClosed => {
                self.dialled(false, Some("failed"), now);
            }
            Event::SpareFailed => self.dialled(true, Some("failed"), now),
            Event::ToolEnded { errand, end } => {
                let outcome = if end.is_good { "done" } else { "failed" };
                let of_it = |(one, _): &(Errand, Span)| one == errand;
                if let Some(at) = self.tools.running.iter().position(of_it) {
                    let (_, span) = self.tools.running.remove(at);
                    self.tools.ended = Some((self.origin.ended(span, now), outcome));
                }
            }
            Event::CarrierReplaced
            | Event::CallerAudio { .. }
            | Event::Digit(_)
            | Event::MarkPlayed(_)
            | Event::SpeechStarted { .. }
            | Event::SpeechStopped { .. }
            | Event::ItemAdded { .. }
            | Event::CallerTranscript { .. }
            | Event::ResponseStarted(_)
            | Event::ResponseRefused
            | Event::AgentAudio { .. }
            | Event::AgentText { .. }
            | Event::AgentAudioDone { .. }
            | Event::ToolCalled { .. }
            | Event::ResponseDone { .. }
            | Event::Uttered { .. }
            | Event::CarrierStopped
            | Event::CarrierLost
            | Event::Ordered(_) => {}
        }
    }

    fn perform(&mut self, action: &Action, now: Instant) {
        match action {
            Action::Report(report) => self.note(report, now),
            Action::Dial => {
                self.dialled(false, Some("abandoned"), now);
                self.agent = Some(self.dial("agent", now));
            }
            Action::DialSpare => {
                self.dialled(true, Some("abandoned"), now);
                self.spare = Some(self.dial("spare", now));
            }
            Action::Tool(ToolAction::Run { call, name, .. }) => {
                let span = self.tool(Some(name), now);
                self.tools.running.push((Errand::Tool(*call), span));
            }
            Action::Tool(ToolAction::FindPerson) => {
                let span = self.tool(Some("person"), now);
                self.tools.running.push((Errand::Person, span));
            }
            Action::Agent(AgentAction::AnswerTool { answer, .. }) => self.answered(answer, now),
            Action::Agent(_)
            | Action::Carrier(_)
            | Action::Swap
            | Action::Tool(ToolAction::HandOver(_) | ToolAction::Withdraw(_))
            | Action::Utter(_)
            | Action::End(_) => {}
        }
    }

    fn note(&mut self, report: &Report, now: Instant) {
        self.turns.note(report, &self.origin, now);
        match report {
            Report::Connected => self.happened("connected", now),
            Report::AgentLost => self.happened("agent.lost", now),
            Report::AgentBack { .. } => self.happened("agent.back", now),
            Report::Tool { name, outcome } => self.note_tool(name.as_deref(), outcome, now),
            Report::Speaking(_)
            | Report::Said(_)
            | Report::Interrupted { .. }
            | Report::Latency(_)
            | Report::RanDry { .. }
            | Report::Digits(_)
            | Report::Used(_)
            | Report::Muted { .. }
            | Report::Held(_)
            | Report::Silence { .. } => {}
        }
    }

    /// The wish to end the call is granted or not; every other tool is reported.
    fn answered(&mut self, answer: &ToolAnswer, now: Instant) {
        let outcome = match answer {
            ToolAnswer::EndAllowed => "done",
            ToolAnswer::EndRefused => "not_now",
            ToolAnswer::Done(_) | ToolAnswer::Refused(_) => return,
        };
        self.note_tool(Some(ToolName::EndCall.as_str()), outcome, now);
    }

    /// What came of a tool: of the one that has just ended, of one that was waited
    /// for too long, or of one that was refused at once.
    fn note_tool(&mut self, name: Option<&str>, outcome: &'static str, now: Instant) {
        if self.tools.ended.is_some() {
            self.told_of_tool(Some(outcome));
            return;
        }
        if outcome == "asked" {
            // A person is looked for, which has a span of its own.
            return;
        }
        let is_late = outcome == "timed_out";
        let mut running = self.tools.running.iter();
        let late = running.position(|(_, span)| is_late && is_of(span, name));
        let span = match late {
            Some(at) => self.tools.running.remove(at).1,
            None => self.tool(name, now),
        };
        self.finish_tool(self.origin.ended(span, now), outcome);
    }

    /// Nobody tells more about the tool that has ended.
    fn told_of_tool(&mut self, outcome: Option<&'static str>) {
        if let Some((span, usual)) = self.tools.ended.take() {
            self.finish_tool(span, outcome.unwrap_or(usual));
        }
    }

    /// A tool is asked for, within the turn that goes on.
    fn tool(&mut self, name: Option<&str>, now: Instant) -> Span {
        self.tools.used += 1;
        let parent = self.turns.tool_began().unwrap_or(self.origin.root_id());
        let name = name.unwrap_or("unknown");
        let mut span = self.origin.span(
            parent,
            (format!("execute_tool {name}"), SpanKind::Internal),
            now,
        );
        span.know("gen_ai.operation.name", "execute_tool");
        span.know("gen_ai.tool.name", name.to_owned());
        span
    }

    fn finish_tool(&mut self, mut span: Span, outcome: &'static str) {
        self.turns.tool_ended(span.parent_id);
        span.know("frontdesk.tool.outcome", outcome);
        if outcome != "done" && outcome != "repeated" {
            span.error = Some(outcome);
        }
        self.origin.take(span);
    }

    /// An agent is reached for.
    fn dial(&mut self, for_whom: &'static str, now: Instant) -> Span {
        self.dials += 1;
        let parent = self.origin.root_id();
        let mut span = self.origin.span(parent, ("dial", SpanKind::Client), now);
        self.origin.know_model(&mut span, "dial");
        span.know("frontdesk.dial.number", self.dials);
        span.know("frontdesk.dial.for", for_whom);
        span
    }

    /// An agent is there and has taken its configuration, or why not; nothing, if
    /// nobody was reached for.
    fn dialled(&mut self, is_spare: bool, error: Option<&'static str>, now: Instant) {
        let dial = if is_spare {
            &mut self.spare
        } else {
            &mut self.agent
        };
        if let Some(mut span) = dial.take() {
            span.know("frontdesk.dial.outcome", error.unwrap_or("ready"));
            span.error = error;
            self.origin.take(self.origin.ended(span, now));
        }
    }

    fn happened(&mut self, what: &'static str, now: Instant) {
        self.root.happened(what, self.origin.at(now));
    }

    fn end(mut self: Box<Self>, why: EndReason, used: (Usage, Option<Money>), now: Instant) {
        self.told_of_tool(None);
        for (_, span) in mem::take(&mut self.tools.running) {
            self.finish_tool(self.origin.ended(span, now), "abandoned");
        }
        self.dialled(false, Some("abandoned"), now);
        self.dialled(true, Some("abandoned"), now);
        let (turns, interruptions) = self.turns.end(&self.origin, now);
        let Self {
            origin,
            mut root,
            tools,
            ..
        } = *self;
        let outcome = why.as_str();
        root.know("frontdesk.call.outcome", outcome);
        root.know("frontdesk.call.turns", turns);
        root.know("frontdesk.call.interruptions", interruptions);
        root.know("frontdesk.call.tools", tools.used);
        know_usage(&mut root, used);
        let is_failure = why.owes_call_back() || why == EndReason::StreamNeverStarted;
        root.error = is_failure.then_some(outcome);
        origin.take(origin.ended(root, now));
    }
}

/// Whether the span is of a tool of that name.
fn is_of(span: &Span, name: Option<&str>) -> bool {
    name.is_some() && span.name.strip_prefix("execute_tool ") == name
}

//! The trace of one call: a span for the whole, and for each dial, turn and tool.

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use super::admission::Admission;
use super::origin::{Origin, know_usage};
use super::span::{Span, SpanKind, SpanSink};
use super::turn_spans::TurnSpans;
use crate::call::{Action, AgentAction, Errand, Event, Report, ToolAction, ToolAnswer};
use crate::domain::{EndReason, ModelPrice, Money, Timestamp, ToolName, Usage};

/// Listens to one call, if anybody wants its trace; costs a look otherwise.
#[derive(Default)]
pub(super) struct Trace(Option<Box<Live>>);

/// What a call begins with.
pub(super) struct Beginning<'a> {
    pub(super) admission: &'a Admission,
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
    pub(super) fn begin(sink: Option<&Arc<dyn SpanSink>>, beginning: &Beginning<'_>) -> Self {
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
    fn begin(sink: &Arc<dyn SpanSink>, beginning: &Beginning<'_>) -> Self {
        let admission = beginning.admission;
        let (origin, root) = Origin::begin(sink, beginning);
        let mut live = Self {
            origin,
            root,
            dials: 0,
            agent: None,
            spare: None,
            turns: TurnSpans::default(),
            tools: ToolSpans::default(),
        };
        live.origin.know_model(&mut live.root);
        live.root.know("gen_ai.operation.name", "invoke_agent");
        let receptionist = admission.receptionist.id.to_string();
        live.root.know("gen_ai.agent.id", receptionist);
        let direction = admission.direction.as_str();
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
            Event::AgentActs(act) => {
                let span = self.tool(act.name.as_deref(), now);
                self.tools.running.push((Errand::Tool(act.call), span));
            }
            Event::ToolEnded { errand, end } => {
                let outcome = if end.is_good { "done" } else { "failed" };
                let of_it = |(one, _): &(Errand, Span)| one == errand;
                if let Some(at) = self.tools.running.iter().position(of_it) {
                    let (_, span) = self.tools.running.remove(at);
                    self.tools.ended = Some((self.origin.ended(span, now), outcome));
                }
            }
            Event::CarrierReplaced
            | Event::CarrierBehind(_)
            | Event::CarrierCaughtUp
            | Event::CallerAudio { .. }
            | Event::Digit(_)
            | Event::MarkPlayed(_)
            | Event::SpeechStarted { .. }
            | Event::SpeechStopped { .. }
            | Event::ItemAdded { .. }
            | Event::CallerTranscript { .. }
            | Event::Used(_)
            | Event::ResponseStarted(_)
            | Event::ResponseRefused(_)
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
            | Report::OutOfDate { .. }
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
        self.origin.know_model(&mut span);
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;
    use crate::audio::Frame;
    use crate::bridge::SpanValue;
    use crate::call::{
        CallPlan, CarrierAction, Interruption, ItemKey, Mark, Outcome, ResponseKey, Session,
        ToolEnd, ToolKey,
    };
    use crate::clock::Clock;
    use crate::domain::{Direction, Effect, Limits, PermittedTool, Pii, SilencePolicy};

    /// Keeps spans, of those traces that it wants.
    #[derive(Debug)]
    struct Shelf {
        wants: bool,
        spans: Mutex<Vec<Span>>,
    }

    impl SpanSink for Shelf {
        fn wants(&self, _: u128) -> bool {
            self.wants
        }

        fn take(&self, span: Span) {
            self.spans.lock().unwrap().push(span);
        }
    }

    /// The machine of a call and its trace, by a clock that is told.
    struct Scene {
        session: Session,
        trace: Trace,
        shelf: Arc<Shelf>,
        began: Instant,
        marks: Vec<Mark>,
    }

    const BEGAN_MS: u64 = 1_763_717_400_000;

    impl Scene {
        fn begin() -> Self {
            Self::begin_for(true)
        }

        fn begin_for(wants: bool) -> Self {
            let clock = Clock::manual(Timestamp::from_ms(1_763_717_400_000));
            let admission = Admission {
                direction: Direction::Outbound,
                ..Admission::of_a_stranger(&clock)
            };
            let plan = CallPlan {
                silence: SilencePolicy::default(),
                limits: Limits::default(),
                interruption: Interruption::Truncate,
                has_zero_key: false,
                is_back: false,
                renew_after: Duration::from_mins(55),
                seed: 1,
            };
            let began = tokio::time::Instant::now().into_std();
            let shelf = Arc::new(Shelf {
                wants,
                spans: Mutex::default(),
            });
            let sink: Arc<dyn SpanSink> = Arc::<Shelf>::clone(&shelf);
            let beginning = Beginning {
                admission: &admission,
                model: Some("gpt-realtime-2.1"),
                price: ModelPrice::of("gpt-realtime-2.1"),
                at: clock.now(),
                began,
            };
            Self {
                session: Session::new(plan, began),
                trace: Trace::begin(Some(&sink), &beginning),
                shelf,
                began,
                marks: Vec::new(),
            }
        }

        /// A call whose greeting was heard from 800 to 1800.
        fn greeted() -> Self {
            let mut scene = Self::begin();
            scene.at(300, Event::AgentReady);
            scene.at(500, Event::CarrierStarted);
            scene.at(700, Event::ResponseStarted(ResponseKey(1)));
            scene.speaks(800, (1, 1));
            scene.done(900, 1, Outcome::Completed);
            scene.heard(1_800);
            scene
        }

        /// So many milliseconds after its beginning this happens.
        fn at(&mut self, ms: u64, event: Event) {
            let now = self.began + Duration::from_millis(ms);
            while let Some(due) = self.session.poll_timeout().filter(|due| *due <= now) {
                self.session.handle_timeout(due);
                self.drain(due);
            }
            self.trace.hear(&event, now);
            self.session.handle_event(event, now);
            self.drain(now);
        }

        fn drain(&mut self, now: Instant) {
            while let Some(action) = self.session.poll_action() {
                self.trace.perform(&action, now);
                if let Action::Carrier(CarrierAction::Mark(mark)) = action {
                    self.marks.push(mark);
                }
            }
        }

        /// A second of the agent's voice.
        fn speaks(&mut self, ms: u64, (response, item): (u32, u32)) {
            let (response, item) = (ResponseKey(response), ItemKey(item));
            for _ in 0..50 {
                let frame = Frame::silence(160);
                let audio = Event::AgentAudio {
                    response,
                    item,
                    frame,
                };
                self.at(ms, audio);
            }
            let delta = Pii::new("Hello.".to_owned());
            self.at(ms, Event::AgentText { item, delta });
            self.at(ms, Event::AgentAudioDone { item });
        }

        fn done(&mut self, ms: u64, response: u32, outcome: Outcome) {
            let usage = Usage {
                input_audio_tokens: 100,
                output_audio_tokens: 10,
                ..Usage::default()
            };
            let response = ResponseKey(response);
            let done = Event::ResponseDone {
                response,
                outcome,
                usage,
            };
            self.at(ms, done);
        }

        fn heard(&mut self, ms: u64) {
            for mark in mem::take(&mut self.marks) {
                self.at(ms, Event::MarkPlayed(mark));
            }
        }

        fn asks_for(&mut self, ms: u64, (call, response): (u32, u32), name: Option<&str>) {
            let permitted = |name: &str| PermittedTool {
                name: name.to_owned(),
                effect: Effect::Looks,
                patience: Duration::from_secs(2),
            };
            let called = Event::ToolCalled {
                call: ToolKey(call),
                response: ResponseKey(response),
                tool: name.map(permitted),
                arguments: Pii::new("{}".to_owned()),
            };
            self.at(ms, called);
        }

        fn gets(&mut self, ms: u64, call: u32, is_good: bool) {
            let end = ToolEnd {
                output: Pii::new("{}".to_owned()),
                is_good,
                hands_to: None,
            };
            let errand = Errand::Tool(ToolKey(call));
            self.at(ms, Event::ToolEnded { errand, end });
        }

        fn end(mut self, ms: u64) -> Vec<Span> {
            self.at(ms, Event::CarrierStopped);
            let used = (self.session.usage(), None);
            let now = self.began + Duration::from_millis(ms);
            self.trace.end(self.session.ended().unwrap(), used, now);
            // Nothing comes after the end.
            self.trace.hear(&Event::CarrierLost, now);
            let spans = self.shelf.spans.lock().unwrap();
            spans.clone()
        }
    }

    fn speech(item: u32) -> (Event, Event) {
        let item = ItemKey(item);
        (Event::SpeechStarted { item }, Event::SpeechStopped { item })
    }

    fn known(span: &Span, name: &str) -> Option<String> {
        let mut values = span.attributes.iter().filter(|(own, _)| *own == name);
        let value = values.next().map(|(_, value)| match value {
            SpanValue::Text(text) => text.to_string(),
            SpanValue::Whole(number) => number.to_string(),
        });
        assert!(values.next().is_none(), "{name} is told twice");
        value
    }

    /// A line a span: what, part of what, from when to when, how it ended.
    fn told(spans: &[Span]) -> Vec<String> {
        let since = |time: std::time::SystemTime| {
            let since = time.duration_since(std::time::UNIX_EPOCH).unwrap();
            since.as_millis() - u128::from(BEGAN_MS)
        };
        let line = |span: &Span| {
            let parent = spans.iter().find(|one| Some(one.id) == span.parent_id);
            let parent = parent.map_or("nothing", |parent| &parent.name);
            let (from, to) = (since(span.started), since(span.ended));
            let outcome = span
                .attributes
                .iter()
                .find(|(name, _)| name.ends_with("outcome"));
            let outcome = known(span, outcome.unwrap().0).unwrap();
            format!("{} of {parent}, {from} to {to}: {outcome}", span.name)
        };
        spans.iter().map(line).collect()
    }

    #[test]
    fn a_call_is_told_as_a_whole_and_its_parts_with_their_times() {
        let mut scene = Scene::greeted();
        let (begins, ends) = speech(2);
        scene.at(3_000, begins);
        scene.at(4_000, ends);
        scene.at(4_200, Event::ResponseStarted(ResponseKey(2)));
        scene.asks_for(4_300, (0, 2), Some("check_hours"));
        scene.done(4_400, 2, Outcome::Completed);
        scene.gets(4_800, 0, true);
        scene.at(5_000, Event::ResponseStarted(ResponseKey(3)));
        scene.speaks(5_200, (3, 3));
        scene.done(5_300, 3, Outcome::Completed);
        scene.heard(6_200);
        let spans = scene.end(9_000);
        assert_eq!(
            told(&spans),
            [
                "dial of call, 0 to 300: ready",
                "turn of call, 700 to 1800: answered",
                "execute_tool check_hours of turn, 4300 to 4800: done",
                "turn of call, 4000 to 6200: answered",
                "call of nothing, 0 to 9000: caller.hung_up",
            ]
        );
        let [_, greeting, _, turn, call] = &spans[..] else {
            panic!("five spans");
        };
        assert_eq!(
            known(greeting, "frontdesk.turn.begun_by").as_deref(),
            Some("receptionist")
        );
        assert_eq!(known(greeting, "frontdesk.turn.latency_sent_ms"), None);
        for (name, value) in [
            ("frontdesk.turn.number", "2"),
            ("frontdesk.turn.begun_by", "caller"),
            ("frontdesk.turn.responses", "2"),
            ("frontdesk.turn.latency_sent_ms", "1200"),
            ("frontdesk.turn.latency_heard_ms", "2200"),
            ("gen_ai.usage.input_tokens", "200"),
            ("gen_ai.usage.output_tokens", "20"),
            ("gen_ai.request.model", "gpt-realtime-2.1"),
            ("frontdesk.cost.micros", "7680"),
        ] {
            assert_eq!(known(turn, name).as_deref(), Some(value), "{name}");
        }
        for (name, value) in [
            ("frontdesk.call.direction", "outbound"),
            ("frontdesk.call.turns", "2"),
            ("frontdesk.call.tools", "1"),
            ("gen_ai.usage.input_tokens", "300"),
        ] {
            assert_eq!(known(call, name).as_deref(), Some(value), "{name}");
        }
        let events: Vec<_> = call.events.iter().map(|(what, _)| *what).collect();
        assert_eq!(events, ["answered", "connected"]);
        assert!(spans.iter().all(|span| span.trace_id == call.trace_id));
        assert!(spans.iter().all(|span| span.error.is_none()));
    }

    #[test]
    fn an_interruption_ends_a_turn_and_a_breath_is_none() {
        let mut scene = Scene::greeted();
        let (begins, ends) = speech(2);
        scene.at(3_000, begins);
        scene.at(3_400, ends);
        // Only a breath.
        let (begins, ends) = speech(3);
        scene.at(3_500, begins);
        scene.at(4_000, ends);
        scene.at(4_200, Event::ResponseStarted(ResponseKey(2)));
        scene.speaks(4_500, (2, 4));
        scene.done(4_600, 2, Outcome::Completed);
        let (begins, _) = speech(5);
        scene.at(5_000, begins);
        let spans = scene.end(8_000);
        assert_eq!(
            told(&spans)[1..],
            [
                "turn of call, 700 to 1800: answered",
                "turn of call, 4000 to 5000: interrupted",
                "call of nothing, 0 to 8000: caller.hung_up",
            ]
        );
        let call = spans.last().unwrap();
        assert_eq!(
            known(call, "frontdesk.call.interruptions").as_deref(),
            Some("1")
        );
    }

    #[test]
    fn tools_that_are_refused_late_or_left_are_told_apart() {
        let mut scene = Scene::greeted();
        let (begins, ends) = speech(2);
        scene.at(3_000, begins);
        scene.at(4_000, ends);
        scene.at(4_200, Event::ResponseStarted(ResponseKey(2)));
        scene.asks_for(4_300, (0, 2), Some("slow"));
        scene.asks_for(4_300, (1, 2), Some("bad"));
        scene.asks_for(4_300, (2, 2), None);
        scene.done(4_400, 2, Outcome::Completed);
        scene.gets(4_700, 1, false);
        // Too late for an answer.
        scene.gets(7_000, 0, true);
        scene.at(7_100, Event::ResponseStarted(ResponseKey(3)));
        scene.asks_for(7_200, (3, 3), Some("left"));
        let spans = scene.end(8_000);
        assert_eq!(
            told(&spans)[2..],
            [
                "execute_tool unknown of turn, 4300 to 4300: unknown_tool",
                "execute_tool bad of turn, 4300 to 4700: failed",
                "execute_tool slow of turn, 4300 to 6300: timed_out",
                "execute_tool left of turn, 7200 to 8000: abandoned",
                "turn of call, 4000 to 8000: unanswered",
                "call of nothing, 0 to 8000: caller.hung_up",
            ]
        );
        assert_eq!(spans[4].error, Some("timed_out"));
    }

    #[test]
    fn an_agent_that_is_lost_is_dialled_again_within_the_turn() {
        let mut scene = Scene::greeted();
        let (begins, ends) = speech(2);
        scene.at(3_000, begins);
        scene.at(4_000, ends);
        scene.at(4_200, Event::ResponseStarted(ResponseKey(2)));
        scene.at(4_300, Event::AgentClosed);
        scene.at(5_000, Event::AgentReady);
        scene.at(5_100, Event::ResponseStarted(ResponseKey(100)));
        scene.speaks(5_500, (100, 100));
        scene.done(5_600, 100, Outcome::Completed);
        scene.heard(6_500);
        let spans = scene.end(8_000);
        let told = told(&spans);
        assert!(told[2].starts_with("dial of call, 4") && told[2].ends_with("to 5000: ready"));
        assert_eq!(
            told[3..],
            [
                "turn of call, 4000 to 6500: answered",
                "call of nothing, 0 to 8000: caller.hung_up",
            ]
        );
        let events: Vec<_> = spans[4].events.iter().map(|(what, _)| *what).collect();
        assert_eq!(
            events,
            ["answered", "connected", "agent.lost", "agent.back"]
        );
    }

    #[test]
    fn whoever_does_not_want_a_trace_is_told_nothing() {
        let mut scene = Scene::begin_for(false);
        scene.at(300, Event::AgentReady);
        assert!(scene.trace.0.is_none());
        assert_eq!(scene.end(1_000), []);
        assert_eq!(size_of::<Trace>(), size_of::<usize>());
    }
}

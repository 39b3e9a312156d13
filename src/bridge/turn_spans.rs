//! The turns of a call as spans: the caller's wait, and the answer.

use std::time::{Duration, Instant, SystemTime};

use super::origin::Origin;
use super::span::{Span, SpanKind};
use crate::call::{Event, Outcome, Report, ResponseKey};
use crate::domain::{Speaker, Usage};

/// The turn that goes on, and how many there were.
#[derive(Default)]
pub(super) struct TurnSpans {
    turn: Option<Turn>,
    is_caller_speaking: bool,
    told: u32,
    interrupted: u32,
}

/// From the end of what the caller said, or from the beginning of a response that
/// nobody asked for, to the last that was heard of the answer. It is told of when
/// the next begins, for only then is it certain that no more comes.
struct Turn {
    span: Span,
    /// When something happened in it last.
    last: SystemTime,
    responses: u32,
    active: Option<Active>,
    /// Tools that run for it.
    tools: u32,
    owed: Owed,
    answer: Answer,
    is_interrupted: bool,
    /// The caller speaks again.
    is_over: bool,
    used: Usage,
    latency: [Option<Duration>; 2],
}

/// What is to be followed by another response.
#[derive(Default)]
struct Owed {
    /// What tools gave.
    tools: bool,
    /// A response that came to nothing.
    failure: bool,
}

#[derive(Eq, PartialEq)]
enum Answer {
    Awaited,
    /// There is a voice.
    Sounding,
    /// It was heard to its end.
    Heard,
}

/// A response that goes on.
struct Active {
    key: ResponseKey,
    has_voice: bool,
    has_acted: bool,
}

impl TurnSpans {
    pub(super) fn hear(&mut self, event: &Event, origin: &Origin, now: Instant) {
        match event {
            Event::SpeechStarted { .. } => self.caller_began(origin.at(now)),
            Event::SpeechStopped { .. } => {
                self.is_caller_speaking = false;
                self.begin("caller", origin, now);
            }
            Event::ResponseStarted(key) => self.response_began(*key, origin, now),
            Event::AgentAudio { response, .. } => {
                if let Some(turn) = &mut self.turn {
                    turn.voice(*response, || origin.at(now));
                }
            }
            Event::ToolCalled { response, .. } => self.acted(Some(*response)),
            Event::AgentActs(_) => self.acted(None),
            Event::Used(usage) => {
                if let Some(turn) = &mut self.turn {
                    turn.used = turn.used.plus(*usage);
                }
            }
            Event::ResponseDone {
                response,
                outcome,
                usage,
            } => {
                if let Some(turn) = &mut self.turn {
                    turn.used = turn.used.plus(*usage);
                    turn.response_done(*response, *outcome, origin.at(now));
                }
            }
            Event::MarkPlayed(_) => {
                if let Some(turn) = &mut self.turn
                    && turn.answer == Answer::Sounding
                {
                    turn.touch(origin.at(now));
                }
            }
            Event::CarrierStarted
            | Event::CarrierReplaced
            | Event::CarrierBehind(_)
            | Event::CarrierCaughtUp
            | Event::AgentReady
            | Event::CallerAudio { .. }
            | Event::Digit(_)
            | Event::ItemAdded { .. }
            | Event::CallerTranscript { .. }
            | Event::ResponseRefused(_)
            | Event::AgentText { .. }
            | Event::AgentAudioDone { .. }
            | Event::ToolEnded { .. }
            | Event::AgentFailed { .. }
            | Event::AgentClosed
            | Event::SpareReady
            | Event::SpareFailed
            | Event::Uttered { .. }
            | Event::CarrierStopped
            | Event::CarrierLost
            | Event::Ordered(_) => {}
        }
    }

    /// The response that goes on, this one if it is told, has used a tool.
    fn acted(&mut self, response: Option<ResponseKey>) {
        let active = self.turn.as_mut().and_then(|turn| match response {
            Some(response) => turn.active_as(response),
            None => turn.active.as_mut(),
        });
        if let Some(active) = active {
            active.has_acted = true;
        }
    }

    pub(super) fn note(&mut self, report: &Report, origin: &Origin, now: Instant) {
        match report {
            Report::Digits(_) => {
                if self.turn.as_ref().is_none_or(Turn::is_settled) {
                    self.begin("keypad", origin, now);
                }
            }
            Report::AgentLost => self.agent_lost(origin, now),
            Report::Speaking(Speaker::Receptionist)
            | Report::Said(_)
            | Report::Interrupted { .. }
            | Report::Latency(_) => {
                if let Some(turn) = &mut self.turn {
                    turn.note(report, origin.at(now));
                }
            }
            Report::Connected
            | Report::AgentBack { .. }
            | Report::Speaking(Speaker::Caller)
            | Report::RanDry { .. }
            | Report::OutOfDate { .. }
            | Report::Tool { .. }
            | Report::Used(_)
            | Report::Muted { .. }
            | Report::Held(_)
            | Report::Silence { .. } => {}
        }
    }

    /// A tool is asked for: the turn that it is part of, if there is one.
    pub(super) fn tool_began(&mut self) -> Option<u64> {
        let turn = self.turn.as_mut()?;
        turn.tools += 1;
        Some(turn.span.id)
    }

    /// A tool of that turn is done.
    pub(super) fn tool_ended(&mut self, parent: Option<u64>) {
        if let Some(turn) = &mut self.turn
            && Some(turn.span.id) == parent
        {
            turn.tools = turn.tools.saturating_sub(1);
            turn.owed.tools = true;
        }
    }

    /// The call is over. How many turns there were, and how many of them the caller
    /// has interrupted.
    pub(super) fn end(&mut self, origin: &Origin, now: Instant) -> (u32, u32) {
        if let Some(turn) = &mut self.turn
            && !turn.is_settled()
        {
            turn.touch(origin.at(now));
        }
        self.tell(origin);
        (self.told, self.interrupted)
    }

    fn caller_began(&mut self, at: SystemTime) {
        self.is_caller_speaking = true;
        if let Some(turn) = &mut self.turn
            && !turn.is_over
        {
            if !turn.is_settled() {
                turn.interrupt(at);
            }
            turn.is_over = true;
        }
    }

    fn response_began(&mut self, key: ResponseKey, origin: &Origin, now: Instant) {
        let is_next = |turn: &Turn| turn.is_settled() && !turn.is_over;
        if self.turn.as_ref().is_none_or(is_next) {
            self.begin("receptionist", origin, now);
        }
        if let Some(turn) = &mut self.turn {
            turn.responses += 1;
            turn.owed = Owed::default();
            turn.active = Some(Active {
                key,
                has_voice: false,
                has_acted: false,
            });
            turn.touch(origin.at(now));
        }
    }

    /// Whoever waits for an answer waits on; whoever was speaking waits from now on.
    fn agent_lost(&mut self, origin: &Origin, now: Instant) {
        if self.is_caller_speaking {
            self.is_caller_speaking = false;
            self.begin("caller", origin, now);
        } else if let Some(turn) = &mut self.turn {
            turn.owed.failure |= turn.active.take().is_some();
        }
    }

    fn begin(&mut self, by: &'static str, origin: &Origin, now: Instant) {
        self.tell(origin);
        let parent = origin.root_id();
        let mut span = origin.span(parent, ("turn", SpanKind::Internal), now);
        origin.know_model(&mut span);
        span.know("gen_ai.operation.name", "chat");
        span.know("frontdesk.turn.begun_by", by);
        self.turn = Some(Turn {
            last: span.started,
            span,
            responses: 0,
            active: None,
            tools: 0,
            owed: Owed::default(),
            answer: Answer::Awaited,
            is_interrupted: false,
            is_over: false,
            used: Usage::default(),
            latency: [None, None],
        });
    }

    /// Tells of the turn, unless the caller only paused in it for breath.
    fn tell(&mut self, origin: &Origin) {
        let Some(turn) = self.turn.take() else {
            return;
        };
        if turn.is_over && turn.responses == 0 {
            return;
        }
        self.told += 1;
        self.interrupted += u32::from(turn.is_interrupted);
        origin.take(turn.told(self.told, origin));
    }
}

impl Turn {
    /// All that was to come has come.
    fn is_settled(&self) -> bool {
        let is_busy = self.active.is_some() || self.tools > 0;
        self.responses > 0 && !is_busy && !self.owed.tools && !self.owed.failure
    }

    fn active_as(&mut self, key: ResponseKey) -> Option<&mut Active> {
        self.active.as_mut().filter(|active| active.key == key)
    }

    fn voice(&mut self, key: ResponseKey, at: impl FnOnce() -> SystemTime) {
        let active = self.active_as(key);
        if let Some(active) = active.filter(|active| !active.has_voice) {
            active.has_voice = true;
            if self.answer == Answer::Awaited {
                self.span.happened("audio.received", at());
            }
            self.answer = Answer::Sounding;
        }
    }

    /// What is heard of the answer.
    fn note(&mut self, report: &Report, at: SystemTime) {
        if let Report::Speaking(_) = report {
            self.span.happened("audio.sent", at);
            self.latency[0] = at.duration_since(self.span.started).ok();
            self.touch(at);
        } else if let Report::Latency(latency) = report {
            self.latency[1] = latency.heard;
        } else if let Report::Interrupted { .. } = report {
            self.interrupt(at);
        } else if let Report::Said(said) = report
            && said.speaker == Speaker::Receptionist
        {
            self.touch(at);
            if self.is_settled() {
                self.answer = Answer::Heard;
            }
        }
    }

    fn response_done(&mut self, key: ResponseKey, outcome: Outcome, at: SystemTime) {
        let Some(active) = self.active.take_if(|active| active.key == key) else {
            return;
        };
        self.owed.failure = match outcome {
            Outcome::Completed => !active.has_voice && !active.has_acted,
            Outcome::Cancelled => false,
            Outcome::Failed | Outcome::Busy(_) | Outcome::Withheld => true,
        };
        self.touch(at);
    }

    /// The caller does not want to hear the rest.
    fn interrupt(&mut self, at: SystemTime) {
        self.is_interrupted = true;
        self.last = self.last.max(at);
    }

    fn touch(&mut self, at: SystemTime) {
        if !self.is_over {
            self.last = self.last.max(at);
        }
    }

    fn told(self, number: u32, origin: &Origin) -> Span {
        let mut span = self.span;
        let outcome = match self.answer {
            _ if self.is_interrupted => "interrupted",
            Answer::Awaited => "unanswered",
            Answer::Sounding | Answer::Heard => "answered",
        };
        span.ended = self.last;
        span.know("frontdesk.turn.number", number);
        span.know("frontdesk.turn.outcome", outcome);
        span.know("frontdesk.turn.responses", self.responses);
        for (name, latency) in LATENCIES.into_iter().zip(self.latency) {
            if let Some(ms) = latency.and_then(|it| i64::try_from(it.as_millis()).ok()) {
                span.know(name, ms);
            }
        }
        origin.know_usage(&mut span, self.used);
        span
    }
}

/// How long the caller waited until the answer was sent, and until it was heard.
const LATENCIES: [&str; 2] = [
    "frontdesk.turn.latency_sent_ms",
    "frontdesk.turn.latency_heard_ms",
];

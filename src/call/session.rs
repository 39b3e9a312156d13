//! The call itself: what happens is handed to the part that remembers it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::behind::Behind;
use super::dtmf::Keypad;
use super::ending::Ending;
use super::intake::Intake;
use super::link::Link;
use super::oversight::Oversight;
use super::person::Wish;
use super::playback::Playback;
use super::response::Patience;
use super::silence::{Silence, Verdict};
use super::timers::{Timer, Timers};
use super::tool::Tools;
use super::transcript::Transcript;
use super::turn::Turn;
use super::wait::Wait;
use super::{Action, AgentAction, CallPlan, CarrierAction, Event, ItemKey, Mark, Reply, Report};
use crate::audio::Frame;
use crate::domain::{EndReason, Pii, Speaker, Usage, Utterance};

/// The carrier has this long to open the stream it was asked for.
const CARRIER_START: Duration = Duration::from_mins(1);

/// Actions that room is kept for: a piece of 320 ms. Only a burst takes more.
const KEPT_ACTIONS: usize = 16;

/// One call. See [the protocol of use](super).
#[derive(Debug)]
pub struct Session {
    pub(super) plan: CallPlan,
    pub(super) has_carrier: bool,
    pub(super) has_agent: bool,
    pub(super) ended: Option<EndReason>,
    pub(super) link: Link,
    pub(super) wait: Wait,
    /// Sentences of our own so far.
    pub(super) uttered: u32,
    pub(super) intake: Intake,
    pub(super) playback: Playback,
    pub(super) behind: Behind,
    pub(super) turn: Turn,
    pub(super) patience: Patience,
    pub(super) keypad: Keypad,
    pub(super) silence: Silence,
    pub(super) oversight: Oversight,
    pub(super) tools: Tools,
    pub(super) wish: Wish,
    pub(super) ending: Option<Ending>,
    pub(super) transcript: Transcript,
    pub(super) usage: Usage,
    pub(super) timers: Timers,
    pub(super) actions: VecDeque<Action>,
}

impl Session {
    /// A call that the carrier has announced and whose agent is being dialled.
    pub fn new(plan: CallPlan, now: Instant) -> Self {
        let mut timers = Timers::default();
        timers.set(Timer::CarrierStart, now + CARRIER_START);
        Self {
            plan,
            has_carrier: false,
            has_agent: false,
            ended: None,
            link: Link::new(plan.seed),
            wait: Wait::default(),
            uttered: 0,
            intake: Intake::default(),
            playback: Playback::default(),
            behind: Behind::default(),
            turn: Turn::default(),
            patience: Patience::default(),
            keypad: Keypad::default(),
            silence: Silence::new(plan.silence, now),
            oversight: Oversight::default(),
            tools: Tools::default(),
            wish: Wish::default(),
            ending: None,
            transcript: Transcript::new(now),
            usage: Usage::default(),
            timers,
            actions: VecDeque::new(),
        }
    }

    /// Takes note of what happened at `now`.
    pub fn handle_event(&mut self, event: Event, now: Instant) {
        if self.ended.is_some() || self.is_imagined(&event) {
            return;
        }
        match event {
            Event::CarrierStarted => self.on_carrier_started(now),
            Event::CarrierReplaced => self.on_carrier_replaced(now),
            Event::AgentReady => self.on_agent_ready(now),
            Event::CallerAudio { timestamp, frame } => self.on_caller_audio(timestamp, frame, now),
            Event::Digit(digit) => self.on_digit(digit, now),
            Event::CarrierBehind(untaken) => self.on_carrier_behind(untaken, now),
            Event::CarrierCaughtUp => self.on_carrier_caught_up(now),
            Event::MarkPlayed(mark) => self.on_mark_played(mark, now),
            Event::SpeechStarted { item } => self.on_speech_started(item, now),
            Event::SpeechStopped { item: _ } => self.on_speech_stopped(now),
            Event::ItemAdded {
                item,
                previous,
                speaker,
            } => {
                self.transcript.place(item, previous, speaker, now);
            }
            Event::CallerTranscript { item, text } => self.on_caller_transcript(item, &text, now),
            Event::Used(usage) => self.on_used(usage),
            Event::ResponseStarted(response) => self.on_response_started(response),
            Event::ResponseRefused(refused) => self.on_response_refused(refused, now),
            Event::AgentAudio {
                response,
                item,
                frame,
            } => {
                self.on_agent_audio(response, item, frame);
            }
            Event::AgentText { item, delta } => self.transcript.append(item, delta.expose(), now),
            Event::AgentAudioDone { item } => self.playback.finish(item),
            Event::ToolCalled {
                call,
                response,
                tool,
                arguments,
            } => self.on_tool_called((call, response), tool, arguments, now),
            Event::AgentActs(act) => self.on_agent_acts(act, now),
            Event::ToolEnded { errand, end } => self.on_tool_ended(errand, end, now),
            Event::ResponseDone {
                response,
                outcome,
                usage,
            } => {
                self.on_response_done(response, outcome, usage, now);
            }
            Event::AgentFailed { is_final } => self.on_agent_failed(is_final, now),
            Event::AgentClosed => self.on_agent_closed(now),
            Event::SpareReady => self.on_spare_ready(),
            Event::SpareFailed => self.on_spare_failed(now),
            Event::Uttered { text, sound } => self.on_uttered(&text, &sound, now),
            Event::CarrierStopped => self.on_carrier_stopped(now),
            Event::CarrierLost => self.end(EndReason::CarrierLost, now),
            Event::Ordered(order) => self.on_ordered(order, now),
        }
        self.settle(now);
    }

    /// The moment of [`poll_timeout`](Self::poll_timeout) has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(timer) = self.timers.pop(now) {
            match timer {
                Timer::CarrierStart => self.end(EndReason::StreamNeverStarted, now),
                Timer::Redial => self.redial(),
                Timer::Renew => self.renew(),
                Timer::Retry => self.retry(),
                // Pumping is part of settling, which every event ends with.
                Timer::Pace => {}
                Timer::OutOfDate => self.drop_out_of_date(now),
                Timer::MediaStall => self.check_stall(now),
                Timer::Tool => self.expire_tools(now),
                Timer::Wait => self.on_wait(now),
                Timer::Silence => self.judge_silence(now),
                Timer::Entry => self.finish_entry(now),
                Timer::Reading => self.read_keys(now),
                Timer::MaxDuration => {
                    self.say_goodbye(Reply::GoodbyeForTime, EndReason::MaxDuration, now);
                }
                Timer::Chime => self.play_chime(now),
                Timer::HangUp => self.hang_up(now),
            }
        }
        self.settle(now);
    }

    /// The next thing to be done; none when everything is.
    pub fn poll_action(&mut self) -> Option<Action> {
        let action = self.actions.pop_front();
        if action.is_none() {
            self.actions.shrink_to(KEPT_ACTIONS);
        }
        action
    }

    /// How much of what the agent said the carrier has not played by `now`.
    pub fn lead(&self, now: Instant) -> Duration {
        self.playback.lead(now)
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), unless an event
    /// comes first.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Why the call ended, once it has.
    pub fn ended(&self) -> Option<EndReason> {
        self.ended
    }

    /// What the agent has used so far.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// What was said and heard so far, in order.
    pub fn transcript(&self) -> impl Iterator<Item = Utterance> {
        self.transcript.utterances()
    }

    pub(super) fn on_carrier_started(&mut self, now: Instant) {
        if self.has_carrier {
            return;
        }
        self.has_carrier = true;
        self.transcript.begin(now);
        self.timers.stop(Timer::CarrierStart);
        self.timers
            .set(Timer::MaxDuration, now + self.plan.limits.max_duration);
        if self.has_agent {
            self.begin_conversation(now);
        }
    }

    fn on_caller_audio(&mut self, timestamp: Option<Duration>, frame: Frame, now: Instant) {
        // What is kept back is silence to the agent, and time goes on.
        let frame = if self.oversight.silences(Speaker::Caller) {
            Frame::silence(frame.len())
        } else {
            frame
        };
        let actions = &mut self.actions;
        self.intake.hear(timestamp, frame, now, |frame| {
            actions.push_back(listen(frame));
        });
    }

    fn on_mark_played(&mut self, mark: Mark, now: Instant) {
        if self.playback.mark_played(mark, now)
            && let Some(latency) = self.turn.latency.mark_played(mark, now)
        {
            self.report(Report::Latency(latency));
        }
    }

    fn on_caller_transcript(&mut self, item: ItemKey, text: &Pii<String>, now: Instant) {
        self.silence.words(text.expose(), now);
        self.turn.words(text.expose());
        if !text.expose().trim().is_empty() {
            self.tools.caller_spoke();
            self.hear_wish(text.expose(), now);
        }
        if let Some(utterance) = self.transcript.caller_said(item, text.expose(), now) {
            self.report(Report::Said(utterance));
        }
    }

    fn judge_silence(&mut self, now: Instant) {
        if self.ending.is_some() {
            return;
        }
        let is_awaited = self.turn.is_awaited() || self.is_owed_more();
        let is_waiting = is_awaited || self.tools.is_running() || !self.has_agent;
        if is_waiting || self.behind.is_stuck() || self.oversight.explains_silence() {
            // It is not the caller who is silent.
            self.timers
                .set(Timer::Silence, now + self.plan.silence.prompt_after);
            return;
        }
        let verdict = self.silence.judge(self.playback.quiet_at(), now);
        if !matches!(verdict, Verdict::Wait(_)) && self.silence.hears_noise(now) {
            self.turn.caller_is_silent();
        }
        match verdict {
            Verdict::Wait(until) => self.timers.set(Timer::Silence, until),
            Verdict::Prompt(prompts) => {
                self.report(Report::Silence { prompts });
                self.respond(Reply::StillThere);
                self.timers
                    .set(Timer::Silence, now + self.plan.silence.prompt_after);
            }
            Verdict::GiveUp => {
                self.say_goodbye(Reply::GoodbyeForSilence, EndReason::Silence, now);
            }
        }
    }

    pub(super) fn respond(&mut self, reply: Reply) {
        self.turn.want(reply);
        self.request();
    }

    /// Asks the agent for what is wanted of it, if this is the moment.
    fn request(&mut self) {
        if self.has_agent
            && let Some(reply) = self.turn.next_request()
        {
            self.agent(AgentAction::Respond(reply));
        }
    }

    /// What every event may have made possible.
    fn settle(&mut self, now: Instant) {
        if self.ended.is_some() {
            return;
        }
        if self.turn.is_wanted() {
            self.request();
        }
        self.pump(now);
        self.mind_wait(now);
        self.mind_spare(now);
        while let Some(item) = self.playback.take_heard(now) {
            if let Some(utterance) = self.transcript.heard(item) {
                self.report(Report::Said(utterance));
            }
        }
        self.maybe_hang_up(now);
    }

    fn pump(&mut self, now: Instant) {
        if self.behind.is_stuck() {
            self.timers.stop(Timer::Pace);
            return;
        }
        let Self {
            playback,
            turn,
            actions,
            ..
        } = self;
        let dry = playback.pump(now, |action, item| {
            match action {
                CarrierAction::Play(_) => {
                    let is_answer = item.is_some_and(|item| !item.is_own());
                    if is_answer && turn.audio_sent(now) {
                        actions.push_back(Action::Report(Report::Speaking(Speaker::Receptionist)));
                    }
                }
                CarrierAction::Mark(mark) => turn.latency.mark_sent(mark),
                CarrierAction::Clear => {}
            }
            actions.push_back(Action::Carrier(action));
        });
        if !dry.is_zero() {
            self.report(Report::RanDry { lasting: dry });
        }
        match self.playback.next_pump(now) {
            Some(at) => self.timers.set(Timer::Pace, at),
            None => self.timers.stop(Timer::Pace),
        }
    }

    pub(super) fn carrier(&mut self, action: CarrierAction) {
        self.actions.push_back(Action::Carrier(action));
    }

    pub(super) fn agent(&mut self, action: AgentAction) {
        self.actions.push_back(Action::Agent(action));
    }

    pub(super) fn report(&mut self, report: Report) {
        self.actions.push_back(Action::Report(report));
    }
}

pub(super) fn listen(frame: Frame) -> Action {
    Action::Agent(AgentAction::Listen(frame))
}

//! The caller breaks in: what they did not hear was not said.

use std::time::Instant;

use super::intake::STALL;
use super::playback::Cut;
use super::response::Patience;
use super::session::{Session, listen};
use super::timers::Timer;
use super::{AgentAction, CarrierAction, Event, Interruption, ItemKey, Reply, Report};
use crate::domain::Speaker;

/// Why what is being said is cut.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cause {
    /// The caller speaks. The agent hears that too, and most stop by themselves.
    Speech,
    /// We have it so. The agent knows nothing of it, and would go on.
    Ours,
}

impl Session {
    /// Whether an agent hears a caller who is not there yet.
    pub(super) fn is_imagined(&self, event: &Event) -> bool {
        let is_of_caller = matches!(
            event,
            Event::SpeechStarted { .. }
                | Event::SpeechStopped { .. }
                | Event::CallerTranscript { .. }
        );
        is_of_caller && !self.has_carrier
    }

    pub(super) fn on_speech_started(&mut self, item: ItemKey, now: Instant) {
        self.report(Report::Speaking(Speaker::Caller));
        self.transcript.sounds(item, Speaker::Caller, now);
        self.silence.speech_started(now);
        self.turn.caller_began();
        self.patience = Patience::default();
        self.tools.new_turn();
        // The answer to them is an answer to what was done as well.
        self.tools.are_answered();
        self.timers.set(Timer::MediaStall, now + STALL);
        self.interrupt(Cause::Speech, now);
        self.call_off_end(now);
    }

    pub(super) fn on_speech_stopped(&mut self, now: Instant) {
        self.silence.speech_stopped(now);
        self.tools.caller_spoke();
        self.turn.caller_paused(now);
        self.timers.stop(Timer::MediaStall);
    }

    pub(super) fn on_carrier_replaced(&mut self, now: Instant) {
        if !self.has_carrier {
            self.on_carrier_started(now);
            return;
        }
        self.intake.restart();
        let was_answering = self.turn.is_answering();
        let was_cut = self.interrupt(Cause::Ours, now);
        self.on_carrier_caught_up(now);
        if was_cut || was_answering {
            self.respond(Reply::Answer);
        }
    }

    /// The caller broke in, or the stream did: nothing that was not heard is
    /// said. Returns whether anything was cut.
    pub(super) fn interrupt(&mut self, cause: Cause, now: Instant) -> bool {
        let was_answering = self.turn.is_answering();
        self.turn.mute();
        let (must_clear, cuts) = self.playback.interrupt(now);
        if must_clear {
            self.carrier(CarrierAction::Clear);
        }
        let must_be_told =
            cause == Cause::Ours || self.plan.interruption == Interruption::CancelAndTruncate;
        if was_answering && must_be_told {
            self.agent(AgentAction::Cancel(self.turn.active()));
        }
        for cut in &cuts {
            self.on_cut(*cut);
        }
        cuts.iter().any(|cut| !cut.is_whole && !cut.item.is_own())
    }

    /// Nothing more of an item is heard, and maybe nothing was.
    fn on_cut(&mut self, cut: Cut) {
        let Cut { item, heard, .. } = cut;
        if !cut.is_whole && !item.is_own() {
            self.report(Report::Interrupted { item, heard });
        }
        self.tell_heard(cut);
        let is_told = self.plan.interruption != Interruption::Agent;
        if cut.is_whole || item.is_own() || !is_told {
            return;
        }
        if heard.is_zero() {
            self.agent(AgentAction::Delete { item });
        } else {
            self.agent(AgentAction::Truncate { item, heard });
        }
    }

    /// Tells what of an item was heard of which no more will be.
    pub(super) fn tell_heard(&mut self, cut: Cut) {
        let said = if cut.is_whole {
            self.transcript.heard(cut.item)
        } else {
            self.transcript.cut(cut.item, cut.heard, cut.received)
        };
        if let Some(utterance) = said {
            self.report(Report::Said(utterance));
        }
    }

    pub(super) fn check_stall(&mut self, now: Instant) {
        let actions = &mut self.actions;
        let again = self.intake.check_stall(now, |frame| {
            actions.push_back(listen(frame));
        });
        self.timers.set(Timer::MediaStall, again);
    }
}

//! How a call comes to its end: the goodbye is heard before we hang up.

use std::time::{Duration, Instant};

use super::session::Session;
use super::timers::Timer;
use super::{
    Action, AgentAction, HandsTo, Reply, Report, ResponseKey, ToolAnswer, ToolKey, ToolRefusal,
};
use crate::domain::{Effect, EndReason, PermittedTool, Speaker, ToolName};

/// A goodbye that is not said by then is not waited for.
pub(super) const GOODBYE_CAP: Duration = Duration::from_secs(12);
/// How long after the computed end of playback the last mark is waited for; a
/// carrier may never return it.
pub(super) const MARK_GRACE: Duration = Duration::from_secs(2);

/// However long the goodbye, the call is over by then.
const LATEST: Duration = Duration::from_mins(1);

/// What the end waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stage {
    /// The response in which the goodbye is said has not begun.
    Asked,
    /// The goodbye is being said.
    Saying(ResponseKey),
    /// The goodbye is said, or there is none; the caller hears the rest.
    Said,
}

/// The way out of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Ending {
    pub(super) end_reason: EndReason,
    pub(super) stage: Stage,
    pub(super) latest: Instant,
}

impl Ending {
    pub(super) fn new(end_reason: EndReason, stage: Stage, now: Instant) -> Self {
        Self {
            end_reason,
            stage,
            latest: now + LATEST,
        }
    }

    /// Whether the caller, by speaking or for a person, may call the end off.
    pub(super) fn can_be_called_off(&self) -> bool {
        matches!(
            self.end_reason,
            EndReason::Silence | EndReason::ReceptionistHungUp
        )
    }
}

impl Session {
    pub(super) fn on_agent_ends_call(
        &mut self,
        (call, response): (ToolKey, ResponseKey),
        now: Instant,
    ) {
        // Who is on hold has heard no goodbye, and waits for somebody.
        if !self.turn.is_audible(response) || self.oversight.is_held() {
            let answer = ToolAnswer::EndRefused;
            self.agent(AgentAction::AnswerTool { call, answer });
            return;
        }
        if self.ending.is_none() && (self.tools.hands_on() || self.wants_person()) {
            // Who wants a person is led to one, and not hung up on.
            self.lead_to_person(now);
            self.refuse_end(call, ToolRefusal::NotNow);
            return;
        }
        if self.ending.is_none() && self.tools.is_undone(response) {
            // Nobody is let go who was told that something is done, and it is not.
            self.refuse_end(call, ToolRefusal::Unfinished);
            self.reply_to_tools();
            return;
        }
        let answer = ToolAnswer::EndAllowed;
        self.agent(AgentAction::AnswerTool { call, answer });
        if self.ending.is_some() {
            return;
        }
        let end_reason = EndReason::ReceptionistHungUp;
        let is_heard = !self.oversight.silences(Speaker::Receptionist);
        if is_heard && self.turn.has_spoken(response) {
            self.begin_ending(Ending::new(end_reason, Stage::Saying(response), now), now);
        } else {
            self.say_goodbye(Reply::Goodbye, end_reason, now);
        }
    }

    fn refuse_end(&mut self, call: ToolKey, why: ToolRefusal) {
        let name = ToolName::EndCall.as_str().to_owned();
        self.refuse_tool(call, Some(name), why);
    }

    /// What the caller is hearing is heard to its end; then the carrier is
    /// asked what comes next, also if it has not come yet.
    pub(super) fn on_agent_gone(&mut self, end_reason: EndReason, now: Instant) {
        self.playback.finish_all();
        self.tools.agent_gone();
        self.timers.stop(Timer::Redial);
        self.timers.stop(Timer::Renew);
        if self.ending.is_none_or(|ending| ending.stage != Stage::Said) {
            self.end_oversight(now);
            let end_reason = if self.is_transferring() {
                EndReason::Transferred
            } else {
                end_reason
            };
            let mut ending = Ending::new(end_reason, Stage::Said, now);
            ending.latest = self.wait.latest(now).unwrap_or(ending.latest);
            self.ending = Some(ending);
        }
    }

    /// The caller is handed on: after a word about it, if there is somebody to
    /// say it.
    pub(super) fn on_transfer(&mut self, hands_to: HandsTo, now: Instant) {
        let end_reason = EndReason::Transferred;
        if let Some(ending) = &mut self.ending
            && ending.stage == Stage::Said
        {
            ending.end_reason = end_reason;
        } else if self.has_agent && self.has_carrier {
            let reply = match hands_to {
                HandsTo::Person => Reply::Handover,
                HandsTo::Voicemail => Reply::HandoverToVoicemail,
            };
            self.wait.is_handed_on();
            self.say_goodbye(reply, end_reason, now);
        } else {
            self.end(end_reason, now);
        }
    }

    /// Whether the caller hears the rest and is handed to somebody else.
    pub(super) fn has_given_up(&self) -> bool {
        self.ending
            .is_some_and(|ending| ending.stage == Stage::Said)
    }

    /// Whether the caller is handed on once the agent has told them so.
    pub(super) fn is_handed_on_by_agent(&self) -> bool {
        self.has_agent && self.is_transferring() && !self.has_given_up()
    }

    /// Whether the call ends for want of an agent, and the caller hears the rest.
    pub(super) fn has_lost_agent(&self) -> bool {
        self.ending.is_some_and(|ending| {
            let is_lost = matches!(
                ending.end_reason,
                EndReason::AgentLost | EndReason::AgentUnavailable
            );
            is_lost && ending.stage == Stage::Said
        })
    }

    fn is_transferring(&self) -> bool {
        self.ending
            .is_some_and(|ending| ending.end_reason == EndReason::Transferred)
    }

    pub(super) fn say_goodbye(&mut self, reply: Reply, end_reason: EndReason, now: Instant) {
        let is_said = self
            .ending
            .is_some_and(|ending| ending.stage == Stage::Said);
        // Who is handed on is told so once, and nothing else.
        if is_said || self.is_transferring() {
            return;
        }
        self.begin_ending(Ending::new(end_reason, Stage::Asked, now), now);
        self.respond(reply);
    }

    pub(super) fn begin_ending(&mut self, ending: Ending, now: Instant) {
        self.end_oversight(now);
        self.ending = Some(ending);
        self.timers.set(Timer::HangUp, now + GOODBYE_CAP);
    }

    /// What is to be done in the same breath is done before the call ends.
    pub(super) fn put_off_end(&mut self, tool: &PermittedTool, is_audible: bool, now: Instant) {
        let is_own = self.ending.is_some_and(|ending| {
            ending.end_reason == EndReason::ReceptionistHungUp && ending.stage != Stage::Said
        });
        if is_own && is_audible && tool.effect != Effect::Looks {
            self.call_off_end(now);
        }
    }

    /// There is more to say: the call goes on, if its end may be called off.
    pub(super) fn call_off_end(&mut self, now: Instant) {
        if !self.ending.is_some_and(|ending| ending.can_be_called_off()) {
            return;
        }
        self.ending = None;
        self.timers.stop(Timer::HangUp);
        // While the call was ending, nobody minded the silence.
        self.timers
            .set(Timer::Silence, now + self.plan.silence.prompt_after);
        self.turn.want_no_goodbye();
    }

    /// Ends the call once the goodbye has been said and heard.
    pub(super) fn maybe_hang_up(&mut self, now: Instant) {
        let Some(ending) = self.ending else { return };
        if ending.stage != Stage::Said || !self.has_carrier {
            return;
        }
        match self.heard_by(ending) {
            Some(heard_by) if !self.playback.is_confirmed() => {
                self.timers.set(Timer::HangUp, heard_by);
            }
            _ => self.end(ending.end_reason, now),
        }
    }

    /// When all that is to be heard has been, if there is anything. What the carrier does
    /// not take just now is sent when it does.
    fn heard_by(&self, ending: Ending) -> Option<Instant> {
        let quiet_at = self.playback.quiet_at().map(|at| at + MARK_GRACE);
        let waits = self.playback.has_unsent().then_some(ending.latest);
        Some(quiet_at.or(waits)?.min(ending.latest))
    }

    /// The goodbye has had its time; what of it still plays is heard.
    pub(super) fn hang_up(&mut self, now: Instant) {
        let Some(ending) = self.ending else { return };
        let is_saying = matches!(ending.stage, Stage::Saying(_)) && !self.playback.is_quiet(now);
        match self.heard_by(ending) {
            Some(heard_by) if is_saying && now < ending.latest => {
                self.timers.set(Timer::HangUp, heard_by);
            }
            _ => self.end(ending.end_reason, now),
        }
    }

    /// The caller hung up, if it was not the end already.
    pub(super) fn on_carrier_stopped(&mut self, now: Instant) {
        let planned = self.ending.map(|ending| ending.end_reason);
        // Who hangs up is handed on no more.
        let planned = planned.filter(|why| *why != EndReason::Transferred);
        self.end(planned.unwrap_or(EndReason::CallerHungUp), now);
    }

    pub(super) fn end(&mut self, end_reason: EndReason, now: Instant) {
        if self.ended.is_some() {
            return;
        }
        if let Some(latency) = self.turn.latency.take_unheard() {
            self.report(Report::Latency(latency));
        }
        let (_, cuts) = self.playback.interrupt(now);
        for cut in cuts {
            self.tell_heard(cut);
        }
        self.timers.stop_all();
        self.actions.push_back(Action::End(end_reason));
        self.ended = Some(end_reason);
    }
}

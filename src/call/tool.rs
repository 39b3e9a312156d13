//! What the agent asks for is done once, within limits, and while it may be.
//!
//! Whether there is such a tool was decided by what the receptionist permits;
//! here it is decided whether it may be used at this moment. What is refused
//! is answered at once, so that the agent can go on.

use std::time::{Duration, Instant};

use super::session::Session;
use super::timers::Timer;
use super::tool_memory::{ToolMemory, Untold, kept};
use super::wait::Wait;
use super::{
    Action, AgentAction, Doer, Errand, HandsTo, Reply, Report, ResponseKey, ToolAction, ToolAnswer,
    ToolEnd, ToolKey, ToolRefusal,
};
use crate::domain::{Effect, PermittedTool, Pii, ToolName};

/// Tools that may be asked for before the caller speaks again.
const MAX_OF_TURN: u32 = 6;
/// Tools that may be asked for in a call.
const MAX_OF_CALL: u32 = 60;
/// Texts that may be sent in a call.
const MAX_TEXTS: u32 = 5;
/// Somebody to hand the caller to is found by then, or the route goes on.
const PERSON: Duration = Duration::from_secs(4);

/// What runs, and what was asked for.
#[derive(Debug, Default)]
pub(super) struct Tools {
    pub(super) running: Vec<Running>,
    pub(super) untold: ToolMemory,
    /// The least key that has not been seen: keys are given in order.
    next: u32,
    pub(super) of_turn: u32,
    pub(super) of_call: u32,
    texts: u32,
    /// The response in which something that was asked for has failed.
    failed_in: Option<ResponseKey>,
    /// Answers were handed to the agent of which it has not been asked to speak.
    pub(super) owes_reply: bool,
    /// It was asked to go on without tools.
    is_stopped: bool,
    /// The caller has said or keyed in something.
    has_caller_spoken: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) errand: Errand,
    pub(super) doer: Doer,
    pub(super) name: Option<String>,
    /// As far as they are kept.
    pub(super) arguments: Pii<String>,
    pub(super) hands_on: bool,
    pub(super) due: Instant,
}

impl Tools {
    /// The caller takes a turn: the agent may use tools anew.
    pub(super) fn new_turn(&mut self) {
        self.of_turn = 0;
        self.is_stopped = false;
    }

    /// So many were asked for in an earlier part of the call.
    pub(super) fn resume(&mut self, of_call: u32) {
        self.of_call = of_call;
    }

    /// How many were asked for in this call.
    pub(super) fn of_call(&self) -> u32 {
        self.of_call
    }

    /// The caller has said or keyed in something.
    pub(super) fn caller_spoke(&mut self) {
        self.has_caller_spoken = true;
    }

    /// Whether something is being done for the caller.
    pub(super) fn is_running(&self) -> bool {
        !self.running.is_empty()
    }

    /// The agent is told what the caller must hear before they are let go.
    pub(super) fn owe_word(&mut self, response: Option<ResponseKey>) {
        self.failed_in = response;
        self.owes_reply = true;
        self.is_stopped = false;
    }

    /// There will be no agent; nobody waits for what still runs, but a caller
    /// who is being handed on.
    pub(super) fn agent_gone(&mut self) {
        self.running.retain(|one| one.hands_on);
        self.owes_reply = false;
    }

    /// What an agent that comes in the middle must know, so that nothing is
    /// done twice. What it is told now, it owes no reply to.
    pub(super) fn recalled(&mut self) -> impl Iterator<Item = AgentAction> {
        self.owes_reply = false;
        let running = self.running.iter().filter_map(|one| match one.errand {
            Errand::Tool(call) => Some(AgentAction::RecallTool {
                call,
                name: one.name.clone()?,
                arguments: one.arguments.clone(),
                answer: None,
            }),
            Errand::Person => None,
        });
        self.untold.recalled().chain(running)
    }

    /// Somebody is looked for who takes over.
    pub(super) fn find_person(&mut self, now: Instant) {
        self.running.push(Running {
            errand: Errand::Person,
            doer: Doer::House,
            name: None,
            arguments: Pii::new(String::new()),
            hands_on: true,
            due: now + PERSON,
        });
    }

    pub(super) fn is_new(&mut self, call: ToolKey) -> bool {
        let is_new = call.0 >= self.next;
        self.next = self.next.max(call.0.saturating_add(1));
        is_new
    }

    fn take(&mut self, errand: Errand) -> Option<Running> {
        let at = self.running.iter().position(|one| one.errand == errand)?;
        Some(self.running.remove(at))
    }

    fn take_due(&mut self, now: Instant) -> Option<Running> {
        let at = self.running.iter().position(|one| one.due <= now)?;
        Some(self.running.remove(at))
    }

    fn next_due(&self) -> Option<Instant> {
        self.running.iter().map(|one| one.due).min()
    }

    /// Whether something that was asked for is not done, and the agent may think that it
    /// is: it is under way, or has failed since this response began.
    pub(super) fn is_undone(&self, response: ResponseKey) -> bool {
        let is_ours = |one: &Running| one.doer == Doer::House;
        self.running.iter().any(is_ours) || self.failed_in == Some(response)
    }

    /// Whether somebody is looked for who takes over.
    pub(super) fn hands_on(&self) -> bool {
        self.running.iter().any(|one| one.hands_on)
    }
}

impl Session {
    pub(super) fn on_tool_called(
        &mut self,
        (call, response): (ToolKey, ResponseKey),
        tool: Option<PermittedTool>,
        arguments: Pii<String>,
        now: Instant,
    ) {
        self.note_act();
        let is_audible = self.turn.is_audible(response);
        let is_new = self.tools.is_new(call);
        let is_end = tool
            .as_ref()
            .is_some_and(|tool| tool.effect == Effect::EndsCall);
        if is_end && is_new {
            self.on_agent_ends_call((call, response), now);
            return;
        }
        self.tools.of_turn += 1;
        self.tools.of_call += 1;
        if !is_new {
            // What is asked for twice is done, and answered, once.
            self.report_tool(tool.map(|tool| tool.name), "repeated");
            self.tools.owes_reply = true;
        } else if let Some(tool) = tool {
            self.put_off_end(&tool, is_audible, now);
            match self.judge_tool(&tool, is_audible) {
                Ok(()) => self.run_tool(call, tool, arguments, now),
                Err(refusal) => self.refuse_tool(call, Some(tool.name), refusal),
            }
        } else {
            self.refuse_tool(call, None, ToolRefusal::Unknown);
        }
        self.reply_to_tools();
    }

    /// Whether a tool may be used at this moment.
    fn judge_tool(&self, tool: &PermittedTool, is_audible: bool) -> Result<(), ToolRefusal> {
        let acts = tool.effect != Effect::Looks;
        let has_sent_all = tool.is(ToolName::SendSms) && self.tools.texts >= MAX_TEXTS;
        if self.tools.of_call > MAX_OF_CALL || has_sent_all {
            Err(ToolRefusal::SpentOfCall)
        } else if self.tools.of_turn > MAX_OF_TURN || self.tools.running.len() >= MAX_AT_ONCE {
            Err(ToolRefusal::SpentOfTurn)
        } else if !is_audible {
            Err(ToolRefusal::Interrupted)
        } else if self.ending.is_some() || self.oversight.is_held() || self.tools.hands_on() {
            Err(ToolRefusal::NotNow)
        } else if acts && !self.tools.has_caller_spoken {
            Err(ToolRefusal::CallerSilent)
        } else {
            Ok(())
        }
    }

    fn run_tool(
        &mut self,
        call: ToolKey,
        tool: PermittedTool,
        arguments: Pii<String>,
        now: Instant,
    ) {
        self.tools.texts += u32::from(tool.is(ToolName::SendSms));
        self.tools.running.push(Running {
            errand: Errand::Tool(call),
            doer: Doer::House,
            name: Some(tool.name.clone()),
            arguments: kept(&arguments),
            hands_on: tool.effect == Effect::HandsOn,
            due: now + tool.patience,
        });
        let name = tool.name;
        self.actions.push_back(Action::Tool(ToolAction::Run {
            call,
            name,
            arguments,
        }));
        self.mind_tools();
    }

    pub(super) fn refuse_tool(
        &mut self,
        call: ToolKey,
        name: Option<String>,
        refusal: ToolRefusal,
    ) {
        self.report_tool(name, refusal.as_str());
        let answer = ToolAnswer::Refused(refusal);
        self.agent(AgentAction::AnswerTool { call, answer });
        self.tools.owes_reply = true;
        self.tools.failed_in = self.turn.active();
    }

    /// Something that was asked for is done, well or not.
    pub(super) fn on_tool_ended(&mut self, errand: Errand, end: ToolEnd, now: Instant) {
        let Some(running) = self.tools.take(errand) else {
            // Nobody waits for it any more, and nobody is handed on by it.
            self.tools.untold.amend(errand, &end.output);
            if end.hands_to.is_some() {
                self.actions
                    .push_back(Action::Tool(ToolAction::Withdraw(errand)));
            }
            return;
        };
        // Who has been given up by the agent goes to whom was found, if they are still there.
        let is_free = self.ending.is_none() || self.has_lost_agent();
        let may_hand_on = is_free && !self.oversight.is_held();
        let hands_to = end.hands_to.filter(|_| may_hand_on);
        if hands_to.is_none() && end.hands_to.is_some() {
            self.actions
                .push_back(Action::Tool(ToolAction::Withdraw(errand)));
        }
        let is_withdrawn = hands_to != end.hands_to;
        if is_withdrawn || !end.is_good {
            self.tools.failed_in = self.turn.active();
        }
        if let Errand::Tool(call) = errand {
            let (answer, outcome) = if is_withdrawn {
                let refusal = ToolRefusal::NotNow;
                (ToolAnswer::Refused(refusal), refusal.as_str())
            } else {
                (
                    ToolAnswer::Done(end.output),
                    if end.is_good { "done" } else { "failed" },
                )
            };
            if end.is_good && running.name.as_deref() == Some(ToolName::TakeMessage.as_str()) {
                self.wish.fulfil();
            }
            self.answer_tool(call, running, answer, outcome);
        }
        match (errand, hands_to) {
            (_, Some(hands_to)) => self.hand_on(errand, hands_to, now),
            (Errand::Person, None) if !is_withdrawn && end.is_good => self.on_nobody(now),
            (Errand::Person, None) if !is_withdrawn => self.follow_route(now),
            // Whoever is on hold is led to a person when they are so no more.
            (Errand::Person, None) if self.oversight.is_held() => self.wish.put_off(),
            (_, None) => self.go_on_after_tools(now),
        }
        self.mind_tools();
    }

    /// Tells the agent what came of a tool, or keeps it for the next one.
    fn answer_tool(
        &mut self,
        call: ToolKey,
        running: Running,
        answer: ToolAnswer,
        outcome: &'static str,
    ) {
        self.report_tool(running.name.clone(), outcome);
        if self.has_agent {
            self.tell_end(call, &running, &answer);
        }
        self.tools.owes_reply |= !self.goes_on_by_itself(&running);
        self.tools.untold.ended(Untold {
            call,
            name: running.name.unwrap_or_default(),
            arguments: running.arguments,
            answer,
        });
    }

    fn hand_on(&mut self, errand: Errand, hands_to: HandsTo, now: Instant) {
        self.actions
            .push_back(Action::Tool(ToolAction::HandOver(errand)));
        self.tools.owes_reply = false;
        self.on_transfer(hands_to, now);
    }

    /// Something has had its time.
    pub(super) fn expire_tools(&mut self, now: Instant) {
        while let Some(running) = self.tools.take_due(now) {
            match running.errand {
                Errand::Tool(call) => {
                    let refusal = ToolRefusal::TimedOut;
                    self.tools.failed_in = self.turn.active();
                    let answer = ToolAnswer::Refused(refusal);
                    self.answer_tool(call, running, answer, refusal.as_str());
                }
                Errand::Person => self.follow_route(now),
            }
        }
        self.go_on_after_tools(now);
        self.mind_tools();
    }

    /// Nobody was handed on: whoever wanted a person meanwhile is led to one.
    pub(super) fn go_on_after_tools(&mut self, now: Instant) {
        if self.ended.is_some() {
            return;
        }
        if self.wish.take_due() {
            self.lead_to_person(now);
        }
        self.reply_to_tools();
    }

    /// Asks the agent to go on, once everything that it asked for is answered, and it asks for
    /// no more in the same breath. On hold nobody would hear it.
    pub(super) fn reply_to_tools(&mut self) {
        let is_owed = self.tools.owes_reply && self.has_agent;
        if !is_owed || self.tools.is_running() || self.ending.is_some() {
            return;
        }
        self.wait = Wait::default();
        if self.turn.is_answering() || self.oversight.is_held() {
            return;
        }
        self.tools.owes_reply = false;
        // The answer to what the caller is saying is an answer to this too.
        if self.turn.is_caller_speaking() {
            return;
        }
        if self.tools.of_turn <= MAX_OF_TURN && self.tools.of_call <= MAX_OF_CALL {
            self.respond(Reply::Answer);
        } else if !self.tools.is_stopped {
            self.tools.is_stopped = true;
            self.respond(Reply::AnswerWithoutTools);
        }
    }

    /// Watches over what runs.
    pub(super) fn mind_tools(&mut self) {
        match self.tools.next_due().filter(|_| self.ended.is_none()) {
            Some(at) => self.timers.set(Timer::Tool, at),
            None => self.timers.stop(Timer::Tool),
        }
    }

    pub(super) fn report_tool(&mut self, name: Option<String>, outcome: &'static str) {
        self.report(Report::Tool { name, outcome });
    }
}

/// Tools that run at one time.
const MAX_AT_ONCE: usize = 6;

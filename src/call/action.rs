//! Everything that a call can ask for.

use std::time::Duration;

use super::{Errand, ItemKey, Mark, ToolAnswer, ToolKey};
use crate::audio::Frame;
use crate::domain::{EndReason, Pii, Speaker, TurnLatency, Usage, Utterance};

/// Something to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// For the carrier leg.
    Carrier(CarrierAction),
    /// For the agent leg.
    Agent(AgentAction),
    /// For whoever does what the agent cannot do by speaking.
    Tool(ToolAction),
    /// For whoever keeps the log or watches.
    Report(Report),
    /// The call is over: close both legs. Comes once, and last.
    End(EndReason),
}

/// What the carrier leg must do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CarrierAction {
    /// Play this after what was sent before.
    Play(Frame),
    /// Return this once everything before it has been played.
    Mark(Mark),
    /// Throw away what has not been played.
    Clear,
}

/// What the agent leg must do.
#[derive(Clone, Debug, PartialEq)]
pub enum AgentAction {
    /// Hear the caller.
    Listen(Frame),
    /// Read what the caller entered on the keypad.
    ReadDigits(Pii<String>),
    /// Know this.
    Tell(Notice),
    /// Speak.
    Respond(Reply),
    /// Stop speaking.
    Cancel,
    /// Of this item only so much was heard.
    Truncate {
        /// Which item.
        item: ItemKey,
        /// How much of it.
        heard: Duration,
    },
    /// Of this item nothing was heard.
    Delete {
        /// Which item.
        item: ItemKey,
    },
    /// Know what came of a tool that it asked for.
    AnswerTool {
        /// Its name for this wish.
        call: ToolKey,
        /// What came of it.
        answer: ToolAnswer,
    },
}

/// What is to be done for the agent, or for the caller.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ToolAction {
    /// Use a tool.
    Run {
        /// The agent's name for this wish.
        call: ToolKey,
        /// The tool.
        name: String,
        /// As the agent wrote them.
        arguments: Pii<String>,
    },
    /// Find somebody for a caller who wants a person.
    FindPerson,
    /// The call goes on where this has found a place for it.
    HandOver(Errand),
    /// It does not: nobody waits for it any more.
    Withdraw(Errand),
}

/// What the agent is told that the caller does not hear.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Notice {
    /// Somebody wants this said to the caller.
    Say(Pii<String>),
    /// The caller was on hold and is back.
    HoldEnded,
}

/// What the agent is asked to say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reply {
    /// The greeting.
    Greeting,
    /// Nobody took the call where the caller was handed on to, who is back.
    Back,
    /// Whatever the conversation asks for.
    Answer,
    /// Is the caller still there?
    StillThere,
    /// Goodbye, for nobody speaks.
    GoodbyeForSilence,
    /// Goodbye, for the time is up.
    GoodbyeForTime,
    /// Goodbye, for the agent wished to end the call and has not said it yet.
    Goodbye,
    /// Somebody else takes over now.
    Handover,
    /// Nobody can take over: the caller may leave a message now.
    HandoverToVoicemail,
    /// Something is being looked up.
    Filler,
    /// Whatever the conversation asks for, with what is known by now.
    AnswerWithoutTools,
}

/// What is worth knowing about a call while it goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// Both legs are there.
    Connected,
    /// Somebody began to speak.
    Speaking(Speaker),
    /// Somebody has spoken; the words as they were heard.
    Said(Utterance),
    /// The caller broke in when so much of the item had been heard.
    Interrupted {
        /// Which item.
        item: ItemKey,
        /// How much of it had been heard.
        heard: Duration,
    },
    /// How long the caller waited for this answer.
    Latency(TurnLatency),
    /// The caller finished an entry on the keypad.
    Digits(Pii<String>),
    /// The agent has asked for a tool, and this came of it.
    Tool {
        /// Which; none if there is no such tool, or it is not permitted.
        name: Option<String>,
        /// `done`, `failed`, `repeated`, or why it was refused.
        outcome: &'static str,
    },
    /// A response was paid for.
    Used(Usage),
    /// Somebody keeps one of the two from being heard, or does so no longer.
    Muted {
        /// Whose voice.
        who: Speaker,
        /// Whether it is kept back.
        is_on: bool,
    },
    /// The caller waits, or waits no longer.
    Held(bool),
    /// Nobody has spoken for so long; so many prompts have been given.
    Silence {
        /// Including the one that is given now.
        prompts: u32,
    },
}

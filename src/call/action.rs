//! Everything that a call can ask for.

use std::time::Duration;

use super::{Errand, ItemKey, Mark, ResponseKey, ToolAnswer, ToolKey};
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
    /// Reach for an agent, in the place of any there was.
    Dial,
    /// Reach for an agent that will take over, while this one goes on.
    DialSpare,
    /// The one that was to take over takes over.
    Swap,
    /// The caller is to hear this: hand it over as [`Event::Uttered`].
    ///
    /// [`Event::Uttered`]: super::Event::Uttered
    Utter(Phrase),
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

/// A sentence that needs no agent.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Phrase {
    /// One moment, please.
    OneMoment,
    /// We are sorry, it takes longer.
    Apology,
}

/// What the agent leg must do.
#[derive(Clone, Debug, PartialEq)]
pub enum AgentAction {
    /// Know what was before it came, in order.
    Recall(Vec<Recalled>),
    /// Hear the caller.
    Listen(Frame),
    /// Read what the caller entered on the keypad.
    ReadDigits(Pii<String>),
    /// Know this.
    Tell(Notice),
    /// Speak.
    Respond(Reply),
    /// Stop speaking: this response, or whatever there is.
    Cancel(Option<ResponseKey>),
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
    /// Know what an agent before it asked for.
    RecallTool {
        /// Its name for this wish.
        call: ToolKey,
        /// The tool.
        name: String,
        /// As the agent wrote them; `{}` where they were too long to keep.
        arguments: Pii<String>,
        /// What came of it; none while it runs.
        answer: Option<ToolAnswer>,
    },
    /// Know what came of a tool that it asked for.
    AnswerTool {
        /// Its name for this wish.
        call: ToolKey,
        /// What came of it.
        answer: ToolAnswer,
    },
}

/// Something that was before an agent came.
#[derive(Clone, Debug, PartialEq)]
pub enum Recalled {
    /// Somebody said this.
    Said(Utterance),
    /// The caller entered this on the keypad.
    Keyed(Pii<String>),
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
    /// The caller wants a person, and nobody is there; the caller stays.
    NobodyThere,
    /// What it does by itself, with this tool, has not come to an end in time.
    NoAnswer(Option<String>),
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
    /// The line was broken: take up where it broke off.
    Resume,
    /// What it wanted to say was withheld: say that, and go on.
    Excuse,
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

impl Reply {
    /// Whether nothing is said after it.
    pub(super) fn is_goodbye(self) -> bool {
        matches!(
            self,
            Self::GoodbyeForSilence
                | Self::GoodbyeForTime
                | Self::Goodbye
                | Self::Handover
                | Self::HandoverToVoicemail
        )
    }

    /// Whether it is what the caller waits for.
    pub(super) fn is_answer(self) -> bool {
        matches!(self, Self::Answer | Self::AnswerWithoutTools)
    }

    /// Whether it is still to be said if something comes between.
    pub(super) fn is_due_later(self) -> bool {
        self.is_goodbye() || matches!(self, Self::Greeting | Self::Back)
    }
}

/// What is worth knowing about a call while it goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// Both legs are there.
    Connected,
    /// The line to the agent is broken; another is reached for.
    AgentLost,
    /// There is an agent again.
    AgentBack {
        /// For how long there was none.
        after: Duration,
    },
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
    /// The caller heard nothing in the middle of what the agent says, for the
    /// rest of it came late.
    RanDry {
        /// For how long.
        lasting: Duration,
    },
    /// The carrier took nothing for so long that what waited for it is out of
    /// date, and thrown away.
    OutOfDate {
        /// How much.
        lasting: Duration,
    },
    /// The caller finished an entry on the keypad.
    Digits(Pii<String>),
    /// The agent has asked for a tool, and this came of it.
    Tool {
        /// Which; none if there is no such tool, or it is not permitted.
        name: Option<String>,
        /// `done`, `failed`, `repeated`, or why it was refused.
        outcome: &'static str,
    },
    /// A response was paid for, or the writing down of what the caller said.
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

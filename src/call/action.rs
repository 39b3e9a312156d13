//! Everything that a call can ask for.

use std::time::Duration;

use super::{ItemKey, Mark};
use crate::audio::Frame;
use crate::domain::{EndReason, Pii, Speaker, TurnLatency, Usage, Utterance};

/// Something to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// For the carrier leg.
    Carrier(CarrierAction),
    /// For the agent leg.
    Agent(AgentAction),
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
    /// Its wish to end the call is granted, once the goodbye has been heard.
    AllowEnd,
    /// Its wish to end the call is refused, for the caller has broken in.
    RefuseEnd,
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

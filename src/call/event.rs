//! Everything that can happen to a call, in the order of its life.

use std::sync::Arc;
use std::time::Duration;

use super::{AgentAct, Errand, HandsTo, ItemKey, Mark, ResponseKey, ToolEnd, ToolKey};
use crate::audio::Frame;
use crate::domain::{EndReason, PermittedTool, Pii, Speaker, Usage};

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The carrier's media stream is there.
    CarrierStarted,
    /// A second stream took the place of the first; what lay unplayed in the
    /// first one's buffer is lost.
    CarrierReplaced,
    /// The agent accepted its configuration.
    AgentReady,
    /// A frame of the caller's voice.
    CallerAudio {
        /// Where it belongs, counted from the start of the stream, if told.
        timestamp: Option<Duration>,
        /// The sound.
        frame: Frame,
    },
    /// The caller pressed a key.
    Digit(char),
    /// The carrier has not taken all that it was sent; of the sound in it, so much.
    CarrierBehind(Duration),
    /// It has, after all.
    CarrierCaughtUp,
    /// The carrier returned a mark.
    MarkPlayed(Mark),
    /// The agent hears the caller begin to speak.
    SpeechStarted {
        /// The item that the words will become.
        item: ItemKey,
    },
    /// The agent hears the caller pause.
    SpeechStopped {
        /// The item that the words will become.
        item: ItemKey,
    },
    /// An item took its place in the conversation.
    ItemAdded {
        /// The item.
        item: ItemKey,
        /// The one before it; none at the head.
        previous: Option<ItemKey>,
        /// Whose it is.
        speaker: Speaker,
    },
    /// The caller's words, written down.
    CallerTranscript {
        /// The item that they are.
        item: ItemKey,
        /// The words; empty if there were none.
        text: Pii<String>,
    },
    /// Something was used beside a response, such as to write the caller's words down.
    Used(Usage),
    /// The agent began a response.
    ResponseStarted(ResponseKey),
    /// The agent does not begin a response.
    ResponseRefused(Refused),
    /// A frame of the agent's voice.
    AgentAudio {
        /// Part of which response.
        response: ResponseKey,
        /// Part of which item.
        item: ItemKey,
        /// The sound.
        frame: Frame,
    },
    /// More of the agent's words.
    AgentText {
        /// Part of which item.
        item: ItemKey,
        /// The words.
        delta: Pii<String>,
    },
    /// The agent's item has all its audio.
    AgentAudioDone {
        /// Which item.
        item: ItemKey,
    },
    /// The agent asks for a tool.
    ToolCalled {
        /// Its name for this wish.
        call: ToolKey,
        /// Part of which response.
        response: ResponseKey,
        /// The tool, if there is one of that name which the receptionist permits.
        tool: Option<PermittedTool>,
        /// As the agent wrote them; nobody has looked at them yet.
        arguments: Pii<String>,
    },
    /// The agent does something by itself.
    AgentActs(AgentAct),
    /// Something that was to be done for the agent, or for the caller, is done.
    ToolEnded {
        /// What.
        errand: Errand,
        /// What came of it.
        end: ToolEnd,
    },
    /// A response is over.
    ResponseDone {
        /// Which one.
        response: ResponseKey,
        /// How it ended.
        outcome: Outcome,
        /// What it used.
        usage: Usage,
    },
    /// The agent could not be reached, or refused us.
    AgentFailed {
        /// Whether another attempt would end in the same way.
        is_final: bool,
    },
    /// The agent closed its side.
    AgentClosed,
    /// The agent that is to take over accepted its configuration.
    SpareReady,
    /// The agent that is to take over could not be reached, or is gone.
    SpareFailed,
    /// Here is the sentence that was asked for, in the caller's code.
    Uttered {
        /// Its words; empty where it is a sound.
        text: Pii<String>,
        /// Mu-law at 8 kHz.
        sound: Arc<[u8]>,
    },
    /// The carrier ended the stream: the caller hung up.
    CarrierStopped,
    /// The carrier's socket is gone, and the carrier has not ended the stream.
    CarrierLost,
    /// Somebody who looks after the call has something done.
    Ordered(Order),
}

/// What somebody who looks after a call can have done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Order {
    /// The agent says this.
    Say(Pii<String>),
    /// One of the two is not heard by the other, or is heard again.
    Mute {
        /// Whose voice.
        who: Speaker,
        /// Whether it is kept back.
        is_on: bool,
    },
    /// The caller waits, or waits no longer.
    Hold(bool),
    /// The caller is told that somebody else takes over, and handed on.
    Transfer(HandsTo),
    /// The call ends.
    HangUp(EndReason),
}

/// Why the agent does not begin a response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refused {
    /// We asked for it, and another is under way.
    TooEarly,
    /// Nobody asked for it: it would have answered the caller, and another is
    /// under way. Some agents do not say whether it was asked for.
    Unasked,
    /// The agent has too much to do; after so long it may be asked again.
    Busy(Duration),
    /// We asked for it, and the agent cannot do it.
    Failed,
}

/// How a response ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It was said whole.
    Completed,
    /// It was broken off by the caller or by us.
    Cancelled,
    /// The agent failed.
    Failed,
    /// The agent has too much to do; after so long it may be asked again.
    Busy(Duration),
    /// The agent was not allowed to say what it wanted to say.
    Withheld,
}

//! Where the simulated carrier calls, as whom, and with what faults.

use std::time::Duration;

use crate::domain::Secret;
use crate::rehearsal::exchange::Exchange;
use crate::rehearsal::names::{Keep, carrier_name};
use crate::rehearsal::rest::LiveCalls;
use crate::rehearsal::spoken::Spoken;

/// One simulated carrier account with one number.
#[derive(Clone, Debug)]
pub struct CarrierOptions {
    /// Where requests really go: `http://127.0.0.1:4640`.
    pub base_url: String,
    /// Where the carrier believes they go, which is what it signs.
    pub public_url: String,
    /// Path of the webhook for incoming calls; for a call that the gateway has
    /// made, of the one that it named.
    pub inbound_path: String,
    /// The call's own name, where it was made over REST and has one already.
    pub call_sid: Option<String>,
    /// `inbound`, or `outbound-api` for a call that was made over REST.
    pub direction: String,
    /// Path of the status callback, if the number has one.
    pub status_path: Option<String>,
    /// Path of the fallback webhook, if the number has one.
    pub fallback_path: Option<String>,
    /// Signs every request.
    pub auth_token: Secret<String>,
    /// The account: `AC` and 32 digits.
    pub account_sid: String,
    /// Who calls.
    pub from: String,
    /// The number called.
    pub to: String,
    /// Time between two media messages.
    pub frame: Duration,
    /// The caller hangs up after so long, whatever the script says.
    pub patience: Duration,
    /// What becomes of a `<Dial>`.
    pub dial_outcome: DialOutcome,
    /// The carrier's name for what it records of a `<Dial>`; any, if none is wanted.
    pub recording_sid: Option<String>,
    /// Why a caller no longer waits in a queue: `hangup`, `bridged`, `leave`,
    /// `queue-full` or `error`.
    pub queue_outcome: String,
    /// The account's calls, where what is told over REST is to reach them. Then those who
    /// are connected speak until somebody hangs up.
    pub live: Option<LiveCalls>,
    /// What is kept of each call.
    pub keep: Keep,
    /// Where callers wait, and what they share with an account; without one, a queue is
    /// heard once and left.
    pub exchange: Option<Exchange>,
    /// How long those who wait listen before the carrier asks again.
    pub tune: Duration,
    /// For how long that counts.
    pub tune_counts: Duration,
}

impl CarrierOptions {
    /// A carrier that calls a gateway at `base_url`, known by the same URL.
    pub fn new(base_url: impl Into<String>, auth_token: Secret<String>) -> Self {
        let base_url = base_url.into();
        Self {
            public_url: base_url.clone(),
            base_url,
            inbound_path: "/api/voice/webhooks/twiml/inbound".to_owned(),
            call_sid: None,
            direction: "inbound".to_owned(),
            status_path: Some("/api/voice/webhooks/status".to_owned()),
            fallback_path: Some("/api/voice/webhooks/fallback".to_owned()),
            auth_token,
            account_sid: carrier_name("AC"),
            from: "+15550100001".to_owned(),
            to: "+15550100000".to_owned(),
            frame: Duration::from_millis(20),
            patience: Duration::from_mins(1),
            dial_outcome: DialOutcome::default(),
            recording_sid: None,
            queue_outcome: "hangup".to_owned(),
            live: None,
            keep: Keep::Everything,
            exchange: None,
            tune: Duration::from_millis(250),
            tune_counts: Duration::from_secs(1),
        }
    }
}

/// What becomes of a `<Dial>`: `DialCallStatus` and how long it lasted.
#[derive(Clone, Debug)]
pub struct DialOutcome {
    /// `completed`, `busy`, `no-answer`, `failed` or `canceled`.
    pub status: String,
    /// How long they spoke. Nobody waits for it.
    pub lasting: Duration,
}

impl Default for DialOutcome {
    fn default() -> Self {
        Self {
            status: "completed".to_owned(),
            lasting: Duration::from_secs(30),
        }
    }
}

/// What the caller does during one call, and what goes wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// In order. After the last step the caller hangs up.
    pub steps: Vec<Step>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

impl Script {
    /// A call in which nothing goes wrong.
    pub fn new(steps: impl Into<Vec<Step>>) -> Self {
        Self {
            steps: steps.into(),
            faults: Vec::new(),
        }
    }

    /// The same, with `fault`.
    #[must_use]
    pub fn with(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }
}

/// One thing that the caller does.
#[derive(Clone, Debug)]
pub enum Step {
    /// Says nothing for so long.
    Wait(Duration),
    /// Waits until the receptionist is heard.
    WaitForSpeech,
    /// Waits until nothing has been heard for so long.
    WaitForQuiet(Duration),
    /// Says something.
    Speak(Spoken),
    /// Says something into the receptionist's words: barge-in.
    SpeakOver {
        /// What is said.
        spoken: Spoken,
        /// How long after the receptionist began.
        after: Duration,
    },
    /// Presses a key.
    Digit(char),
    /// Sends this on the stream as it is, whatever it may be.
    Send(String),
    /// No media comes for so long, while time goes on: lost packets.
    StopFrames(Duration),
    /// The stream's socket breaks without a word; the call itself goes on.
    DropSocket,
    /// The stream's socket is closed with a goodbye and without a `stop`, as by
    /// a proxy that goes away; the call itself goes on.
    CloseSocket,
    /// Hangs up.
    HangUp,
    /// Stays until the other side ends the stream.
    StayUntilEnd,
    /// Stays until it comes to waiting in a queue, and hangs up there after so long.
    HangUpInQueue(Duration),
}

/// Something that goes wrong with a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Webhooks are signed with another token.
    ForgedWebhookSignature,
    /// The stream's upgrade is signed with another token.
    ForgedStreamSignature,
    /// The stream's upgrade carries no signature.
    NoStreamSignature,
    /// A second stream is opened with the parameters of the first.
    ReplayedStream,
    /// The stream's `token` parameter is replaced by this.
    WrongToken(String),
    /// The stream opens and never says `start`.
    NeverStart,
    /// The inbound webhook is delivered twice, with one idempotency token.
    DuplicatedWebhook,
    /// Marks are swallowed.
    MarksNever,
    /// Marks come back so much later.
    MarksLate(Duration),
    /// The line hisses this loud, in decibels against full scale, such as -60.
    ComfortNoise(f64),
    /// The stream's socket is not read for a while.
    SlowReader {
        /// From the stream's beginning.
        after: Duration,
        /// For so long.
        lasting: Duration,
    },
}

//! Forms about a call: its request, its status, and how a verb ended.

use std::time::Duration;

use crate::domain::{CallSid, CallStatus, Direction, Party, Pii, Secret, Timestamp};
use crate::twilio::words::words;

use super::form::{Error, Form};

/// What every form about a call says; on its own, Twilio asking what to do.
#[derive(Clone, Debug, PartialEq)]
pub struct VoiceRequest {
    /// The call.
    pub call_sid: CallSid,
    /// The account that it is charged to.
    pub account_sid: String,
    /// Who rings; [`Party::Anonymous`] if Twilio does not say.
    pub from: Party,
    /// Who is rung.
    pub to: Party,
    /// Where the call stands.
    pub status: CallStatus,
    /// Who rang whom.
    pub direction: Direction,
    /// The number that forwarded the call here, if its carrier tells.
    pub forwarded_from: Option<Party>,
    /// The caller's name, if names are looked up.
    pub caller_name: Option<Pii<String>>,
    /// The call that dialled this one.
    pub parent_call_sid: Option<CallSid>,
    /// What STIR/SHAKEN says of the caller's number,
    /// such as `TN-Validation-Passed-A`.
    pub stir_verstat: Option<String>,
    /// Lets an outgoing call show the caller's number.
    pub call_token: Option<Secret<String>>,
    /// Where the caller's number is at home.
    pub from_place: Place,
    /// Where the number that was rung is at home.
    pub to_place: Place,
}

impl VoiceRequest {
    /// Reads the parameters of [`VoiceRequest`] from any form about a call.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Error> {
        let form = Form(pairs);
        Ok(Self {
            call_sid: form.required("CallSid")?,
            account_sid: form.required_text("AccountSid")?,
            from: form.party("From"),
            to: form
                .known_party("To")
                .ok_or(Error::Missing { field: "To" })?,
            status: form.required("CallStatus")?,
            direction: form.required("Direction")?,
            forwarded_from: form.known_party("ForwardedFrom"),
            caller_name: form.owned("CallerName").map(Pii::new),
            parent_call_sid: form.optional("ParentCallSid"),
            stir_verstat: form.owned("StirVerstat"),
            call_token: form.owned("CallToken").map(Secret::new),
            from_place: Place::read(form, ["FromCity", "FromState", "FromZip", "FromCountry"]),
            to_place: Place::read(form, ["ToCity", "ToState", "ToZip", "ToCountry"]),
        })
    }
}

/// Where a number is at home, as far as Twilio knows.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Place {
    /// The city.
    pub city: Option<Pii<String>>,
    /// The state or province.
    pub state: Option<Pii<String>>,
    /// The postal code.
    pub zip: Option<Pii<String>>,
    /// Two letters, ISO 3166.
    pub country: Option<String>,
}

impl Place {
    fn read(form: Form<'_>, [city, state, zip, country]: [&str; 4]) -> Self {
        Self {
            city: form.owned(city).map(Pii::new),
            state: form.owned(state).map(Pii::new),
            zip: form.owned(zip).map(Pii::new),
            country: form.owned(country),
        }
    }
}

/// News of a call's progress or end. May be lost, doubled and out of order.
///
/// See <https://www.twilio.com/docs/voice/api/call-resource#statuscallback>.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusCallback {
    /// The call, with its new status.
    pub call: VoiceRequest,
    /// How long it lasted, once it is completed.
    pub duration: Option<Duration>,
    /// When it happened.
    pub timestamp: Option<Timestamp>,
    /// Its place among the news of this call, from 0.
    pub sequence_number: Option<u64>,
    /// How the callee's exchange answered.
    pub sip_response_code: Option<u16>,
    /// Who or what answered, if that is being detected.
    pub answered_by: Option<AnsweredBy>,
    /// Twilio's number for what went wrong.
    pub error_code: Option<u32>,
}

impl StatusCallback {
    /// Reads a call status callback.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Error> {
        let form = Form(pairs);
        Ok(Self {
            call: VoiceRequest::from_pairs(pairs)?,
            duration: form.seconds("CallDuration"),
            timestamp: form.timestamp("Timestamp"),
            sequence_number: form.optional("SequenceNumber"),
            sip_response_code: form.optional("SipResponseCode"),
            answered_by: form.optional("AnsweredBy"),
            error_code: form.optional("ErrorCode"),
        })
    }
}

words! {
    /// Who or what answered a call.
    AnsweredBy {
        /// A person.
        Human = "human",
        /// A machine that is still speaking.
        MachineStart = "machine_start",
        /// A machine that has beeped.
        MachineEndBeep = "machine_end_beep",
        /// A machine that has fallen silent.
        MachineEndSilence = "machine_end_silence",
        /// A machine that has ended otherwise.
        MachineEndOther = "machine_end_other",
        /// A fax.
        Fax = "fax",
        /// Twilio cannot tell.
        Unknown = "unknown",
    }
}

impl AnsweredBy {
    /// Whether nobody is there to speak with.
    pub fn is_machine(self) -> bool {
        match self {
            Self::Human | Self::Unknown => false,
            Self::MachineStart
            | Self::MachineEndBeep
            | Self::MachineEndSilence
            | Self::MachineEndOther
            | Self::Fax => true,
        }
    }
}

/// What was found out about who has answered, told while the call goes on.
///
/// See <https://www.twilio.com/docs/voice/answering-machine-detection#asyncamdstatuscallback-results>.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineVerdict {
    /// The call that was answered.
    pub call_sid: CallSid,
    /// By whom or what.
    pub answered_by: AnsweredBy,
}

impl MachineVerdict {
    /// Reads the callback of an answering machine detection.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Error> {
        let form = Form(pairs);
        Ok(Self {
            call_sid: form.required("CallSid")?,
            answered_by: form.required("AnsweredBy")?,
        })
    }
}

/// How a `<Dial>` ended.
///
/// See <https://www.twilio.com/docs/voice/twiml/dial#action>.
#[derive(Clone, Debug, PartialEq)]
pub struct DialResult {
    /// The call that dialled.
    pub call: VoiceRequest,
    /// How the dialled call ended.
    pub status: DialStatus,
    /// The call that was dialled; absent for a conference.
    pub dial_call_sid: Option<CallSid>,
    /// How long the two spoke; absent for a conference.
    pub duration: Option<Duration>,
    /// Whether the two were ever connected.
    pub bridged: Option<bool>,
    /// Where the recording is, if one was made.
    pub recording_url: Option<String>,
}

impl DialResult {
    /// Reads the request to a `<Dial>`'s action.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Error> {
        let form = Form(pairs);
        Ok(Self {
            call: VoiceRequest::from_pairs(pairs)?,
            status: form.required("DialCallStatus")?,
            dial_call_sid: form.optional("DialCallSid"),
            duration: form.seconds("DialCallDuration"),
            bridged: form.optional("DialBridged"),
            recording_url: form.owned("RecordingUrl"),
        })
    }
}

words! {
    /// How a dialled call ended.
    DialStatus {
        /// It was answered, and is over.
        Completed = "completed",
        /// It was answered, by a conference.
        Answered = "answered",
        /// The line was engaged.
        Busy = "busy",
        /// Nobody answered in time.
        NoAnswer = "no-answer",
        /// It could not be made.
        Failed = "failed",
        /// The caller gave up first.
        Canceled = "canceled",
    }
}

/// What a `<Gather>` gathered.
///
/// See <https://www.twilio.com/docs/voice/twiml/gather#action>.
#[derive(Clone, Debug, PartialEq)]
pub struct GatherResult {
    /// The call.
    pub call: VoiceRequest,
    /// The keys pressed, without the one that ended them.
    pub digits: Option<Pii<String>>,
    /// The words spoken.
    pub speech: Option<Pii<String>>,
    /// How sure Twilio is of the words, from 0 to 1.
    pub confidence: Option<f64>,
}

impl GatherResult {
    /// Reads the request to a `<Gather>`'s action.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Error> {
        let form = Form(pairs);
        Ok(Self {
            call: VoiceRequest::from_pairs(pairs)?,
            digits: form.owned("Digits").map(Pii::new),
            speech: form.owned("SpeechResult").map(Pii::new),
            confidence: form.confidence("Confidence"),
        })
    }
}

/// Somebody who waits in a queue, and is to hear something.
///
/// See <https://www.twilio.com/docs/voice/twiml/enqueue#attributes-waitUrl>.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueWait {
    /// The call.
    pub call: VoiceRequest,
    /// The place in the queue, from 1.
    pub position: Option<u32>,
    /// How long the caller has waited.
    pub waited: Duration,
    /// How long others wait who are in the queue.
    pub average: Option<Duration>,
}

impl QueueWait {
    /// Reads the request to a `waitUrl`.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Error> {
        let form = Form(pairs);
        Ok(Self {
            call: VoiceRequest::from_pairs(pairs)?,
            position: form.optional("QueuePosition"),
            waited: form.seconds("QueueTime").unwrap_or_default(),
            average: form.seconds("AvgQueueTime"),
        })
    }
}

/// How an `<Enqueue>` ended.
///
/// See <https://www.twilio.com/docs/voice/twiml/enqueue#action>.
#[derive(Clone, Debug, PartialEq)]
pub struct EnqueueResult {
    /// The call.
    pub call: VoiceRequest,
    /// Why the caller is no longer waiting.
    pub outcome: QueueOutcome,
    /// The queue.
    pub queue_sid: Option<String>,
    /// How long the caller waited.
    pub waited: Option<Duration>,
}

impl EnqueueResult {
    /// Reads the request to an `<Enqueue>`'s action.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Error> {
        let form = Form(pairs);
        Ok(Self {
            call: VoiceRequest::from_pairs(pairs)?,
            outcome: form.required("QueueResult")?,
            queue_sid: form.owned("QueueSid"),
            waited: form.seconds("QueueTime"),
        })
    }
}

words! {
    /// Why a caller is no longer in a queue.
    QueueOutcome {
        /// Spoke with somebody, and is done.
        Bridged = "bridged",
        /// Is being connected.
        BridgingInProcess = "bridging-in-process",
        /// Could not be queued.
        Error = "error",
        /// Hung up.
        HangUp = "hangup",
        /// Was let out by `<Leave>`.
        Leave = "leave",
        /// Was sent elsewhere while waiting.
        Redirected = "redirected",
        /// Was sent elsewhere while speaking.
        RedirectedFromBridged = "redirected-from-bridged",
        /// Found no room.
        QueueFull = "queue-full",
        /// Twilio failed.
        SystemError = "system-error",
    }
}

/// Twilio asking for a way out after our TwiML failed.
///
/// See <https://www.twilio.com/docs/usage/security/availability-reliability>.
#[derive(Clone, Debug, PartialEq)]
pub struct FallbackRequest {
    /// The call.
    pub call: VoiceRequest,
    /// Twilio's number for what went wrong.
    pub error_code: Option<u32>,
    /// The document that failed.
    pub error_url: Option<String>,
}

impl FallbackRequest {
    /// Reads the request to a fallback URL.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Error> {
        let form = Form(pairs);
        Ok(Self {
            call: VoiceRequest::from_pairs(pairs)?,
            error_code: form.optional("ErrorCode"),
            error_url: form.owned("ErrorUrl"),
        })
    }
}

//! Forms about recordings: their state, a `<Record>`'s end, their words.

use std::time::Duration;

use crate::domain::{CallSid, Pii, Timestamp};
use crate::twilio::words::words;

use super::form::{Error, Form};
use super::voice::VoiceRequest;

/// News of a recording.
///
/// See <https://www.twilio.com/docs/voice/api/recording#recordingstatuscallback>.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingStatus {
    /// The account that it is charged to.
    pub account_sid: String,
    /// The call; absent for a conference as a whole.
    pub call_sid: Option<CallSid>,
    /// The conference, if it is one's recording.
    pub conference_sid: Option<String>,
    /// The recording.
    pub recording_sid: String,
    /// Where its sound is; add `.wav` or `.mp3`.
    pub url: Option<String>,
    /// Where it stands.
    pub state: RecordingState,
    /// How long it is, once completed.
    pub duration: Option<Duration>,
    /// 1, or 2 if each voice has its own.
    pub channels: Option<u8>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// What made it, such as `DialVerb` or `RecordVerb`.
    pub source: Option<String>,
    /// Whose voice it has: `both`, `inbound` or `outbound`.
    pub track: Option<String>,
    /// Twilio's number for what went wrong.
    pub error_code: Option<u32>,
}

impl RecordingStatus {
    /// Reads a recording status callback.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Error> {
        let form = Form(pairs);
        Ok(Self {
            account_sid: form.required_text("AccountSid")?,
            call_sid: form.optional("CallSid"),
            conference_sid: form.owned("ConferenceSid"),
            recording_sid: form.required_text("RecordingSid")?,
            url: form.owned("RecordingUrl"),
            state: form.required("RecordingStatus")?,
            duration: form.seconds("RecordingDuration"),
            channels: form.optional("RecordingChannels"),
            started_at: form.timestamp("RecordingStartTime"),
            source: form.owned("RecordingSource"),
            track: form.owned("RecordingTrack"),
            error_code: form.optional("ErrorCode"),
        })
    }
}

words! {
    /// Where a recording stands.
    RecordingState {
        /// It is being made.
        InProgress = "in-progress",
        /// It can be fetched.
        Completed = "completed",
        /// There was nothing to record.
        Absent = "absent",
        /// It could not be made.
        Failed = "failed",
    }
}

/// What a `<Record>` recorded.
///
/// Also asked for when the caller has hung up: the call is then over.
///
/// See <https://www.twilio.com/docs/voice/twiml/record#action>.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordResult {
    /// The call.
    pub call: VoiceRequest,
    /// The recording.
    pub recording_sid: Option<String>,
    /// Where its sound is; add `.wav` or `.mp3`.
    pub url: Option<String>,
    /// How long it is.
    pub duration: Option<Duration>,
    /// The key that ended it, or `hangup`.
    pub ended_by: Option<String>,
}

impl RecordResult {
    /// Reads the request to a `<Record>`'s action.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Error> {
        let form = Form(pairs);
        Ok(Self {
            call: VoiceRequest::from_pairs(pairs)?,
            recording_sid: form.owned("RecordingSid"),
            url: form.owned("RecordingUrl"),
            duration: form.seconds("RecordingDuration"),
            ended_by: form.owned("Digits"),
        })
    }
}

/// The words of a recording, from `<Record transcribe="true">`.
///
/// See <https://www.twilio.com/docs/voice/twiml/record#transcribecallback>.
#[derive(Clone, Debug, PartialEq)]
pub struct TranscriptionResult {
    /// The call.
    pub call_sid: CallSid,
    /// The recording.
    pub recording_sid: String,
    /// The transcription.
    pub transcription_sid: String,
    /// The words; absent if it failed.
    pub text: Option<Pii<String>>,
    /// Whether it succeeded.
    pub is_completed: bool,
}

impl TranscriptionResult {
    /// Reads the request to a `<Record>`'s `transcribeCallback`.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Error> {
        let form = Form(pairs);
        Ok(Self {
            call_sid: form.required("CallSid")?,
            recording_sid: form.required_text("RecordingSid")?,
            transcription_sid: form.required_text("TranscriptionSid")?,
            text: form.owned("TranscriptionText").map(Pii::new),
            is_completed: form.text("TranscriptionStatus") == Some("completed"),
        })
    }
}

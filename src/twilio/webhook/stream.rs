//! Forms about what runs beside a call: its media stream, its transcription.

use serde::Deserialize;

use crate::domain::{CallSid, Pii, StreamSid, Timestamp};
use crate::twilio::words::words;

use super::form::{Error, Form};
use super::voice::VoiceRequest;

/// News of a media stream.
///
/// See <https://www.twilio.com/docs/voice/twiml/stream#statuscallback>.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamStatus {
    /// The account that the call is charged to.
    pub account_sid: String,
    /// The call.
    pub call_sid: CallSid,
    /// The stream.
    pub stream_sid: StreamSid,
    /// The name that the TwiML gave it, or its SID.
    pub stream_name: Option<String>,
    /// What happened.
    pub event: StreamEvent,
    /// What went wrong, in Twilio's words.
    pub error: Option<String>,
    /// When it happened.
    pub timestamp: Option<Timestamp>,
}

impl StreamStatus {
    /// Reads a stream status callback.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Error> {
        let form = Form(pairs);
        Ok(Self {
            account_sid: form.required_text("AccountSid")?,
            call_sid: form.required("CallSid")?,
            stream_sid: form.required("StreamSid")?,
            stream_name: form.owned("StreamName"),
            event: form.required("StreamEvent")?,
            error: form.owned("StreamError"),
            timestamp: form.timestamp("Timestamp"),
        })
    }
}

words! {
    /// What happened to a media stream.
    StreamEvent {
        /// It began.
        Started = "stream-started",
        /// It ended.
        Stopped = "stream-stopped",
        /// It failed.
        Error = "stream-error",
    }
}

/// Twilio asking what to do after a `<Connect>` has ended.
///
/// See <https://www.twilio.com/docs/voice/twiml/connect#action>.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamEnded {
    /// The call.
    pub call: VoiceRequest,
    /// The stream that ended, if Twilio says.
    pub stream_sid: Option<StreamSid>,
    /// What went wrong, if Twilio says.
    pub error: Option<String>,
}

impl StreamEnded {
    /// Reads the request to a `<Connect>`'s action.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Error> {
        let form = Form(pairs);
        Ok(Self {
            call: VoiceRequest::from_pairs(pairs)?,
            stream_sid: form.optional("StreamSid"),
            error: form.owned("StreamError"),
        })
    }
}

/// News of a transcription in progress.
///
/// See <https://www.twilio.com/docs/voice/twiml/transcription>.
#[derive(Clone, Debug, PartialEq)]
pub struct TranscriptionUpdate {
    /// The call.
    pub call_sid: CallSid,
    /// What happened.
    pub event: TranscriptionEvent,
    /// The transcription.
    pub transcription_sid: Option<String>,
    /// Its place among the news of this transcription.
    pub sequence_id: Option<u64>,
    /// When it happened.
    pub timestamp: Option<Timestamp>,
    /// Whose words: `inbound_track` is the caller.
    pub track: Option<String>,
    /// The words.
    pub transcript: Option<Pii<String>>,
    /// How sure Twilio is of them, from 0 to 1.
    pub confidence: Option<f64>,
    /// Whether they will not change any more.
    pub is_final: bool,
    /// What went wrong, in Twilio's words.
    pub error: Option<String>,
}

impl TranscriptionUpdate {
    /// Reads a callback of `<Transcription>`.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Error> {
        let form = Form(pairs);
        let data = form.text("TranscriptionData").unwrap_or("{}");
        let data: Data = serde_json::from_str(data).unwrap_or_default();
        Ok(Self {
            call_sid: form.required("CallSid")?,
            event: form.required("TranscriptionEvent")?,
            transcription_sid: form.owned("TranscriptionSid"),
            sequence_id: form.optional("SequenceId"),
            timestamp: form.timestamp("Timestamp"),
            track: form.owned("Track"),
            transcript: data.transcript.map(Pii::new),
            confidence: data.confidence,
            is_final: form.text("Final") == Some("true"),
            error: form.owned("TranscriptionError"),
        })
    }
}

/// The JSON inside the form.
#[derive(Default, Deserialize)]
struct Data {
    transcript: Option<String>,
    confidence: Option<f64>,
}

words! {
    /// What happened to a transcription.
    TranscriptionEvent {
        /// It began.
        Started = "transcription-started",
        /// Words came.
        Content = "transcription-content",
        /// It ended.
        Stopped = "transcription-stopped",
        /// It failed.
        Error = "transcription-error",
    }
}

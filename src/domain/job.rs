//! The kinds of work that outlive a process.

use super::ParseError;

/// What is to be done.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum JobKind {
    /// Ask the carrier what a call cost.
    CarrierPrice,
    /// Tell again what the carrier told of a call that nobody knew.
    EarlyNews,
    /// Fetch what a caller said, and write it down.
    MessageSound,
    /// Delete the sound of a message that was deleted.
    ForgottenMessage,
    /// Make a file of what was spooled of a call.
    SpooledRecording,
    /// Fetch what the carrier has recorded of a call.
    CarrierRecording,
    /// Write down what people said in a recording.
    RecordedWords,
    /// Delete the file of a recording that was deleted.
    ForgottenRecording,
    /// Send a text message.
    SmsToSend,
    /// Ask the carrier for the end of calls that seem to have none.
    OpenCalls,
    /// Count the calls that are over and were not counted when they ended.
    UncountedCalls,
    /// See who has used as much as is worth a word.
    QuotaAlerts,
    /// Delete what was kept long enough.
    Retention,
}

impl JobKind {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::CarrierPrice,
        Self::EarlyNews,
        Self::MessageSound,
        Self::ForgottenMessage,
        Self::SpooledRecording,
        Self::CarrierRecording,
        Self::RecordedWords,
        Self::ForgottenRecording,
        Self::SmsToSend,
        Self::OpenCalls,
        Self::UncountedCalls,
        Self::QuotaAlerts,
        Self::Retention,
    ];

    /// The name, as the database keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CarrierPrice => "carrier_price",
            Self::EarlyNews => "early_news",
            Self::MessageSound => "message_sound",
            Self::ForgottenMessage => "forgotten_message",
            Self::SpooledRecording => "spooled_recording",
            Self::CarrierRecording => "carrier_recording",
            Self::RecordedWords => "recorded_words",
            Self::ForgottenRecording => "forgotten_recording",
            Self::SmsToSend => "sms_to_send",
            Self::OpenCalls => "open_calls",
            Self::UncountedCalls => "uncounted_calls",
            Self::QuotaAlerts => "quota_alerts",
            Self::Retention => "retention",
        }
    }

    /// How many of its kind are done at one time, so that those who wait for a
    /// slow stranger leave room for the others.
    pub fn lanes(self) -> usize {
        match self {
            Self::MessageSound
            | Self::SpooledRecording
            | Self::CarrierRecording
            | Self::RecordedWords
            | Self::SmsToSend => 2,
            Self::CarrierPrice
            | Self::EarlyNews
            | Self::ForgottenMessage
            | Self::ForgottenRecording
            | Self::OpenCalls
            | Self::UncountedCalls
            | Self::QuotaAlerts
            | Self::Retention => 1,
        }
    }

    /// Whether it is done for ever, time and again: there is one such job, and
    /// nobody gives it up.
    pub fn is_recurring(self) -> bool {
        self.every_ms().is_some()
    }

    /// How often it is done, in milliseconds, if it is done for ever.
    pub fn every_ms(self) -> Option<i64> {
        const MINUTE_MS: i64 = 60_000;
        match self {
            Self::CarrierPrice
            | Self::EarlyNews
            | Self::MessageSound
            | Self::ForgottenMessage
            | Self::SpooledRecording
            | Self::CarrierRecording
            | Self::RecordedWords
            | Self::ForgottenRecording
            | Self::SmsToSend => None,
            Self::OpenCalls | Self::QuotaAlerts => Some(MINUTE_MS),
            Self::UncountedCalls => Some(10 * MINUTE_MS),
            Self::Retention => Some(24 * 60 * MINUTE_MS),
        }
    }
}

impl std::str::FromStr for JobKind {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or(ParseError {
            expected: "a kind of job, such as carrier_price",
        })
    }
}

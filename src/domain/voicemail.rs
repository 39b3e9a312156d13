//! Messages that callers left.

use super::{CallId, MessageId, ParseError, Party, Pii, TenantId, Timestamp, UserId};

/// A message that a caller left, or wanted to leave.
#[derive(Clone, Debug, PartialEq)]
pub struct VoicemailMessage {
    /// Its name in the database.
    pub id: MessageId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// In which call it was left.
    pub call_id: CallId,
    /// Whom it is for, if for one person.
    pub user_id: Option<UserId>,
    /// Who left it.
    pub from: Party,
    /// The carrier's name for the recording.
    pub recording_sid: String,
    /// Whether there is anything to hear.
    pub sound: MessageSound,
    /// How long it is, in seconds.
    pub duration_s: Option<i64>,
    /// Whether somebody has attended to it.
    pub is_read: bool,
    /// What was said, as far as a machine understood it.
    pub transcript: Option<Pii<String>>,
    /// When we first heard of it.
    pub created_at: Timestamp,
}

impl VoicemailMessage {
    /// The name of the file that has its sound, among the recordings.
    pub fn file(&self) -> String {
        format!("{}/voicemail/{}.wav", self.tenant_id, self.id)
    }
}

/// Whether there is anything to hear, in the order in which we may learn of it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum MessageSound {
    /// The carrier has not said yet.
    Pending,
    /// The caller said nothing.
    None,
    /// The carrier could not record it.
    Failed,
    /// The carrier has it.
    Recorded,
}

impl MessageSound {
    /// In the order in which news overrule each other.
    pub const ALL: [Self; 4] = [Self::Pending, Self::None, Self::Failed, Self::Recorded];

    /// `pending`, `none`, `failed` or `recorded`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::None => "none",
            Self::Failed => "failed",
            Self::Recorded => "recorded",
        }
    }
}

impl std::str::FromStr for MessageSound {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.into_iter().find(|sound| sound.as_str() == text);
        found.ok_or(ParseError {
            expected: "pending, none, failed or recorded",
        })
    }
}

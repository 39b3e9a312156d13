//! A recording of a call, and what the caller said to being recorded.

use super::{CallId, ParseError, Pii, RecordingId, TenantId, Timestamp};

/// How callers of a number are asked whether they may be recorded.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ConsentPolicy {
    /// Not at all: somebody else has seen to it, or the law does not ask for it.
    None,
    /// They are told. Nobody who has not switched it off is recorded in secret.
    #[default]
    Announce,
    /// They are told that who stays on the line agrees, and have time to hang up.
    StayOnLine,
    /// They say yes or no.
    Verbal,
    /// They press a key.
    Keypress,
}

impl ConsentPolicy {
    /// All of them, from the quietest to the strictest.
    pub const ALL: [Self; 5] = [
        Self::None,
        Self::Announce,
        Self::StayOnLine,
        Self::Verbal,
        Self::Keypress,
    ];

    /// The name, as the database keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Announce => "announce",
            Self::StayOnLine => "stay_on_line",
            Self::Verbal => "verbal",
            Self::Keypress => "keypress",
        }
    }
}

impl std::str::FromStr for ConsentPolicy {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == text);
        found.ok_or(ParseError {
            expected: "none, announce, stay_on_line, verbal or keypress",
        })
    }
}

/// What came of asking.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ConsentAnswer {
    /// Nobody was asked, as the number wants it.
    NotAsked,
    /// They were told.
    Told,
    /// They were told, and stayed.
    Stayed,
    /// They said so.
    Agreed,
    /// They would rather not.
    Refused,
    /// They said nothing that could be understood, which is no.
    Silent,
}

impl ConsentAnswer {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::NotAsked,
        Self::Told,
        Self::Stayed,
        Self::Agreed,
        Self::Refused,
        Self::Silent,
    ];

    /// The name, as the database keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAsked => "not_asked",
            Self::Told => "told",
            Self::Stayed => "stayed",
            Self::Agreed => "agreed",
            Self::Refused => "refused",
            Self::Silent => "silent",
        }
    }

    /// Whether the call may be recorded.
    pub fn permits(self) -> bool {
        match self {
            Self::NotAsked | Self::Told | Self::Stayed | Self::Agreed => true,
            Self::Refused | Self::Silent => false,
        }
    }
}

impl std::str::FromStr for ConsentAnswer {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == text);
        found.ok_or(ParseError {
            expected: "not_asked, told, stayed, agreed, refused or silent",
        })
    }
}

/// The evidence that a caller was asked, and what they said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Consent {
    /// How they were asked.
    pub policy: ConsentPolicy,
    /// What came of it.
    pub answer: ConsentAnswer,
    /// The words they said, or the key they pressed.
    pub words: Option<Pii<String>>,
    /// When.
    pub at: Timestamp,
}

/// How a recording stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RecordingState {
    /// It goes on.
    Recording,
    /// It goes on, and somebody keeps what is said now out of it.
    Paused,
    /// It is over, and its file is being made.
    Finalising,
    /// Its file is there.
    Kept,
    /// There is no file, for a reason.
    Failed,
    /// Somebody deleted it, or it was kept long enough.
    Deleted,
}

impl RecordingState {
    /// All of them, in the order of a recording's life.
    pub const ALL: [Self; 6] = [
        Self::Recording,
        Self::Paused,
        Self::Finalising,
        Self::Kept,
        Self::Failed,
        Self::Deleted,
    ];

    /// The name, as the database keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Paused => "paused",
            Self::Finalising => "finalising",
            Self::Kept => "kept",
            Self::Failed => "failed",
            Self::Deleted => "deleted",
        }
    }

    /// Whether it is known what became of it.
    pub fn is_settled(self) -> bool {
        match self {
            Self::Kept | Self::Failed | Self::Deleted => true,
            Self::Recording | Self::Paused | Self::Finalising => false,
        }
    }
}

impl std::str::FromStr for RecordingState {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == text);
        found.ok_or(ParseError {
            expected: "recording, paused, finalising, kept, failed or deleted",
        })
    }
}

/// Why a recording is not whole, is not there, or is there no more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RecordingFault {
    /// The disk was full.
    DiskFull,
    /// The disk failed otherwise.
    DiskFailed,
    /// The process ended while it went on: it ends there.
    ProcessEnded,
    /// What was written of it is gone, or cannot be read.
    Lost,
    /// The carrier, which recorded it, could not.
    CarrierFailed,
    /// Somebody deleted it.
    Deleted,
    /// It was kept for as long as the tenant wants.
    Expired,
}

impl RecordingFault {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::DiskFull,
        Self::DiskFailed,
        Self::ProcessEnded,
        Self::Lost,
        Self::CarrierFailed,
        Self::Deleted,
        Self::Expired,
    ];

    /// The name, as the database keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DiskFull => "disk_full",
            Self::DiskFailed => "disk_failed",
            Self::ProcessEnded => "process_ended",
            Self::Lost => "lost",
            Self::CarrierFailed => "carrier_failed",
            Self::Deleted => "deleted",
            Self::Expired => "expired",
        }
    }
}

impl std::str::FromStr for RecordingFault {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == text);
        found.ok_or(ParseError {
            expected: "the reason of a recording, such as disk_full",
        })
    }
}

/// Which recording it is, whose, and on what ground it was made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordingTitle {
    /// Its name.
    pub id: RecordingId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Of which call.
    pub call_id: CallId,
    /// When it began; both tracks begin here.
    pub started_at: Timestamp,
    /// What the caller said to it.
    pub consent: Consent,
}

/// What the names of the files end with that are made here.
#[cfg(not(feature = "opus"))]
const SUFFIX: &str = "wav";
/// What the names of the files end with that are made here.
#[cfg(feature = "opus")]
const SUFFIX: &str = "ogg";

impl RecordingTitle {
    /// Where the file that is made here is kept among the recordings.
    pub fn own_file(&self) -> String {
        self.file(SUFFIX)
    }

    /// Where the file is kept that the carrier has made.
    pub fn carrier_file(&self) -> String {
        self.file("wav")
    }

    fn file(&self, suffix: &str) -> String {
        format!("{}/calls/{}.{suffix}", self.tenant_id, self.id)
    }
}

/// A stretch that somebody kept out of a recording, in milliseconds since it
/// began: silence of that length.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pause {
    /// From when on.
    pub from_ms: u64,
    /// Until when.
    pub until_ms: u64,
}

/// A recording as it was kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CallRecording {
    /// Which, whose, and on what ground.
    pub title: RecordingTitle,
    /// How it stands.
    pub state: RecordingState,
    /// Why it is not whole, or not there.
    pub fault: Option<RecordingFault>,
    /// How long it sounds.
    pub duration_ms: Option<i64>,
    /// How large its file is.
    pub bytes: Option<i64>,
    /// What its file is, such as `audio/wav`.
    pub content_type: Option<String>,
    /// Its file among the recordings.
    pub file: Option<String>,
    /// What was kept out of it.
    pub pauses: Vec<Pause>,
    /// How much of it could not be written in time, and is silence.
    pub lost_ms: i64,
}

/// How callers of a number are asked, and in which words.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ConsentRule {
    /// How.
    pub policy: ConsentPolicy,
    /// The tenant's own words; ours, if there are none.
    pub words: Option<String>,
}

//! What a caller hears before leaving a message, and which of several it is.

use std::str::FromStr;

use super::{Day, GreetingId, ParseError, Secret, TenantId, Timestamp, UserId};

/// A greeting before the beep.
#[derive(Clone, Debug, PartialEq)]
pub struct Greeting {
    /// Its name in the database.
    pub id: GreetingId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// On which occasion it is heard.
    pub kind: GreetingKind,
    /// Whose callers hear it, if it is a personal one.
    pub user_id: Option<UserId>,
    /// Its name for people.
    pub name: String,
    /// What is heard.
    pub content: GreetingContent,
    /// The first day on which it is heard.
    pub from: Option<Day>,
    /// The last day on which it is heard.
    pub until: Option<Day>,
    /// Whether it is the one of its kind and owner that is heard where no other
    /// is meant for the day.
    pub is_default: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Greeting {
    /// Whether it is meant for certain days, and not for every day.
    pub fn is_scheduled(&self) -> bool {
        self.from.is_some() || self.until.is_some()
    }

    /// Whether it may be heard on that day.
    pub fn is_for(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}

/// On which occasion a greeting is heard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GreetingKind {
    /// For whoever wanted to speak with one person.
    Personal,
    /// For everybody else.
    Business,
    /// While nobody is there.
    AfterHours,
    /// On days on which nobody comes.
    Holiday,
}

impl GreetingKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [
        Self::Personal,
        Self::Business,
        Self::AfterHours,
        Self::Holiday,
    ];

    /// `personal`, `business`, `after_hours` or `holiday`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Business => "business",
            Self::AfterHours => "after_hours",
            Self::Holiday => "holiday",
        }
    }
}

impl FromStr for GreetingKind {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or(ParseError {
            expected: "personal, business, after_hours or holiday",
        })
    }
}

/// Whether it is open when a call comes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum OpenState {
    /// It is, or nobody has said when it is not.
    #[default]
    Open,
    /// It is closed.
    Closed,
    /// It is closed because of a holiday.
    Holiday,
}

impl OpenState {
    /// `open`, `closed` or `holiday`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Holiday => "holiday",
        }
    }
}

impl FromStr for OpenState {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let all = [Self::Open, Self::Closed, Self::Holiday];
        let found = all.into_iter().find(|state| state.as_str() == text);
        found.ok_or(ParseError {
            expected: "open, closed or holiday",
        })
    }
}

/// What is heard.
#[derive(Clone, Debug, PartialEq)]
pub enum GreetingContent {
    /// A text that the carrier speaks.
    Spoken {
        /// The words.
        text: String,
        /// The carrier's voice, such as `Polly.Joanna`.
        voice: Option<String>,
        /// The BCP 47 language of the words.
        language: Option<String>,
    },
    /// Sound that somebody brought.
    Played {
        /// Its name among the recordings.
        file: String,
        /// What kind of sound.
        format: SoundFormat,
        /// Its size in bytes.
        size: i64,
        /// Signs the address at which the carrier fetches it.
        secret: Secret<String>,
    },
}

/// A kind of file that the carrier plays.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SoundFormat {
    /// RIFF WAVE.
    Wav,
    /// MPEG audio, layer III.
    Mp3,
}

impl SoundFormat {
    /// `wav` or `mp3`: the end of a file's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
        }
    }

    /// The MIME type that the carrier knows it by.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Wav => "audio/wav",
            Self::Mp3 => "audio/mpeg",
        }
    }

    /// What the bytes say of themselves, whatever somebody else says of them.
    ///
    /// <https://mimesniff.spec.whatwg.org/#matching-an-audio-or-video-type-pattern>
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WAVE") {
            return Some(Self::Wav);
        }
        let is_frame = match bytes {
            // Eleven bits of sync, then neither a reserved version nor another layer.
            [0xff, head, ..] => head & 0xe0 == 0xe0 && head & 0x18 != 0x08 && head & 0x06 == 0x02,
            _ => false,
        };
        (is_frame || bytes.starts_with(b"ID3")).then_some(Self::Mp3)
    }
}

impl FromStr for SoundFormat {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "wav" => Ok(Self::Wav),
            "mp3" => Ok(Self::Mp3),
            _ => Err(ParseError {
                expected: "wav or mp3",
            }),
        }
    }
}

/// When somebody is to leave a message, and for whom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Occasion {
    /// The day where the tenant is.
    pub today: Day,
    /// Whether somebody should be there at this hour.
    pub open_state: OpenState,
    /// With whom the caller wanted to speak, if with one person.
    pub user: Option<UserId>,
}

/// Which greeting is heard: one for a holiday, else one for the hours when
/// nobody is there, else the person's own, else the business's. Within a kind
/// one that is meant for this day goes before the default, and the later before
/// the earlier. A holiday greeting that is meant for this day makes it a holiday.
pub fn choose<'a>(greetings: &'a [Greeting], occasion: &Occasion) -> Option<&'a Greeting> {
    let best = |kind: GreetingKind, needs_day: bool| {
        let is_it = |greeting: &&Greeting| {
            let is_whose = match kind {
                GreetingKind::Personal => {
                    occasion.user.is_some() && greeting.user_id == occasion.user
                }
                GreetingKind::Business | GreetingKind::AfterHours | GreetingKind::Holiday => true,
            };
            let is_meant = greeting.is_scheduled() || (greeting.is_default && !needs_day);
            greeting.kind == kind && is_whose && is_meant && greeting.is_for(occasion.today)
        };
        let rank =
            |greeting: &&Greeting| (greeting.is_scheduled(), greeting.created_at, greeting.id);
        greetings.iter().filter(is_it).max_by_key(rank)
    };
    let needs_day = occasion.open_state != OpenState::Holiday;
    best(GreetingKind::Holiday, needs_day)
        .or_else(|| {
            let is_closed = occasion.open_state != OpenState::Open;
            is_closed.then(|| best(GreetingKind::AfterHours, false))?
        })
        .or_else(|| best(GreetingKind::Personal, false))
        .or_else(|| best(GreetingKind::Business, false))
}

//! What can be set, by whom, and what holds in the end.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ParseError;

/// Where a setting is set; a lower level speaks for fewer.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Level {
    /// By the platform's operator, for every tenant.
    Platform,
    /// By a tenant, for everybody there.
    Tenant,
    /// For one member.
    User,
}

impl Level {
    /// From the highest to the lowest.
    pub const ALL: [Self; 3] = [Self::Platform, Self::Tenant, Self::User];

    /// `platform`, `tenant` or `user`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Tenant => "tenant",
            Self::User => "user",
        }
    }
}

impl std::str::FromStr for Level {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.into_iter().find(|level| level.as_str() == text);
        found.ok_or(ParseError {
            expected: "platform, tenant or user",
        })
    }
}

/// What a level leaves to the levels below.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Lock {
    /// They may set it.
    #[default]
    Unlocked,
    /// They may set it, and are told that somebody above has an opinion.
    Soft,
    /// They may not set it; what they have set does not count.
    Hard,
}

impl Lock {
    /// Every kind, from the weakest to the strongest.
    pub const ALL: [Self; 3] = [Self::Unlocked, Self::Soft, Self::Hard];

    /// `unlocked`, `soft` or `hard`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unlocked => "unlocked",
            Self::Soft => "soft",
            Self::Hard => "hard",
        }
    }
}

impl std::str::FromStr for Lock {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.into_iter().find(|lock| lock.as_str() == text);
        found.ok_or(ParseError {
            expected: "hard, soft or unlocked",
        })
    }
}

/// The value of a setting.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SettingValue {
    /// Yes or no.
    Truth(bool),
    /// So many.
    Whole(i64),
    /// Words.
    Text(String),
}

impl SettingValue {
    /// As the database keeps it.
    pub fn to_text(&self) -> String {
        match self {
            Self::Truth(truth) => truth.to_string(),
            Self::Whole(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// Which values a setting takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SettingKind {
    /// Yes or no.
    Truth,
    /// A whole number from the first to the second.
    Whole(i64, i64),
    /// A text of 1 to so many characters.
    Text(usize),
    /// One of these words.
    Choice(&'static [&'static str]),
}

macro_rules! settings {
    ($($(#[doc = $doc:literal])* $name:ident = $word:literal, $kind:expr, $default:literal,
        $lowest:ident;)*) => {
        /// Something that can be set.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum SettingKey {
            $($(#[doc = $doc])* $name,)*
        }

        impl SettingKey {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name of the setting.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }

            /// What it does.
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),*).trim_ascii_start(),)*
                }
            }

            /// Which values it takes.
            pub fn kind(self) -> SettingKind {
                match self {
                    $(Self::$name => $kind,)*
                }
            }

            /// The lowest level that may set it.
            pub fn lowest(self) -> Level {
                match self {
                    $(Self::$name => Level::$lowest,)*
                }
            }

            fn default_text(self) -> &'static str {
                match self {
                    $(Self::$name => $default,)*
                }
            }
        }
    };
}

settings! {
    /// Calls that the AI has are recorded once the caller has consented as the number wants it.
    AutoRecordCalls = "auto_record_calls", SettingKind::Truth, "true", User;
    /// What people say to one another in a recorded call is written down as text; what the AI
    /// hears and says is, whatever stands here.
    AutoTranscribeCalls = "auto_transcribe_calls", SettingKind::Truth, "false", User;
    /// Voicemail is written down as text.
    AutoTranscribeVoicemails = "auto_transcribe_voicemails", SettingKind::Truth, "true", User;
    /// No call lasts longer, whatever its receptionist permits; who is connected at its very end
    /// has a minute. A member's own counts in the calls that they place.
    MaxCallDurationSeconds = "max_call_duration_seconds", SettingKind::Whole(1, 14_400), "3600",
        User;
    /// Calls may be recorded at all.
    EnableCallRecording = "enable_call_recording", SettingKind::Truth, "true", User;
    /// Callers may leave a message.
    EnableVoicemail = "enable_voicemail", SettingKind::Truth, "true", User;
    /// Callers may be asked to choose by keys.
    EnableIvr = "enable_ivr", SettingKind::Truth, "true", Tenant;
    /// A model may write recordings down as text.
    EnableAiTranscription = "enable_ai_transcription", SettingKind::Truth, "true", User;
    /// Who writes recordings down as text. The carrier writes voicemail down and nothing else:
    /// with it, calls that people have are not.
    TranscriptionProvider = "transcription_provider",
        SettingKind::Choice(&["carrier", "openai"]), "openai", User;
    /// What a caller hears before the beep where there is no greeting; {name} is who was rung.
    DefaultVoicemailGreeting = "default_voicemail_greeting", SettingKind::Text(1_000),
        "You have reached {name}. Please leave a message after the beep.", User;
    /// Calls are kept in the log for so many days, and as long as a message or a recording
    /// of them is.
    CallRetentionDays = "call_retention_days", SettingKind::Whole(1, 3_650), "90", Tenant;
    /// Recordings are kept for so many days.
    RecordingRetentionDays = "recording_retention_days", SettingKind::Whole(1, 3_650), "90",
        Tenant;
    /// Text messages are kept for so many days.
    SmsRetentionDays = "sms_retention_days", SettingKind::Whole(1, 3_650), "90", Tenant;
    /// Voicemail is kept for so many days.
    VoicemailRetentionDays = "voicemail_retention_days", SettingKind::Whole(1, 3_650), "30",
        Tenant;
    /// A tenant who has so many numbers buys no more.
    MaxNumbers = "max_numbers", SettingKind::Whole(0, 100_000), "100", Platform;
    /// A tenant buys so many numbers in 24 hours.
    MaxNumberPurchasesPerDay = "max_number_purchases_per_day", SettingKind::Whole(0, 10_000), "10",
        Platform;
}

impl SettingKey {
    /// The value where nobody has set any.
    ///
    /// # Panics
    ///
    /// Never: a test reads each.
    pub fn default_value(self) -> SettingValue {
        let value = self.parse_value(self.default_text());
        value.expect("the defaults in the table are values of their settings")
    }

    /// Reads a value as the database keeps it.
    pub fn parse_value(self, text: &str) -> Result<SettingValue, ParseError> {
        let value = match self.kind() {
            SettingKind::Truth => text.parse().ok().map(SettingValue::Truth),
            SettingKind::Whole(..) => text.parse().ok().map(SettingValue::Whole),
            SettingKind::Text(_) | SettingKind::Choice(_) => {
                Some(SettingValue::Text(text.to_owned()))
            }
        };
        value
            .filter(|value| self.takes(value))
            .ok_or(self.expectation())
    }

    /// Whether it says after how long something is deleted.
    pub fn is_retention(self) -> bool {
        matches!(
            self,
            Self::CallRetentionDays
                | Self::RecordingRetentionDays
                | Self::SmsRetentionDays
                | Self::VoicemailRetentionDays
        )
    }

    /// Whether it is a value of this setting.
    pub fn takes(self, value: &SettingValue) -> bool {
        match (self.kind(), value) {
            (SettingKind::Truth, SettingValue::Truth(_)) => true,
            (SettingKind::Whole(least, most), SettingValue::Whole(number)) => {
                (least..=most).contains(number)
            }
            (SettingKind::Text(most), SettingValue::Text(text)) => {
                let is_plain = |c: char| !c.is_control() || c == '\n';
                let is_short = text.chars().count() <= most;
                is_short && !text.trim().is_empty() && text.chars().all(is_plain)
            }
            (SettingKind::Choice(words), SettingValue::Text(text)) => {
                words.contains(&text.as_str())
            }
            (_, SettingValue::Truth(_) | SettingValue::Whole(_) | SettingValue::Text(_)) => false,
        }
    }

    fn expectation(self) -> ParseError {
        ParseError {
            expected: match self.kind() {
                SettingKind::Truth => "true or false",
                SettingKind::Whole(..) => "a whole number within the bounds of this setting",
                SettingKind::Text(_) => "a text that is not longer than this setting takes",
                SettingKind::Choice(_) => "one of the words of this setting",
            },
        }
    }
}

impl std::str::FromStr for SettingKey {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.iter().find(|key| key.as_str() == text);
        found.copied().ok_or(ParseError {
            expected: "the name of a setting, such as enable_voicemail",
        })
    }
}

/// What one level has set.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// To what.
    pub value: SettingValue,
    /// What it leaves to the levels below.
    pub lock: Lock,
}

/// What holds in the end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Effective {
    /// The value.
    pub value: SettingValue,
    /// Who has set it; nobody where it is the default.
    pub source: Option<Level>,
    /// The strongest lock of those that count.
    pub lock: Lock,
    /// Whose lock that is; nobody's where there is none.
    pub locked_by: Option<Level>,
}

/// Who has set what, as far as somebody is concerned.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Settings(BTreeMap<(SettingKey, Level), Entry>);

impl Settings {
    /// Adds what a level has set.
    pub fn insert(&mut self, key: SettingKey, level: Level, entry: Entry) {
        self.0.insert((key, level), entry);
    }

    /// What holds in the end: the lowest level that has set it, may do so, and is not
    /// below a hard lock.
    pub fn effective(&self, key: SettingKey) -> Effective {
        let mut effective = Effective {
            value: key.default_value(),
            source: None,
            lock: Lock::Unlocked,
            locked_by: None,
        };
        for level in Level::ALL {
            if level > key.lowest() {
                break;
            }
            let Some(entry) = self.0.get(&(key, level)) else {
                continue;
            };
            effective.value.clone_from(&entry.value);
            effective.source = Some(level);
            if entry.lock > effective.lock {
                effective.lock = entry.lock;
                effective.locked_by = Some(level);
            }
            if entry.lock == Lock::Hard {
                break;
            }
        }
        effective
    }

    /// The strongest lock that somebody above `level` has put on it, and whose
    /// it is.
    pub fn lock_above(&self, key: SettingKey, level: Level) -> (Lock, Option<Level>) {
        let above = Level::ALL.into_iter().filter(|other| *other < level);
        let locks = above.filter_map(|other| {
            let entry = self.0.get(&(key, other))?;
            Some((entry.lock, Some(other)))
        });
        // The highest of those that are equally strong.
        let strongest = locks.reduce(|one, other| if other.0 > one.0 { other } else { one });
        match strongest {
            Some((lock, by)) if lock > Lock::Unlocked => (lock, by),
            Some(_) | None => (Lock::Unlocked, None),
        }
    }

    /// Whether recordings may be written down as text, and that by the provider of that name.
    pub fn transcribes_by(&self, provider: &str) -> bool {
        self.truth(SettingKey::EnableAiTranscription)
            && self.text(SettingKey::TranscriptionProvider) == provider
    }

    /// How long a call may last, where that is set.
    pub fn longest_call(&self) -> Option<Duration> {
        let seconds = self.whole(SettingKey::MaxCallDurationSeconds);
        seconds.map(Duration::from_secs)
    }

    /// Whether it holds.
    pub fn truth(&self, key: SettingKey) -> bool {
        self.effective(key).value == SettingValue::Truth(true)
    }

    /// How many, where the setting is a number.
    pub fn whole(&self, key: SettingKey) -> Option<u64> {
        match self.effective(key).value {
            SettingValue::Whole(number) => u64::try_from(number).ok(),
            SettingValue::Truth(_) | SettingValue::Text(_) => None,
        }
    }

    /// The words; none where the setting has no words.
    pub fn text(&self, key: SettingKey) -> String {
        match self.effective(key).value {
            SettingValue::Text(text) => text,
            SettingValue::Truth(_) | SettingValue::Whole(_) => String::new(),
        }
    }
}

//! A setting as the interface reads and writes it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::text;
use super::problem::ApiError;
use crate::domain::{
    Effective, Entry, Level, Lock, SettingKey, SettingKind, SettingValue, Settings,
};

/// The value of a setting: yes or no, a whole number, or words.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum ValueBody {
    Truth(bool),
    Whole(i64),
    Text(String),
}

impl From<SettingValue> for ValueBody {
    fn from(value: SettingValue) -> Self {
        match value {
            SettingValue::Truth(truth) => Self::Truth(truth),
            SettingValue::Whole(number) => Self::Whole(number),
            SettingValue::Text(text) => Self::Text(text),
        }
    }
}

/// What a setting is to be, and what the levels below may do about it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSetting {
    value: ValueBody,
    /// `hard`: they may not set it; `soft`: they may, and are told; `unlocked`.
    #[serde(default, deserialize_with = "text")]
    #[schema(value_type = Option<String>, pattern = "^(hard|soft|unlocked)$", nullable = false)]
    lock: Lock,
}

/// What a setting is to be for one member.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUserSetting {
    value: ValueBody,
}

impl NewSetting {
    /// The entry, if it is one of that setting.
    pub(super) fn into_entry(self, key: SettingKey) -> Result<Entry, ApiError> {
        entry(key, self.value, self.lock)
    }
}

impl NewUserSetting {
    /// The entry, if it is one of that setting.
    pub(super) fn into_entry(self, key: SettingKey) -> Result<Entry, ApiError> {
        entry(key, self.value, Lock::Unlocked)
    }
}

fn entry(key: SettingKey, value: ValueBody, lock: Lock) -> Result<Entry, ApiError> {
    let value = match value {
        ValueBody::Truth(truth) => SettingValue::Truth(truth),
        ValueBody::Whole(number) => SettingValue::Whole(number),
        ValueBody::Text(text) => SettingValue::Text(text),
    };
    if key.takes(&value) {
        return Ok(Entry { value, lock });
    }
    let expected = match key.kind() {
        SettingKind::Truth => "true or false".to_owned(),
        SettingKind::Whole(least, most) => format!("a whole number from {least} to {most}"),
        SettingKind::Text(most) => format!("a text of 1 to {most} characters"),
        SettingKind::Choice(words) => format!("one of {}", words.join(", ")),
    };
    Err(ApiError::field("value", format!("expected {expected}")))
}

/// All settings, in the order of their names' table.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SettingsBody {
    data: Vec<SettingBody>,
}

impl SettingsBody {
    /// As it is seen from `level`.
    pub(super) fn new(settings: &Settings, level: Level) -> Self {
        let body = |key: &SettingKey| SettingBody::new(settings, *key, level);
        Self {
            data: SettingKey::ALL.iter().map(body).collect(),
        }
    }
}

/// A setting: what holds, who has said so, and who may say otherwise.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SettingBody {
    key: &'static str,
    /// What it does.
    about: &'static str,
    /// What holds here.
    value: ValueBody,
    /// `default`, `platform`, `tenant` or `user`: who has set that.
    source: &'static str,
    /// `hard`, `soft` or `unlocked`: the strongest lock that counts here.
    lock: &'static str,
    /// `platform` or `tenant`: whose lock it is.
    locked_by: Option<&'static str>,
    /// Whether it may be set here.
    may_set: bool,
    /// What whoever sets it here should know.
    notice: Option<String>,
    default: ValueBody,
    /// The least that a number may be.
    minimum: Option<i64>,
    /// The most that a number may be.
    maximum: Option<i64>,
    /// The longest that a text may be, in characters.
    max_length: Option<usize>,
    /// The words that may be chosen.
    choices: Option<&'static [&'static str]>,
}

impl SettingBody {
    /// As it is seen from `level`.
    pub(super) fn new(settings: &Settings, key: SettingKey, level: Level) -> Self {
        let Effective {
            value,
            source,
            lock,
            locked_by,
        } = settings.effective(key);
        let above = settings.lock_above(key, level);
        let (minimum, maximum, max_length, choices) = match key.kind() {
            SettingKind::Truth => (None, None, None, None),
            SettingKind::Whole(least, most) => (Some(least), Some(most), None, None),
            SettingKind::Text(most) => (None, None, Some(most), None),
            SettingKind::Choice(words) => (None, None, None, Some(words)),
        };
        Self {
            key: key.as_str(),
            about: key.about(),
            value: value.into(),
            source: source.map_or("default", Level::as_str),
            lock: lock.as_str(),
            locked_by: locked_by.map(Level::as_str),
            may_set: above.0 < Lock::Hard && level <= key.lowest(),
            notice: reserved(key, level)
                .map(str::to_owned)
                .or_else(|| notice(above)),
            default: key.default_value().into(),
            minimum,
            maximum,
            max_length,
            choices,
        }
    }
}

/// Who sets it, where that is not for this level to do.
pub(super) fn reserved(key: SettingKey, level: Level) -> Option<&'static str> {
    match key.lowest() {
        lowest if level <= lowest => None,
        Level::Platform => Some("only the platform sets this"),
        Level::Tenant | Level::User => {
            Some("this is set for the whole tenant: a member has none of their own")
        }
    }
}

fn notice((lock, by): (Lock, Option<Level>)) -> Option<String> {
    let by = by?.as_str();
    match lock {
        Lock::Unlocked => None,
        Lock::Soft => Some(format!(
            "the {by} has set this and would rather have it stay; another value counts all the same"
        )),
        Lock::Hard => Some(format!("the {by} has locked this; no other value counts")),
    }
}

//! Why somebody may not be rung.

use super::line::LineKind;

/// Why somebody may not be rung.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DialRefusal {
    /// Help in need is not rung by a machine.
    #[error("emergency numbers are never rung from here")]
    Emergency,
    /// No country has it.
    #[error("no country has a number like this")]
    Unknown,
    /// Somebody said so.
    #[error("the outbound policy denies numbers that begin like this")]
    Prefix,
    /// Whoever is rung there rings us.
    #[error("a call to this number comes back here")]
    LeadsBack,
    /// It costs more than others, and nobody allowed it.
    #[error(
        "this is a {} number: the outbound policy must allow both the kind and its prefix",
        .0.as_str()
    )]
    Kind(LineKind),
    /// Nobody chose that country.
    #[error("the outbound policy does not allow this country")]
    Country,
    /// It is too early or too late.
    #[error("the outbound policy allows no calls at this time of the day")]
    Hours,
    /// So many in an hour are enough.
    #[error("the calls of this hour are used up")]
    Hourly,
    /// So many in a day are enough.
    #[error("the calls of this day are used up")]
    Daily,
    /// So many in an hour are enough for one person.
    #[error("this member's calls of this hour are used up")]
    HourlyOfUser,
    /// So many in a day are enough for one person.
    #[error("this member's calls of this day are used up")]
    DailyOfUser,
    /// So many texts in an hour are enough.
    #[error("the text messages of this hour are used up")]
    HourlyOfTexts,
    /// So many texts in a day are enough.
    #[error("the text messages of this day are used up")]
    DailyOfTexts,
    /// They said STOP, or somebody was told.
    #[error("they do not want to be written to; they must write START first")]
    Unwanted,
    /// What the tenant may use is used up.
    #[error("what the tenant may use is used up; /api/usage/quota has its limits")]
    Quota,
    /// So many at once are enough.
    #[error("as many calls as are allowed at one time go on already")]
    AtOnce,
    /// What it may cost is more than is left.
    #[error("what this call may cost is more than is left of the day's budget")]
    Budget,
}

impl DialRefusal {
    /// A stable word for it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::Unknown => "unknown_number",
            Self::Prefix => "prefix_denied",
            Self::LeadsBack => "leads_back",
            Self::Kind(_) => "kind_not_allowed",
            Self::Country => "country_not_allowed",
            Self::Hours => "outside_hours",
            Self::Hourly => "hourly_limit",
            Self::Daily => "daily_limit",
            Self::HourlyOfUser => "hourly_limit_of_user",
            Self::DailyOfUser => "daily_limit_of_user",
            Self::HourlyOfTexts => "hourly_limit_of_texts",
            Self::DailyOfTexts => "daily_limit_of_texts",
            Self::Unwanted => "opted_out",
            Self::Quota => "quota_used_up",
            Self::AtOnce => "too_many_at_once",
            Self::Budget => "budget_spent",
        }
    }

    /// Whether it is the number's fault, so that waiting does not help.
    pub fn is_of_number(self) -> bool {
        match self {
            Self::Emergency
            | Self::Unknown
            | Self::Prefix
            | Self::LeadsBack
            | Self::Kind(_)
            | Self::Country => true,
            Self::Hours
            | Self::Hourly
            | Self::Daily
            | Self::HourlyOfUser
            | Self::DailyOfUser
            | Self::HourlyOfTexts
            | Self::DailyOfTexts
            | Self::Unwanted
            | Self::Quota
            | Self::AtOnce
            | Self::Budget => false,
        }
    }
}

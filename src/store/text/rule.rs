//! The rules of a plan as JSON.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::plan::TargetText;
use super::value::{Few, Line, Text};
use crate::domain::{CallerListId, HoursId, Span, Weekday};
use crate::routing::{Action, Condition, Refusal, Rule, Target, Times};

/// A way that some calls take instead.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    /// Its name for people.
    #[schema(value_type = String, min_length = 1, max_length = 200,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    name: Line<200>,
    /// What must be so; all of it. Without conditions it always applies, except
    /// to callers who are blocked.
    #[serde(default)]
    #[schema(value_type = Vec<ConditionText>, max_items = 10, required = false)]
    when: Few<ConditionText, 0, 10>,
    /// What happens then.
    then: ActionText,
}

/// Something that may be so of a call.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConditionText {
    /// It comes within these hours.
    During(HoursRef),
    /// It comes outside these hours.
    Outside(HoursRef),
    /// It comes at such times, by the tenant's clock.
    At(TimesText),
    /// The caller is on this list.
    InList(ListRef),
    /// The caller is a VIP.
    Vip,
    /// The caller is blocked.
    Blocked,
    /// The caller hides the number.
    Anonymous,
}

/// The id of opening hours.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = r"^hrs_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
pub struct HoursRef(Text<HoursId>);

impl HoursRef {
    pub(super) fn new(id: HoursId) -> Self {
        Self(Text(id))
    }

    pub(super) fn id(self) -> HoursId {
        self.0.0
    }
}

/// The id of a list of callers.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = r"^lst_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
pub struct ListRef(Text<CallerListId>);

/// Times of the week.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimesText {
    /// The days on which the span begins; every day, if none is named.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 7, required = false,
        pattern = "^(monday|tuesday|wednesday|thursday|friday|saturday|sunday)$")]
    days: Few<Text<Weekday>, 0, 7>,
    /// The time of the day.
    #[schema(value_type = String, example = "12:00-13:00",
        pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
    span: Text<Span>,
}

/// What a rule does.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionText {
    /// Sends the call there.
    Go(TargetText),
    /// Refuses it.
    Reject(RefusalText),
}

/// How a call is refused; the caller is not charged for it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusalText {
    /// As if the number were out of service.
    Rejected,
    /// As if the line were engaged.
    Busy,
}

impl From<RuleText> for Rule {
    fn from(text: RuleText) -> Self {
        Self {
            name: text.name.0,
            when: text.when.0.into_iter().map(Condition::from).collect(),
            then: match text.then {
                ActionText::Go(target) => Action::Go(Target::from(target)),
                ActionText::Reject(refusal) => Action::Reject(refusal.into()),
            },
        }
    }
}

impl From<&Rule> for RuleText {
    fn from(rule: &Rule) -> Self {
        Self {
            name: Line(rule.name.clone()),
            when: Few(rule.when.iter().map(ConditionText::from).collect()),
            then: match &rule.then {
                Action::Go(target) => ActionText::Go(target.into()),
                Action::Reject(refusal) => ActionText::Reject((*refusal).into()),
            },
        }
    }
}

impl From<ConditionText> for Condition {
    fn from(text: ConditionText) -> Self {
        match text {
            ConditionText::During(HoursRef(Text(id))) => Self::During(id),
            ConditionText::Outside(HoursRef(Text(id))) => Self::Outside(id),
            ConditionText::At(times) => Self::At(Times {
                days: times.days.0.into_iter().map(|Text(day)| day).collect(),
                span: times.span.0,
            }),
            ConditionText::InList(ListRef(Text(id))) => Self::InList(id),
            ConditionText::Vip => Self::Vip,
            ConditionText::Blocked => Self::Blocked,
            ConditionText::Anonymous => Self::Anonymous,
        }
    }
}

impl From<&Condition> for ConditionText {
    fn from(condition: &Condition) -> Self {
        match condition {
            Condition::During(id) => Self::During(HoursRef(Text(*id))),
            Condition::Outside(id) => Self::Outside(HoursRef(Text(*id))),
            Condition::At(times) => Self::At(TimesText {
                days: Few(times.days.iter().copied().map(Text).collect()),
                span: Text(times.span),
            }),
            Condition::InList(id) => Self::InList(ListRef(Text(*id))),
            Condition::Vip => Self::Vip,
            Condition::Blocked => Self::Blocked,
            Condition::Anonymous => Self::Anonymous,
        }
    }
}

impl From<RefusalText> for Refusal {
    fn from(text: RefusalText) -> Self {
        match text {
            RefusalText::Rejected => Self::Rejected,
            RefusalText::Busy => Self::Busy,
        }
    }
}

impl From<Refusal> for RefusalText {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rejected => Self::Rejected,
            Refusal::Busy => Self::Busy,
        }
    }
}

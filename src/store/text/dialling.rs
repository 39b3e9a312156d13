//! A policy for calls that we make, as JSON.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::value::{Few, Number, Text};
use crate::domain::{Country, DialPolicy, LineKind, Prefix, Rate, Span};

/// Whom the tenant allows to be rung, how often, and what it may cost. What is
/// left out is as it is at first.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DialPolicyText {
    /// Countries where people may be rung, by their ISO 3166-1 codes. None at
    /// first: then nobody is rung.
    #[schema(value_type = Vec<String>, max_items = 300, required = false,
        example = json!(["US", "CA"]))]
    countries: Few<Text<Country>, 0, 300>,
    /// How other numbers begin that may be rung too, such as `+4930`.
    #[schema(value_type = Vec<String>, max_items = 200, required = false,
        example = json!(["+4930"]))]
    allowed_prefixes: Few<Text<Prefix>, 0, 200>,
    /// How numbers begin that may not be rung, wherever they are.
    #[schema(value_type = Vec<String>, max_items = 200, required = false,
        example = json!(["+1900"]))]
    denied_prefixes: Few<Text<Prefix>, 0, 200>,
    /// Kinds of numbers that cost more than others and may be rung, where
    /// `allowed_prefixes` covers them too.
    #[schema(value_type = Vec<DearKindText>, max_items = 4, required = false)]
    special_kinds: Few<DearKindText, 0, 4>,
    /// When people may be rung, by the tenant's clock: `09:00-20:00`; at any
    /// time if null.
    #[schema(value_type = Option<String>, required = false,
        pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
    hours: Option<Text<Span>>,
    /// Calls in any hour.
    #[schema(value_type = u32, maximum = 10_000, required = false)]
    max_calls_per_hour: Number<0, 10_000>,
    /// Calls in any 24 hours.
    #[schema(value_type = u32, maximum = 100_000, required = false)]
    max_calls_per_day: Number<0, 100_000>,
    /// The same for one member.
    #[schema(value_type = u32, maximum = 10_000, required = false)]
    max_calls_per_hour_of_user: Number<0, 10_000>,
    /// The same for one member.
    #[schema(value_type = u32, maximum = 100_000, required = false)]
    max_calls_per_day_of_user: Number<0, 100_000>,
    /// Calls at one time.
    #[schema(value_type = u32, maximum = 1_000, required = false)]
    max_calls_at_once: Number<0, 1_000>,
    /// The longest call; the setting `max_call_duration_seconds` may say less.
    #[schema(value_type = u32, minimum = 60, maximum = 14_400, required = false)]
    max_duration_seconds: Number<60, 14_400>,
    /// What all calls of any 24 hours may cost, in millionths of a dollar. A
    /// call that goes on counts as if it lasted as long as it may.
    #[schema(value_type = u32, maximum = 4_000_000_000_u32, required = false)]
    daily_budget_micros: Number<0, 4_000_000_000>,
    /// What a minute of one line is reckoned to cost, in millionths of a dollar.
    #[schema(value_type = u32, minimum = 1_000, maximum = 100_000_000, required = false)]
    minute_price_micros: Number<1_000, 100_000_000>,
}

/// A kind of number that costs more than others.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DearKindText {
    /// Whoever is called earns by it.
    Premium,
    /// Caller and callee share what it costs.
    SharedCost,
    /// A number that follows a person.
    Personal,
    /// A satellite, a ship, or a network without a country.
    Satellite,
}

impl Default for DialPolicyText {
    fn default() -> Self {
        Self::from(&DialPolicy::default())
    }
}

impl From<&DialPolicy> for DialPolicyText {
    fn from(policy: &DialPolicy) -> Self {
        let micros = |amount: i64| u32::try_from(amount).unwrap_or_default();
        let prefixes =
            |all: &std::collections::BTreeSet<Prefix>| Few(all.iter().cloned().map(Text).collect());
        let countries = policy.countries.iter().copied();
        let kinds = policy.dear_kinds.iter();
        Self {
            countries: Few(countries.map(Text).collect()),
            allowed_prefixes: prefixes(&policy.allowed_prefixes),
            denied_prefixes: prefixes(&policy.denied_prefixes),
            special_kinds: Few(kinds.filter_map(|kind| DearKindText::of(*kind)).collect()),
            hours: policy.hours.map(Text),
            max_calls_per_hour: Number(policy.of_tenant.per_hour),
            max_calls_per_day: Number(policy.of_tenant.per_day),
            max_calls_per_hour_of_user: Number(policy.of_user.per_hour),
            max_calls_per_day_of_user: Number(policy.of_user.per_day),
            max_calls_at_once: Number(policy.at_once),
            max_duration_seconds: Number::of_seconds(policy.longest),
            daily_budget_micros: Number(micros(policy.daily_budget_micros)),
            minute_price_micros: Number(micros(policy.minute_price_micros)),
        }
    }
}

impl From<DialPolicyText> for DialPolicy {
    fn from(text: DialPolicyText) -> Self {
        let prefixes = |few: Few<Text<Prefix>, 0, 200>| few.0.into_iter().map(|one| one.0);
        let kinds = text.special_kinds.0.into_iter();
        Self {
            countries: text.countries.0.into_iter().map(|one| one.0).collect(),
            allowed_prefixes: prefixes(text.allowed_prefixes).collect(),
            denied_prefixes: prefixes(text.denied_prefixes).collect(),
            dear_kinds: kinds.map(DearKindText::kind).collect(),
            hours: text.hours.map(|span| span.0),
            of_tenant: Rate {
                per_hour: text.max_calls_per_hour.0,
                per_day: text.max_calls_per_day.0,
            },
            of_user: Rate {
                per_hour: text.max_calls_per_hour_of_user.0,
                per_day: text.max_calls_per_day_of_user.0,
            },
            at_once: text.max_calls_at_once.0,
            longest: text.max_duration_seconds.seconds(),
            daily_budget_micros: text.daily_budget_micros.0.into(),
            minute_price_micros: text.minute_price_micros.0.into(),
        }
    }
}

impl DearKindText {
    fn of(kind: LineKind) -> Option<Self> {
        match kind {
            LineKind::Premium => Some(Self::Premium),
            LineKind::SharedCost => Some(Self::SharedCost),
            LineKind::Personal => Some(Self::Personal),
            LineKind::Satellite => Some(Self::Satellite),
            LineKind::Ordinary | LineKind::TollFree | LineKind::Emergency | LineKind::Unknown => {
                None
            }
        }
    }

    fn kind(self) -> LineKind {
        match self {
            Self::Premium => LineKind::Premium,
            Self::SharedCost => LineKind::SharedCost,
            Self::Personal => LineKind::Personal,
            Self::Satellite => LineKind::Satellite,
        }
    }
}

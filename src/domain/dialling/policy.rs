//! What a tenant allows, and the gate that goes by it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::country::Country;
use super::line::{Line, LineKind};
use super::permit::Permit;
use super::refusal::DialRefusal as Refusal;
use crate::domain::{HoursPlan, ParseError, PhoneNumber, Span, Timestamp, Week, Weekday, Zone};

/// Whom a tenant allows to be rung, how often, and what it may cost.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DialPolicy {
    /// Where.
    pub countries: BTreeSet<Country>,
    /// Elsewhere too, if a number begins with one of these.
    pub allowed_prefixes: BTreeSet<Prefix>,
    /// Nowhere, if a number begins with one of these.
    pub denied_prefixes: BTreeSet<Prefix>,
    /// Numbers that cost more than others, if an allowed prefix covers them too.
    pub dear_kinds: BTreeSet<LineKind>,
    /// When, by the tenant's clock; at any time, if nothing is said.
    pub hours: Option<Span>,
    /// How many calls the tenant may make.
    pub of_tenant: Rate,
    /// How many of them one member may make.
    pub of_user: Rate,
    /// How many may go on at one time.
    pub at_once: u32,
    /// How long one may last.
    pub longest: Duration,
    /// How many text messages the tenant may send.
    pub texts: Rate,
    /// What all calls may cost in a day, in millionths of a dollar.
    pub daily_budget_micros: i64,
    /// What a minute is reckoned to cost, in millionths of a dollar.
    pub minute_price_micros: i64,
}

/// Nobody is rung until somebody has chosen a country.
impl Default for DialPolicy {
    fn default() -> Self {
        Self {
            countries: BTreeSet::new(),
            allowed_prefixes: BTreeSet::new(),
            denied_prefixes: BTreeSet::new(),
            dear_kinds: BTreeSet::new(),
            hours: None,
            of_tenant: Rate {
                per_hour: 30,
                per_day: 150,
            },
            of_user: Rate {
                per_hour: 20,
                per_day: 60,
            },
            at_once: 3,
            longest: Duration::from_mins(30),
            texts: Rate {
                per_hour: 60,
                per_day: 300,
            },
            daily_budget_micros: 50_000_000,
            minute_price_micros: 20_000,
        }
    }
}

/// How many calls or texts, in the last hour and the last 24 hours.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Rate {
    /// In an hour.
    pub per_hour: u32,
    /// In 24 hours.
    pub per_day: u32,
}

/// How numbers begin: `+` and 1 to 15 digits, the first not zero.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Prefix(Box<str>);

impl Prefix {
    fn covers(&self, number: &PhoneNumber) -> bool {
        number.as_str().starts_with(&*self.0)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Prefix {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let digits = text.strip_prefix('+').unwrap_or_default();
        let fits = (1..=15).contains(&digits.len()) && !digits.starts_with('0');
        if fits && digits.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.into()))
        } else {
            Err(ParseError {
                expected: "+ and 1 to 15 digits, such as +4930",
            })
        }
    }
}

/// Somebody is to be rung.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Dial<'a> {
    /// Whom.
    pub to: &'a PhoneNumber,
    /// Who that is.
    pub purpose: Purpose,
    /// The member whose telephone is rung before, if one speaks with them.
    pub via: Option<&'a PhoneNumber>,
    /// How long it may last, if the policy allows as much.
    pub longest: Duration,
}

impl Dial<'_> {
    /// How many lines are paid for while the call lasts.
    pub fn legs(&self) -> u32 {
        if self.via.is_some() { 2 } else { 1 }
    }
}

/// Who is rung.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// Somebody outside.
    Outside,
    /// A member of the tenant, wherever they are and whatever the hour.
    Member,
}

/// What the tenant has used so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct DialsUsed {
    /// By everybody.
    pub by_tenant: Rate,
    /// By the member who asks, if one does.
    pub by_user: Rate,
    /// How many go on.
    pub at_once: u32,
    /// What was spent or may still be spent by those that go on, in 24 hours.
    pub spent_micros: i64,
}

impl DialPolicy {
    /// Whether somebody may be rung at `now`. The permit is for whoever is rung
    /// first.
    pub fn judge(
        &self,
        dial: &Dial<'_>,
        used: &DialsUsed,
        (zone, now): (&Zone, Timestamp),
    ) -> Result<Permit, Refusal> {
        match dial.purpose {
            Purpose::Outside => {
                self.judge_number(dial.to)?;
                self.judge_hours(zone, now)?;
            }
            Purpose::Member => self.judge_member(dial.to)?,
        }
        if let Some(member) = dial.via {
            self.judge_member(member)?;
        }
        let longest = dial.longest.min(self.longest);
        self.judge_use(used, self.reckoned(longest, dial.legs()))?;
        Ok(Permit::new(dial.via.unwrap_or(dial.to), longest))
    }

    /// Whether whoever has rung up may be connected with somebody, for so long at
    /// most. Where they may be is asked; when and how often, only where we ring of
    /// our own accord.
    pub fn judge_forward(
        &self,
        (to, purpose): (&PhoneNumber, Purpose),
        longest: Duration,
    ) -> Result<Permit, Refusal> {
        match purpose {
            Purpose::Outside => self.judge_number(to)?,
            Purpose::Member => self.judge_member(to)?,
        }
        Ok(Permit::new(to, longest))
    }

    /// A member may be anywhere that nobody has denied.
    fn judge_member(&self, number: &PhoneNumber) -> Result<(), Refusal> {
        Self::judge_anywhere(number)?;
        self.judge_prefix(number)
    }

    /// What nobody allows by a country alone: emergency numbers, and those that
    /// cost more than others.
    pub fn judge_anywhere(number: &PhoneNumber) -> Result<(), Refusal> {
        let kind = Line::of(number).kind;
        if kind == LineKind::Emergency {
            Err(Refusal::Emergency)
        } else if kind.is_dear() {
            Err(Refusal::Kind(kind))
        } else {
            Ok(())
        }
    }

    /// What so long a call is reckoned to cost; a minute that has begun counts.
    pub fn reckoned(&self, longest: Duration, legs: u32) -> i64 {
        let minutes = i64::try_from(longest.as_secs().div_ceil(60)).unwrap_or(i64::MAX);
        let price = self.minute_price_micros.saturating_mul(legs.into());
        minutes.saturating_mul(price)
    }

    pub(super) fn judge_prefix(&self, number: &PhoneNumber) -> Result<(), Refusal> {
        let is_denied = self.denied_prefixes.iter().any(|one| one.covers(number));
        (!is_denied).then_some(()).ok_or(Refusal::Prefix)
    }

    pub(super) fn judge_number(&self, number: &PhoneNumber) -> Result<(), Refusal> {
        let line = Line::of(number);
        let covers = |prefixes: &BTreeSet<Prefix>| prefixes.iter().any(|one| one.covers(number));
        if line.kind == LineKind::Emergency {
            return Err(Refusal::Emergency);
        }
        self.judge_prefix(number)?;
        let is_named = covers(&self.allowed_prefixes);
        if line.kind.is_dear() {
            let is_allowed = is_named && self.dear_kinds.contains(&line.kind);
            return is_allowed.then_some(()).ok_or(Refusal::Kind(line.kind));
        }
        if line.kind == LineKind::Unknown {
            return Err(Refusal::Unknown);
        }
        let is_chosen = |country| self.countries.contains(&country);
        if is_named || line.country.is_some_and(is_chosen) {
            Ok(())
        } else {
            Err(Refusal::Country)
        }
    }

    pub(super) fn judge_hours(&self, zone: &Zone, now: Timestamp) -> Result<(), Refusal> {
        let Some(span) = self.hours else {
            return Ok(());
        };
        let plan = HoursPlan {
            zone: zone.clone(),
            week: Week::new(Weekday::ALL.map(|day| (day, vec![span]))),
            exceptions: BTreeMap::new(),
        };
        let is_open = plan.is_open(now).is_open();
        is_open.then_some(()).ok_or(Refusal::Hours)
    }

    fn judge_use(&self, used: &DialsUsed, cost: i64) -> Result<(), Refusal> {
        let spent = used.spent_micros.saturating_add(cost);
        let limits = [
            (used.at_once >= self.at_once, Refusal::AtOnce),
            (
                used.by_tenant.per_hour >= self.of_tenant.per_hour,
                Refusal::Hourly,
            ),
            (
                used.by_tenant.per_day >= self.of_tenant.per_day,
                Refusal::Daily,
            ),
            (
                used.by_user.per_hour >= self.of_user.per_hour,
                Refusal::HourlyOfUser,
            ),
            (
                used.by_user.per_day >= self.of_user.per_day,
                Refusal::DailyOfUser,
            ),
            (spent > self.daily_budget_micros, Refusal::Budget),
        ];
        let reached = limits.into_iter().find(|(is_reached, _)| *is_reached);
        reached.map_or(Ok(()), |(_, refusal)| Err(refusal))
    }
}

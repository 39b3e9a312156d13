//! How much a tenant may use, and how near to it a tenant has come.

use super::{Currency, Day, ParseError, Totals};

/// For how long a limit counts.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Period {
    /// From midnight to midnight where the tenant is.
    Day,
    /// From the first of a month to its last.
    Month,
}

impl Period {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Day, Self::Month];

    /// `day` or `month`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// The one that `day` is in: `2026-11-21`, or `2026-11`.
    pub fn name(self, day: Day) -> String {
        match self {
            Self::Day => day.to_string(),
            Self::Month => day.month(),
        }
    }
}

impl std::str::FromStr for Period {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL.into_iter().find(|period| period.as_str() == text);
        found.ok_or(ParseError {
            expected: "day or month",
        })
    }
}

/// What is limited.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Measure {
    /// Minutes of calls, whoever speaks in them.
    Minutes,
    /// Tokens of the model.
    Tokens,
    /// Money in US dollars, in millionths. What a carrier charges in another
    /// currency is not counted.
    Money,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Minutes, Self::Tokens, Self::Money];

    /// `minutes`, `tokens` or `money`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minutes => "minutes",
            Self::Tokens => "tokens",
            Self::Money => "money",
        }
    }
}

impl std::str::FromStr for Measure {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::ALL
            .into_iter()
            .find(|measure| measure.as_str() == text);
        found.ok_or(ParseError {
            expected: "minutes, tokens or money",
        })
    }
}

/// The limits of one period; none is no limit.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct QuotaLimits {
    /// Of calls.
    pub minutes: Option<i64>,
    /// Of the model.
    pub tokens: Option<i64>,
    /// Millionths of US dollars.
    pub micros: Option<i64>,
}

impl QuotaLimits {
    /// The limit of that, if there is one.
    pub fn of(&self, measure: Measure) -> Option<i64> {
        match measure {
            Measure::Minutes => self.minutes,
            Measure::Tokens => self.tokens,
            Measure::Money => self.micros,
        }
    }

    fn strictest(self, other: Self) -> Self {
        let least = |one: Option<i64>, other| one.into_iter().chain(other).min();
        Self {
            minutes: least(self.minutes, other.minutes),
            tokens: least(self.tokens, other.tokens),
            micros: least(self.micros, other.micros),
        }
    }
}

/// How much may be used, and when somebody is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Quota {
    /// In a day.
    pub day: QuotaLimits,
    /// In a month.
    pub month: QuotaLimits,
    /// From so many hundredths of a limit on somebody is told; 1 to 100.
    pub alert_percent: u8,
}

impl Default for Quota {
    /// No limits.
    fn default() -> Self {
        Self {
            day: QuotaLimits::default(),
            month: QuotaLimits::default(),
            alert_percent: 80,
        }
    }
}

impl Quota {
    /// The limits of a period.
    pub fn limits(&self, period: Period) -> &QuotaLimits {
        match period {
            Period::Day => &self.day,
            Period::Month => &self.month,
        }
    }

    /// Of two, what both permit.
    #[must_use]
    pub fn strictest(self, other: Self) -> Self {
        Self {
            day: self.day.strictest(other.day),
            month: self.month.strictest(other.month),
            alert_percent: self.alert_percent.min(other.alert_percent),
        }
    }
}

/// Who has said what about a tenant.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Quotas {
    /// The platform's operator.
    pub platform: Option<Quota>,
    /// The tenant itself.
    pub tenant: Option<Quota>,
}

impl Quotas {
    /// What holds in the end; none where nobody has said anything.
    pub fn effective(&self) -> Option<Quota> {
        match (self.platform, self.tenant) {
            (Some(one), Some(other)) => Some(one.strictest(other)),
            (one, other) => one.or(other),
        }
    }
}

/// How near a tenant has come to a limit.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Strain {
    /// Near enough to be told.
    Soft,
    /// There: nothing new may be spent.
    Hard,
}

impl Strain {
    /// `soft` or `hard`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Soft => "soft",
            Self::Hard => "hard",
        }
    }
}

impl std::str::FromStr for Strain {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "soft" => Ok(Self::Soft),
            "hard" => Ok(Self::Hard),
            _ => Err(ParseError {
                expected: "soft or hard",
            }),
        }
    }
}

/// One limit, and how much of it is used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Gauge {
    /// For how long it counts.
    pub period: Period,
    /// What it limits.
    pub measure: Measure,
    /// How much there may be.
    pub limit: i64,
    /// How much there is, in whole units.
    pub used: i64,
    /// How near that is, if it is near.
    pub strain: Option<Strain>,
}

/// What a tenant has used, and what it may.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Standing {
    /// The day that it is where the tenant is.
    pub day: Day,
    /// What was used today, with an estimate of the calls that go on.
    pub today: Totals,
    /// The same since the first of the month.
    pub this_month: Totals,
    /// What of that is the estimate.
    pub running: Totals,
    /// The limits; none where nobody has set any.
    pub quota: Option<Quota>,
}

impl Standing {
    /// Whether anything new may be spent: a call of the AI, a call that we make.
    pub fn may_spend(&self) -> bool {
        let is_reached = |gauge: &Gauge| gauge.strain == Some(Strain::Hard);
        !self.gauges().iter().any(is_reached)
    }

    /// Every limit that there is.
    pub fn gauges(&self) -> Vec<Gauge> {
        let Some(quota) = &self.quota else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for period in Period::ALL {
            for measure in Measure::ALL {
                if let Some(limit) = quota.limits(period).of(measure) {
                    found.push(self.gauge(quota, (period, measure), limit));
                }
            }
        }
        found
    }

    fn gauge(&self, quota: &Quota, (period, measure): (Period, Measure), limit: i64) -> Gauge {
        let totals = match period {
            Period::Day => &self.today,
            Period::Month => &self.this_month,
        };
        // Minutes are compared to the second.
        let (used, unit) = match measure {
            Measure::Minutes => (totals.inbound_s.saturating_add(totals.outbound_s), 60),
            Measure::Tokens => (totals.tokens.tokens(), 1),
            Measure::Money => (totals.micros(Currency::Usd), 1),
        };
        let whole = i128::from(limit) * unit;
        let share = i128::from(used) * 100;
        let strain = if i128::from(used) >= whole {
            Some(Strain::Hard)
        } else if share >= whole * i128::from(quota.alert_percent) {
            Some(Strain::Soft)
        } else {
            None
        };
        Gauge {
            period,
            measure,
            limit,
            used: i64::try_from(i128::from(used) / unit).unwrap_or(i64::MAX),
            strain,
        }
    }
}

//! What a call costs beside the agent, and what of it counts for its tenant.

use std::collections::BTreeMap;

use super::{
    AnsweredBy, CallLog, CallStatus, Currency, Day, Direction, Money, Outcome, Timestamp, Usage,
};

/// The carrier's own limit.
const LONGEST_CALL_MS: i64 = 4 * 3_600_000;

/// What a call adds to the bill, beside what the agent used.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Bill {
    /// When the agent was let go.
    pub agent_ended_at: Option<Timestamp>,
    /// What the carrier is going to charge, by its public price list; once the
    /// call is over.
    pub carrier_estimate: Option<Money>,
    /// What the carrier has charged, by its own word.
    pub carrier: Option<Money>,
    /// What it charges for what it has recorded, by its public price list.
    pub recording: Option<Money>,
    /// What it cost to have recordings and messages written down, by a model whose price
    /// is known.
    pub transcription: Option<Money>,
    /// The tenant's day for which the call counts; none before it does.
    pub day: Option<Day>,
}

/// What a call costs, as far as that is known: the agent, the carrier's minutes of every
/// line, what it has recorded, and the writing down of that. What else a carrier bills,
/// such as media streams and texts, it does not tell call by call.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Cost {
    /// The agent's tokens, what it takes to write down what the caller says to it, and
    /// whether that is final.
    pub model: Option<(Money, bool)>,
    /// The carrier, and whether that is final.
    pub carrier: Option<(Money, bool)>,
    /// What the carrier has recorded, and whether that is final.
    pub recording: Option<(Money, bool)>,
    /// The writing down of recordings and messages, and whether that is final.
    pub transcription: Option<(Money, bool)>,
}

impl Cost {
    /// What `call` costs by `now`: an estimate while it goes on.
    pub fn of(call: &CallLog, now: Option<Timestamp>) -> Self {
        let is_over = Outcome::of(call) != Outcome::Open;
        let final_price = call.bill.carrier.map(|money| (money, true));
        let guess = if is_over {
            call.bill.carrier_estimate
        } else {
            now.and_then(|now| carrier_so_far(call, now))
        };
        Self {
            model: call.cost.map(|money| (money, call.end_reason.is_some())),
            carrier: final_price.or(guess.map(|money| (money, false))),
            recording: call.bill.recording.map(|money| (money, is_over)),
            transcription: call.bill.transcription.map(|money| (money, is_over)),
        }
    }

    /// The sum of the parts that are in one currency, the agent's before the
    /// carrier's, and whether nothing of it will change.
    pub fn sum(&self) -> Option<(Money, bool)> {
        let parts = [self.model, self.carrier, self.recording, self.transcription];
        let known = || parts.into_iter().flatten();
        let (Money { currency, .. }, _) = known().next()?;
        let same = known().filter(|(money, _)| money.currency == currency);
        let micros = same.fold(0_i64, |sum, (money, _)| sum.saturating_add(money.micros));
        let is_final = self.carrier.is_some() && known().all(|(_, is_final)| is_final);
        Some((Money { micros, currency }, is_final))
    }
}

/// What the carrier is going to charge for a call that goes on.
fn carrier_so_far(call: &CallLog, now: Timestamp) -> Option<Money> {
    let is_answered = call.answered_at.is_some() || call.status == CallStatus::InProgress;
    let began = call.answered_at.unwrap_or(call.created_at);
    let seconds = (now.as_ms() - began.as_ms()) / 1_000;
    is_answered.then(|| carrier_estimate(call.direction, seconds))
}

/// What the carrier is going to charge for so many seconds, by the price list
/// for calls in the United States: each minute that has begun counts.
///
/// <https://www.twilio.com/en-us/voice/pricing/us>, on 2026-11-20.
pub fn carrier_estimate(direction: Direction, seconds: i64) -> Money {
    let a_minute = match direction {
        Direction::Inbound => 8_500,
        Direction::Outbound => 14_000,
    };
    let minutes = seconds.max(0).saturating_add(59) / 60;
    Money {
        micros: minutes.saturating_mul(a_minute),
        currency: Currency::Usd,
    }
}

/// What the carrier charges for so many minutes of recordings, by its price list; each
/// minute that has begun counts. Nothing where there are none.
///
/// <https://www.twilio.com/en-us/voice/pricing/us>, on 2026-11-20.
pub fn recording_price(minutes: i64) -> Option<Money> {
    (minutes > 0).then(|| Money {
        micros: minutes.saturating_mul(2_500),
        currency: Currency::Usd,
    })
}

/// For what money was spent.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum CostPart {
    /// The agent's tokens, and the writing down of what callers say to it.
    Model,
    /// The carrier's calls, by its own word.
    Carrier,
    /// The carrier's calls that it has not rated yet, or never will.
    CarrierEstimate,
    /// What the carrier has recorded, by its price list.
    Recording,
    /// The writing down of recordings and messages.
    Transcription,
}

impl CostPart {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Model,
        Self::Carrier,
        Self::CarrierEstimate,
        Self::Recording,
        Self::Transcription,
    ];

    /// The name, as the database keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Carrier => "carrier",
            Self::CarrierEstimate => "carrier_estimate",
            Self::Recording => "recording",
            Self::Transcription => "transcription",
        }
    }
}

impl std::str::FromStr for CostPart {
    type Err = super::ParseError;

    fn from_str(text: &str) -> Result<Self, super::ParseError> {
        let found = Self::ALL.into_iter().find(|part| part.as_str() == text);
        found.ok_or(super::ParseError {
            expected: "model, carrier, carrier_estimate, recording or transcription",
        })
    }
}

/// What some calls come to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Totals {
    /// Calls that somebody made to the tenant.
    pub inbound_calls: i64,
    /// Calls that the tenant made.
    pub outbound_calls: i64,
    /// How long the first lasted, in seconds.
    pub inbound_s: i64,
    /// How long the others lasted, in seconds.
    pub outbound_s: i64,
    /// How long the AI spoke with callers, in seconds.
    pub agent_s: i64,
    /// Its tokens, and what was written down of what callers said to it.
    pub tokens: Usage,
    /// Millionths, by what they were spent for.
    pub money: BTreeMap<(CostPart, Currency), i64>,
}

impl Totals {
    /// What `call` counts for: nothing before it is over.
    pub fn of(call: &CallLog) -> Self {
        let mut totals = Self::default();
        if Outcome::of(call) == Outcome::Open {
            return totals;
        }
        let seconds = seconds(call);
        match call.direction {
            Direction::Inbound => (totals.inbound_calls, totals.inbound_s) = (1, seconds),
            Direction::Outbound => (totals.outbound_calls, totals.outbound_s) = (1, seconds),
        }
        if let (Some(from), Some(until)) = (call.answered_at, call.bill.agent_ended_at) {
            totals.agent_s = ((until.as_ms() - from.as_ms()) / 1_000).max(0);
        }
        totals.tokens = call.usage;
        totals.spend(CostPart::Model, call.cost);
        if call.bill.carrier.is_some() {
            totals.spend(CostPart::Carrier, call.bill.carrier);
        } else {
            totals.spend(CostPart::CarrierEstimate, call.bill.carrier_estimate);
        }
        totals.spend(CostPart::Recording, call.bill.recording);
        totals.spend(CostPart::Transcription, call.bill.transcription);
        totals
    }

    /// What `call` comes to by `now`, if it goes on. Nobody believes that it goes
    /// on for longer than the carrier lets a call last.
    pub fn running(call: &CallLog, now: Timestamp) -> Self {
        let mut totals = Self::default();
        if Outcome::of(call) != Outcome::Open {
            return totals;
        }
        let now = now.min(call.created_at.plus_ms(LONGEST_CALL_MS));
        let since = |at: Timestamp| ((now.as_ms() - at.as_ms()) / 1_000).max(0);
        // Whoever rings is connected to us at once; whom we ring, by picking up.
        let connected_at = match call.direction {
            Direction::Inbound => Some(call.created_at),
            Direction::Outbound => call.answered_at,
        };
        let seconds = connected_at.map_or(0, since);
        match call.direction {
            Direction::Inbound => (totals.inbound_calls, totals.inbound_s) = (1, seconds),
            Direction::Outbound => (totals.outbound_calls, totals.outbound_s) = (1, seconds),
        }
        if let (Some(AnsweredBy::Ai), Some(from)) = (call.answered_by, call.answered_at) {
            let until = call.bill.agent_ended_at.unwrap_or(now).min(now);
            totals.agent_s = ((until.as_ms() - from.as_ms()) / 1_000).max(0);
        }
        totals.tokens = call.usage;
        totals.spend(CostPart::Model, call.cost);
        let carrier = carrier_estimate(call.direction, seconds);
        totals.spend(CostPart::CarrierEstimate, Some(carrier));
        totals
    }

    /// Adds money.
    pub fn spend(&mut self, part: CostPart, money: Option<Money>) {
        if let Some(money) = money.filter(|money| money.micros != 0) {
            let sum = self.money.entry((part, money.currency)).or_default();
            *sum = sum.saturating_add(money.micros);
        }
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        self.merged(other, 1)
    }

    /// What must be added to `other` to come to this.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.merged(other, -1)
    }

    /// Whether there is nothing.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// All money in that currency, whatever it was spent for.
    pub fn micros(&self, currency: Currency) -> i64 {
        let spent = self.money.iter();
        let spent = spent.filter(|((_, of), _)| *of == currency);
        spent.fold(0, |sum, (_, micros)| sum.saturating_add(*micros))
    }

    fn merged(&self, other: &Self, sign: i64) -> Self {
        let sum = |one: i64, other: i64| one.saturating_add(sign.saturating_mul(other));
        let mut money = self.money.clone();
        for (what, micros) in &other.money {
            let entry = money.entry(*what).or_default();
            *entry = sum(*entry, *micros);
        }
        money.retain(|_, micros| *micros != 0);
        Self {
            inbound_calls: sum(self.inbound_calls, other.inbound_calls),
            outbound_calls: sum(self.outbound_calls, other.outbound_calls),
            inbound_s: sum(self.inbound_s, other.inbound_s),
            outbound_s: sum(self.outbound_s, other.outbound_s),
            agent_s: sum(self.agent_s, other.agent_s),
            tokens: self.tokens.plus(other.tokens.times(sign)),
            money,
        }
    }
}

/// How long a call that is over lasted: by the carrier's count, or by ours where
/// it has not told. One that nobody answered lasted no time.
pub(super) fn seconds(call: &CallLog) -> i64 {
    if let Some(seconds) = call.duration_s {
        return seconds.max(0);
    }
    let was_connected = call.status == CallStatus::Completed || call.answered_by.is_some();
    let ended = call.ended_at.filter(|_| was_connected);
    ended.map_or(0, |at| {
        ((at.as_ms() - call.created_at.as_ms()) / 1_000).max(0)
    })
}

impl CallLog {
    /// Brings the estimate of what the carrier is going to charge up to what is
    /// known of the call, as long as the carrier has not said.
    pub fn estimate_carrier(&mut self) {
        if Outcome::of(self) != Outcome::Open && self.bill.carrier.is_none() {
            let estimate = carrier_estimate(self.direction, seconds(self));
            self.bill.carrier_estimate = Some(estimate);
        }
    }
}

//! `/api/calls/stats/summary`: the calls of a span of time, counted.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::MoneyBody;
use crate::api::extract::{Query, parsed};
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{AnsweredBy, Currency, DAY_MS, Direction, Money, Outcome, Timestamp};
use crate::store::call_stats::{self, Group};
use crate::store::tenants;

/// How many calls there were, what became of them, how long they lasted and
/// what they cost: all together, and by person, by our number, and by day. The call of a
/// member who rings up to take somebody out of a queue is in the cost alone.
#[utoipa::path(get, path = "/api/calls/stats/summary", operation_id = "summarize_calls",
    tag = "Calls", params(SpanQuery), responses((status = 200, body = SummaryBody)))]
pub(in crate::api) async fn summary(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<SpanQuery>,
) -> Result<Json<SummaryBody>, ApiError> {
    let (since, until) = query.span(state.clock.now())?;
    let tenant = tenants::find(&state.store, operator.tenant_id).await?;
    let zone = tenant.ok_or(ApiError::NotFound)?.time_zone;
    let groups = call_stats::list(&state.store, operator.tenant_id, (since, until)).await?;
    Ok(Json(SummaryBody {
        since: since.to_string(),
        until: until.to_string(),
        all: SumsBody::of(&groups),
        by_user: by(&groups, |group| group.user_id.map(|id| id.to_string()))
            .map(|(user_id, sums)| UserSums { user_id, sums })
            .collect(),
        by_number: by(&groups, |group| group.number.clone())
            .map(|(number, sums)| NumberSums { number, sums })
            .collect(),
        by_day: by(&groups, |group| group.began.date_in(&zone))
            .map(|(date, sums)| DaySums { date, sums })
            .collect(),
        time_zone: zone,
    }))
}

fn by<K: Ord>(groups: &[Group], key: impl Fn(&Group) -> K) -> impl Iterator<Item = (K, SumsBody)> {
    let mut found: BTreeMap<K, Vec<&Group>> = BTreeMap::new();
    for group in groups {
        found.entry(key(group)).or_default().push(group);
    }
    found
        .into_iter()
        .map(|(key, groups)| (key, SumsBody::of(groups)))
}

/// Which calls are counted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct SpanQuery {
    /// Begun then or later; 30 days before `until` where nothing is said.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Begun before; now where nothing is said. At most 366 days after `since`.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

impl SpanQuery {
    fn span(&self, now: Timestamp) -> Result<(Timestamp, Timestamp), ApiError> {
        let until = self.until.unwrap_or(now);
        let since = self.since.unwrap_or_else(|| until.plus_ms(-30 * DAY_MS));
        if since > until || since.plus_ms(366 * DAY_MS) < until {
            return Err(ApiError::parameter(
                "since",
                "must not be after `until`, and at most 366 days before it",
            ));
        }
        Ok((since, until))
    }
}

/// The calls of a span of time, counted.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct SummaryBody {
    #[schema(format = DateTime)]
    since: String,
    #[schema(format = DateTime)]
    until: String,
    /// In which days begin and end.
    time_zone: String,
    #[serde(flatten)]
    all: SumsBody,
    by_user: Vec<UserSums>,
    by_number: Vec<NumberSums>,
    by_day: Vec<DaySums>,
}

#[derive(Debug, Serialize, ToSchema)]
struct UserSums {
    /// Null for the calls that were nobody's.
    user_id: Option<String>,
    #[serde(flatten)]
    sums: SumsBody,
}

#[derive(Debug, Serialize, ToSchema)]
struct NumberSums {
    /// Ours: the one rung, or rung from.
    number: String,
    #[serde(flatten)]
    sums: SumsBody,
}

#[derive(Debug, Serialize, ToSchema)]
struct DaySums {
    #[schema(format = Date)]
    date: String,
    #[serde(flatten)]
    sums: SumsBody,
}

/// What some calls come to.
#[derive(Debug, Default, Serialize, ToSchema)]
struct SumsBody {
    total: i64,
    inbound: i64,
    outbound: i64,
    /// That go on.
    open: i64,
    missed: i64,
    failed: i64,
    answered: AnsweredBody,
    duration: DurationBody,
    /// In US dollars, all parts together; null where no price is known.
    cost: Option<MoneyBody>,
    /// The same by what it was spent for, in every currency in which it was.
    cost_parts: CostPartsBody,
}

/// What was spent for what. The carrier's part is an estimate, by a public price
/// list, where it has not said yet.
#[derive(Debug, Default, Serialize, ToSchema)]
struct CostPartsBody {
    model: Vec<MoneyBody>,
    carrier: Vec<MoneyBody>,
    /// What the carrier has recorded, by its price list.
    recording: Vec<MoneyBody>,
    /// The writing down of recordings and messages, by the price list of the model.
    transcription: Vec<MoneyBody>,
}

#[derive(Debug, Default, Serialize, ToSchema)]
struct AnsweredBody {
    ai: i64,
    person: i64,
    voicemail: i64,
}

/// Of the calls of which the carrier has told it.
#[derive(Debug, Default, Serialize, ToSchema)]
struct DurationBody {
    total_s: i64,
    /// Null where there are none.
    average_s: Option<f64>,
}

impl SumsBody {
    fn of<'a>(groups: impl IntoIterator<Item = &'a Group>) -> Self {
        let (mut sums, mut timed) = (Self::default(), 0);
        let (mut by_model, mut by_carrier) = (BTreeMap::new(), BTreeMap::new());
        let (mut by_recording, mut by_transcription) = (BTreeMap::new(), BTreeMap::new());
        for group in groups {
            sums.total += group.calls;
            match group.direction {
                Direction::Inbound => sums.inbound += group.calls,
                Direction::Outbound => sums.outbound += group.calls,
            }
            *sums.of_outcome(group.outcome) += group.calls;
            timed += group.timed;
            sums.duration.total_s += group.duration_s;
            let model = group.currency.map(|of| (of, group.cost_micros));
            let carrier = group.carrier_currency;
            let carrier = carrier.map(|of| (of, group.carrier_micros));
            let dollars = |micros: i64| (micros > 0).then_some((Currency::Usd, micros));
            for (parts, spent) in [
                (&mut by_model, model),
                (&mut by_carrier, carrier),
                (&mut by_recording, dollars(group.recording_micros)),
                (&mut by_transcription, dollars(group.transcription_micros)),
            ] {
                if let Some((currency, micros)) = spent {
                    *parts.entry(currency).or_default() += micros;
                }
            }
        }
        let parts = [&by_model, &by_carrier, &by_recording, &by_transcription];
        let dollars = parts.map(|parts| parts.get(&Currency::Usd));
        if dollars.iter().any(Option::is_some) {
            let micros = dollars.into_iter().flatten().sum();
            let currency = Currency::Usd;
            sums.cost = Some(Money { micros, currency }.into());
        }
        sums.cost_parts = CostPartsBody {
            model: amounts(&by_model),
            carrier: amounts(&by_carrier),
            recording: amounts(&by_recording),
            transcription: amounts(&by_transcription),
        };
        sums.duration.average_s = average(sums.duration.total_s, timed);
        sums
    }

    fn of_outcome(&mut self, outcome: Outcome) -> &mut i64 {
        match outcome {
            Outcome::Open => &mut self.open,
            Outcome::Missed => &mut self.missed,
            Outcome::Failed => &mut self.failed,
            Outcome::Answered(AnsweredBy::Ai) => &mut self.answered.ai,
            Outcome::Answered(AnsweredBy::Person) => &mut self.answered.person,
            Outcome::Answered(AnsweredBy::Voicemail) => &mut self.answered.voicemail,
        }
    }
}

fn amounts(parts: &BTreeMap<Currency, i64>) -> Vec<MoneyBody> {
    let money = |(currency, micros): (&Currency, &i64)| Money {
        micros: *micros,
        currency: *currency,
    };
    parts.iter().map(money).map(MoneyBody::from).collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a figure for people, far from 2^52"
)]
fn average(sum: i64, count: i64) -> Option<f64> {
    (count > 0).then(|| (sum as f64 / count as f64 * 10.0).round() / 10.0)
}

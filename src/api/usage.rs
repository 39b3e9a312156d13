//! `/api/usage`: what a tenant used, day by day or month by month, and now.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::calls::MoneyBody;
use super::extract::{Query, parsed};
use super::operator::Operator;
use super::problem::ApiError;
use super::state::ApiState;
use crate::domain::{CostPart, Currency, Day, Money, Period, Totals, Usage};
use crate::store::{quotas, tenants, usage};

/// What the calls come to that began from one day to another, day by day or month
/// by month. Calls that go on are not in it, calls that were deleted are, and of
/// those the carrier's price too, whenever it says so.
///
/// Money is what the agent's tokens cost, what it costs to write down what callers
/// say to it, and recordings and messages afterwards, and what the carrier takes for
/// the minutes of calls, of each line that was dialled, and for recording them and
/// messages, by its price list. Not in it is what the carrier takes beside that
/// (media streams, storage, text messages, numbers, answering machine detection,
/// messages that it writes down itself), and what a model costs that is in no price
/// list of ours or writes down for tokens: their bills come from the carrier and from
/// the maker of the model.
#[utoipa::path(get, path = "/api/usage", operation_id = "list_usage", tag = "Usage",
    params(UsageQuery), responses((status = 200, body = UsageReport)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<UsageQuery>,
) -> Result<Json<UsageReport>, ApiError> {
    let tenant = tenants::find(&state.store, operator.tenant_id).await?;
    let time_zone = tenant.ok_or(ApiError::NotFound)?.time_zone;
    let (from, to) = query.span(Day::of(state.clock.now(), &time_zone))?;
    let by = query.by.unwrap_or(Period::Day);
    let days = usage::list(&state.store, operator.tenant_id, (from, to)).await?;
    let mut periods: BTreeMap<String, Totals> = BTreeMap::new();
    let mut total = Totals::default();
    for (day, totals) in days {
        total = total.plus(&totals);
        let sum = periods.entry(by.name(day)).or_default();
        *sum = sum.plus(&totals);
    }
    let body = |(period, totals): (String, Totals)| PeriodUsage {
        period,
        usage: TotalsBody::from(&totals),
    };
    Ok(Json(UsageReport {
        from: from.to_string(),
        to: to.to_string(),
        by: by.as_str(),
        time_zone,
        total: TotalsBody::from(&total),
        data: periods.into_iter().map(body).collect(),
    }))
}

/// What was used today and in this month, with an estimate of the calls that go
/// on.
#[utoipa::path(get, path = "/api/usage/current", operation_id = "show_current_usage",
    tag = "Usage", responses((status = 200, body = CurrentUsage)))]
pub(super) async fn current(
    State(state): State<ApiState>,
    operator: Operator,
) -> Result<Json<CurrentUsage>, ApiError> {
    let now = state.clock.now();
    let standing = quotas::standing(&state.store, operator.tenant_id, now).await?;
    Ok(Json(CurrentUsage {
        at: now.to_string(),
        day: standing.day.to_string(),
        today: TotalsBody::from(&standing.today),
        this_month: TotalsBody::from(&standing.this_month),
        running: TotalsBody::from(&standing.running),
    }))
}

/// Which days are wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct UsageQuery {
    /// The first day; the first of the month of the last one, where nothing is
    /// said.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, format = Date)]
    from: Option<Day>,
    /// The last day, at most 366 days after the first; today, where nothing is
    /// said.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, format = Date)]
    to: Option<Day>,
    /// `day` or `month`; by day, where nothing is said.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, pattern = "^(day|month)$")]
    by: Option<Period>,
}

impl UsageQuery {
    fn span(&self, today: Day) -> Result<(Day, Day), ApiError> {
        let to = self.to.unwrap_or(today);
        let from = self.from.unwrap_or_else(|| to.first_of_month());
        if from > to || from.plus_days(LONGEST_DAYS) < to {
            return Err(ApiError::parameter(
                "from",
                "must not be after `to`, and at most 366 days before it",
            ));
        }
        Ok((from, to))
    }
}

const LONGEST_DAYS: i32 = 366;

/// What was used from one day to another.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UsageReport {
    #[schema(format = Date)]
    from: String,
    #[schema(format = Date)]
    to: String,
    /// `day` or `month`.
    by: &'static str,
    /// In which days begin and end. What was counted while it was another stays
    /// where it was.
    time_zone: String,
    total: TotalsBody,
    /// From the first to the last; those without a call are left out.
    data: Vec<PeriodUsage>,
}

/// What was used in a day or a month.
#[derive(Debug, Serialize, ToSchema)]
struct PeriodUsage {
    /// `2026-11-21` or `2026-11`.
    period: String,
    #[serde(flatten)]
    usage: TotalsBody,
}

/// What was used until now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CurrentUsage {
    #[schema(format = DateTime)]
    at: String,
    /// Today, where the tenant is.
    #[schema(format = Date)]
    day: String,
    today: TotalsBody,
    this_month: TotalsBody,
    /// What of both is an estimate of the calls that go on.
    running: TotalsBody,
}

/// What some calls come to.
#[derive(Debug, Serialize, ToSchema)]
struct TotalsBody {
    calls: CallCounts,
    /// To a hundredth.
    minutes: Minutes,
    tokens: Tokens,
    /// In US dollars, all parts together.
    cost: MoneyBody,
    /// The same by what it was spent for, in every currency in which it was.
    cost_parts: Vec<SpentBody>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CallCounts {
    inbound: i64,
    outbound: i64,
}

/// Of calls, by the carrier's count, of the AI speaking with callers, and of what they
/// said to it that was written down meanwhile.
#[derive(Debug, Serialize, ToSchema)]
struct Minutes {
    inbound: f64,
    outbound: f64,
    ai: f64,
    transcribed: f64,
}

/// Tokens; the cached ones are part of the input ones.
#[derive(Debug, Serialize, ToSchema)]
struct Tokens {
    /// All that went in and came out.
    total: i64,
    input_text: i64,
    input_audio: i64,
    cached_text: i64,
    cached_audio: i64,
    output_text: i64,
    output_audio: i64,
}

/// Money, and for what it was spent.
#[derive(Debug, Serialize, ToSchema)]
struct SpentBody {
    /// `model`, `carrier`, `recording` or `transcription`.
    part: &'static str,
    /// By a public price list: the carrier has not said yet, or never did.
    is_estimate: bool,
    #[serde(flatten)]
    money: MoneyBody,
}

impl From<&Totals> for TotalsBody {
    fn from(totals: &Totals) -> Self {
        let Usage {
            input_text_tokens,
            input_audio_tokens,
            cached_text_tokens,
            cached_audio_tokens,
            output_text_tokens,
            output_audio_tokens,
            transcribed_ms,
        } = totals.tokens;
        let dollars = Money {
            micros: totals.micros(Currency::Usd),
            currency: Currency::Usd,
        };
        Self {
            calls: CallCounts {
                inbound: totals.inbound_calls,
                outbound: totals.outbound_calls,
            },
            minutes: Minutes {
                inbound: minutes(totals.inbound_s.saturating_mul(1_000)),
                outbound: minutes(totals.outbound_s.saturating_mul(1_000)),
                ai: minutes(totals.agent_s.saturating_mul(1_000)),
                transcribed: minutes(transcribed_ms),
            },
            tokens: Tokens {
                total: totals.tokens.tokens(),
                input_text: input_text_tokens,
                input_audio: input_audio_tokens,
                cached_text: cached_text_tokens,
                cached_audio: cached_audio_tokens,
                output_text: output_text_tokens,
                output_audio: output_audio_tokens,
            },
            cost: dollars.into(),
            cost_parts: totals.money.iter().map(SpentBody::from).collect(),
        }
    }
}

impl From<(&(CostPart, Currency), &i64)> for SpentBody {
    fn from(((part, currency), micros): (&(CostPart, Currency), &i64)) -> Self {
        let money = Money {
            micros: *micros,
            currency: *currency,
        };
        let (part, is_estimate) = match part {
            CostPart::Model => ("model", false),
            CostPart::Carrier => ("carrier", false),
            CostPart::CarrierEstimate => ("carrier", true),
            CostPart::Recording => ("recording", true),
            CostPart::Transcription => ("transcription", false),
        };
        Self {
            part,
            is_estimate,
            money: money.into(),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a figure for people, far from 2^52"
)]
fn minutes(ms: i64) -> f64 {
    (ms as f64 / 60_000.0 * 100.0).round() / 100.0
}

//! `/api/usage/quota`: how much may be used, and how near that is.

use axum::Json as JsonBody;
use axum::extract::State;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::audit::{self, Change};
use super::extract::{Json, Path, object};
use super::operator::Operator;
use super::problem::ApiError;
use super::state::ApiState;
use crate::domain::{Gauge, Quota, QuotaLimits, Strain, TenantId};
use crate::store::quotas::{self, Alert};
use crate::store::{self, tenants};

/// How much the tenant may use, how near it has come, and what was told in this
/// month.
#[utoipa::path(get, path = "/api/usage/quota", operation_id = "show_quota", tag = "Usage",
    responses((status = 200, body = QuotaBody)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
) -> Result<JsonBody<QuotaBody>, ApiError> {
    Ok(JsonBody(body(&state, operator.tenant_id).await?))
}

/// Says how much the tenant wants to use at most, in place of what it has said
/// before. Of two limits, the platform's and its own, the lower one counts.
///
/// Who has reached one has no more calls with the AI: callers go on to what
/// follows on their route, and leave a message in the end. No call is cut.
#[utoipa::path(put, path = "/api/usage/quota", operation_id = "set_quota", tag = "Usage",
    request_body = NewQuota, responses((status = 200, body = QuotaBody)))]
pub(super) async fn set(
    State(state): State<ApiState>,
    operator: Operator,
    Json(new): Json<NewQuota>,
) -> Result<JsonBody<QuotaBody>, ApiError> {
    let tenant = operator.tenant_id;
    let mut tx = state.store.begin().await?;
    quotas::put_tenant(&mut tx, tenant, &new.into(), state.clock.now()).await?;
    let change = changed("quota.set", tenant);
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok(JsonBody(body(&state, tenant).await?))
}

/// How much the platform lets a tenant use.
#[utoipa::path(get, path = "/api/tenants/{id}/quota", operation_id = "show_tenant_quota",
    tag = "Platform", params(("id" = String, Path, description = "`ten_…`")),
    responses((status = 200, body = QuotaLimitsBody)))]
pub(super) async fn show_of_tenant(
    State(state): State<ApiState>,
    Path(id): Path<TenantId>,
) -> Result<JsonBody<QuotaLimitsBody>, ApiError> {
    exists(&state, id).await?;
    let quota = quotas::find(&state.store, id).await?.platform;
    Ok(JsonBody(quota.unwrap_or_default().into()))
}

/// Says how much a tenant may use, in place of what was said before.
#[utoipa::path(put, path = "/api/tenants/{id}/quota", operation_id = "set_tenant_quota",
    tag = "Platform", params(("id" = String, Path, description = "`ten_…`")),
    request_body = NewQuota, responses((status = 200, body = QuotaLimitsBody)))]
pub(super) async fn set_of_tenant(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<TenantId>,
    Json(new): Json<NewQuota>,
) -> Result<JsonBody<QuotaLimitsBody>, ApiError> {
    let quota = Quota::from(new);
    let mut tx = state.store.begin().await?;
    match quotas::put_platform(&mut tx, id, &quota, state.clock.now()).await {
        Err(store::Error::Dangling) => return Err(ApiError::NotFound),
        put => put?,
    }
    let change = changed("platform_quota.set", id);
    audit::commit(tx, (&state, &operator), id, change).await?;
    Ok(JsonBody(quota.into()))
}

async fn exists(state: &ApiState, id: TenantId) -> Result<(), ApiError> {
    let tenant = tenants::find(&state.store, id).await?;
    tenant.map(|_| ()).ok_or(ApiError::NotFound)
}

fn changed(action: &'static str, tenant: TenantId) -> Change<'static> {
    Change {
        action,
        object: tenant.to_string(),
        fields: &["day", "month", "alert_percent"],
    }
}

async fn body(state: &ApiState, tenant: TenantId) -> Result<QuotaBody, ApiError> {
    let standing = quotas::standing(&state.store, tenant, state.clock.now()).await?;
    let said = quotas::find(&state.store, tenant).await?;
    let alerts = quotas::list_alerts(&state.store, tenant, standing.day).await?;
    Ok(QuotaBody {
        may_spend: standing.may_spend(),
        limits: standing.quota.unwrap_or_default().into(),
        by_platform: said.platform.map(QuotaLimitsBody::from),
        by_tenant: said.tenant.map(QuotaLimitsBody::from),
        gauges: standing.gauges().iter().map(GaugeBody::from).collect(),
        alerts: alerts.into_iter().map(AlertBody::from).collect(),
    })
}

/// How much may be used.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewQuota {
    /// From midnight to midnight where the tenant is.
    #[serde(default, deserialize_with = "object")]
    day: NewLimits,
    /// From the first of the month to the last.
    #[serde(default, deserialize_with = "object")]
    month: NewLimits,
    /// From so many hundredths of a limit on an alert is kept, once in the period.
    #[serde(default = "usual_percent", deserialize_with = "percent")]
    #[schema(minimum = 1, maximum = 100, default = 80)]
    alert_percent: u8,
}

/// What may be used in a period. Null, or nothing said, is no limit; 0 stops
/// everything.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NewLimits {
    /// Of calls, whoever speaks in them.
    #[serde(deserialize_with = "limit")]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    minutes: Option<i64>,
    /// Of the model.
    #[serde(deserialize_with = "limit")]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    tokens: Option<i64>,
    /// Money, in millionths of US dollars.
    #[serde(deserialize_with = "limit")]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    micros: Option<i64>,
}

const LARGEST: i64 = 1_000_000_000_000;

fn limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let limit = Option::<i64>::deserialize(deserializer)?;
    if limit.is_none_or(|limit| (0..=LARGEST).contains(&limit)) {
        Ok(limit)
    } else {
        let expected = format!("expected a whole number from 0 to {LARGEST}, or null");
        Err(D::Error::custom(expected))
    }
}

fn percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let percent = i64::deserialize(deserializer)?;
    let percent = u8::try_from(percent).ok();
    percent
        .filter(|percent| (1..=100).contains(percent))
        .ok_or_else(|| D::Error::custom("expected a whole number from 1 to 100"))
}

fn usual_percent() -> u8 {
    Quota::default().alert_percent
}

impl From<NewLimits> for QuotaLimits {
    fn from(new: NewLimits) -> Self {
        Self {
            minutes: new.minutes,
            tokens: new.tokens,
            micros: new.micros,
        }
    }
}

impl From<NewQuota> for Quota {
    fn from(new: NewQuota) -> Self {
        Self {
            day: new.day.into(),
            month: new.month.into(),
            alert_percent: new.alert_percent,
        }
    }
}

/// How much may be used.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QuotaLimitsBody {
    day: PeriodLimits,
    month: PeriodLimits,
    alert_percent: u8,
}

/// What may be used in a period; null is no limit.
#[derive(Debug, Serialize, ToSchema)]
struct PeriodLimits {
    minutes: Option<i64>,
    tokens: Option<i64>,
    /// Millionths of US dollars.
    micros: Option<i64>,
}

impl From<QuotaLimits> for PeriodLimits {
    fn from(limits: QuotaLimits) -> Self {
        Self {
            minutes: limits.minutes,
            tokens: limits.tokens,
            micros: limits.micros,
        }
    }
}

impl From<Quota> for QuotaLimitsBody {
    fn from(quota: Quota) -> Self {
        Self {
            day: quota.day.into(),
            month: quota.month.into(),
            alert_percent: quota.alert_percent,
        }
    }
}

/// How much may be used, and how near that is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QuotaBody {
    /// Whether callers reach the AI.
    may_spend: bool,
    /// What holds: of two limits the lower one.
    limits: QuotaLimitsBody,
    /// What the platform has said; null where it has said nothing.
    by_platform: Option<QuotaLimitsBody>,
    /// What the tenant has said; null where it has said nothing.
    by_tenant: Option<QuotaLimitsBody>,
    /// Every limit that there is, and how much of it is used.
    gauges: Vec<GaugeBody>,
    /// What was told in this month, in order.
    alerts: Vec<AlertBody>,
}

/// A limit, and how much of it is used.
#[derive(Debug, Serialize, ToSchema)]
struct GaugeBody {
    /// `day` or `month`.
    period: &'static str,
    /// `minutes`, `tokens` or `money`, which is in millionths of US dollars.
    measure: &'static str,
    limit: i64,
    /// With an estimate of the calls that go on.
    used: i64,
    /// `ok`; `soft`: near enough for an alert; `hard`: reached.
    state: &'static str,
}

impl From<&Gauge> for GaugeBody {
    fn from(gauge: &Gauge) -> Self {
        Self {
            period: gauge.period.as_str(),
            measure: gauge.measure.as_str(),
            limit: gauge.limit,
            used: gauge.used,
            state: gauge.strain.map_or("ok", Strain::as_str),
        }
    }
}

/// That a limit was come near to, or reached; once in each period.
#[derive(Debug, Serialize, ToSchema)]
struct AlertBody {
    /// `2026-11-21` or `2026-11`.
    period: String,
    /// `minutes`, `tokens` or `money`.
    measure: &'static str,
    /// `soft` or `hard`.
    level: &'static str,
    #[schema(format = DateTime)]
    at: String,
}

impl From<Alert> for AlertBody {
    fn from(alert: Alert) -> Self {
        Self {
            measure: alert.measure.as_str(),
            level: alert.strain.as_str(),
            at: alert.at.to_string(),
            period: alert.period,
        }
    }
}

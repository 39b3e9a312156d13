//! How much tenants may use, how near they have come, and who was told.

use sqlx::FromRow;

use super::row::RowOf;
use super::{Db, Error, Store, tenants, usage};
use crate::domain::{
    Day, Gauge, Measure, Quota, QuotaLimits, Quotas, Standing, Strain, TenantId, Timestamp, Totals,
};

/// What the platform and the tenant have said.
pub async fn find(db: impl Into<Db<'_>>, tenant: TenantId) -> Result<Quotas, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<QuotaRow> = sqlx::query_as(FIND)
        .bind(tenant.to_string())
        .fetch_all(&mut *conn)
        .await?;
    let mut quotas = Quotas::default();
    for row in rows {
        let quota = Some(Quota::from(&row));
        match row.set_by.as_str() {
            PLATFORM => quotas.platform = quota,
            _ => quotas.tenant = quota,
        }
    }
    Ok(quotas)
}

const FIND: &str = "
    SELECT set_by, day_minutes, day_tokens, day_micros, month_minutes, month_tokens, month_micros,
        alert_percent
    FROM usage_quotas WHERE tenant_id = $1";

/// The platform says how much the tenant may use. A tenant that is not there is
/// [`Error::Dangling`].
pub async fn put_platform(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    quota: &Quota,
    at: Timestamp,
) -> Result<(), Error> {
    put(db, (tenant, PLATFORM), quota, at).await
}

/// The tenant says how much it wants to use at most.
pub async fn put_tenant(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    quota: &Quota,
    at: Timestamp,
) -> Result<(), Error> {
    put(db, (tenant, TENANT), quota, at).await
}

const PLATFORM: &str = "platform";
const TENANT: &str = "tenant";

async fn put(
    db: impl Into<Db<'_>>,
    (tenant, set_by): (TenantId, &'static str),
    quota: &Quota,
    at: Timestamp,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(PUT)
        .bind(tenant.to_string())
        .bind(set_by)
        .bind(quota.day.minutes)
        .bind(quota.day.tokens)
        .bind(quota.day.micros)
        .bind(quota.month.minutes)
        .bind(quota.month.tokens)
        .bind(quota.month.micros)
        .bind(i64::from(quota.alert_percent))
        .bind(at.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const PUT: &str = "
    INSERT INTO usage_quotas (tenant_id, set_by, day_minutes, day_tokens, day_micros,
        month_minutes, month_tokens, month_micros, alert_percent, updated_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (tenant_id, set_by) DO UPDATE SET day_minutes = excluded.day_minutes,
        day_tokens = excluded.day_tokens, day_micros = excluded.day_micros,
        month_minutes = excluded.month_minutes, month_tokens = excluded.month_tokens,
        month_micros = excluded.month_micros, alert_percent = excluded.alert_percent,
        updated_at_ms = excluded.updated_at_ms";

/// The tenants that have limits: for the house, which tells who is near them.
pub async fn list_limited(db: impl Into<Db<'_>>) -> Result<Vec<TenantId>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<String> = sqlx::query_scalar(LIST_LIMITED)
        .fetch_all(&mut *conn)
        .await?;
    let read = |id: String| {
        let at = RowOf {
            table: "usage_quotas",
            id: &id,
        };
        at.parse(&id)
    };
    rows.into_iter().map(read).collect()
}

const LIST_LIMITED: &str = "SELECT DISTINCT tenant_id FROM usage_quotas ORDER BY tenant_id";

/// Whether the tenant may spend anything new by `now`: one look where it has no
/// limits, and [`standing`] where it has.
pub async fn may_spend(store: &Store, tenant: TenantId, now: Timestamp) -> Result<bool, Error> {
    if find(store, tenant).await?.effective().is_none() {
        return Ok(true);
    }
    Ok(standing(store, tenant, now).await?.may_spend())
}

/// What the tenant has used by `now`, today and in this month, and what it may:
/// [`Standing::may_spend`] says whether a new call may be made. The calls that go
/// on are counted as far as they can be estimated.
pub async fn standing(store: &Store, tenant: TenantId, now: Timestamp) -> Result<Standing, Error> {
    let quota = find(store, tenant).await?.effective();
    let found = tenants::find(store, tenant).await?;
    let zone = found.map_or_else(|| "UTC".to_owned(), |tenant| tenant.time_zone);
    let day = Day::of(now, &zone);
    let running = usage::running(store, tenant, now).await?;
    let days = usage::list(store, tenant, (day.first_of_month(), day)).await?;
    let month = days
        .values()
        .fold(Totals::default(), |sum, day| sum.plus(day));
    let today = days.get(&day).cloned().unwrap_or_default();
    Ok(Standing {
        day,
        today: today.plus(&running),
        this_month: month.plus(&running),
        running,
        quota,
    })
}

/// Somebody is told that a limit of the tenant's was come near to, or reached.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Alert {
    /// The day or the month, such as `2026-11-21` or `2026-11`.
    pub period: String,
    /// What is limited.
    pub measure: Measure,
    /// How near it was.
    pub strain: Strain,
    /// When that was seen first.
    pub at: Timestamp,
}

/// Keeps that the tenant has come so near to a limit; once in each period.
/// Whether that is news.
pub async fn note_alert(
    db: impl Into<Db<'_>>,
    (tenant, day): (TenantId, Day),
    (gauge, strain): (&Gauge, Strain),
    at: Timestamp,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(NOTE_ALERT)
        .bind(tenant.to_string())
        .bind(gauge.period.name(day))
        .bind(gauge.measure.as_str())
        .bind(strain.as_str())
        .bind(at.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const NOTE_ALERT: &str = "
    INSERT INTO usage_alerts (tenant_id, period, measure, level, at_ms)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant_id, period, measure, level) DO NOTHING";

/// What the tenant was told in the month of `day`, in order.
pub async fn list_alerts(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    day: Day,
) -> Result<Vec<Alert>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<AlertRow> = sqlx::query_as(LIST_ALERTS)
        .bind(tenant.to_string())
        .bind(day.month())
        .bind(day.last_of_month().to_string())
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(Alert::try_from).collect()
}

// The name of a month stands before the names of its days.
const LIST_ALERTS: &str = "
    SELECT period, measure, level, at_ms FROM usage_alerts
    WHERE tenant_id = $1 AND period >= $2 AND period <= $3
    ORDER BY at_ms, period, measure, level";

#[derive(FromRow)]
struct QuotaRow {
    set_by: String,
    day_minutes: Option<i64>,
    day_tokens: Option<i64>,
    day_micros: Option<i64>,
    month_minutes: Option<i64>,
    month_tokens: Option<i64>,
    month_micros: Option<i64>,
    alert_percent: i64,
}

impl From<&QuotaRow> for Quota {
    fn from(row: &QuotaRow) -> Self {
        Self {
            day: QuotaLimits {
                minutes: row.day_minutes,
                tokens: row.day_tokens,
                micros: row.day_micros,
            },
            month: QuotaLimits {
                minutes: row.month_minutes,
                tokens: row.month_tokens,
                micros: row.month_micros,
            },
            alert_percent: u8::try_from(row.alert_percent.clamp(1, 100)).unwrap_or(100),
        }
    }
}

#[derive(FromRow)]
struct AlertRow {
    period: String,
    measure: String,
    level: String,
    at_ms: i64,
}

impl TryFrom<AlertRow> for Alert {
    type Error = Error;

    fn try_from(row: AlertRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "usage_alerts",
            id: &row.period,
        };
        Ok(Self {
            measure: at.parse(&row.measure)?,
            strain: at.parse(&row.level)?,
            at: Timestamp::from_ms(row.at_ms),
            period: row.period,
        })
    }
}

//! What the calls of each day come to, and what goes on beside them.

use std::collections::BTreeMap;

use sqlx::{AnyConnection, Connection, FromRow};

use super::call_change;
use super::call_row::{CallRow, columns};
use super::row::RowOf;
use super::{Db, Error};
use crate::domain::{CallId, CallLog, CostPart, Currency, Day, TenantId, Timestamp, Totals, Usage};

/// Adds to the tenant's day; in the transaction that changes the call.
pub(super) async fn add(
    tx: &mut AnyConnection,
    tenant: TenantId,
    day: Day,
    more: &Totals,
) -> Result<(), Error> {
    if more.is_nothing() {
        return Ok(());
    }
    let (tenant, day) = (tenant.to_string(), day.to_string());
    let tokens = &more.tokens;
    sqlx::query(ADD)
        .bind(&tenant)
        .bind(&day)
        .bind(more.inbound_calls)
        .bind(more.outbound_calls)
        .bind(more.inbound_s)
        .bind(more.outbound_s)
        .bind(more.agent_s)
        .bind(tokens.input_text_tokens)
        .bind(tokens.input_audio_tokens)
        .bind(tokens.cached_text_tokens)
        .bind(tokens.cached_audio_tokens)
        .bind(tokens.output_text_tokens)
        .bind(tokens.output_audio_tokens)
        .bind(tokens.transcribed_ms)
        .execute(&mut *tx)
        .await?;
    for ((part, currency), micros) in &more.money {
        sqlx::query(ADD_MONEY)
            .bind(&tenant)
            .bind(&day)
            .bind(part.as_str())
            .bind(currency.as_str().to_owned())
            .bind(*micros)
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

const ADD: &str = "
    INSERT INTO usage_days (tenant_id, day, inbound_calls, outbound_calls, inbound_s, outbound_s,
        agent_s, input_text_tokens, input_audio_tokens, cached_text_tokens, cached_audio_tokens,
        output_text_tokens, output_audio_tokens, transcribed_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    ON CONFLICT (tenant_id, day) DO UPDATE SET
        inbound_calls = usage_days.inbound_calls + excluded.inbound_calls,
        outbound_calls = usage_days.outbound_calls + excluded.outbound_calls,
        inbound_s = usage_days.inbound_s + excluded.inbound_s,
        outbound_s = usage_days.outbound_s + excluded.outbound_s,
        agent_s = usage_days.agent_s + excluded.agent_s,
        input_text_tokens = usage_days.input_text_tokens + excluded.input_text_tokens,
        input_audio_tokens = usage_days.input_audio_tokens + excluded.input_audio_tokens,
        cached_text_tokens = usage_days.cached_text_tokens + excluded.cached_text_tokens,
        cached_audio_tokens = usage_days.cached_audio_tokens + excluded.cached_audio_tokens,
        output_text_tokens = usage_days.output_text_tokens + excluded.output_text_tokens,
        output_audio_tokens = usage_days.output_audio_tokens + excluded.output_audio_tokens,
        transcribed_ms = usage_days.transcribed_ms + excluded.transcribed_ms";

const ADD_MONEY: &str = "
    INSERT INTO usage_money (tenant_id, day, part, currency, micros)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant_id, day, part, currency) DO UPDATE SET
        micros = usage_money.micros + excluded.micros";

/// What the calls of the tenant come to that began from the first day to the
/// last, day by day; days without any are left out. Calls that go on are not in
/// it.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    (from, until): (Day, Day),
) -> Result<BTreeMap<Day, Totals>, Error> {
    let (tenant, from, until) = (tenant.to_string(), from.to_string(), until.to_string());
    let mut conn = db.into().read().await?;
    let days: Vec<DayRow> = sqlx::query_as(LIST)
        .bind(&tenant)
        .bind(&from)
        .bind(&until)
        .fetch_all(&mut *conn)
        .await?;
    let money: Vec<MoneyRow> = sqlx::query_as(LIST_MONEY)
        .bind(&tenant)
        .bind(&from)
        .bind(&until)
        .fetch_all(&mut *conn)
        .await?;
    let mut found = BTreeMap::new();
    for row in days {
        found.insert(day(&row.day)?, Totals::from(row));
    }
    for row in money {
        let at = RowOf {
            table: "usage_money",
            id: &row.day,
        };
        let what = (
            at.parse::<CostPart>(&row.part)?,
            at.parse::<Currency>(&row.currency)?,
        );
        let totals: &mut Totals = found.entry(day(&row.day)?).or_default();
        if row.micros != 0 {
            totals.money.insert(what, row.micros);
        }
    }
    Ok(found)
}

fn day(text: &str) -> Result<Day, Error> {
    let at = RowOf {
        table: "usage_days",
        id: text,
    };
    at.parse(text)
}

const LIST: &str = "
    SELECT day, inbound_calls, outbound_calls, inbound_s, outbound_s, agent_s, input_text_tokens,
        input_audio_tokens, cached_text_tokens, cached_audio_tokens, output_text_tokens,
        output_audio_tokens, transcribed_ms
    FROM usage_days WHERE tenant_id = $1 AND day >= $2 AND day <= $3 ORDER BY day";

const LIST_MONEY: &str = "
    SELECT day, part, currency, micros FROM usage_money
    WHERE tenant_id = $1 AND day >= $2 AND day <= $3";

/// What the tenant's calls that go on come to by `now`, as far as it can be
/// estimated; of a thousand of them at most.
pub async fn running(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    now: Timestamp,
) -> Result<Totals, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<CallRow> = sqlx::query_as(RUNNING)
        .bind(tenant.to_string())
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().try_fold(Totals::default(), |sum, row| {
        let call = CallLog::try_from(row)?;
        Ok(sum.plus(&Totals::running(&call, now)))
    })
}

const RUNNING: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM calls WHERE tenant_id = $1 AND ended_at_ms IS NULL AND outcome = 'open'
    ORDER BY created_at_ms DESC, id DESC LIMIT 1000"
);

/// At most `limit` calls of any tenant that are over and were not counted, the
/// oldest first: those from before there was anything to count, and what a
/// process that died leaves behind.
pub async fn list_uncounted(
    db: impl Into<Db<'_>>,
    limit: u32,
) -> Result<Vec<(TenantId, CallId)>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<(String, String)> = sqlx::query_as(LIST_UNCOUNTED)
        .bind(i64::from(limit))
        .fetch_all(&mut *conn)
        .await?;
    let read = |(tenant, id): (String, String)| {
        let at = RowOf {
            table: "calls",
            id: &id,
        };
        Ok((at.parse(&tenant)?, at.parse(&id)?))
    };
    rows.into_iter().map(read).collect()
}

const LIST_UNCOUNTED: &str = "
    SELECT tenant_id, id FROM calls WHERE usage_day IS NULL AND outcome <> 'open'
    ORDER BY created_at_ms, id LIMIT $1";

/// Counts the tenant's call, if it is over and was not counted; whether it was
/// not. The carrier is asked for the price of one that ended since `rated_since`.
pub async fn count(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: CallId,
    rated_since: Timestamp,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    let Some(locked) = call_change::lock(&mut tx, tenant, id).await? else {
        return Ok(false);
    };
    let (_, is_new) = call_change::count_late(&mut tx, locked, rated_since).await?;
    tx.commit().await?;
    Ok(is_new)
}

#[derive(FromRow)]
struct DayRow {
    day: String,
    inbound_calls: i64,
    outbound_calls: i64,
    inbound_s: i64,
    outbound_s: i64,
    agent_s: i64,
    input_text_tokens: i64,
    input_audio_tokens: i64,
    cached_text_tokens: i64,
    cached_audio_tokens: i64,
    output_text_tokens: i64,
    output_audio_tokens: i64,
    transcribed_ms: i64,
}

impl From<DayRow> for Totals {
    fn from(row: DayRow) -> Self {
        Self {
            inbound_calls: row.inbound_calls,
            outbound_calls: row.outbound_calls,
            inbound_s: row.inbound_s,
            outbound_s: row.outbound_s,
            agent_s: row.agent_s,
            tokens: Usage {
                input_text_tokens: row.input_text_tokens,
                input_audio_tokens: row.input_audio_tokens,
                cached_text_tokens: row.cached_text_tokens,
                cached_audio_tokens: row.cached_audio_tokens,
                output_text_tokens: row.output_text_tokens,
                output_audio_tokens: row.output_audio_tokens,
                transcribed_ms: row.transcribed_ms,
            },
            money: BTreeMap::new(),
        }
    }
}

#[derive(FromRow)]
struct MoneyRow {
    day: String,
    part: String,
    currency: String,
    micros: i64,
}

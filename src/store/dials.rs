//! The gate before everybody whom we ring: the tenant's policy, and what was used of it.
//!
//! **Invariant:** who is let through was counted in the same transaction, and
//! two of one tenant are let through one after the other, so that the last
//! place is taken once.

use std::time::Duration;

use sqlx::{AnyConnection, FromRow};

use super::row::{RowOf, json};
use super::text::DialPolicyText;
use super::{Db, Error, Tx, tenants};
use crate::domain::{
    CallId, DAY_MS, Dial, DialPolicy, DialRefusal, DialsUsed, Permit, PhoneNumber, Rate, TenantId,
    Timestamp, UserId, Writing, Zone,
};

/// Somebody is to be rung for a call.
#[derive(Clone, Copy, Debug)]
pub struct Clearing<'a> {
    /// Who pays.
    pub tenant_id: TenantId,
    /// For which call.
    pub call_id: CallId,
    /// Whose call that is, if it is a member's.
    pub user_id: Option<UserId>,
    /// Who is to be rung.
    pub dial: Dial<'a>,
    /// When.
    pub at: Timestamp,
}

/// Lets somebody be rung, if the tenant's policy allows it, and counts it.
pub async fn clear(
    tx: &mut Tx,
    clearing: &Clearing<'_>,
) -> Result<Result<Permit, DialRefusal>, Error> {
    tenants::hold(tx, clearing.tenant_id).await?;
    let policy = policy(&mut *tx, clearing.tenant_id).await?;
    let mut conn = Db::from(tx).write().await?;
    let zone = zone(&mut conn, clearing.tenant_id).await?;
    let used = used(&mut conn, clearing).await?;
    let permit = match policy.judge(&clearing.dial, &used, (&zone, clearing.at)) {
        Ok(permit) => permit,
        Err(refusal) => return Ok(Err(refusal)),
    };
    sqlx::query(FORGET)
        .bind(clearing.tenant_id.to_string())
        .bind(clearing.at.plus_ms(-DAY_MS).as_ms())
        .execute(&mut *conn)
        .await?;
    sqlx::query(INSERT)
        .bind(clearing.tenant_id.to_string())
        .bind(clearing.call_id.to_string())
        .bind(clearing.user_id.map(|user| user.to_string()))
        .bind(i64::from(clearing.dial.legs()))
        .bind(seconds(permit.longest()))
        .bind(policy.minute_price_micros)
        .bind(clearing.at.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(Ok(permit))
}

/// What was used more than a day ago counts no more.
const FORGET: &str = "DELETE FROM dials WHERE tenant_id = $1 AND at_ms <= $2";

const INSERT: &str = "
    INSERT INTO dials (tenant_id, call_id, ordinal, user_id, legs, longest_s,
        minute_price_micros, at_ms)
    VALUES ($1, $2, (SELECT COUNT(*) FROM dials WHERE call_id = $2), $3, $4, $5, $6, $7)";

/// Whether somebody may be written to; `is_here` if they are on the line at this
/// moment. The tenant's others wait until `tx` is over.
pub(super) async fn judge_writing(
    tx: &mut Tx,
    (tenant, to): (TenantId, &PhoneNumber),
    is_here: bool,
    at: Timestamp,
) -> Result<Result<(), DialRefusal>, Error> {
    tenants::hold(tx, tenant).await?;
    let policy = policy(&mut *tx, tenant).await?;
    let mut conn = Db::from(tx).write().await?;
    let zone = zone(&mut conn, tenant).await?;
    let row: TextsRow = sqlx::query_as(TEXTS)
        .bind(tenant.to_string())
        .bind(to.as_str())
        .bind(to.as_str().trim_start_matches('+'))
        .bind(at.plus_ms(-DAY_MS).as_ms())
        .bind(at.plus_ms(-HOUR_MS).as_ms())
        .fetch_one(&mut *conn)
        .await?;
    let writing = Writing {
        to,
        is_answer: is_here || row.has_written > 0 || row.has_rung > 0,
        is_unwanted: row.is_unwanted > 0,
    };
    let count = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    let used = Rate {
        per_hour: count(row.of_hour),
        per_day: count(row.of_day),
    };
    Ok(policy.judge_writing(&writing, used, (&zone, at)))
}

/// A call is found by all digits of a number, see `call_words`.
const TEXTS: &str = "
    SELECT
        (SELECT COUNT(*) FROM sms_messages WHERE tenant_id = $1 AND created_at_ms > $4
            AND direction = 'outbound') AS of_day,
        (SELECT COUNT(*) FROM sms_messages WHERE tenant_id = $1 AND created_at_ms > $5
            AND direction = 'outbound') AS of_hour,
        (SELECT COUNT(*) FROM sms_opt_outs WHERE tenant_id = $1 AND phone_number = $2)
            AS is_unwanted,
        (SELECT COUNT(*) FROM (SELECT 1 FROM sms_messages
            WHERE tenant_id = $1 AND stranger_party = $2 AND direction = 'inbound' LIMIT 1)
            AS written) AS has_written,
        (SELECT COUNT(*) FROM (SELECT 1 FROM call_words
            JOIN calls ON calls.tenant_id = call_words.tenant_id AND calls.id = call_words.call_id
            WHERE call_words.tenant_id = $1 AND word = $3 AND from_party = $2
                AND direction = 'inbound' LIMIT 1) AS rung) AS has_rung";

#[derive(FromRow)]
struct TextsRow {
    of_day: i64,
    of_hour: i64,
    is_unwanted: i64,
    has_written: i64,
    has_rung: i64,
}

/// What the tenant allows; nothing, until somebody allows something.
pub async fn policy(db: impl Into<Db<'_>>, tenant: TenantId) -> Result<DialPolicy, Error> {
    let mut conn = db.into().read().await?;
    policy_in(&mut conn, tenant).await
}

pub(super) async fn policy_in(
    conn: &mut AnyConnection,
    tenant: TenantId,
) -> Result<DialPolicy, Error> {
    let text: Option<String> = sqlx::query_scalar(POLICY)
        .bind(tenant.to_string())
        .fetch_optional(conn)
        .await?;
    let Some(text) = text else {
        return Ok(DialPolicy::default());
    };
    let id = tenant.to_string();
    let at = RowOf {
        table: "dial_policies",
        id: &id,
    };
    let text: DialPolicyText = at.json(&text, "a policy for calls that we make")?;
    Ok(text.into())
}

const POLICY: &str = "SELECT policy FROM dial_policies WHERE tenant_id = $1";

/// Writes what the tenant allows.
pub async fn put_policy(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    policy: &DialPolicy,
    at: Timestamp,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(PUT_POLICY)
        .bind(tenant.to_string())
        .bind(json(&DialPolicyText::from(policy)))
        .bind(at.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const PUT_POLICY: &str = "
    INSERT INTO dial_policies (tenant_id, policy, updated_at_ms) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id) DO UPDATE SET policy = excluded.policy,
        updated_at_ms = excluded.updated_at_ms";

/// A tenant whose zone is not known here goes by Greenwich's.
async fn zone(conn: &mut AnyConnection, tenant: TenantId) -> Result<Zone, Error> {
    let name: Option<String> = sqlx::query_scalar(ZONE)
        .bind(tenant.to_string())
        .fetch_optional(conn)
        .await?;
    let zone = name.and_then(|name| name.parse().ok());
    Ok(zone.unwrap_or_else(Zone::utc))
}

const ZONE: &str = "SELECT time_zone FROM tenants WHERE id = $1";

async fn used(conn: &mut AnyConnection, clearing: &Clearing<'_>) -> Result<DialsUsed, Error> {
    let row: UsedRow = sqlx::query_as(USED)
        .bind(clearing.tenant_id.to_string())
        .bind(clearing.at.plus_ms(-DAY_MS).as_ms())
        .bind(clearing.at.plus_ms(-HOUR_MS).as_ms())
        .bind(clearing.user_id.map(|user| user.to_string()))
        .bind(clearing.at.plus_ms(-GRACE_MS).as_ms())
        .bind(clearing.at.plus_ms(-HANDOVER_MS).as_ms())
        .fetch_one(conn)
        .await?;
    Ok(row.into())
}

/// Who is still on the line when a call must be over is so no longer: the carrier ends it,
/// though it may not have told us. Whoever was led on, and is with the agent again, has
/// nobody on a line. The agent is paid for once in a call, and a line from when it was
/// rung, if that was in the midst of one.
const USED: &str = "
    SELECT COUNT(*) AS of_day,
        CAST(COALESCE(SUM(CASE WHEN at_ms > $3 THEN 1 ELSE 0 END), 0) AS BIGINT) AS of_hour,
        CAST(COALESCE(SUM(CASE WHEN user_id = $4 THEN 1 ELSE 0 END), 0) AS BIGINT)
            AS users_of_day,
        CAST(COALESCE(SUM(CASE WHEN user_id = $4 AND at_ms > $3 THEN 1 ELSE 0 END), 0) AS BIGINT)
            AS users_of_hour,
        CAST(COALESCE(SUM(is_open), 0) AS BIGINT) AS at_once,
        CAST(COALESCE(SUM(agent_micros + legs * minute_price_micros
            * ((CASE WHEN is_open = 1 THEN longest_s ELSE lasted_s END + 59) / 60)), 0) AS BIGINT)
            AS spent_micros
    FROM (
        SELECT dials.at_ms AS at_ms, dials.user_id AS user_id, legs, longest_s,
            minute_price_micros,
            CASE WHEN calls.id IS NOT NULL AND calls.ended_at_ms IS NULL
                AND calls.outcome = 'open' AND dials.at_ms + longest_s * 1000 > $5
                AND NOT (COALESCE(answered_by, '') = 'ai' AND end_reason IS NULL
                    AND dials.at_ms <= $6 AND (direction = 'inbound' OR ordinal > 0))
                THEN 1 ELSE 0 END AS is_open,
            CASE WHEN calls.id IS NULL THEN longest_s
                WHEN calls.answered_at_ms < dials.at_ms AND calls.ended_at_ms <= dials.at_ms THEN 0
                WHEN calls.answered_at_ms < dials.at_ms AND calls.ended_at_ms IS NOT NULL
                    THEN (calls.ended_at_ms - dials.at_ms + 999) / 1000
                WHEN calls.duration_s IS NOT NULL THEN calls.duration_s
                WHEN calls.answered_at_ms IS NULL THEN 0
                WHEN calls.ended_at_ms IS NULL THEN longest_s
                ELSE (calls.ended_at_ms - calls.answered_at_ms + 999) / 1000 END AS lasted_s,
            CASE WHEN dials.ordinal = 0 THEN COALESCE(calls.cost_micros, 0) ELSE 0 END
                AS agent_micros
        FROM dials LEFT JOIN calls
            ON calls.tenant_id = dials.tenant_id AND calls.id = dials.call_id
        WHERE dials.tenant_id = $1 AND dials.at_ms > $2
    ) AS recent";

#[derive(FromRow)]
struct UsedRow {
    of_day: i64,
    of_hour: i64,
    users_of_day: i64,
    users_of_hour: i64,
    at_once: i64,
    spent_micros: i64,
}

impl From<UsedRow> for DialsUsed {
    fn from(row: UsedRow) -> Self {
        let count = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            by_tenant: Rate {
                per_hour: count(row.of_hour),
                per_day: count(row.of_day),
            },
            by_user: Rate {
                per_hour: count(row.users_of_hour),
                per_day: count(row.users_of_day),
            },
            at_once: count(row.at_once),
            spent_micros: row.spent_micros,
        }
    }
}

fn seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX)
}

const HOUR_MS: i64 = 3_600_000;
/// It rings before it counts, and the end is told of after it has come.
const GRACE_MS: i64 = 10 * 60_000;
/// So long the agent may still speak after it has handed a caller on.
const HANDOVER_MS: i64 = 60_000;

//! Purchases of numbers whose outcome is not known yet.
//!
//! A purchase is written down before the carrier is asked, so that neither a
//! lost answer nor the end of the process leaves a number that is paid for and
//! unknown. What is told of a number is told to one tenant alone.

use sqlx::FromRow;

use super::{Db, Error, Tx};
use crate::domain::{PhoneNumber, TenantId, Timestamp};

/// How a purchase stands before it begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// Nothing is known of an earlier one.
    Fresh,
    /// The tenant had it ordered, and the answer was lost: it may have happened.
    MayHaveHappened,
    /// The tenant is asking at this moment.
    UnderWay,
    /// Another tenant asks, or has asked not long ago.
    Taken,
    /// Another tenant had it ordered, and has not asked again for long. It is theirs if
    /// the carrier's account has it.
    Forgotten,
}

/// Reserves a number for the tenant, if it is [`Standing::Fresh`] or
/// [`Standing::MayHaveHappened`].
pub async fn reserve(
    tx: &mut Tx,
    tenant: TenantId,
    phone_number: &PhoneNumber,
    now: Timestamp,
) -> Result<Standing, Error> {
    let tenant = tenant.to_string();
    let mut conn = Db::from(tx).write().await?;
    let inserted = sqlx::query(INSERT)
        .bind(phone_number.as_str())
        .bind(&tenant)
        .bind(now.as_ms())
        .execute(&mut *conn)
        .await?;
    if inserted.rows_affected() == 1 {
        return Ok(Standing::Fresh);
    }
    let is_ordered: Option<i64> = sqlx::query_scalar(TAKE_UP)
        .bind(phone_number.as_str())
        .bind(&tenant)
        .bind(now.as_ms())
        .bind(now.plus_ms(-ATTENDED_MS).as_ms())
        .fetch_optional(&mut *conn)
        .await?;
    match is_ordered {
        Some(0) => return Ok(Standing::Fresh),
        Some(_) => return Ok(Standing::MayHaveHappened),
        None => {}
    }
    let owner: Option<(String, i64)> = sqlx::query_as(OWNER)
        .bind(phone_number.as_str())
        .fetch_optional(&mut *conn)
        .await?;
    Ok(match owner {
        Some((owner, _)) if owner == tenant => Standing::UnderWay,
        Some((_, asked_at_ms)) if asked_at_ms <= now.plus_ms(-CLAIMED_MS).as_ms() => {
            Standing::Forgotten
        }
        Some(_) | None => Standing::Taken,
    })
}

const INSERT: &str = "
    INSERT INTO number_purchases (phone_number, tenant_id, is_under_way, asked_at_ms, is_ordered)
    VALUES ($1, $2, 1, $3, 0) ON CONFLICT (phone_number) DO NOTHING";

/// One's own that nobody is at, or another's of which nothing was ordered.
const TAKE_UP: &str = "
    UPDATE number_purchases SET tenant_id = $2, is_under_way = 1, asked_at_ms = $3
    WHERE phone_number = $1 AND (
        (tenant_id = $2 AND is_under_way = 0)
        OR (asked_at_ms <= $4 AND (tenant_id = $2 OR is_ordered = 0)))
    RETURNING is_ordered";

const OWNER: &str = "SELECT tenant_id, asked_at_ms FROM number_purchases WHERE phone_number = $1";

/// Reserves a number for the tenant that was [`Standing::Forgotten`]. False if it is not
/// any more.
pub async fn take_over(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    phone_number: &PhoneNumber,
    now: Timestamp,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let taken = sqlx::query(TAKE_OVER)
        .bind(phone_number.as_str())
        .bind(tenant.to_string())
        .bind(now.as_ms())
        .bind(now.plus_ms(-CLAIMED_MS).as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(taken.rows_affected() == 1)
}

const TAKE_OVER: &str = "
    UPDATE number_purchases SET tenant_id = $2, is_under_way = 1, asked_at_ms = $3,
        is_ordered = 0
    WHERE phone_number = $1 AND tenant_id <> $2 AND asked_at_ms <= $4";

/// The carrier's account does not have the number, and is asked to buy it now.
pub async fn order(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    phone_number: &PhoneNumber,
) -> Result<(), Error> {
    change(db, ORDER, tenant, phone_number).await
}

const ORDER: &str = "
    UPDATE number_purchases SET is_ordered = 1 WHERE tenant_id = $1 AND phone_number = $2";

/// How many numbers a tenant has bought, with those that it is about to buy.
#[derive(Clone, Copy, Debug, Eq, FromRow, PartialEq)]
pub struct Bought {
    of_late: i64,
    had: i64,
    asked: i64,
}

impl Bought {
    /// Since the moment that was asked for.
    pub fn lately(&self) -> u64 {
        u64::try_from(self.of_late + self.asked).unwrap_or_default()
    }

    /// All that it has.
    pub fn in_all(&self) -> u64 {
        u64::try_from(self.had + self.asked).unwrap_or_default()
    }
}

/// How many numbers the tenant has, and how many it has bought since then.
pub async fn count(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    since: Timestamp,
) -> Result<Bought, Error> {
    let mut conn = db.into().read().await?;
    let bought = sqlx::query_as(COUNT)
        .bind(tenant.to_string())
        .bind(since.as_ms())
        .fetch_one(&mut *conn)
        .await?;
    Ok(bought)
}

/// What was given back again was bought all the same.
const COUNT: &str = "
    SELECT
        (SELECT COUNT(*) FROM audit_log WHERE tenant_id = $1 AND at_ms > $2
            AND action = 'number.purchased') AS of_late,
        (SELECT COUNT(*) FROM numbers WHERE tenant_id = $1) AS had,
        (SELECT COUNT(*) FROM number_purchases WHERE tenant_id = $1 AND asked_at_ms > $2)
            AS asked";

/// Nobody waits for the answer any more, and it may have happened.
pub async fn leave(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    phone_number: &PhoneNumber,
) -> Result<(), Error> {
    change(db, LEAVE, tenant, phone_number).await
}

const LEAVE: &str = "
    UPDATE number_purchases SET is_under_way = 0 WHERE tenant_id = $1 AND phone_number = $2";

/// The outcome is known.
pub async fn settle(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    phone_number: &PhoneNumber,
) -> Result<(), Error> {
    change(db, SETTLE, tenant, phone_number).await
}

const SETTLE: &str = "DELETE FROM number_purchases WHERE tenant_id = $1 AND phone_number = $2";

async fn change(
    db: impl Into<Db<'_>>,
    sql: &'static str,
    tenant: TenantId,
    phone_number: &PhoneNumber,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(sql)
        .bind(tenant.to_string())
        .bind(phone_number.as_str())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

/// Longer than the carrier is waited for; who has not answered by then died.
const ATTENDED_MS: i64 = 2 * 60_000;
/// For so long a number may turn out to be the first tenant's.
const CLAIMED_MS: i64 = 24 * 3_600_000;

//! Requests that are not to be done twice, and what was answered to them.

use sqlx::FromRow;

use super::{Db, Error, Tx};
use crate::domain::{TenantId, Timestamp};

/// Names a request of a tenant's: by the key that came with it, and by a hash
/// of all that it asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestName {
    /// Whose request it is.
    pub tenant_id: TenantId,
    /// What the asker calls it.
    pub key: String,
    /// SHA-256 in hexadecimal.
    pub hash: String,
}

/// The right to do a request, for a while.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claim {
    /// Which request.
    pub name: RequestName,
    /// Tells this turn from others at the same request.
    pub turn: String,
}

/// How a request stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Standing {
    /// It is to be done now, by whoever holds the claim.
    Claimed,
    /// Somebody does it at this moment.
    InFlight,
    /// It is done, and this was the answer.
    Done(KeptAnswer),
    /// The key came with another request before.
    OfAnother,
}

/// An answer as it was given.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeptAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Its type.
    pub content_type: String,
    /// The body.
    pub body: String,
}

/// Takes the turn at a request, if it is free: if nobody has asked for it in
/// the last 24 h, or whoever did died over it two minutes ago or more. Forgets
/// the tenant's older ones.
pub async fn claim(tx: &mut Tx, claim: &Claim, now: Timestamp) -> Result<Standing, Error> {
    let name = &claim.name;
    let tenant = name.tenant_id.to_string();
    let mut conn = Db::from(tx).write().await?;
    sqlx::query(FORGET)
        .bind(&tenant)
        .bind(now.plus_ms(-KEPT_MS).as_ms())
        .execute(&mut *conn)
        .await?;
    let claimed = sqlx::query(CLAIM)
        .bind(&tenant)
        .bind(&name.key)
        .bind(&name.hash)
        .bind(&claim.turn)
        .bind(now.as_ms())
        .bind(now.plus_ms(-TURN_MS).as_ms())
        .execute(&mut *conn)
        .await?;
    if claimed.rows_affected() == 1 {
        return Ok(Standing::Claimed);
    }
    let row: Option<KeyRow> = sqlx::query_as(FIND)
        .bind(&tenant)
        .bind(&name.key)
        .fetch_optional(&mut *conn)
        .await?;
    Ok(match row {
        Some(row) if row.request_hash != name.hash => Standing::OfAnother,
        Some(row) => row.answer().map_or(Standing::InFlight, Standing::Done),
        // It was given up between the two questions.
        None => Standing::InFlight,
    })
}

const FORGET: &str = "DELETE FROM idempotency_keys WHERE tenant_id = $1 AND created_at_ms <= $2";

const CLAIM: &str = "
    INSERT INTO idempotency_keys (tenant_id, idempotency_key, request_hash, claim, claimed_at_ms,
        created_at_ms)
    VALUES ($1, $2, $3, $4, $5, $5)
    ON CONFLICT (tenant_id, idempotency_key) DO UPDATE
        SET claim = excluded.claim, claimed_at_ms = excluded.claimed_at_ms
        WHERE idempotency_keys.request_hash = excluded.request_hash
            AND idempotency_keys.status IS NULL AND idempotency_keys.claimed_at_ms <= $6";

const FIND: &str = "
    SELECT request_hash, status, content_type, body FROM idempotency_keys
    WHERE tenant_id = $1 AND idempotency_key = $2";

/// Keeps the answer. Whether the turn still was the holder's.
pub async fn complete(
    db: impl Into<Db<'_>>,
    claim: &Claim,
    answer: &KeptAnswer,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(COMPLETE)
        .bind(claim.name.tenant_id.to_string())
        .bind(&claim.name.key)
        .bind(&claim.turn)
        .bind(i64::from(answer.status))
        .bind(&answer.content_type)
        .bind(&answer.body)
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const COMPLETE: &str = "
    UPDATE idempotency_keys SET status = $4, content_type = $5, body = $6
    WHERE tenant_id = $1 AND idempotency_key = $2 AND claim = $3 AND status IS NULL";

/// Gives the turn back: the request may be asked again.
pub async fn release(db: impl Into<Db<'_>>, claim: &Claim) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(RELEASE)
        .bind(claim.name.tenant_id.to_string())
        .bind(&claim.name.key)
        .bind(&claim.turn)
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const RELEASE: &str = "
    DELETE FROM idempotency_keys
    WHERE tenant_id = $1 AND idempotency_key = $2 AND claim = $3 AND status IS NULL";

#[derive(FromRow)]
struct KeyRow {
    request_hash: String,
    status: Option<i64>,
    content_type: Option<String>,
    body: Option<String>,
}

impl KeyRow {
    fn answer(self) -> Option<KeptAnswer> {
        Some(KeptAnswer {
            status: u16::try_from(self.status?).ok()?,
            content_type: self.content_type?,
            body: self.body?,
        })
    }
}

const KEPT_MS: i64 = 24 * 3_600_000;
/// Longer than any request is worked at.
const TURN_MS: i64 = 2 * 60_000;

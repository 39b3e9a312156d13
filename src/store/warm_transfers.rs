//! Callers who wait with music until somebody takes their call, and the telephones that
//! ring for them meanwhile.
//!
//! **Invariant:** of all who could lead such a caller on, or be connected with them, one
//! is told to: how a transfer stands changes in one statement, and only forward.

use std::str::FromStr;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, FromRow};

use super::row::RowOf;
use super::warm_legs::{self, WarmLeg};
use super::{Db, Error, Store};
use crate::domain::{CallId, CallSid, ParseError, TenantId, Timestamp};

/// A caller who waits: whose, which call, and at which stop of its route.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// Whose call it is.
    pub tenant_id: TenantId,
    /// The caller's call.
    pub call_id: CallId,
    /// Where on its route it waits.
    pub stop: usize,
}

/// How a transfer stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// Telephones ring, or somebody hears who it is.
    Waiting,
    /// Somebody has taken the call.
    Accepted,
    /// The two are connected.
    Connected,
    /// Nobody has taken it, or the caller is gone.
    Left,
}

impl FromStr for Standing {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Ok(match text {
            "waiting" => Self::Waiting,
            "accepted" => Self::Accepted,
            "connected" => Self::Connected,
            "left" => Self::Left,
            _ => {
                return Err(ParseError {
                    expected: "waiting, accepted, connected or left",
                });
            }
        })
    }
}

/// A transfer, and the telephones of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WarmTransfer {
    /// How it stands.
    pub standing: Standing,
    /// Since when.
    pub since: Timestamp,
    /// Whose telephone took the call, where that is known.
    pub taken_at: Option<usize>,
    /// Its telephones, in order.
    pub legs: Vec<WarmLeg>,
}

impl WarmTransfer {
    /// Whether whoever has that telephone has taken the call, as far as that is known.
    pub fn is_taken_at(&self, leg: usize) -> bool {
        let is_taken = matches!(self.standing, Standing::Accepted | Standing::Connected);
        is_taken && self.taken_at.is_none_or(|taken| taken == leg)
    }

    /// The calls that go on beside the one of the telephone `but`.
    pub fn others(&self, but: usize) -> Vec<CallSid> {
        let legs = self.legs.iter().enumerate();
        let others = legs.filter(|(n, leg)| *n != but && !leg.is_over);
        others.filter_map(|(_, leg)| leg.call_sid.clone()).collect()
    }
}

/// Writes down that `legs` telephones are about to ring; false if that was done before.
pub async fn begin(
    store: &Store,
    place: Place,
    legs: usize,
    now: Timestamp,
) -> Result<bool, Error> {
    let mut tx = store.begin().await?;
    let mut conn = Db::from(&mut tx).write().await?;
    let begun = query_at(BEGIN, place)
        .bind(now.as_ms())
        .execute(&mut *conn)
        .await?;
    if begun.rows_affected() == 0 {
        return Ok(false);
    }
    warm_legs::insert(&mut conn, place, legs).await?;
    drop(conn);
    tx.commit().await?;
    Ok(true)
}

const BEGIN: &str = "
    INSERT INTO warm_transfers (tenant_id, call_id, stop, standing, changed_at_ms)
    VALUES ($1, $2, $3, 'waiting', $4)
    ON CONFLICT (call_id, stop) DO NOTHING";

/// The transfer at that place, if one was begun.
pub async fn find(db: impl Into<Db<'_>>, place: Place) -> Result<Option<WarmTransfer>, Error> {
    let mut conn = db.into().read().await?;
    let (tenant, call, stop) = place.keys();
    let row: Option<TransferRow> = sqlx::query_as(FIND)
        .bind(&tenant)
        .bind(&call)
        .bind(stop)
        .fetch_optional(&mut *conn)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let legs = warm_legs::list(&mut conn, place).await?;
    let at = RowOf {
        table: "warm_transfers",
        id: &call,
    };
    Ok(Some(WarmTransfer {
        standing: at.parse(&row.standing)?,
        since: Timestamp::from_ms(row.changed_at_ms),
        taken_at: row.leg.and_then(|leg| usize::try_from(leg).ok()),
        legs,
    }))
}

const FIND: &str = "
    SELECT standing, changed_at_ms, leg FROM warm_transfers
    WHERE tenant_id = $1 AND call_id = $2 AND stop = $3";

#[derive(FromRow)]
struct TransferRow {
    standing: String,
    changed_at_ms: i64,
    leg: Option<i64>,
}

/// Whoever answered that telephone takes the call; false if it is no longer to be had.
pub async fn accept(
    db: impl Into<Db<'_>>,
    (place, leg): (Place, usize),
    now: Timestamp,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let taken = query_at(ACCEPT, place)
        .bind(whole(leg))
        .bind(now.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(taken.rows_affected() > 0)
}

// The carrier may ask twice.
const ACCEPT: &str = "
    UPDATE warm_transfers SET standing = 'accepted', leg = $4, changed_at_ms = $5
    WHERE tenant_id = $1 AND call_id = $2 AND stop = $3
        AND (standing = 'waiting' OR (standing = 'accepted' AND leg = $4))";

/// The carrier is connecting the two.
pub async fn connect(db: impl Into<Db<'_>>, place: Place, now: Timestamp) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    query_at(CONNECT, place)
        .bind(now.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const CONNECT: &str = "
    UPDATE warm_transfers SET standing = 'connected', changed_at_ms = $4
    WHERE tenant_id = $1 AND call_id = $2 AND stop = $3";

/// The caller waits no longer. The calls that go on for nobody now, if the caller is to be
/// led on by whoever asks; none if somebody else was told so, or the two are connected.
pub async fn leave(
    store: &Store,
    place: Place,
    now: Timestamp,
) -> Result<Option<Vec<CallSid>>, Error> {
    let mut tx = store.begin().await?;
    let mut conn = Db::from(&mut tx).write().await?;
    let (_, call, stop) = place.keys();
    let left = query_at(LEAVE, place)
        .bind(now.as_ms())
        .execute(&mut *conn)
        .await?;
    if left.rows_affected() == 0 {
        return Ok(None);
    }
    let legs = warm_legs::going_on(&mut conn, (&call, stop)).await?;
    drop(conn);
    tx.commit().await?;
    Ok(Some(legs))
}

const LEAVE: &str = "
    UPDATE warm_transfers SET standing = 'left', changed_at_ms = $4
    WHERE tenant_id = $1 AND call_id = $2 AND stop = $3 AND standing IN ('waiting', 'accepted')";

/// The caller of that SID is gone. The calls that go on for nobody now. For the carrier,
/// who knows no tenant.
pub async fn abandon(
    store: &Store,
    caller: &CallSid,
    now: Timestamp,
) -> Result<Vec<CallSid>, Error> {
    let mut tx = store.begin().await?;
    let mut conn = Db::from(&mut tx).write().await?;
    let left: Vec<(String, i64)> = sqlx::query_as(ABANDON)
        .bind(caller.as_str())
        .bind(now.as_ms())
        .fetch_all(&mut *conn)
        .await?;
    let mut legs = Vec::new();
    for (call, stop) in left {
        legs.extend(warm_legs::going_on(&mut conn, (&call, stop)).await?);
    }
    drop(conn);
    tx.commit().await?;
    Ok(legs)
}

const ABANDON: &str = "
    UPDATE warm_transfers SET standing = 'left', changed_at_ms = $2
    WHERE standing IN ('waiting', 'accepted')
        AND call_id IN (SELECT id FROM calls WHERE call_sid = $1)
    RETURNING call_id, stop";

/// A statement about a place, which is its first three parameters.
pub(super) fn query_at(sql: &'static str, place: Place) -> Query<'static, Any, AnyArguments> {
    let (tenant, call, stop) = place.keys();
    sqlx::query(sql).bind(tenant).bind(call).bind(stop)
}

impl Place {
    /// As it stands in rows.
    pub(super) fn keys(self) -> (String, String, i64) {
        (
            self.tenant_id.to_string(),
            self.call_id.to_string(),
            whole(self.stop),
        )
    }
}

pub(super) fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

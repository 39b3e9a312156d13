//! Calls that were deleted: only that they were is kept, for as long as news may come late.

use sqlx::{AnyConnection, Connection, FromRow};

use super::call_change::{count_late, lock};
use super::jobs::{self, NewJob};
use super::row::{RowOf, storable};
use super::voicemail_messages::{self as messages, Forgotten};
use super::{Db, Error, Tx, call_recordings, usage};
use crate::domain::{
    CallId, CallSid, CallStatus, CostPart, Currency, DAY_MS, Day, JobKind, Money, Outcome,
    TenantId, Timestamp, Totals,
};

/// What ended longer ago is not asked for its price.
const RATED_MS: i64 = DAY_MS;

/// Forgets the tenant's call and all that was kept of it, unless it goes on;
/// whether it is gone.
///
/// **Invariant:** this is the one way in which a call goes. What belongs to it
/// goes with it: its rows by their reference to it, what is kept outside of the
/// database by a job. What it came to stays counted, and who tells of it later
/// is [told](Error::Forgotten) that it is forgotten.
pub async fn forget(
    tx: &mut Tx,
    tenant: TenantId,
    id: CallId,
    now: Timestamp,
) -> Result<bool, Error> {
    let mut conn = Db::from(&mut *tx).write().await?;
    let Some(locked) = lock(&mut conn, tenant, id).await? else {
        return Ok(false);
    };
    let (call, _) = count_late(&mut conn, locked, now.plus_ms(-RATED_MS)).await?;
    if Outcome::of(&call) == Outcome::Open {
        return Ok(false);
    }
    let estimate = call
        .bill
        .carrier_estimate
        .filter(|_| call.bill.carrier.is_none());
    sqlx::query(REMEMBER)
        .bind(call.call_sid.as_str())
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(call.status.as_str())
        .bind(call.ended_at.unwrap_or(call.created_at).as_ms())
        .bind(call.bill.day.map(|day| day.to_string()))
        .bind(estimate.map(|money| money.micros))
        .bind(now.as_ms())
        .execute(&mut *conn)
        .await?;
    drop(conn);
    for message in messages::list_of_call(&mut *tx, tenant, id).await? {
        messages::forget_sound(tx, &message, now).await?;
    }
    call_recordings::forget_of_call(tx, (tenant, id), now).await?;
    let mut conn = Db::from(tx).write().await?;
    sqlx::query("DELETE FROM calls WHERE tenant_id = $1 AND id = $2")
        .bind(tenant.to_string())
        .bind(id.to_string())
        .execute(&mut *conn)
        .await?;
    Ok(true)
}

const REMEMBER: &str = "
    INSERT INTO forgotten_calls (call_sid, tenant_id, call_id, status, ended_at_ms, usage_day,
        carrier_estimate_micros, forgotten_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Whose call of that SID was forgotten; none where it was not. For the carrier,
/// who knows no tenant.
pub async fn owner(db: impl Into<Db<'_>>, call_sid: &CallSid) -> Result<Option<TenantId>, Error> {
    let mut conn = db.into().read().await?;
    owner_in(&mut conn, call_sid).await
}

/// Refuses a call of that SID that was deleted.
pub(super) async fn refuse(conn: &mut AnyConnection, call_sid: &CallSid) -> Result<(), Error> {
    match owner_in(conn, call_sid).await? {
        Some(_) => Err(Error::Forgotten),
        None => Ok(()),
    }
}

async fn owner_in(conn: &mut AnyConnection, call_sid: &CallSid) -> Result<Option<TenantId>, Error> {
    let owner: Option<String> = sqlx::query_scalar(OWNER)
        .bind(call_sid.as_str())
        .fetch_optional(conn)
        .await?;
    let at = RowOf {
        table: "forgotten_calls",
        id: call_sid.as_str(),
    };
    at.parse_opt(owner.as_deref())
}

const OWNER: &str = "SELECT tenant_id FROM forgotten_calls WHERE call_sid = $1";

/// Whether the tenant's call was forgotten.
pub async fn is_forgotten(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
) -> Result<bool, Error> {
    let mut conn = db.into().read().await?;
    let found: Option<String> = sqlx::query_scalar(IS_FORGOTTEN)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .fetch_optional(&mut *conn)
        .await?;
    Ok(found.is_some())
}

const IS_FORGOTTEN: &str =
    "SELECT call_sid FROM forgotten_calls WHERE tenant_id = $1 AND call_id = $2";

/// Has a job delete a recording at the carrier that was made in a call of the
/// tenant's: the call is forgotten and it was told of too late, or nobody wants it any more.
pub async fn forget_recording(
    tx: &mut Tx,
    tenant: TenantId,
    recording_sid: &str,
    at: Timestamp,
) -> Result<(), Error> {
    let recording_sid = &*storable(recording_sid);
    let payload = Forgotten::at_carrier(recording_sid);
    let job = NewJob {
        kind: JobKind::ForgottenMessage,
        key: &format!("{tenant}/{recording_sid}"),
        tenant: Some(tenant),
        payload: &payload,
        run_at: at,
    };
    jobs::enqueue(tx, &job, at).await.map(drop)
}

/// A call that was forgotten before the carrier said what it has charged.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unrated {
    /// The carrier's name for it.
    pub call_sid: CallSid,
    /// How it ended.
    pub status: CallStatus,
    /// When it ended.
    pub ended_at: Timestamp,
}

/// The tenant's call, if it is forgotten and has no price yet.
pub async fn find_unrated(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    call: CallId,
) -> Result<Option<Unrated>, Error> {
    let mut conn = db.into().read().await?;
    let id = call.to_string();
    let row: Option<UnratedRow> = sqlx::query_as(FIND_UNRATED)
        .bind(tenant.to_string())
        .bind(&id)
        .fetch_optional(&mut *conn)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let at = RowOf {
        table: "forgotten_calls",
        id: &id,
    };
    Ok(Some(Unrated {
        call_sid: at.parse(&row.call_sid)?,
        status: at.parse(&row.status)?,
        ended_at: Timestamp::from_ms(row.ended_at_ms),
    }))
}

const FIND_UNRATED: &str = "
    SELECT call_sid, status, ended_at_ms FROM forgotten_calls
    WHERE tenant_id = $1 AND call_id = $2 AND carrier_estimate_micros IS NOT NULL";

#[derive(FromRow)]
struct UnratedRow {
    call_sid: String,
    status: String,
    ended_at_ms: i64,
}

/// Puts what the carrier has charged for the tenant's forgotten call in the place
/// of what it was estimated at, once.
pub async fn set_carrier_cost(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    call: CallId,
    money: Money,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    let id = call.to_string();
    let row: Option<(Option<String>, i64)> = sqlx::query_as(LOCK_UNRATED)
        .bind(tenant.to_string())
        .bind(&id)
        .fetch_optional(&mut *tx)
        .await?;
    let Some((day, estimate)) = row else {
        return Ok(());
    };
    let at = RowOf {
        table: "forgotten_calls",
        id: &id,
    };
    if let Some(day) = at.parse_opt::<Day>(day.as_deref())? {
        let (mut charged, mut guessed) = (Totals::default(), Totals::default());
        charged.spend(CostPart::Carrier, Some(money));
        let estimate = Money {
            micros: estimate,
            currency: Currency::Usd,
        };
        guessed.spend(CostPart::CarrierEstimate, Some(estimate));
        usage::add(&mut tx, tenant, day, &charged.minus(&guessed)).await?;
    }
    sqlx::query(RATE)
        .bind(tenant.to_string())
        .bind(&id)
        .execute(&mut *tx)
        .await?;
    Ok(tx.commit().await?)
}

const LOCK_UNRATED: &str = "
    UPDATE forgotten_calls SET call_id = call_id
    WHERE tenant_id = $1 AND call_id = $2 AND carrier_estimate_micros IS NOT NULL
    RETURNING usage_day, carrier_estimate_micros";

const RATE: &str = "
    UPDATE forgotten_calls SET carrier_estimate_micros = NULL
    WHERE tenant_id = $1 AND call_id = $2";

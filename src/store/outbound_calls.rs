//! Calls that we make, from before the carrier is asked until it has named them.
//!
//! A call is written down first, under a name of ours in the place of the
//! carrier's, so that neither a lost answer nor the end of the process leaves
//! somebody who is rung and unknown.

use std::collections::BTreeMap;

use sqlx::FromRow;

use super::call_row::{CallRow, columns};
use super::row::{RowOf, json, storable};
use super::{Db, Error, Tx, calls};
use crate::domain::{
    CallId, CallLog, CallSid, ContactId, PhoneNumber, TenantId, Timestamp, UserId, Wishes,
};

/// What is known of a call that we make, beside what is known of every call.
#[derive(Clone, Debug)]
pub struct NewOutbound {
    /// The call; its SID is [ours](CallSid::unnamed).
    pub call: calls::NewCall,
    /// Whose it is.
    pub user_id: Option<UserId>,
    /// With whom of the contacts; by the number if nobody is named.
    pub contact_id: Option<ContactId>,
    /// What is wanted of it.
    pub wishes: Wishes,
    /// Whom the carrier rings first.
    pub rung: PhoneNumber,
}

/// How a call stands that rings the same telephone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// The carrier is being asked at this moment.
    UnderWay,
    /// The carrier was asked, and its answer was lost: it may ring.
    MayHaveHappened {
        /// Since when.
        since: Timestamp,
    },
    /// It rings, or they speak.
    GoesOn,
}

/// Writes a call down whose carrier is about to be asked. Whose member and
/// whose contact that is, is known to whoever asks.
pub async fn insert(tx: &mut Tx, new: &NewOutbound) -> Result<(), Error> {
    let (call, _) = calls::find_or_create(&mut *tx, &new.call).await?;
    let (tenant, id) = (call.tenant_id.to_string(), call.id.to_string());
    let mut conn = Db::from(tx).write().await?;
    sqlx::query(DESCRIBE)
        .bind(&tenant)
        .bind(&id)
        .bind(new.user_id.map(|user| user.to_string()))
        .bind(new.contact_id.map(|contact| contact.to_string()))
        .bind(new.wishes.recording.map(i64::from))
        .bind(new.wishes.transcript.map(i64::from))
        .bind(metadata(&new.wishes))
        .execute(&mut *conn)
        .await?;
    sqlx::query(INSERT)
        .bind(&tenant)
        .bind(&id)
        .bind(new.rung.as_str())
        .bind(new.call.created_at.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const DESCRIBE: &str = "
    UPDATE calls SET user_id = $3, contact_id = COALESCE($4, contact_id),
        wants_recording = $5, wants_transcript = $6, metadata = $7
    WHERE tenant_id = $1 AND id = $2";

const INSERT: &str = "
    INSERT INTO outbound_calls (tenant_id, call_id, rung, standing, asked_at_ms)
    VALUES ($1, $2, $3, 'asking', $4)";

fn metadata(wishes: &Wishes) -> Option<String> {
    let pairs = wishes.metadata.iter();
    let pairs = pairs.map(|(name, value)| (name, storable(value.expose()).into_owned()));
    let pairs: BTreeMap<_, _> = pairs.collect();
    (!pairs.is_empty()).then(|| json(&pairs))
}

/// Gives up the tenant's calls that the carrier has never named, though it asks
/// or tells of each that it makes within seconds: these.
pub async fn give_up(tx: &mut Tx, tenant: TenantId, now: Timestamp) -> Result<Vec<CallLog>, Error> {
    let mut conn = Db::from(tx).write().await?;
    let rows: Vec<CallRow> = sqlx::query_as(GIVE_UP)
        .bind(tenant.to_string())
        .bind(now.as_ms())
        .bind(now.plus_ms(-GIVEN_UP_MS).as_ms())
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(CallLog::try_from).collect()
}

const GIVE_UP: &str = concat!(
    "UPDATE calls SET status = 'failed', outcome = 'failed', ended_at_ms = $2, is_end_told = 1
    WHERE tenant_id = $1 AND call_sid = id AND outcome = 'open' AND created_at_ms <= $3
    RETURNING ",
    columns!()
);

/// The tenant's newest call that rings this telephone, if it is not over. One
/// that was asked for so long ago that nobody can be at it any more may have
/// happened.
pub async fn ringing(
    tx: &mut Tx,
    tenant: TenantId,
    rung: &PhoneNumber,
    now: Timestamp,
) -> Result<Option<(CallId, Standing)>, Error> {
    let mut conn = Db::from(tx).write().await?;
    let row: Option<RingingRow> = sqlx::query_as(RINGING)
        .bind(tenant.to_string())
        .bind(rung.as_str())
        .bind(now.plus_ms(-LONGEST_CALL_MS).as_ms())
        .fetch_optional(&mut *conn)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let since = Timestamp::from_ms(row.asked_at_ms);
    let at = RowOf {
        table: "outbound_calls",
        id: &row.call_id,
    };
    let standing = match row.standing.as_str() {
        "asking" if since.plus_ms(ATTENDED_MS) > now => Standing::UnderWay,
        "placed" => Standing::GoesOn,
        _ => Standing::MayHaveHappened { since },
    };
    Ok(Some((at.parse(&row.call_id)?, standing)))
}

const RINGING: &str = "
    SELECT call_id, standing, asked_at_ms FROM outbound_calls
    WHERE tenant_id = $1 AND rung = $2 AND asked_at_ms > $3 AND EXISTS (
        SELECT 1 FROM calls WHERE calls.tenant_id = outbound_calls.tenant_id
            AND calls.id = outbound_calls.call_id AND calls.outcome = 'open')
    ORDER BY asked_at_ms DESC LIMIT 1";

#[derive(FromRow)]
struct RingingRow {
    call_id: String,
    standing: String,
    asked_at_ms: i64,
}

/// Whom the carrier rings first for the tenant's call.
pub async fn rung(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    call: CallId,
) -> Result<Option<PhoneNumber>, Error> {
    let mut conn = db.into().read().await?;
    let id = call.to_string();
    let rung: Option<String> = sqlx::query_scalar(RUNG)
        .bind(tenant.to_string())
        .bind(&id)
        .fetch_optional(&mut *conn)
        .await?;
    let at = RowOf {
        table: "outbound_calls",
        id: &id,
    };
    at.parse_opt(rung.as_deref())
}

const RUNG: &str = "SELECT rung FROM outbound_calls WHERE tenant_id = $1 AND call_id = $2";

/// Nobody waits for the carrier's answer any more, and it may ring.
pub async fn leave_open(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    call: CallId,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(LEAVE_OPEN)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const LEAVE_OPEN: &str = "
    UPDATE outbound_calls SET standing = 'unknown'
    WHERE tenant_id = $1 AND call_id = $2 AND standing = 'asking'";

/// The carrier has named a call of ours, by its answer or by asking us about
/// it. The first name counts; whether it is this one. For the carrier, who
/// knows no tenant.
pub async fn name(db: impl Into<Db<'_>>, call: CallId, call_sid: &CallSid) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let id = call.to_string();
    sqlx::query(NAME)
        .bind(&id)
        .bind(call_sid.as_str())
        .execute(&mut *conn)
        .await?;
    sqlx::query(PLACED)
        .bind(&id)
        .bind(call_sid.as_str())
        .execute(&mut *conn)
        .await?;
    let named: i64 = sqlx::query_scalar(IS_NAMED)
        .bind(&id)
        .bind(call_sid.as_str())
        .fetch_one(&mut *conn)
        .await?;
    Ok(named > 0)
}

const NAME: &str = "UPDATE calls SET call_sid = $2 WHERE id = $1 AND call_sid = $1";

const PLACED: &str = "
    UPDATE outbound_calls SET standing = 'placed'
    WHERE call_id = $1 AND EXISTS (SELECT 1 FROM calls WHERE id = $1 AND call_sid = $2)";

const IS_NAMED: &str = "SELECT COUNT(*) FROM calls WHERE id = $1 AND call_sid = $2";

/// Longer than the carrier is waited for; who has not answered by then died.
const ATTENDED_MS: i64 = 2 * 60_000;
/// No call lasts longer at any carrier.
const LONGEST_CALL_MS: i64 = 24 * 3_600_000;
/// Longer than anybody's telephone rings.
const GIVEN_UP_MS: i64 = 15 * 60_000;

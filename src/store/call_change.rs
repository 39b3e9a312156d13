//! Changes a call, and what it counts for, in one piece.

use sqlx::{AnyConnection, Connection};

use super::call_row::{CallRow, columns};
use super::jobs::{self, NewJob};
use super::{Db, Error, usage};
use crate::domain::{
    AnsweredBy, CallId, CallLog, CallSid, Day, EndReason, JobKind, Money, Outcome, TenantId,
    Timestamp, Totals,
};

/// The carrier rates a call some minutes after its end.
const RATED_AFTER_MS: i64 = 3 * 60_000;

/// The tenant's call, which nobody else changes until the transaction ends.
pub(super) async fn lock(
    tx: &mut AnyConnection,
    tenant: TenantId,
    id: CallId,
) -> Result<Option<CallRow>, Error> {
    let locked = sqlx::query_as(LOCK)
        .bind(tenant.to_string())
        .bind(id.to_string());
    Ok(locked.fetch_optional(tx).await?)
}

/// The same by the carrier's name for it.
pub(super) async fn lock_by_sid(
    tx: &mut AnyConnection,
    call_sid: &CallSid,
) -> Result<Option<CallRow>, Error> {
    let locked = sqlx::query_as(LOCK_BY_SID).bind(call_sid.as_str());
    Ok(locked.fetch_optional(tx).await?)
}

// What PostgreSQL calls SELECT FOR UPDATE, in words that SQLite has too: the
// row is ours until the transaction ends.
const LOCK: &str = concat!(
    "UPDATE calls SET id = id WHERE tenant_id = $1 AND id = $2 RETURNING ",
    columns!()
);
const LOCK_BY_SID: &str = concat!(
    "UPDATE calls SET id = id WHERE call_sid = $1 RETURNING ",
    columns!()
);

/// Changes a locked call; how a call may change is said in `domain`, not in
/// SQL. One that is over counts from here on, and the carrier is asked for its
/// price.
pub(super) async fn amend(
    tx: &mut AnyConnection,
    locked: CallRow,
    change: impl FnOnce(&mut CallLog),
) -> Result<CallLog, Error> {
    let before = CallLog::try_from(locked)?;
    let mut call = before.clone();
    change(&mut call);
    if count(tx, &before, &mut call).await? {
        ask_for_price(tx, &call).await?;
    }
    if call != before {
        save(tx, &call).await?;
    }
    Ok(call)
}

/// Changes the tenant's call, by itself. Whether there is such a call.
pub(super) async fn amend_one(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: CallId,
    change: impl FnOnce(&mut CallLog),
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    let Some(locked) = lock(&mut tx, tenant, id).await? else {
        return Ok(false);
    };
    amend(&mut tx, locked, change).await?;
    tx.commit().await?;
    Ok(true)
}

/// Counts a locked call that is over and was not counted; the call, and whether it was
/// not.
pub(super) async fn count_late(
    tx: &mut AnyConnection,
    locked: CallRow,
    rated_since: Timestamp,
) -> Result<(CallLog, bool), Error> {
    let before = CallLog::try_from(locked)?;
    let mut call = before.clone();
    if !count(tx, &before, &mut call).await? {
        return Ok((before, false));
    }
    if call.ended_at.is_some_and(|at| at >= rated_since) {
        ask_for_price(tx, &call).await?;
    }
    save(tx, &call).await?;
    Ok((call, true))
}

/// Adds what has changed to the sums of the call's day. Whether it counts for
/// the first time.
///
/// The day is chosen once and kept with the call: a tenant who moves to another
/// time zone takes nothing away from a day that it never counted for.
async fn count(
    tx: &mut AnyConnection,
    before: &CallLog,
    call: &mut CallLog,
) -> Result<bool, Error> {
    if Outcome::of(call) == Outcome::Open {
        return Ok(false);
    }
    call.estimate_carrier();
    let (is_first, day, counted) = match before.bill.day {
        Some(day) => (false, day, Totals::of(before)),
        None => (true, day_of(tx, call).await?, Totals::default()),
    };
    call.bill.day = Some(day);
    let difference = Totals::of(call).minus(&counted);
    usage::add(tx, call.tenant_id, day, &difference).await?;
    Ok(is_first)
}

async fn day_of(tx: &mut AnyConnection, call: &CallLog) -> Result<Day, Error> {
    let zone = sqlx::query_scalar("SELECT time_zone FROM tenants WHERE id = $1")
        .bind(call.tenant_id.to_string());
    let zone: Option<String> = zone.fetch_optional(tx).await?;
    Ok(Day::of(call.created_at, zone.as_deref().unwrap_or("UTC")))
}

async fn ask_for_price(tx: &mut AnyConnection, call: &CallLog) -> Result<(), Error> {
    let ended_at = call.ended_at.unwrap_or(call.created_at);
    let id = call.id.to_string();
    let job = NewJob {
        kind: JobKind::CarrierPrice,
        key: &id,
        tenant: Some(call.tenant_id),
        payload: &id,
        run_at: ended_at.plus_ms(RATED_AFTER_MS),
    };
    jobs::write(tx, &job, ended_at).await?;
    Ok(())
}

/// Notes that it is told that a locked call is over. Whether nobody has told so before.
pub(super) async fn note_end_told(tx: &mut AnyConnection, call: &CallLog) -> Result<bool, Error> {
    let noted = sqlx::query(NOTE_END_TOLD)
        .bind(call.tenant_id.to_string())
        .bind(call.id.to_string())
        .execute(tx)
        .await?;
    Ok(noted.rows_affected() > 0)
}

const NOTE_END_TOLD: &str = "
    UPDATE calls SET is_end_told = 1 WHERE tenant_id = $1 AND id = $2 AND is_end_told = 0";

async fn save(tx: &mut AnyConnection, call: &CallLog) -> Result<(), Error> {
    let bill = &call.bill;
    sqlx::query(SAVE)
        .bind(call.tenant_id.to_string())
        .bind(call.id.to_string())
        .bind(call.status.as_str())
        .bind(call.end_reason.map(EndReason::as_str))
        .bind(call.answered_at.map(Timestamp::as_ms))
        .bind(call.ended_at.map(Timestamp::as_ms))
        .bind(call.duration_s)
        .bind(call.usage.input_text_tokens)
        .bind(call.usage.input_audio_tokens)
        .bind(call.usage.cached_text_tokens)
        .bind(call.usage.cached_audio_tokens)
        .bind(call.usage.output_text_tokens)
        .bind(call.usage.output_audio_tokens)
        .bind(call.cost.map(|cost| cost.micros))
        .bind(call.cost.map(currency))
        .bind(call.answered_by.map(AnsweredBy::as_str))
        .bind(Outcome::of(call).as_str())
        .bind(bill.agent_ended_at.map(Timestamp::as_ms))
        .bind(bill.carrier_estimate.map(|money| money.micros))
        .bind(bill.carrier.map(|money| money.micros))
        .bind(bill.carrier.map(currency))
        .bind(bill.day.map(|day| day.to_string()))
        .bind(bill.recording.map(|money| money.micros))
        .bind(call.usage.transcribed_ms)
        .bind(bill.transcription.map(|money| money.micros))
        .execute(tx)
        .await?;
    Ok(())
}

fn currency(money: Money) -> String {
    money.currency.as_str().to_owned()
}

const SAVE: &str = "
    UPDATE calls SET status = $3, end_reason = $4, answered_at_ms = $5, ended_at_ms = $6,
        duration_s = $7, input_text_tokens = $8, input_audio_tokens = $9,
        cached_text_tokens = $10, cached_audio_tokens = $11, output_text_tokens = $12,
        output_audio_tokens = $13, cost_micros = $14, cost_currency = $15,
        answered_by = $16, outcome = $17, agent_ended_at_ms = $18,
        carrier_estimate_micros = $19, carrier_micros = $20, carrier_currency = $21,
        usage_day = $22, recording_micros = $23, transcribed_ms = $24,
        transcription_micros = $25
    WHERE tenant_id = $1 AND id = $2";

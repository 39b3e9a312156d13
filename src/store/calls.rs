//! The log of calls: written once, amended in any order, never twice.

use std::iter;

use sqlx::{AnyConnection, Connection};

use super::call_change::{amend, amend_one, lock, lock_by_sid, note_end_told};
use super::call_events::{self, NewEvent};
use super::call_row::{CallRow, columns};
use super::row::storable;
use super::{Db, Error, by_id, call_words, forgotten_calls, page};
use crate::domain::{
    AnsweredBy, CallId, CallLog, CallSid, CallStatus, Direction, EndReason, Money, Outcome, Party,
    Pii, ReceptionistId, TenantId, Timestamp, Usage, UserId,
};

/// A call as the carrier first tells us of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewCall {
    /// Its name, if it is new.
    pub id: CallId,
    /// Whose call it is.
    pub tenant_id: TenantId,
    /// The carrier's name for it, which says whether it is new.
    pub call_sid: CallSid,
    /// Who rang whom.
    pub direction: Direction,
    /// Who rang.
    pub from: Party,
    /// Who was rung.
    pub to: Party,
    /// For which receptionist it is placed, if it is for one.
    pub receptionist_id: Option<ReceptionistId>,
    /// Where it stands.
    pub status: CallStatus,
    /// When the carrier told us.
    pub created_at: Timestamp,
}

/// What the carrier's status callback says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StatusNews {
    /// Where the call stood.
    pub status: CallStatus,
    /// The carrier's count of its news of this call, where it counts.
    pub sequence: Option<i64>,
    /// How long the call lasted by the carrier's count, in seconds.
    pub duration_s: Option<i64>,
    /// When that was.
    pub at: Timestamp,
}

/// How a call that we answered came to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Finished {
    /// Why it ended.
    pub end_reason: EndReason,
    /// What the agent used.
    pub usage: Usage,
    /// What that costs, where the price is known.
    pub cost: Option<Money>,
    /// When it ended.
    pub ended_at: Timestamp,
}

/// The call of that SID, and whether it was written just now. Who rang, or was
/// rung, is looked up among the tenant's contacts.
///
/// However often and however concurrently the carrier tells us of a call,
/// there is one row, and it is what the first writer wrote: whoever decides
/// something by it decides the same each time. A SID whose call is long over
/// is found as it ended; what replays it is not to be answered. One whose call
/// was deleted is [`Error::Forgotten`].
pub async fn find_or_create(
    db: impl Into<Db<'_>>,
    new: &NewCall,
) -> Result<(CallLog, bool), Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    let row: Option<CallRow> = sqlx::query_as(CREATE)
        .bind(new.id.to_string())
        .bind(new.tenant_id.to_string())
        .bind(new.call_sid.as_str())
        .bind(new.direction.as_str())
        .bind(storable(&new.from.to_text()).into_owned())
        .bind(storable(&new.to.to_text()).into_owned())
        .bind(new.receptionist_id.map(|id| id.to_string()))
        .bind(new.status.as_str())
        .bind(new.created_at.as_ms())
        .bind(Outcome::first(new.status).as_str())
        .fetch_optional(&mut *tx)
        .await?;
    let Some(row) = row else {
        let Some(known) = lock_by_sid(&mut tx, &new.call_sid).await? else {
            // Somebody has deleted it at this moment.
            forgotten_calls::refuse(&mut tx, &new.call_sid).await?;
            return Err(Error::Conflict);
        };
        let call = CallLog::try_from(known)?;
        tx.commit().await?;
        return Ok((call, false));
    };
    let call = CallLog::try_from(row)?;
    // After the row is ours: who deletes the call at this moment is done by now.
    forgotten_calls::refuse(&mut tx, &new.call_sid).await?;
    call_words::index(&mut tx, &call, iter::empty()).await?;
    tx.commit().await?;
    Ok((call, true))
}

// Of any conflict: whoever is told of the same call at the same time gives it the same id,
// and PostgreSQL may find that out before it looks at the SID.
const CREATE: &str = concat!(
    "INSERT INTO calls (id, tenant_id, call_sid, direction, from_party, to_party,
        receptionist_id, status, created_at_ms, outcome, contact_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
        (SELECT contact_id FROM contact_numbers WHERE tenant_id = $2
            AND phone_number = CASE WHEN $4 = 'inbound' THEN $5 ELSE $6 END))
    ON CONFLICT DO NOTHING RETURNING ",
    columns!()
);

/// The tenant's call of that id.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: CallId,
) -> Result<Option<CallLog>, Error> {
    by_id::find::<CallRow, _>(db, FIND, tenant, id).await
}

const FIND: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM calls WHERE tenant_id = $1 AND id = $2"
);

/// The call of that SID. For the carrier, who knows no tenant.
pub async fn find_by_sid(
    db: impl Into<Db<'_>>,
    call_sid: &CallSid,
) -> Result<Option<CallLog>, Error> {
    let mut conn = db.into().read().await?;
    let row: Option<CallRow> = sqlx::query_as(FIND_BY_SID)
        .bind(call_sid.as_str())
        .fetch_optional(&mut *conn)
        .await?;
    row.map(CallLog::try_from).transpose()
}

const FIND_BY_SID: &str = concat!("SELECT ", columns!(), " FROM calls WHERE call_sid = $1");

/// At most `limit` calls of any tenant that began before `before` and have no
/// end yet, oldest first, from behind the call `after` on: what a process that
/// died leaves behind, and what the carrier forgot to tell.
pub async fn list_open(
    db: impl Into<Db<'_>>,
    before: Timestamp,
    after: Option<&CallLog>,
    limit: page::Limit,
) -> Result<Vec<CallLog>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<CallRow> = sqlx::query_as(LIST_OPEN)
        .bind(before.as_ms())
        .bind(after.map_or(i64::MIN, |call| call.created_at.as_ms()))
        .bind(after.map_or_else(String::new, |call| call.id.to_string()))
        .bind(i64::from(limit.get()))
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(CallLog::try_from).collect()
}

const LIST_OPEN: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM calls WHERE ended_at_ms IS NULL AND created_at_ms < $1
        AND (created_at_ms > $2 OR (created_at_ms = $2 AND id > $3))
    ORDER BY created_at_ms, id LIMIT $4"
);

/// Merges what a status callback says into the call of that SID, and keeps it
/// among the call's events: the call, and whether nobody has said before that it
/// is over. None if no such call is known. For the carrier, who knows no tenant.
///
/// **Invariant:** the call is the same after the same news in any order and
/// any number. It moves forward only, its end is the earliest end told of (the
/// latest, where its process has died), its duration the longest.
pub async fn apply_status(
    db: impl Into<Db<'_>>,
    call_sid: &CallSid,
    news: &StatusNews,
) -> Result<Option<(CallLog, bool)>, Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    let Some(locked) = lock_by_sid(&mut tx, call_sid).await? else {
        return Ok(None);
    };
    let call = amend(&mut tx, locked, |call| {
        call.status = call.status.merge(news.status);
        call.duration_s = call.duration_s.max(news.duration_s);
        if news.status.is_terminal() {
            call.ended_at = Some(if call.end_reason == Some(EndReason::ProcessLost) {
                // It went on after all that its process knew of it.
                call.ended_at.map_or(news.at, |known| known.max(news.at))
            } else {
                earliest(call.ended_at, news.at)
            });
        }
    })
    .await?;
    remember(&mut tx, &call, news).await?;
    let is_news = news.status.is_terminal() && note_end_told(&mut tx, &call).await?;
    tx.commit().await?;
    Ok(Some((call, is_news)))
}

/// Notes who answered the tenant's call, and when; the first time counts, and
/// of several who answered the [greatest](AnsweredBy). Whether there is such a
/// call.
pub async fn mark_answered(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: CallId,
    (by, at): (AnsweredBy, Timestamp),
) -> Result<bool, Error> {
    amend_one(db, tenant, id, |call| {
        call.status = call.status.merge(CallStatus::InProgress);
        call.answered_at.get_or_insert(at);
        call.answered_by = call.answered_by.max(Some(by));
    })
    .await
}

/// The tenant's call is that member's, who has taken it. One that a member has placed
/// stays theirs.
pub async fn give_to(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: CallId,
    user: UserId,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(GIVE_TO)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(user.to_string())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const GIVE_TO: &str = "
    UPDATE calls SET user_id = $3
    WHERE tenant_id = $1 AND id = $2 AND (user_id IS NULL OR direction = 'inbound')
        AND EXISTS (SELECT 1 FROM users WHERE tenant_id = $1 AND id = $3)";

/// The tenant's call is that receptionist's, who has answered it; of several the first's.
/// One that was placed for a receptionist stays theirs.
pub async fn give_to_receptionist(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: CallId,
    receptionist: ReceptionistId,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(GIVE_TO_RECEPTIONIST)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(receptionist.to_string())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const GIVE_TO_RECEPTIONIST: &str = "
    UPDATE calls SET receptionist_id = $3
    WHERE tenant_id = $1 AND id = $2 AND receptionist_id IS NULL
        AND EXISTS (SELECT 1 FROM receptionists WHERE tenant_id = $1 AND id = $3)";

/// Writes how the tenant's call ended. The first to say so is believed, and
/// who says it again changes nothing; but a process that was taken for dead knows
/// better than those who thought so. Whether there is such a call.
///
/// The call is over from here on, whether or not the carrier ever says so;
/// unless the caller is [left waiting](EndReason::leaves_caller_waiting), who
/// goes on to somebody else, until the carrier says that it is over.
pub async fn finish(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: CallId,
    finished: &Finished,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    let Some(locked) = lock(&mut tx, tenant, id).await? else {
        return Ok(false);
    };
    let call = amend(&mut tx, locked, |call| {
        if call
            .end_reason
            .is_some_and(|why| why != EndReason::ProcessLost)
        {
            return;
        }
        if call.end_reason.is_some() {
            call.ended_at = call.ended_at.map(|_| finished.ended_at);
        }
        call.end_reason = Some(finished.end_reason);
        call.usage = finished.usage;
        call.cost = finished.cost;
        call.bill.agent_ended_at = Some(finished.ended_at);
        if finished.end_reason.leaves_caller_waiting() {
            return;
        }
        call.status = call.status.merge(CallStatus::Completed);
        call.ended_at = Some(earliest(call.ended_at, finished.ended_at));
    })
    .await?;
    make_findable(&mut tx, &call).await?;
    tx.commit().await?;
    Ok(true)
}

/// Notes that the tenant's call, which its receptionist had handed on, is theirs
/// again. Whether there is such a call.
pub async fn come_back(db: impl Into<Db<'_>>, tenant: TenantId, id: CallId) -> Result<bool, Error> {
    amend_one(db, tenant, id, |call| {
        if call.end_reason == Some(EndReason::Transferred) && call.ended_at.is_none() {
            call.end_reason = None;
            call.bill.agent_ended_at = None;
        }
    })
    .await
}

/// Writes what the carrier has charged for the tenant's call. Whether there is
/// such a call.
pub async fn set_carrier_cost(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: CallId,
    money: Money,
) -> Result<bool, Error> {
    amend_one(db, tenant, id, |call| call.bill.carrier = Some(money)).await
}

/// Lets a call be found by all that was said in it and noted of it.
pub(super) async fn make_findable(tx: &mut AnyConnection, call: &CallLog) -> Result<(), Error> {
    let said = sqlx::query_scalar(SAID)
        .bind(call.tenant_id.to_string())
        .bind(call.id.to_string());
    let said: Vec<String> = said.fetch_all(&mut *tx).await?;
    let notes = call
        .remarks
        .notes
        .as_ref()
        .map(|notes| notes.expose().as_str());
    let texts = notes.into_iter().chain(said.iter().map(String::as_str));
    call_words::index(tx, call, texts).await
}

const SAID: &str = "
    SELECT text FROM (
        SELECT 0 AS part, started_ms, ordinal, text FROM utterances
        WHERE tenant_id = $1 AND call_id = $2
        UNION ALL
        SELECT 1, started_ms, ordinal, text FROM recorded_turns
        WHERE tenant_id = $1 AND call_id = $2) AS said
    ORDER BY part, started_ms, ordinal";

/// Keeps the news; once, however often it comes.
async fn remember(tx: &mut AnyConnection, call: &CallLog, news: &StatusNews) -> Result<(), Error> {
    let status = news.status.as_str();
    let (key, detail) = match news.sequence {
        Some(n) => (
            format!("status:{n}"),
            format!(r#"{{"status":"{status}","sequence":{n}}}"#),
        ),
        None => (
            format!("status:{status}"),
            format!(r#"{{"status":"{status}"}}"#),
        ),
    };
    let event = NewEvent {
        kind: "carrier.status",
        detail: Pii::new(&detail),
        at: news.at,
        key: Some(&key),
    };
    call_events::write(tx, call.tenant_id, call.id, &event).await?;
    Ok(())
}

fn earliest(known: Option<Timestamp>, news: Timestamp) -> Timestamp {
    known.map_or(news, |known| known.min(news))
}

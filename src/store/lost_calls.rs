//! Calls whose end nobody has told of, and nobody will.

use sqlx::Connection as _;

use super::call_change::{amend, amend_one, lock, note_end_told};
use super::{Db, Error, Store, call_backs, call_routes};
use crate::domain::{
    AnsweredBy, CallId, CallLog, CallStatus, EndReason, Outcome, TakenMessageId, TenantId,
    Timestamp,
};
use crate::routing::Stop;

/// Whether a receptionist has the call, or was about to, as far as is known.
pub async fn is_with_agent(db: impl Into<Db<'_>>, call: &CallLog) -> Result<bool, Error> {
    let begins_so = begins_with_agent(db, (call.tenant_id, call.id)).await?;
    Ok(is_agents(call, begins_so))
}

/// Whether the tenant's call was to be answered by a receptionist.
async fn begins_with_agent(
    db: impl Into<Db<'_>>,
    (tenant, id): (TenantId, CallId),
) -> Result<bool, Error> {
    let route = call_routes::find(db, tenant, id).await?;
    let first = route.and_then(|route| route.stops.into_iter().next());
    Ok(matches!(first, Some(Stop::Ai(_))))
}

fn is_agents(call: &CallLog, begins_so: bool) -> bool {
    let is_agents = match call.answered_by {
        Some(who) => who == AnsweredBy::Ai,
        None => begins_so,
    };
    is_agents && call.end_reason.is_none()
}

/// The tenant's call is taken to be over since `at`, for this reason if none is known.
/// The call, if it is there and nobody has said before that it is over.
pub async fn lose(
    db: impl Into<Db<'_>>,
    (tenant, id): (TenantId, CallId),
    why: EndReason,
    at: Timestamp,
) -> Result<Option<CallLog>, Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    let Some(locked) = lock(&mut tx, tenant, id).await? else {
        return Ok(None);
    };
    let call = amend(&mut tx, locked, |call| {
        if Outcome::of(call) == Outcome::Open {
            call.end_reason.get_or_insert(why);
            call.status = call.status.merge(CallStatus::Completed);
        }
        // One may be over, and nobody has said since when.
        call.ended_at.get_or_insert(at);
    })
    .await?;
    let is_news = note_end_told(&mut tx, &call).await?;
    tx.commit().await?;
    Ok(is_news.then_some(call))
}

/// The receptionist who had the tenant's call has it no more since `at`, for its
/// process has died; the caller may still be there, and is to be called back. What was
/// noted of it stays. Whether there is such a call.
pub async fn break_off(
    store: &Store,
    (tenant, id): (TenantId, CallId),
    at: Timestamp,
    call_back: (TakenMessageId, Timestamp),
) -> Result<bool, Error> {
    let begins_so = begins_with_agent(store, (tenant, id)).await?;
    let mut tx = store.begin().await?;
    let mut was_with_agent = false;
    let is_there = amend_one(&mut tx, tenant, id, |call| {
        if is_agents(call, begins_so) {
            was_with_agent = true;
            call.end_reason = Some(EndReason::ProcessLost);
            call.bill.agent_ended_at = Some(at);
        }
    })
    .await?;
    if was_with_agent {
        call_backs::note(&mut tx, (tenant, id), call_back).await?;
    }
    tx.commit().await?;
    Ok(is_there)
}

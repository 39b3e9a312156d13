//! Where calls are in flows, for another process to go on with them.

use super::row::{RowOf, json};
use super::text::StateText;
use super::{Db, Error};
use crate::domain::{CallId, CallSid, TenantId};
use crate::routing::ivr::State;

/// Keeps where the tenant's call is in the flow of a stop of its route; what
/// was kept of this step before stays. A call that is not the tenant's is
/// [`Error::Dangling`].
pub async fn insert(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
    stop: usize,
    state: &State,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(INSERT)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .bind(place(stop))
        .bind(i64::from(state.step))
        .bind(json(&StateText::from(state)))
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const INSERT: &str = "
    INSERT INTO ivr_states (tenant_id, call_id, stop, step, state) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (call_id, stop, step) DO NOTHING";

/// Where the tenant's call was at a step.
pub async fn find(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
    (n, step): (usize, u32),
) -> Result<Option<State>, Error> {
    let mut conn = db.into().read().await?;
    let text: Option<String> = sqlx::query_scalar(FIND)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .bind(place(n))
        .bind(i64::from(step))
        .fetch_optional(&mut *conn)
        .await?;
    let call = call.to_string();
    let at = RowOf {
        table: "ivr_states",
        id: &call,
    };
    let text = text.map(|text| at.json::<StateText>(&text, "a place in a flow"));
    Ok(text.transpose()?.map(State::from))
}

const FIND: &str = "
    SELECT state FROM ivr_states
    WHERE tenant_id = $1 AND call_id = $2 AND stop = $3 AND step = $4";

/// Forgets where the call of that SID has been: it is over. For the carrier,
/// who knows no tenant.
pub async fn forget(db: impl Into<Db<'_>>, call_sid: &CallSid) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(FORGET)
        .bind(call_sid.as_str())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const FORGET: &str = "
    DELETE FROM ivr_states WHERE call_id IN (SELECT id FROM calls WHERE call_sid = $1)";

fn place(stop: usize) -> i64 {
    i64::try_from(stop).unwrap_or(i64::MAX)
}

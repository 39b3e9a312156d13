//! What was decided when a call came, and whether the carrier has closed it.

use sqlx::FromRow;

use super::row::{RowOf, json};
use super::text::{StepText, StopText};
use super::{Db, Error, Store, by_id, ivr_states};
use crate::domain::{CallId, CallSid, EndReason, TenantId, Timestamp};
use crate::routing::{Route, Stop};

/// A route as it was kept; why it came out so is not read back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeptRoute {
    /// Whose call it is.
    pub tenant_id: TenantId,
    /// Which call.
    pub call_id: CallId,
    /// What was decided.
    pub route: Route,
    /// Since when whoever is on the line has been: the call came, or was answered that we
    /// placed. None where that is not known yet.
    pub since: Option<Timestamp>,
    /// Whether the carrier has said that the call is over.
    pub is_closed: bool,
    /// Why a receptionist who had the call has it no more.
    pub end_reason: Option<EndReason>,
    /// Where the call goes on that was handed on, if it was.
    pub moved_to: Option<usize>,
}

/// Keeps the route of the tenant's call; the first one that is kept counts. Whether it is
/// this one.
pub async fn insert(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
    route: &Route,
    at: Timestamp,
) -> Result<bool, Error> {
    let chain: Vec<StopText> = route.stops.iter().map(StopText::from).collect();
    let why: Vec<StepText> = route.steps.iter().map(StepText::from).collect();
    let mut conn = db.into().write().await?;
    let done = sqlx::query(INSERT)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .bind(json(&chain))
        .bind(route.language.as_deref())
        .bind(json(&why))
        .bind(at.as_ms())
        .bind(route.open_state.as_str())
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const INSERT: &str = "
    INSERT INTO call_routes (tenant_id, call_id, stops, language, steps, decided_at_ms, open_state)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (call_id) DO NOTHING";

/// The route of the call of that SID. For the carrier, who knows no tenant.
pub async fn find_by_sid(
    db: impl Into<Db<'_>>,
    call_sid: &CallSid,
) -> Result<Option<KeptRoute>, Error> {
    let mut conn = db.into().read().await?;
    let row: Option<RouteRow> = sqlx::query_as(FIND_BY_SID)
        .bind(call_sid.as_str())
        .fetch_optional(&mut *conn)
        .await?;
    row.map(KeptRoute::try_from).transpose()
}

/// The columns of a [`RouteRow`], and where they are.
macro_rules! rows {
    () => {
        "SELECT routes.tenant_id, routes.call_id, stops, language, open_state, closed_at_ms,
            end_reason,
            CASE calls.direction WHEN 'outbound' THEN calls.answered_at_ms
                ELSE calls.created_at_ms END AS since_ms,
            (SELECT MAX(first_stop) FROM call_transfers
                WHERE call_transfers.tenant_id = routes.tenant_id
                    AND call_transfers.call_id = routes.call_id) AS moved_to
        FROM call_routes AS routes
        JOIN calls ON calls.tenant_id = routes.tenant_id AND calls.id = routes.call_id"
    };
}

const FIND_BY_SID: &str = concat!(rows!(), " WHERE calls.call_sid = $1");

/// The route of the tenant's call.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    call: CallId,
) -> Result<Option<Route>, Error> {
    let kept: Option<KeptRoute> = by_id::find::<RouteRow, _>(db, FIND, tenant, call).await?;
    Ok(kept.map(|kept| kept.route))
}

const FIND: &str = concat!(
    rows!(),
    " WHERE routes.tenant_id = $1 AND routes.call_id = $2"
);

/// Writes a route of the tenant's call that has become longer.
pub async fn lengthen(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
    route: &Route,
) -> Result<(), Error> {
    let chain: Vec<StopText> = route.stops.iter().map(StopText::from).collect();
    let mut conn = db.into().write().await?;
    sqlx::query(LENGTHEN)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .bind(json(&chain))
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const LENGTHEN: &str = "UPDATE call_routes SET stops = $3 WHERE tenant_id = $1 AND call_id = $2";

/// Notes that the carrier has said that the call of that SID is over, and
/// forgets what its caller entered in flows. For the carrier, who knows no tenant.
pub async fn close(store: &Store, call_sid: &CallSid, at: Timestamp) -> Result<(), Error> {
    let mut conn = Db::from(store).write().await?;
    sqlx::query(CLOSE)
        .bind(call_sid.as_str())
        .bind(at.as_ms())
        .execute(&mut *conn)
        .await?;
    drop(conn);
    ivr_states::forget(store, call_sid).await
}

const CLOSE: &str = "
    UPDATE call_routes SET closed_at_ms = $2
    WHERE closed_at_ms IS NULL AND call_id IN (SELECT id FROM calls WHERE call_sid = $1)";

#[derive(FromRow)]
struct RouteRow {
    tenant_id: String,
    call_id: String,
    stops: String,
    language: Option<String>,
    open_state: String,
    closed_at_ms: Option<i64>,
    end_reason: Option<String>,
    since_ms: Option<i64>,
    moved_to: Option<i64>,
}

impl TryFrom<RouteRow> for KeptRoute {
    type Error = Error;

    fn try_from(row: RouteRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "call_routes",
            id: &row.call_id,
        };
        let stops: Vec<StopText> = at.json(&row.stops, "a list of stops")?;
        Ok(Self {
            tenant_id: at.parse(&row.tenant_id)?,
            call_id: at.parse(&row.call_id)?,
            route: Route {
                stops: stops.into_iter().map(Stop::from).collect(),
                open_state: at.parse(&row.open_state)?,
                language: row.language,
                steps: Vec::new(),
            },
            since: row.since_ms.map(Timestamp::from_ms),
            is_closed: row.closed_at_ms.is_some(),
            end_reason: at.parse_opt(row.end_reason.as_deref())?,
            moved_to: row.moved_to.and_then(|stop| usize::try_from(stop).ok()),
        })
    }
}

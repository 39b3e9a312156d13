//! The calls of a span of time, counted.

use sqlx::FromRow;

use super::row::RowOf;
use super::{Db, Error};
use crate::domain::{CallId, Currency, Direction, Outcome, TenantId, Timestamp, UserId};

/// Calls of one quarter of an hour that have everything that is asked for in
/// common, and their sums. No zone's day begins within a quarter of an hour.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Group {
    /// When the quarter of an hour began.
    pub began: Timestamp,
    /// Who rang whom.
    pub direction: Direction,
    /// What became of them.
    pub outcome: Outcome,
    /// Whose calls they were, where a person's.
    pub user_id: Option<UserId>,
    /// Our number: the one rung, or rung from.
    pub number: String,
    /// What the agent's cost is in, where it is known.
    pub currency: Option<Currency>,
    /// What the carrier's is in, where there is any.
    pub carrier_currency: Option<Currency>,
    /// How many they are; an internal one counts for nothing but what it costs.
    pub calls: i64,
    /// Of how many it is known how long they lasted.
    pub timed: i64,
    /// How long those lasted together, in seconds.
    pub duration_s: i64,
    /// What the agent cost in them together, in millionths.
    pub cost_micros: i64,
    /// What the carrier charged for them together, in millionths; what it is
    /// going to charge, as long as it has not said.
    pub carrier_micros: i64,
    /// What it charges for what it has recorded of them, in millionths of a US dollar.
    pub recording_micros: i64,
    /// What it cost to have that and messages written down, in millionths of a US dollar.
    pub transcription_micros: i64,
}

/// The tenant's calls that began from `since` on and before `until`.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    (since, until): (Timestamp, Timestamp),
) -> Result<Vec<Group>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<GroupRow> = sqlx::query_as(LIST)
        .bind(tenant.to_string())
        .bind(since.as_ms())
        .bind(until.as_ms())
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(Group::try_from).collect()
}

// PostgreSQL sums BIGINT as NUMERIC, which is cast back.
const LIST: &str = "
    SELECT created_at_ms / 900000 AS quarter, direction, outcome, user_id,
        CASE direction WHEN 'inbound' THEN to_party ELSE from_party END AS number,
        cost_currency,
        COALESCE(carrier_currency, CASE WHEN carrier_estimate_micros IS NULL THEN NULL
            ELSE 'USD' END) AS paid_in,
        COUNT(CASE WHEN is_internal = 0 THEN 1 END) AS calls,
        COUNT(CASE WHEN is_internal = 0 THEN duration_s END) AS timed,
        CAST(COALESCE(SUM(CASE WHEN is_internal = 0 THEN duration_s END), 0) AS BIGINT)
            AS duration_s,
        CAST(COALESCE(SUM(cost_micros), 0) AS BIGINT) AS cost_micros,
        CAST(COALESCE(SUM(COALESCE(carrier_micros, carrier_estimate_micros)), 0) AS BIGINT)
            AS carrier_micros,
        CAST(COALESCE(SUM(recording_micros), 0) AS BIGINT) AS recording_micros,
        CAST(COALESCE(SUM(transcription_micros), 0) AS BIGINT) AS transcription_micros
    FROM calls WHERE tenant_id = $1 AND created_at_ms >= $2 AND created_at_ms < $3
    GROUP BY 1, 2, 3, 4, 5, 6, 7";

/// The tenant's call is internal: a member's own, of which somebody else's is the one that
/// counts.
pub async fn note_internal(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(NOTE_INTERNAL)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const NOTE_INTERNAL: &str = "UPDATE calls SET is_internal = 1 WHERE tenant_id = $1 AND id = $2";

#[derive(FromRow)]
struct GroupRow {
    quarter: i64,
    direction: String,
    outcome: String,
    user_id: Option<String>,
    number: String,
    cost_currency: Option<String>,
    paid_in: Option<String>,
    calls: i64,
    timed: i64,
    duration_s: i64,
    cost_micros: i64,
    carrier_micros: i64,
    recording_micros: i64,
    transcription_micros: i64,
}

impl TryFrom<GroupRow> for Group {
    type Error = Error;

    fn try_from(row: GroupRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "calls",
            id: &row.number,
        };
        Ok(Self {
            began: Timestamp::from_ms(row.quarter * 900_000),
            direction: at.parse(&row.direction)?,
            outcome: at.parse(&row.outcome)?,
            user_id: at.parse_opt(row.user_id.as_deref())?,
            currency: at.parse_opt(row.cost_currency.as_deref())?,
            carrier_currency: at.parse_opt(row.paid_in.as_deref())?,
            number: row.number,
            calls: row.calls,
            timed: row.timed,
            duration_s: row.duration_s,
            cost_micros: row.cost_micros,
            carrier_micros: row.carrier_micros,
            recording_micros: row.recording_micros,
            transcription_micros: row.transcription_micros,
        })
    }
}

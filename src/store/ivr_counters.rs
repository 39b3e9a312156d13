//! How often calls came to the nodes of a flow, and by which exits they left.

use std::collections::BTreeMap;

use sqlx::{Connection, FromRow};

use super::call_events::{self, NewEvent};
use super::row::RowOf;
use super::{Db, Error};
use crate::domain::{CallId, Day, FlowId, ParseError, TenantId};
use crate::routing::ivr::{Exit, NodeId, Passage};

/// What a call has passed on a day.
#[derive(Clone, Copy, Debug)]
pub struct Passed<'a> {
    /// In which flow.
    pub flow: FlowId,
    /// The day where the tenant is.
    pub day: Day,
    /// What.
    pub path: &'a [Passage],
}

/// Notes in the log what the tenant's call has passed, and counts it; the same
/// news, known by its key, once only. Whether it was new. A call that is not
/// the tenant's is [`Error::Dangling`].
pub async fn note(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
    event: &NewEvent<'_>,
    passed: Passed<'_>,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    if !call_events::write(&mut tx, tenant, call, event).await? {
        return Ok(false);
    }
    // In one order, so that two who count do not wait for each other in a ring.
    let mut counts: BTreeMap<(String, String), i64> = BTreeMap::new();
    for Passage { node, exit } in passed.path {
        let exit = exit.as_ref().map_or(String::new(), ToString::to_string);
        *counts.entry((node.to_string(), exit)).or_default() += 1;
    }
    for ((node, exit), count) in counts {
        sqlx::query(ADD)
            .bind(tenant.to_string())
            .bind(passed.flow.to_string())
            .bind(passed.day.to_string())
            .bind(node)
            .bind(exit)
            .bind(count)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(true)
}

const ADD: &str = "
    INSERT INTO ivr_node_counters (tenant_id, flow_id, day, node, exit, count)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (flow_id, day, node, exit) DO UPDATE
        SET count = ivr_node_counters.count + excluded.count
        WHERE ivr_node_counters.tenant_id = excluded.tenant_id";

/// What was counted of a node.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NodeCounts {
    /// How often a call came to it.
    pub entered: i64,
    /// How often a call left it, by exit.
    pub left: BTreeMap<Exit, i64>,
}

/// What was counted of the tenant's flow on the days from `first` to `last`,
/// by node.
pub async fn sums(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    flow: FlowId,
    (first, last): (Day, Day),
) -> Result<BTreeMap<NodeId, NodeCounts>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<SumRow> = sqlx::query_as(SUMS)
        .bind(tenant.to_string())
        .bind(flow.to_string())
        .bind(first.to_string())
        .bind(last.to_string())
        .fetch_all(&mut *conn)
        .await?;
    let flow = flow.to_string();
    let at = RowOf {
        table: "ivr_node_counters",
        id: &flow,
    };
    let mut sums: BTreeMap<NodeId, NodeCounts> = BTreeMap::new();
    for row in rows {
        let node = sums.entry(at.parse(&row.node)?).or_default();
        if row.exit.is_empty() {
            node.entered = row.total;
        } else {
            let exit: Result<Exit, ParseError> = row.exit.parse();
            let exit = exit.map_err(|error| at.corrupt(error))?;
            node.left.insert(exit, row.total);
        }
    }
    Ok(sums)
}

const SUMS: &str = "
    SELECT node, exit, CAST(SUM(count) AS BIGINT) AS total FROM ivr_node_counters
    WHERE tenant_id = $1 AND flow_id = $2 AND day >= $3 AND day <= $4
    GROUP BY node, exit";

#[derive(FromRow)]
struct SumRow {
    node: String,
    exit: String,
    total: i64,
}

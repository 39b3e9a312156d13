//! What a tenant wants of its numbers, and what these plans name.

use sqlx::{AnyConnection, Connection};

use super::row::{RowOf, json};
use super::text::PlanText;
use super::{Db, Error};
use crate::domain::{FlowId, NumberId, PhoneNumber, TenantId, Timestamp};
use crate::routing::{Plan, Reference, Target};

/// The tenant's number, and its plan if it has one.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    number: &PhoneNumber,
) -> Result<Option<(NumberId, Option<Plan>)>, Error> {
    let mut conn = db.into().read().await?;
    let row: Option<(String, Option<String>)> = sqlx::query_as(FIND)
        .bind(tenant.to_string())
        .bind(number.as_str())
        .fetch_optional(&mut *conn)
        .await?;
    let Some((id, plan)) = row else {
        return Ok(None);
    };
    let at = RowOf {
        table: "numbers",
        id: &id,
    };
    let plan = plan.map(|text| read(&id, &text)).transpose()?;
    Ok(Some((at.parse(&id)?, plan)))
}

const FIND: &str = "
    SELECT numbers.id, number_plans.plan
    FROM numbers LEFT JOIN number_plans ON number_plans.number_id = numbers.id
    WHERE numbers.tenant_id = $1 AND numbers.phone_number = $2";

/// The tenant's numbers whose plans show that one to whoever is rung; not itself, whose
/// plan goes with it.
pub async fn showing(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    number: &PhoneNumber,
) -> Result<Vec<PhoneNumber>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<(String, String)> = sqlx::query_as(NAMING)
        .bind(tenant.to_string())
        .bind(number.as_str())
        .fetch_all(&mut *conn)
        .await?;
    drop(conn);
    let mut found = Vec::new();
    for (id, plan) in rows {
        let shows = |target: &Target| target.caller_id() == Some(number);
        if read(&id, &plan)?.targets().any(shows) {
            let at = RowOf {
                table: "numbers",
                id: &id,
            };
            found.push(at.parse(&id)?);
        }
    }
    Ok(found)
}

const NAMING: &str = "
    SELECT numbers.phone_number, number_plans.plan
    FROM number_plans
    JOIN numbers ON numbers.tenant_id = number_plans.tenant_id
        AND numbers.id = number_plans.number_id
    WHERE number_plans.tenant_id = $1 AND numbers.phone_number <> $2
        AND number_plans.plan LIKE '%' || $2 || '%'
    ORDER BY numbers.phone_number";

/// The plan of the number `id` from its column.
pub(super) fn read(id: &str, text: &str) -> Result<Plan, Error> {
    let at = RowOf {
        table: "number_plans",
        id,
    };
    let text: PlanText = at.json(text, "the plan of a number")?;
    Ok(text.into())
}

/// Writes the plan of the tenant's number. A number that is not the tenant's,
/// or a plan that names what is not the tenant's, is [`Error::Dangling`].
pub async fn put(
    db: impl Into<Db<'_>>,
    (tenant, number): (TenantId, NumberId),
    plan: &Plan,
    at: Timestamp,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    sqlx::query(PUT)
        .bind(tenant.to_string())
        .bind(number.to_string())
        .bind(json(&PlanText::from(plan)))
        .bind(at.as_ms())
        .execute(&mut *tx)
        .await?;
    for forget in [FORGET, FORGET_FLOWS] {
        sqlx::query(forget)
            .bind(tenant.to_string())
            .bind(number.to_string())
            .execute(&mut *tx)
            .await?;
    }
    for (ordinal, reference) in (0_i64..).zip(plan.references()) {
        match reference {
            Reference::Flow(flow) => refer_to_flow(&mut tx, (tenant, number), flow).await?,
            Reference::Hours(_)
            | Reference::Receptionist(_)
            | Reference::User(_)
            | Reference::Queue(_)
            | Reference::CallerList(_) => {
                refer(&mut tx, (tenant, number), ordinal, reference).await?;
            }
        }
    }
    Ok(tx.commit().await?)
}

const PUT: &str = "
    INSERT INTO number_plans (tenant_id, number_id, plan, updated_at_ms) VALUES ($1, $2, $3, $4)
    ON CONFLICT (number_id) DO UPDATE
        SET plan = excluded.plan, updated_at_ms = excluded.updated_at_ms
        WHERE number_plans.tenant_id = excluded.tenant_id";

const FORGET: &str = "
    DELETE FROM number_plan_references WHERE tenant_id = $1 AND number_id = $2";

const FORGET_FLOWS: &str = "DELETE FROM number_plan_flows WHERE tenant_id = $1 AND number_id = $2";

async fn refer_to_flow(
    tx: &mut AnyConnection,
    (tenant, number): (TenantId, NumberId),
    flow: FlowId,
) -> Result<(), Error> {
    sqlx::query(REFER_TO_FLOW)
        .bind(tenant.to_string())
        .bind(number.to_string())
        .bind(flow.to_string())
        .execute(tx)
        .await?;
    Ok(())
}

const REFER_TO_FLOW: &str = "
    INSERT INTO number_plan_flows (tenant_id, number_id, flow_id) VALUES ($1, $2, $3)
    ON CONFLICT (number_id, flow_id) DO NOTHING";

async fn refer(
    tx: &mut AnyConnection,
    (tenant, number): (TenantId, NumberId),
    ordinal: i64,
    reference: Reference,
) -> Result<(), Error> {
    let [hours, receptionist, user, queue, list, _] = columns(reference);
    sqlx::query(REFER)
        .bind(tenant.to_string())
        .bind(number.to_string())
        .bind(ordinal)
        .bind(hours)
        .bind(receptionist)
        .bind(user)
        .bind(queue)
        .bind(list)
        .execute(tx)
        .await?;
    Ok(())
}

/// The columns that references stand in: the id in one of them.
pub(super) fn columns(reference: Reference) -> [Option<String>; 6] {
    let mut ids = [const { None }; 6];
    let (place, id) = placed(reference);
    ids[place] = Some(id);
    ids
}

/// The column that a reference stands in, and its id.
fn placed(reference: Reference) -> (usize, String) {
    match reference {
        Reference::Hours(id) => (0, id.to_string()),
        Reference::Receptionist(id) => (1, id.to_string()),
        Reference::User(id) => (2, id.to_string()),
        Reference::Queue(id) => (3, id.to_string()),
        Reference::CallerList(id) => (4, id.to_string()),
        Reference::Flow(id) => (5, id.to_string()),
    }
}

const REFER: &str = "
    INSERT INTO number_plan_references (tenant_id, number_id, ordinal, hours_id,
        receptionist_id, user_id, queue_id, list_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Whether the tenant has what a plan names.
pub async fn has(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    reference: Reference,
) -> Result<bool, Error> {
    let mut conn = db.into().read().await?;
    let (place, id) = placed(reference);
    let found: i64 = sqlx::query_scalar(HAS[place])
        .bind(tenant.to_string())
        .bind(id)
        .fetch_one(&mut *conn)
        .await?;
    Ok(found > 0)
}

const HAS: [&str; 6] = [
    "SELECT COUNT(*) FROM hours WHERE tenant_id = $1 AND id = $2",
    "SELECT COUNT(*) FROM receptionists WHERE tenant_id = $1 AND id = $2",
    "SELECT COUNT(*) FROM users WHERE tenant_id = $1 AND id = $2",
    "SELECT COUNT(*) FROM queues WHERE tenant_id = $1 AND id = $2",
    "SELECT COUNT(*) FROM caller_lists WHERE tenant_id = $1 AND id = $2",
    "SELECT COUNT(*) FROM ivr_flows WHERE tenant_id = $1 AND id = $2",
];

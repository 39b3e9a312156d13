//! The secrets of flows: where they are sealed, and those from before they were.

use sqlx::FromRow;

use super::ivr_flows::read;
use super::row::{RowOf, json};
use super::text::FlowText;
use super::{Db, Error, Place, Store};
use crate::domain::TenantId;

/// Where the secrets of a flow are sealed: its versions have the same as its draft.
pub fn place(tenant: TenantId, id: &str) -> Place<'_> {
    Place {
        tenant,
        table: "ivr_flows",
        row: id,
    }
}

/// Seals what any tenant has given before anything was sealed, in drafts and in
/// versions; in how many of them there was something. Nothing without a key.
///
/// One that somebody writes at this moment is left to them.
pub async fn seal_all(store: &Store) -> Result<u64, Error> {
    let mut conn = Db::from(store).read().await?;
    let rows: Vec<FlowRow> = sqlx::query_as(ASKING).fetch_all(&mut *conn).await?;
    drop(conn);
    let mut count = 0;
    for row in rows {
        let at = RowOf {
            table: "ivr_flows",
            id: &row.id,
        };
        let mut flow = read(at, &row.flow)?;
        let place = place(at.parse(&row.tenant_id)?, &row.id);
        let mut is_changed = false;
        for (_, credential) in flow.credentials_mut().filter(|(_, one)| !one.is_sealed()) {
            is_changed |= store.seals().seal_given(&place, credential).is_ok();
        }
        if is_changed {
            let sql = if row.version.is_some() {
                PUT_VERSION
            } else {
                PUT_DRAFT
            };
            let done = sqlx::query(sql)
                .bind(&row.tenant_id)
                .bind(&row.id)
                .bind(&row.flow)
                .bind(json(&FlowText::from(&flow)))
                .bind(row.version)
                .execute(&mut *Db::from(store).write().await?)
                .await?;
            count += done.rows_affected();
        }
    }
    Ok(count)
}

const ASKING: &str = r#"
    SELECT tenant_id, id, NULL AS version, draft AS flow FROM ivr_flows
    WHERE draft LIKE '%"http"%'
    UNION ALL
    SELECT tenant_id, flow_id, version, flow FROM ivr_flow_versions
    WHERE flow LIKE '%"http"%'"#;

const PUT_DRAFT: &str = "
    UPDATE ivr_flows SET draft = $4
    WHERE tenant_id = $1 AND id = $2 AND draft = $3 AND $5 IS NULL";

const PUT_VERSION: &str = "
    UPDATE ivr_flow_versions SET flow = $4
    WHERE tenant_id = $1 AND flow_id = $2 AND flow = $3 AND version = $5";

#[derive(FromRow)]
struct FlowRow {
    tenant_id: String,
    id: String,
    version: Option<i64>,
    flow: String,
}

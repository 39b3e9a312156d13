//! Secrets that tenants have given us: where they are sealed, and those from before they were.

use sqlx::FromRow;

use super::ivr_flows;
use super::row::{RowOf, json};
use super::text::{FlowText, ToolkitText};
use super::{Db, Error, Place, Store};
use crate::domain::{Credential, TenantId, Toolkit};

/// Where the secrets of a flow are sealed: its versions have the same as its draft.
pub fn of_flow(tenant: TenantId, id: &str) -> Place<'_> {
    FLOWS.place(tenant, id)
}

/// Where the secrets of a receptionist are sealed, those of its versions too.
pub fn of_receptionist(tenant: TenantId, id: &str) -> Place<'_> {
    TOOLKITS.place(tenant, id)
}

/// Seals what any tenant has given before it was sealed, in drafts and in
/// versions; in how many of them there was something. Nothing without a key.
///
/// One that somebody writes at this moment is left to them.
pub async fn seal_all(store: &Store) -> Result<u64, Error> {
    Ok(FLOWS.seal(store).await? + TOOLKITS.seal(store).await?)
}

/// A kind of thing with secrets in it, kept as a draft and as versions.
struct Kept {
    table: &'static str,
    /// Those that may have some.
    list: &'static str,
    put_draft: &'static str,
    put_version: &'static str,
    /// The same text with each of its secrets changed so.
    change: fn(RowOf<'_>, &str, &mut dyn FnMut(&mut Credential)) -> Result<String, Error>,
}

static FLOWS: Kept = Kept {
    table: "ivr_flows",
    list: r#"
        SELECT tenant_id, id, NULL AS version, draft AS text FROM ivr_flows
        WHERE draft LIKE '%"http"%'
        UNION ALL
        SELECT tenant_id, flow_id, version, flow FROM ivr_flow_versions
        WHERE flow LIKE '%"http"%'"#,
    put_draft: "
        UPDATE ivr_flows SET draft = $4
        WHERE tenant_id = $1 AND id = $2 AND draft = $3 AND $5 IS NULL",
    put_version: "
        UPDATE ivr_flow_versions SET flow = $4
        WHERE tenant_id = $1 AND flow_id = $2 AND flow = $3 AND version = $5",
    change: |at, text, change| {
        let mut flow = ivr_flows::read(at, text)?;
        flow.credentials_mut().for_each(|(_, one)| change(one));
        Ok(json(&FlowText::from(&flow)))
    },
};

static TOOLKITS: Kept = Kept {
    table: "receptionists",
    list: r#"
        SELECT tenant_id, id, NULL AS version, toolkit AS text FROM receptionists
        WHERE toolkit LIKE '%"value"%' OR toolkit LIKE '%"authorization"%'
        UNION ALL
        SELECT tenant_id, receptionist_id, version, toolkit FROM receptionist_versions
        WHERE toolkit LIKE '%"value"%' OR toolkit LIKE '%"authorization"%'"#,
    put_draft: "
        UPDATE receptionists SET toolkit = $4
        WHERE tenant_id = $1 AND id = $2 AND toolkit = $3 AND $5 IS NULL",
    put_version: "
        UPDATE receptionist_versions SET toolkit = $4
        WHERE tenant_id = $1 AND receptionist_id = $2 AND toolkit = $3 AND version = $5",
    change: |at, text, change| {
        let text: ToolkitText = at.json(text, "a toolkit")?;
        let mut kit = Toolkit::from(text);
        kit.credentials_mut().for_each(|(_, one)| change(one));
        Ok(json(&ToolkitText::from(&kit)))
    },
};

impl Kept {
    fn place<'a>(&self, tenant: TenantId, id: &'a str) -> Place<'a> {
        Place {
            tenant,
            table: self.table,
            row: id,
        }
    }

    async fn seal(&self, store: &Store) -> Result<u64, Error> {
        let mut conn = Db::from(store).read().await?;
        let rows: Vec<KeptRow> = sqlx::query_as(self.list).fetch_all(&mut *conn).await?;
        drop(conn);
        let mut count = 0;
        for row in rows {
            count += self.seal_row(store, &row).await?;
        }
        Ok(count)
    }

    async fn seal_row(&self, store: &Store, row: &KeptRow) -> Result<u64, Error> {
        let at = RowOf {
            table: self.table,
            id: &row.id,
        };
        let place = self.place(at.parse(&row.tenant_id)?, &row.id);
        let mut is_changed = false;
        let text = (self.change)(at, &row.text, &mut |credential| {
            let is_given = !credential.is_sealed();
            is_changed |= is_given && store.seals().seal_given(&place, credential).is_ok();
        })?;
        if !is_changed {
            return Ok(0);
        }
        let sql = if row.version.is_some() {
            self.put_version
        } else {
            self.put_draft
        };
        let done = sqlx::query(sql)
            .bind(&row.tenant_id)
            .bind(&row.id)
            .bind(&row.text)
            .bind(text)
            .bind(row.version)
            .execute(&mut *Db::from(store).write().await?)
            .await?;
        Ok(done.rows_affected())
    }
}

#[derive(FromRow)]
struct KeptRow {
    tenant_id: String,
    id: String,
    version: Option<i64>,
    text: String,
}

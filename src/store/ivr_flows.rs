//! Flows as they are edited, and what they name.

use sqlx::{AnyConnection, Connection, FromRow};

use super::row::{RowOf, json};
use super::text::FlowText;
use super::{Db, Error, Tx, by_id, number_plans, page};
use crate::domain::{FlowId, TenantId, Timestamp};
use crate::routing::Reference;
use crate::routing::ivr::Flow;

/// The columns of a [`DraftRow`].
macro_rules! columns {
    () => {
        "id, tenant_id, name, draft, published_version, is_changed, created_at_ms, updated_at_ms"
    };
}

/// A flow as it is edited; callers meet a
/// [version](super::ivr_flow_versions) of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Its name in the database.
    pub id: FlowId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its name for people.
    pub name: String,
    /// What it would be, were it published now.
    pub flow: Flow,
    /// The version that callers meet; none before the first publication.
    pub published_version: Option<i64>,
    /// Whether it was written since that version.
    pub is_changed: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
}

impl Draft {
    /// One that nobody has published.
    pub fn new(id: FlowId, tenant_id: TenantId, name: String, at: Timestamp) -> Self {
        Self {
            id,
            tenant_id,
            name,
            flow: Flow::default(),
            published_version: None,
            is_changed: true,
            created_at: at,
            updated_at: at,
        }
    }
}

/// Writes a draft down: callers do not meet it before it is
/// [published](super::ivr_flow_versions::publish). A name that the tenant has
/// already is [`Error::Conflict`]; something named that is not the tenant's is
/// [`Error::Dangling`].
pub async fn insert(db: impl Into<Db<'_>>, draft: &Draft) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    sqlx::query(INSERT)
        .bind(draft.id.to_string())
        .bind(draft.tenant_id.to_string())
        .bind(&draft.name)
        .bind(json(&FlowText::from(&draft.flow)))
        .bind(draft.created_at.as_ms())
        .execute(&mut *tx)
        .await?;
    refer_anew(&mut tx, (draft.tenant_id, draft.id), true, &draft.flow).await?;
    Ok(tx.commit().await?)
}

const INSERT: &str = "
    INSERT INTO ivr_flows (id, tenant_id, name, draft, is_changed, created_at_ms, updated_at_ms)
    VALUES ($1, $2, $3, $4, 1, $5, $5)";

/// The tenant's flow of that id.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: FlowId,
) -> Result<Option<Draft>, Error> {
    by_id::find::<DraftRow, _>(db, FIND, tenant, id).await
}

const FIND: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM ivr_flows WHERE tenant_id = $1 AND id = $2"
);

/// The same, which nobody else changes until `tx` is over.
pub async fn lock(tx: &mut Tx, tenant: TenantId, id: FlowId) -> Result<Option<Draft>, Error> {
    by_id::lock(tx, LOCK, tenant, id).await?;
    find(tx, tenant, id).await
}

const LOCK: &str = "UPDATE ivr_flows SET id = id WHERE tenant_id = $1 AND id = $2";

/// The tenant's flows, newest first.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    page: &page::Request,
) -> Result<page::Page<Draft>, Error> {
    page::of_tenant(db, LIST, tenant, page, |row: &DraftRow| {
        (row.created_at_ms, &row.id)
    })
    .await
}

const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM ivr_flows WHERE tenant_id = $1 AND (created_at_ms, id) < ($2, $3)
    ORDER BY created_at_ms DESC, id DESC LIMIT $4"
);

/// Writes name and draft of the tenant's flow of that id; whether there is one.
/// Callers notice nothing.
pub async fn update(
    db: impl Into<Db<'_>>,
    draft: &Draft,
    updated_at: Timestamp,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    let done = sqlx::query(UPDATE)
        .bind(draft.id.to_string())
        .bind(draft.tenant_id.to_string())
        .bind(&draft.name)
        .bind(json(&FlowText::from(&draft.flow)))
        .bind(updated_at.as_ms())
        .execute(&mut *tx)
        .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    refer_anew(&mut tx, (draft.tenant_id, draft.id), true, &draft.flow).await?;
    tx.commit().await?;
    Ok(true)
}

const UPDATE: &str = "
    UPDATE ivr_flows SET name = $3, draft = $4, is_changed = 1, updated_at_ms = $5
    WHERE id = $1 AND tenant_id = $2";

/// Deletes the tenant's flow of that id with all its versions; whether there
/// was one. One that a plan leads into is [`Error::Dangling`].
pub async fn delete(db: impl Into<Db<'_>>, tenant: TenantId, id: FlowId) -> Result<bool, Error> {
    by_id::delete(db, DELETE, tenant, id).await
}

const DELETE: &str = "DELETE FROM ivr_flows WHERE tenant_id = $1 AND id = $2";

/// Writes down what a flow names, as a draft or as callers meet it.
pub(super) async fn refer_anew(
    tx: &mut AnyConnection,
    (tenant, id): (TenantId, FlowId),
    is_draft: bool,
    flow: &Flow,
) -> Result<(), Error> {
    sqlx::query(FORGET)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(i64::from(is_draft))
        .execute(&mut *tx)
        .await?;
    let mut references: Vec<Reference> =
        flow.references().into_iter().map(|(_, one)| one).collect();
    references.sort_unstable();
    references.dedup();
    for (ordinal, reference) in (0_i64..).zip(references) {
        let [hours, receptionist, user, queue, ..] = number_plans::columns(reference);
        sqlx::query(REFER)
            .bind(tenant.to_string())
            .bind(id.to_string())
            .bind(i64::from(is_draft))
            .bind(ordinal)
            .bind(hours)
            .bind(receptionist)
            .bind(user)
            .bind(queue)
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

const FORGET: &str = "
    DELETE FROM ivr_flow_references WHERE tenant_id = $1 AND flow_id = $2 AND is_draft = $3";

const REFER: &str = "
    INSERT INTO ivr_flow_references (tenant_id, flow_id, is_draft, ordinal, hours_id,
        receptionist_id, user_id, queue_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// The flow of a column.
pub(super) fn read(at: RowOf<'_>, text: &str) -> Result<Flow, Error> {
    let text: FlowText = at.json(text, "a flow")?;
    Ok(text.into())
}

#[derive(FromRow)]
struct DraftRow {
    id: String,
    tenant_id: String,
    name: String,
    draft: String,
    published_version: Option<i64>,
    is_changed: i64,
    created_at_ms: i64,
    updated_at_ms: i64,
}

impl TryFrom<DraftRow> for Draft {
    type Error = Error;

    fn try_from(row: DraftRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "ivr_flows",
            id: &row.id,
        };
        Ok(Self {
            id: at.parse(&row.id)?,
            tenant_id: at.parse(&row.tenant_id)?,
            flow: read(at, &row.draft)?,
            published_version: row.published_version,
            is_changed: at.truth(row.is_changed)?,
            created_at: Timestamp::from_ms(row.created_at_ms),
            updated_at: Timestamp::from_ms(row.updated_at_ms),
            name: row.name,
        })
    }
}

//! Opening hours under their names.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, FromRow};

use super::row::{RowOf, json};
use super::text::HoursText;
use super::{Db, Error, by_id, page};
use crate::domain::{Hours, HoursId, HoursPlan, TenantId, Timestamp};

/// The columns of an [`HoursRow`].
macro_rules! columns {
    () => {
        "id, tenant_id, name, time_zone, week, exceptions, created_at_ms"
    };
}

/// Writes hours down. A name that the tenant has already is [`Error::Conflict`].
pub async fn insert(db: impl Into<Db<'_>>, hours: &Hours) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    write(INSERT, hours, hours.created_at)
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const INSERT: &str = "
    INSERT INTO hours (id, tenant_id, name, time_zone, week, exceptions, created_at_ms,
        updated_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $7)";

/// The tenant's hours of that id.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: HoursId,
) -> Result<Option<Hours>, Error> {
    by_id::find::<HoursRow, _>(db, FIND, tenant, id).await
}

const FIND: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM hours WHERE tenant_id = $1 AND id = $2"
);

/// The tenant's hours, newest first.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    page: &page::Request,
) -> Result<page::Page<Hours>, Error> {
    page::of_tenant(db, LIST, tenant, page, |row: &HoursRow| {
        (row.created_at_ms, &row.id)
    })
    .await
}

const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM hours WHERE tenant_id = $1 AND (created_at_ms, id) < ($2, $3)
    ORDER BY created_at_ms DESC, id DESC LIMIT $4"
);

/// Writes name and times of the tenant's hours of that id; whether there are
/// any.
pub async fn update(
    db: impl Into<Db<'_>>,
    hours: &Hours,
    updated_at: Timestamp,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = write(UPDATE, hours, updated_at).execute(&mut *conn).await?;
    Ok(done.rows_affected() == 1)
}

const UPDATE: &str = "
    UPDATE hours SET name = $3, time_zone = $4, week = $5, exceptions = $6, updated_at_ms = $7
    WHERE id = $1 AND tenant_id = $2";

/// Deletes the tenant's hours; whether there were any. Those that a plan names
/// are [`Error::Dangling`].
pub async fn delete(db: impl Into<Db<'_>>, tenant: TenantId, id: HoursId) -> Result<bool, Error> {
    by_id::delete(db, DELETE, tenant, id).await
}

const DELETE: &str = "DELETE FROM hours WHERE tenant_id = $1 AND id = $2";

fn write(sql: &'static str, hours: &Hours, at: Timestamp) -> Query<'static, Any, AnyArguments> {
    let text = HoursText::from(&hours.plan);
    sqlx::query(sql)
        .bind(hours.id.to_string())
        .bind(hours.tenant_id.to_string())
        .bind(hours.name.clone())
        .bind(hours.plan.zone.to_string())
        .bind(json(&text.week))
        .bind(json(&text.exceptions))
        .bind(at.as_ms())
}

/// A row, also as part of what [`super::routing_facts`] finds.
#[derive(FromRow)]
pub(super) struct HoursRow {
    pub(super) id: String,
    pub(super) tenant_id: String,
    pub(super) name: String,
    pub(super) time_zone: String,
    pub(super) week: String,
    pub(super) exceptions: String,
    pub(super) created_at_ms: i64,
}

impl TryFrom<HoursRow> for Hours {
    type Error = Error;

    fn try_from(row: HoursRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "hours",
            id: &row.id,
        };
        let text = HoursText {
            week: at.json(&row.week, "the spans of a week")?,
            exceptions: at.json(&row.exceptions, "a list of exceptions")?,
        };
        let plan: HoursPlan = text
            .into_plan(at.parse(&row.time_zone)?)
            .map_err(|(_, error)| at.corrupt(error))?;
        Ok(Self {
            id: at.parse(&row.id)?,
            tenant_id: at.parse(&row.tenant_id)?,
            plan,
            created_at: Timestamp::from_ms(row.created_at_ms),
            name: row.name,
        })
    }
}

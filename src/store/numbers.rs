//! Telephone numbers, and who answers when one is rung.

use sqlx::FromRow;

use super::receptionist_row::{ReceptionistRow, columns};
use super::row::RowOf;
use super::{Db, Error, page, seed};
use crate::domain::{Number, NumberId, PhoneNumber, Receptionist, Tenant, TenantId, Timestamp};

/// Gives a tenant a number. One that anybody has already is
/// [`Error::Conflict`]; a receptionist that is not the tenant's is
/// [`Error::Dangling`].
pub async fn insert(
    db: impl Into<Db<'_>>,
    number: &Number,
    created_at: Timestamp,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(INSERT)
        .bind(number.id.to_string())
        .bind(number.tenant_id.to_string())
        .bind(number.phone_number.as_str())
        .bind(number.receptionist_id.map(|id| id.to_string()))
        .bind(created_at.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const INSERT: &str = "
    INSERT INTO numbers (id, tenant_id, phone_number, receptionist_id, created_at_ms)
    VALUES ($1, $2, $3, $4, $5)";

/// The tenant's number of that id.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: NumberId,
) -> Result<Option<Number>, Error> {
    let mut conn = db.into().read().await?;
    let row: Option<NumberRow> = sqlx::query_as(FIND)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .fetch_optional(&mut *conn)
        .await?;
    row.map(Number::try_from).transpose()
}

const FIND: &str = "
    SELECT id, tenant_id, phone_number, receptionist_id, created_at_ms
    FROM numbers WHERE tenant_id = $1 AND id = $2";

/// Whose number that is. For the carrier, who knows no tenant.
pub async fn find_by_phone_number(
    db: impl Into<Db<'_>>,
    phone_number: &PhoneNumber,
) -> Result<Option<Number>, Error> {
    let mut conn = db.into().read().await?;
    let row: Option<NumberRow> = sqlx::query_as(FIND_BY_PHONE_NUMBER)
        .bind(phone_number.as_str())
        .fetch_optional(&mut *conn)
        .await?;
    row.map(Number::try_from).transpose()
}

const FIND_BY_PHONE_NUMBER: &str = "
    SELECT id, tenant_id, phone_number, receptionist_id, created_at_ms
    FROM numbers WHERE phone_number = $1";

/// The tenant's numbers, newest first.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    page: &page::Request,
) -> Result<page::Page<Number>, Error> {
    page::of_tenant(db, LIST, tenant, page, |row: &NumberRow| {
        (row.created_at_ms, &row.id)
    })
    .await
}

const LIST: &str = "
    SELECT id, tenant_id, phone_number, receptionist_id, created_at_ms
    FROM numbers WHERE tenant_id = $1 AND (created_at_ms, id) < ($2, $3)
    ORDER BY created_at_ms DESC, id DESC LIMIT $4";

/// Writes who answers the tenant's number of that id; whether there is one.
pub async fn update(db: impl Into<Db<'_>>, number: &Number) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(UPDATE)
        .bind(number.tenant_id.to_string())
        .bind(number.id.to_string())
        .bind(number.receptionist_id.map(|id| id.to_string()))
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const UPDATE: &str = "UPDATE numbers SET receptionist_id = $3 WHERE tenant_id = $1 AND id = $2";

/// Takes a number from its tenant; whether there was one.
pub async fn delete(db: impl Into<Db<'_>>, tenant: TenantId, id: NumberId) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(DELETE)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const DELETE: &str = "DELETE FROM numbers WHERE tenant_id = $1 AND id = $2";

/// Who answers when `to` is rung, in one round trip: the number's
/// receptionist, else its tenant's default, else the default tenant's
/// default, as it was last published; one that never was does not answer. The
/// tenant is the receptionist's. For the carrier, who knows no tenant.
///
/// None only if the database was not [seeded](super::Store::seed_defaults).
pub async fn answering(
    db: impl Into<Db<'_>>,
    to: Option<&PhoneNumber>,
) -> Result<Option<(Tenant, Receptionist)>, Error> {
    let mut conn = db.into().read().await?;
    let row: Option<AnsweringRow> = sqlx::query_as(ANSWERING)
        .bind(to.map(PhoneNumber::as_str))
        .bind(seed::tenant_id().to_string())
        .fetch_optional(&mut *conn)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let receptionist = Receptionist::try_from(row.receptionist)?;
    let id = receptionist.tenant_id.to_string();
    let at = RowOf {
        table: "tenants",
        id: &id,
    };
    let tenant = Tenant {
        id: receptionist.tenant_id,
        name: row.tenant_name,
        time_zone: row.tenant_time_zone,
        default_receptionist: at.parse_opt(row.tenant_default.as_deref())?,
    };
    Ok(Some((tenant, receptionist)))
}

const ANSWERING: &str = concat!(
    "SELECT ",
    columns!(),
    ", tenant_name, tenant_time_zone, tenant_default
    FROM (
        SELECT numbers.receptionist_id AS answering_id,
            tenants.name AS tenant_name, tenants.time_zone AS tenant_time_zone,
            defaults.receptionist_id AS tenant_default, 0 AS detour
        FROM numbers
        JOIN tenants ON tenants.id = numbers.tenant_id
        LEFT JOIN default_receptionists AS defaults ON defaults.tenant_id = tenants.id
        WHERE numbers.phone_number = $1
        UNION ALL
        SELECT defaults.receptionist_id, tenants.name, tenants.time_zone,
            defaults.receptionist_id, 1
        FROM numbers
        JOIN tenants ON tenants.id = numbers.tenant_id
        JOIN default_receptionists AS defaults ON defaults.tenant_id = tenants.id
        WHERE numbers.phone_number = $1
        UNION ALL
        SELECT defaults.receptionist_id, tenants.name, tenants.time_zone,
            defaults.receptionist_id, 2
        FROM tenants
        JOIN default_receptionists AS defaults ON defaults.tenant_id = tenants.id
        WHERE tenants.id = $2
    ) AS candidates
    JOIN published_receptionists ON id = answering_id
    ORDER BY detour LIMIT 1"
);

#[derive(FromRow)]
struct AnsweringRow {
    #[sqlx(flatten)]
    receptionist: ReceptionistRow,
    tenant_name: String,
    tenant_time_zone: String,
    tenant_default: Option<String>,
}

#[derive(FromRow)]
struct NumberRow {
    id: String,
    tenant_id: String,
    phone_number: String,
    receptionist_id: Option<String>,
    created_at_ms: i64,
}

impl TryFrom<NumberRow> for Number {
    type Error = Error;

    fn try_from(row: NumberRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "numbers",
            id: &row.id,
        };
        Ok(Self {
            id: at.parse(&row.id)?,
            tenant_id: at.parse(&row.tenant_id)?,
            phone_number: at.parse(&row.phone_number)?,
            receptionist_id: at.parse_opt(row.receptionist_id.as_deref())?,
        })
    }
}

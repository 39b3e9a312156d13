//! Who does not want to be written to.

use sqlx::FromRow;

use super::row::RowOf;
use super::{Db, Error, by_id, page};
use crate::domain::{OptOut, OptOutSource, PhoneNumber, TenantId, Timestamp};

/// Notes that somebody does not want to be written to by the tenant. What they
/// said themselves counts more than what a member was told.
pub async fn put(db: impl Into<Db<'_>>, tenant: TenantId, opt_out: &OptOut) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(PUT)
        .bind(tenant.to_string())
        .bind(opt_out.phone_number.as_str())
        .bind(opt_out.source.as_str())
        .bind(opt_out.created_at.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const PUT: &str = "
    INSERT INTO sms_opt_outs (tenant_id, phone_number, source, created_at_ms)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant_id, phone_number) DO UPDATE SET source = excluded.source
        WHERE sms_opt_outs.source = 'member'";

/// Whether and why that number is not written to by the tenant.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    phone_number: &PhoneNumber,
) -> Result<Option<OptOut>, Error> {
    by_id::find::<OptOutRow, _>(db, FIND, tenant, phone_number.as_str()).await
}

const FIND: &str = "
    SELECT phone_number, source, created_at_ms FROM sms_opt_outs
    WHERE tenant_id = $1 AND phone_number = $2";

/// That number may be written to by the tenant again, unless somebody other
/// than `source` has said the contrary. Whether it might not.
pub async fn delete(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    phone_number: &PhoneNumber,
    source: Option<OptOutSource>,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(DELETE)
        .bind(tenant.to_string())
        .bind(phone_number.as_str())
        .bind(source.map(OptOutSource::as_str))
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const DELETE: &str = "
    DELETE FROM sms_opt_outs
    WHERE tenant_id = $1 AND phone_number = $2 AND ($3 IS NULL OR source = $3)";

/// Everybody who is not written to by the tenant, newest first.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    page: &page::Request,
) -> Result<page::Page<OptOut>, Error> {
    page::of_tenant(db, LIST, tenant, page, |row: &OptOutRow| {
        (row.created_at_ms, &row.phone_number[1..])
    })
    .await
}

// A cursor has letters and digits only: a number goes into it without its +.
const LIST: &str = "
    SELECT phone_number, source, created_at_ms FROM sms_opt_outs
    WHERE tenant_id = $1 AND (created_at_ms, phone_number) < ($2, '+' || $3)
    ORDER BY created_at_ms DESC, phone_number DESC LIMIT $4";

#[derive(FromRow)]
struct OptOutRow {
    phone_number: String,
    source: String,
    created_at_ms: i64,
}

impl TryFrom<OptOutRow> for OptOut {
    type Error = Error;

    fn try_from(row: OptOutRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "sms_opt_outs",
            id: &row.phone_number,
        };
        let source: OptOutSource = at.parse(&row.source)?;
        Ok(Self {
            phone_number: at.parse(&row.phone_number)?,
            source,
            created_at: Timestamp::from_ms(row.created_at_ms),
        })
    }
}

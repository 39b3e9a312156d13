//! Lists of callers, and the numbers on them.

use sqlx::FromRow;

use super::row::RowOf;
use super::{Db, Error, by_id, page};
use crate::domain::{CallerList, CallerListId, PhoneNumber, TenantId, Timestamp};

/// Begins a list. A name that the tenant has already is [`Error::Conflict`].
pub async fn insert(db: impl Into<Db<'_>>, list: &CallerList) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(INSERT)
        .bind(list.id.to_string())
        .bind(list.tenant_id.to_string())
        .bind(&list.name)
        .bind(list.kind.as_str())
        .bind(list.created_at.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const INSERT: &str = "
    INSERT INTO caller_lists (id, tenant_id, name, kind, created_at_ms)
    VALUES ($1, $2, $3, $4, $5)";

/// The tenant's list of that id.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: CallerListId,
) -> Result<Option<CallerList>, Error> {
    by_id::find::<ListRow, _>(db, FIND, tenant, id).await
}

const FIND: &str = "
    SELECT id, tenant_id, name, kind, created_at_ms
    FROM caller_lists WHERE tenant_id = $1 AND id = $2";

/// The tenant's lists, newest first.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    page: &page::Request,
) -> Result<page::Page<CallerList>, Error> {
    page::of_tenant(db, LIST, tenant, page, |row: &ListRow| {
        (row.created_at_ms, &row.id)
    })
    .await
}

const LIST: &str = "
    SELECT id, tenant_id, name, kind, created_at_ms
    FROM caller_lists WHERE tenant_id = $1 AND (created_at_ms, id) < ($2, $3)
    ORDER BY created_at_ms DESC, id DESC LIMIT $4";

/// Drops the tenant's list with all its numbers; whether there was one. One
/// that a plan names is [`Error::Dangling`].
pub async fn delete(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: CallerListId,
) -> Result<bool, Error> {
    by_id::delete(db, DELETE, tenant, id).await
}

const DELETE: &str = "DELETE FROM caller_lists WHERE tenant_id = $1 AND id = $2";

/// Puts a number on the tenant's list; once, however often it is done. A list
/// that is not the tenant's is [`Error::Dangling`].
pub async fn add(
    db: impl Into<Db<'_>>,
    (tenant, id): (TenantId, CallerListId),
    number: &PhoneNumber,
    at: Timestamp,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(ADD)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(number.as_str())
        .bind(at.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const ADD: &str = "
    INSERT INTO caller_list_members (tenant_id, list_id, phone_number, created_at_ms)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (list_id, phone_number) DO NOTHING";

/// Takes a number off the tenant's list; whether it was on it.
pub async fn remove(
    db: impl Into<Db<'_>>,
    (tenant, id): (TenantId, CallerListId),
    number: &PhoneNumber,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(REMOVE)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(number.as_str())
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const REMOVE: &str = "
    DELETE FROM caller_list_members
    WHERE tenant_id = $1 AND list_id = $2 AND phone_number = $3";

/// A number on a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    /// The number.
    pub phone_number: PhoneNumber,
    /// Since when it is on the list.
    pub created_at: Timestamp,
}

/// The numbers on the tenant's list, newest first.
pub async fn list_members(
    db: impl Into<Db<'_>>,
    (tenant, id): (TenantId, CallerListId),
    page: &page::Request,
) -> Result<page::Page<Member>, Error> {
    let (at, number) = page.key();
    let mut conn = db.into().read().await?;
    let rows: Vec<MemberRow> = sqlx::query_as(LIST_MEMBERS)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(at)
        .bind(number)
        .bind(page.rows())
        .fetch_all(&mut *conn)
        .await?;
    // A cursor holds no `+`.
    page.page(rows, |row| {
        (row.created_at_ms, row.phone_number.trim_start_matches('+'))
    })
}

const LIST_MEMBERS: &str = "
    SELECT phone_number, created_at_ms FROM caller_list_members
    WHERE tenant_id = $1 AND list_id = $2
        AND (created_at_ms, SUBSTR(phone_number, 2)) < ($3, $4)
    ORDER BY created_at_ms DESC, SUBSTR(phone_number, 2) DESC LIMIT $5";

#[derive(FromRow)]
struct MemberRow {
    phone_number: String,
    created_at_ms: i64,
}

impl TryFrom<MemberRow> for Member {
    type Error = Error;

    fn try_from(row: MemberRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "caller_list_members",
            id: "of a list",
        };
        Ok(Self {
            phone_number: at.parse(&row.phone_number)?,
            created_at: Timestamp::from_ms(row.created_at_ms),
        })
    }
}

#[derive(FromRow)]
struct ListRow {
    id: String,
    tenant_id: String,
    name: String,
    kind: String,
    created_at_ms: i64,
}

impl TryFrom<ListRow> for CallerList {
    type Error = Error;

    fn try_from(row: ListRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "caller_lists",
            id: &row.id,
        };
        Ok(Self {
            id: at.parse(&row.id)?,
            tenant_id: at.parse(&row.tenant_id)?,
            kind: at.parse(&row.kind)?,
            created_at: Timestamp::from_ms(row.created_at_ms),
            name: row.name,
        })
    }
}

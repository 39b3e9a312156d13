//! The people who work for a tenant.

use sqlx::FromRow;

use super::row::RowOf;
use super::{Db, Error, Tx, by_id, page, tenants};
use crate::domain::{PhoneNumber, TenantId, Timestamp, User, UserId};

/// The columns of a [`UserRow`].
macro_rules! columns {
    () => {
        "id, tenant_id, email, name, role, subject, phone_number, is_active, created_at_ms"
    };
}

/// Takes somebody in. An address or a subject that somebody else of the tenant has already
/// is [`Error::Conflict`].
pub async fn insert(db: impl Into<Db<'_>>, user: &User) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(INSERT)
        .bind(user.id.to_string())
        .bind(user.tenant_id.to_string())
        .bind(user.email.as_str())
        .bind(&user.name)
        .bind(user.role.as_str())
        .bind(&user.subject)
        .bind(user.phone_number.as_ref().map(PhoneNumber::as_str))
        .bind(i64::from(user.is_active))
        .bind(user.created_at.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const INSERT: &str = "
    INSERT INTO users (id, tenant_id, email, name, role, subject, phone_number, is_active,
        created_at_ms, updated_at_ms, former_subject)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $1)";

/// The tenant's member of that id.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: UserId,
) -> Result<Option<User>, Error> {
    by_id::find::<UserRow, _>(db, FIND, tenant, id).await
}

const FIND: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users WHERE tenant_id = $1 AND id = $2"
);

/// The same. Who would change any other member of the tenant waits until `tx` is
/// over: of two owners who step down at one time, one stays.
pub async fn lock(tx: &mut Tx, tenant: TenantId, id: UserId) -> Result<Option<User>, Error> {
    tenants::hold(tx, tenant).await?;
    find(tx, tenant, id).await
}

/// The active members whom a token names, or two of them; at most one where it names the
/// tenant too. For somebody whose tenant is not known yet: it is the member's.
pub async fn list_by_subject(
    db: impl Into<Db<'_>>,
    subject: &str,
    tenant: Option<TenantId>,
) -> Result<Vec<User>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<UserRow> = sqlx::query_as(LIST_BY_SUBJECT)
        .bind(subject)
        .bind(tenant.map(|id| id.to_string()))
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(User::try_from).collect()
}

const LIST_BY_SUBJECT: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users WHERE subject = $1 AND is_active = 1 AND ($2 IS NULL OR tenant_id = $2) LIMIT 2"
);

/// The tenant's members, newest first.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    page: &page::Request,
) -> Result<page::Page<User>, Error> {
    page::of_tenant(db, LIST, tenant, page, |row: &UserRow| {
        (row.created_at_ms, &row.id)
    })
    .await
}

const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users WHERE tenant_id = $1 AND (created_at_ms, id) < ($2, $3)
    ORDER BY created_at_ms DESC, id DESC LIMIT $4"
);

/// Writes every field of the tenant's member of that id, but for whose they
/// are, who they are by their tokens, and since when. Whether that was done:
/// not where there is no such member, and not where the tenant would be left
/// without an active owner.
pub async fn update(
    db: impl Into<Db<'_>>,
    user: &User,
    updated_at: Timestamp,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(UPDATE)
        .bind(user.tenant_id.to_string())
        .bind(user.id.to_string())
        .bind(user.email.as_str())
        .bind(&user.name)
        .bind(user.role.as_str())
        .bind(user.phone_number.as_ref().map(PhoneNumber::as_str))
        .bind(i64::from(user.is_active))
        .bind(updated_at.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const UPDATE: &str = "
    UPDATE users SET email = $3, name = $4, role = $5, phone_number = $6, is_active = $7,
        updated_at_ms = $8
    WHERE tenant_id = $1 AND id = $2
        AND (($5 = 'owner' AND $7 = 1) OR EXISTS (
            SELECT 1 FROM users AS others WHERE others.tenant_id = $1 AND others.id <> $2
                AND others.role = 'owner' AND others.is_active = 1)
            OR NOT (role = 'owner' AND is_active = 1))";

/// Lets the tenant's member go, unless it is the last active owner. Whether
/// somebody went.
pub async fn delete(db: impl Into<Db<'_>>, tenant: TenantId, id: UserId) -> Result<bool, Error> {
    by_id::delete(db, DELETE, tenant, id).await
}

const DELETE: &str = "
    DELETE FROM users WHERE tenant_id = $1 AND id = $2
        AND (EXISTS (
            SELECT 1 FROM users AS others WHERE others.tenant_id = $1 AND others.id <> $2
                AND others.role = 'owner' AND others.is_active = 1)
            OR NOT (role = 'owner' AND is_active = 1))";

#[derive(FromRow)]
struct UserRow {
    id: String,
    tenant_id: String,
    email: String,
    name: String,
    role: String,
    subject: String,
    phone_number: Option<String>,
    is_active: i64,
    created_at_ms: i64,
}

impl TryFrom<UserRow> for User {
    type Error = Error;

    fn try_from(row: UserRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "users",
            id: &row.id,
        };
        Ok(Self {
            id: at.parse(&row.id)?,
            tenant_id: at.parse(&row.tenant_id)?,
            email: at.parse(&row.email)?,
            role: at.parse(&row.role)?,
            phone_number: at.parse_opt(row.phone_number.as_deref())?,
            is_active: at.truth(row.is_active)?,
            created_at: Timestamp::from_ms(row.created_at_ms),
            name: row.name,
            subject: row.subject,
        })
    }
}

//! Queues, and who answers them.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, Connection, FromRow};

use super::row::{RowOf, millis};
use super::{Db, Error, Tx, by_id, page};
use crate::domain::{PhoneNumber, Queue, QueueId, TenantId, Timestamp, UserId};

/// The columns of a [`QueueRow`]. Two databases have two words for putting
/// rows into one text, so the members come by themselves.
macro_rules! columns {
    () => {
        "id, tenant_id, name, hold_music_url, announces_position, announces_wait, max_wait_ms, \
         max_size, created_at_ms"
    };
}

/// Sets a queue up. A name that the tenant has already is [`Error::Conflict`];
/// a member that is not the tenant's is [`Error::Dangling`].
pub async fn insert(db: impl Into<Db<'_>>, queue: &Queue) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    write(INSERT, queue, queue.created_at)
        .execute(&mut *tx)
        .await?;
    write_members(&mut tx, queue).await?;
    Ok(tx.commit().await?)
}

const INSERT: &str = "
    INSERT INTO queues (id, tenant_id, name, hold_music_url, announces_position, announces_wait,
        max_wait_ms, max_size, created_at_ms, updated_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)";

/// The tenant's queue of that id.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: QueueId,
) -> Result<Option<Queue>, Error> {
    let mut conn = db.into().read().await?;
    let row: Option<QueueRow> = sqlx::query_as(FIND)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .fetch_optional(&mut *conn)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let mut queue = Queue::try_from(row)?;
    queue.members = members(&mut conn, &queue).await?;
    Ok(Some(queue))
}

const FIND: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM queues WHERE tenant_id = $1 AND id = $2"
);

/// The same, which nobody else changes until `tx` is over.
pub async fn lock(tx: &mut Tx, tenant: TenantId, id: QueueId) -> Result<Option<Queue>, Error> {
    by_id::lock(tx, LOCK, tenant, id).await?;
    find(tx, tenant, id).await
}

const LOCK: &str = "UPDATE queues SET id = id WHERE tenant_id = $1 AND id = $2";

/// The tenant's queues, newest first.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    page: &page::Request,
) -> Result<page::Page<Queue>, Error> {
    let (at, id) = page.key();
    let mut conn = db.into().read().await?;
    let rows: Vec<QueueRow> = sqlx::query_as(LIST)
        .bind(tenant.to_string())
        .bind(at)
        .bind(id)
        .bind(page.rows())
        .fetch_all(&mut *conn)
        .await?;
    let mut page: page::Page<Queue> = page.page(rows, |row| (row.created_at_ms, &row.id))?;
    for queue in &mut page.items {
        queue.members = members(&mut conn, queue).await?;
    }
    Ok(page)
}

const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM queues WHERE tenant_id = $1 AND (created_at_ms, id) < ($2, $3)
    ORDER BY created_at_ms DESC, id DESC LIMIT $4"
);

/// Writes everything about the tenant's queue of that id; whether there is
/// one. A member that is not the tenant's is [`Error::Dangling`].
pub async fn update(
    db: impl Into<Db<'_>>,
    queue: &Queue,
    updated_at: Timestamp,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    let done = write(UPDATE, queue, updated_at).execute(&mut *tx).await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query(DELETE_MEMBERS)
        .bind(queue.tenant_id.to_string())
        .bind(queue.id.to_string())
        .execute(&mut *tx)
        .await?;
    write_members(&mut tx, queue).await?;
    tx.commit().await?;
    Ok(true)
}

const UPDATE: &str = "
    UPDATE queues SET name = $3, hold_music_url = $4, announces_position = $5,
        announces_wait = $6, max_wait_ms = $7, max_size = $8, updated_at_ms = $9
    WHERE id = $1 AND tenant_id = $2";

const DELETE_MEMBERS: &str = "DELETE FROM queue_members WHERE tenant_id = $1 AND queue_id = $2";

/// Takes the tenant's queue down; whether there was one. One that a plan names
/// is [`Error::Dangling`].
pub async fn delete(db: impl Into<Db<'_>>, tenant: TenantId, id: QueueId) -> Result<bool, Error> {
    by_id::delete(db, DELETE, tenant, id).await
}

const DELETE: &str = "DELETE FROM queues WHERE tenant_id = $1 AND id = $2";

/// The queue of that id and whose it is, if one of its members who work has
/// this number. For the carrier, who knows no tenant.
pub async fn find_for_member(
    db: impl Into<Db<'_>>,
    id: QueueId,
    member: &PhoneNumber,
) -> Result<Option<(TenantId, UserId)>, Error> {
    let mut conn = db.into().read().await?;
    let found: Option<(String, String)> = sqlx::query_as(FIND_FOR_MEMBER)
        .bind(id.to_string())
        .bind(member.as_str())
        .fetch_optional(&mut *conn)
        .await?;
    let id = id.to_string();
    let at = RowOf {
        table: "queues",
        id: &id,
    };
    let parsed = found.map(|(tenant, user)| Ok((at.parse(&tenant)?, at.parse(&user)?)));
    parsed.transpose()
}

const FIND_FOR_MEMBER: &str = "
    SELECT members.tenant_id, members.user_id FROM queue_members AS members
    JOIN users ON users.tenant_id = members.tenant_id AND users.id = members.user_id
    WHERE members.queue_id = $1 AND users.phone_number = $2 AND users.is_active = 1 LIMIT 1";

/// The queues of which that member of the tenant's is one, by name.
pub async fn list_of_member(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    member: UserId,
) -> Result<Vec<(QueueId, String)>, Error> {
    let mut conn = db.into().read().await?;
    let found: Vec<(String, String)> = sqlx::query_as(LIST_OF_MEMBER)
        .bind(tenant.to_string())
        .bind(member.to_string())
        .fetch_all(&mut *conn)
        .await?;
    let read = |(id, name): (String, String)| {
        let at = RowOf {
            table: "queues",
            id: &id,
        };
        Ok((at.parse(&id)?, name))
    };
    found.into_iter().map(read).collect()
}

const LIST_OF_MEMBER: &str = "
    SELECT queues.id, queues.name FROM queue_members AS members
    JOIN queues ON queues.tenant_id = members.tenant_id AND queues.id = members.queue_id
    WHERE members.tenant_id = $1 AND members.user_id = $2 ORDER BY queues.name";

async fn members(conn: &mut AnyConnection, queue: &Queue) -> Result<Vec<UserId>, Error> {
    let id = queue.id.to_string();
    let members: Vec<String> = sqlx::query_scalar(MEMBERS)
        .bind(queue.tenant_id.to_string())
        .bind(&id)
        .fetch_all(conn)
        .await?;
    let at = RowOf {
        table: "queue_members",
        id: &id,
    };
    members.iter().map(|member| at.parse(member)).collect()
}

const MEMBERS: &str = "
    SELECT user_id FROM queue_members WHERE tenant_id = $1 AND queue_id = $2 ORDER BY user_id";

async fn write_members(tx: &mut AnyConnection, queue: &Queue) -> Result<(), Error> {
    for member in &queue.members {
        sqlx::query(INSERT_MEMBER)
            .bind(queue.tenant_id.to_string())
            .bind(queue.id.to_string())
            .bind(member.to_string())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

const INSERT_MEMBER: &str = "
    INSERT INTO queue_members (tenant_id, queue_id, user_id) VALUES ($1, $2, $3)
    ON CONFLICT (queue_id, user_id) DO NOTHING";

fn write(sql: &'static str, queue: &Queue, at: Timestamp) -> Query<'static, Any, AnyArguments> {
    sqlx::query(sql)
        .bind(queue.id.to_string())
        .bind(queue.tenant_id.to_string())
        .bind(queue.name.clone())
        .bind(queue.hold_music_url.clone())
        .bind(i64::from(queue.announces_position))
        .bind(i64::from(queue.announces_wait))
        .bind(millis(queue.max_wait))
        .bind(i64::from(queue.max_size))
        .bind(at.as_ms())
}

/// A row, also as part of what [`super::routing_facts`] finds.
#[derive(FromRow)]
pub(super) struct QueueRow {
    pub(super) id: String,
    pub(super) tenant_id: String,
    pub(super) name: String,
    pub(super) hold_music_url: Option<String>,
    pub(super) announces_position: i64,
    pub(super) announces_wait: i64,
    pub(super) max_wait_ms: i64,
    pub(super) max_size: i64,
    pub(super) created_at_ms: i64,
}

/// A queue whose members are not known yet.
impl TryFrom<QueueRow> for Queue {
    type Error = Error;

    fn try_from(row: QueueRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "queues",
            id: &row.id,
        };
        let max_size = u32::try_from(row.max_size).ok();
        Ok(Self {
            id: at.parse(&row.id)?,
            tenant_id: at.parse(&row.tenant_id)?,
            announces_position: at.truth(row.announces_position)?,
            announces_wait: at.truth(row.announces_wait)?,
            max_wait: at.duration(row.max_wait_ms)?,
            max_size: at.required(max_size, "a number of callers")?,
            members: Vec::new(),
            created_at: Timestamp::from_ms(row.created_at_ms),
            name: row.name,
            hold_music_url: row.hold_music_url,
        })
    }
}

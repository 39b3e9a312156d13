//! What callers hear before they leave a message.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, Connection};

use super::greeting_row::{GreetingRow, columns};
use super::{Db, Error, Tx, by_id, page, tenants};
use crate::domain::{
    Greeting, GreetingContent, GreetingId, GreetingKind, TenantId, Timestamp, UserId,
};

/// Which greetings are wanted; all of them by default.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Filter {
    /// Only those of this kind.
    pub kind: Option<GreetingKind>,
    /// Only those of this person.
    pub user: Option<UserId>,
}

/// Adds a greeting. The first of its kind and owner that is meant for every day is the
/// default, whatever it says itself; one that is to be the default takes the place of
/// another. Somebody who is no member is [`Error::Dangling`].
pub async fn insert(db: impl Into<Db<'_>>, greeting: &Greeting) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    // Two who add the first of its kind wait for each other here.
    tenants::hold_on(&mut tx, greeting.tenant_id).await?;
    let is_first = !greeting.is_scheduled() && !has_default(&mut tx, greeting).await?;
    let is_default = greeting.is_default || is_first;
    if is_default {
        unset_default(greeting).execute(&mut *tx).await?;
    }
    write(INSERT, greeting, greeting.created_at)
        .bind(greeting.kind.as_str())
        .bind(greeting.user_id.map(|id| id.to_string()))
        .bind(i64::from(is_default))
        .execute(&mut *tx)
        .await?;
    Ok(tx.commit().await?)
}

/// Whether a greeting of that kind and owner is the default, and heard on every day.
async fn has_default(conn: &mut AnyConnection, greeting: &Greeting) -> Result<bool, Error> {
    let count: i64 = sqlx::query_scalar(COUNT_DEFAULTS)
        .bind(greeting.tenant_id.to_string())
        .bind(greeting.kind.as_str())
        .bind(greeting.user_id.map(|id| id.to_string()))
        .fetch_one(conn)
        .await?;
    Ok(count > 0)
}

// One that is meant for certain days is heard on these, and on no other.
const COUNT_DEFAULTS: &str = "
    SELECT COUNT(*) FROM voicemail_greetings
    WHERE tenant_id = $1 AND kind = $2 AND is_default = 1
        AND from_day IS NULL AND until_day IS NULL
        AND (user_id = $3 OR (user_id IS NULL AND $3 IS NULL))";

const INSERT: &str = "
    INSERT INTO voicemail_greetings (id, tenant_id, name, spoken_text, voice, language,
        audio_file, audio_format, audio_size, audio_secret, from_day, until_day,
        created_at_ms, updated_at_ms, kind, user_id, is_default)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14, $15, $16)";

/// The tenant's greeting of that id.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: GreetingId,
) -> Result<Option<Greeting>, Error> {
    by_id::find::<GreetingRow, _>(db, FIND, tenant, id).await
}

const FIND: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM voicemail_greetings WHERE tenant_id = $1 AND id = $2"
);

/// The same, which nobody else changes until `tx` is over.
pub async fn lock(
    tx: &mut Tx,
    tenant: TenantId,
    id: GreetingId,
) -> Result<Option<Greeting>, Error> {
    by_id::lock(tx, LOCK, tenant, id).await?;
    find(tx, tenant, id).await
}

const LOCK: &str = "UPDATE voicemail_greetings SET id = id WHERE tenant_id = $1 AND id = $2";

/// The greeting of that id, whoever's it is. For the carrier, who knows no
/// tenant, and has to show a signature that only this greeting's secret makes.
pub async fn find_to_play(
    db: impl Into<Db<'_>>,
    id: GreetingId,
) -> Result<Option<Greeting>, Error> {
    let mut conn = db.into().read().await?;
    let row: Option<GreetingRow> = sqlx::query_as(FIND_TO_PLAY)
        .bind(id.to_string())
        .fetch_optional(&mut *conn)
        .await?;
    row.map(Greeting::try_from).transpose()
}

const FIND_TO_PLAY: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM voicemail_greetings WHERE id = $1 AND audio_file IS NOT NULL"
);

/// The tenant's greetings that pass the filter, newest first.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    filter: &Filter,
    page: &page::Request,
) -> Result<page::Page<Greeting>, Error> {
    let (at, id) = page.key();
    let mut conn = db.into().read().await?;
    let rows: Vec<GreetingRow> = sqlx::query_as(LIST)
        .bind(tenant.to_string())
        .bind(at)
        .bind(id)
        .bind(page.rows())
        .bind(filter.kind.map(GreetingKind::as_str))
        .bind(filter.user.map(|user| user.to_string()))
        .fetch_all(&mut *conn)
        .await?;
    page.page(rows, |row| (row.created_at_ms, &row.id))
}

const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM voicemail_greetings WHERE tenant_id = $1 AND (created_at_ms, id) < ($2, $3)
        AND ($5 IS NULL OR kind = $5)
        AND ($6 IS NULL OR user_id = $6)
    ORDER BY created_at_ms DESC, id DESC LIMIT $4"
);

/// The tenant's greetings of which one may be heard: those of nobody, and the
/// person's.
pub async fn list_for(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    user: Option<UserId>,
) -> Result<Vec<Greeting>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<GreetingRow> = sqlx::query_as(LIST_FOR)
        .bind(tenant.to_string())
        .bind(user.map(|user| user.to_string()))
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(Greeting::try_from).collect()
}

const LIST_FOR: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM voicemail_greetings WHERE tenant_id = $1 AND (user_id IS NULL OR user_id = $2)
        AND (is_default = 1 OR from_day IS NOT NULL OR until_day IS NOT NULL)
    ORDER BY created_at_ms DESC, id DESC LIMIT 1000"
);

/// How many greetings the tenant has.
pub async fn count(db: impl Into<Db<'_>>, tenant: TenantId) -> Result<i64, Error> {
    let mut conn = db.into().read().await?;
    let count = sqlx::query_scalar("SELECT COUNT(*) FROM voicemail_greetings WHERE tenant_id = $1")
        .bind(tenant.to_string())
        .fetch_one(&mut *conn)
        .await?;
    Ok(count)
}

/// Writes what is heard of the tenant's greeting of that id, its name and its
/// days. Whether there is one.
pub async fn update(
    db: impl Into<Db<'_>>,
    greeting: &Greeting,
    updated_at: Timestamp,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = write(UPDATE, greeting, updated_at)
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const UPDATE: &str = "
    UPDATE voicemail_greetings SET name = $3, spoken_text = $4, voice = $5, language = $6,
        audio_file = $7, audio_format = $8, audio_size = $9, audio_secret = $10, from_day = $11,
        until_day = $12, updated_at_ms = $13
    WHERE id = $1 AND tenant_id = $2";

/// Makes the newest greeting that is meant for every day the default of the same kind and
/// owner, if they have one and no such default: its days, or those of another, have
/// changed. The caller [holds](tenants::hold) the tenant.
pub async fn settle_default(tx: &mut Tx, greeting: &Greeting) -> Result<(), Error> {
    let mut conn = Db::from(tx).write().await?;
    if has_default(&mut conn, greeting).await? {
        return Ok(());
    }
    let newest: Option<String> = sqlx::query_scalar(NEWEST_OF_EVERY_DAY)
        .bind(greeting.tenant_id.to_string())
        .bind(greeting.kind.as_str())
        .bind(greeting.user_id.map(|id| id.to_string()))
        .fetch_optional(&mut *conn)
        .await?;
    let Some(newest) = newest else { return Ok(()) };
    unset_default(greeting).execute(&mut *conn).await?;
    sqlx::query(MAKE_DEFAULT)
        .bind(greeting.tenant_id.to_string())
        .bind(newest)
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const NEWEST_OF_EVERY_DAY: &str = "
    SELECT id FROM voicemail_greetings
    WHERE tenant_id = $1 AND kind = $2 AND from_day IS NULL AND until_day IS NULL
        AND (user_id = $3 OR (user_id IS NULL AND $3 IS NULL))
    ORDER BY created_at_ms DESC, id DESC LIMIT 1";

/// Makes it the default of its kind and owner, in the place of another. Whether
/// there is such a greeting.
pub async fn make_default(db: impl Into<Db<'_>>, greeting: &Greeting) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    tenants::hold_on(&mut tx, greeting.tenant_id).await?;
    unset_default(greeting).execute(&mut *tx).await?;
    let done = sqlx::query(MAKE_DEFAULT)
        .bind(greeting.tenant_id.to_string())
        .bind(greeting.id.to_string())
        .execute(&mut *tx)
        .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    tx.commit().await?;
    Ok(true)
}

const MAKE_DEFAULT: &str =
    "UPDATE voicemail_greetings SET is_default = 1 WHERE tenant_id = $1 AND id = $2";

/// Deletes the tenant's greeting of that id, unless it is the default of others that are
/// meant for every day. What was deleted.
pub async fn delete(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: GreetingId,
) -> Result<Option<Greeting>, Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    tenants::hold_on(&mut tx, tenant).await?;
    let row: Option<GreetingRow> = sqlx::query_as(DELETE)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .fetch_optional(&mut *tx)
        .await?;
    tx.commit().await?;
    row.map(Greeting::try_from).transpose()
}

const DELETE: &str = concat!(
    "DELETE FROM voicemail_greetings WHERE tenant_id = $1 AND id = $2
        AND (is_default = 0 OR NOT EXISTS (SELECT 1 FROM voicemail_greetings AS others
            WHERE others.tenant_id = $1 AND others.id <> $2
            AND others.from_day IS NULL AND others.until_day IS NULL
            AND others.kind = voicemail_greetings.kind
            AND COALESCE(others.user_id, '') = COALESCE(voicemail_greetings.user_id, '')))
    RETURNING ",
    columns!()
);

/// Deletes all greetings of the tenant's member, who goes. What was deleted.
pub async fn delete_of(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    user: UserId,
) -> Result<Vec<Greeting>, Error> {
    let mut conn = db.into().write().await?;
    let rows: Vec<GreetingRow> = sqlx::query_as(DELETE_OF)
        .bind(tenant.to_string())
        .bind(user.to_string())
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(Greeting::try_from).collect()
}

const DELETE_OF: &str = concat!(
    "DELETE FROM voicemail_greetings WHERE tenant_id = $1 AND user_id = $2 RETURNING ",
    columns!()
);

fn unset_default(greeting: &Greeting) -> Query<'static, Any, AnyArguments> {
    sqlx::query(UNSET_DEFAULT)
        .bind(greeting.tenant_id.to_string())
        .bind(greeting.kind.as_str())
        .bind(greeting.user_id.map(|id| id.to_string()))
}

const UNSET_DEFAULT: &str = "
    UPDATE voicemail_greetings SET is_default = 0
    WHERE tenant_id = $1 AND kind = $2 AND is_default = 1
        AND (user_id = $3 OR (user_id IS NULL AND $3 IS NULL))";

fn write(
    sql: &'static str,
    greeting: &Greeting,
    at: Timestamp,
) -> Query<'static, Any, AnyArguments> {
    let query = sqlx::query(sql)
        .bind(greeting.id.to_string())
        .bind(greeting.tenant_id.to_string())
        .bind(greeting.name.clone());
    let query = match &greeting.content {
        GreetingContent::Spoken {
            text,
            voice,
            language,
        } => query
            .bind(Some(text.clone()))
            .bind(voice.clone())
            .bind(language.clone())
            .bind(None::<String>)
            .bind(None::<String>)
            .bind(None::<i64>)
            .bind(None::<String>),
        GreetingContent::Played {
            file,
            format,
            size,
            secret,
        } => query
            .bind(None::<String>)
            .bind(None::<String>)
            .bind(None::<String>)
            .bind(Some(file.clone()))
            .bind(Some(format.as_str()))
            .bind(Some(*size))
            .bind(Some(secret.expose().clone())),
    };
    query
        .bind(greeting.from.map(|day| day.to_string()))
        .bind(greeting.until.map(|day| day.to_string()))
        .bind(at.as_ms())
}

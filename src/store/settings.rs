//! What the platform, a tenant and a member have set.

use sqlx::{AnyConnection, FromRow};

use super::row::RowOf;
use super::{Db, Error};
use crate::domain::{Entry, Level, Lock, SettingKey, Settings, TenantId, Timestamp, UserId};

/// All that has been set and concerns the tenant, or one member of it.
pub async fn of_tenant(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    user: Option<UserId>,
) -> Result<Settings, Error> {
    let mut conn = db.into().read().await?;
    of_tenant_in(&mut conn, tenant, user).await
}

pub(super) async fn of_tenant_in(
    conn: &mut AnyConnection,
    tenant: TenantId,
    user: Option<UserId>,
) -> Result<Settings, Error> {
    let rows: Vec<SettingRow> = sqlx::query_as(OF_TENANT)
        .bind(tenant.to_string())
        .bind(user.map(|user| user.to_string()))
        .fetch_all(conn)
        .await?;
    collected(&rows)
}

const OF_TENANT: &str = "
    SELECT 'platform' AS level, name, value, lock_type FROM platform_settings
    UNION ALL
    SELECT 'tenant', name, value, lock_type FROM tenant_settings WHERE tenant_id = $1
    UNION ALL
    SELECT 'user', name, value, 'unlocked' FROM user_settings
    WHERE tenant_id = $1 AND user_id = $2";

/// All that the platform has set, which concerns everybody.
pub async fn of_platform(db: impl Into<Db<'_>>) -> Result<Settings, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<SettingRow> = sqlx::query_as(OF_PLATFORM).fetch_all(&mut *conn).await?;
    collected(&rows)
}

const OF_PLATFORM: &str =
    "SELECT 'platform' AS level, name, value, lock_type FROM platform_settings";

/// Sets it for everybody on the platform.
pub async fn put_platform(
    db: impl Into<Db<'_>>,
    key: SettingKey,
    entry: &Entry,
    at: Timestamp,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(PUT_PLATFORM)
        .bind(key.as_str())
        .bind(entry.value.to_text())
        .bind(entry.lock.as_str())
        .bind(at.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const PUT_PLATFORM: &str = "
    INSERT INTO platform_settings (name, value, lock_type, updated_at_ms)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value, lock_type = excluded.lock_type,
        updated_at_ms = excluded.updated_at_ms";

/// Sets it for everybody at the tenant's.
pub async fn put_tenant(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    key: SettingKey,
    (entry, at): (&Entry, Timestamp),
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(PUT_TENANT)
        .bind(tenant.to_string())
        .bind(key.as_str())
        .bind(entry.value.to_text())
        .bind(entry.lock.as_str())
        .bind(at.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const PUT_TENANT: &str = "
    INSERT INTO tenant_settings (tenant_id, name, value, lock_type, updated_at_ms)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant_id, name) DO UPDATE SET value = excluded.value,
        lock_type = excluded.lock_type, updated_at_ms = excluded.updated_at_ms";

/// Sets it for one member of the tenant. Somebody who is none is
/// [`Error::Dangling`].
pub async fn put_user(
    db: impl Into<Db<'_>>,
    (tenant, user): (TenantId, UserId),
    key: SettingKey,
    (entry, at): (&Entry, Timestamp),
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(PUT_USER)
        .bind(tenant.to_string())
        .bind(user.to_string())
        .bind(key.as_str())
        .bind(entry.value.to_text())
        .bind(at.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const PUT_USER: &str = "
    INSERT INTO user_settings (tenant_id, user_id, name, value, updated_at_ms)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant_id, user_id, name) DO UPDATE SET value = excluded.value,
        updated_at_ms = excluded.updated_at_ms";

/// Takes back what the platform has set; whether it had.
pub async fn delete_platform(db: impl Into<Db<'_>>, key: SettingKey) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query("DELETE FROM platform_settings WHERE name = $1")
        .bind(key.as_str())
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes back what the tenant has set; whether it had.
pub async fn delete_tenant(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    key: SettingKey,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query("DELETE FROM tenant_settings WHERE tenant_id = $1 AND name = $2")
        .bind(tenant.to_string())
        .bind(key.as_str())
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes back what was set for a member of the tenant; whether it was.
pub async fn delete_user(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    user: UserId,
    key: SettingKey,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(DELETE_USER)
        .bind(tenant.to_string())
        .bind(user.to_string())
        .bind(key.as_str())
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const DELETE_USER: &str =
    "DELETE FROM user_settings WHERE tenant_id = $1 AND user_id = $2 AND name = $3";

#[derive(FromRow)]
struct SettingRow {
    level: String,
    name: String,
    value: String,
    lock_type: String,
}

fn collected(rows: &[SettingRow]) -> Result<Settings, Error> {
    let mut settings = Settings::default();
    for row in rows {
        // A newer program may have known more.
        let Ok(key) = row.name.parse::<SettingKey>() else {
            continue;
        };
        let at = RowOf {
            table: "settings",
            id: &row.name,
        };
        let level: Level = at.parse(&row.level)?;
        let lock: Lock = at.parse(&row.lock_type)?;
        let value = key.parse_value(&row.value);
        let value = value.map_err(|error| at.corrupt(error))?;
        settings.insert(key, level, Entry { value, lock });
    }
    Ok(settings)
}

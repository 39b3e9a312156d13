//! API keys: looked up by their prefix, known by their hash; their text is kept nowhere.

use sqlx::FromRow;
use subtle::ConstantTimeEq;

use super::row::{RowOf, time};
use super::{Db, Error, KeyText, page};
use crate::domain::{ApiKeyId, Scope, TenantId, Timestamp};

/// The columns of an [`ApiKeyRow`].
macro_rules! columns {
    () => {
        "id, tenant_id, name, prefix, hash, scope, is_platform, created_at_ms, expires_at_ms, \
         last_used_at_ms, revoked_at_ms"
    };
}

/// What is known of a key, its text apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiKey {
    /// Its name in the database.
    pub id: ApiKeyId,
    /// Whom it admits.
    pub tenant_id: TenantId,
    /// Its name for people.
    pub name: String,
    /// The beginning of its text, to recognize it by.
    pub prefix: String,
    /// What it opens.
    pub scope: Scope,
    /// Whether it is the platform's: it makes tenants, and opens none.
    pub is_platform: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it admits nobody; never, if none.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, [to the minute](touch_last_used).
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it admits anybody at `now`.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| now < at)
    }
}

/// A key to be kept.
#[derive(Clone, Debug)]
pub struct NewApiKey<'a> {
    /// Its name in the database.
    pub id: ApiKeyId,
    /// Whom it admits.
    pub tenant_id: TenantId,
    /// Its name for people.
    pub name: &'a str,
    /// The key itself, of which the prefix and the hash are kept.
    pub text: &'a KeyText,
    /// What it opens.
    pub scope: Scope,
    /// Whether it is the platform's.
    pub is_platform: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it admits nobody.
    pub expires_at: Option<Timestamp>,
}

/// Keeps a key. [`Error::Conflict`] means that its prefix is taken; with
/// another text it will not be.
pub async fn insert(db: impl Into<Db<'_>>, new: &NewApiKey<'_>) -> Result<ApiKey, Error> {
    let mut conn = db.into().write().await?;
    let row: ApiKeyRow = sqlx::query_as(INSERT)
        .bind(new.id.to_string())
        .bind(new.tenant_id.to_string())
        .bind(new.name)
        .bind(new.text.prefix())
        .bind(new.text.hash())
        .bind(new.scope.to_text())
        .bind(i64::from(new.is_platform))
        .bind(new.created_at.as_ms())
        .bind(new.expires_at.map(Timestamp::as_ms))
        .fetch_one(&mut *conn)
        .await?;
    ApiKey::try_from(row)
}

const INSERT: &str = concat!(
    "INSERT INTO api_keys (id, tenant_id, name, prefix, hash, scope, is_platform,
        created_at_ms, expires_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    RETURNING ",
    columns!()
);

/// The key that has this text, if it admits anybody at `now`. For somebody
/// whose tenant is not known yet: it is the key's.
pub async fn verify(
    db: impl Into<Db<'_>>,
    text: &KeyText,
    now: Timestamp,
) -> Result<Option<ApiKey>, Error> {
    let mut conn = db.into().read().await?;
    let row: Option<ApiKeyRow> = sqlx::query_as(FIND_BY_PREFIX)
        .bind(text.prefix())
        .fetch_optional(&mut *conn)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let is_the_same = row.hash.as_bytes().ct_eq(text.hash().as_bytes());
    if !bool::from(is_the_same) {
        return Ok(None);
    }
    let key = ApiKey::try_from(row)?;
    Ok(Some(key).filter(|key| key.is_valid(now)))
}

const FIND_BY_PREFIX: &str = concat!("SELECT ", columns!(), " FROM api_keys WHERE prefix = $1");

/// The tenant's keys, newest first, the invalid ones too; or those of the platform
/// that are kept with it, which are none of the tenant's business.
pub async fn list(
    db: impl Into<Db<'_>>,
    (tenant, is_platform): (TenantId, bool),
    page: &page::Request,
) -> Result<page::Page<ApiKey>, Error> {
    let sql = if is_platform { LIST_OF_PLATFORM } else { LIST };
    page::of_tenant(db, sql, tenant, page, |row: &ApiKeyRow| {
        (row.created_at_ms, &row.id)
    })
    .await
}

macro_rules! list {
    ($is_platform:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM api_keys WHERE tenant_id = $1 AND (created_at_ms, id) < ($2, $3)
                AND is_platform = ",
            $is_platform,
            " ORDER BY created_at_ms DESC, id DESC LIMIT $4"
        )
    };
}

const LIST: &str = list!("0");
const LIST_OF_PLATFORM: &str = list!("1");

/// Ends a key for good, of the tenant or of the platform as in [`list()`]; the first
/// time counts. Whether there is such a key.
pub async fn revoke(
    db: impl Into<Db<'_>>,
    (tenant, is_platform): (TenantId, bool),
    id: ApiKeyId,
    at: Timestamp,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(REVOKE)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(at.as_ms())
        .bind(i64::from(is_platform))
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const REVOKE: &str = "
    UPDATE api_keys SET revoked_at_ms = COALESCE(revoked_at_ms, $3)
    WHERE tenant_id = $1 AND id = $2 AND is_platform = $4";

/// Notes that the tenant's key was used. What was noted less than a minute
/// before is exact enough, so a busy key costs one write a minute.
pub async fn touch_last_used(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: ApiKeyId,
    at: Timestamp,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(TOUCH)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(at.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const TOUCH: &str = "
    UPDATE api_keys SET last_used_at_ms = $3
    WHERE tenant_id = $1 AND id = $2
        AND (last_used_at_ms IS NULL OR last_used_at_ms + 60000 <= $3)";

#[derive(FromRow)]
struct ApiKeyRow {
    id: String,
    tenant_id: String,
    name: String,
    prefix: String,
    hash: String,
    scope: String,
    is_platform: i64,
    created_at_ms: i64,
    expires_at_ms: Option<i64>,
    last_used_at_ms: Option<i64>,
    revoked_at_ms: Option<i64>,
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = Error;

    fn try_from(row: ApiKeyRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "api_keys",
            id: &row.id,
        };
        Ok(Self {
            id: at.parse(&row.id)?,
            tenant_id: at.parse(&row.tenant_id)?,
            scope: at.parse(&row.scope)?,
            is_platform: at.truth(row.is_platform)?,
            created_at: Timestamp::from_ms(row.created_at_ms),
            expires_at: time(row.expires_at_ms),
            last_used_at: time(row.last_used_at_ms),
            revoked_at: time(row.revoked_at_ms),
            name: row.name,
            prefix: row.prefix,
        })
    }
}

//! What was published of a receptionist: versions, counted from 1, that never change.

use sqlx::{Connection, FromRow};

use super::receptionist_row::{ReceptionistRow, content};
use super::row::storable;
use super::{Db, Error, by_id, page};
use crate::domain::{Receptionist, ReceptionistId, TenantId, Timestamp};

/// Somebody publishes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Publication<'a> {
    /// A user or a key; nobody where the house itself does it.
    pub by: Option<String>,
    /// What is new, in words for the next to look.
    pub note: Option<&'a str>,
    /// When.
    pub at: Timestamp,
}

impl Publication<'_> {
    /// The house publishes for itself.
    pub fn by_the_house(at: Timestamp) -> Self {
        Self {
            by: None,
            note: None,
            at,
        }
    }
}

/// A version of a receptionist.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Its place among the versions of this receptionist.
    pub version: i64,
    /// What callers met.
    pub receptionist: Receptionist,
    /// What was new, in words.
    pub note: Option<String>,
    /// A user or a key; nobody where the house itself did it.
    pub published_by: Option<String>,
    /// When it was published.
    pub published_at: Timestamp,
}

/// Makes the draft of the tenant's receptionist of that id the next version,
/// which answers from here on. Its number; none if there is no such
/// receptionist.
pub async fn publish(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: ReceptionistId,
    publication: &Publication<'_>,
) -> Result<Option<i64>, Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    // Locks the draft, so that two who publish get a number each.
    let version: Option<i64> = sqlx::query_scalar(COUNT_UP)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .fetch_optional(&mut *tx)
        .await?;
    let Some(version) = version else {
        return Ok(None);
    };
    sqlx::query(PUBLISH)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(publication.note.map(|note| storable(note).into_owned()))
        .bind(publication.by.as_deref())
        .bind(publication.at.as_ms())
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(Some(version))
}

const COUNT_UP: &str = "
    UPDATE receptionists
    SET published_version = COALESCE(published_version, 0) + 1, is_changed = 0
    WHERE tenant_id = $1 AND id = $2 RETURNING published_version";

const PUBLISH: &str = concat!(
    "INSERT INTO receptionist_versions (tenant_id, receptionist_id, version, ",
    content!(),
    ", note, published_by, published_at_ms)
    SELECT tenant_id, id, published_version, ",
    content!(),
    ", $3, $4, $5 FROM receptionists WHERE tenant_id = $1 AND id = $2"
);

/// The tenant's receptionist of that id as callers meet it; none where it was
/// never published.
pub async fn current(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: ReceptionistId,
) -> Result<Option<Receptionist>, Error> {
    by_id::find::<ReceptionistRow, _>(db, CURRENT, tenant, id).await
}

const CURRENT: &str = concat!(
    "SELECT id, tenant_id, ",
    content!(),
    ", created_at_ms FROM published_receptionists WHERE tenant_id = $1 AND id = $2"
);

/// One version of the tenant's receptionist of that id.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: ReceptionistId,
    version: i64,
) -> Result<Option<Version>, Error> {
    let mut conn = db.into().read().await?;
    let row: Option<VersionRow> = sqlx::query_as(FIND)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(version)
        .fetch_optional(&mut *conn)
        .await?;
    row.map(Version::try_from).transpose()
}

const FIND: &str = concat!(
    "SELECT receptionist_id AS id, tenant_id, ",
    content!(),
    ", published_at_ms AS created_at_ms, version, note, published_by
    FROM receptionist_versions
    WHERE tenant_id = $1 AND receptionist_id = $2 AND version = $3"
);

/// The versions of the tenant's receptionist of that id, newest first.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: ReceptionistId,
    page: &page::Request,
) -> Result<page::Page<Version>, Error> {
    // The place in this list is the number of a version.
    let (version, _) = page.key();
    let mut conn = db.into().read().await?;
    let rows: Vec<VersionRow> = sqlx::query_as(LIST)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(version)
        .bind(page.rows())
        .fetch_all(&mut *conn)
        .await?;
    page.page(rows, |row| (row.version, &row.receptionist.id))
}

const LIST: &str = concat!(
    "SELECT receptionist_id AS id, tenant_id, ",
    content!(),
    ", published_at_ms AS created_at_ms, version, note, published_by
    FROM receptionist_versions
    WHERE tenant_id = $1 AND receptionist_id = $2 AND version < $3
    ORDER BY version DESC LIMIT $4"
);

#[derive(FromRow)]
struct VersionRow {
    #[sqlx(flatten)]
    receptionist: ReceptionistRow,
    version: i64,
    note: Option<String>,
    published_by: Option<String>,
    #[sqlx(rename = "created_at_ms")]
    published_at_ms: i64,
}

impl TryFrom<VersionRow> for Version {
    type Error = Error;

    fn try_from(row: VersionRow) -> Result<Self, Error> {
        Ok(Self {
            version: row.version,
            receptionist: row.receptionist.try_into()?,
            note: row.note,
            published_by: row.published_by,
            published_at: Timestamp::from_ms(row.published_at_ms),
        })
    }
}

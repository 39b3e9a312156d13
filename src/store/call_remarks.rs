//! What people make of a call.

use std::collections::BTreeSet;

use sqlx::{AnyConnection, Connection};

use super::call_change::lock;
use super::calls::make_findable;
use super::row::storable;
use super::{Db, Error};
use crate::domain::{CallId, CallLog, ContactId, Remarks, Tag, TenantId};

/// Changes what people wrote beside the tenant's call, and by what it is
/// found; the call as it is then, none if there is no such call.
pub async fn update(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: CallId,
    change: impl FnOnce(&mut Remarks),
) -> Result<Option<CallLog>, Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    let Some(locked) = lock(&mut tx, tenant, id).await? else {
        return Ok(None);
    };
    let mut call = CallLog::try_from(locked)?;
    let noted = call.remarks.notes.clone();
    change(&mut call.remarks);
    let Remarks {
        disposition,
        notes,
        tags,
    } = &call.remarks;
    sqlx::query(UPDATE)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(
            disposition
                .as_ref()
                .map(|word| storable(word.as_str()).into_owned()),
        )
        .bind(
            notes
                .as_ref()
                .map(|notes| storable(notes.expose()).into_owned()),
        )
        .bind(tags.iter().map(Tag::as_str).collect::<Vec<_>>().join("\n"))
        .execute(&mut *tx)
        .await?;
    replace_tags(&mut tx, &call, tags).await?;
    if call.remarks.notes != noted {
        make_findable(&mut tx, &call).await?;
    }
    tx.commit().await?;
    Ok(Some(call))
}

const UPDATE: &str = "
    UPDATE calls SET disposition = $3, notes = $4, tags = $5 WHERE tenant_id = $1 AND id = $2";

async fn replace_tags(
    tx: &mut AnyConnection,
    call: &CallLog,
    tags: &BTreeSet<Tag>,
) -> Result<(), Error> {
    sqlx::query(DELETE_TAGS)
        .bind(call.tenant_id.to_string())
        .bind(call.id.to_string())
        .execute(&mut *tx)
        .await?;
    for tag in tags {
        sqlx::query(INSERT_TAG)
            .bind(call.tenant_id.to_string())
            .bind(tag.as_str().to_owned())
            .bind(call.created_at.as_ms())
            .bind(call.id.to_string())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

const DELETE_TAGS: &str = "DELETE FROM call_tags WHERE tenant_id = $1 AND call_id = $2";

const INSERT_TAG: &str = "
    INSERT INTO call_tags (tenant_id, tag, created_at_ms, call_id) VALUES ($1, $2, $3, $4)";

/// Writes down whom of the tenant's contacts the tenant's call was with; false
/// if there is no such contact.
pub async fn put_contact(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
    contact: Option<ContactId>,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(PUT_CONTACT)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .bind(contact.map(|contact| contact.to_string()))
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const PUT_CONTACT: &str = "
    UPDATE calls SET contact_id = $3 WHERE tenant_id = $1 AND id = $2
        AND ($3 IS NULL OR EXISTS (
            SELECT 1 FROM contacts WHERE contacts.tenant_id = $1 AND contacts.id = $3))";

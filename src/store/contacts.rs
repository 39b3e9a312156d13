//! The people whom a tenant knows, their numbers and their tags.

use std::collections::BTreeSet;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, Connection, FromRow};

use super::call_words::typed_number;
use super::row::{RowOf, containing};
use super::{Db, Error, Tx, by_id, page};
use crate::domain::{Contact, ContactId, Email, PhoneNumber, Pii, Tag, TenantId, Timestamp};

/// The columns of a [`ContactRow`].
macro_rules! columns {
    () => {
        "contacts.id, contacts.tenant_id, name, email, company, notes, is_vip, is_blocked, \
         language, created_at_ms,
        (SELECT string_agg(phone_number, ' ' ORDER BY ordinal) FROM contact_numbers
            WHERE contact_numbers.tenant_id = contacts.tenant_id
            AND contact_numbers.contact_id = contacts.id) AS numbers,
        (SELECT string_agg(tag, '\n' ORDER BY tag) FROM contact_tags
            WHERE contact_tags.tenant_id = contacts.tenant_id
            AND contact_tags.contact_id = contacts.id) AS tags"
    };
}

/// Which contacts are wanted; all of them by default.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Filter {
    /// Only those whose name, company or e-mail has this in it, in any case, or
    /// of whose numbers one has these digits in it.
    pub search: Option<String>,
    /// Only the one of this number.
    pub number: Option<PhoneNumber>,
    /// Only those who are, or are not, very important.
    pub is_vip: Option<bool>,
    /// Only those who are, or are not, turned away.
    pub is_blocked: Option<bool>,
    /// Only those filed under this.
    pub tag: Option<Tag>,
}

/// Writes a contact down. The places of the numbers that somebody else of the
/// tenant's has; where there are any, the caller undoes the transaction.
pub async fn insert(db: impl Into<Db<'_>>, contact: &Contact) -> Result<Vec<usize>, Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    write(INSERT, contact, contact.created_at)
        .execute(&mut *tx)
        .await?;
    let taken = insert_parts(&mut tx, contact).await?;
    tx.commit().await?;
    Ok(taken)
}

const INSERT: &str = "
    INSERT INTO contacts (id, tenant_id, name, email, company, notes, is_vip, is_blocked,
        language, sought, created_at_ms, updated_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)";

/// The tenant's contact of that id.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: ContactId,
) -> Result<Option<Contact>, Error> {
    by_id::find::<ContactRow, _>(db, FIND, tenant, id).await
}

const FIND: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM contacts WHERE tenant_id = $1 AND id = $2"
);

/// The same, which nobody else changes until `tx` is over.
pub async fn lock(tx: &mut Tx, tenant: TenantId, id: ContactId) -> Result<Option<Contact>, Error> {
    by_id::lock(tx, LOCK, tenant, id).await?;
    find(tx, tenant, id).await
}

const LOCK: &str = "UPDATE contacts SET id = id WHERE tenant_id = $1 AND id = $2";

/// The tenant's contact of that number.
pub async fn find_by_number(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    number: &PhoneNumber,
) -> Result<Option<Contact>, Error> {
    let mut conn = db.into().read().await?;
    let row: Option<ContactRow> = sqlx::query_as(FIND_BY_NUMBER)
        .bind(tenant.to_string())
        .bind(number.as_str())
        .fetch_optional(&mut *conn)
        .await?;
    row.map(Contact::try_from).transpose()
}

const FIND_BY_NUMBER: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM contacts WHERE contacts.tenant_id = $1 AND contacts.id = (
        SELECT contact_id FROM contact_numbers WHERE tenant_id = $1 AND phone_number = $2)"
);

/// The tenant's contacts that pass the filter, newest first.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    filter: &Filter,
    page: &page::Request,
) -> Result<page::Page<Contact>, Error> {
    let (at, id) = page.key();
    let search = filter.search.as_deref();
    let mut conn = db.into().read().await?;
    let rows: Vec<ContactRow> = sqlx::query_as(LIST)
        .bind(tenant.to_string())
        .bind(at)
        .bind(id)
        .bind(page.rows())
        .bind(search.map(|text| containing(&text.to_lowercase())))
        .bind(search.and_then(digits))
        .bind(filter.number.as_ref().map(PhoneNumber::as_str))
        .bind(filter.is_vip.map(i64::from))
        .bind(filter.is_blocked.map(i64::from))
        .bind(filter.tag.as_ref().map(Tag::as_str))
        .fetch_all(&mut *conn)
        .await?;
    page.page(rows, |row| (row.created_at_ms, &row.id))
}

const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM contacts WHERE tenant_id = $1 AND (created_at_ms, id) < ($2, $3)
        AND ($5 IS NULL OR sought LIKE $5 ESCAPE '\\'
            OR EXISTS (SELECT 1 FROM contact_numbers AS those WHERE those.tenant_id = $1
                AND those.contact_id = contacts.id AND those.phone_number LIKE $6))
        AND ($7 IS NULL OR EXISTS (SELECT 1 FROM contact_numbers AS those
            WHERE those.tenant_id = $1 AND those.contact_id = contacts.id
            AND those.phone_number = $7))
        AND ($8 IS NULL OR is_vip = $8)
        AND ($9 IS NULL OR is_blocked = $9)
        AND ($10 IS NULL OR EXISTS (SELECT 1 FROM contact_tags AS those
            WHERE those.tenant_id = $1 AND those.contact_id = contacts.id AND those.tag = $10))
    ORDER BY created_at_ms DESC, id DESC LIMIT $4"
);

/// Text that could be part of a number as people write it, as a pattern.
fn digits(text: &str) -> Option<String> {
    typed_number(text, MIN_DIGITS).map(|digits| format!("%{digits}%"))
}

/// Fewer digits say nothing.
const MIN_DIGITS: usize = 3;

/// Writes every field of the tenant's contact of that id; none if there is no
/// such contact, else what [`insert`] gives.
pub async fn update(
    db: impl Into<Db<'_>>,
    contact: &Contact,
    updated_at: Timestamp,
) -> Result<Option<Vec<usize>>, Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    let done = write(UPDATE, contact, updated_at).execute(&mut *tx).await?;
    if done.rows_affected() == 0 {
        return Ok(None);
    }
    for sql in [DELETE_NUMBERS, DELETE_TAGS] {
        sqlx::query(sql)
            .bind(contact.tenant_id.to_string())
            .bind(contact.id.to_string())
            .execute(&mut *tx)
            .await?;
    }
    let taken = insert_parts(&mut tx, contact).await?;
    tx.commit().await?;
    Ok(Some(taken))
}

const UPDATE: &str = "
    UPDATE contacts SET name = $3, email = $4, company = $5, notes = $6, is_vip = $7,
        is_blocked = $8, language = $9, sought = $10, updated_at_ms = $11
    WHERE id = $1 AND tenant_id = $2";
const DELETE_NUMBERS: &str = "DELETE FROM contact_numbers WHERE tenant_id = $1 AND contact_id = $2";
const DELETE_TAGS: &str = "DELETE FROM contact_tags WHERE tenant_id = $1 AND contact_id = $2";

/// Forgets the tenant's contact of that id; their calls stay, and name nobody.
/// Whether there was one.
pub async fn delete(db: impl Into<Db<'_>>, tenant: TenantId, id: ContactId) -> Result<bool, Error> {
    by_id::delete(db, DELETE, tenant, id).await
}

const DELETE: &str = "DELETE FROM contacts WHERE tenant_id = $1 AND id = $2";

fn write(sql: &'static str, contact: &Contact, at: Timestamp) -> Query<'static, Any, AnyArguments> {
    let company = contact.company.clone().map(Pii::into_inner);
    let email = contact
        .email
        .as_ref()
        .map(|email| email.as_str().to_owned());
    let sought = [
        Some(contact.name.expose()),
        company.as_ref(),
        email.as_ref(),
    ];
    let sought: Vec<_> = sought
        .into_iter()
        .flatten()
        .map(|text| text.to_lowercase())
        .collect();
    sqlx::query(sql)
        .bind(contact.id.to_string())
        .bind(contact.tenant_id.to_string())
        .bind(contact.name.expose().clone())
        .bind(email)
        .bind(company)
        .bind(contact.notes.clone().map(Pii::into_inner))
        .bind(i64::from(contact.is_vip))
        .bind(i64::from(contact.is_blocked))
        .bind(contact.language.clone())
        .bind(sought.join("\n"))
        .bind(at.as_ms())
}

/// Numbers and tags; the places of the numbers that somebody else has.
async fn insert_parts(tx: &mut AnyConnection, contact: &Contact) -> Result<Vec<usize>, Error> {
    let mut taken = Vec::new();
    for (place, number) in contact.numbers.iter().enumerate() {
        let done = sqlx::query(INSERT_NUMBER)
            .bind(contact.tenant_id.to_string())
            .bind(number.as_str())
            .bind(contact.id.to_string())
            .bind(i64::try_from(place).unwrap_or(i64::MAX))
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 0 {
            taken.push(place);
        }
    }
    for tag in &contact.tags {
        sqlx::query(INSERT_TAG)
            .bind(contact.tenant_id.to_string())
            .bind(contact.id.to_string())
            .bind(tag.as_str())
            .execute(&mut *tx)
            .await?;
    }
    Ok(taken)
}

// A conflict that is an error would end the transaction on PostgreSQL, and
// whoever brings many contacts is to learn of all that are in the way.
const INSERT_NUMBER: &str = "
    INSERT INTO contact_numbers (tenant_id, phone_number, contact_id, ordinal)
    VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, phone_number) DO NOTHING";
const INSERT_TAG: &str =
    "INSERT INTO contact_tags (tenant_id, contact_id, tag) VALUES ($1, $2, $3)";

#[derive(FromRow)]
struct ContactRow {
    id: String,
    tenant_id: String,
    name: String,
    email: Option<String>,
    company: Option<String>,
    notes: Option<String>,
    is_vip: i64,
    is_blocked: i64,
    language: Option<String>,
    created_at_ms: i64,
    numbers: Option<String>,
    tags: Option<String>,
}

impl TryFrom<ContactRow> for Contact {
    type Error = Error;

    fn try_from(row: ContactRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "contacts",
            id: &row.id,
        };
        let numbers = row
            .numbers
            .as_deref()
            .unwrap_or_default()
            .split_whitespace();
        let numbers: Result<Vec<_>, Error> = numbers.map(|number| at.parse(number)).collect();
        let tags = row.tags.as_deref().unwrap_or_default().lines();
        let tags: Result<BTreeSet<Tag>, Error> = tags.map(|tag| at.parse(tag)).collect();
        let email: Option<Email> = at.parse_opt(row.email.as_deref())?;
        Ok(Self {
            id: at.parse(&row.id)?,
            tenant_id: at.parse(&row.tenant_id)?,
            numbers: numbers?,
            email,
            is_vip: at.truth(row.is_vip)?,
            is_blocked: at.truth(row.is_blocked)?,
            tags: tags?,
            created_at: Timestamp::from_ms(row.created_at_ms),
            name: Pii::new(row.name),
            company: row.company.map(Pii::new),
            notes: row.notes.map(Pii::new),
            language: row.language,
        })
    }
}

//! Telephone numbers, and who answers when one is rung.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AnyConnection, FromRow};

use super::receptionist_row::{ReceptionistRow, columns};
use super::row::{RowOf, time};
use super::{Db, Error, Tx, by_id, page, seed};
use crate::domain::{
    Ability, Capabilities, ConsentRule, Number, NumberId, NumberSid, PhoneNumber, Receptionist,
    ReceptionistId, Tenant, TenantId, Timestamp,
};

/// The columns of a [`NumberRow`].
macro_rules! number_columns {
    () => {
        "id, tenant_id, phone_number, receptionist_id, label, carrier_sid, has_voice, has_sms,
        has_mms, configured_at_ms, created_at_ms, recording_consent, recording_announcement"
    };
}

/// Gives a tenant a number. One that anybody has already is
/// [`Error::Conflict`]; a receptionist that is not the tenant's is
/// [`Error::Dangling`].
pub async fn insert(db: impl Into<Db<'_>>, number: &Number) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    let [voice, sms, mms] = flags(number);
    sqlx::query(INSERT)
        .bind(number.id.to_string())
        .bind(number.tenant_id.to_string())
        .bind(number.phone_number.as_str())
        .bind(number.receptionist_id.map(|id| id.to_string()))
        .bind(number.label.as_deref())
        .bind(number.carrier_sid.as_ref().map(NumberSid::as_str))
        .bind(voice)
        .bind(sms)
        .bind(mms)
        .bind(number.configured_at.map(Timestamp::as_ms))
        .bind(number.created_at.as_ms())
        .bind(number.recording.policy.as_str())
        .bind(number.recording.words.as_deref())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const INSERT: &str = concat!(
    "INSERT INTO numbers (",
    number_columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
);

/// What a number can do, as the columns have it.
fn flags(number: &Number) -> [Option<i64>; 3] {
    let Some(can) = number.capabilities else {
        return [None; 3];
    };
    [can.voice, can.sms, can.mms].map(|can| Some(i64::from(can)))
}

/// The tenant's number of that id.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: NumberId,
) -> Result<Option<Number>, Error> {
    by_id::find::<NumberRow, _>(db, FIND, tenant, id).await
}

const FIND: &str = concat!(
    "SELECT ",
    number_columns!(),
    " FROM numbers WHERE tenant_id = $1 AND id = $2"
);

/// The tenant's number that is this one.
pub async fn find_of_tenant(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    phone_number: &PhoneNumber,
) -> Result<Option<Number>, Error> {
    let mut conn = db.into().read().await?;
    let row: Option<NumberRow> = sqlx::query_as(FIND_OF_TENANT)
        .bind(tenant.to_string())
        .bind(phone_number.as_str())
        .fetch_optional(&mut *conn)
        .await?;
    row.map(Number::try_from).transpose()
}

const FIND_OF_TENANT: &str = concat!(
    "SELECT ",
    number_columns!(),
    " FROM numbers WHERE tenant_id = $1 AND phone_number = $2"
);

/// The same, which nobody else changes until `tx` is over.
pub async fn lock_of_tenant(
    tx: &mut Tx,
    tenant: TenantId,
    phone_number: &PhoneNumber,
) -> Result<Option<Number>, Error> {
    by_id::lock(tx, LOCK_OF_TENANT, tenant, phone_number.as_str()).await?;
    find_of_tenant(tx, tenant, phone_number).await
}

const LOCK_OF_TENANT: &str =
    "UPDATE numbers SET id = id WHERE tenant_id = $1 AND phone_number = $2";

/// Whose number that is. For the carrier, who knows no tenant.
pub async fn find_by_phone_number(
    db: impl Into<Db<'_>>,
    phone_number: &PhoneNumber,
) -> Result<Option<Number>, Error> {
    let mut conn = db.into().read().await?;
    let row: Option<NumberRow> = sqlx::query_as(FIND_BY_PHONE_NUMBER)
        .bind(phone_number.as_str())
        .fetch_optional(&mut *conn)
        .await?;
    row.map(Number::try_from).transpose()
}

const FIND_BY_PHONE_NUMBER: &str = concat!(
    "SELECT ",
    number_columns!(),
    " FROM numbers WHERE phone_number = $1"
);

/// Whether anybody has that number; not who.
pub async fn is_taken(db: impl Into<Db<'_>>, phone_number: &PhoneNumber) -> Result<bool, Error> {
    let mut conn = db.into().read().await?;
    let count: i64 = sqlx::query_scalar(COUNT)
        .bind(phone_number.as_str())
        .fetch_one(&mut *conn)
        .await?;
    Ok(count > 0)
}

const COUNT: &str = "SELECT COUNT(*) FROM numbers WHERE phone_number = $1";

/// Which of these numbers somebody has, and calls of which come here; and who.
pub(super) async fn answered_here(
    conn: &mut AnyConnection,
    numbers: &BTreeSet<&PhoneNumber>,
) -> Result<BTreeMap<PhoneNumber, TenantId>, Error> {
    let all: Vec<&str> = numbers.iter().map(|number| number.as_str()).collect();
    let mut found = BTreeMap::new();
    for some in all.chunks(8) {
        let mut query = sqlx::query_as(ANSWERED_HERE);
        for n in 0..8 {
            query = query.bind(some.get(n).copied());
        }
        let here: Vec<(String, String)> = query.fetch_all(&mut *conn).await?;
        for (number, tenant) in &here {
            let at = RowOf {
                table: "numbers",
                id: number,
            };
            found.insert(at.parse(number)?, at.parse(tenant)?);
        }
    }
    Ok(found)
}

const ANSWERED_HERE: &str = "
    SELECT phone_number, tenant_id FROM numbers
    WHERE phone_number IN ($1, $2, $3, $4, $5, $6, $7, $8)";

/// The tenant's numbers, newest first.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    page: &page::Request,
) -> Result<page::Page<Number>, Error> {
    page::of_tenant(db, LIST, tenant, page, |row: &NumberRow| {
        (row.created_at_ms, &row.id)
    })
    .await
}

const LIST: &str = concat!(
    "SELECT ",
    number_columns!(),
    " FROM numbers WHERE tenant_id = $1 AND (created_at_ms, id) < ($2, $3)
    ORDER BY created_at_ms DESC, id DESC LIMIT $4"
);

/// The tenant's numbers that can do that, as far as is known, or two of them: whoever has
/// one is not asked which. Those alone that the receptionist answers, if one is named.
pub async fn list_two(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    (ability, answered_by): (Ability, Option<ReceptionistId>),
) -> Result<Vec<Number>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<NumberRow> = sqlx::query_as(LIST_TWO)
        .bind(tenant.to_string())
        .bind(ability.as_str())
        .bind(answered_by.map(|id| id.to_string()))
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(Number::try_from).collect()
}

const LIST_TWO: &str = concat!(
    "SELECT ",
    number_columns!(),
    " FROM numbers WHERE tenant_id = $1 AND ($3 IS NULL OR receptionist_id = $3)
        AND (has_voice IS NULL OR has_sms IS NULL OR has_mms IS NULL
            OR ($2 = 'voice' AND has_voice = 1) OR ($2 = 'sms' AND has_sms = 1))
    LIMIT 2"
);

/// Writes all that can change of the tenant's number of that id; whether there
/// is one.
pub async fn update(db: impl Into<Db<'_>>, number: &Number) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let [voice, sms, mms] = flags(number);
    let done = sqlx::query(UPDATE)
        .bind(number.tenant_id.to_string())
        .bind(number.id.to_string())
        .bind(number.receptionist_id.map(|id| id.to_string()))
        .bind(number.label.as_deref())
        .bind(number.carrier_sid.as_ref().map(NumberSid::as_str))
        .bind(voice)
        .bind(sms)
        .bind(mms)
        .bind(number.configured_at.map(Timestamp::as_ms))
        .bind(number.recording.policy.as_str())
        .bind(number.recording.words.as_deref())
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const UPDATE: &str = "
    UPDATE numbers SET receptionist_id = $3, label = $4, carrier_sid = $5, has_voice = $6,
        has_sms = $7, has_mms = $8, configured_at_ms = $9, recording_consent = $10,
        recording_announcement = $11
    WHERE tenant_id = $1 AND id = $2";

/// Takes a number from its tenant; whether there was one.
pub async fn delete(db: impl Into<Db<'_>>, tenant: TenantId, id: NumberId) -> Result<bool, Error> {
    by_id::delete(db, DELETE, tenant, id).await
}

const DELETE: &str = "DELETE FROM numbers WHERE tenant_id = $1 AND id = $2";

/// Whose number it is; the default tenant's, where nobody has it and there is
/// no other tenant. For the carrier, who knows no tenant.
pub async fn owner(
    db: impl Into<Db<'_>>,
    number: Option<&PhoneNumber>,
) -> Result<Option<TenantId>, Error> {
    let mut conn = db.into().read().await?;
    let found: Option<String> = sqlx::query_scalar(OWNER)
        .bind(number.map(PhoneNumber::as_str))
        .fetch_optional(&mut *conn)
        .await?;
    let at = RowOf {
        table: "numbers",
        id: number.map_or("", PhoneNumber::as_str),
    };
    at.parse_opt(found.as_deref())
}

const OWNER: &str = "
    SELECT id FROM (
        SELECT tenant_id AS id, 0 AS detour FROM numbers WHERE phone_number = $1
        UNION ALL
        SELECT MIN(id), 1 FROM tenants HAVING COUNT(*) = 1
    ) AS candidates
    ORDER BY detour LIMIT 1";

/// Who answers when `to` is rung, in one round trip: the number's
/// receptionist, else its tenant's default, else the default tenant's
/// default, as it was last published; one that never was does not answer. The
/// tenant is the receptionist's. For the carrier, who knows no tenant.
///
/// None only if the database was not [seeded](super::Store::seed_defaults).
pub async fn answering(
    db: impl Into<Db<'_>>,
    to: Option<&PhoneNumber>,
) -> Result<Option<(Tenant, Receptionist)>, Error> {
    let mut conn = db.into().read().await?;
    let row: Option<AnsweringRow> = sqlx::query_as(ANSWERING)
        .bind(to.map(PhoneNumber::as_str))
        .bind(seed::tenant_id().to_string())
        .fetch_optional(&mut *conn)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let receptionist = Receptionist::try_from(row.receptionist)?;
    let id = receptionist.tenant_id.to_string();
    let at = RowOf {
        table: "tenants",
        id: &id,
    };
    let tenant = Tenant {
        id: receptionist.tenant_id,
        name: row.tenant_name,
        time_zone: row.tenant_time_zone,
        default_receptionist: at.parse_opt(row.tenant_default.as_deref())?,
    };
    Ok(Some((tenant, receptionist)))
}

const ANSWERING: &str = concat!(
    "SELECT ",
    columns!(),
    ", tenant_name, tenant_time_zone, tenant_default
    FROM (
        SELECT numbers.receptionist_id AS answering_id,
            tenants.name AS tenant_name, tenants.time_zone AS tenant_time_zone,
            defaults.receptionist_id AS tenant_default, 0 AS detour
        FROM numbers
        JOIN tenants ON tenants.id = numbers.tenant_id
        LEFT JOIN default_receptionists AS defaults ON defaults.tenant_id = tenants.id
        WHERE numbers.phone_number = $1
        UNION ALL
        SELECT defaults.receptionist_id, tenants.name, tenants.time_zone,
            defaults.receptionist_id, 1
        FROM numbers
        JOIN tenants ON tenants.id = numbers.tenant_id
        JOIN default_receptionists AS defaults ON defaults.tenant_id = tenants.id
        WHERE numbers.phone_number = $1
        UNION ALL
        SELECT defaults.receptionist_id, tenants.name, tenants.time_zone,
            defaults.receptionist_id, 2
        FROM tenants
        JOIN default_receptionists AS defaults ON defaults.tenant_id = tenants.id
        WHERE tenants.id = $2
    ) AS candidates
    JOIN published_receptionists ON id = answering_id
    ORDER BY detour LIMIT 1"
);

#[derive(FromRow)]
struct AnsweringRow {
    #[sqlx(flatten)]
    receptionist: ReceptionistRow,
    tenant_name: String,
    tenant_time_zone: String,
    tenant_default: Option<String>,
}

#[derive(FromRow)]
struct NumberRow {
    id: String,
    tenant_id: String,
    phone_number: String,
    receptionist_id: Option<String>,
    label: Option<String>,
    carrier_sid: Option<String>,
    has_voice: Option<i64>,
    has_sms: Option<i64>,
    has_mms: Option<i64>,
    configured_at_ms: Option<i64>,
    created_at_ms: i64,
    recording_consent: String,
    recording_announcement: Option<String>,
}

impl TryFrom<NumberRow> for Number {
    type Error = Error;

    fn try_from(row: NumberRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "numbers",
            id: &row.id,
        };
        let capabilities = match (row.has_voice, row.has_sms, row.has_mms) {
            (Some(voice), Some(sms), Some(mms)) => Some(Capabilities {
                voice: at.truth(voice)?,
                sms: at.truth(sms)?,
                mms: at.truth(mms)?,
            }),
            _ => None,
        };
        Ok(Self {
            id: at.parse(&row.id)?,
            tenant_id: at.parse(&row.tenant_id)?,
            phone_number: at.parse(&row.phone_number)?,
            receptionist_id: at.parse_opt(row.receptionist_id.as_deref())?,
            carrier_sid: at.parse_opt(row.carrier_sid.as_deref())?,
            capabilities,
            configured_at: time(row.configured_at_ms),
            created_at: Timestamp::from_ms(row.created_at_ms),
            recording: ConsentRule {
                policy: at.parse(&row.recording_consent)?,
                words: row.recording_announcement,
            },
            label: row.label,
        })
    }
}

//! What was published of a flow: versions, counted from 1, that never change.

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::{Connection, FromRow};

use super::ivr_flows::{read, refer_anew};
use super::receptionist_versions::Publication;
use super::row::{RowOf, storable};
use super::{Db, Error, Store, hours, page, queues, routing_facts, tenants, users};
use crate::domain::{FlowId, PhoneNumber, ReceptionistId, TenantId, Timestamp, Zone};
use crate::routing::ivr::{Flow, Published};
use crate::routing::{Allowance, Facts, IvrStop, Reference};

/// A version of a flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Its place among the versions of this flow.
    pub version: i64,
    /// What the flow was called.
    pub name: String,
    /// What callers met.
    pub flow: Flow,
    /// What was new, in words.
    pub note: Option<String>,
    /// A user or a key.
    pub published_by: Option<String>,
    /// When it was published.
    pub published_at: Timestamp,
}

/// Makes the draft of the tenant's flow of that id the next version, which
/// callers meet from here on, if it is still `flow`. Its number; none if there
/// is no such flow. A draft that was written meanwhile is [`Error::Conflict`].
pub async fn publish(
    db: impl Into<Db<'_>>,
    (tenant, id): (TenantId, FlowId),
    flow: &Flow,
    publication: &Publication<'_>,
) -> Result<Option<i64>, Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    // Locks the draft, so that two who publish get a number each.
    let row: Option<(i64, String)> = sqlx::query_as(COUNT_UP)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .fetch_optional(&mut *tx)
        .await?;
    let Some((version, draft)) = row else {
        return Ok(None);
    };
    let name = id.to_string();
    let at = RowOf {
        table: "ivr_flows",
        id: &name,
    };
    if read(at, &draft)? != *flow {
        return Err(Error::Conflict);
    }
    sqlx::query(PUBLISH)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(publication.note.map(|note| storable(note).into_owned()))
        .bind(publication.by.as_deref())
        .bind(publication.at.as_ms())
        .execute(&mut *tx)
        .await?;
    refer_anew(&mut tx, (tenant, id), false, flow).await?;
    tx.commit().await?;
    Ok(Some(version))
}

const COUNT_UP: &str = "
    UPDATE ivr_flows
    SET published_version = COALESCE(published_version, 0) + 1, is_changed = 0
    WHERE tenant_id = $1 AND id = $2 RETURNING published_version, draft";

const PUBLISH: &str = "
    INSERT INTO ivr_flow_versions (tenant_id, flow_id, version, name, flow, note, published_by,
        published_at_ms)
    SELECT tenant_id, id, published_version, name, draft, $3, $4, $5
    FROM ivr_flows WHERE tenant_id = $1 AND id = $2";

/// One version of the tenant's flow of that id.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: FlowId,
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

const FIND: &str = "
    SELECT flow_id, version, name, flow, note, published_by, published_at_ms
    FROM ivr_flow_versions WHERE tenant_id = $1 AND flow_id = $2 AND version = $3";

/// The names of the tenant's flows that show that number to whoever is rung, as callers
/// meet them.
pub async fn showing(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    number: &PhoneNumber,
) -> Result<Vec<String>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<(String, String, String)> = sqlx::query_as(NAMING)
        .bind(tenant.to_string())
        .bind(number.as_str())
        .fetch_all(&mut *conn)
        .await?;
    drop(conn);
    let mut found = Vec::new();
    for (id, name, flow) in rows {
        let at = RowOf {
            table: "ivr_flow_versions",
            id: &id,
        };
        let flow = read(at, &flow)?;
        if flow
            .nodes
            .iter()
            .any(|node| node.caller_id() == Some(number))
        {
            found.push(name);
        }
    }
    Ok(found)
}

const NAMING: &str = "
    SELECT flows.id, versions.name, versions.flow
    FROM ivr_flows AS flows
    JOIN ivr_flow_versions AS versions
        ON versions.flow_id = flows.id AND versions.version = flows.published_version
    WHERE flows.tenant_id = $1 AND versions.flow LIKE '%' || $2 || '%'
    ORDER BY versions.name, flows.id";

/// The versions of the tenant's flow of that id, newest first.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: FlowId,
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
    page.page(rows, |row| (row.version, &row.flow_id))
}

const LIST: &str = "
    SELECT flow_id, version, name, flow, note, published_by, published_at_ms
    FROM ivr_flow_versions WHERE tenant_id = $1 AND flow_id = $2 AND version < $3
    ORDER BY version DESC LIMIT $4";

/// What a call goes by that has come to a flow: the flow, and what is known of
/// all that it names.
pub async fn facts(
    store: &Store,
    tenant: TenantId,
    stop: &IvrStop,
) -> Result<Option<Facts>, Error> {
    let (id, version) = (stop.flow_id, stop.version);
    let Some(found) = find(store, tenant, id, version).await? else {
        return Ok(None);
    };
    let published = Published {
        id,
        name: found.name,
        version,
        flow: Arc::new(found.flow),
    };
    facts_of(store, tenant, published, stop.receptionist_id).await
}

/// The same, of a flow that need not be published. Where it names nobody, that
/// receptionist answers, or the tenant's.
pub async fn facts_of(
    store: &Store,
    tenant: TenantId,
    published: Published,
    receptionist: Option<ReceptionistId>,
) -> Result<Option<Facts>, Error> {
    let Some(owner) = tenants::find(store, tenant).await? else {
        return Ok(None);
    };
    let mut facts = Facts {
        tenant_id: tenant,
        zone: owner.time_zone.parse().unwrap_or_else(|_| Zone::utc()),
        number_id: None,
        plan: None,
        default_receptionist: receptionist.or(owner.default_receptionist),
        hours: BTreeMap::new(),
        users: BTreeMap::new(),
        queues: BTreeMap::new(),
        receptionists: BTreeMap::new(),
        flows: BTreeMap::new(),
        allowance: Allowance::default(),
        has_ivr: true,
        has_voicemail: true,
    };
    let default = facts.default_receptionist.map(Reference::Receptionist);
    let named = published.flow.references().into_iter().map(|(_, one)| one);
    for reference in named.chain(default) {
        look_up(store, &mut facts, reference).await?;
    }
    facts.flows.insert(published.id, published);
    let mut conn = Db::from(store).read().await?;
    routing_facts::read_rules(&mut conn, &mut facts).await?;
    Ok(Some(facts))
}

async fn look_up(store: &Store, facts: &mut Facts, reference: Reference) -> Result<(), Error> {
    let tenant = facts.tenant_id;
    match reference {
        Reference::Hours(id) => {
            let found = hours::find(store, tenant, id).await?;
            facts.hours.extend(found.map(|hours| (id, hours)));
        }
        Reference::Receptionist(id) => {
            let found = routing_facts::receptionist(store, tenant, id).await?;
            facts.receptionists.extend(found.map(|one| (id, one)));
        }
        Reference::User(id) => {
            let found = users::find(store, tenant, id).await?;
            let working = found.filter(|user| user.is_active);
            let number = working.and_then(|user| user.phone_number);
            facts.users.extend(number.map(|number| (id, number)));
        }
        Reference::Queue(id) => {
            let found = queues::find(store, tenant, id).await?;
            facts.queues.extend(found.map(|queue| (id, queue)));
        }
        Reference::CallerList(_) | Reference::Flow(_) => {}
    }
    Ok(())
}

/// A flow as callers meet it, from its columns.
pub(super) fn published(
    (id, name): (&str, String),
    version: i64,
    flow: &str,
) -> Result<Published, Error> {
    let at = RowOf {
        table: "ivr_flow_versions",
        id,
    };
    Ok(Published {
        id: at.parse(id)?,
        name,
        version,
        flow: Arc::new(read(at, flow)?),
    })
}

#[derive(FromRow)]
struct VersionRow {
    flow_id: String,
    version: i64,
    name: String,
    flow: String,
    note: Option<String>,
    published_by: Option<String>,
    published_at_ms: i64,
}

impl TryFrom<VersionRow> for Version {
    type Error = Error;

    fn try_from(row: VersionRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "ivr_flow_versions",
            id: &row.flow_id,
        };
        Ok(Self {
            version: row.version,
            flow: read(at, &row.flow)?,
            name: row.name,
            note: row.note,
            published_by: row.published_by,
            published_at: Timestamp::from_ms(row.published_at_ms),
        })
    }
}

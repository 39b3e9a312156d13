//! All that a route depends on, in few questions to the database.

use std::collections::BTreeMap;

use sqlx::{AnyConnection, FromRow};

use super::hours::HoursRow;
use super::queues::QueueRow;
use super::receptionist_row::{ReceptionistRow, columns};
use super::row::RowOf;
use super::{
    Db, Error, Store, by_id, contacts, dials, ivr_flow_versions, number_plans, numbers, seed,
    settings,
};
use crate::domain::{
    CallerListId, Hours, ListKind, Party, PhoneNumber, Queue, Receptionist, ReceptionistId,
    SettingKey, TenantId, Zone,
};
use crate::routing::ivr::Published;
use crate::routing::{Allowance, Caller, Facts};

/// What must be known to route a call of `from` to `to`. A number that nobody
/// has is the default tenant's. For the carrier, who knows no tenant.
///
/// None only if the database was not [seeded](super::Store::seed_defaults).
pub async fn look_up(
    store: &Store,
    to: Option<&PhoneNumber>,
    from: &Party,
) -> Result<Option<(Facts, Caller)>, Error> {
    let mut conn = Db::from(store).read().await?;
    let row: Option<NumberRow> = sqlx::query_as(NUMBER)
        .bind(to.map(PhoneNumber::as_str))
        .bind(seed::tenant_id().to_string())
        .fetch_optional(&mut *conn)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let default = row.default_id.clone();
    let mut facts = row.into_facts()?;
    let lists = read_named(&mut conn, &mut facts, from).await?;
    read_receptionists(&mut conn, &mut facts, default).await?;
    read_rules(&mut conn, &mut facts).await?;
    drop(conn);
    let caller = Caller::on_lists(from.clone(), &lists);
    let contact = match from.number() {
        Some(number) => contacts::find_by_number(store, facts.tenant_id, number).await?,
        None => None,
    };
    Ok(Some(match contact {
        Some(contact) => (facts, caller.known_as(contact)),
        None => (facts, caller),
    }))
}

const NUMBER: &str = "
    SELECT tenant_id, time_zone, number_id, receptionist_id, default_id, plan
    FROM (
        SELECT tenants.id AS tenant_id, tenants.time_zone AS time_zone,
            numbers.id AS number_id,
            numbers.receptionist_id AS receptionist_id,
            defaults.receptionist_id AS default_id,
            number_plans.plan AS plan, 0 AS detour
        FROM numbers
        JOIN tenants ON tenants.id = numbers.tenant_id
        LEFT JOIN default_receptionists AS defaults ON defaults.tenant_id = tenants.id
        LEFT JOIN number_plans ON number_plans.number_id = numbers.id
        WHERE numbers.phone_number = $1
        UNION ALL
        SELECT tenants.id, tenants.time_zone, NULL, NULL, defaults.receptionist_id, NULL, 1
        FROM tenants
        LEFT JOIN default_receptionists AS defaults ON defaults.tenant_id = tenants.id
        WHERE tenants.id = $2
    ) AS candidates
    ORDER BY detour LIMIT 1";

#[derive(FromRow)]
struct NumberRow {
    tenant_id: String,
    time_zone: String,
    number_id: Option<String>,
    receptionist_id: Option<String>,
    default_id: Option<String>,
    plan: Option<String>,
}

impl NumberRow {
    fn into_facts(self) -> Result<Facts, Error> {
        let number = self.number_id.as_deref();
        let at = RowOf {
            table: "numbers",
            id: number.unwrap_or(&self.tenant_id),
        };
        let plan = self.plan.as_deref();
        let plan = plan.map(|text| number_plans::read(at.id, text));
        Ok(Facts {
            tenant_id: at.parse(&self.tenant_id)?,
            // A tenant whose zone is not known here is still called.
            zone: self.time_zone.parse().unwrap_or_else(|_| Zone::utc()),
            number_id: at.parse_opt(number)?,
            plan: plan.transpose()?,
            default_receptionist: at.parse_opt(self.receptionist_id.as_deref())?,
            hours: BTreeMap::new(),
            users: BTreeMap::new(),
            queues: BTreeMap::new(),
            receptionists: BTreeMap::new(),
            flows: BTreeMap::new(),
            allowance: Allowance::default(),
            has_ivr: true,
            has_voicemail: true,
        })
    }
}

/// Reads what the tenant has set and allows: once for the whole call.
pub(super) async fn read_rules(conn: &mut AnyConnection, facts: &mut Facts) -> Result<(), Error> {
    let tenant = facts.tenant_id;
    let settings = settings::of_tenant_in(conn, tenant, None).await?;
    // What nobody has planned is not switched off either.
    if facts.plan.is_some() || !facts.flows.is_empty() {
        facts.has_ivr = settings.truth(SettingKey::EnableIvr);
        facts.has_voicemail = settings.truth(SettingKey::EnableVoicemail);
    }
    facts.allowance = Allowance::new(dials::policy_in(conn, tenant).await?, &settings);
    let mut asked = facts.telephones();
    asked.extend(facts.caller_ids());
    let here = numbers::answered_here(conn, &asked).await?;
    let rung = facts.telephones().into_iter();
    let rung = rung.filter(|number| here.contains_key(*number)).cloned();
    facts.allowance.own = rung.collect();
    let own = here.into_iter().filter(|(_, whose)| *whose == tenant);
    facts.show_only(&own.map(|(number, _)| number).collect());
    Ok(())
}

/// With whom the tenant's callers may be connected, where these numbers are to be
/// rung.
pub async fn allowance(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    numbers: &[PhoneNumber],
) -> Result<Allowance, Error> {
    let mut conn = db.into().read().await?;
    let settings = settings::of_tenant_in(&mut conn, tenant, None).await?;
    let policy = dials::policy_in(&mut conn, tenant).await?;
    let here = numbers::answered_here(&mut conn, &numbers.iter().collect()).await?;
    Ok(Allowance {
        own: here.into_keys().collect(),
        ..Allowance::new(policy, &settings)
    })
}

/// Reads what the plan names, and which lists the caller is on.
async fn read_named(
    conn: &mut AnyConnection,
    facts: &mut Facts,
    from: &Party,
) -> Result<Vec<(CallerListId, ListKind)>, Error> {
    let rows: Vec<NamedRow> = sqlx::query_as(NAMED)
        .bind(facts.tenant_id.to_string())
        .bind(facts.number_id.map(|id| id.to_string()))
        .bind(from.number().map(PhoneNumber::as_str))
        .fetch_all(conn)
        .await?;
    let mut lists = Vec::new();
    for row in rows {
        row.note(facts, &mut lists)?;
    }
    Ok(lists)
}

/// Rows of five tables; a column has the name of what `hours` keeps there,
/// and after that of what `queues` does.
const NAMED: &str = "
    SELECT 'hours' AS kind, hours.id AS id, hours.name AS name,
        hours.time_zone AS detail, hours.week AS week, hours.exceptions AS exceptions,
        0 AS announces_position, 0 AS announces_wait, 0 AS max_wait_ms, 0 AS max_size,
        hours.created_at_ms AS created_at_ms
    FROM routing_references AS named
    JOIN hours ON hours.tenant_id = named.tenant_id AND hours.id = named.hours_id
    WHERE named.tenant_id = $1 AND named.number_id = $2
    UNION ALL
    SELECT 'queue', queues.id, queues.name, queues.hold_music_url, NULL, NULL,
        queues.announces_position, queues.announces_wait, queues.max_wait_ms, queues.max_size,
        queues.created_at_ms
    FROM routing_references AS named
    JOIN queues ON queues.tenant_id = named.tenant_id AND queues.id = named.queue_id
    WHERE named.tenant_id = $1 AND named.number_id = $2
    UNION ALL
    SELECT 'user', users.id, '', users.phone_number, NULL, NULL, 0, 0, 0, 0,
        users.created_at_ms
    FROM routing_references AS named
    JOIN users ON users.tenant_id = named.tenant_id AND users.id = named.user_id
    WHERE named.tenant_id = $1 AND named.number_id = $2
        AND users.is_active = 1 AND users.phone_number IS NOT NULL
    UNION ALL
    SELECT 'flow', flows.id, versions.name, versions.flow, NULL, NULL, 0, 0, 0,
        versions.version, versions.published_at_ms
    FROM number_plan_flows AS plans
    JOIN ivr_flows AS flows
        ON flows.tenant_id = plans.tenant_id AND flows.id = plans.flow_id
    JOIN ivr_flow_versions AS versions
        ON versions.flow_id = flows.id AND versions.version = flows.published_version
    WHERE plans.tenant_id = $1 AND plans.number_id = $2
    UNION ALL
    SELECT 'list', lists.id, lists.name, lists.kind, NULL, NULL, 0, 0, 0, 0,
        lists.created_at_ms
    FROM caller_list_members AS members
    JOIN caller_lists AS lists
        ON lists.tenant_id = members.tenant_id AND lists.id = members.list_id
    WHERE members.tenant_id = $1 AND members.phone_number = $3";

#[derive(FromRow)]
struct NamedRow {
    kind: String,
    id: String,
    name: String,
    detail: Option<String>,
    week: Option<String>,
    exceptions: Option<String>,
    announces_position: i64,
    announces_wait: i64,
    max_wait_ms: i64,
    max_size: i64,
    created_at_ms: i64,
}

impl NamedRow {
    fn note(
        self,
        facts: &mut Facts,
        lists: &mut Vec<(CallerListId, ListKind)>,
    ) -> Result<(), Error> {
        let (kind, id) = (self.kind.clone(), self.id.clone());
        let at = RowOf {
            table: "number_plan_references",
            id: &id,
        };
        let detail = self.detail.clone().unwrap_or_default();
        match kind.as_str() {
            "hours" => {
                let hours = self.into_hours(facts.tenant_id)?;
                facts.hours.insert(hours.id, hours);
            }
            "queue" => {
                let queue = self.into_queue(facts.tenant_id)?;
                facts.queues.insert(queue.id, queue);
            }
            "flow" => {
                let flow = self.into_flow()?;
                facts.flows.insert(flow.id, flow);
            }
            "user" => {
                facts.users.insert(at.parse(&id)?, at.parse(&detail)?);
            }
            _ => lists.push((at.parse(&id)?, at.parse(&detail)?)),
        }
        Ok(())
    }

    fn into_hours(self, tenant: TenantId) -> Result<Hours, Error> {
        Hours::try_from(HoursRow {
            id: self.id,
            tenant_id: tenant.to_string(),
            name: self.name,
            time_zone: self.detail.unwrap_or_default(),
            week: self.week.unwrap_or_default(),
            exceptions: self.exceptions.unwrap_or_default(),
            created_at_ms: self.created_at_ms,
        })
    }

    /// The number of its version stands where a queue has its size.
    fn into_flow(self) -> Result<Published, Error> {
        let flow = self.detail.unwrap_or_default();
        ivr_flow_versions::published((&self.id, self.name), self.max_size, &flow)
    }

    fn into_queue(self, tenant: TenantId) -> Result<Queue, Error> {
        Queue::try_from(QueueRow {
            id: self.id,
            tenant_id: tenant.to_string(),
            name: self.name,
            hold_music_url: self.detail,
            announces_position: self.announces_position,
            announces_wait: self.announces_wait,
            max_wait_ms: self.max_wait_ms,
            max_size: self.max_size,
            created_at_ms: self.created_at_ms,
        })
    }
}

/// Reads who may answer, as callers meet them. Where the number's own is not
/// published, the tenant's default answers.
async fn read_receptionists(
    conn: &mut AnyConnection,
    facts: &mut Facts,
    default: Option<String>,
) -> Result<(), Error> {
    let rows: Vec<ReceptionistRow> = sqlx::query_as(RECEPTIONISTS)
        .bind(facts.tenant_id.to_string())
        .bind(facts.number_id.map(|id| id.to_string()))
        .bind(facts.default_receptionist.map(|id| id.to_string()))
        .bind(&default)
        .fetch_all(conn)
        .await?;
    for row in rows {
        let receptionist = Receptionist::try_from(row)?;
        facts.receptionists.insert(receptionist.id, receptionist);
    }
    let own = facts.default_receptionist;
    let is_there = own.is_some_and(|id| facts.receptionists.contains_key(&id));
    if !is_there {
        let answers = |id: &&ReceptionistId| Some(id.to_string()) == default;
        facts.default_receptionist = facts.receptionists.keys().find(answers).copied();
    }
    Ok(())
}

/// The tenant's receptionist of that id, as callers meet it; none where it was
/// never published.
pub async fn receptionist(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: ReceptionistId,
) -> Result<Option<Receptionist>, Error> {
    by_id::find::<ReceptionistRow, _>(db, RECEPTIONIST, tenant, id).await
}

const RECEPTIONIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM published_receptionists WHERE tenant_id = $1 AND id = $2"
);

/// At most `limit` receptionists of any tenant, as callers meet them, to whom a number
/// leads, or would lead: those that are there for longest. For the house, which speaks
/// with their voices before anybody rings.
pub async fn receptionists_in_use(
    db: impl Into<Db<'_>>,
    limit: u32,
) -> Result<Vec<Receptionist>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<ReceptionistRow> = sqlx::query_as(IN_USE)
        .bind(i64::from(limit))
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(Receptionist::try_from).collect()
}

const IN_USE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM published_receptionists WHERE id IN (
        SELECT receptionist_id FROM routing_references WHERE receptionist_id IS NOT NULL
        UNION ALL SELECT receptionist_id FROM numbers WHERE receptionist_id IS NOT NULL
        UNION ALL SELECT receptionist_id FROM default_receptionists)
    ORDER BY created_at_ms, id LIMIT $1"
);

/// At most `limit` numbers of any tenant, those that are there for longest. For the house,
/// which learns how they are answered before anybody rings.
pub async fn numbers_in_use(db: impl Into<Db<'_>>, limit: u32) -> Result<Vec<PhoneNumber>, Error> {
    let mut conn = db.into().read().await?;
    let found: Vec<String> = sqlx::query_scalar(NUMBERS)
        .bind(i64::from(limit))
        .fetch_all(&mut *conn)
        .await?;
    let number = |text: &String| {
        let (table, id) = ("numbers", text.as_str());
        RowOf { table, id }.parse(text)
    };
    found.iter().map(number).collect()
}

const NUMBERS: &str = "SELECT phone_number FROM numbers ORDER BY created_at_ms, id LIMIT $1";

const RECEPTIONISTS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM published_receptionists WHERE tenant_id = $1 AND (id = $3 OR id = $4 OR id IN (
        SELECT receptionist_id FROM routing_references
        WHERE tenant_id = $1 AND number_id = $2 AND receptionist_id IS NOT NULL))"
);

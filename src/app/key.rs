//! `frontdesk key`: the keys of the admin interface.

use std::io::{Write as _, stderr, stdout};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};

use super::config::DatabaseConfig;
use super::{duration, migrate};
use crate::clock::{Clock, random_bytes};
use crate::domain::{ApiKeyId, ParseError, Permission, Scope, TenantId, Timestamp};
use crate::store::api_keys::{self, ApiKey, NewApiKey};
use crate::store::{KeyText, Store, page, tenants};

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key, and print it this once.
    Create(NewKey),
    /// List the keys; what they are is known to nobody.
    List {
        /// Whose keys; the default tenant's where nothing is said.
        #[arg(long, value_name = "ten_...")]
        tenant: Option<TenantId>,
    },
    /// Make a key stop working, at once.
    Revoke {
        /// Its name in the list.
        #[arg(value_name = "key_...")]
        id: ApiKeyId,
        /// Whose key; the default tenant's where nothing is said.
        #[arg(long, value_name = "ten_...")]
        tenant: Option<TenantId>,
    },
}

/// A key to be.
#[derive(Args, Debug)]
pub struct NewKey {
    /// What it is for, such as `console`.
    #[arg(long, value_parser = name)]
    pub name: String,
    /// Whose house it opens; the default tenant's where nothing is said.
    #[arg(long, value_name = "ten_...")]
    pub tenant: Option<TenantId>,
    /// What it opens, such as `calls:read,config:write`; everything where
    /// nothing is said.
    #[arg(long, value_delimiter = ',', value_name = "PERMISSIONS", value_parser = permission)]
    pub permissions: Vec<Permission>,
    /// Make a key for the operator of the platform: it makes tenants, and
    /// opens nothing of what is theirs.
    #[arg(long, conflicts_with_all = ["permissions", "tenant"])]
    pub platform: bool,
    /// When it stops working, such as `90d`; never where nothing is said.
    #[arg(long, value_parser = duration::parse, value_name = "SPAN")]
    pub expires_in: Option<Duration>,
}

/// Does what the command says, on standard output.
pub(super) async fn run(database: &DatabaseConfig, command: KeyCommand) -> anyhow::Result<()> {
    let clock = Clock::system();
    let store = migrate::open(&database.database_url, &clock).await?;
    match command {
        KeyCommand::Create(new) => {
            let tenant = whose(&store, new.tenant).await?;
            create(&store, &clock, tenant, &new).await?;
        }
        KeyCommand::List { tenant } => list(&store, &clock, whose(&store, tenant).await?).await?,
        KeyCommand::Revoke { id, tenant } => {
            let tenant = whose(&store, tenant).await?;
            let mut is_there = false;
            for is_platform in [false, true] {
                let whose = (tenant, is_platform);
                is_there |= api_keys::revoke(&store, whose, id, clock.now()).await?;
            }
            if !is_there {
                bail!("the tenant {tenant} has no key {id}; `frontdesk key list` lists them");
            }
            writeln!(stdout(), "{id} is revoked")?;
        }
    }
    store.close().await;
    Ok(())
}

/// The tenant that was named, if there is such a one, or the default one.
async fn whose(store: &Store, named: Option<TenantId>) -> anyhow::Result<TenantId> {
    let tenant = match named {
        Some(id) => tenants::find(store, id).await?,
        None => tenants::default_tenant(store).await?,
    };
    let tenant = tenant.with_context(|| match named {
        Some(id) => format!("there is no tenant {id}"),
        None => "there is no default tenant; name one with --tenant".to_owned(),
    })?;
    Ok(tenant.id)
}

/// The key alone goes to standard output, so that it can be piped to where it
/// is needed without being seen.
async fn create(
    store: &Store,
    clock: &Clock,
    tenant_id: TenantId,
    new: &NewKey,
) -> anyhow::Result<()> {
    let text = KeyText::from_random(&random_bytes());
    let now = clock.now();
    let lasts_ms = new.expires_in.map(|span| i64::try_from(span.as_millis()));
    let key = NewApiKey {
        id: clock.new_id(),
        tenant_id,
        name: &new.name,
        text: &text,
        scope: match new.permissions.as_slice() {
            [] => Scope::Everything,
            some => Scope::Only(some.to_vec()),
        },
        is_platform: new.platform,
        created_at: now,
        expires_at: lasts_ms.transpose()?.map(|ms| now.plus_ms(ms)),
    };
    let key = api_keys::insert(store, &key).await?;
    writeln!(stderr(), "{} of {tenant_id}; it is shown only now:", key.id)?;
    writeln!(stdout(), "{}", text.expose())?;
    Ok(())
}

async fn list(store: &Store, clock: &Clock, tenant: TenantId) -> anyhow::Result<()> {
    let now = clock.now();
    let mut out = stdout().lock();
    writeln!(
        out,
        "{:30}  {:17}  {:8}  {:24}  {:24}  NAME",
        "ID", "KEY", "STATE", "EXPIRES", "USED"
    )?;
    for key in all(store, tenant).await? {
        let (id, expires, used) = (
            key.id.to_string(),
            day(key.expires_at),
            day(key.last_used_at),
        );
        let state = state(&key, now);
        writeln!(
            out,
            "{id:30}  {:17}  {state:8}  {expires:24}  {used:24}  {}",
            key.prefix, key.name
        )?;
    }
    Ok(())
}

/// The tenant's keys, and those of the platform that are kept with it.
async fn all(store: &Store, tenant: TenantId) -> anyhow::Result<Vec<ApiKey>> {
    let mut keys = Vec::new();
    for is_platform in [false, true] {
        let mut wanted = page::Request::default();
        loop {
            let page = api_keys::list(store, (tenant, is_platform), &wanted).await?;
            keys.extend(page.items);
            if page.next.is_none() {
                break;
            }
            wanted.after = page.next;
        }
    }
    Ok(keys)
}

fn state(key: &ApiKey, now: Timestamp) -> &'static str {
    if key.revoked_at.is_some() {
        "revoked"
    } else if key.is_valid(now) {
        "valid"
    } else {
        "expired"
    }
}

fn day(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "never".to_owned(), |at| at.to_string())
}

/// What a key may be made for by name.
fn permission(text: &str) -> Result<Permission, String> {
    let permission: Permission = text
        .parse()
        .map_err(|error: ParseError| error.to_string())?;
    if permission.is_for_keys() {
        Ok(permission)
    } else {
        Err("no key is made for this alone; leave --permissions out".to_owned())
    }
}

/// What a key may be called: something that a terminal prints as it is.
fn name(text: &str) -> Result<String, &'static str> {
    let fits = (1..=100).contains(&text.chars().count());
    if fits && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err("expected 1 to 100 characters on one line")
    }
}

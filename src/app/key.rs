//! `frontdesk key`: the keys of the admin interface.

use std::time::Duration;

use clap::Subcommand;

use super::duration;
use crate::domain::{ApiKeyId, TenantId};

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key, and print it this once.
    Create {
        /// What it is for, such as `console`.
        #[arg(long)]
        name: String,
        /// Whose calls it opens; the first tenant's where nothing is said.
        #[arg(long, value_name = "ten_...")]
        tenant: Option<TenantId>,
        /// When it stops working, such as `90d`; never where nothing is said.
        #[arg(long, value_parser = duration::parse, value_name = "SPAN")]
        expires_in: Option<Duration>,
    },
    /// List the keys; what they are is known to nobody.
    List {
        /// Whose keys; the first tenant's where nothing is said.
        #[arg(long, value_name = "ten_...")]
        tenant: Option<TenantId>,
    },
    /// Make a key stop working, at once.
    Revoke {
        /// Its name in the list.
        #[arg(value_name = "key_...")]
        id: ApiKeyId,
        /// Whose key; the first tenant's where nothing is said.
        #[arg(long, value_name = "ten_...")]
        tenant: Option<TenantId>,
    },
}

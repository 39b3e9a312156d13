//! An account at the carrier for those who try the admin interface: simulated, and as strict
//! as the real one.

use std::io::{self, Write as _};

use anyhow::{Context as _, ensure};

use super::shutdown::Shutdown;
use crate::domain::Secret;
use crate::rehearsal::rest::{RestOptions, RestServer};

/// Who may act for the account, and by which word.
const KEY: &str = "SK00000000000000000000000000000001";
const SECRET: &str = "the-secret-of-an-account-that-is-none";
/// Of these there are so many for sale.
const FOR_SALE: &str = "+151055501";
const COUNT: u8 = 100;

/// Opens the account, says how it is asked, as settings of the environment, and keeps it
/// open until told to stop. Fails if it was ever asked what the real one would not do as
/// meant.
pub(super) async fn run() -> anyhow::Result<()> {
    let shutdown = Shutdown::on_signals().context("signals cannot be received")?;
    let for_sale: Vec<_> = (0..COUNT).map(|n| format!("{FOR_SALE}{n:02}")).collect();
    let for_sale: Vec<_> = for_sale.iter().map(String::as_str).collect();
    let options = RestOptions::new(KEY, Secret::new(SECRET.to_owned()), &for_sale);
    let account = RestServer::start(options).await?;
    let mut out = io::stdout();
    for (name, value) in [
        ("TWILIO_API_BASE_URL", account.url().as_str()),
        ("TWILIO_ACCOUNT_SID", &account.account_sid()),
        ("TWILIO_API_KEY", KEY),
        ("TWILIO_API_SECRET", SECRET),
    ] {
        writeln!(out, "{name}={value}")?;
    }
    out.flush()?;
    shutdown.drain.cancelled().await;
    let violations = account.violations();
    ensure!(violations.is_empty(), "{}", violations.join("\n"));
    Ok(())
}

//! The log on standard error.

use std::io::{self, IsTerminal as _};
use std::panic;

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use super::config::{LogConfig, LogFormat};
use super::log_writer::{LastLines, LogWriter};

/// Begins to log, for the whole process; `usual` is logged where nothing is
/// said. What is logged reaches standard error before the answer is dropped.
///
/// # Errors
///
/// If somebody else has begun already.
pub fn log(config: &LogConfig, usual: &str) -> anyhow::Result<LastLines> {
    let writer = LogWriter::to(io::stderr()).context("the log gets no thread")?;
    let last_lines = LastLines::of(&writer);
    let filter = filter(config.rust_log.as_deref().unwrap_or(usual))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(writer);
    let begun = match config.log_format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let message = panic.payload_as_str().unwrap_or_default();
        tracing::error!(
            panic.place = place,
            panic.message = message,
            "panicked: this is a bug"
        );
    }));
    begun.map_err(|error| anyhow::anyhow!("the log cannot begin: {error}"))?;
    Ok(last_lines)
}

/// What is logged: as asked for, but for what no log may ever tell.
///
/// The WebSocket library writes whole requests, credentials and all, and what
/// people say at its finest level; it is not heard below `info`, whatever is
/// asked for.
///
/// # Errors
///
/// If `directives` make no filter.
pub fn filter(directives: &str) -> anyhow::Result<EnvFilter> {
    let mut filter = EnvFilter::try_new(directives).context("RUST_LOG")?;
    for target in [
        "tungstenite",
        "tokio_tungstenite",
        "hyper",
        "hyper_util",
        "reqwest",
        "rustls",
    ] {
        filter = filter.add_directive(format!("{target}=info").parse()?);
    }
    Ok(filter)
}

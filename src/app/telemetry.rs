//! The log on standard error.

use std::io::{self, IsTerminal as _};
use std::panic;

use anyhow::Context as _;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

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
    let lines = fmt::layer()
        .with_ansi(io::stderr().is_terminal())
        .with_writer(writer);
    let log = registry().with(filter);
    let begun = match config.log_format {
        LogFormat::Text => log.with(lines).try_init(),
        LogFormat::Json => log.with(lines.json().flatten_event(true)).try_init(),
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
/// asked for, and by whatever name.
///
/// # Errors
///
/// If `directives` make no filter.
pub fn filter<S: Subscriber>(directives: &str) -> anyhow::Result<impl Layer<S> + use<S>> {
    let asked = EnvFilter::try_new(directives).context("RUST_LOG")?;
    Ok(Layer::<S>::and_then(asked, filter_fn(may_be_told)))
}

fn may_be_told(of: &Metadata<'_>) -> bool {
    let library = of.target().split("::").next().unwrap_or_default();
    *of.level() <= Level::INFO || !TALKATIVE.contains(&library)
}

/// Libraries that tell secrets below `info`.
const TALKATIVE: [&str; 6] = [
    "tungstenite",
    "tokio_tungstenite",
    "hyper",
    "hyper_util",
    "reqwest",
    "rustls",
];

//! The command line: which commands there are, and what a mistake is told.

use std::error::Error as _;
use std::ffi::OsString;
use std::num::NonZeroUsize;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Args, Command, CommandFactory as _, Parser, Subcommand};

use super::bench::BenchConfig;
use super::bench_side::SideConfig;
use super::config::{Config, DatabaseConfig, LogConfig};
use super::demo::DemoConfig;
use super::key::KeyCommand;

/// Answers the telephone with an AI receptionist.
///
/// Every setting is a flag and an environment variable, and a file `.env` in
/// this directory or above is read too. What is set in the environment wins
/// over the file, and a flag wins over both.
#[derive(Debug, Parser)]
#[command(name = "frontdesk", version, after_help = EXAMPLE)]
pub struct Cli {
    /// What is written to standard error, and how.
    #[command(flatten)]
    pub log: LogConfig,
    /// What to do.
    #[command(subcommand)]
    pub task: Task,
}

const EXAMPLE: &str = "\
Example: a working receptionist, with two credentials and a tunnel
  export TWILIO_AUTH_TOKEN=... OPENAI_API_KEY=sk-...
  PUBLIC_URL=https://desk.example.com frontdesk serve";

/// What the `frontdesk` command can do.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Answer calls until told to stop.
    ///
    /// The database is created and brought up to date on the way. SIGTERM or
    /// Ctrl-C lets the calls in progress end and takes no new ones; a second
    /// one gives them ten more seconds, and a third ends them.
    #[command(after_help = SERVE_EXAMPLE)]
    Serve(Box<Config>),

    /// Show a whole call on this machine, with nothing configured.
    ///
    /// A simulated carrier lets a recorded caller talk through the real
    /// gateway to a simulated model, or to the real one if `OPENAI_API_KEY` is
    /// set. Ends with a summary and a WAV of both voices.
    #[command(after_help = DEMO_EXAMPLE)]
    Demo(DemoConfig),

    /// Measure what calls cost on this machine, and what delay they suffer.
    ///
    /// The real gateway, on real sockets, answers simulated calls; callers and
    /// model are another process on a core of its own. Prints what the gateway
    /// adds to the delay each way, how fast it obeys an interruption, and CPU
    /// and memory per call. Fails if a frame was lost. Needs two idle cores.
    #[command(after_help = BENCH_EXAMPLE)]
    Bench(BenchConfig),

    /// The simulators of `bench`, which begins them itself.
    #[command(hide = true)]
    BenchSide(SideConfig),

    /// A simulated account at the carrier, for who tries the admin interface.
    ///
    /// Says how it is asked, as settings of `serve`, and fails at the end if it was
    /// asked what the real one would not do as meant.
    #[command(hide = true)]
    AccountSide,

    /// Bring the database up to date, and stop.
    ///
    /// `frontdesk serve` does this itself; this is for those who want to do
    /// it beforehand. Doing it twice does no harm.
    Migrate(DatabaseConfig),

    /// Make, list and revoke the keys of the admin interface.
    #[command(after_help = KEY_EXAMPLE)]
    Key(KeyArgs),
}

const SERVE_EXAMPLE: &str = "\
Example: behind a reverse proxy, on PostgreSQL, logging JSON
  PUBLIC_URL=https://desk.example.com HOST=127.0.0.1 LOG_FORMAT=json \\
  DATABASE_URL=postgres://desk@127.0.0.1/desk frontdesk serve

Then point the voice webhook of a Twilio number (POST) at
  $PUBLIC_URL/api/voice/webhooks/twiml/inbound";

const DEMO_EXAMPLE: &str = "\
Example: fifty callers at one time
  frontdesk demo --calls 50";

const BENCH_EXAMPLE: &str = "\
Example: five hundred calls, encrypted to the model, as JSON
  frontdesk bench --calls 500 --tls --json

Example: an hour of callers who come and go; fails if the process grows
  frontdesk bench --calls 200 --seconds 3600 --talk 30s --ramp 30s";

const KEY_EXAMPLE: &str = "\
Example: a key for three months, and its use
  frontdesk key create --name console --expires-in 90d
  curl -H 'Authorization: Bearer <key>' http://localhost:4640/api/calls/log";

impl Task {
    /// What is logged where nothing is said.
    pub fn usual_log(&self) -> &'static str {
        match self {
            Self::Demo(_) | Self::Bench(_) | Self::BenchSide(_) | Self::AccountSide => "warn",
            Self::Serve(_) | Self::Migrate(_) | Self::Key(_) => "info",
        }
    }

    /// How many threads to do it with; one a core where nothing is said.
    pub fn workers(&self) -> Option<NonZeroUsize> {
        match self {
            Self::Serve(config) => config.calls.workers,
            Self::Bench(config) => NonZeroUsize::new(config.workers.into()),
            Self::Demo(_) => None,
            Self::BenchSide(_) | Self::AccountSide | Self::Migrate(_) | Self::Key(_) => {
                Some(NonZeroUsize::MIN)
            }
        }
    }
}

/// `frontdesk key ...`
#[derive(Args, Debug)]
pub struct KeyArgs {
    /// Where the keys are kept.
    #[command(flatten)]
    pub database: DatabaseConfig,
    /// What to do with them.
    #[command(subcommand)]
    pub command: KeyCommand,
}

impl Cli {
    /// Reads the command line and the environment.
    ///
    /// # Errors
    ///
    /// A setting that is missing or makes no sense, told by the name of its
    /// variable and the way out. A wish for help or the version comes as an
    /// error too: [`clap::Error::exit`] knows what to do with each.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        Self::try_parse_from(arguments).map_err(|error| explained(error, &Self::command()))
    }
}

fn explained(error: clap::Error, command: &Command) -> clap::Error {
    let kind = error.kind();
    let text = if kind == ErrorKind::MissingRequiredArgument {
        missing(&error, command)
    } else if [ErrorKind::ValueValidation, ErrorKind::InvalidValue].contains(&kind) {
        refused(&error, command)
    } else {
        None
    };
    text.map_or(error, |text| clap::Error::raw(kind, text))
}

/// What to say of settings that have no value.
fn missing(error: &clap::Error, command: &Command) -> Option<String> {
    let Some(ContextValue::Strings(flags)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let mut lines = Vec::new();
    for flag in flags {
        let setting = find(command, flag)?;
        let help = setting
            .get_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        lines.push(format!("  {}: {help}", variable(setting)?));
    }
    let (what, them) = if lines.len() == 1 {
        ("a setting has no value", "it")
    } else {
        ("some settings have no value", "them")
    };
    Some(format!(
        "{what}\n\n{}\n\n\
         Set {them} in the environment or in a file .env in this directory;\n\
         `frontdesk help serve` tells more.\n",
        lines.join("\n")
    ))
}

/// What to say of a value that makes no sense; a credential is not repeated.
fn refused(error: &clap::Error, command: &Command) -> Option<String> {
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let setting = find(command, flag)?;
    let name = variable(setting).unwrap_or_else(|| flag.clone());
    let value = match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(value)) if !setting.is_hide_env_values_set() => {
            format!(" is '{value}'")
        }
        _ => " is not understood".to_owned(),
    };
    let reason = match (error.source(), error.get(ContextKind::ValidValue)) {
        (Some(source), _) => source.to_string(),
        (None, Some(ContextValue::Strings(valid))) => format!("expected {}", valid.join(" or ")),
        (None, _) => return None,
    };
    Some(format!("{name}{value}: {reason}\n"))
}

/// The setting that clap shows as `flag`, such as `--port <PORT>`.
fn find<'a>(command: &'a Command, flag: &str) -> Option<&'a Arg> {
    let long = flag.strip_prefix("--")?.split([' ', '=']).next();
    let own = command.get_arguments().find(|arg| arg.get_long() == long);
    own.or_else(|| command.get_subcommands().find_map(|sub| find(sub, flag)))
}

fn variable(setting: &Arg) -> Option<String> {
    let name = setting.get_env()?;
    Some(name.to_string_lossy().into_owned())
}

//! How many calls, and how they end: flags and environment variables.

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::Args;

use super::config::count;
use super::duration;

/// How much, and how long.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Calls")]
pub struct CallConfig {
    /// Calls that the AI takes at one time.
    ///
    /// The next caller goes on at once along the route of the number: to whom its
    /// `fallback` names, or to voicemail; where there is no route, they are told to ring
    /// later.
    #[arg(long, env, default_value = "500", value_parser = count, value_name = "N")]
    pub max_calls: NonZeroUsize,

    /// How long calls may go on after SIGTERM.
    ///
    /// From SIGTERM on `/readyz` is 503 and new callers go along the route of their number
    /// without the AI. A call that still goes on at the end of this span hears a sentence
    /// and goes along its route too: led by the other processes of the house where there
    /// are any, else to the first telephone of the route that can be rung without us. A
    /// second SIGTERM leaves 10 seconds, a third none. Give the supervisor more than this
    /// (systemd: `TimeoutStopSec`, Kubernetes: `terminationGracePeriodSeconds`).
    #[arg(long, env, default_value = "15m", value_parser = duration::parse, value_name = "SPAN")]
    pub drain_timeout: Duration,

    /// Threads that carry the calls; one a core where nothing is said.
    #[arg(long, env, value_parser = count, value_name = "N")]
    pub workers: Option<NonZeroUsize>,
}

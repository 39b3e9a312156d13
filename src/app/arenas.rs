//! How many arenas the system's allocator keeps.
//!
//! glibc gives threads [arenas] of their own, up to eight a core, and what one has once
//! held it seldom gives back: threads that have something to do now and then, such as
//! those of the database, each keep some for that. With few arenas, what one of these
//! threads has given back another takes.
//!
//! [arenas]: https://sourceware.org/glibc/manual/latest/html_node/Memory-Allocation-Tunables.html

use std::num::NonZeroUsize;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::{env, io, thread};

/// Read by glibc before the program begins, and never again.
const LIMIT: &str = "MALLOC_ARENA_MAX";
/// Where the same may be said.
const TUNABLES: &str = "GLIBC_TUNABLES";

/// Limits the arenas to one a worker and one for all other threads, unless whoever
/// started this has said how many. Begins the program anew for that, in the same
/// process: to be called before there is anything to lose.
///
/// # Errors
///
/// If it cannot be begun anew. It works as it is, and needs more memory.
pub(super) fn limit(workers: Option<NonZeroUsize>) -> io::Result<()> {
    let is_said = [LIMIT, TUNABLES]
        .iter()
        .any(|name| env::var_os(name).is_some());
    if is_said || !cfg!(target_env = "gnu") {
        return Ok(());
    }
    let cores = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let arenas = workers.unwrap_or_else(cores).saturating_add(1);
    let mut arguments = env::args_os();
    let mut anew = Command::new(env::current_exe()?);
    if let Some(name) = arguments.next() {
        anew.arg0(name);
    }
    Err(anew.args(arguments).env(LIMIT, arenas.to_string()).exec())
}

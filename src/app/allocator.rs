//! What the system's allocator keeps.
//!
//! glibc gives threads [arenas] of their own, up to eight a core, and what one has once
//! held it seldom gives back: threads that have something to do now and then, such as
//! those of the database, each keep some for that. With few arenas, what one of these
//! threads has given back another takes.
//!
//! It also learns from the first large piece that is given back to keep such pieces, up
//! to 32 MiB, among the small ones, where what stays beside them holds their pages. Told
//! from which size on a piece is the system's, it does not learn.
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
/// From how many bytes on a piece is asked of the system, and goes back to it; and how
/// many may lie unused at the end of the heap.
const THRESHOLDS: [&str; 2] = ["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"];
/// What glibc begins with, in bytes.
const THRESHOLD: &str = "131072";

/// Limits the arenas to one a worker and one for all other threads, and has what is large
/// go back, unless whoever started this has said any of it. Begins the program anew for
/// that, in the same process: to be called before there is anything to lose.
///
/// # Errors
///
/// If it cannot be begun anew. It works as it is, and needs more memory.
pub(super) fn limit(workers: Option<NonZeroUsize>) -> io::Result<()> {
    let mut settings = [LIMIT, TUNABLES].into_iter().chain(THRESHOLDS);
    if settings.any(|name| env::var_os(name).is_some()) || !cfg!(target_env = "gnu") {
        return Ok(());
    }
    let cores = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let arenas = workers.unwrap_or_else(cores).saturating_add(1);
    let mut arguments = env::args_os();
    let mut anew = Command::new(env::current_exe()?);
    if let Some(name) = arguments.next() {
        anew.arg0(name);
    }
    anew.args(arguments).env(LIMIT, arenas.to_string());
    Err(anew.envs(THRESHOLDS.map(|name| (name, THRESHOLD))).exec())
}

//! What this process costs: processor time, memory, and on which cores.

use std::time::Duration;

use tokio::time::Instant;

use anyhow::Context as _;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike as _};
use nix::unistd::Pid;

/// A reading of what the process has cost since it began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gauge {
    at: Instant,
    user: Duration,
    system: Duration,
    waits: i64,
    /// Resident memory in bytes.
    pub(super) resident: usize,
}

/// What lies between two readings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spent {
    pub(super) wall: Duration,
    pub(super) user: Duration,
    pub(super) system: Duration,
    /// How often a thread gave its core away because it had nothing to do.
    pub(super) waits: i64,
}

impl Gauge {
    pub(super) fn read() -> anyhow::Result<Self> {
        let usage = getrusage(UsageWho::RUSAGE_SELF).context("the system tells no usage")?;
        let memory = memory_stats::memory_stats().context("the system tells no memory")?;
        Ok(Self {
            at: Instant::now(),
            user: duration(usage.user_time()),
            system: duration(usage.system_time()),
            waits: usage.voluntary_context_switches(),
            resident: memory.physical_mem,
        })
    }

    pub(super) fn since(&self, earlier: &Self) -> Spent {
        Spent {
            wall: self.at - earlier.at,
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
            waits: self.waits - earlier.waits,
        }
    }
}

fn duration(value: TimeVal) -> Duration {
    let microseconds = u64::try_from(value.num_microseconds()).unwrap_or_default();
    Duration::from_micros(microseconds)
}

/// The cores that this thread may use, by number.
pub(super) fn cores() -> Vec<usize> {
    let Ok(set) = sched_getaffinity(Pid::from_raw(0)) else {
        return Vec::new();
    };
    (0..CpuSet::count())
        .filter(|core| set.is_set(*core).unwrap_or(false))
        .collect()
}

/// Keeps this thread, and those that it will begin, on these cores.
pub(super) fn stay_on(cores: &[usize]) -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    for core in cores {
        set.set(*core)?;
    }
    sched_setaffinity(Pid::from_raw(0), &set).context("the system does not let us choose cores")
}

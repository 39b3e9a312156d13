//! What this process costs: processor time, memory, and on which cores.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage};
use nix::sys::time::{TimeVal, TimeValLike as _};
use nix::unistd::Pid;
use tokio::runtime::Handle;
use tokio::time::Instant;

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

/// What the process holds at this moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holdings {
    /// Resident memory in bytes.
    pub(super) resident: usize,
    /// Sockets, files, pipes.
    pub(super) descriptors: usize,
    /// Tasks alive on the runtime.
    pub(super) tasks: usize,
}

impl Holdings {
    /// What is held, with the tasks of this runtime.
    pub(super) fn read(runtime: &Handle) -> anyhow::Result<Self> {
        let memory = memory_stats::memory_stats().context("the system tells no memory")?;
        let open = fs::read_dir("/dev/fd").context("the system tells no descriptors")?;
        Ok(Self {
            resident: memory.physical_mem,
            // One of them was this question's.
            descriptors: open.count().saturating_sub(1),
            tasks: runtime.metrics().num_alive_tasks(),
        })
    }
}

/// Tells what the process holds and has cost. What the system does not tell is
/// left out.
pub(super) fn tell(runtime: &Handle) {
    if let Ok(held) = Holdings::read(runtime) {
        metrics::gauge!("frontdesk_resident_bytes").set(float(held.resident));
        metrics::gauge!("frontdesk_descriptors").set(float(held.descriptors));
        metrics::gauge!("frontdesk_tasks").set(float(held.tasks));
    }
    let due = runtime.metrics().global_queue_depth();
    metrics::gauge!("frontdesk_tasks_due").set(float(due));
    if let Ok((limit, _)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        metrics::gauge!("frontdesk_descriptors_limit").set(float(limit));
    }
    if let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) {
        let spent = duration(usage.user_time()) + duration(usage.system_time());
        let ms = u64::try_from(spent.as_millis()).unwrap_or(u64::MAX);
        metrics::counter!("frontdesk_cpu_ms_total").absolute(ms);
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a figure for people, far from 2^52"
)]
pub(super) fn float(count: usize) -> f64 {
    count as f64
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

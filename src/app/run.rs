//! Does what the command line asks for.

use tokio::runtime::Builder;

use super::bench::Cores;
use super::cli::{Cli, KeyArgs, Task};
use super::{account_side, allocator, bench, bench_side, demo, key, migrate, serve, telemetry};

/// Does one task, to its end, on threads of its own.
///
/// # Errors
///
/// Whatever kept the task from being done, for the person at the terminal.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    let workers = cli.task.workers();
    let limited = match cli.task {
        Task::Serve(_) | Task::Bench(_) => allocator::limit(workers),
        Task::Demo(_)
        | Task::BenchSide(_)
        | Task::AccountSide
        | Task::Migrate(_)
        | Task::Key(_) => Ok(()),
    };
    let _last_lines = telemetry::log(&cli.log, cli.task.usual_log())?;
    if let Err(error) = limited {
        tracing::debug!(%error, "allocator.not_limited");
    }
    let mut threads = Builder::new_multi_thread();
    if let Some(workers) = workers {
        threads.worker_threads(workers.get());
    }
    threads.enable_all();
    match cli.task {
        Task::Serve(config) => threads.build()?.block_on(serve::run(*config)),
        Task::Demo(config) => threads.build()?.block_on(demo::run(config)),
        Task::Bench(config) => {
            // Threads stay where the one stays that begins them.
            let cores = Cores::take(&config)?;
            threads.build()?.block_on(bench::run(config, cores))
        }
        Task::BenchSide(config) => bench_side::run(&config),
        Task::AccountSide => threads.build()?.block_on(account_side::run()),
        Task::Migrate(database) => threads.build()?.block_on(migrate::run(&database)),
        Task::Key(KeyArgs { database, command }) => {
            threads.build()?.block_on(key::run(&database, command))
        }
    }
}

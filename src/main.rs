//! The `frontdesk` command.

use std::io::{self, Write as _};
use std::process::ExitCode;

use frontdesk::app;
use tokio::runtime;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where not even this can be written, the exit code has to say it.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    app::read_env_file()?;
    let cli = app::Cli::read(std::env::args_os()).unwrap_or_else(|error| error.exit());
    app::log(&cli.log, cli.task.usual_log())?;
    let mut threads = runtime::Builder::new_multi_thread();
    if let Some(workers) = cli.task.workers() {
        threads.worker_threads(workers.get());
    }
    let runtime = threads.enable_all().build()?;
    runtime.block_on(app::run(cli.task))
}

//! The `frontdesk` command.

use std::io::{self, Write as _};
use std::process::ExitCode;

use frontdesk::app;

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
    app::run(cli)
}

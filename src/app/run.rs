//! Does what the command line asks for.

use super::cli::{KeyArgs, Task};
use super::{demo, key, migrate, serve};

/// Does one task, to its end.
///
/// # Errors
///
/// Whatever kept the task from being done, for the person at the terminal.
pub async fn run(task: Task) -> anyhow::Result<()> {
    match task {
        Task::Serve(config) => serve::run(*config).await,
        Task::Demo(config) => demo::run(config).await,
        Task::Migrate(database) => migrate::run(&database).await,
        Task::Key(KeyArgs { database, command }) => key::run(&database, command).await,
    }
}

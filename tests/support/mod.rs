//! What several tests stand on.

pub(crate) mod database;
pub(crate) mod memory_call;
pub(crate) mod process;
pub(crate) mod rest_account;
pub(crate) mod transcriber;

//! What several tests stand on.

pub(crate) mod announced;
pub(crate) mod cable;
pub(crate) mod chaos;
pub(crate) mod collector;
pub(crate) mod database;
pub(crate) mod ear;
pub(crate) mod memory_call;
pub(crate) mod nobody;
pub(crate) mod process;
pub(crate) mod rest_account;
pub(crate) mod transcriber;
pub(crate) mod until;
pub(crate) mod wanted;

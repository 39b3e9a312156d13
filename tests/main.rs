//! The integration tests, one binary: the modules in reading order.

mod api;
mod audio;
mod calls;
mod domain;
mod floors;
mod realtime;
mod rehearsal;
mod server;
mod store;
mod support;
mod twilio;
mod whole;

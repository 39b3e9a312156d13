//! The integration tests, one binary: the modules in reading order.
#![expect(
    clippy::unwrap_used,
    reason = "a test that panics is a test that fails"
)]

mod api;
mod audio;
mod calls;
mod dialling;
mod domain;
mod floors;
mod fuzz;
mod greetings;
mod jobs;
mod journal;
mod keeping;
mod log;
mod measures;
mod parsers;
mod realtime;
mod recordings;
mod rehearsal;
mod routing;
mod server;
mod settings;
mod simulation;
mod store;
mod support;
mod transcribe;
mod twilio;
mod whole;

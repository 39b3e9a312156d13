//! What the model sends.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../parsers/model_event.rs"]
mod model_event;

fuzz_target!(|bytes: &str| model_event::read(bytes));

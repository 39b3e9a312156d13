//! What a process that has died left on the disk of a recording.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../parsers/spooled_recording.rs"]
mod spooled_recording;

fuzz_target!(|bytes: &[u8]| spooled_recording::read(bytes));

//! A sound file from the carrier: its head, and who speaks in it.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../parsers/carrier_recording.rs"]
mod carrier_recording;

fuzz_target!(|bytes: &[u8]| carrier_recording::read(bytes));

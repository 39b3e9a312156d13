//! What the carrier sends over its WebSocket.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../parsers/carrier_message.rs"]
mod carrier_message;

fuzz_target!(|bytes: &str| carrier_message::read(bytes));

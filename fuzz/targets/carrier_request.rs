//! What the carrier asks over HTTP.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../parsers/carrier_request.rs"]
mod carrier_request;

fuzz_target!(|bytes: &[u8]| carrier_request::read(bytes));

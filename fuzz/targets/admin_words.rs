//! What stands in addresses, headers and fields: numbers, names, cursors, keys.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../parsers/admin_words.rs"]
mod admin_words;

fuzz_target!(|bytes: &str| admin_words::read(bytes));

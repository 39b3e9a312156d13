//! What admins write, and what of it is read back from the database.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../parsers/admin_json.rs"]
mod admin_json;

fuzz_target!(|bytes: &str| admin_json::read(bytes));

//! Conversations: replays `fixtures/calls` against `call::Session`, and tries everything else.

mod memory;
mod properties;
mod script;
mod stage;

use std::fs;
use std::path::Path;

/// `BLESS=1 cargo test calls::` writes down what the machine answers today.
#[test]
fn every_conversation_goes_as_it_is_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/calls");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 20, "the conversations are missing");
    for path in paths {
        let written = fs::read_to_string(&path).unwrap();
        let played = script::replay(&written);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, &played).unwrap();
        } else {
            assert_eq!(written, played, "in {}; BLESS=1 to accept", path.display());
        }
    }
}

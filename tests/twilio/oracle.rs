//! The cases that Twilio's own library judges: `tests/oracles/twilio.py`.
//!
//! With `FRONTDESK_ORACLE_DIR` set, the tests here write their cases there as
//! JSON lines. Without it they only see to it that the table is complete.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use frontdesk::domain::Secret;
use frontdesk::twilio::signature::{Verifier, sign, sign_sha256};

use super::documents::documents;

#[test]
fn the_oracle_sees_every_element_and_attribute() {
    let documents = documents();
    let names: BTreeSet<&String> = documents.iter().map(|(name, _)| name).collect();
    assert_eq!(
        names.len(),
        documents.len(),
        "each case has a name of its own"
    );
    let all: String = documents.iter().map(|(_, xml)| xml.as_str()).collect();
    for element in literals(&[
        "Element::new(\"",
        "Subject::new(\"",
        "queue_name(\"",
        "named(\"",
    ]) {
        // SSML hangs in `<Say>` without a root of its own.
        assert!(
            element == "speak" || all.contains(&format!("<{element}")),
            "<{element}>"
        );
    }
    let setters = ["set", "flag", "number", "seconds", "millis", "webhook"];
    let setters = setters.map(|setter| format!(".{setter}(\""));
    let mut attributes = literals(&setters.each_ref().map(String::as_str));
    attributes.retain(|name| name != "true" && name != "false");
    for attribute in attributes {
        assert!(all.contains(&format!(" {attribute}=")), "{attribute}");
    }
    offer(
        "twiml.jsonl",
        documents
            .iter()
            .map(|(name, xml)| json!({"name": name, "xml": xml})),
    );
}

#[test]
fn the_oracle_judges_signatures_and_verdicts() {
    let token = Secret::new("12345".to_owned());
    let verifier = Verifier::new([token.clone()]);
    let form = [
        ("CallSid", "CA1"),
        ("b", "2"),
        ("_", "3"),
        ("A", "é &+%"),
        ("b", "1"),
        ("b", "2"),
        ("Empty", ""),
        ("\u{ffff}", "private"),
        ("\u{10000}", "astral"),
    ];
    let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut lines = Vec::new();
    let urls = [
        "https://h.example/x?a=1&b=%20",
        "https://h.example:443/x?a=1&b=%20",
        "https://h.example:8443/x?a=1&b=%20",
        "http://h.example/x",
        "http://h.example:80/x",
        "wss://h.example/media",
        "wss://h.example:8443/media",
        "https://h.example/grüße?q='quoted'",
    ];
    for signed in urls {
        for pairs in [&form[..], &[]] {
            let name = format!("{signed} {}", pairs.len());
            let signature = sign(&token, signed, pairs);
            let strong = sign_sha256(&token, signed, pairs);
            let verdicts: Vec<Value> = urls
                .iter()
                .map(|asked| {
                    let verdict = verifier.verify_form(asked, pairs, &*signature);
                    json!({"url": asked, "valid": verdict.is_ok()})
                })
                .collect();
            assert!(
                verifier.verify_form(signed, pairs, &*signature).is_ok(),
                "{name}"
            );
            lines.push(json!({
                "name": name, "token": "12345", "url": signed, "params": pairs,
                "sha1": signature, "sha256": strong, "verdicts": verdicts,
            }));
        }
    }
    offer("signatures.jsonl", lines.into_iter());
}

fn offer(file: &str, lines: impl Iterator<Item = Value>) {
    if let Some(folder) = std::env::var_os("FRONTDESK_ORACLE_DIR") {
        let lines: Vec<String> = lines.map(|line| line.to_string()).collect();
        fs::create_dir_all(&folder).expect("the folder can be made");
        fs::write(Path::new(&folder).join(file), lines.join("\n"))
            .expect("the cases can be written");
    }
}

/// The literals that follow any of `openings` in the source of the writer.
fn literals(openings: &[&str]) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/twilio/twiml");
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("the writer is there") {
        let path = entry.expect("the writer's files can be listed").path();
        let source = fs::read_to_string(path).expect("the writer's files are text");
        let code = source
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let code: String = code.flat_map(str::split_whitespace).collect();
        for opening in openings {
            let literals = code.split(opening).skip(1);
            found.extend(literals.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
    }
    assert!(
        found.len() > 5,
        "the source is written as this test reads it"
    );
    found
}

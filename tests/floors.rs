//! The plan of the house, as a test.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn no_file_of_the_house_breaks_its_plan() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let plan = Plan::read(&read(&src.join("lib.rs")));
    let mut found = Vec::new();
    for file in rust_files(&src) {
        let path = file.strip_prefix(&src).expect("files are found below src");
        found.extend(faults(
            &path.to_string_lossy().replace('\\', "/"),
            &read(&file),
            &plan,
        ));
    }
    assert!(
        found.is_empty(),
        "{} fault(s):\n{}",
        found.len(),
        found.join("\n")
    );
}

#[test]
fn the_plan_is_the_one_that_lib_rs_prints() {
    let plan = Plan::read(include_str!("../src/lib.rs"));
    let floors: Vec<_> = [
        "domain", "audio", "call", "store", "bridge", "webhooks", "app",
    ]
    .map(|room| plan.floor(room))
    .into();
    assert_eq!(floors, [0, 1, 2, 3, 4, 5, 6].map(Some));
    for (one, other) in [
        ("call", "realtime"),
        ("call", "routing"),
        ("clock", "store"),
        ("bridge", "rehearsal"),
        ("bridge", "jobs"),
        ("api", "webhooks"),
    ] {
        assert_eq!(plan.floor(one), plan.floor(other));
    }
    for room in ["domain", "audio", "twilio", "realtime", "call", "routing"] {
        assert!(plan.is_pure(room), "{room}");
    }
    for room in ["clock", "store", "bridge", "garage"] {
        assert!(!plan.is_pure(room), "{room}");
    }
}

#[test]
fn an_import_upward_is_found_however_it_is_written() {
    for text in [
        "use crate::store::Store;",
        "use crate::{\n    domain::CallId,\n    store::{Store, calls},\n};",
        "pub(crate) use crate::bridge as b;",
        "fn f() { crate::app::run() }",
        "type S = crate :: store :: Store;",
        "use super::super::store;",
        "use frontdesk::store::Store;",
    ] {
        assert_fault("call/session.rs", text, "call");
    }
    assert_fault("call/mod.rs", "use super::store::Store;", "store");
    assert_fault(
        "call/tool/text.rs",
        "use super::super::super::{api};",
        "api",
    );
    assert_fault(
        "call/tool/mod.rs",
        "use super::super::store::Store;",
        "store",
    );
    assert_clean("call/tool/text.rs", "use super::super::Action;");
    assert_clean("call/turn.rs", "mod tests { use super::super::Action; }");
    assert_fault("clock.rs", "use crate::bridge::Registry;", "bridge");
    assert_fault("main.rs", "use frontdesk::store::Store;", "app alone");
}

#[test]
fn an_import_of_a_neighbour_is_found_and_the_one_exception_is_not() {
    assert_fault("call/session.rs", "use crate::twilio::Mark;", "twilio");
    assert_fault("api/calls.rs", "use crate::webhooks::voice;", "webhooks");
    assert_fault(
        "bridge/run.rs",
        "use crate::rehearsal::Carrier;",
        "rehearsal",
    );
    assert_fault("clock.rs", "use crate::store::Store;", "store");
    assert_clean("store/calls.rs", "use crate::clock::Clock;");
}

#[test]
fn what_a_pure_floor_must_not_say_is_found() {
    for text in [
        "use tokio::time::Instant;",
        "use tokio_util::sync::CancellationToken;",
        "async fn f() { g().await }",
        "fn f() -> Instant { Instant::now() }",
        "use std::time::SystemTime as S; fn f() { SystemTime::now(); }",
        "struct A(sqlx::AnyPool);",
        "use axum::Router;",
        "use reqwest::Client;",
    ] {
        for path in ["domain/ids.rs", "twilio/twiml.rs", "call/turn.rs"] {
            assert_fault(path, text, "pure");
        }
    }
    assert_fault("call/event.rs", "use serde::Serialize;", "serde");
    assert_fault("bridge/run.rs", "sqlx::query(\"SELECT 1\")", "sqlx");
    assert_fault("bridge/run.rs", "use axum::Router;", "axum");
    assert_clean("twilio/rest/client.rs", "use reqwest::Client;");
    assert_clean("realtime/connection/tls.rs", "async fn f() { g().await }");
    assert_clean("call/turn.rs", "use std::time::Instant;");
}

#[test]
fn words_in_comments_and_texts_are_not_code() {
    assert_clean(
        "call/session.rs",
        r##"
        /// The loop in [`crate::bridge`] reads tokio's clock; see `crate::app`.
        /* crate::app, /* nested, tokio */ axum */
        const A: &str = "https://crate::app \" tokio"; // Instant::now
        const B: &str = r#"crate::app " .await"#;
        const C: [char; 2] = ['"', '\''];
        fn f<'a>(a: &'a str) -> &'a str { a }
        "##,
    );
    // What follows a text or a lifetime is code again.
    let after = "const A: char = '\"'; const B: &str = \"//\"; fn f<'a>() { crate::app::f() }";
    assert_fault("call/session.rs", after, "app");
}

#[test]
fn a_file_that_is_too_long_too_wide_or_says_nothing_is_found() {
    let long = "\n".repeat(MAX_LINES + 1);
    assert_fault("call/session.rs", &long, "lines");
    let tested = format!("#[cfg(test)]\nmod tests {{}}{long}");
    assert_clean("call/session.rs", &tested);
    let wide = format!("// {}", "x".repeat(MAX_COLUMNS));
    assert_fault("call/session.rs", &wide, "columns");
    let plan = Plan::read(include_str!("../src/lib.rs"));
    assert_eq!(faults("call/turn.rs", "use std::fmt;\n", &plan).len(), 1);
    assert_eq!(faults("call/turn.rs", "", &plan).len(), 1);
    assert_fault("garage/car.rs", "", "no room");
}

#[test]
fn a_door_that_does_more_than_lead_in_is_found() {
    assert_fault("call/mod.rs", "mod a;\npub fn f() {}", "door");
    assert_fault("call/mod.rs", "mod a { pub struct B; }", "door");
    assert_clean(
        "call/mod.rs",
        "#![expect(a, reason = \"b;\")]\nmod a;\n#[cfg(test)]\nmod t;\npub(crate) mod c;\n\
         pub use a::{B, C};\n",
    );
}

/// The highest floor where no socket, clock or task may be named, by one of
/// its rooms.
const HIGHEST_PURE: &str = "call";

/// The file and the folder on a pure floor that may hold a socket.
const SOCKETS: &[&str] = &["realtime/connection/", "twilio/rest/"];

/// The pure rooms that speak with strangers. Nothing in the others is
/// serializable: that would be a promise to a stranger.
const WIRES: &[&str] = &["twilio", "realtime"];

/// Neighbours that may look over the fence: from, to. The clock is a bare
/// file, not a room, and every resource may ask it for the time.
const NEIGHBOURLY: &[(&str, &str)] = &[("store", "clock")];

/// What a pure floor must not say.
const IMPURE: &[&str] = &[
    "tokio",
    "sqlx",
    "axum",
    "reqwest",
    ".await",
    "Instant::now",
    "SystemTime::now",
];

/// The longest file, without its tests.
const MAX_LINES: usize = 400;

/// The longest `main.rs`: it hands over to `app`, and that is all.
const MAX_MAIN_LINES: usize = 60;

/// The widest line; rustfmt leaves texts and comments alone.
const MAX_COLUMNS: usize = 100;

/// Which room stands on which floor, as `lib.rs` lists them.
struct Plan(BTreeMap<String, usize>);

impl Plan {
    /// A `// ...` line between the modules of `lib.rs` begins a floor.
    fn read(lib: &str) -> Self {
        let mut floors = 0;
        let mut rooms = BTreeMap::new();
        for line in lib.lines() {
            if line.starts_with("// ") {
                floors += 1;
            } else if let Some(room) = line.strip_prefix("pub mod ") {
                let room = room.trim_end_matches(';').to_owned();
                let floor = floors - 1;
                assert!(rooms.insert(room, floor).is_none(), "{line} stands twice");
            }
        }
        Self(rooms)
    }

    fn floor(&self, room: &str) -> Option<usize> {
        self.0.get(room).copied()
    }

    fn is_pure(&self, room: &str) -> bool {
        let floor = self.floor(room);
        floor.is_some_and(|floor| Some(floor) <= self.floor(HIGHEST_PURE))
    }

    /// Why `from` may not import `to`, if it may not.
    fn refusal(&self, from: &str, to: &str) -> Option<String> {
        if from == to || NEIGHBOURLY.contains(&(from, to)) {
            return None;
        }
        let (Some(here), Some(there)) = (self.floor(from), self.floor(to)) else {
            return Some(format!("{from} imports {to}, which is no room"));
        };
        match here.cmp(&there) {
            std::cmp::Ordering::Greater => None,
            std::cmp::Ordering::Equal => Some(format!("{from} imports its neighbour {to}")),
            std::cmp::Ordering::Less => Some(format!("{from} imports {to} from above")),
        }
    }
}

/// Everything that is wrong with the file `text` at `path` below `src`.
fn faults(path: &str, text: &str, plan: &Plan) -> Vec<String> {
    let mut found = Vec::new();
    if !text.starts_with("//! ") {
        found.push("does not open with one `//!` sentence".to_owned());
    }
    found.extend(budget_faults(path, text));
    let code = code_of(text);
    if path.ends_with("mod.rs") {
        found.extend(door_faults(&code));
    }
    let room = path.split(['/', '.']).next().expect("a path has a start");
    match room {
        "lib" => {}
        "main" => {
            let others = paths_into(&code, "frontdesk::").into_iter();
            let others = others.filter(|to| to != "app");
            found.extend(others.map(|to| format!("imports {to}; main knows app alone")));
        }
        _ if plan.floor(room).is_none() => found.push(format!("{room} is no room of lib.rs")),
        _ => found.extend(room_faults(room, path, &code, plan)),
    }
    found
        .iter()
        .map(|fault| format!("{path}: {fault}"))
        .collect()
}

fn budget_faults(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let max = if path == "main.rs" {
        MAX_MAIN_LINES
    } else {
        MAX_LINES
    };
    let lines = text
        .lines()
        .take_while(|line| *line != "#[cfg(test)]")
        .count();
    if lines > max {
        found.push(format!("has {lines} lines before its tests, not {max}"));
    }
    for (n, line) in text.lines().enumerate() {
        let columns = line.chars().count();
        // A row of a table and an address cannot be broken.
        let breaks = !line.starts_with("//! |") && !line.contains("https://");
        if columns > MAX_COLUMNS && breaks {
            found.push(format!("line {} has {columns} columns", n + 1));
        }
    }
    found
}

/// A `mod.rs` holds `mod` and `use` and nothing else.
fn door_faults(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for statement in without_attributes(code).split(';') {
        let words: Vec<_> = statement.split_whitespace().collect();
        let leads_in = match words.as_slice() {
            [] => true,
            [visibility, kind, ..] if visibility.starts_with("pub") => {
                ["mod", "use"].contains(kind)
            }
            [kind, ..] => ["mod", "use"].contains(kind),
        };
        let holds = words.contains(&"mod") && words.iter().any(|word| word.contains('{'));
        if !leads_in || holds {
            let words = words.join(" ");
            found.push(format!("a door holds only mod and use, not `{words}`"));
        }
    }
    found
}

fn room_faults(room: &str, path: &str, code: &str, plan: &Plan) -> Vec<String> {
    let mut rooms = paths_into(code, "crate::");
    rooms.extend(paths_into(code, "frontdesk::"));
    // A path that climbs to the top comes down into a room. In the tests of a
    // file it climbs one less, and what it finds there is its own.
    let climb = "super::".repeat(depth(path));
    let reached = paths_into(code, &climb).into_iter();
    rooms.extend(reached.filter(|name| plan.floor(name).is_some()));
    let mut found: Vec<_> = rooms
        .iter()
        .filter_map(|to| plan.refusal(room, to))
        .collect();
    let flat = without_spaces(code);
    let may_hold_a_socket = SOCKETS.iter().any(|place| path.starts_with(place));
    if plan.is_pure(room) && !may_hold_a_socket {
        let said = IMPURE.iter().filter(|word| flat.contains(**word));
        found.extend(said.map(|word| format!("{room} is pure and says {word}")));
    }
    if plan.is_pure(room) && !WIRES.contains(&room) && flat.contains("serde") {
        found.push(format!(
            "{room} promises no stranger anything and says serde"
        ));
    }
    if room != "store" && !plan.is_pure(room) && flat.contains("sqlx::") {
        found.push(format!("SQL lives in store, and {room} says sqlx"));
    }
    let on_the_street = plan.floor(room) >= plan.floor("webhooks");
    if !on_the_street && !plan.is_pure(room) && flat.contains("axum::") {
        found.push(format!("HTTP lives on the street, and {room} says axum"));
    }
    found
}

/// How many `super::` lead from the file to the top.
fn depth(path: &str) -> usize {
    let names = path.split('/').count();
    if path.ends_with("mod.rs") {
        names - 1
    } else {
        names
    }
}

/// The first names of all paths that begin with `prefix`, in groups too:
/// `crate::{a::B, c}` gives `a` and `c`.
fn paths_into(code: &str, prefix: &str) -> Vec<String> {
    let flat = without_spaces(code);
    let mut names = Vec::new();
    for (at, _) in flat.match_indices(prefix) {
        if flat[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let rest = &flat[at + prefix.len()..];
        match rest.strip_prefix('{') {
            None => names.push(name_at(rest)),
            Some(group) => names.extend(names_of_group(group)),
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn names_of_group(group: &str) -> Vec<String> {
    let mut names = vec![name_at(group)];
    let mut depth = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(name_at(&group[at + 1..])),
            _ => {}
        }
    }
    names
}

/// The name at the start of `text`; `as` was glued to it with its spaces.
fn name_at(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// `code` with no space but the one between two words.
fn without_spaces(code: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut flat = String::new();
    for word in code.split_whitespace() {
        if flat.ends_with(is_word) && word.starts_with(is_word) {
            flat.push(' ');
        }
        flat.push_str(word);
    }
    flat
}

fn without_attributes(code: &str) -> String {
    let mut kept = String::new();
    let mut depth = 0;
    for c in code.replace("#![", "#[").replace("#[", "\u{1}").chars() {
        match c {
            '\u{1}' => depth += 1,
            '[' if depth > 0 => depth += 1,
            ']' if depth > 0 => depth -= 1,
            _ if depth == 0 => kept.push(c),
            _ => {}
        }
    }
    kept
}

/// `text` without its comments and without what stands in its string literals.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment_len(rest),
            '"' => text_len(rest),
            'r' if !ends_in_word(&code) => raw_text_len(rest),
            '\'' => char_len(rest),
            _ => 0,
        };
        if skipped > 0 {
            code.push(' ');
            rest = &rest[skipped..];
        } else {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    code
}

fn ends_in_word(code: &str) -> bool {
    // `br"..."` is a raw text as well; its `b` is harmless code.
    let code = code.strip_suffix('b').unwrap_or(code);
    code.ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

fn block_comment_len(rest: &str) -> usize {
    let mut depth = 0_usize;
    for (at, _) in rest.char_indices() {
        if rest[at..].starts_with("/*") {
            depth += 1;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            if depth == 0 {
                return at + 2;
            }
        }
    }
    rest.len()
}

fn text_len(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn raw_text_len(rest: &str) -> usize {
    let hashes = rest[1..].chars().take_while(|c| *c == '#').count();
    let Some(body) = rest[1 + hashes..].strip_prefix('"') else {
        return 0;
    };
    let end = format!("\"{}", "#".repeat(hashes));
    let len = body.find(&end).map_or(body.len(), |at| at + end.len());
    1 + hashes + 1 + len
}

/// The length of a character literal; a lifetime has none.
fn char_len(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((at, escaped))) => {
            let from = at + escaped.len_utf8();
            rest[from..].find('\'').map_or(0, |end| from + end + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 0,
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a source file is text")
}

/// Checks that `text`, planted at `path`, is refused for a reason that says `reason`.
#[track_caller]
fn assert_fault(path: &str, text: &str, reason: &str) {
    let found = planted(path, text);
    assert!(
        found.iter().any(|fault| fault.contains(reason)),
        "{text:?} at {path}: {found:?}"
    );
}

#[track_caller]
fn assert_clean(path: &str, text: &str) {
    let found = planted(path, text);
    assert!(found.is_empty(), "{found:?}");
}

fn planted(path: &str, text: &str) -> Vec<String> {
    let plan = Plan::read(include_str!("../src/lib.rs"));
    faults(path, &format!("//! Says what it is.\n{text}"), &plan)
}

//! Texts with variables in them: `Your number is {account}.`

/// The variables that every flow has: the keys pressed last, and the numbers
/// at both ends of the call.
pub(super) const GIVEN: [&str; 3] = ["called_number", "caller_number", "digits"];

/// The longest name of a variable.
const MAX_NAME: usize = 32;

/// Whether that can be the name of a variable: small letters, digits and `_`.
pub(super) fn is_name(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let begins = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    begins && text.len() <= MAX_NAME && text.bytes().all(is_word)
}

/// `text` with the value of each variable in its place, of at most `max`
/// characters. What stands in braces and is no name stays as it is.
pub(super) fn filled(text: &str, max: usize, value: impl Fn(&str) -> String) -> String {
    let mut full = String::new();
    for part in parts(text) {
        match part {
            Part::Plain(plain) => full.push_str(plain),
            Part::Variable(name) => full.push_str(&value(name)),
        }
    }
    match full.char_indices().nth(max) {
        Some((at, _)) => full[..at].to_owned(),
        None => full,
    }
}

/// The names of the variables in `text`.
pub(super) fn names(text: &str) -> impl Iterator<Item = &str> {
    parts(text).into_iter().filter_map(|part| match part {
        Part::Variable(name) => Some(name),
        Part::Plain(_) => None,
    })
}

enum Part<'a> {
    Plain(&'a str),
    Variable(&'a str),
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut plain_from = 0;
    for (open, _) in text.match_indices('{') {
        let inside = &text[open + 1..];
        let name = inside.split_once('}').map(|(name, _)| name);
        let Some(name) = name.filter(|name| is_name(name)) else {
            continue;
        };
        parts.push(Part::Plain(&text[plain_from..open]));
        parts.push(Part::Variable(name));
        plain_from = open + name.len() + 2;
    }
    parts.push(Part::Plain(&text[plain_from..]));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_known_by_its_braces_and_its_name() {
        let value = |name: &str| name.to_uppercase();
        for (text, full) in [
            ("", ""),
            ("Hello.", "Hello."),
            ("{a}", "A"),
            ("{a}{b_2}!", "AB_2!"),
            ("{{a}}", "{A}"),
            ("{A} {} { a} {a", "{A} {} { a} {a"),
            ("ü{a}ü", "üAü"),
            ("{2a} {a-b}", "{2a} {a-b}"),
        ] {
            assert_eq!(filled(text, 100, value), full, "{text}");
        }
        assert_eq!(filled("ü{a}ü", 2, value), "üA");
        assert_eq!(names("{a} {B} {c}").collect::<Vec<_>>(), ["a", "c"]);
    }
}

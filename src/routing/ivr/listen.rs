//! Asking the caller, and what the answer means.

use std::collections::BTreeSet;

use super::exit::Exit;
use super::next::Listening;
use super::node::{Collect, Kind, Menu, Prompt};
use super::state::State;
use super::walk::Input;
use super::world::{MAX_SAID, World};

/// What a menu lets the caller hear and choose.
pub(super) fn offer(world: &World<'_>, menu: &Menu, state: &State, is_sorry: bool) -> Listening {
    let words = menu.synonyms.iter().flat_map(|one| &one.words);
    let hints: Vec<String> = words.cloned().collect();
    Listening {
        prompts: prompts(world, (&menu.prompt, menu.sorry.as_ref()), state, is_sorry),
        max_keys: 1,
        // Every key may be a choice.
        finish_on: None,
        timeout: menu.timeout,
        hints: (!hints.is_empty()).then_some(hints),
    }
}

/// What the caller hears who is to enter something.
pub(super) fn request(
    world: &World<'_>,
    collect: &Collect,
    state: &State,
    is_sorry: bool,
) -> Listening {
    let heard = (&collect.prompt, collect.sorry.as_ref());
    Listening {
        prompts: prompts(world, heard, state, is_sorry),
        max_keys: collect.max_digits,
        finish_on: collect.finish_on,
        timeout: collect.timeout,
        hints: collect.takes_speech.then(Vec::new),
    }
}

fn prompts(
    world: &World<'_>,
    (prompt, sorry): (&Prompt, Option<&Prompt>),
    state: &State,
    is_sorry: bool,
) -> Vec<Prompt> {
    let sorry = sorry.filter(|_| is_sorry);
    let heard = sorry.into_iter().chain([prompt]);
    heard.filter_map(|one| world.spoken(one, state)).collect()
}

/// The way out of a menu with these keys by which the caller wants to go.
pub(super) fn chosen(keys: &BTreeSet<char>, menu: &Menu, input: &Input) -> Exit {
    let key = match input {
        Input::Keys(pressed) => {
            let mut pressed = pressed.expose().chars();
            pressed.next().filter(|_| pressed.next().is_none())
        }
        Input::Words(words) => meant(menu, words.expose()),
        Input::Begin | Input::Silence | Input::Outcome(_) | Input::Answer(_) => {
            return Exit::Timeout;
        }
    };
    let key = key.filter(|key| keys.contains(key));
    key.map_or(Exit::Invalid, Exit::Key)
}

/// The key that the words stand for: the one whose words are all in them, and
/// of several the one that was named first in the menu.
fn meant(menu: &Menu, words: &str) -> Option<char> {
    let said = plain(words);
    let is_said = |word: &String| said.contains(&plain(word));
    let found = menu
        .synonyms
        .iter()
        .find(|one| one.words.iter().any(is_said));
    found.map(|one| one.key)
}

/// Small letters and digits, each word between two spaces.
fn plain(words: &str) -> String {
    let words = words.to_lowercase();
    let words = words.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!(" {} ", words.join(" "))
}

/// What the caller has entered; the way out if that is no use.
pub(super) fn entered<'a>(collect: &Collect, input: &'a Input) -> Result<&'a str, Exit> {
    match input {
        Input::Keys(keys) => {
            let keys = keys.expose();
            let count = u32::try_from(keys.chars().count()).unwrap_or(u32::MAX);
            let is_good = (collect.min_digits..=collect.max_digits).contains(&count)
                && keys.chars().all(Exit::is_key);
            if is_good {
                Ok(keys)
            } else {
                Err(Exit::Invalid)
            }
        }
        Input::Words(words) if collect.takes_speech => Ok(words.expose()),
        Input::Words(_) => Err(Exit::Invalid),
        Input::Begin | Input::Silence | Input::Outcome(_) | Input::Answer(_) => Err(Exit::Timeout),
    }
}

/// How much of the carrier's document it takes, about.
pub(super) fn length(prompt: &Prompt) -> usize {
    match prompt {
        Prompt::Say(words) => words.text.chars().count(),
        Prompt::Play(url) => url.len(),
    }
}

/// How much a node may let the caller hear at most.
pub(super) fn longest(kind: &Kind) -> usize {
    match kind {
        Kind::Say(_) => MAX_SAID,
        Kind::Play { url } => url.len(),
        Kind::Menu(_) | Kind::Gather(_) => 2 * MAX_SAID,
        Kind::Start
        | Kind::Hours { .. }
        | Kind::HandOver(_)
        | Kind::Sms { .. }
        | Kind::Http(_)
        | Kind::Set { .. }
        | Kind::Branch { .. }
        | Kind::Hangup => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::node::{Synonyms, Words};
    use super::*;
    use std::time::Duration;

    #[test]
    fn words_mean_the_key_whose_words_are_in_them() {
        let of = |key, words: &[&str]| Synonyms {
            key,
            words: words.iter().map(|word| (*word).to_owned()).collect(),
        };
        let menu = Menu {
            prompt: Prompt::Say(Words::default()),
            sorry: None,
            timeout: Duration::from_secs(5),
            retries: 0,
            synonyms: vec![
                of('1', &["sales", "the shop"]),
                of('2', &["Öffnungszeiten"]),
            ],
        };
        for (words, key) in [
            ("Sales, please.", Some('1')),
            ("I want the shop", Some('1')),
            ("wholesales", None),
            ("the big shop", None),
            ("öffnungszeiten", Some('2')),
            ("", None),
        ] {
            assert_eq!(meant(&menu, words), key, "{words}");
        }
    }
}

//! What a walk goes by beside the state: the flow, the facts, the caller, the clock.

use url::form_urlencoded::byte_serialize;

use super::exit::NodeId;
use super::flow::Flow;
use super::next::Asked;
use super::node::{Case, Comparison, HttpAsk, Kind, Prompt, Test, Words};
use super::state::{CallerFacts, State};
use super::template::filled;
use crate::domain::{HoursId, Party, Pii, Timestamp};
use crate::routing::decide::place;
use crate::routing::facts::Facts;
use crate::routing::plan::Voice;
use crate::routing::route::Stop;

/// What a walk goes by.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// The flow.
    pub flow: &'a Flow,
    /// What is known of the hours, people and queues that the flow names.
    pub facts: &'a Facts,
    /// How the callers of the number are spoken to.
    pub voice: &'a Voice,
    /// What is known of the caller.
    pub caller: &'a CallerFacts,
    /// Who calls.
    pub from: &'a Party,
    /// Whom.
    pub to: &'a Party,
    /// When.
    pub now: Timestamp,
}

/// The longest text that is spoken, with its variables.
pub(super) const MAX_SAID: usize = 2_000;
/// The longest address, with its variables.
const MAX_URL: usize = 2_000;

impl World<'_> {
    /// Who has the call at a node that hands it over, if they are to be had.
    pub fn stop_at(&self, node: &NodeId) -> Option<Stop> {
        let Kind::HandOver(target) = &self.flow.node(node)?.kind else {
            return None;
        };
        let stop = place(target, (self.voice, self.facts), self.caller).ok()?;
        // A flow in a flow would have no place of its own.
        (!matches!(stop, Stop::Ivr(_))).then_some(stop)
    }

    /// Whether these hours are open; hours that are gone count as open, as they
    /// do for a number.
    pub(super) fn is_open(&self, id: HoursId) -> bool {
        let hours = self.facts.hours.get(&id);
        hours.is_none_or(|hours| hours.plan.is_open(self.now).is_open())
    }

    /// A text with the values of its variables.
    pub(super) fn told(&self, text: &str, state: &State, max: usize) -> String {
        filled(text, max, |name| self.value(name, state))
    }

    /// The same as something to be heard, if anything is left to be said.
    pub(super) fn spoken(&self, prompt: &Prompt, state: &State) -> Option<Prompt> {
        match prompt {
            Prompt::Say(words) => {
                let text = self.told(&words.text, state, MAX_SAID);
                let says_something = !text.trim().is_empty();
                says_something.then(|| {
                    Prompt::Say(Words {
                        text,
                        ..words.clone()
                    })
                })
            }
            Prompt::Play(url) => Some(Prompt::Play(url.clone())),
        }
    }

    /// A question as it is put.
    pub(super) fn put(&self, ask: &HttpAsk, state: &State) -> Asked {
        let escaped = |name: &str| byte_serialize(self.value(name, state).as_bytes()).collect();
        let body = ask.body.iter();
        let body = body.map(|(name, value)| {
            let value = self.told(value, state, MAX_SAID);
            (name.clone(), Pii::new(value))
        });
        let headers = ask.headers.iter();
        let headers = headers.filter_map(|one| Some((one.name.clone(), one.value.clone()?)));
        Asked {
            method: ask.method,
            url: Pii::new(filled(&ask.url, MAX_URL, escaped)),
            headers: headers.collect(),
            body: body.collect(),
            timeout: ask.timeout,
            fields: ask.fields.clone(),
        }
    }

    /// Whether all that the case asks for is so.
    pub(super) fn is_so(&self, case: &Case, state: &State) -> bool {
        case.when.iter().all(|test| self.holds(test, state))
    }

    fn holds(&self, test: &Test, state: &State) -> bool {
        match test {
            Test::Variable { name, is, than } => {
                let than = self.told(than, state, MAX_SAID);
                compares(&self.value(name, state), *is, &than)
            }
            Test::Vip => self.caller.is_vip,
            Test::Known => self.caller.is_known,
            Test::Anonymous => *self.from == Party::Anonymous,
            Test::Language(wanted) => {
                let spoken = self.caller.language.as_deref();
                spoken.is_some_and(|spoken| is_form_of(spoken, wanted))
            }
            Test::NumberStarts(begins) => {
                let number = self.from.number();
                number.is_some_and(|number| number.as_str().starts_with(begins))
            }
        }
    }

    /// The value of a variable; nothing where it has none.
    fn value(&self, name: &str, state: &State) -> String {
        let number = |party: &Party| {
            let number = party.number();
            number.map_or(String::new(), |number| number.as_str().to_owned())
        };
        match name {
            "digits" => state.digits.expose().clone(),
            "caller_number" => number(self.from),
            "called_number" => number(self.to),
            _ => state.variables.get(name).unwrap_or_default().to_owned(),
        }
    }
}

fn compares(one: &str, is: Comparison, other: &str) -> bool {
    let (one, other) = (one.trim().to_lowercase(), other.trim().to_lowercase());
    let numbers = || -> Option<(f64, f64)> { Some((one.parse().ok()?, other.parse().ok()?)) };
    match is {
        Comparison::Equal => one == other,
        Comparison::Different => one != other,
        Comparison::Begins => one.starts_with(&other),
        Comparison::Contains => one.contains(&other),
        Comparison::Less => numbers().is_some_and(|(one, other)| one < other),
        Comparison::More => numbers().is_some_and(|(one, other)| one > other),
    }
}

/// Whether a language is that one or a form of it: `de-CH` is one of `de`.
fn is_form_of(language: &str, wanted: &str) -> bool {
    let (language, wanted) = (language.to_lowercase(), wanted.to_lowercase());
    let rest = language.strip_prefix(&wanted);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_compare_as_texts_and_as_numbers() {
        use Comparison::{Begins, Contains, Different, Equal, Less, More};
        for (one, is, other, holds) in [
            ("Gold", Equal, "gold ", true),
            ("", Equal, "", true),
            ("gold", Different, "silver", true),
            ("+49301", Begins, "+49", true),
            ("one two", Contains, "TWO", true),
            ("9", Less, "10", true),
            ("10", More, "9.5", true),
            ("ten", Less, "11", false),
            ("", More, "-1", false),
        ] {
            assert_eq!(compares(one, is, other), holds, "{one} {is:?} {other}");
        }
        assert!(is_form_of("de-CH", "de") && is_form_of("de", "DE"));
        assert!(!is_form_of("den", "de") && !is_form_of("de", "de-CH"));
    }
}

//! Why a route came out as it did, a step at a time.

use std::borrow::Cow;

/// One thought on the way to a decision.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// A stable word, such as `hours.closed`.
    pub code: Cow<'static, str>,
    /// The same for people, in English.
    pub text: String,
}

/// The thoughts so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps(Vec<Step>);

impl Steps {
    /// Adds a thought.
    pub(super) fn note(&mut self, code: &'static str, text: impl Into<String>) {
        self.0.push(Step {
            code: code.into(),
            text: text.into(),
        });
    }

    pub(super) fn into_vec(self) -> Vec<Step> {
        self.0
    }
}

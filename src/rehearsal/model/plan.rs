//! Turns a line into steps, each with the time to wait before it.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::options::{Ending, Line, McpCall, ModelOptions, ToolCall};
use crate::rehearsal::codec::SAMPLES_PER_MS;
use crate::rehearsal::spoken::Spoken;

/// One thing that a response does.
#[derive(Clone, Debug)]
pub(super) enum Step {
    OpenMessage,
    Speak { words: String, mulaw: Bytes },
    Write { words: String },
    CloseMessage,
    OpenCall(ToolCall),
    Argue(String),
    CloseCall,
    AskServer(McpCall),
    End(Ending),
}

/// A step, and how long after the one before it.
#[derive(Clone, Debug)]
pub(super) struct TimedStep {
    pub(super) wait: Duration,
    pub(super) step: Step,
}

/// All steps of `line`, in order; the last is its ending.
pub(super) fn plan(line: &Line, options: &ModelOptions, is_text_only: bool) -> VecDeque<TimedStep> {
    let mut planner = Planner {
        options,
        steps: VecDeque::new(),
        owed: line.think.unwrap_or(options.think),
        made: Duration::ZERO,
        has_stalled: false,
    };
    for item in &line.items {
        planner.step(Step::OpenMessage);
        if is_text_only {
            planner.write(&item.text);
        } else {
            planner.speak(item);
        }
        planner.step(Step::CloseMessage);
    }
    for call in &line.tool_calls {
        planner.step(Step::OpenCall(call.clone()));
        for piece in split_words(&call.arguments, 4) {
            planner.step(Step::Argue(piece));
        }
        planner.step(Step::CloseCall);
    }
    for call in &line.mcp_calls {
        planner.step(Step::AskServer(call.clone()));
    }
    planner.step(Step::End(line.ending.clone()));
    planner.steps
}

struct Planner<'a> {
    options: &'a ModelOptions,
    steps: VecDeque<TimedStep>,
    /// Time that the next step has to wait.
    owed: Duration,
    made: Duration,
    has_stalled: bool,
}

impl Planner<'_> {
    fn step(&mut self, step: Step) {
        let wait = std::mem::take(&mut self.owed);
        self.steps.push_back(TimedStep { wait, step });
    }

    fn speak(&mut self, item: &Spoken) {
        let delta_ms = usize::try_from(self.options.delta.as_millis()).unwrap_or(usize::MAX);
        let size = delta_ms.clamp(1, MAX_DELTA_MS) * SAMPLES_PER_MS;
        let count = item.mulaw.len().div_ceil(size).max(1);
        let mut words = split_words(&item.text, count).into_iter();
        for at in 0..count {
            self.stall_if_due();
            let end = item.mulaw.len().min((at + 1) * size);
            let mulaw = item.mulaw.slice(at * size..end);
            let spoken = Spoken::new(words.next().unwrap_or_default(), mulaw);
            let lasting = spoken.duration();
            self.step(Step::Speak {
                words: spoken.text,
                mulaw: spoken.mulaw,
            });
            self.made += lasting;
            self.owed = lasting.div_f64(self.options.speed.max(0.01));
        }
    }

    fn write(&mut self, text: &str) {
        for words in split_words(text, text.split(' ').count()) {
            self.step(Step::Write { words });
            self.owed = Duration::from_millis(10);
        }
    }

    fn stall_if_due(&mut self) {
        let Some(stall) = self.options.stall else {
            return;
        };
        if !self.has_stalled && self.made >= stall.after_audio {
            self.has_stalled = true;
            self.owed += stall.lasting;
        }
    }
}

/// `text` in `count` pieces, cut between words; together they are `text`.
fn split_words(text: &str, count: usize) -> Vec<String> {
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    let cut = |at: usize| words.len() * at / count;
    (0..count)
        .map(|at| words[cut(at)..cut(at + 1)].concat())
        .collect()
}

const MAX_DELTA_MS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_a_text_make_the_text() {
        for count in 1..12 {
            assert_eq!(
                split_words("a receptionist who knows", count).concat(),
                "a receptionist who knows"
            );
        }
    }

    #[test]
    fn a_line_is_cut_into_deltas_and_paced() {
        let line = Line::say(Spoken::babble("one two three", Duration::from_millis(450)));
        let steps = plan(&line, &ModelOptions::default(), false);
        let waits: Vec<u128> = steps.iter().map(|step| step.wait.as_millis()).collect();
        assert_eq!(waits, [100, 0, 50, 50, 12, 0]);
    }
}

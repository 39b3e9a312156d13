//! What happens when nobody speaks: prompt, prompt, polite end.
//!
//! A carrier sends frames all the time, and comfort noise may even wake the
//! agent's hearing; neither is a caller. Only words and digits are.

use std::mem;
use std::time::{Duration, Instant};

use crate::domain::SilencePolicy;

/// Speech that goes on for so long without a word is noise.
const MAX_SPEECH: Duration = Duration::from_secs(30);
/// So many answers beyond the prompts to a caller who says nothing.
const PATIENCE: u32 = 4;
/// Words that were written down so far come no more after so much speech without any.
const MAX_UNWRITTEN: u32 = 2;

/// What to do about the silence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// Look again then.
    Wait(Instant),
    /// Ask whether the caller is there; the number of this prompt.
    Prompt(u32),
    /// Say goodbye.
    GiveUp,
}

/// Who was last heard, and how often the caller has been asked.
#[derive(Debug)]
pub(super) struct Silence {
    policy: SilencePolicy,
    since: Instant,
    speaking_since: Option<Instant>,
    prompts: u32,
    /// The agent has heard something, and not answered it yet.
    is_heard: bool,
    /// What it heard and answered though there were no words.
    unanswered: u32,
    has_words: bool,
    /// How often it has heard something since words, empty or not, were written down.
    unwritten: u32,
}

impl Silence {
    pub(super) fn new(policy: SilencePolicy, now: Instant) -> Self {
        Self {
            policy,
            since: now,
            speaking_since: None,
            prompts: 0,
            is_heard: false,
            unanswered: 0,
            has_words: false,
            unwritten: 0,
        }
    }

    /// The agent hears something from the caller.
    pub(super) fn speech_started(&mut self, now: Instant) {
        self.speaking_since = Some(now);
        self.is_heard = true;
    }

    /// The agent hears the caller no more. Where no words are written down, or none any
    /// more, this must do for them.
    pub(super) fn speech_stopped(&mut self, now: Instant) {
        if self.speaking_since.take().is_none() {
            return;
        }
        self.unwritten += 1;
        if !self.has_words || self.unwritten > MAX_UNWRITTEN {
            self.confirm(now);
        }
    }

    /// Another agent has come: whether it writes words down is not known.
    pub(super) fn agent_replaced(&mut self, now: Instant) {
        self.has_words = false;
        self.confirm(now);
    }

    /// The words of the caller were written down, empty or not.
    pub(super) fn words(&mut self, text: &str, now: Instant) {
        self.has_words = true;
        self.unwritten = 0;
        if !text.trim().is_empty() {
            self.confirm(now);
        }
    }

    /// The caller is there beyond doubt.
    pub(super) fn confirm(&mut self, now: Instant) {
        self.since = self.since.max(now);
        self.prompts = 0;
        self.unanswered = 0;
    }

    /// The receptionist has spoken. What a tool makes them say besides counts for nothing.
    pub(super) fn answered(&mut self) {
        self.unanswered += u32::from(mem::take(&mut self.is_heard));
    }

    /// Whether what the agent takes for the caller's voice is none.
    pub(super) fn hears_noise(&self, now: Instant) -> bool {
        self.speaking_since.is_some_and(|at| now >= at + MAX_SPEECH)
    }

    /// Judges the silence; `quiet_at` is when the receptionist ends speaking.
    pub(super) fn judge(&mut self, quiet_at: Option<Instant>, now: Instant) -> Verdict {
        let is_speaking = self.speaking_since.is_some() && !self.hears_noise(now);
        if self.unanswered > self.policy.prompts + PATIENCE && !is_speaking {
            return Verdict::GiveUp;
        }
        let speech = self.speaking_since.map(|at| now.min(at + MAX_SPEECH));
        let since = [Some(self.since), quiet_at, speech]
            .into_iter()
            .flatten()
            .max();
        let due = since.unwrap_or(now) + self.policy.prompt_after;
        if now < due {
            return Verdict::Wait(due);
        }
        self.since = now;
        self.prompts += 1;
        if self.prompts > self.policy.prompts {
            Verdict::GiveUp
        } else {
            Verdict::Prompt(self.prompts)
        }
    }
}

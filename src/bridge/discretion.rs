//! What is kept of no call: what was said, and which keys were pressed, while its
//! recording was paused.
//!
//! The agent hears all of it, and so does the one that takes its place when it is lost:
//! the machine has it in memory while one receptionist has the call. Whatever leaves
//! the call, to be kept or to be shown, is veiled before.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::recorder::RecordOrder;
use crate::call::{Event, ItemKey, Report};
use crate::domain::{Pii, Speaker, Utterance};

/// What stands in the place of words.
pub(super) const NOT_KEPT: &str = "[not kept: the recording was paused]";
/// What stands in the place of a key.
const NO_KEY: &str = "•";
/// An agent hears that somebody speaks so much later at most, and answers so soon.
const LATE: Duration = Duration::from_secs(1);
/// Keys further apart are of two entries: longer than the machine waits for the next.
const ENTRY_PAUSE: Duration = Duration::from_secs(3);
/// Words may be awaited of so many items at one time.
const MAX_AWAITED: usize = 16;

/// What may not be kept of one call.
#[derive(Debug, Default)]
pub(super) struct Discretion {
    /// From when on the machine counts the time of what is said: the stream is there.
    began: Option<Instant>,
    is_paused: bool,
    has_agent: bool,
    pauses: Vec<Pause>,
    /// What the caller has said to its end, and when that was; its words come later.
    awaited: VecDeque<(ItemKey, Instant)>,
    /// When the words ended that have just come.
    ended: Option<Instant>,
    /// When the last key was pressed of an entry that is not for everybody.
    keyed_at: Option<Instant>,
    /// Whether that may be kept which began then.
    verdicts: BTreeMap<Duration, bool>,
}

/// A time of which nothing is kept, by the clock of what is said.
#[derive(Debug)]
struct Pause {
    from: Duration,
    /// None while it goes on.
    until: Option<Duration>,
}

impl Discretion {
    /// Somebody wants something of the recording. Who stops it wants it no more; who
    /// starts it while it is paused has not said that it goes on.
    pub(super) fn heed(&mut self, order: &RecordOrder, now: Instant) {
        match order {
            RecordOrder::Start(_) => {}
            RecordOrder::Pause => self.is_paused = true,
            RecordOrder::Resume | RecordOrder::Stop => self.is_paused = false,
        }
        self.settle(now);
    }

    /// This happened, and what it leads to is reported next.
    pub(super) fn hear(&mut self, event: &Event, now: Instant) {
        self.ended = None;
        if *event == Event::CarrierStarted {
            self.began.get_or_insert(now);
        } else if let Event::Digit(_) = event {
            self.press(now);
        } else if let Event::SpeechStopped { item } = event {
            if self.awaited.len() == MAX_AWAITED {
                self.awaited.pop_front();
            }
            self.awaited.push_back((*item, now));
        } else if let Event::CallerTranscript { item, .. } = event {
            let at = self.awaited.iter().position(|(known, _)| known == item);
            let known = at.and_then(|at| self.awaited.remove(at));
            self.ended = known.map(|(_, ended)| ended);
        }
    }

    /// What is reported, as everybody may know it.
    pub(super) fn veil(&mut self, report: Report, now: Instant) -> Report {
        match report {
            Report::Said(said) => Report::Said(self.judge(said, now)),
            Report::Digits(digits) => Report::Digits(self.mask(digits)),
            Report::Connected | Report::AgentBack { .. } => {
                self.has_agent = true;
                self.settle(now);
                report
            }
            Report::AgentLost => {
                self.has_agent = false;
                report
            }
            Report::Speaking(_)
            | Report::Interrupted { .. }
            | Report::Latency(_)
            | Report::RanDry { .. }
            | Report::OutOfDate { .. }
            | Report::Tool { .. }
            | Report::Used(_)
            | Report::Muted { .. }
            | Report::Held(_)
            | Report::Silence { .. } => report,
        }
    }

    /// Whether what the agent writes now may be of what was said in a pause.
    pub(super) fn is_on_at(&self, now: Instant) -> bool {
        let now = self.time(now);
        let last = self.pauses.last();
        last.is_some_and(|last| last.until.is_none_or(|until| until + LATE >= now))
    }

    /// What was said at some time of the call, as it may be kept. Of what was never
    /// [reported](Self::veil) nobody knows when it ended.
    pub(super) fn reveal(&self, said: Utterance) -> Utterance {
        let known = self.verdicts.get(&said.started).copied();
        let may_be_kept = known.unwrap_or_else(|| !self.is_covered((said.started, Duration::MAX)));
        veiled_unless(may_be_kept, said)
    }

    fn judge(&mut self, said: Utterance, now: Instant) -> Utterance {
        let ended = match said.speaker {
            Speaker::Caller => self.ended.unwrap_or(now),
            Speaker::Receptionist => now,
        };
        let may_be_kept = !self.is_covered((said.started, self.time(ended)));
        *self.verdicts.entry(said.started).or_insert(true) &= may_be_kept;
        veiled_unless(may_be_kept, said)
    }

    /// Whether any of it was said in a pause, or may have been.
    fn is_covered(&self, (from, until): (Duration, Duration)) -> bool {
        let meets =
            |pause: &Pause| pause.from <= until && pause.until.is_none_or(|end| end + LATE >= from);
        self.pauses.iter().any(meets)
    }

    fn press(&mut self, now: Instant) {
        let goes_on = self
            .keyed_at
            .is_some_and(|at| now.saturating_duration_since(at) < ENTRY_PAUSE);
        self.keyed_at = (goes_on || self.is_on()).then_some(now);
    }

    /// How many keys they were is for everybody.
    fn mask(&mut self, digits: Pii<String>) -> Pii<String> {
        match self.keyed_at.take() {
            Some(_) => Pii::new(NO_KEY.repeat(digits.expose().chars().count())),
            None => digits,
        }
    }

    fn is_on(&self) -> bool {
        self.pauses.last().is_some_and(|last| last.until.is_none())
    }

    /// Begins a pause, or ends it. What the caller says while there is no agent is
    /// heard when there is one again: it ends then at the soonest.
    fn settle(&mut self, now: Instant) {
        let now = self.time(now);
        let last = self.pauses.last_mut();
        if !self.is_paused {
            if let Some(last) = last.filter(|last| last.until.is_none() && self.has_agent) {
                last.until = Some(now);
            }
            return;
        }
        match last.filter(|last| last.until.is_none_or(|until| until + LATE >= now)) {
            Some(last) => last.until = None,
            None => self.pauses.push(Pause {
                from: now,
                until: None,
            }),
        }
    }

    fn time(&self, at: Instant) -> Duration {
        let began = self.began.unwrap_or(at);
        at.saturating_duration_since(began)
    }
}

fn veiled_unless(may_be_kept: bool, said: Utterance) -> Utterance {
    if may_be_kept {
        return said;
    }
    let text = Pii::new(NOT_KEPT.to_owned());
    Utterance { text, ..said }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A call whose stream began at the beginning.
    struct Desk {
        began: Instant,
        discretion: Discretion,
    }

    impl Desk {
        fn open() -> Self {
            let began = tokio::time::Instant::now().into_std();
            let mut discretion = Discretion::default();
            discretion.hear(&Event::CarrierStarted, began);
            discretion.veil(Report::Connected, began);
            Self { began, discretion }
        }

        fn at(&self, ms: u64) -> Instant {
            self.began + Duration::from_millis(ms)
        }

        fn order(&mut self, order: &RecordOrder, ms: u64) {
            self.discretion.heed(order, self.at(ms));
        }

        fn report(&mut self, report: Report, ms: u64) -> Report {
            self.discretion.veil(report, self.at(ms))
        }

        /// Whether what was said from then until then is kept.
        fn keeps(&mut self, speaker: Speaker, (from, until): (u64, u64)) -> bool {
            let said = said(speaker, from);
            let told = self.report(Report::Said(said.clone()), until);
            let is_kept = told == Report::Said(said.clone());
            assert_eq!(self.discretion.reveal(said.clone()) == said, is_kept);
            is_kept
        }

        fn keys(&mut self, keys: &[u64], ms: u64) -> String {
            for at in keys {
                self.discretion.hear(&Event::Digit('4'), self.at(*at));
            }
            let pressed = Pii::new("4".repeat(keys.len()));
            let Report::Digits(told) = self.report(Report::Digits(pressed), ms) else {
                panic!("it is another report");
            };
            told.expose().clone()
        }
    }

    fn said(speaker: Speaker, ms: u64) -> Utterance {
        Utterance {
            speaker,
            text: Pii::new("4111 1111 1111 1111".to_owned()),
            started: Duration::from_millis(ms),
            interrupted: false,
        }
    }

    #[test]
    fn i6_what_was_said_in_a_pause_even_in_part_is_kept_of_nobody() {
        for speaker in [Speaker::Caller, Speaker::Receptionist] {
            let mut desk = Desk::open();
            assert!(desk.keeps(speaker, (1_000, 4_000)));
            desk.order(&RecordOrder::Pause, 5_000);
            assert!(!desk.keeps(speaker, (4_500, 6_000)));
            assert!(!desk.keeps(speaker, (6_500, 7_000)));
            desk.order(&RecordOrder::Resume, 8_000);
            assert!(!desk.keeps(speaker, (7_500, 12_000)));
            assert!(!desk.keeps(speaker, (8_900, 13_000)), "it began sooner");
            assert!(desk.keeps(speaker, (9_100, 14_000)));
            // What was never reported, and what was before, at the end.
            let unknown = |ms| desk.discretion.reveal(said(speaker, ms)) == said(speaker, ms);
            assert!(!unknown(2_000) && unknown(20_000) && unknown(1_000));
        }
    }

    #[test]
    fn i6_words_that_come_late_were_said_when_they_were_said() {
        let mut desk = Desk::open();
        let item = ItemKey(1);
        let stopped = Event::SpeechStopped { item };
        desk.discretion.hear(&stopped, desk.at(3_000));
        desk.order(&RecordOrder::Pause, 3_500);
        let text = Pii::new("yes".to_owned());
        let words = Event::CallerTranscript { item, text };
        desk.discretion.hear(&words, desk.at(4_000));
        assert!(desk.keeps(Speaker::Caller, (2_000, 4_000)));
        desk.discretion.hear(&stopped, desk.at(4_500));
        desk.discretion.hear(&words, desk.at(5_000));
        assert!(!desk.keeps(Speaker::Caller, (4_100, 5_000)));
    }

    #[test]
    fn i6_what_the_next_agent_hears_late_was_said_in_the_pause() {
        let mut desk = Desk::open();
        desk.report(Report::AgentLost, 1_000);
        desk.order(&RecordOrder::Pause, 2_000);
        desk.order(&RecordOrder::Resume, 5_000);
        let after = Duration::from_secs(9);
        desk.report(Report::AgentBack { after }, 10_000);
        assert!(!desk.keeps(Speaker::Caller, (10_100, 10_300)));
        assert!(desk.keeps(Speaker::Caller, (11_100, 12_300)));
    }

    #[test]
    fn i6_a_pause_ends_when_somebody_says_so() {
        let mut desk = Desk::open();
        desk.order(&RecordOrder::Pause, 1_000);
        desk.order(&RecordOrder::Pause, 2_000);
        assert!(!desk.keeps(Speaker::Caller, (3_000, 4_000)));
        desk.order(&RecordOrder::Stop, 5_000);
        assert!(desk.keeps(Speaker::Caller, (6_500, 7_000)));
        desk.order(&RecordOrder::Pause, 8_000);
        assert!(!desk.keeps(Speaker::Caller, (9_000, 9_500)));
        assert_eq!(desk.discretion.pauses.len(), 2);
    }

    #[test]
    fn i6_what_the_agent_writes_in_a_pause_or_right_after_it_is_not_kept() {
        let mut desk = Desk::open();
        let is_on = |desk: &Desk, ms| desk.discretion.is_on_at(desk.at(ms));
        assert!(!is_on(&desk, 500));
        desk.order(&RecordOrder::Pause, 1_000);
        assert!(is_on(&desk, 1_000) && is_on(&desk, 9_000));
        desk.order(&RecordOrder::Resume, 10_000);
        assert!(is_on(&desk, 10_900) && !is_on(&desk, 11_100));
    }

    #[test]
    fn i6_keys_pressed_in_a_pause_are_counted_and_not_told() {
        let mut desk = Desk::open();
        assert_eq!(desk.keys(&[100, 200], 2_200), "44");
        desk.order(&RecordOrder::Pause, 5_000);
        assert_eq!(desk.keys(&[6_000, 7_000], 9_000), "••");
        // An entry that goes on when the pause is over is still the same.
        desk.discretion.hear(&Event::Digit('4'), desk.at(9_500));
        desk.order(&RecordOrder::Resume, 10_000);
        assert_eq!(desk.keys(&[10_500, 11_500], 13_500), "••");
        assert_eq!(desk.keys(&[15_000], 17_000), "4");
    }
}

//! What was said, in the order of the conversation, cut where it was heard.
//!
//! The caller's words are written down late, often after the answer to them
//! has begun. Items therefore take their place when they are added to the
//! conversation, not when their words arrive.

use std::time::{Duration, Instant};

use super::ItemKey;
use crate::domain::{Pii, Speaker, Utterance};

/// The most text kept of one call, in bytes.
const MAX_TEXT: usize = 512 * 1024;
/// The most items kept of one call.
const MAX_ITEMS: usize = 4_096;
/// Nobody speaks faster than this: time for one letter.
const PER_LETTER: Duration = Duration::from_millis(35);

/// One item and what is known of it.
#[derive(Debug)]
struct Entry {
    item: ItemKey,
    speaker: Speaker,
    text: String,
    started: Duration,
    is_interrupted: bool,
    is_final: bool,
}

/// The transcript of a call as it grows.
#[derive(Debug)]
pub(super) struct Transcript {
    began: Instant,
    entries: Vec<Entry>,
    size: usize,
}

impl Transcript {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            began: now,
            entries: Vec::new(),
            size: 0,
        }
    }

    /// The stream started: turns count their time from here.
    pub(super) fn begin(&mut self, now: Instant) {
        self.began = now;
    }

    /// How long after the stream's start it is by then.
    pub(super) fn time(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.began)
    }

    /// An item takes its place behind `previous`; unknown items go last.
    pub(super) fn place(
        &mut self,
        item: ItemKey,
        previous: Option<ItemKey>,
        speaker: Speaker,
        now: Instant,
    ) {
        let known = self.entries.iter().position(|entry| entry.item == item);
        let after = previous.filter(|previous| *previous != item);
        let after = after.and_then(|previous| self.position(previous));
        match (known, after) {
            (None, after) => {
                let at = after.map_or(self.entries.len(), |after| self.behind(after));
                self.insert(at, item, speaker, now);
            }
            (Some(old), Some(after)) if old != after + 1 => {
                let entry = self.entries.remove(old);
                let at = if old < after { after } else { after + 1 };
                self.entries.insert(at, entry);
            }
            (Some(_), _) => {}
        }
    }

    /// The place behind an entry, and behind what we said since of our own.
    fn behind(&self, at: usize) -> usize {
        let rest = self.entries.get(at + 1..).unwrap_or_default();
        at + 1 + rest.iter().take_while(|entry| entry.item.is_own()).count()
    }

    /// The moment from which on the item could be heard.
    pub(super) fn sounds(&mut self, item: ItemKey, speaker: Speaker, now: Instant) {
        let started = self.time(now);
        if let Some(entry) = self.entry(item, speaker, now)
            && entry.text.is_empty()
        {
            entry.started = started;
        }
    }

    /// More words of the receptionist.
    pub(super) fn append(&mut self, item: ItemKey, delta: &str, now: Instant) {
        if self.size + delta.len() > MAX_TEXT {
            return;
        }
        if let Some(entry) = self.entry(item, Speaker::Receptionist, now)
            && !entry.is_final
        {
            entry.text.push_str(delta);
            self.size += delta.len();
        }
    }

    /// The caller's words. The utterance, if there were any.
    pub(super) fn caller_said(
        &mut self,
        item: ItemKey,
        text: &str,
        now: Instant,
    ) -> Option<Utterance> {
        let text = text.trim();
        if self.size + text.len() > MAX_TEXT {
            return None;
        }
        self.size += text.len();
        let entry = self.entry(item, Speaker::Caller, now)?;
        text.clone_into(&mut entry.text);
        finish(entry)
    }

    /// The item was heard to its end.
    pub(super) fn heard(&mut self, item: ItemKey) -> Option<Utterance> {
        let at = self.position(item)?;
        finish(&mut self.entries[at])
    }

    /// Of the item only `heard` of the `received` was heard.
    pub(super) fn cut(
        &mut self,
        item: ItemKey,
        heard: Duration,
        received: Duration,
    ) -> Option<Utterance> {
        let at = self.position(item)?;
        let entry = &mut self.entries[at];
        if entry.is_final {
            return None;
        }
        let keep = heard_letters(&entry.text, heard, received);
        entry.text.truncate(keep);
        entry.is_interrupted = true;
        finish(entry)
    }

    /// Everything said, in order.
    pub(super) fn utterances(&self) -> impl Iterator<Item = Utterance> {
        let is_heard = |entry: &&Entry| entry.is_final && !entry.text.trim().is_empty();
        self.entries.iter().filter(is_heard).map(utterance)
    }

    /// All words of caller and agent, also what is still being heard.
    pub(super) fn known(&self) -> impl Iterator<Item = Utterance> {
        let has_words = |entry: &&Entry| !entry.text.trim().is_empty() && !entry.item.is_own();
        self.entries.iter().filter(has_words).map(utterance)
    }

    fn position(&self, item: ItemKey) -> Option<usize> {
        self.entries.iter().rposition(|entry| entry.item == item)
    }

    fn entry(&mut self, item: ItemKey, speaker: Speaker, now: Instant) -> Option<&mut Entry> {
        if self.position(item).is_none() {
            self.insert(self.entries.len(), item, speaker, now);
        }
        let at = self.position(item)?;
        self.entries.get_mut(at)
    }

    fn insert(&mut self, at: usize, item: ItemKey, speaker: Speaker, now: Instant) {
        if self.entries.len() == MAX_ITEMS {
            return;
        }
        let started = self.time(now);
        let entry = Entry {
            item,
            speaker,
            text: String::new(),
            started,
            is_interrupted: false,
            is_final: false,
        };
        self.entries.insert(at.min(self.entries.len()), entry);
    }
}

fn finish(entry: &mut Entry) -> Option<Utterance> {
    let is_news = !entry.is_final && !entry.text.trim().is_empty();
    entry.is_final = true;
    is_news.then(|| utterance(entry))
}

fn utterance(entry: &Entry) -> Utterance {
    Utterance {
        speaker: entry.speaker,
        text: Pii::new(entry.text.trim().to_owned()),
        started: entry.started,
        interrupted: entry.is_interrupted,
    }
}

/// How many bytes of `text` were heard: its share of the audio, whole words
/// only, and never more than anyone can say in that time.
fn heard_letters(text: &str, heard: Duration, received: Duration) -> usize {
    if heard.is_zero() {
        return 0;
    }
    let letters = text.chars().count() as u128;
    let share = letters * heard.as_millis() / received.as_millis().max(1);
    let fastest = heard.as_millis() / PER_LETTER.as_millis();
    let keep = usize::try_from(share.min(fastest).min(letters)).unwrap_or_default();
    if keep as u128 == letters {
        return text.len();
    }
    let end = text
        .char_indices()
        .nth(keep)
        .map_or(text.len(), |(at, _)| at);
    let ends_word = |(_, letter): &(usize, char)| letter.is_whitespace() || is_unspaced(*letter);
    let last = text[..end].char_indices().rev().find(ends_word);
    last.map_or(0, |(at, letter)| at + letter.len_utf8())
}

/// Whether the letter is of a script that writes no spaces between words:
/// Thai, Lao, Burmese, Khmer, and from the radicals on Chinese and Japanese.
fn is_unspaced(letter: char) -> bool {
    matches!(letter, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
        || matches!(letter, '\u{2e80}'..='\u{a4cf}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..)
}
